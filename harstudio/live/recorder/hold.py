"""The last seconds, encoded, in memory only: what "keep the last 30 s" keeps."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from harstudio.live.recorder.items import Item
from harstudio.recordings.streams import SECOND_NS

MOST_BYTES = 512 << 20
GROUP_NS = 2 * SECOND_NS  # more than lies between two key frames


class Hold:
    """Encoded frames of all streams, ``keep_s`` seconds and ``most_bytes`` at most.

    inter: streams whose pictures need those before them, back to a key frame.
    """

    def __init__(self, keep_s: float, inter: Iterable[str], most_bytes: int = MOST_BYTES) -> None:
        self.keep_s = keep_s
        self.bytes = 0
        self._most_bytes = most_bytes
        self._inter = frozenset(inter)
        self._items: deque[Item] = deque()

    @property
    def held_s(self) -> float:
        """Seconds that are held."""
        if not self._items:
            return 0.0
        return max(0, self._items[-1].time_ns - self._items[0].time_ns) / SECOND_NS

    def put(self, item: Item) -> None:
        """The newest frame; what is too old, or too much, goes."""
        self._items.append(item)
        self.bytes += item.size
        oldest_ns = item.time_ns - int(self.keep_s * SECOND_NS) - GROUP_NS
        while self._items[0].time_ns < oldest_ns or self.bytes > self._most_bytes:
            self.bytes -= self._items.popleft().size
            if not self._items:
                return

    def since(self, time_ns: int) -> tuple[int, list[Item]]:
        """(zero, frames): from ``time_ns`` on, or a little earlier where a key frame lies.

        zero: the time of the earliest of them, ``time_ns`` where there are none.
        """
        begin: dict[str, int] = {}
        for item in self._items:
            if item.stream in self._inter and item.key and item.time_ns <= time_ns:
                begin[item.stream] = item.time_ns
        zero_ns = min(begin.values(), default=time_ns)
        items = [item for item in self._items if item.time_ns >= zero_ns]
        return min((item.time_ns for item in items), default=time_ns), items
