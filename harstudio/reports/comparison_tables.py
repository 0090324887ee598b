"""The tables of a comparison or of a study."""

from __future__ import annotations

import json
from typing import Any

from harstudio.reports.documents import Comparison, Pair
from harstudio.reports.tables import Column, Table

LEVEL = 0.05  # of McNemar's test, before it is shared by the pairs


def runs(comparison: Comparison) -> Table:
    """Figures of every run."""
    return Table(
        "runs",
        "Runs",
        (
            Column("run"),
            Column("network"),
            Column("protocol"),
            Column("seed", "count"),
            Column("clips", "count"),
            Column("top-1", "share"),
            Column("95 % interval (Wilson)", "interval"),
            Column("macro F1", "number"),
            Column("ECE", "number"),
            Column("parameters", "millions"),
            Column("multiply-adds", "billions"),
            Column("chosen by"),
        ),
        tuple(
            (
                *(r.name, r.network, r.protocol, r.seed, r.clips, r.top1, r.ci95, r.macro_f1),
                *(r.ece, r.parameters, r.multiply_adds, r.selected_by),
            )
            for r in comparison.runs
        ),
    )


def groups(comparison: Comparison) -> Table:
    """Means over seeds, of the clips of all folds."""
    return Table(
        "groups",
        "Over seeds and folds",
        (
            Column("config"),
            Column("seeds", "count"),
            Column("folds"),
            Column("mean top-1", "share"),
            Column("sd over seeds, points", "points"),
            Column("95 % interval, seeds", "interval"),
            Column("95 % interval, clips", "interval"),
            Column("sd over folds, points", "points"),
            Column("macro F1", "number"),
            Column("chosen by"),
        ),
        tuple(
            (
                *(g.name, len(g.seeds), g.coverage, g.mean, g.std),
                *(g.ci95_seeds, g.ci95_clips, g.std_over_folds, g.macro_f1, g.selected_by),
            )
            for g in comparison.groups
        ),
    )


def folds(comparison: Comparison) -> Table:
    """Accuracy fold by fold, mean over seeds."""
    return Table(
        "folds",
        "Folds",
        (Column("config"), Column("fold"), Column("clips", "count"), Column("top-1", "share")),
        tuple(
            (group.name, fold.fold, fold.clips, fold.top1)
            for group in comparison.groups
            for fold in group.by_fold
        ),
    )


def pairs(comparison: Comparison) -> Table:
    """McNemar's test of every pair; marked where it holds after Holm's correction."""
    held = {
        place
        for place, pair in enumerate(comparison.pairs)
        if pair.p_holm is not None and pair.p_holm <= LEVEL
    }
    return Table(
        "pairs",
        "Pairs, by McNemar's test",
        (
            Column("first"),
            Column("second"),
            Column("clips", "count"),
            Column("only first right", "count"),
            Column("only second right", "count"),
            Column("change, points", "change"),
            Column("95 % interval of it", "changes"),
            Column("p", "p"),
            Column("p, Holm", "p"),
        ),
        tuple(
            (p.a, p.b, p.clips, p.only_a, p.only_b, p.change, p.ci95, p.p, p.p_holm)
            for p in comparison.pairs
        ),
        caption="p: exact, two-sided; how likely a difference at least as great is if both are "
        f"equally good. Marked pairs differ at the level of {LEVEL:g} after Holm's correction for "
        f"{len(comparison.pairs)} tests.",
        marked=frozenset(held),
    )


def gains(pair: Pair, name: str) -> Table:
    """Classes of a pair, those that gain most first."""
    return Table(
        name,
        f"Classes: {pair.a} and {pair.b}",
        (
            Column("class"),
            Column("clips", "count"),
            Column(pair.a, "share"),
            Column(pair.b, "share"),
            Column("change, points", "change"),
        ),
        tuple((one.name, one.clips, one.a, one.b, one.change) for one in pair.gains),
    )


def sums(comparison: Comparison) -> Table:
    """Scores added clip by clip."""
    return Table(
        "sums",
        "Scores added clip by clip",
        (
            Column("sum of"),
            Column("runs"),
            Column("clips", "count"),
            Column("top-1", "share"),
            Column("95 % interval (Wilson)", "interval"),
            Column("macro F1", "number"),
        ),
        tuple(
            (s.rule, " + ".join(s.runs), s.clips, s.top1, s.ci95, s.macro_f1)
            for s in comparison.sums
        ),
    )


def configs(comparison: Comparison) -> Table:
    """Keys that differ, with the value of each run."""
    names = [run.name for run in comparison.runs]
    rows: list[tuple[Any, ...]] = [
        (key, *(None if value is None else _shown(value) for value in values))
        for key, values in comparison.configs.items()
        if len(values) == len(names)
    ]
    return Table(
        "configs",
        "What differs in the configs",
        (Column("key"), *(Column(name) for name in names)),
        tuple(rows),
    )


def cells(comparison: Comparison) -> Table:
    """The trainings of a study."""
    return Table(
        "cells",
        "Trainings",
        (
            Column("variant"),
            Column("protocol"),
            Column("seed", "count"),
            Column("state"),
            Column("top-1", "share"),
            Column("remark"),
        ),
        tuple((c.variant, c.protocol, c.seed, c.state, c.top1, c.reason) for c in comparison.cells),
    )


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
