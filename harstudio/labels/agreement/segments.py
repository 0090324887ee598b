"""Agreement about clips as wholes: which of two annotators' clips are the same, and their edges.

Two clips match when they are about one person, have one label and overlap enough: their
intersection over their union (IoU) reaches a threshold. Pairs are taken by falling IoU, and a
clip is matched once. The segmental F1 is the one of C. Lea et al., Temporal convolutional
networks for action segmentation and detection, CVPR 2017, where each clip of the
one side goes to its best partner of the other; taking pairs by falling IoU instead gives the
same figure whichever annotator stands for the truth, and never a smaller one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

import numpy as np

from harstudio.labels.model import Clip

IOUS = (0.1, 0.25, 0.5)
POINT_TOLERANCE_NS = 250_000_000


@dataclass(frozen=True, slots=True)
class Score:
    """How many clips two annotators have, and how many are the same."""

    matched: int = 0
    first: int = 0
    second: int = 0

    @property
    def f1(self) -> float | None:
        """2 matched / (first + second), in [0, 1]; None when neither has a clip."""
        both = self.first + self.second
        return 2 * self.matched / both if both else None

    def __add__(self, other: Score) -> Score:
        return Score(
            self.matched + other.matched, self.first + other.first, self.second + other.second
        )


@dataclass(frozen=True, slots=True)
class Boundaries:
    """How far apart the edges of matched clips are, starts and ends together.

    edges: how many. median_ms, p95_ms: of the absolute differences (95 of 100 edges are no
    farther apart, between neighbours linearly); None without edges.
    """

    edges: int
    median_ms: float | None
    p95_ms: float | None

    @classmethod
    def of(cls, differences_ns: Sequence[int]) -> Boundaries:
        """From absolute differences in ns."""
        if not differences_ns:
            return cls(0, None, None)
        median, p95 = np.percentile(np.abs(differences_ns), (50, 95)) / 1e6
        return cls(len(differences_ns), float(median), float(p95))


@dataclass(frozen=True, slots=True)
class Match:
    """Two clips that are the same one, said by two annotators."""

    first: Clip
    second: Clip
    iou: float

    @property
    def differences_ns(self) -> tuple[int, int]:
        """How far apart their starts and their ends are."""
        return (
            abs(self.first.start_ns - self.second.start_ns),
            abs(self.first.end_ns - self.second.end_ns),
        )


class Span(Protocol):
    """Whatever lasts from one moment to another."""

    @property
    def start_ns(self) -> int: ...
    @property
    def end_ns(self) -> int: ...


def overlap(first: Span, second: Span) -> float:
    """Intersection over union of two times, in [0, 1]."""
    common = min(first.end_ns, second.end_ns) - max(first.start_ns, second.start_ns)
    whole = max(first.end_ns, second.end_ns) - min(first.start_ns, second.start_ns)
    return max(common, 0) / whole if common > 0 else 0.0


def match_clips(
    first: Sequence[Clip], second: Sequence[Clip], least: float = IOUS[0]
) -> list[Match]:
    """Clips of one person that match at an IoU of ``least``, by falling IoU.

    Those that match at a higher threshold are the first of them.
    """
    found = []
    for ones, others in _by_label(first, second):
        for one, other in _overlapping(ones, others):
            iou = overlap(one, other)
            if iou >= least:
                found.append(Match(one, other, iou))
    found.sort(key=lambda match: (-match.iou, *_times(match)))
    return _each_once(found)


def match_points(
    first: Sequence[Clip], second: Sequence[Clip], tolerance_ns: int = POINT_TOLERANCE_NS
) -> list[Match]:
    """Point events of one person that are the same: one label, no farther apart; nearest first."""
    found = []
    for ones, others in _by_label(first, second):
        starts = [other.start_ns for other in others]
        for one in ones:
            left = bisect_left(starts, one.start_ns - tolerance_ns)
            right = bisect_right(starts, one.start_ns + tolerance_ns)
            found += [Match(one, other, 1.0) for other in others[left:right]]
    found.sort(key=lambda match: (match.differences_ns[0], *_times(match)))
    return _each_once(found)


def _each_once(candidates: Iterable[Match]) -> list[Match]:
    taken: set[tuple[bool, str]] = set()
    kept = []
    for match in candidates:
        pair = {(False, match.first.id), (True, match.second.id)}
        if not pair & taken:
            taken |= pair
            kept.append(match)
    return kept


def _times(match: Match) -> tuple[int, int]:
    """For an order that does not depend on who is first."""
    one, other = match.first, match.second
    return one.start_ns + other.start_ns, one.end_ns + other.end_ns


def _by_label(
    first: Sequence[Clip], second: Sequence[Clip]
) -> Iterator[tuple[list[Clip], list[Clip]]]:
    """Clips of both with the same label, sorted by start."""
    labels: dict[str, tuple[list[Clip], list[Clip]]] = {}
    for side, clips in enumerate((first, second)):
        for clip in sorted(clips, key=lambda clip: clip.start_ns):
            labels.setdefault(clip.label, ([], []))[side].append(clip)
    return iter(labels.values())


def _overlapping(ones: list[Clip], others: list[Clip]) -> Iterator[tuple[Clip, Clip]]:
    """Pairs with time in common; both lists are sorted by start."""
    starts = [other.start_ns for other in others]
    last_ends = list(accumulate((other.end_ns for other in others), max))
    for one in ones:
        left = bisect_right(last_ends, one.start_ns)
        right = bisect_left(starts, one.end_ns)
        for other in others[left:right]:
            if other.end_ns > one.start_ns:
                yield one, other
