"""Confusion matrices of streams and fusion side by side, and what the fusion changes.

Cells are coloured by the share of the true class; empty ones are the page itself, so that one
picture serves light and dark. Up to ``NUMBERED`` classes the clips of a cell are written in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline
from numpy.typing import NDArray

from harstudio.reports.documents import Matrix
from harstudio.reports.figures import (
    BLUE,
    GRID,
    RED,
    SMALL,
    TITLE,
    Drawn,
    canvas,
    panel,
    shortened,
    width_of,
)

NUMBERED = 40
CELL, SMALL_CELL = 0.165, 0.095  # inches
LEVELS = 24  # of colour
LONGEST = 44  # characters of a class
GAP = 0.35


def confusion(
    matrices: Mapping[str, Matrix], classes: Sequence[str], name: str = "confusion"
) -> Drawn:
    """Counts of each judge; rows are true classes, columns what was said."""
    counts = _arrays(matrices)
    whole = all(np.array_equal(one, np.round(one)) for one in counts.values())
    figure = _side_by_side(
        [
            (f"{judge}, {np.trace(one) / max(1.0, one.sum()):.1%} right", one / _rows(one), one)
            for judge, one in counts.items()
        ],
        classes,
        "g" if whole else ".1f",
    )
    return Drawn(
        name,
        "Confusion matrices",
        figure,
        "Rows are what is true, columns what was said (by the numbers of the rows). The stronger "
        "the colour, the greater the share of the row.",
    )


def difference(matrices: Mapping[str, Matrix], classes: Sequence[str]) -> Drawn:
    """The last matrix (the fusion) minus each of the others."""
    counts = _arrays(matrices)
    *streams, whole = counts
    changes = {judge: counts[whole] - counts[judge] for judge in streams}
    figure = _side_by_side(
        [
            (f"{whole} minus {judge}", change / _rows(counts[whole]), change)
            for judge, change in changes.items()
        ],
        classes,
        "+g",
    )
    return Drawn(
        "confusion_difference",
        "What the fusion changes",
        figure,
        "Blue: the fusion says it more often than the stream; red: less often. Blue on the "
        "diagonal and red beside it is what a fusion is for.",
    )


def _arrays(matrices: Mapping[str, Matrix]) -> dict[str, NDArray[np.float64]]:
    return {judge: np.asarray(one, dtype=np.float64) for judge, one in matrices.items()}


def _rows(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K, 1) clips of each class, at least 1."""
    clips: NDArray[np.float64] = np.maximum(1.0, counts.sum(axis=1, keepdims=True))
    return clips


def _side_by_side(
    panels: Sequence[tuple[str, NDArray[np.float64], NDArray[np.float64]]],
    classes: Sequence[str],
    form: str,
) -> Any:
    count = len(classes)
    large = count > NUMBERED
    cell, size = (SMALL_CELL, 5.0) if large else (CELL, 6.5)
    shown = [f"{shortened(name, LONGEST)}  {k + 1}" for k, name in enumerate(classes)]
    left = 0.3 + max(width_of(name, size) for name in shown)
    side = max(cell * count, 1.0)
    step = max(side, *(width_of(title, TITLE) for title, *_ in panels)) + GAP
    figure = canvas(left + step * len(panels), side + 0.75)
    for number, (title, shares, counts) in enumerate(panels):
        axes = panel(figure, left + number * step, 0.4, side, side)
        axes.set_xlim(-0.5, count - 0.5)
        axes.set_ylim(count - 0.5, -0.5)
        axes.set_title(title, pad=5)
        axes.set_xticks(
            range(count), [str(k + 1) for k in range(count)], rotation=90, fontsize=size
        )
        axes.set_yticks(range(count), shown if number == 0 else [""] * count, fontsize=size)
        axes.tick_params(length=0, pad=2)
        axes.set_xlabel("said", fontsize=SMALL, labelpad=2)
        for spine in axes.spines.values():
            spine.set(visible=True, color=GRID)
        axes.add_patch(_diagonal(count))
        _cells(axes, shares)
        if not large:
            _numbers(axes, counts, form, size - 0.5 if form == "g" else size - 1.5)
    return figure


def _diagonal(count: int) -> PathPatch:
    """The outline of where said and true are one."""
    return PathPatch(
        _squares([(k, k) for k in range(count)]), facecolor="none", edgecolor=GRID, linewidth=0.5
    )


def _cells(axes: Any, shares: NDArray[np.float64]) -> None:
    """One shape a level of colour, so that large matrices stay small files."""
    levels = np.sign(shares) * np.ceil(np.abs(shares) * LEVELS - 1e-9)
    for level in np.unique(levels[levels != 0]):
        places = np.argwhere(levels == level).tolist()
        axes.add_patch(
            PathPatch(
                _squares(places), linewidth=0, facecolor=BLUE if level > 0 else RED,
                alpha=round(0.12 + 0.88 * abs(float(level)) / LEVELS, 3),
            )
        )  # fmt: skip


def _squares(places: Sequence[Sequence[int]]) -> Outline:
    unit = Rectangle((0, 0), 1, 1).get_path()
    corners = np.asarray(unit.vertices)
    return Outline.make_compound_path(
        *(Outline(np.add(corners, (column - 0.5, row - 0.5)), unit.codes) for row, column in places)
    )


def _numbers(axes: Any, counts: NDArray[np.float64], form: str, size: float) -> None:
    for row, column in np.argwhere(np.abs(counts) > 1e-9).tolist():
        axes.text(
            column, row, format(counts[row, column], form).replace("-", "−"),
            ha="center", va="center_baseline", fontsize=size,
        )  # fmt: skip
