"""What the windows of a recognition say at a moment: the curve that a timeline draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harstudio.results import Window

EDGE_WEIGHT = 0.1


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
