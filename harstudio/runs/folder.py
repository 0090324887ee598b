"""A run is a folder; nothing in it needs pickle.

config.toml (complete), environment.json, data.json (classes, samples, parts), preprocessing.json,
status.json (who is at work on it, heart-beat), metrics.jsonl, events.out.tfevents.*,
checkpoints/{last,best}.safetensors with best-STAGE.safetensors of the stages before the last and
state.{safetensors,json} beside them, evaluation.json, answers.npz,
embedding.json (its features in a plane), explanations.json (how true what it shows is),
known.json (from where on nothing is known), card.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harstudio.files import Mark, mark

CONFIG = "config.toml"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Names of the files of one run."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / CONFIG

    @property
    def environment(self) -> Path:
        return self.path / "environment.json"

    @property
    def data(self) -> Path:
        return self.path / "data.json"

    @property
    def preprocessing(self) -> Path:
        return self.path / "preprocessing.json"

    @property
    def status(self) -> Path:
        return self.path / "status.json"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def last(self) -> Path:
        return self.checkpoints / "last.safetensors"

    @property
    def best(self) -> Path:
        return self.checkpoints / "best.safetensors"

    def best_of(self, stage: str) -> Path:
        """The best weights of a stage that others follow."""
        return self.checkpoints / f"best-{stage}.safetensors"

    @property
    def evaluation(self) -> Path:
        return self.path / "evaluation.json"

    @property
    def answers(self) -> Path:
        return self.path / "answers.npz"

    @property
    def embedding(self) -> Path:
        return self.path / "embedding.json"

    @property
    def truth(self) -> Path:
        return self.path / "explanations.json"

    @property
    def known(self) -> Path:
        return self.path / "known.json"

    @property
    def card(self) -> Path:
        return self.path / "card.md"


def written(run: Path) -> float:
    """When the weights of a run were written, seconds since 1970; 0 where there are none."""
    folder = RunFolder(run)
    for file in (folder.best, folder.last):
        try:
            return file.stat().st_mtime
        except OSError:
            continue
    return 0.0


def stamp(run: Path) -> Mark:
    """Another one when a file of the run changed that a prediction depends on, whichever way."""
    folder = RunFolder(run)
    weights = folder.best if folder.best.is_file() else folder.last
    return mark(weights, folder.preprocessing, folder.data)


def is_run(path: Path) -> bool:
    """Whether a folder is a run."""
    return (path / CONFIG).is_file()
