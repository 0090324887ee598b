"""What the windows of a recognition say at a moment: the curve that a timeline draws.

All windows here are about one person.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harstudio.results import Window

EDGE_WEIGHT = 0.1
CELLS_A_STRIDE = 8
MAX_CELLS = 1_000_000


def scores_at(windows: Sequence[Window], times_ns: NDArray[np.int64]) -> NDArray[np.float32]:
    """(t, K) float32: the probabilities at each time, rows sum to 1, NaN where no window lies.

    The weighted mean of all windows ``[start_ns, end_ns)`` that cover the time. A window weighs 1
    in its middle and falls in a straight line to 0.1 at its edges, because a network that saw an
    action whole knows more about it than one that saw its end. Times may come in any order.
    """
    times = np.asarray(times_ns, dtype=np.int64)
    classes = windows[0].probabilities.size if windows else 0
    order = np.argsort(times, kind="stable")
    rising = times[order]
    sums = np.zeros((times.size, classes))
    weights = np.zeros(times.size)
    for window in windows:
        first, last = np.searchsorted(rising, (window.start_ns, window.end_ns))
        length = max(1, window.end_ns - window.start_ns)
        off_middle = np.abs(2 * (rising[first:last] - window.start_ns) - length) / length
        weight = 1 - (1 - EDGE_WEIGHT) * off_middle
        sums[first:last] += weight[:, None] * window.probabilities
        weights[first:last] += weight
    out = np.full((times.size, classes), np.nan, dtype=np.float32)
    seen = weights > 0
    out[order[seen]] = sums[seen] / weights[seen, None]
    return out


def cells(windows: Sequence[Window]) -> NDArray[np.int64]:
    """Edges of the cells in which segments are looked for, (n + 1,) int64 in order: an eighth of
    the stride of the shortest windows long; where coverage begins and ends there is an edge."""
    first, last = min(w.start_ns for w in windows), max(w.end_ns for w in windows)
    shortest = min(window.end_ns - window.start_ns for window in windows)
    starts = np.unique([w.start_ns for w in windows if w.end_ns - w.start_ns == shortest])
    stride = int(np.median(np.diff(starts))) if starts.size > 1 else shortest
    step = max(1, min(stride, shortest) // CELLS_A_STRIDE, (last - first) // MAX_CELLS)
    even = np.arange(first, last + 1, step, dtype=np.int64)
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


def smoothed(
    scores: NDArray[np.float32], edges: NDArray[np.int64], width_ns: int
) -> NDArray[np.float32]:
    """Scores (n, K) of cells, each averaged over ``width_ns`` around the middle of its cell, as
    far as windows reach there; NaN stays where no window lies. ``edges``: (n + 1,) of the cells.
    """
    if width_ns <= 0:
        return scores
    lengths = np.diff(edges)[:, None].astype(np.float64)
    covered = ~np.isnan(scores[:, :1])
    parts = np.hstack([np.nan_to_num(scores) * lengths, covered * lengths])
    sums = np.vstack([np.zeros((1, parts.shape[1])), np.cumsum(parts, axis=0)])
    middles = (edges[:-1] + edges[1:]) / 2
    within = _sums_at(sums, edges, middles + width_ns / 2)
    within -= _sums_at(sums, edges, middles - width_ns / 2)
    out = np.full(scores.shape, np.nan, dtype=np.float32)
    seen = covered[:, 0]
    out[seen] = within[seen, :-1] / within[seen, -1:]
    return out


def _sums_at(
    sums: NDArray[np.float64], edges: NDArray[np.int64], times: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Running sums (n + 1, k) at the edges, in straight lines between them: (t, k)."""
    times = np.clip(times, edges[0], edges[-1])
    cell = np.clip(np.searchsorted(edges, times, side="right") - 1, 0, len(edges) - 2)
    share = (times - edges[cell]) / (edges[cell + 1] - edges[cell])
    at: NDArray[np.float64] = sums[cell] + share[:, None] * (sums[cell + 1] - sums[cell])
    return at
