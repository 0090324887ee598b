"""What is read from the folders of runs that are set side by side; no Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harstudio.errors import HarstudioError
from harstudio.runs.config import flat
from harstudio.runs.differences import differences
from harstudio.runs.folder import RunFolder
from harstudio.runs.reading import read_config, read_metrics
from harstudio.studio.training.growth import Growth


@dataclass(frozen=True, slots=True)
class Side:
    """One run. name: tells it from the others. evaluated: whether its figures can be compared."""

    path: Path
    name: str
    evaluated: bool
    growth: Growth
    config: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


def read_sides(paths: Sequence[Path]) -> list[Side]:
    """The runs in this order; what is damaged in one is told by it."""
    return [_read(path, name) for path, name in zip(paths, names_of(paths), strict=True)]


def _read(path: Path, name: str) -> Side:
    folder, growth = RunFolder(path), Growth()
    growth.take(read_metrics(folder.metrics))
    try:
        config, problem = flat(read_config(path)), ""
    except HarstudioError as error:
        config, problem = {}, error.sentence
    return Side(path, name, folder.evaluation.is_file(), growth, config, problem)


def names_of(paths: Sequence[Path]) -> list[str]:
    """The last parts of paths, as many as tell them apart."""
    most = max((len(path.parts) for path in paths), default=1)
    for parts in range(1, most + 1):
        names = ["/".join(path.parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]


def differing(sides: Sequence[Side]) -> dict[str, list[Any]]:
    """Dotted keys of the configs that differ, with the value of each run."""
    return differences([side.config for side in sides])
