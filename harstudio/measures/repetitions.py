"""How often a movement is repeated: excursions of one joint angle away from rest and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMALLEST_DEG = 20.0  # angles that change less do not tell repetitions from noise
KNEE_DEG = 25.0
PROMINENCE = 0.5  # of the range: how far it must come back between two repetitions
SHORTEST_S = 0.25


@dataclass(frozen=True, slots=True)
class Repetitions:
    """angle: which one they were counted on, "" where nothing moves enough. times_s: of the
    turning point of each, from the clip's start."""

    angle: str
    times_s: tuple[float, ...] = ()

    @property
    def count(self) -> int:
        return len(self.times_s)

    @property
    def period_s(self) -> float | None:
        """Mean time from one to the next; None below two."""
        if self.count < 2:
            return None
        return (self.times_s[-1] - self.times_s[0]) / (self.count - 1)


def count_repetitions(
    angles: Mapping[str, NDArray[np.float64]],
    rate_hz: float,
    times_s: NDArray[np.float64],
    count_on: str = "",
) -> Repetitions:
    """Repetitions on one angle: ``count_on``, or the one that ``telling`` chooses.

    Rest is where the angle is at the clip's two ends; a repetition is a turning point away from
    rest that stands out by half of the range, a quarter of a second apart at least. Of steps
    those of one leg are counted, that is strides.
    """
    name = count_on or telling(angles)
    if not name or not np.isfinite(angles[name]).all() or spread(angles[name]) < SMALLEST_DEG:
        return Repetitions("")
    return Repetitions(name, tuple(float(times_s[k]) for k in turns(angles[name], rate_hz)))


def telling(angles: Mapping[str, NDArray[np.float64]]) -> str:
    """The angle that tells repetitions: the knee that bends more, if that is by 25 degrees (arms
    go along with most movements of the legs, and less cleanly), else the largest range."""
    ranges = {name: spread(a) for name, a in angles.items() if np.isfinite(a).all()}
    knees = {n: r for n, r in ranges.items() if n.endswith("knee flexion") and r >= KNEE_DEG}
    among = knees or ranges
    return max(among, key=lambda n: among[n], default="")


def spread(angle: NDArray[np.float64]) -> float:
    """The range without the outermost 2.5 % at either end, degrees."""
    low, high = np.percentile(angle, [2.5, 97.5])
    return float(high - low)


def turns(angle: NDArray[np.float64], rate_hz: float) -> list[int]:
    """Indices of the turning points away from rest."""
    from scipy.signal import find_peaks

    edge = max(1, round(0.1 * rate_hz))
    rest = np.median(np.concatenate([angle[:edge], angle[-edge:]]))
    low, high = np.percentile(angle, [2.5, 97.5])
    signal = angle if rest <= (low + high) / 2 else -angle
    least = signal.min()
    padded = np.concatenate([[least], signal, [least]])  # one at the very end counts too
    peaks, _ = find_peaks(
        padded, prominence=PROMINENCE * (high - low), distance=max(1, round(SHORTEST_S * rate_hz))
    )
    return [int(peak) - 1 for peak in peaks]
