"""The training loop: stages, epochs, checkpoints; stops and goes on exactly where it was.

On one computer's CPU with the same number of threads a training that was stopped, or killed, and
goes on gives the same weights and the same metrics to the last bit as one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import torch

from harstudio.errors import DataError
from harstudio.jobs.context import Context, Stopped
from harstudio.learning.checkpoints import (
    AGAIN,
    State,
    fill,
    load_into,
    save_state,
    save_weights,
    weights_of,
)
from harstudio.learning.group import Group
from harstudio.learning.inference import Answers, answer
from harstudio.learning.loading import Loader
from harstudio.learning.stages import Plan, StagePlan
from harstudio.learning.stepping import Stepper
from harstudio.learning.tracking import Silent, Tracker
from harstudio.networks.network import Network
from harstudio.runs.folder import RunFolder
from harstudio.runs.status import StatusWriter

PROGRESS_EVERY_S = 0.1


@dataclass(slots=True)
class Place:
    """How far a training is: ``step`` steps of ``epoch`` of ``stage`` are done (all from 0).

    done: steps of all stages. loss, right, clips: sums over this epoch so far. seconds: in all,
    epoch_seconds, waited: of this epoch. micro: see Stepper. metrics: bytes of metrics.jsonl.
    best: epoch and figures of the stage's best weights so far.
    """

    stage: int = 0
    epoch: int = 0
    step: int = 0
    done: int = 0
    loss: float = 0.0
    right: float = 0.0
    clips: int = 0
    seconds: float = 0.0
    epoch_seconds: float = 0.0
    waited: float = 0.0
    micro: int = 0
    metrics: int = 0
    best: dict[str, Any] = field(default_factory=dict)


def place_of(values: dict[str, Any], path: Path) -> Place:
    """A place as it was saved in ``path``; DataError where it is none."""
    usual = asdict(Place())
    best = values.get("best")
    wrong = "keys of its place are missing or unknown" if values.keys() != usual.keys() else ""
    if not isinstance(best, dict) or (best and best.keys() != {"epoch", "accuracy", "loss"}):
        wrong = wrong or "best is not epoch, accuracy and loss"
        best = {}
    for name, value in [*values.items(), *best.items()]:
        whole = isinstance(usual.get(name, 0.0), int)
        kinds = (int,) if whole else (int, float)
        right = name == "best" or (type(value) in kinds and isfinite(value))
        if not right or (whole and value < 0):
            wrong = wrong or f"{name} is {value!r}"
    if wrong:
        raise DataError(f"This state is damaged ({wrong}).", path=path, remedy=AGAIN)
    return Place(**values)


class Trainer:
    """Trains a network by a plan and keeps its run folder.

    train, validation: what gives the batches; without validation nothing chooses, each stage goes
    on from the last weights of the one before, and the last of all are the run's. With it the best
    epoch of each stage is what the next begins from. Raises Stopped after saving where the person
    asked to stop; OSError where the run cannot be written (the last checkpoint stays); DataError
    where the loss is lost. group: the processes that train together, which all go the same way;
    the first of them writes.
    """

    def __init__(
        self,
        network: Network,
        plan: Plan,
        train: Loader,
        validation: Loader | None,
        run: RunFolder,
        context: Context,
        device: torch.device,
        status: StatusWriter,
        group: Group | None = None,
    ) -> None:
        self._group = group = group or Group()
        context = group.context(context)
        self._plan = plan
        self._train = train
        self._validation = validation
        self._run = run
        self._context = context
        self._device = device
        self._status = status
        self._stepper = Stepper(network, plan, device, lambda told: _remark(context, told), group)
        self._network = network
        self._sums = torch.zeros(2, dtype=torch.float64, device=device)  # loss, right
        self._steps = len(train)
        self._total = sum(stage.epochs for stage in plan.stages) * self._steps
        self._saved_at = self._told_at = 0.0
        self.place = Place()

    def train(self, state: State | None = None) -> Place:
        """From the beginning, or from a state."""
        self._group.same(self._network, self._plan.seed)
        if state is not None:
            self._restore(state)
        place = self.place
        with self._tracking() as self._tracker:
            try:
                self._saved_at = time.monotonic()
                for number in range(place.stage, len(self._plan.stages)):
                    if not self._plan.stages[number].epochs:
                        continue
                    if number > place.stage:
                        self._next_stage(number)
                        state = None
                    self._one_stage(self._plan.stages[number], state)
                    state = None
                self._checkpoint(weights=True)
            except Stopped:
                self._checkpoint(weights=True)
                raise
        return place

    def _tracking(self) -> Tracker:
        if not self._group.first:
            return Silent()
        place = self.place
        return Tracker(self._run.metrics, self._context, keep=place.metrics, step=place.done)

    def _restore(self, state: State) -> None:
        fill(self._network, state.weights, self._state_file)
        with self._damage_told():
            self.place = place = place_of(state.place, self._state_file)
            if place.stage >= len(self._plan.stages) or place.step > self._steps:
                raise ValueError("its place is behind the end")
            seed = (self._plan.seed, place.done)
            self._group.restore_random(state.random, self._device, seed)
        self._keep_name_of_best()
        self._stepper.micro = place.micro
        self._sums = torch.tensor(
            [place.loss, place.right], dtype=torch.float64, device=self._device
        )

    @property
    def _state_file(self) -> Path:
        return self._run.checkpoints / "state.safetensors"

    @contextmanager
    def _damage_told(self) -> Iterator[None]:
        """What a state that somebody else wrote makes of torch becomes a DataError."""
        try:
            yield
        except (KeyError, IndexError, TypeError, ValueError, RuntimeError) as error:
            raise DataError(
                f"This state is damaged ({error}).", path=self._state_file, remedy=AGAIN
            ) from None

    def _next_stage(self, number: int) -> None:
        """Begin where the stage before was best; the state that is saved next holds it."""
        place, stages = self.place, self._plan.stages
        if place.best:
            before = stages[place.stage].name
            load_into(self._network, self._best_of(place.stage))
            self._context.log(
                f"Stage {stages[number].name} goes on from epoch {place.best['epoch']} of "
                f"{before}, the best on the validation part."
            )
        place.stage, place.epoch, place.best = number, 0, {}

    def _best_of(self, number: int) -> Path:
        """Where the best weights of a stage are kept: of the last that trains, the run's best."""
        stages = self._plan.stages
        last = not any(stage.epochs for stage in stages[number + 1 :])
        return self._run.best if last else self._run.best_of(stages[number].name)

    def _keep_name_of_best(self) -> None:
        """A stage that was the last need not be any more, or has become it: stages after it may
        get or lose their epochs when a training goes on."""
        path = self._best_of(self.place.stage)
        names = (self._run.best, self._run.best_of(self._plan.stages[self.place.stage].name))
        for other in names:
            if self._group.first and self.place.best and not path.exists() and other.exists():
                other.replace(path)

    def _one_stage(self, stage: StagePlan, state: State | None) -> None:
        self._stepper.begin(stage)
        if state is not None:
            with self._damage_told():
                self._stepper.restore(state.optimizer)
        before = sum(one.epochs for one in self._plan.stages[: self.place.stage])
        while self.place.epoch < stage.epochs:
            self._status.at(stage.name, self.place.epoch + 1, stage.epochs)
            self._one_epoch(stage, before + self.place.epoch)
            self._finish_epoch(stage)

    def _one_epoch(self, stage: StagePlan, number: int) -> None:
        """The rest of an epoch; ``number`` counts epochs of all stages, for the order."""
        place, steps = self.place, self._steps
        waited = self._train.waited_s
        clock = time.perf_counter()

        def rest() -> None:
            nonlocal clock
            before = time.perf_counter()
            self._pause()
            clock += time.perf_counter() - before

        for inputs, labels, _ in self._train.batches(number, skip=place.step, pause=rest):
            due = time.monotonic() - self._saved_at > self._plan.checkpoint_seconds
            share = self._group.step(len(labels), due)
            if not share.clips:
                continue
            rate = stage.rate(place.epoch, place.step / steps)
            loss, right = self._stepper.step(inputs, labels, rate, share)
            self._sums += torch.stack((loss.double() * share.clips, right.double()))
            place.clips += share.clips
            place.step += 1
            place.done += 1
            now, waits = time.perf_counter(), self._train.waited_s
            place.epoch_seconds += now - clock
            place.seconds += now - clock
            place.waited += waits - waited
            clock, waited = now, waits
            if self._tracker.due():
                self._tell_step(stage, float(loss))
            self._tell_progress(stage)
            if share.due:
                self._checkpoint(weights=False)
            self._pause()
            clock = time.perf_counter()

    def _finish_epoch(self, stage: StagePlan) -> None:
        """Validate, tell, keep the best, save."""
        place = self.place
        answers = self._validate(stage)
        loss, right = (float(value) for value in self._sums)
        clips = place.clips
        self._require_finite(loss, stage)
        line = {
            "stage": stage.name,
            "epoch": place.epoch + 1,
            "epochs": stage.epochs,
            "train": {"loss": loss / max(1, clips), "accuracy": right / max(1, clips)},
            "validation": None
            if answers is None
            else {"loss": answers.loss, "accuracy": answers.accuracy},
            "learning_rate": stage.rate(place.epoch),
            "seconds": round(place.epoch_seconds, 3),
            "samples_per_s": round(clips / max(place.epoch_seconds, 1e-9), 2),
            "wait_share": round(place.waited / max(place.epoch_seconds, 1e-9), 4),
        }
        self._tracker.epoch(line, place.done)
        if answers is not None:
            self._keep_best(place.epoch + 1, answers)
        place.epoch, place.step, place.clips = place.epoch + 1, 0, 0
        place.epoch_seconds = place.waited = 0.0
        self._sums.zero_()
        self._checkpoint(weights=True)

    def _validate(self, stage: StagePlan) -> Answers | None:
        if self._validation is None:
            return None
        batches = self._validation.batches(pause=self._pause)
        answers = self._group.answers(
            lambda: answer(
                self._network,
                batches,
                self._device,
                stream=stage.stream,
                pause=lambda _done: self._pause(),
            )
        )
        self._stepper.train_mode()
        return answers

    def _keep_best(self, epoch: int, answers: Answers) -> None:
        """The stage's best weights: highest validation accuracy, then lowest loss, then the latest:
        a stage of heads alone leaves the network's own opinion as it is. Never where the loss is
        not finite."""
        if not isfinite(answers.loss):
            return
        best = self.place.best
        now = {"epoch": epoch, "accuracy": answers.accuracy, "loss": answers.loss}
        better = not best or (now["accuracy"], -now["loss"]) >= (best["accuracy"], -best["loss"])
        if better:
            self.place.best = now
            if not self._group.first:
                return
            path = self._best_of(self.place.stage)
            save_weights(path, self._network, {"validation": now}, weights_of(self._network))

    def _tell_step(self, stage: StagePlan, loss: float) -> None:
        self._require_finite(loss, stage)
        place = self.place
        line = {
            "stage": stage.name,
            "epoch": place.epoch + 1,
            "step": place.step,
            "steps": self._steps,
            "loss": loss,
            "seconds": round(place.seconds, 3),
        }
        self._tracker.step(line, place.done)

    def _tell_progress(self, stage: StagePlan) -> None:
        place, now = self.place, time.monotonic()
        if now - self._told_at < PROGRESS_EVERY_S and place.done < self._total:
            return
        self._told_at = now
        right = float(self._sums[1]) / max(1, place.clips)
        self._context.progress(
            place.done,
            self._total,
            f"Stage {stage.name}, epoch {place.epoch + 1} of {stage.epochs}, {right:.0%} right",
        )

    def _require_finite(self, loss: float, stage: StagePlan) -> None:
        if not isfinite(loss):
            raise DataError(
                f"The loss is no longer a number (stage {stage.name}, epoch "
                f"{self.place.epoch + 1}, step {self.place.step}).",
                path=self._run.path,
                remedy="Train with a lower learning rate, or set training.clip_norm.",
            )

    def _checkpoint(self, weights: bool) -> None:
        """Save the state, and where an epoch or the training ends the weights for use."""
        place = self.place
        place.loss, place.right = (float(value) for value in self._sums)
        if not isfinite(place.loss):
            return  # what stands on the disk is better
        place.micro = self._stepper.micro
        place.metrics = self._tracker.position()
        random = self._group.random(self._device)
        self._saved_at = time.monotonic()
        if not self._group.first:
            return
        kept = weights_of(self._network)
        save_state(
            self._state_file,
            State(
                kept,
                self._stepper.optimizer_state(),
                random,
                asdict(place),
            ),
        )
        if weights:
            about = {"stage": place.stage, "epoch": place.epoch, "steps": place.done}
            save_weights(self._run.last, self._network, about, kept)
        self._saved_at = time.monotonic()

    def _pause(self) -> None:
        """Let the person pause or stop; while it waits the run is called paused."""
        self._status.waiting(True)
        try:
            self._context.pause_point()
        finally:
            self._status.waiting(False)


def _remark(context: Context, told: str) -> None:
    context.tell("remark", {"text": told})
    context.log(told)
