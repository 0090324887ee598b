"""How far a training is, as its state keeps it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from harstudio.errors import DataError
from harstudio.learning.weights.checkpoints import AGAIN

LATER = ("improved", "skipped")  # what states of the first versions lack


@dataclass(slots=True)
class Place:
    """How far a training is: ``step`` steps of ``epoch`` of ``stage`` are done (all from 0).

    done: steps of all stages. loss, right, clips: sums over this epoch so far. seconds: in all,
    epoch_seconds, waited: of this epoch. micro: see Stepper. metrics: bytes of metrics.jsonl.
    best: epoch and figures of the stage's best weights so far. improved: the last epoch of the
    stage that was better than all before (from 1). skipped: epochs that stages of before did
    without, for want of a better one.
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
    improved: int = 0
    skipped: int = 0
    best: dict[str, Any] = field(default_factory=dict)


def place_of(values: dict[str, Any], path: Path) -> Place:
    """A place as it was saved in ``path``; DataError where it is none."""
    usual = asdict(Place())
    values = {**{name: usual[name] for name in LATER}, **values}
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
