"""Segments: stretches that windows say to be one action, trimmed without asking the network."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import UsageError
from harstudio.results import Recognition, Segment, Window
from harstudio.runs.recognised.scores import cells, scores_at, smoothed

SECOND_NS = 1_000_000_000
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Trimming:
    """How scores become segments.

    smooth_s: the scores are averaged over so long a time, 0 = as they are. confidence: where no
    class scores as much, nothing is said. least_s: shorter stretches go to a neighbour, None =
    half the shortest window.
    """

    smooth_s: float = 0.0
    confidence: float = 0.0
    least_s: float | None = None

    def __post_init__(self) -> None:
        for name, seconds in (("smoothing", self.smooth_s), ("shortest", self.least_s or 0.0)):
            if not 0 <= seconds <= 1e6:
                raise UsageError(
                    f"The {name} lasts {seconds:g} s.", remedy="Use 0 seconds or more."
                )
        if not 0 <= self.confidence <= 1:
            raise UsageError(f"The least confidence is {self.confidence:g}.", remedy="Use 0 to 1.")

    @classmethod
    def of(cls, recognition: Recognition) -> Trimming:
        """How the segments of a recognition were made, as ``asked`` tells; the default where it
        tells nothing that can be."""
        told = recognition.asked.get("trimming")
        try:
            return cls(**told) if isinstance(told, Mapping) else cls()
        except (TypeError, UsageError):
            return cls()


def trimmed(recognition: Recognition, trimming: Trimming) -> Recognition:
    """The same windows with segments made anew; itself where they were made so."""
    if Trimming.of(recognition) == trimming:
        return recognition
    return replace(
        recognition,
        segments=tuple(find_segments(recognition.windows, trimming)),
        asked={**recognition.asked, "trimming": asdict(trimming)},
    )


def find_segments(
    windows: Sequence[Window],
    trimming: Trimming = Trimming(),
) -> list[Segment]:
    """Stretches where one class scores best: person by person, each in order, without overlap.

    The scores of ``scores_at``, smoothed, are looked at in ``cells``. "Nothing" is one more class
    that scores ``trimming.confidence`` everywhere. A stretch that is too short goes to that
    neighbour whose class scores better in it, the shortest first; one without neighbours stays.
    Stretches of nothing are left out, and those that score less than it on the whole. The
    confidence is the mean score of the class within the segment. What no window covers belongs to
    no segment.
    """
    return [
        segment
        for person in dict.fromkeys(window.person for window in windows)
        for segment in _of_one([w for w in windows if w.person == person], trimming)
    ]


def _of_one(windows: Sequence[Window], trimming: Trimming) -> Iterator[Segment]:
    """The segments of one person."""
    shortest = min(window.end_ns - window.start_ns for window in windows)
    least = shortest // 2 if trimming.least_s is None else round(trimming.least_s * SECOND_NS)
    edges = cells(windows)
    scores = scores_at(windows, (edges[:-1] + edges[1:]) // 2)
    scores = smoothed(scores, edges, round(trimming.smooth_s * SECOND_NS))
    covered = ~np.isnan(scores[:, 0])
    nothing = scores.shape[1]
    scores = np.column_stack([scores, np.where(covered, trimming.confidence, np.nan)])
    labels = np.where(covered, np.argmax(np.nan_to_num(scores, nan=-1.0), axis=1), NOBODY)
    for a, b, label in _absorb(_runs(labels), edges, scores, least):
        if label not in (NOBODY, nothing):
            sure = float(np.mean(scores[a:b, label]))
            if sure < trimming.confidence:  # of doubts that were bridged there were too many
                continue
            yield Segment(int(edges[a]), int(edges[b]), label, sure, windows[0].person)


Run = tuple[int, int, int]  # first cell, cell after the last, label


def _runs(labels: NDArray[np.int64]) -> list[Run]:
    """Stretches of equal labels."""
    turns = np.flatnonzero(np.diff(labels)) + 1
    firsts = [0, *turns.tolist()]
    lasts = [*turns.tolist(), labels.size]
    return [(a, b, int(labels[a])) for a, b in zip(firsts, lasts, strict=True)]


def _absorb(
    runs: list[Run], edges: NDArray[np.int64], scores: NDArray[np.float32], least: int
) -> list[Run]:
    """Give every run that is too short to the neighbour that scores better in it."""
    alive: dict[int, Run] = {run[0]: run for run in runs}  # by first cell
    ending = {run[1]: run[0] for run in runs}  # first cell by the cell after the last
    sums = np.concatenate([np.zeros((1, scores.shape[1])), np.cumsum(np.nan_to_num(scores), 0)])

    def length(run: Run) -> int:
        return int(edges[run[1]] - edges[run[0]])

    def beside(run: Run) -> list[Run]:
        both = (alive.get(ending.get(run[0], NOBODY)), alive.get(run[1]))
        return [one for one in both if one is not None and one[2] != NOBODY]

    def join(left: Run, right: Run, label: int) -> Run:
        del alive[right[0]], ending[left[1]]
        joined = alive[left[0]] = (left[0], right[1], label)
        ending[right[1]] = left[0]
        return joined

    short = [(length(run), run) for run in runs if run[2] != NOBODY and length(run) < least]
    heapq.heapify(short)
    while short:
        _, run = heapq.heappop(short)
        if alive.get(run[0]) != run or not beside(run):
            continue
        inside = sums[run[1]] - sums[run[0]]
        heir = max(beside(run), key=lambda one: float(inside[one[2]]))
        label = heir[2]
        run = alive[run[0]] = (run[0], run[1], label)
        for one in beside(run):
            if one[2] == label:
                run = join(min(one, run), max(one, run), label)
        if length(run) < least:
            heapq.heappush(short, (length(run), run))
    return [alive[first] for first in sorted(alive)]
