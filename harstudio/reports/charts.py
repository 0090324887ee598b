"""Bars, curves and diagrams of evaluations and comparisons. Shares are drawn in percent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harstudio.learning.evaluating.figures import interval
from harstudio.reports.documents import Condition, Evaluation, Pair
from harstudio.reports.figures import (
    BLUE,
    GRID,
    GROUND,
    INK,
    MUTED,
    ORANGE,
    RED,
    SERIES,
    SMALL,
    TEXT,
    Drawn,
    canvas,
    panel,
    shortened,
    width_of,
)

BAR = 0.17  # inches from bar to bar
PLOT = 5.2  # inches of a bar of 100 %
LONGEST = 46  # characters of a name
MARKS = ("o", "D", "s", "^", "v", "P")
LEAST_CURVE = 2  # epochs
STAGE_NAME = 0.2  # of the width, that the name of a stage takes


def _named_bars(names: Sequence[str], *, top: float = 0.55, step: float = BAR) -> tuple[Any, Any]:
    """A figure with rows from top to bottom, named on the left."""
    shown = [shortened(name, LONGEST) for name in names]
    left = 0.15 + max(width_of(name, SMALL) for name in shown)
    height = step * len(names)
    figure = canvas(left + PLOT + 0.6, height + top + 0.5)
    axes = panel(figure, left, 0.45, PLOT, height)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), shown)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    return figure, axes


def class_bars(evaluation: Evaluation) -> Drawn:
    """Accuracy of every class that has clips, the weakest first, streams as marks."""
    rated = [
        (one.accuracy, k, name, one.clips)
        for k, (name, one) in enumerate(evaluation.per_class.items())
        if one.accuracy is not None
    ]
    rated.sort(key=lambda one: one[:2])
    figure, axes = _named_bars([name for _, _, name, _ in rated])
    rows = np.arange(len(rated))
    shares = np.array([accuracy for accuracy, *_ in rated])
    axes.barh(rows, 100 * shares, height=0.62, color=BLUE, label=evaluation.whole)
    for row, (accuracy, _, _, clips) in enumerate(rated):
        low, high = interval(round(accuracy * clips), clips)
        axes.plot((100 * low, 100 * high), (row, row), color=INK, linewidth=0.7, alpha=0.65)
    streams = list(evaluation.judges.items())[:-1]
    for number, (name, matrix) in enumerate(streams):
        own = [
            100 * matrix[k][k] / sum(matrix[k]) if sum(matrix[k]) else math.nan
            for _, k, _, _ in rated
        ]
        shift = 0.36 * ((number + 0.5) / len(streams) - 0.5)  # where all are right, all are seen
        axes.plot(
            own, rows + shift, MARKS[number % len(MARKS)], markersize=4, markeredgewidth=0.5,
            markeredgecolor=GROUND,
            color=SERIES[1 + number % (len(SERIES) - 1)], label=name, zorder=3,
        )  # fmt: skip
    axes.set_xlim(0, 101)
    axes.set_xlabel("right, % of the clips of the class")
    if streams:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, borderpad=0.2)
    return Drawn(
        "per_class",
        "Accuracy by class",
        figure,
        "The weakest first. Thin lines: 95 % intervals (Wilson) of the bars; a class has few "
        "clips, so they are wide.",
    )


def reliability(evaluation: Evaluation) -> Drawn:
    """Accuracy against confidence, and how many clips there are of each."""
    figure = canvas(4.4, 4.6)
    upper = panel(figure, 0.6, 1.75, 3.6, 2.7)
    lower = panel(figure, 0.6, 0.5, 3.6, 1.0)
    upper.plot((0, 100), (0, 100), color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    held = [one for one in evaluation.reliability if one.clips]
    width = [100 * (one.high - one.low) for one in evaluation.reliability]
    upper.bar(
        [100 * one.low for one in held],
        [100 * (one.accuracy or 0) for one in held],
        width=[0.92 * 100 * (one.high - one.low) for one in held],
        align="edge", color=BLUE,
    )  # fmt: skip
    upper.plot(
        [100 * (one.confidence or 0) for one in held],
        [100 * (one.accuracy or 0) for one in held],
        "o", markersize=3, color=ORANGE, label="mean confidence and accuracy",
    )  # fmt: skip
    lower.bar(
        [100 * one.low for one in evaluation.reliability],
        [one.clips for one in evaluation.reliability],
        width=[0.92 * one for one in width], align="edge", color=MUTED,
    )  # fmt: skip
    for axes in (upper, lower):
        axes.set_xlim(0, 100)
        axes.grid(axis="y")
        axes.set_axisbelow(True)
    upper.set_ylim(0, 103)
    upper.set_ylabel("right, %")
    upper.legend(loc="upper left", borderpad=0.2)
    lower.set_ylabel("clips")
    lower.set_xlabel("confidence, %")
    return Drawn(
        "reliability",
        "Reliability",
        figure,
        "Bars on the dashed line: as often right as sure. Bars below it: too sure. The calibration "
        f"error (ECE) of {evaluation.ece:.3f} is the mean distance, weighted by clips.",
    )


def robustness(evaluation: Evaluation) -> Drawn:
    """Accuracy under each disturbance beside that without any."""
    rows: list[tuple[Condition, float]] = [
        (one, 100 * one.top1) for one in evaluation.robustness if one.top1 is not None
    ]
    figure, axes = _named_bars([one.title for one, _ in rows], top=0.4)
    places = np.arange(len(rows))
    axes.barh(places, [share for _, share in rows], height=0.62, color=BLUE)
    for place, (one, _) in enumerate(rows):
        if one.ci95 is not None:
            axes.plot([100 * end for end in one.ci95], (place, place), color=INK, linewidth=0.8)
    axes.axvline(100 * evaluation.top1, color=ORANGE, linewidth=1)
    axes.annotate(
        f"undisturbed {evaluation.top1:.1%}", (100 * evaluation.top1, -0.6), color=ORANGE,
        ha="right", va="bottom", fontsize=SMALL, annotation_clip=False,
    )  # fmt: skip
    axes.set_xlim(0, 101)
    axes.set_xlabel("right, %")
    return Drawn(
        "robustness",
        "Accuracy when the input is disturbed",
        figure,
        "The same clips and weights; thin lines are 95 % intervals (Wilson).",
    )


def class_changes(pair: Pair, name: str) -> Drawn:
    """Accuracy of every class with one and with the other, the greatest gain at the top."""
    rows = np.arange(len(pair.gains))
    figure, axes = _named_bars([one.name for one in pair.gains], top=0.55, step=1.6 * BAR)
    for shift, color, label, shares in (
        (-0.19, MUTED, pair.a, [one.a for one in pair.gains]),
        (0.19, BLUE, pair.b, [one.b for one in pair.gains]),
    ):
        axes.barh(
            rows + shift, [100 * share for share in shares], height=0.34, color=color,
            label=shortened(label, LONGEST),
        )  # fmt: skip
    for row, one in enumerate(pair.gains):
        color = MUTED if not one.change else BLUE if one.change > 0 else RED
        axes.annotate(
            f"{100 * one.change:+.1f}".replace("-", "−") if one.change else "0", (1.0, row),
            xycoords=("axes fraction", "data"), xytext=(30, 0), textcoords="offset points",
            ha="right", va="center", fontsize=SMALL, color=color, annotation_clip=False,
        )  # fmt: skip
    axes.set_xlim(0, 101)
    axes.set_xlabel("right, % of the clips of the class; at the right the change in points")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderpad=0.2)
    return Drawn(
        name,
        f"Classes: {pair.a} and {pair.b}",
        figure,
        f"{pair.clips} clips that both have seen. The classes that gain most are at the top, those "
        "that lose most at the bottom.",
    )


def group_dots(
    groups: Sequence[tuple[str, float, tuple[float, float] | None, Sequence[float]]],
) -> Drawn:
    """Means with their intervals, every seed as a ring."""
    figure, axes = _named_bars([name for name, *_ in groups], top=0.3)
    ends = [end for _, mean, ci, tops in groups for end in (mean, *(ci or ()), *tops)]
    for row, (_, mean, ci, tops) in enumerate(groups):
        if ci is not None:
            axes.plot([100 * end for end in ci], (row, row), color=BLUE, linewidth=1.2)
        axes.plot(
            [100 * top for top in tops], [row] * len(tops), "o", markersize=4,
            markerfacecolor="none", markeredgecolor=MUTED, markeredgewidth=0.7,
        )  # fmt: skip
        axes.plot((100 * mean,), (row,), "o", markersize=4.5, color=BLUE)
        axes.annotate(
            f"{100 * mean:.1f}", (1.0, row), xycoords=("axes fraction", "data"), xytext=(5, 0),
            textcoords="offset points", va="center", fontsize=SMALL, annotation_clip=False,
        )  # fmt: skip
    low, high = 100 * min(ends), 100 * max(ends)
    margin = max(1.0, 0.06 * (high - low))
    axes.set_xlim(max(0.0, low - margin), min(100.5, high + margin))
    axes.set_xlabel("right, % (the axis does not begin at 0)")
    return Drawn(
        "groups",
        "Means over seeds and folds",
        figure,
        "Dots: means. Lines: 95 % intervals of the clips (Wilson). "
        "Rings: single seeds, over all folds.",
    )


def curves(runs: Mapping[str, Sequence[dict[str, Any]]], name: str = "curves") -> Drawn | None:
    """Training and validation accuracy and loss by epoch; None where nothing was kept.

    runs: the epochs of metrics.jsonl by name of the run.
    """
    known = {run: lines for run, lines in runs.items() if len(lines) >= LEAST_CURVE}
    if not known:
        return None
    rows = math.ceil(len(known) / 3)
    figure = canvas(9.4, 3.1 + 0.18 * rows)
    for place, (key, label, scale) in enumerate(
        (("accuracy", "right, %", 100.0), ("loss", "loss", 1.0))
    ):
        axes = panel(figure, 0.6 + 4.7 * place, 0.5, 3.9, 2.3)
        for number, (run, lines) in enumerate(known.items()):
            color = SERIES[number % len(SERIES)]
            _curve(axes, lines, "train", key, scale, color=color, alpha=0.55, linewidth=0.9)
            _curve(axes, lines, "validation", key, scale, color=color, linewidth=1.4)
            axes.plot([], [], color=color, label=shortened(run, 34))
            if len(known) == 1:
                _stages(axes, lines)
        axes.set_xlabel("epoch, all stages in a row")
        axes.set_ylabel(label)
        axes.set_xlim(0, None)
        axes.grid(axis="y", color=GRID)
        if key == "accuracy":
            axes.set_ylim(0, 103)
            if len(known) > 1:
                axes.legend(
                    loc="lower left", bbox_to_anchor=(-0.1, 1.02), ncols=3, fontsize=TEXT - 0.5
                )
        else:
            axes.set_ylim(0, None)
    validated = any(line.get("validation") for lines in known.values() for line in lines)
    told = (
        "Thin: training clips. Thick: validation clips."
        if validated
        else ("Training clips; there was no validation part.")
    )
    return Drawn(name, "Accuracy and loss by epoch", figure, told)


def _curve(
    axes: Any, lines: Sequence[dict[str, Any]], part: str, key: str, scale: float, **style: Any
) -> None:
    places = [
        (number, scale * float(line[part][key]))
        for number, line in enumerate(lines, 1)
        if line.get(part) and isinstance(line[part].get(key), int | float)
    ]
    if places:
        axes.plot(*zip(*places, strict=True), **style)


def _stages(axes: Any, lines: Sequence[dict[str, Any]]) -> None:
    """A line where a stage begins, with its name."""
    last, raised, end = None, False, 0.0
    for number, line in enumerate(lines, 1):
        if line.get("stage") != last:
            last = line.get("stage")
            raised = number < end and not raised
            end = number + STAGE_NAME * len(lines)
            if number > 1:
                axes.axvline(number - 0.5, color=GRID, linewidth=0.8)
            axes.annotate(
                shortened(str(last), 16), (number, 1.0), xycoords=("data", "axes fraction"),
                xytext=(1, 10 if raised else 2), textcoords="offset points", fontsize=SMALL,
                color=MUTED,
            )  # fmt: skip
