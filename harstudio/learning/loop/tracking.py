"""What a training says while it runs: JSON lines, TensorBoard, and the job's context."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from harstudio.jobs.context import Context
from harstudio.learning.loop.tensorboard import EventFile

STEP_EVERY_S = 0.5


class Tracker:
    """Writes ``metrics.jsonl`` and TensorBoard's event file of one run, and tells the context.

    Lines: ``{"kind": "step", "stage", "epoch", "step", "steps", "loss", "seconds"}``, at most two
    a second, and ``{"kind": "epoch", "stage", "epoch", "epochs", "train": {"loss", "accuracy"},
    "validation": the same or null, "learning_rate", "seconds", "samples_per_s", "wait_share"}``;
    where the test part chooses the epoch, its figures are in "test".
    Epochs and steps count from 1; seconds of a step are those since the training began.
    """

    def __init__(self, path: Path, context: Context, *, keep: int = 0, step: int = 0) -> None:
        """Go on after ``keep`` bytes, what comes later is cut off; ``step``: steps already done.

        Where fewer are left, as on a disk that lost power, it goes on after the last whole line.
        """
        self._context = context
        self._file: BinaryIO = path.open("r+b" if path.is_file() else "w+b")
        whole = self._file.read(keep).rfind(b"\n") + 1
        self._file.truncate(whole)
        self._file.seek(whole)
        self._last_step = 0.0
        self._events: EventFile | None = None
        self._folder = path.parent
        self._purge = step

    def __enter__(self) -> Tracker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._file.close()
            if self._events is not None:
                self._events.close()
        except OSError:
            if error is None:
                raise

    def due(self) -> bool:
        """Whether it is time for a step's line."""
        return time.monotonic() - self._last_step >= STEP_EVERY_S

    def step(self, line: dict[str, Any], at: int) -> None:
        """A step's line; ``at``: steps done over all stages."""
        self._last_step = time.monotonic()
        self._line({"kind": "step", **line})
        self._scalars({f"{line['stage']}/step loss": line["loss"]}, at)

    def epoch(self, line: dict[str, Any], at: int) -> None:
        """An epoch's line."""
        self._line({"kind": "epoch", **line})
        scalars = {"learning rate": line["learning_rate"]}
        for part in ("train", "validation", "test"):
            for name, value in (line.get(part) or {}).items():
                scalars[f"{part} {name}"] = value
        self._scalars({f"{line['stage']}/{name}": v for name, v in scalars.items()}, at)

    def position(self) -> int:
        """How many bytes of lines are safe on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        if self._events is not None:
            self._events.flush()
        return self._file.tell()

    def _line(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        self._context.tell("metrics", line)

    def _scalars(self, scalars: dict[str, float], at: int) -> None:
        if self._events is None:
            self._events = EventFile(
                self._folder, purge_from=self._purge + 1 if self._purge else None
            )
        self._events.add(scalars, at)


class Silent(Tracker):
    """Tells and writes nothing: of a process that is not the first of a training."""

    def __init__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...
    def due(self) -> bool:
        return False

    def epoch(self, line: dict[str, Any], at: int) -> None: ...
    def position(self) -> int:
        return 0
