"""The training loop: stages, epochs, checkpoints; stops and goes on exactly where it was.

On one computer's CPU with the same number of threads a training that was stopped, or killed, and
goes on gives the same weights and the same metrics to the last bit as one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from math import isfinite
from pathlib import Path

import torch

from harstudio.errors import DataError
from harstudio.jobs.context import Context, Stopped
from harstudio.learning.evaluating.inference import Answers, answer
from harstudio.learning.loading import Loader
from harstudio.learning.loop.choosing import Choice
from harstudio.learning.loop.losses import balanced_weights
from harstudio.learning.loop.place import Place, place_of
from harstudio.learning.loop.stepping import Stepper
from harstudio.learning.loop.tracking import Silent, Tracker
from harstudio.learning.loop.training_batches import TrainingBatches
from harstudio.learning.stages import Plan, StagePlan
from harstudio.learning.together.group import Group
from harstudio.learning.weights.checkpoints import (
    AGAIN,
    State,
    fill,
    load_into,
    save_state,
    save_weights,
    weights_of,
)
from harstudio.networks.network import Network
from harstudio.runs.folder import RunFolder
from harstudio.runs.status import StatusWriter

PROGRESS_EVERY_S = 0.1


class Trainer:
    """Trains a network by a plan and keeps its run folder.

    train, judge: what gives the batches, of the training part and of the part that each epoch is
    measured on: validation, unless the plan selects by the test part. Without it, or where the plan
    selects the last, nothing chooses: each stage goes on from the last weights of the one before,
    and the last of all are the run's. Else the best epoch of each stage is what the next begins
    from. Where the plan wants a mean of the weights, it is what is measured, kept and gone on from.
    group: the processes that train together, which all go the same way; the first of them writes.
    feature_bytes: memory for what frozen modules say (``frozen``).

    Raises Stopped after saving where the person asked to stop; OSError where the run cannot be
    written (the last checkpoint stays); DataError where the loss is lost.
    """

    def __init__(
        self,
        network: Network,
        plan: Plan,
        train: Loader,
        judge: Loader | None,
        run: RunFolder,
        context: Context,
        device: torch.device,
        status: StatusWriter,
        group: Group | None = None,
        feature_bytes: int = 0,
    ) -> None:
        self._group = group = group or Group()
        context = group.context(context)
        self._plan = plan
        self._train = train
        self._judge = judge
        self._run = run
        self._context = context
        self._device = device
        self._status = status
        self._choice = Choice(plan, run, judge is not None)
        balanced = plan.class_weights == "balanced"
        labels = (sample.label for sample in train.samples)
        self._stepper = Stepper(
            network,
            plan,
            device,
            lambda told: remark(context, told),
            group,
            balanced_weights(labels, network.num_classes) if balanced else None,
        )
        self._batches = TrainingBatches(
            network, plan, self._stepper, train, feature_bytes, context.log, self._looked
        )
        self._network = network
        self._sums = torch.zeros(2, dtype=torch.float64, device=device)  # loss, right
        self._steps = len(train)
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
        if self._group.first:
            self._choice.rename(place)
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
            load_into(self._network, self._choice.file(place.stage))
            self._context.log(
                f"Stage {stages[number].name} goes on from epoch {place.best['epoch']} of "
                f"{before}, the best on the {self._choice.part} part."
            )
        elif self._stepper.mean is not None:
            self._stepper.mean.settle()
        place.skipped += self._choice.left(place)
        place.stage, place.epoch, place.improved, place.best = number, 0, 0, {}

    @property
    def _total(self) -> int:
        """Steps of the whole training, as far as is known."""
        planned = sum(stage.epochs for stage in self._plan.stages)
        return (planned - self.place.skipped - self._choice.left(self.place)) * self._steps

    def _one_stage(self, stage: StagePlan, state: State | None) -> None:
        self._stepper.begin(stage)
        if state is not None:
            with self._damage_told():
                self._stepper.restore(state.optimizer, state.mean, state.counters)
        place = self.place
        before = sum(one.epochs for one in self._plan.stages[: place.stage])
        if place.epoch < stage.epochs and not self._choice.over(place):
            self._begin_batches(stage)
        while place.epoch < stage.epochs and not self._choice.over(place):
            self._status.at(stage.name, self.place.epoch + 1, stage.epochs)
            self._one_epoch(stage, before + place.epoch)
            self._finish_epoch(stage)
        if self._choice.over(place):
            self._context.log(
                f"Stage {stage.name} ends after epoch {place.epoch}: for {self._plan.patience} "
                f"none was better than epoch {place.improved}."
            )
            self._context.progress(place.done, self._total, f"Stage {stage.name} is over")

    def _begin_batches(self, stage: StagePlan) -> None:
        """Whoever looks at clips once does so now; the time is that of the epoch."""
        started = time.perf_counter()
        self._batches.begin(stage)
        self._count(time.perf_counter() - started)

    def _count(self, seconds: float) -> None:
        self.place.epoch_seconds += seconds
        self.place.seconds += seconds

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

        for batch, lacks in self._batches.epoch(number, place.step, rest):
            labels, places = batch.labels, batch.indices
            due = time.monotonic() - self._saved_at > self._plan.checkpoint_seconds
            share = self._group.step(len(labels), due)
            if not share.clips:
                continue
            rate = stage.rate(place.epoch, place.step / steps)
            loss, right = self._stepper.step(
                batch.inputs, labels, rate, share, places=places, lacks=lacks
            )
            self._sums += torch.stack((loss.double() * share.clips, right.double()))
            place.clips += share.clips
            place.step += 1
            place.done += 1
            now, waits = time.perf_counter(), self._train.waited_s
            self._count(now - clock)
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
            "validation": None,
            "learning_rate": stage.rate(place.epoch),
            "seconds": round(place.epoch_seconds, 3),
            "samples_per_s": round(clips / max(place.epoch_seconds, 1e-9), 2),
            "wait_share": round(place.waited / max(place.epoch_seconds, 1e-9), 4),
        }
        if answers is not None:
            part = "test" if self._plan.select == "test" else "validation"
            line[part] = {"loss": answers.loss, "accuracy": answers.accuracy}
        self._tracker.epoch(line, place.done)
        if answers is not None and self._choice.best(place, answers):
            self._keep_best()
        place.epoch, place.step, place.clips = place.epoch + 1, 0, 0
        place.epoch_seconds = place.waited = 0.0
        self._sums.zero_()
        self._checkpoint(weights=True)

    def _validate(self, stage: StagePlan) -> Answers | None:
        if self._judge is None:
            return None
        batches = self._judge.batches(pause=self._pause)
        with self._averaged():
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

    def _averaged(self) -> AbstractContextManager[None]:
        """Within, the network has the weights that count: their mean where there is one."""
        return nullcontext() if self._stepper.mean is None else self._stepper.mean.in_place()

    def _keep_best(self) -> None:
        """Save the weights that count as the best of the stage."""
        if not self._group.first:
            return
        path = self._choice.file(self.place.stage)
        about = {self._choice.part: self.place.best}
        with self._averaged():
            save_weights(path, self._network, about, weights_of(self._network))

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
        kept, mean = weights_of(self._network), self._stepper.mean_state()
        optimizer, counters = self._stepper.optimizer_state(), self._stepper.counters()
        save_state(self._state_file, State(kept, optimizer, random, asdict(place), mean, counters))
        if weights:
            about = {"stage": place.stage, "epoch": place.epoch, "steps": place.done}
            save_weights(self._run.last, self._network, about, mean or kept)
        self._saved_at = time.monotonic()

    def _looked(self, clips: int) -> None:
        """What is frozen has looked at so many clips of the stage that begins."""
        count = len(self._train.samples)
        name = self._plan.stages[self.place.stage].name
        text = f"Stage {name}, looking at each clip once, {clips} of {count}"
        self._context.progress(self.place.done, self._total, text)
        before = time.perf_counter()
        self._pause()
        self._count(before - time.perf_counter())  # rest is no work

    def _pause(self) -> None:
        """Let the person pause or stop; while it waits the run is called paused."""
        self._status.waiting(True)
        try:
            self._context.pause_point()
        finally:
            self._status.waiting(False)


def remark(context: Context, told: str) -> None:
    """Say what a person should know while it trains."""
    context.tell("remark", {"text": told})
    context.log(told)
