"""A study is trained: every cell a run folder, then its variants beside each other."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from harstudio.errors import ConflictError, HarstudioError, MissingError, UsageError
from harstudio.files import write_atomically
from harstudio.jobs.context import Context, Payload, Stopped
from harstudio.jobs.torchrun import place
from harstudio.learning.config_checks import check_config
from harstudio.learning.data.datasets import Dataset
from harstudio.learning.data.protocols import folds_of, preferred
from harstudio.learning.evaluating.comparing import row
from harstudio.learning.evaluating.grouping import different, group_figures, group_pairs
from harstudio.learning.evaluating.told import Told, compare_pair, corrected, read_runs
from harstudio.learning.preparing import gather
from harstudio.learning.running import is_done, train_run
from harstudio.runs.config import Config
from harstudio.runs.folder import is_run
from harstudio.runs.reading import read_status
from harstudio.runs.status import AT_WORK
from harstudio.runs.study import DOCUMENT, Study, Variant

VERSION = 1
WAITING, DONE = "waiting", "finished"


@dataclass(frozen=True, slots=True)
class Cell:
    """One training of a study. family: the protocol as the study names it. state: "waiting",
    "finished", "stopped", "failed" or "running" (by another process); reason: why it failed."""

    variant: Variant
    family: str
    protocol: str
    seed: int
    path: Path
    state: str = WAITING
    reason: str = ""


def run_study(study: Study, context: Context, *, resume: bool) -> dict[str, Any]:
    """Train what is not trained yet; gives the document that is kept as study.json.

    Seed by seed and fold by fold, so that what was reached can be compared. What fails is told in
    its cell, and the rest goes on. Stopped is caught: the document says so. Several processes may
    work on one study, each on its own cells. ConflictError where the folder has runs already and
    ``resume`` is not set; UsageError where a config is wrong, before anything is trained.
    """
    if place()[1] > 1:
        raise UsageError(
            "A study is not trained by torchrun.",
            path=study.source,
            remedy="Start it once for each GPU, with --device cuda:0, cuda:1 ... and --resume.",
        )
    if not resume and any(study.folder.glob("*/*/config.toml")):
        raise ConflictError(
            "There are runs of a study in this folder.",
            path=study.folder,
            remedy="Go on with --resume, or choose another folder.",
        )
    state = "stopped"
    cells: list[Cell] = []
    try:
        data = _Data()
        cells = plan_cells(study, lambda config: data(config, context))
        _require_good(study, cells)
        for number in range(len(cells)):
            cells[number] = _cell(study, cells, number, context, data)
        states = {cell.state for cell in cells}
        state = next((one for one in ("failed", "running") if one in states), DONE)
    except Stopped:
        cells = [_as_it_stands(cell) for cell in cells]
    document = describe(study, cells, state)
    text = json.dumps(document, ensure_ascii=False)
    study.folder.mkdir(parents=True, exist_ok=True)
    write_atomically(study.folder / DOCUMENT, text.encode())
    return document


def plan_cells(study: Study, look: Callable[[Config], Dataset]) -> list[Cell]:
    """All cells, in the order in which they are trained."""
    folds: list[tuple[Variant, str, str]] = []
    for variant in study.variants:
        for family in study.protocols:
            protocols: Sequence[str] = (family,)
            if _is_family(family):
                protocols = folds_of(look(study.config(variant, "", study.seeds[0])), family)
            folds += [(variant, family, protocol) for protocol in protocols]
    order = list(dict.fromkeys((family, protocol) for _, family, protocol in folds))
    return [
        Cell(variant, family, protocol, seed, study.cell(variant, protocol, seed))
        for seed in study.seeds
        for family, protocol in order
        for variant in study.variants
        if (variant, family, protocol) in folds
    ]


class _Data:
    """Datasets that were looked at, each once. untold: sentences about them that nobody has read
    yet, by the sentence."""

    def __init__(self) -> None:
        self.untold: dict[str, bool] = {}
        self._known: dict[tuple[str, str, tuple[str, ...]], Dataset] = {}

    def __call__(self, config: Config, context: Context) -> Dataset:
        data = config.data
        key = (data.path, data.annotator, preferred(data.protocol))
        if key not in self._known:
            self._known[key] = gather(config, context)
            for problem in self._known[key].problems:
                self.untold.setdefault(problem, True)
        return self._known[key]


def _is_family(protocol: str) -> bool:
    """Whether it may stand for several folds."""
    name, *numbers = protocol.split(":")
    return (name, len(numbers)) in FAMILIES


FAMILIES = (("leave-one-subject-out", 0), ("kfold", 1), ("setting-1", 0), ("setting-2", 0))


def _require_good(study: Study, cells: Sequence[Cell]) -> None:
    """UsageError where a config is wrong, or two cells would be one folder."""
    for cell in cells:
        check_config(study.config(cell.variant, cell.protocol, cell.seed), study.source)
    paths = [cell.path for cell in cells]
    if len(set(paths)) < len(paths):
        raise UsageError("Two cells have one folder.", path=study.source)


def _cell(study: Study, cells: Sequence[Cell], number: int, context: Context, data: _Data) -> Cell:
    """The cell as it is after its training; Stopped where the person asked to stop."""
    cell = cells[number]
    name = f"{cell.variant.name}, {cell.protocol}, seed {cell.seed}"
    told = f"Cell {number + 1} of {len(cells)}, {name}"
    within = _Within(context, number, len(cells), told, data.untold)
    context.tell("cell", {"number": number + 1, "cells": len(cells), "name": name})
    config = study.config(cell.variant, cell.protocol, cell.seed)
    try:
        context.pause_point()
        if not is_done(config):
            go_on = is_run(cell.path)
            if train_run(config, within, resume=go_on, look=data)["state"] == "stopped":
                raise Stopped
        cell = replace(cell, state=DONE)
    except Stopped:
        raise
    except HarstudioError as error:
        status = read_status(cell.path)
        elsewhere = isinstance(error, ConflictError) and status and status["state"] in AT_WORK
        cell = replace(cell, state="running" if elsewhere else "failed", reason=str(error))
    except Exception as error:  # noqa: BLE001 -- one of many trainings, the others go on
        cell = replace(cell, state="failed", reason=f"{type(error).__name__}: {error}")
    if cell.reason:
        context.log(f"{told}: {cell.reason}")
    return cell


class _Within:
    """The context of one cell: its progress is a share of the study's."""

    def __init__(
        self, context: Context, number: int, count: int, told: str, untold: dict[str, bool]
    ) -> None:
        self._context, self._number, self._count, self._told = context, number, count, told
        self._untold = untold
        self.threads, self.device = context.threads, context.device

    def progress(self, done: float, total: float, text: str = "") -> None:
        share = done / total if total > 0 else 0.0
        self._context.progress(self._number + share, self._count, f"{self._told}: {text}")

    def tell(self, kind: str, payload: Payload) -> None:
        if kind != "device" or not self._number:
            self._context.tell(kind, payload)

    def log(self, sentence: str) -> None:
        """A line for the log; what is so of the data is said once, not by every cell."""
        if sentence not in self._untold:
            self._context.log(f"{self._told}: {sentence}")
        elif self._untold[sentence]:
            self._untold[sentence] = False
            self._context.log(sentence)

    def pause_point(self) -> None:
        self._context.pause_point()


