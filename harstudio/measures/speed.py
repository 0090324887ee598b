"""How fast joints move, and how smoothly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SPARC_CUT_OFF_HZ = 10.0
SPARC_THRESHOLD = 0.05
SPARC_PADDING = 4  # the spectrum is 2**4 times finer than the movement asks for


def speeds(points: NDArray[np.float64], rate_hz: float) -> NDArray[np.float64]:
    """(T,) metres a second of (T, 3) metres, by central differences."""
    speed: NDArray[np.float64] = np.linalg.norm(np.gradient(points, 1 / rate_hz, axis=0), axis=-1)
    return speed


def path_length(points: NDArray[np.float64]) -> float:
    """Metres that a joint travels."""
    return float(np.linalg.norm(np.diff(points, axis=0), axis=-1).sum())


def sparc(speed: NDArray[np.float64], rate_hz: float) -> float:
    """Smoothness of a (T,) speed profile: spectral arc length; nearer to 0 is smoother.

    Balasubramanian, Melendez-Calderon, Roby-Brami and Burdet 2015, "On the analysis of movement
    smoothness", equations 5 to 7, with their constants: up to 10 Hz, or the last frequency whose
    normalised magnitude is 0.05 at least. A single smooth reach has about -1.4 to -1.6. Joints
    were smoothed at 6 Hz before, so tremor above that is not seen.
    """
    if not np.isfinite(speed).all() or speed.max(initial=0) <= 0:
        return float("nan")
    size = 2 ** (int(np.ceil(np.log2(len(speed)))) + SPARC_PADDING)
    magnitude = np.abs(np.fft.rfft(speed, size))
    frequency = np.fft.rfftfreq(size, 1 / rate_hz)
    magnitude = magnitude / magnitude[0]  # the largest: speed is never negative
    low = frequency <= SPARC_CUT_OFF_HZ
    last = int(np.flatnonzero(low & (magnitude >= SPARC_THRESHOLD))[-1])
    if last == 0:
        return float("nan")
    steps = np.diff(frequency[: last + 1]) / frequency[last]
    return -float(np.hypot(steps, np.diff(magnitude[: last + 1])).sum())
