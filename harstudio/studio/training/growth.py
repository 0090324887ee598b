"""A run's metrics as curves that grow: pure figures, no Qt.

Time runs in epochs over all stages: the third epoch of the second of two stages of ten epochs
ends at 13. Steps lie between: half-way through that epoch is 12.5.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

STEPS_KEPT = 20_000  # then every second one is dropped; the curve keeps its shape


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch as it was logged; NaN for what was not measured."""

    end: int
    stage: str
    number: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    seconds: float
    samples_per_s: float


@dataclass(frozen=True, slots=True)
class Band:
    """A stage on the axis, [start, end) in epochs."""

    name: str
    start: float
    end: float


@dataclass(slots=True)
class Growth:
    """All that was read of one run so far."""

    epochs: list[Epoch] = field(default_factory=list)
    step_at: list[float] = field(default_factory=list)
    step_loss: list[float] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)

    def copy(self) -> Growth:
        """One that does not grow with this one."""
        lists = (self.epochs, self.step_at, self.step_loss, self.bands)
        return Growth(*(list(one) for one in lists))

    def take(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Add lines of metrics.jsonl; what is no metric or damaged is passed over."""
        for line in lines:
            if line.get("kind") == "epoch":
                self._take_epoch(line)
            elif line.get("kind") == "step":
                self._take_step(line)

    def _take_epoch(self, line: Mapping[str, Any]) -> None:
        train, validation = _table(line.get("train")), _table(line.get("validation"))
        if not math.isfinite(_figure(train.get("loss"))):
            return
        end = len(self.epochs) + 1
        stage = str(line.get("stage", ""))
        self.epochs.append(
            Epoch(
                end,
                stage,
                int(_figure(line.get("epoch"), end)),
                _figure(train.get("loss")),
                _figure(train.get("accuracy")),
                _figure(validation.get("loss")),
                _figure(validation.get("accuracy")),
                _figure(line.get("learning_rate")),
                _figure(line.get("seconds")),
                _figure(line.get("samples_per_s")),
            )
        )
        self._reach(stage, end)

    def _take_step(self, line: Mapping[str, Any]) -> None:
        loss, steps = _figure(line.get("loss")), _figure(line.get("steps"))
        if not (math.isfinite(loss) and steps > 0):
            return
        done = min(max(_figure(line.get("step"), 0.0) / steps, 0.0), 1.0)
        self.step_at.append(len(self.epochs) + done)
        self.step_loss.append(loss)
        self._reach(str(line.get("stage", "")), len(self.epochs) + done)
        if len(self.step_at) > STEPS_KEPT:
            del self.step_at[1::2], self.step_loss[1::2]

    def _reach(self, stage: str, end: float) -> None:
        """The stage goes at least to ``end``; another name begins a new one."""
        last = self.bands[-1] if self.bands else None
        if last is not None and last.name == stage:
            self.bands[-1] = Band(stage, last.start, max(last.end, end))
        else:
            self.bands.append(Band(stage, last.end if last else 0.0, end))

    @property
    def end(self) -> float:
        """How far the curves go, in epochs."""
        return self.bands[-1].end if self.bands else 0.0

    def best(self) -> tuple[float, int, str] | None:
        """The best accuracy, after which epoch, and of which part; None before the first.

        Of the last stage, because the accuracy of one stream is not the network's; of the
        validation part where there is one.
        """
        last = [e for e in self.epochs if e.stage == self.epochs[-1].stage] if self.epochs else []
        for part in ("validation", "train"):
            known = [(getattr(e, f"{part}_accuracy"), e.end) for e in last]
            known = [one for one in known if math.isfinite(one[0])]
            if known:
                accuracy, end = max(known, key=lambda one: (one[0], -one[1]))
                return accuracy, end, part
        return None

    def nearest(self, at: float) -> Epoch | None:
        """The epoch whose end lies nearest."""
        if not self.epochs:
            return None
        return self.epochs[min(max(round(at), 1), len(self.epochs)) - 1]


def line_of(epoch: Epoch) -> str:
    """One line about an epoch: "fusion 3  loss 1.204, right 0.62, validation 0.58"."""
    told = []
    if math.isfinite(epoch.train_loss):
        told.append(f"loss {epoch.train_loss:.3f}")
    if math.isfinite(epoch.train_accuracy):
        told.append(f"right {epoch.train_accuracy:.2f}")
    if math.isfinite(epoch.validation_accuracy):
        told.append(f"validation {epoch.validation_accuracy:.2f}")
    return f"{epoch.stage} {epoch.number}  {', '.join(told)}".strip()


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _figure(value: object, otherwise: float = math.nan) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return otherwise
    return float(value)