def _as_it_stands(cell: Cell) -> Cell:
    """A cell of a study that was stopped, by what its folder says."""
    status = read_status(cell.path)
    if cell.state != WAITING or status is None:
        return cell
    state = str(status["state"])
    return replace(cell, state="running" if state in AT_WORK else state)


# ---- the document


def describe(study: Study, cells: Sequence[Cell], state: str) -> dict[str, Any]:
    """The document: that of a comparison (``comparing``), with the variants as its groups.

    Besides ``study``, ``folder``, ``state``, ``seeds``, ``protocols``, ``variants`` (name, set) and
    ``cells``. pairs: two variants on the clips that both tested, seed by seed, over all folds of a
    family; and each network against its own streams.
    """
    told = {cell.path: run for cell in cells if (run := _told(cell)) is not None}
    named = {
        f"{variant.name}, {family}": own
        for family in study.protocols
        for variant in study.variants
        if (own := [told[c.path] for c in cells if _in(c, variant, family) and c.path in told])
    }
    groups = []
    for name, own in named.items():
        variant, _, family = name.rpartition(", ")
        groups.append({**group_figures(name, own), "variant": variant, "protocol": family})
    return {
        "version": VERSION,
        "study": study.source.stem,
        "source": str(study.source),
        "folder": str(study.folder),
        "state": state,
        "seeds": list(study.seeds),
        "protocols": list(study.protocols),
        "variants": [{"name": one.name, "set": one.set} for one in study.variants],
        "cells": [
            {
                "variant": cell.variant.name,
                "family": cell.family,
                "protocol": cell.protocol,
                "seed": cell.seed,
                "run": str(cell.path),
                "state": cell.state,
                "reason": cell.reason,
                "top1": told[cell.path].evaluation["top1"] if cell.path in told else None,
            }
            for cell in cells
        ],
        "runs": [row(run) for run in told.values()],
        "groups": groups,
        "pairs": corrected(_pairs(study, named)),
        "configs": different(list(told.values())),
    }


def _told(cell: Cell) -> Told | None:
    """A finished cell; None where it is not, or its protocol tests nothing."""
    if cell.state != DONE:
        return None
    try:
        run = read_runs([cell.path])[0]
    except MissingError:
        return None
    return replace(run, name=f"{cell.variant.name}/{cell.path.name}")


def _in(cell: Cell, variant: Variant, family: str) -> bool:
    return cell.variant.name == variant.name and cell.family == family


def _pairs(study: Study, named: dict[str, list[Told]]) -> list[dict[str, Any]]:
    """Variants against each other, and networks against their streams; see ``describe``."""
    found: list[dict[str, Any]] = []
    for family in study.protocols:
        groups = {name: own for name, own in named.items() if name.endswith(f", {family}")}
        found += group_pairs(groups)
        single = {name: own for name, own in groups.items() if not _folded(own)}
        judges = [
            (one.verdicts, other.verdicts)
            for ones, others in combinations(single.values(), 2)
            for one in ones
            for other in others
            if one.seed == other.seed
        ]
        runs = [run for own in single.values() for run in own]
        judges += [(stream, run.verdicts) for run in runs for stream in run.streams]
        found += [pair for one, two in judges if (pair := compare_pair(one, two)) is not None]
    return found


def _folded(runs: Sequence[Told]) -> bool:
    """Whether a group has several runs of a seed, which ``group_pairs`` joins."""
    return len({run.seed for run in runs}) < len(runs)
