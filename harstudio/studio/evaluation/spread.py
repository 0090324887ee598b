"""Features of clips in a plane, as embedding.json keeps them; no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, HarstudioError, MissingError
from harstudio.runs.folder import RunFolder
from harstudio.runs.reading import read_evaluation, read_json
from harstudio.studio.evaluation.findings import Findings, Verdict

FUSION = "fusion"


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """points: (N, 2) float64 by stream, all streams together first. verdicts: the N clips.
    of: clips of the evaluation, of which N were drawn."""

    points: Mapping[str, NDArray[np.float64]]
    verdicts: tuple[Verdict, ...]
    classes: tuple[str, ...]
    of: int


def read_spread(run: Path) -> Spread | None:
    """What a run's folder keeps; None where nobody has looked since it was evaluated.

    DataError where it is damaged or of other clips than the evaluation.
    """
    try:
        return spread_of(run, read_json(RunFolder(run).embedding))
    except MissingError:
        return None


def spread_of(run: Path, document: Any) -> Spread:
    """From the document of the job ``embed``, with the clips of the run's evaluation."""
    path = RunFolder(run).embedding
    data = read_evaluation(run)
    if data is None:
        raise DataError("The run has no evaluation.", path=run, remedy="Evaluate the run.")
    try:
        found = Findings.of(data, run)
        return _read(document, found)
    except HarstudioError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise DataError(
            f"It is damaged or of other clips ({error}).",
            path=path,
            remedy="Evaluate the run again.",
        ) from error


def _read(document: Mapping[str, Any], found: Findings) -> Spread:
    samples = [int(one) for one in document["samples"]]
    of = int(document["of"])
    if of != len(found.verdicts) or not all(0 <= one < of for one in samples):
        raise ValueError(f"it tells of {of} clips, the evaluation of {len(found.verdicts)}")
    points = {}
    for name, rows in sorted(document["streams"].items(), key=lambda one: one[0] != FUSION):
        places = np.asarray(rows, dtype=np.float64)
        if places.shape != (len(samples), 2) or not np.isfinite(places).all():
            raise ValueError(f"the points of {name} are not one for each clip")
        points[str(name)] = places
    if not points:
        raise ValueError("there is no stream")
    return Spread(points, tuple(found.verdicts[one] for one in samples), found.classes, of)


def neighbours(points: NDArray[np.float64], place: int, count: int) -> list[int]:
    """The points nearest to one, itself first."""
    away = np.square(points - points[place]).sum(axis=1)
    away[place] = -1.0
    return [int(one) for one in np.argsort(away, kind="stable")[: count + 1]]


def step_from(points: NDArray[np.float64], place: int, dx: int, dy: int) -> int:
    """The nearest point in a direction, sideways counting double; ``place`` where there is none."""
    way = points - points[place]
    ahead = way @ np.array([dx, dy], dtype=np.float64)
    aside = np.abs(way @ np.array([dy, dx], dtype=np.float64))
    cost = np.where(ahead > 0, np.hypot(ahead, 2 * aside), np.inf)
    cost[aside > ahead] = np.inf
    best = int(cost.argmin())
    return best if np.isfinite(cost[best]) else place
