"""Which epoch of a stage counts, when a stage is over, and where the best weights are kept."""

from __future__ import annotations

from math import isfinite
from pathlib import Path

from harstudio.learning.evaluating.inference import Answers
from harstudio.learning.loop.place import Place
from harstudio.learning.stages import Plan
from harstudio.runs.folder import RunFolder


class Choice:
    """Chooses by the figures of one part of the data: by ``part``, "validation" or, where the plan
    says so, "test"; "" where nothing chooses, and the last epoch of each stage counts.

    judged: whether there are figures.
    """

    def __init__(self, plan: Plan, run: RunFolder, judged: bool) -> None:
        self.part = plan.select if judged and plan.select != "last" else ""
        self._stages = plan.stages
        self._patience = plan.patience
        self._run = run

    def best(self, place: Place, answers: Answers) -> bool:
        """Whether the epoch at ``place``, which is not counted yet, is the best of its stage: by
        highest accuracy, then lowest loss, then the latest, for a stage of heads alone leaves the
        network's own opinion as it is. Never where the loss is not finite. Notes it in ``place``.
        """
        if not self.part or not isfinite(answers.loss):
            return False
        best, epoch = place.best, place.epoch + 1
        now = (answers.accuracy, -answers.loss)
        before = (best["accuracy"], -best["loss"]) if best else None
        if before is None or now > before:
            place.improved = epoch
        elif now < before:
            return False
        place.best = {"epoch": epoch, "accuracy": answers.accuracy, "loss": answers.loss}
        return True

    def over(self, place: Place) -> bool:
        """Whether the stage at ``place`` ends before its time: it was patient long enough."""
        waited = place.epoch - place.improved
        return bool(self._patience and place.best) and waited >= self._patience

    def left(self, place: Place) -> int:
        """Epochs that the stage at ``place`` does without."""
        return self._stages[place.stage].epochs - place.epoch if self.over(place) else 0

    def file(self, number: int) -> Path:
        """Where the best weights of a stage are kept: of the last that trains, the run's best."""
        last = not any(stage.epochs for stage in self._stages[number + 1 :])
        return self._run.best if last else self._run.best_of(self._stages[number].name)

    def rename(self, place: Place) -> None:
        """A stage that was the last need not be any more, or has become it: stages after it may
        get or lose their epochs when a training goes on."""
        path = self.file(place.stage)
        names = (self._run.best, self._run.best_of(self._stages[place.stage].name))
        for other in names:
            if place.best and not path.exists() and other.exists():
                other.replace(path)
