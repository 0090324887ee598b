"""How true explanations are, as figures and tables of an evaluation's report."""

from __future__ import annotations

from typing import Any

import numpy as np

from harstudio.reports.figures import BLUE, MUTED, ORANGE, Drawn, canvas, panel, shortened
from harstudio.reports.tables import Column, Table
from harstudio.runs.truth import ALIKE, BETTER, ON_HANDS, Checked, OnPlace, Removal, Truth
from harstudio.runs.truth_rows import reasons

ACROSS = 3  # explanations side by side
WIDE, HIGH = 2.05, 1.55  # inches of a panel
LONGEST = 30  # characters of a name


def curves(truth: Truth) -> Drawn | None:
    """Curves of deletion and insertion of every explanation that has them."""
    shown = truth.curves
    if not shown:
        return None
    columns = min(ACROSS, len(shown))
    rows = -(-len(shown) // columns)
    figure = canvas(0.65 + columns * (WIDE + 0.35), 0.75 + rows * (HIGH + 0.5))
    for number, one in enumerate(shown):
        row, column = divmod(number, columns)
        left = 0.6 + column * (WIDE + 0.35)
        axes = panel(figure, left, 0.5 + (rows - 1 - row) * (HIGH + 0.5), WIDE, HIGH)
        _two_curves(axes, one)
        if row == rows - 1 or number + columns >= len(shown):
            axes.set_xlabel("taken away or put in, %")
        if not column:
            axes.set_ylabel("probability, %")
        if not number:
            axes.legend(
                loc="lower left", bbox_to_anchor=(0, 1.14), ncols=3, borderpad=0, borderaxespad=0
            )
    return Drawn(
        "explanation_curves",
        "Deletion and insertion",
        figure,
        "Mean probability of the explained class over the clips whose answer rests on the input. "
        "The faster deletion falls below the random orders and the sooner insertion rises above "
        "them, the truer is the map.",
    )


def _two_curves(axes: Any, one: Checked) -> None:
    for removal, color, name in (
        (one.deletion, BLUE, "deletion"),
        (one.insertion, ORANGE, "insertion"),
    ):
        if removal is None:
            continue
        x = np.linspace(0, 100, len(removal.curve))
        axes.plot(x, 100 * np.array(removal.curve), color=color, linewidth=1.4, label=name)
        axes.plot(
            x, 100 * np.array(removal.random_curve), color=MUTED, linewidth=0.9,
            linestyle=(0, (3, 2)), label="random" if name == "insertion" else None,
        )  # fmt: skip
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 103)
    axes.set_title(shortened(one.name, LONGEST), fontsize=8)
    axes.grid(axis="y")
    axes.set_axisbelow(True)


def main_table(truth: Truth) -> Table:
    """Every explanation that has a figure."""
    return Table(
        "explanations",
        "Explanations",
        (
            Column("explanation"),
            Column("clips", "count"),
            Column("deletion", "share"),
            Column("95 % interval", "interval"),
            Column("insertion", "share"),
            Column("95 % interval", "interval"),
            Column("random weights", "number"),
            Column("people", "times"),
            Column("hands", "times"),
            Column("at most", "times"),
        ),
        tuple(
            (
                one.name,
                one.clips,
                *_removal(one.deletion),
                *_removal(one.insertion),
                None if one.randomised is None else one.randomised.median,
                _ratio(one.person),
                _ratio(one.hands),
                None if one.hands is None else one.hands.most,
            )
            for one in truth.explanations
            if any((one.deletion, one.randomised, one.person, one.hands))
        ),
        caption="Deletion, insertion: share of the clips on which the map beats random orders, aim "
        f"{100 * BETTER:.0f} %. Random weights: rank correlation with the maps of the same network "
        f"before any training, aim at most {ALIKE:g}. People, hands: times chance by area (of "
        f"joints: by number), hands in actions of the hands; aim of maps over pictures "
        f"{ON_HANDS:g}. At most: what a map of these cells could reach there. An empty cell does "
        "not apply.",
    )


def failing(truth: Truth) -> list[tuple[str, list[str]]]:
    """Of each explanation the aims that it does not reach."""
    found = [(one.name, list(one.failures().values())) for one in truth.explanations]
    return [(name, words) for name, words in found if words]


def _removal(removal: Removal | None) -> tuple[Any, Any]:
    return (None, None) if removal is None else (removal.better, removal.ci95)


def _ratio(place: OnPlace | None) -> float | None:
    return None if place is None else place.ratio


def parts_table(truth: Truth) -> Table:
    """The figures that AMFI-Net's paper prints of its maps."""
    rows: list[tuple[Any, ...]] = []
    for one in truth.explanations:
        if one.top_tenth is not None:
            top = one.top_tenth
            rows.append((one.name, "top tenth on hands and head", top.share, top.ci95, top.chance))
        if one.hand_joints is not None:
            joints = one.hand_joints
            rows.append((one.name, "mean weight of hand joints", joints.hands, None, joints.others))
    return Table(
        "explanations_parts",
        "Hands and head",
        (
            Column("explanation"),
            Column("figure"),
            Column("value", "number"),
            Column("95 % interval", "interval"),
            Column("chance, or other joints", "number"),
        ),
        tuple(rows),
        caption="After what AMFI-Net's paper prints of its own network, 72 % and 0.68; here with "
        "discs of 0.12 m around hands and head.",
    )


def gates_table(truth: Truth) -> Table:
    """Variance of modalities' shares."""
    return Table(
        "explanations_gates",
        "How steady shares are",
        (
            Column("explanation"),
            Column("of"),
            Column("recordings"),
            Column("clips", "count"),
            Column("mean", "number"),
            Column("variance", "p"),
            Column("a clip's goes off by", "number"),
        ),
        tuple(
            (one.name, one.modality, one.title, one.clips, one.mean, one.variance, one.change)
            for one in truth.gates
        ),
        caption="Over clips; AMFI-Net's paper prints a variance of 0.03 for the skeleton's gate.",
    )


def missing(truth: Truth) -> list[tuple[str, list[str]]]:
    """Of each explanation why figures are missing."""
    found = [(one.name, list(reasons(one))) for one in truth.explanations]
    return [(name, sentences) for name, sentences in found if sentences]
