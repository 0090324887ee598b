"""Segments while they happen: open when a label holds, closed when it ends.

The idea of ``runs.recognised.segments`` on line: a stretch that is too short goes to its neighbour.
A window that grows from the beginning of a movement speaks of all of it, and knows more with every
frame. So as long as windows reach back to where the segment began, another label is a better guess
of the same action; where they slid on by ``LEAST_S`` it is the next action, and the segment ends.
Nothing known for so long ends it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from harstudio.recordings.streams import SECOND_NS

HOLDS_S = 0.2  # a label must hold so long to open a segment, or to change it
LEAST_S = 0.8
NOTHING = -1


@dataclass(frozen=True, slots=True)
class LiveSegment:
    """label: index of the class. confidence: the mean of what was told while it was that."""

    start_ns: int
    end_ns: int
    label: int
    confidence: float
    open: bool


class Segments:
    """Fed with what is told, window by window; gives what changed."""

    def __init__(self) -> None:
        self._open: LiveSegment | None = None
        self._sum, self._count = 0.0, 0
        self._next: int | None = None  # the label that may come next
        self._next_ns = 0
        self._ended_ns: int | None = None  # the last one; the next one does not begin before

    def tell(
        self, time_ns: int, start_ns: int, label: int, confidence: float
    ) -> Iterator[LiveSegment]:
        """What is told of a window ``[start_ns, time_ns]``: segments that opened, changed their
        label or closed."""
        now = self._open
        if now is not None:
            told = label == now.label
            self._sum, self._count = self._sum + confidence * told, self._count + told
            self._open = replace(now, end_ns=time_ns, confidence=self._sum / self._count)
        if label == (NOTHING if now is None else now.label):
            self._next = None
            return
        if label != self._next:
            self._next, self._next_ns = label, time_ns
        holds_s = LEAST_S if label == NOTHING else HOLDS_S
        if time_ns - self._next_ns < holds_s * SECOND_NS:
            return
        first = start_ns if self._ended_ns is None else max(start_ns, self._ended_ns)
        begins = first if now is None else now.start_ns
        if now is not None and (label == NOTHING or start_ns - begins >= LEAST_S * SECOND_NS):
            begins = self._next_ns
            yield from self.end(begins)
        self._next = None
        if label != NOTHING:
            self._sum, self._count = confidence, 1
            self._open = LiveSegment(begins, time_ns, label, confidence, open=True)
            yield self._open

    def end(self, end_ns: int) -> Iterator[LiveSegment]:
        """The movement is over since ``end_ns``."""
        now, self._open, self._next = self._open, None, None
        if now is not None:
            self._ended_ns = max(end_ns, now.start_ns + 1)
            yield replace(now, end_ns=self._ended_ns, open=False)
