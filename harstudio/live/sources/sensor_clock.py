"""A sensor's own clock, told on ours."""

from __future__ import annotations

from collections import deque

WINDOW_NS = 10_000_000_000
JUMP_NS = 2_000_000_000  # a frame is never so late; the sensor's clock was set


class SensorClock:
    """Maps times of a sensor's counter to ``time.monotonic_ns``.

    A frame reaches us some time after the sensor stamped it, sometimes late, never early. The
    smallest (arrival - stamp) of the last ten seconds is therefore the difference of the clocks
    and the shortest way here; clocks that drift apart are followed. A stamp that goes back, or one
    that is two seconds from its arrival, is a clock that was set: the difference is found anew.
    """

    def __init__(self) -> None:
        self._smallest: deque[tuple[int, int]] = deque()  # (arrival, difference), both rising
        self._stamps: dict[str, int] = {}
        self._told: dict[str, int] = {}

    def ours(self, stream: str, stamp_ns: int, arrived_ns: int) -> int:
        """Our time of a frame; of one stream it always rises and is never after the arrival."""
        offset = arrived_ns - stamp_ns
        kept = self._smallest
        went_back = stamp_ns < self._stamps.get(stream, stamp_ns)
        if kept and (went_back or abs(offset - kept[0][1]) > JUMP_NS):
            kept.clear()
            self._stamps.clear()
        while kept and kept[-1][1] >= offset:
            kept.pop()
        kept.append((arrived_ns, offset))
        while kept[0][0] < arrived_ns - WINDOW_NS:
            kept.popleft()
        self._stamps[stream] = stamp_ns
        told = max(stamp_ns + kept[0][1], self._told.get(stream, -1) + 1)
        self._told[stream] = told
        return told
