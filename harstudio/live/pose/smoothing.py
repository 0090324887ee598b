"""The one-euro filter: G. Casiez, N. Roussel, D. Vogel, 1 € Filter: A Simple Speed-based Low-pass
Filter for Noisy Input in Interactive Systems, CHI 2012.

What stands still is smoothed much, what moves fast hardly, so that it does not lag.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.streams import SECOND_NS

LONGEST_GAP_NS = SECOND_NS // 2  # after more, it begins anew


class OneEuro:
    """Filters an array of numbers, each by itself (equations 1 to 8 of the paper). The speed is
    that of what is given, as in the authors' own code and in MediaPipe's.

    least_hz: cut-off while nothing moves. speed_hz: how much the cut-off rises with a speed of one
    unit a second (beta). derivative_hz: cut-off of the speed.
    """

    def __init__(self, least_hz: float, speed_hz: float, derivative_hz: float = 1.0) -> None:
        self._least, self._beta, self._derivative = least_hz, speed_hz, derivative_hz
        self._time_ns = 0
        self._value: NDArray[np.float64] | None = None
        self._given: NDArray[np.float64] = np.zeros(0)  # before it was smoothed
        self._speed: NDArray[np.float64] = np.zeros(0)

    def smooth(self, values: NDArray[Any], time_ns: int, unit: float = 1.0) -> NDArray[np.float32]:
        """``values`` of any one shape, NaN for none, at a later time than before.

        unit: what counts as one unit of speed, such as the pixels of a metre.
        """
        given = np.asarray(values, dtype=np.float64)
        before, elapsed = self._value, time_ns - self._time_ns
        if before is None or before.shape != given.shape or not 0 < elapsed <= LONGEST_GAP_NS:
            self._value, self._given, self._time_ns = given, given, time_ns
            self._speed = np.zeros(given.shape)
            return given.astype(np.float32)
        step_s = elapsed / SECOND_NS
        speed = np.nan_to_num((given - self._given) / (step_s * unit))
        self._speed += _weight(self._derivative, step_s) * (speed - self._speed)
        weight = _weight(self._least + self._beta * np.abs(self._speed), step_s)
        smoothed = np.where(np.isnan(before), given, before + weight * (given - before))
        self._value, self._given, self._time_ns = smoothed, given, time_ns
        return smoothed.astype(np.float32)


def _weight(cutoff_hz: Any, step_s: float) -> Any:
    """How much a new value counts (equation 3 and 4 of the paper)."""
    turn = 2 * math.pi * cutoff_hz * step_s
    return turn / (turn + 1)
