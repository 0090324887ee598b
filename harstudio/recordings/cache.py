"""Decoded pictures around the playhead, within one byte budget.

The cache keeps what is nearest to the playhead in time; what lies behind counts as twice as far
as what lies ahead.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.packed import PackedPicture
from harstudio.recordings.streams import PictureStream

BEHIND_WEIGHT = 2

Picture: TypeAlias = PackedPicture | NDArray[Any]


@dataclass(eq=False)
class _Shelf:
    """The cached pictures of one stream and where the playhead stands in it."""

    stream: PictureStream
    held: NDArray[np.bool_]
    frame_bytes: int  # that a picture takes here
    pictures: dict[int, Picture] = field(default_factory=dict)
    unpacked: tuple[int, NDArray[Any]] | None = None  # the one asked for last
    focus: int = 0
    direction: int = 1

    def distance(self, index: int) -> int:
        """Weighted ns from the playhead."""
        times = self.stream.times_ns
        away = (int(times[index]) - int(times[self.focus])) * self.direction
        return away if away >= 0 else -away * BEHIND_WEIGHT

    def farthest(self) -> int:
        """The held frame farthest from the playhead: the first or the last one held."""
        first = int(np.argmax(self.held))
        last = self.held.size - 1 - int(np.argmax(self.held[::-1]))
        return max(first, last, key=self.distance)


class FrameCache:
    """Decoded pictures of all streams within one byte budget; safe to call from any thread."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = max(0, int(budget_bytes))
        self._used_bytes = 0
        self._shelves: dict[PictureStream, _Shelf] = {}
        self._lock = threading.Lock()

    @property
    def budget_bytes(self) -> int:
        """The most bytes that pictures may take."""
        return self._budget_bytes

    @property
    def used_bytes(self) -> int:
        """Bytes that pictures take now."""
        return self._used_bytes

    def get(self, stream: PictureStream, index: int) -> NDArray[Any] | None:
        """The picture if it stands here; never decodes, never waits.

        A packed one is unpacked, and lies ready for the next who asks for the same.
        """
        shelf = self._shelves.get(stream)
        if shelf is None:
            return None
        picture = shelf.pictures.get(index)
        if not isinstance(picture, PackedPicture):
            return picture
        last = shelf.unpacked
        if last is None or last[0] != index:
            last = shelf.unpacked = (index, picture.unpack())
        return last[1]

    def holds(self, stream: PictureStream, index: int) -> bool:
        """Whether the picture stands here."""
        shelf = self._shelves.get(stream)
        return shelf is not None and index in shelf.pictures

    def frame_bytes(self, stream: PictureStream) -> int:
        """Bytes that a picture of the stream takes here, as far as that is known."""
        shelf = self._shelves.get(stream)
        return stream.frame_bytes if shelf is None else shelf.frame_bytes

    def put(self, stream: PictureStream, index: int, picture: Picture) -> bool:
        """Keep a picture, in place of those farther from the playhead; False where it is not.

        The picture at the playhead itself is always kept.
        """
        with self._lock:
            shelf = self._shelf(stream)
            if not 0 <= index < shelf.held.size:
                return False
            self._drop(shelf, index)
            if not self._make_room(shelf, index, picture.nbytes):
                return False
            shelf.pictures[index] = picture
            shelf.frame_bytes = picture.nbytes
            shelf.held[index] = True
            self._used_bytes += picture.nbytes
            return True

    def wants(self, stream: PictureStream, index: int) -> bool:
        """Whether ``put`` would keep this frame and it is not here yet."""
        with self._lock:
            shelf = self._shelf(stream)
            if not 0 <= index < shelf.held.size or shelf.held[index]:
                return False
            if index == shelf.focus or self._used_bytes + shelf.frame_bytes <= self._budget_bytes:
                return True
            return shelf.distance(index) < max(
                (s.distance(s.farthest()) for s in self._shelves.values() if s.pictures), default=0
            )

    def focus(self, stream: PictureStream, index: int, direction: int = 1) -> None:
        """The playhead stands on this frame and moves forward (1) or back (-1)."""
        with self._lock:
            shelf = self._shelf(stream)
            shelf.focus = min(max(index, 0), max(shelf.held.size - 1, 0))
            shelf.direction = 1 if direction >= 0 else -1

    def cached(self, stream: PictureStream) -> NDArray[np.bool_]:
        """(T,) bool: which frames of the stream stand here."""
        shelf = self._shelves.get(stream)
        return np.zeros(len(stream), np.bool_) if shelf is None else shelf.held.copy()

    def clear(self, stream: PictureStream | None = None) -> None:
        """Forget the pictures of one stream, or of all."""
        with self._lock:
            for known in [stream] if stream is not None else list(self._shelves):
                shelf = self._shelves.pop(known, None)
                if shelf is not None:
                    self._used_bytes -= sum(p.nbytes for p in shelf.pictures.values())

    def _shelf(self, stream: PictureStream) -> _Shelf:
        shelf = self._shelves.get(stream)
        if shelf is None:
            shelf = _Shelf(stream, np.zeros(len(stream), dtype=np.bool_), stream.frame_bytes)
            self._shelves[stream] = shelf
        return shelf

    def _drop(self, shelf: _Shelf, index: int) -> None:
        gone = shelf.pictures.pop(index, None)
        if gone is not None:
            if shelf.unpacked is not None and shelf.unpacked[0] == index:
                shelf.unpacked = None
            shelf.held[index] = False
            self._used_bytes -= gone.nbytes

    def _make_room(self, shelf: _Shelf, index: int, size: int) -> bool:
        """Throw out what is farther away than this frame; False where that is not enough."""
        distance = shelf.distance(index)
        while self._used_bytes + size > self._budget_bytes:
            full = [s for s in self._shelves.values() if s.pictures]
            if not full:
                return index == shelf.focus
            worst = max(full, key=lambda s: s.distance(s.farthest()))
            victim = worst.farthest()
            if worst.distance(victim) <= distance:
                return index == shelf.focus
            self._drop(worst, victim)
        return True
