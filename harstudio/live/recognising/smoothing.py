"""What is told of several answers: restricted to chosen classes, averaged over a short while."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.streams import SECOND_NS

TIME_CONSTANT_S = 0.15


class Smoothing:
    """An exponential average of probabilities over time, of the chosen classes alone."""

    def __init__(self, classes: int, time_constant_s: float = TIME_CONSTANT_S) -> None:
        self._time_constant_s = time_constant_s
        self._chosen = np.ones(classes, dtype=np.bool_)
        self._mean: NDArray[np.float64] | None = None
        self._last_ns = 0

    def choose(self, labels: Sequence[int]) -> None:
        """Only these classes are told from now on; none = all."""
        self._chosen[:] = not labels
        self._chosen[list(labels)] = True
        self.forget()

    def forget(self) -> None:
        """What comes next has nothing to do with what was."""
        self._mean = None

    def add(self, time_ns: int, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """(K,) the mean with this answer in it; 0 for classes that are not chosen, sum 1."""
        chosen = restricted(probabilities, self._chosen)
        if self._mean is None:
            self._mean = chosen
        else:
            passed_s = max(0, time_ns - self._last_ns) / SECOND_NS
            share = 1 - math.exp(-passed_s / self._time_constant_s)
            self._mean = self._mean + share * (chosen - self._mean)
        self._last_ns = time_ns
        return self._mean.astype(np.float32)


def restricted(
    probabilities: NDArray[np.float32], chosen: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """(K,) probabilities of the chosen classes, given that it is one of them."""
    kept = np.where(chosen, probabilities, 0).astype(np.float64)
    total = kept.sum()
    return np.asarray(kept / total if total > 0 else chosen / chosen.sum())
