"""Values that move like people do: key values joined by minimum-jerk steps."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
K = TypeVar("K")

LONG_BEFORE = -60.0  # seconds; scripts may act before a take's first frame


def minimum_jerk(share: float) -> float:
    """0..1 -> 0..1 with no speed and no acceleration at both ends."""
    s = min(1.0, max(0.0, share))
    return s * s * s * (10.0 - 15.0 * s + 6.0 * s * s)


class Keys(Generic[K]):
    """Key values in time order; between two of them a share from 0 to 1."""

    def __init__(self, value: K) -> None:
        self._times: list[float] = [LONG_BEFORE]
        self._values: list[K] = [value]

    @property
    def last(self) -> K:
        """The value that holds from the last key on."""
        return self._values[-1]

    def step(self, start: float, end: float, value: K) -> None:
        """Hold the last value until ``start`` seconds, then be at ``value`` at ``end``."""
        start = max(start, self._times[-1])
        end = max(end, start + 1e-6)
        if start > self._times[-1]:
            self._times.append(start)
            self._values.append(self._values[-1])
        self._times.append(end)
        self._values.append(value)

    def around(self, time: float) -> tuple[K, K, float]:
        """The keys before and after ``time`` and how far the step between them has come."""
        right = bisect_right(self._times, time)
        if right == 0:
            return self._values[0], self._values[0], 0.0
        if right == len(self._times):
            return self._values[-1], self._values[-1], 1.0
        before, after = self._times[right - 1], self._times[right]
        share = minimum_jerk((time - before) / (after - before))
        return self._values[right - 1], self._values[right], share


class Track(Keys[Vector]):
    """Key vectors."""

    def __init__(self, value: Sequence[float]) -> None:
        super().__init__(np.asarray(value, dtype=np.float64))

    def move(self, start: float, end: float, value: Sequence[float]) -> None:
        """Move to ``value`` between two times, holding the last value before."""
        self.step(start, end, np.asarray(value, dtype=np.float64))

    def at(self, time: float) -> Vector:
        """The vector at a time in seconds."""
        before, after, share = self.around(time)
        return before + (after - before) * share


class Drift:
    """Slow smooth wandering around zero, as of a body that breathes and balances."""

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        self._hertz = rng.uniform(0.12, 0.75, (4, size))
        self._phase = rng.uniform(0, 2 * np.pi, (4, size))
        self._share = rng.uniform(0.3, 1.0, (4, size)) / self._hertz**0.5
        self._share /= np.sqrt((self._share**2).sum(axis=0))

    def at(self, time: float) -> Vector:
        """(size,) around zero with a spread of about 0.7."""
        waves = np.sin(2 * np.pi * self._hertz * time + self._phase)
        return np.asarray((self._share * waves).sum(axis=0))
