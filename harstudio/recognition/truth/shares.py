"""How much of a map lies on a place, against what would lie there by chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harstudio.results import Box, HeatMap, JointWeights

TOP = 0.1  # share of the area that the heaviest part of a map takes
FINE = 8  # samples a cell across
MOST_FRAMES = 6  # of a clip that are looked at

Mask = NDArray[np.bool_]
Where = Callable[[str, int], Mask | None]  # stream, time -> (h, w) of its picture


@dataclass(frozen=True, slots=True)
class OnPlace:
    """share: of a map's weight that lies on a place. chance: what lies there of a map that weighs
    everything alike: the share of the area, or of the joints. most: what would lie there of a map
    with all its weight on one cell a frame, the best one, or on those joints. top: share of the
    heaviest tenth of the map's area that lies there; None of joints."""

    share: float
    chance: float
    most: float
    top: float | None = None

    @property
    def ratio(self) -> float:
        """How many times chance."""
        return self.share / self.chance


def on_picture(
    told: HeatMap, where: Where, shown: NDArray[np.bool_] | None = None
) -> OnPlace | None:
    """What of a heat map lies on a place; a cell's weight is spread evenly over its area, and what
    lies beyond the picture counts nowhere.

    shown: (t, h, w), which cells the network saw (``pieces.shown_in``), None = all; others count
    nowhere, so that chance is by the area that the network saw.

    At most six of the map's frames are looked at, evenly. None where the place is not in sight, or
    the map is blank.
    """
    frames = np.unique(
        np.rint(np.linspace(0, len(told.times_ns) - 1, min(MOST_FRAMES, len(told.times_ns))))
    ).astype(int)
    weights, inside, best = [], [], []
    for k in frames.tolist():
        mask = where(told.stream, int(told.times_ns[k]))
        if mask is None:
            continue
        rows, columns = told.values.shape[1:]
        there, real = sampled(mask, told.boxes[k], rows * FINE, columns * FINE)
        fine = np.kron(told.values[k], np.ones((FINE, FINE), dtype=np.float32))
        if shown is not None:
            real &= np.kron(shown[k], np.ones((FINE, FINE), dtype=np.bool_))
            there &= real
        weights.append(fine[real])
        inside.append(there[real])
        best.append(float(there.reshape(rows, FINE, columns, FINE).mean(axis=(1, 3)).max()))
    if not weights:
        return None
    weight, on = np.concatenate(weights).astype(np.float64), np.concatenate(inside)
    total = float(weight.sum())
    if total <= 0 or not on.any() or on.all():
        return None
    share = float(weight[on].sum()) / total
    return OnPlace(share, float(on.mean()), float(np.mean(best)), _top(weight, on))


def _top(weight: NDArray[np.float64], on: Mask) -> float:
    """Share of the heaviest tenth that lies on the place; of weights that are alike at its edge
    each counts in part."""
    count = max(1, round(TOP * len(weight)))
    edge = float(np.partition(weight, -count)[-count])
    above, level = weight > edge, weight == edge
    left = count - int(above.sum())
    return float((on[above].sum() + left * on[level].mean()) / count)


def sampled(mask: Mask, box: Box, rows: int, columns: int) -> tuple[Mask, Mask]:
    """(rows, columns) samples of a box: whether the mask holds, and whether they lie in the
    picture."""
    y = box.top + (np.arange(rows) + 0.5) * (box.bottom - box.top) / rows
    x = box.left + (np.arange(columns) + 0.5) * (box.right - box.left) / columns
    height, width = mask.shape
    real = ((y >= 0) & (y < height))[:, None] & ((x >= 0) & (x < width))[None]
    row, column = y.astype(int).clip(0, height - 1), x.astype(int).clip(0, width - 1)
    return mask[np.ix_(row, column)] & real, real


def on_joints(told: JointWeights, joints: list[int]) -> OnPlace | None:
    """What of joint weights lies on some joints, over all persons seen and all moments."""
    seen = np.array([bool(person) for person in told.persons])
    values = told.values[:, :, seen].astype(np.float64)
    total = float(values.sum())
    if total <= 0 or not joints or len(joints) == values.shape[1]:
        return None
    return OnPlace(float(values[:, joints].sum()) / total, len(joints) / values.shape[1], 1.0)


def means_of_joints(told: JointWeights, joints: list[int]) -> tuple[float, float] | None:
    """Mean weight of some joints, and of all others."""
    seen = np.array([bool(person) for person in told.persons])
    values = told.values[:, :, seen].astype(np.float64)
    others = [k for k in range(values.shape[1]) if k not in joints]
    if not values.size or not joints or not others:
        return None
    return float(values[:, joints].mean()), float(values[:, others].mean())
