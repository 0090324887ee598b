"""The report of a comparison, or of a study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harstudio.errors import DataError
from harstudio.reports import charts, comparison_tables, matrices
from harstudio.reports.documents import Comparison, Group, Matrix, Pair, checked
from harstudio.reports.evaluation import epochs_of
from harstudio.reports.figures import Drawn, drawing
from harstudio.reports.page import Report

MOST_PAIRS = 6  # whose classes are drawn
MOST_CURVES = 12
MOST_MATRICES = 6
MOST_CONFIGS = 8  # runs whose configs stand side by side on the page


def comparison_report(document: dict[str, Any], *, command: str = "", title: str = "") -> Report:
    """Figures and tables of ``compare --json``; curves come from the folders of the runs.

    command: what made it. DataError where the document does not fit together, or has no run.
    """
    comparison = checked(Comparison, document, "Compare the runs again.")
    if not comparison.runs and not comparison.cells:
        raise DataError("The comparison has no run to report on.", remedy="Compare runs.")
    pairs = _rivals(comparison)[:MOST_PAIRS]
    names = [f"classes_{number}" for number in range(1, len(pairs) + 1)]
    with drawing():
        figures = _figures(comparison)
        figures += [charts.class_changes(*one) for one in zip(pairs, names, strict=True)]
    tables = [
        comparison_tables.runs(comparison),
        comparison_tables.groups(comparison),
        comparison_tables.folds(comparison),
        comparison_tables.pairs(comparison),
        comparison_tables.sums(comparison),
        comparison_tables.configs(comparison),
        comparison_tables.cells(comparison),
        *(comparison_tables.gains(*one) for one in zip(pairs, names, strict=True)),
    ]
    return Report(
        "comparison.html",
        title or _title(comparison),
        figures,
        [table for table in tables if table.rows],
        {
            "one": comparison,
            "pairs": names,
            "more_pairs": len(_rivals(comparison)) - len(pairs),
            "left_out": [one for group in comparison.groups for one in group.left_out],
            "by_test": [run.name for run in comparison.runs if run.selected_by == "test"],
            "wide_configs": len(comparison.runs) > MOST_CONFIGS,
            "group_names": [name for name in (one.name for one in figures) if "confusion" in name],
            "command": command,
        },
    )


def _title(comparison: Comparison) -> str:
    if comparison.study:
        return f"Study {comparison.study}"
    names = [run.name for run in comparison.runs]
    return "Comparison of " + (", ".join(names) if len(names) <= 4 else f"{len(names)} runs")


def _figures(comparison: Comparison) -> list[Drawn]:
    found: list[Drawn | None] = []
    if comparison.groups:
        found.append(
            charts.group_dots([(g.name, g.mean, g.ci95_clips, g.top1) for g in comparison.groups])
        )
    runs = comparison.runs[:MOST_CURVES]
    found.append(charts.curves({run.name: epochs_of(Path(run.run)) for run in runs}))
    found += _matrices(comparison.groups[:MOST_MATRICES])
    return [one for one in found if one is not None]


def _matrices(groups: Sequence[Group]) -> list[Drawn]:
    """Those of the same classes side by side."""
    by_classes: dict[tuple[str, ...], dict[str, Matrix]] = {}
    for group in groups:
        if group.classes:
            by_classes.setdefault(tuple(group.classes), {})[group.name] = group.confusion
    return [
        matrices.confusion(own, classes, f"confusion_{number}")
        for number, (classes, own) in enumerate(by_classes.items(), 1)
    ]


def _rivals(comparison: Comparison) -> list[Pair]:
    """Pairs of networks, before those of networks and their own streams."""
    own = [pair for pair in comparison.pairs if ": stream " in pair.a or ": stream " in pair.b]
    return [pair for pair in comparison.pairs if pair not in own] + own
