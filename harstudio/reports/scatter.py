"""Features of streams and fusion in a plane (t-SNE), coloured by class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.reports.documents import Clip, Embedding, Evaluation
from harstudio.reports.figures import (
    GRID,
    INK,
    RED,
    SMALL,
    Drawn,
    canvas,
    panel,
    shortened,
    width_of,
)

SIDE, GAP, TOP = 3.3, 0.25, 0.35  # inches
COLUMNS = 3
ROW = 0.135  # of the list of classes
LONGEST = 34


def features(evaluation: Evaluation, embedding: Embedding) -> Drawn | None:
    """One panel a stream; None where the embedding is of other clips."""
    if embedding.of not in (None, len(evaluation.samples)):
        return None
    clips = [evaluation.samples[k] for k in embedding.samples if k < len(evaluation.samples)]
    if len(clips) != len(embedding.samples) or not embedding.streams or not clips:
        return None
    colors = [label.color for label in LabelSet.of("classes", evaluation.classes).labels]
    labels = np.array([clip.label for clip in clips])
    columns = min(COLUMNS, len(embedding.streams))
    rows = math.ceil(len(embedding.streams) / columns)
    width = columns * (SIDE + GAP) + 0.2
    shown = [f"{k + 1}  {shortened(evaluation.classes[k], LONGEST)}" for k in np.unique(labels)]
    step = max(width_of(name, SMALL - 0.5) for name in shown) + 0.35
    across = max(1, int(width // step))
    deep = math.ceil(len(shown) / across) * ROW
    figure = canvas(max(width, step), rows * (SIDE + TOP + GAP) + deep + 0.15)
    height = figure.get_size_inches()[1]
    for number, (name, places) in enumerate(embedding.streams.items()):
        row, column = divmod(number, columns)
        bottom = height - (row + 1) * (SIDE + TOP) - row * GAP
        axes = panel(figure, 0.1 + column * (SIDE + GAP), bottom, SIDE, SIDE)
        _panel(axes, name, np.array(places), labels, _wrong(clips, name), colors)
    legend = panel(figure, 0.1, 0, max(width, step) - 0.1, deep + 0.05)
    legend.axis("off")
    legend.set(xlim=(0, max(width, step) - 0.1), ylim=(-(deep + 0.05), 0))
    for place, (label, text) in enumerate(zip(np.unique(labels), shown, strict=True)):
        column, row = divmod(place, math.ceil(len(shown) / across))
        legend.plot(
            (column * step + 0.05,), (-(row + 0.5) * ROW,), "o", markersize=4, color=colors[label]
        )
        legend.text(
            column * step + 0.14, -(row + 0.5) * ROW, text, fontsize=SMALL - 0.5,
            va="center_baseline",
        )  # fmt: skip
    return Drawn(
        "features",
        "Features in a plane",
        figure,
        "t-SNE of what streams and fusion hand to their classifiers; near points are "
        "alike, distances between groups mean nothing. Colours and numbers are the true classes; "
        "red rings are clips that were taken for another one.",
    )


def _panel(
    axes: Any,
    name: str,
    places: NDArray[np.float64],
    labels: NDArray[np.int64],
    wrong: NDArray[np.bool_],
    colors: Sequence[str],
) -> None:
    axes.set_title(f"{name}, {len(places)} clips", pad=4)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=GRID)
    axes.margins(0.06)
    for label in np.unique(labels):
        own = places[labels == label]
        axes.plot(*own.T, "o", markersize=2.8, markeredgewidth=0, alpha=0.85, color=colors[label])
    axes.plot(
        *places[wrong].T, "o", markersize=5, markerfacecolor="none", markeredgecolor=RED,
        markeredgewidth=0.7,
    )  # fmt: skip
    for label in np.unique(labels):
        own = places[labels == label]
        # the clip nearest to the median: a group in two pieces is not named between them
        middle = own[np.abs(own - np.median(own, axis=0)).sum(axis=1).argmin()]
        axes.text(
            *middle, str(label + 1), fontsize=SMALL - 0.5, ha="center", va="center_baseline",
            color=INK, weight="bold",
        )  # fmt: skip


def _wrong(clips: Sequence[Clip], stream: str) -> NDArray[np.bool_]:
    """(n,) where the stream, or the network as a whole, is wrong."""
    return np.array([clip.streams.get(stream, clip.predicted) != clip.label for clip in clips])
