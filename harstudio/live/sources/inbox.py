"""Where a source's reading thread leaves frames for the one that takes them: the newest few."""

from __future__ import annotations

import threading
from collections import Counter, deque

from harstudio.errors import HarstudioError
from harstudio.live.sources.source import Captured


class Inbox:
    """Holds ``room`` frames of all streams; older ones are dropped and counted."""

    def __init__(self, room: int = 2) -> None:
        self.dropped: Counter[str] = Counter()
        self._room = room
        self._frames: deque[Captured] = deque()
        self._error: HarstudioError | None = None
        self._news = threading.Condition()

    def put(self, frame: Captured) -> None:
        with self._news:
            self._frames.append(frame)
            while len(self._frames) > self._room:
                self.dropped[self._frames.popleft().stream] += 1
            self._news.notify()

    def fail(self, error: HarstudioError) -> None:
        """Raised by ``take`` when all frames are taken."""
        with self._news:
            self._error = error
            self._news.notify()

    def take(self, timeout_s: float) -> list[Captured]:
        """All that is there, oldest first; waits for the first frame."""
        with self._news:
            self._news.wait_for(lambda: self._frames or self._error is not None, timeout_s)
            taken = list(self._frames)
            self._frames.clear()
            if not taken and self._error is not None:
                raise self._error
            return taken
