"""Windows over a recording, and what they say together: its label and its segments."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import UsageError
from harstudio.results import Segment, Window
from harstudio.runs.scores import scores_at

SECOND_NS = 1_000_000_000
WHOLE_UP_TO = 2  # usual clips: a recording that is no longer is one window
STRIDES_A_WINDOW = 4
CELLS_A_STRIDE = 8
MAX_WINDOWS = 100_000
MAX_CELLS = 1_000_000
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Sliding:
    """How a recording is cut into windows.

    window_s: length, None = as long as the run's usual clip, and the whole recording where that
    lasts at most twice as long. stride_s: from window to window, None = a quarter of the length.
    """

    window_s: float | None = None
    stride_s: float | None = None

    def __post_init__(self) -> None:
        for name, seconds in (("window", self.window_s), ("stride", self.stride_s)):
            if seconds is not None and not 1e-3 <= seconds <= 1e6:
                raise UsageError(
                    f"The {name} lasts {seconds:g} s.", remedy="Use at least 0.001 seconds."
                )

    def over(self, start_ns: int, end_ns: int, usual_s: float) -> tuple[tuple[int, int], ...]:
        """The windows ``[start, end)`` over ``[start_ns, end_ns)``, in order.

        They begin at ``start_ns``, one stride after the other; where they do not come out even one
        more ends at ``end_ns``, so that nothing is left out. UsageError where there would be more
        than 100,000.
        """
        span = end_ns - start_ns
        if span <= 0:
            return ()
        window = round((usual_s if self.window_s is None else self.window_s) * SECOND_NS)
        if span <= (window * WHOLE_UP_TO if self.window_s is None else window):
            return ((start_ns, end_ns),)
        stride = window // STRIDES_A_WINDOW
        if self.stride_s is not None:
            stride = round(self.stride_s * SECOND_NS)
        stride = max(1, stride)
        if (span - window) // stride > MAX_WINDOWS:
            raise UsageError(
                f"The recording would have more than {MAX_WINDOWS} windows.",
                remedy="Use a longer stride.",
            )
        starts = list(range(start_ns, end_ns - window + 1, stride))
        if starts[-1] + window < end_ns:
            starts.append(end_ns - window)
        return tuple((start, start + window) for start in starts)


def whole(windows: Sequence[Window]) -> tuple[int, float]:
    """Label and confidence of the recording: of the mean of all windows' probabilities."""
    mean = np.mean([window.probabilities for window in windows], axis=0)
    label = int(np.argmax(mean))
    return label, float(mean[label])


def find_segments(windows: Sequence[Window], min_length_ns: int | None = None) -> list[Segment]:
    """Stretches where one class scores best, in order, without overlap.

    The scores of ``scores_at`` are looked at on a grid of an eighth of a stride. A stretch shorter
    than ``min_length_ns`` (None = half the shortest window) goes to that neighbour whose class
    scores better in it, the shortest first; one without neighbours stays. The confidence is the
    mean score of the class within the segment. What no window covers belongs to no segment.
    """
    if not windows:
        return []
    shortest = min(window.end_ns - window.start_ns for window in windows)
    least = shortest // 2 if min_length_ns is None else min_length_ns
    edges = _grid(windows)
    scores = scores_at(windows, (edges[:-1] + edges[1:]) // 2)
    covered = ~np.isnan(scores[:, 0])
    labels = np.where(covered, np.argmax(np.nan_to_num(scores, nan=-1.0), axis=1), NOBODY)
    runs = _absorb(_runs(labels), edges, scores, least)
    return [
        Segment(int(edges[a]), int(edges[b]), label, float(np.mean(scores[a:b, label])))
        for a, b, label in runs
        if label != NOBODY
    ]


def _grid(windows: Sequence[Window]) -> NDArray[np.int64]:
    """Edges of the cells, (n + 1,) int64; edges of the covered stretches are among them."""
    starts = np.unique([window.start_ns for window in windows])
    ends = [window.end_ns for window in windows]
    shortest = min(window.end_ns - window.start_ns for window in windows)
    stride = int(np.median(np.diff(starts))) if starts.size > 1 else shortest
    step = max(1, min(stride, shortest) // CELLS_A_STRIDE, (max(ends) - starts[0]) // MAX_CELLS)
    even = np.arange(starts[0], max(ends) + 1, step, dtype=np.int64)
    return np.unique(np.concatenate([even, _covered_edges(windows)]))


def _covered_edges(windows: Sequence[Window]) -> NDArray[np.int64]:
    """Where coverage begins and ends."""
    edges: list[int] = []
    until = None
    for window in sorted(windows, key=lambda one: one.start_ns):
        if until is None or window.start_ns > until:
            edges += [window.start_ns] if until is None else [until, window.start_ns]
            until = window.end_ns
        until = max(until, window.end_ns)
    return np.array([*edges, until], dtype=np.int64)


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
