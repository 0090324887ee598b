"""What waits to be written: in order, and no more than the memory that it may have."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from harstudio.live.recorder.items import Item, Mark

MOST_BYTES = 256 << 20
Order = Callable[[], None]


class Inbox:
    """Frames, marks and orders from any thread, taken by one."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._queue: queue.SimpleQueue[Item | Mark | Order] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._bytes = 0
        self._most_bytes = most_bytes

    def put(self, item: Item | Mark) -> bool:
        """False where the disk is so far behind that there is no room; it is not taken then."""
        if isinstance(item, Item):
            with self._lock:
                if self._bytes + item.size > self._most_bytes:
                    return False
                self._bytes += item.size
        self._queue.put(item)
        return True

    def order(self, order: Order) -> None:
        """Something to do once what is before it is done."""
        self._queue.put(order)

    def get(self, timeout_s: float) -> Item | Mark | Order | None:
        """The next one; None where none came."""
        try:
            got = self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(got, Item):
            with self._lock:
                self._bytes -= got.size
        return got
