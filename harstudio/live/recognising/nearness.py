"""Nothing known, as the live recogniser asks for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harstudio.live.recognising.engine import Answer
from harstudio.live.recognising.few_shot import FewShot
from harstudio.live.recognising.known import Known


@dataclass(frozen=True, slots=True)
class Near:
    """Known is what lies near enough to a class of the run, or to an action learned from examples.

    least: another threshold than the run's.
    """

    calibrated: Known
    learned: FewShot
    least: float | None = None

    @property
    def threshold(self) -> float:
        """Of the cosine."""
        return self.calibrated.threshold if self.least is None else self.least

    def known(self, answer: Answer, smoothed: NDArray[np.float32]) -> bool:
        """Whether a window is, whatever is told of it; one that has no calibrated stream is.
        DataError: the calibration is of another network."""
        if not self.calibrated.covers(answer.features):
            return True
        old = self.calibrated.score(answer.features)
        new = self.learned.nearness(answer.features)
        return bool(max([old, *new.tolist()]) >= self.threshold)
