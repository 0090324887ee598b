"""Agreement beyond chance, from counts alone.

Every formula counts in whole numbers and divides at the end. None is said where the figure is
not defined: nothing was counted, or chance alone explains everything because one category is
said throughout.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


def cohen_kappa(confusion: Counts) -> float | None:
    """Kappa of two annotators.

    confusion: (K, K), frames by the category that the first says (row) and the second (column).
    kappa = (p_o - p_e) / (1 - p_e), J. Cohen, A coefficient of agreement for nominal scales,
    Educational and Psychological Measurement 20(1), 1960.
    """
    total = int(confusion.sum())
    agreed = int(np.trace(confusion))
    first, second = confusion.sum(1).tolist(), confusion.sum(0).tolist()
    chance = sum(row * column for row, column in zip(first, second, strict=True))
    if total * total == chance:
        return None
    return float((total * agreed - chance) / (total * total - chance))


def fleiss_kappa(counts: Counts, frames: Counts) -> float | None:
    """Kappa of any number of annotators who all judged every frame.

    counts: (N, K), how many annotators said category k, each row of the same sum n >= 2.
    frames: (N,), how many frames are like that row.
    J. L. Fleiss, Measuring nominal scale agreement among many raters, Psychological Bulletin
    76(5), 1971. ValueError when rows differ in their sum.
    """
    raters = set(counts.sum(1).tolist())
    if not raters:
        return None
    if len(raters) > 1 or min(raters) < 2:
        raise ValueError("every frame needs the same number of annotators, two at least")
    n, total = raters.pop(), int(frames.sum())
    pairs = _weighted((counts * (counts - 1)).sum(1), frames)  # ordered pairs that agree
    said = [_weighted(column, frames) for column in counts.T]
    # P = pairs / (total n (n - 1)), P_e = sum(said^2) / (total n)^2
    everything, chance = (total * n) ** 2, sum(one * one for one in said)
    if everything == chance:
        return None
    agreed = pairs * total * n  # P on the scale of everything, times n - 1
    return float((agreed - (n - 1) * chance) / ((n - 1) * (everything - chance)))


def krippendorff_alpha(counts: Counts, frames: Counts) -> float | None:
    """Alpha for nominal data; annotators may be missing.

    counts: (N, K), how many annotators said category k; rows with one opinion or none say
    nothing about agreement and are left out. frames: (N,), how many frames are like that row.
    alpha = 1 - D_o / D_e, K. Krippendorff, Computing Krippendorff's alpha-reliability, 2011,
    section C (nominal data, any number of observers, missing data).
    """
    sums = counts.sum(1)
    counts, frames, sums = counts[sums > 1], frames[sums > 1], sums[sums > 1]
    differing = 0.0  # sum over c != k of the coincidences o_ck
    for m in np.unique(sums).tolist():
        rows = counts[sums == m]
        unequal = m * m - (rows * rows).sum(1)
        differing += _weighted(unequal, frames[sums == m]) / (m - 1)
    said = [_weighted(column, frames) for column in counts.T]
    n = sum(said)
    expected = n * n - sum(one * one for one in said)
    if expected == 0:
        return None
    return 1 - (n - 1) * differing / expected


def _weighted(values: Counts, frames: Counts) -> int:
    """The sum of values times frames, without overflow."""
    pairs = zip(values.tolist(), frames.tolist(), strict=True)
    return int(sum(value * times for value, times in pairs))
