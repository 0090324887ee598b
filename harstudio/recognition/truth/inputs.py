"""Explanations brought back onto the inputs that they lie on, in units that can be taken away.

A unit of a picture input is a cell of a square grid in one of a few parts of its frames; a unit of
a skeleton is a joint of a person in a quarter of the clip's time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.learning.inputs.places import WHOLE, PicturePlace, Placement, Shot
from harstudio.results import HeatMap, JointWeights

Floats = NDArray[np.float32]
# Of a grid's side: as coarse as a coarse map, else as the maps of usual backbones, so that maps of
# nearly one size share random orders. Of a mosaic two by two a piece.
COARSE, USUAL, MOSAIC_CELLS = 4, 7, 10
PARTS = 4  # of the frames, each of which is taken away by itself
FINE = 6  # samples a cell across
BLUR = 0.125  # standard deviation as a share of the input's side


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What of an input can be taken away: weights (n,), and what the input is with it taken away.

    values: the input. instead: what stands in a unit's place, of the input's shape. owner: of the
    input's shape, broadcastable; the unit of every number, -1 = of none, which always stays.
    grid: what orders of units are shared by, where several explanations lie on one input.
    """

    name: str
    weights: NDArray[np.float64]
    values: Floats
    instead: Floats
    owner: NDArray[np.intp]
    grid: tuple[int, ...]

    def without(self, gone: NDArray[np.bool_]) -> Floats:
        """The input with the units gone ((n,) bool) replaced."""
        taken = np.append(gone, False)[self.owner]  # -1 is the last, which stays
        out: Floats = np.where(taken, self.instead, self.values)
        return out


# ---- pictures


def picture_units(told: HeatMap, values: Floats, place: PicturePlace, name: str) -> Units:
    """The units of a picture-like input (3, H, W) or (3, F, H, W) under a heat map.

    Where the input shows a piece of the recording's picture, the map's value there is the unit's
    weight. In place of a unit stands the input through a Gaussian of an eighth of its side.
    """
    pieces = any(shot.part != WHOLE for shot in place.shots)
    frames = values.shape[1] if values.ndim == 4 else 1
    side = COARSE if max(told.values.shape[1:]) <= COARSE + 1 else USUAL
    if pieces:
        side = MOSAIC_CELLS
    by_frame = [place.shots] if pieces else _shots_of(place.shots, frames)
    painted = np.stack([_painted(told, shots, side) for shots in by_frame])
    if len(painted) < frames:
        painted = np.repeat(painted, frames, axis=0)
    parts = np.array_split(np.arange(frames), min(frames, PARTS))
    weights = np.stack([painted[part].mean(axis=0) for part in parts])
    owner = _owner(values.shape, side, parts)
    return Units(
        name, weights.reshape(-1).astype(np.float64), values, blurred(values), owner,
        (len(parts), side, side),
    )  # fmt: skip


def _shots_of(shots: Sequence[Shot], frames: int) -> list[Sequence[Shot]]:
    """The shots that each frame of an input shows: one each, or equal parts of them (dynamic
    images)."""
    if len(shots) == frames:
        return [(shot,) for shot in shots]
    bounds = np.linspace(0, len(shots), frames + 1).round().astype(int).tolist()
    return [shots[min(a, len(shots) - 1) : max(b, a + 1)] for a, b in pairwise(bounds)]


def _painted(told: HeatMap, shots: Sequence[Shot], side: int) -> NDArray[np.float64]:
    """(side, side) the map over one frame of an input, the mean over its shots."""
    size = side * FINE
    total, count = np.zeros((size, size)), np.zeros((size, size))
    at = (np.arange(size) + 0.5) / size
    for shot in shots:
        k = int(np.abs(told.times_ns - shot.time_ns).argmin())
        box, part = told.boxes[k], shot.part
        across = (at >= part.left) & (at < part.right)
        down = (at >= part.top) & (at < part.bottom)
        if not (across.any() and down.any()):
            continue
        x = shot.box.left + (at[across] - part.left) / (part.right - part.left) * (
            shot.box.right - shot.box.left
        )
        y = shot.box.top + (at[down] - part.top) / (part.bottom - part.top) * (
            shot.box.bottom - shot.box.top
        )
        rows, columns = told.values.shape[1:]
        row = ((y - box.top) / (box.bottom - box.top) * rows).astype(int).clip(0, rows - 1)
        column = (
            ((x - box.left) / (box.right - box.left) * columns).astype(int).clip(0, columns - 1)
        )
        there = np.ix_(down, across)
        total[there] += told.values[k][np.ix_(row, column)]
        count[there] += 1
    mean = total / np.maximum(count, 1)
    cells: NDArray[np.float64] = mean.reshape(side, FINE, side, FINE).mean(axis=(1, 3))
    return cells


def _owner(
    shape: tuple[int, ...], side: int, parts: Sequence[NDArray[np.intp]]
) -> NDArray[np.intp]:
    """The unit of every pixel: (1, H, W) or (1, F, H, W)."""
    height, width = shape[-2:]
    cell = (np.arange(height) * side // height)[:, None] * side + np.arange(width) * side // width
    if len(shape) == 3:
        return cell[None].astype(np.intp)
    part = np.empty(shape[1], dtype=np.intp)
    for k, frames in enumerate(parts):
        part[frames] = k
    return (part[:, None, None] * side * side + cell)[None].astype(np.intp)


def blurred(values: Floats) -> Floats:
    """(3, H, W) or (3, F, H, W) through a Gaussian of an eighth of the side, frame by frame."""
    out = np.empty_like(values)
    sigma = BLUR * min(values.shape[-2:])
    for index in np.ndindex(values.shape[:-2]):
        plane = np.ascontiguousarray(values[index])
        out[index] = cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return out


# ---- joints


def joint_units(
    told: JointWeights, values: Floats, placement: Placement, name: str, rest: Floats, origin: int
) -> Units:
    """The units of a skeleton input (3, T, V, M) under joint weights.

    rest: (3, V) the mean pose of all clips that are looked at, seen from the origin joint; in place
    of a unit stands that pose where the person is on average, so that neither movement nor posture
    is left.
    """
    times = placement.times_ns[name]
    joints, places = values.shape[2:]
    people = [m for m, person in enumerate(placement.persons[:places]) if person]
    since = (times - times.min()) / max(1, int(times.max() - times.min()))
    quarter = np.minimum((since * PARTS).astype(int), PARTS - 1)
    nearest = np.abs(told.times_ns[None] - times[:, None]).argmin(axis=1)
    seen = told.values[nearest]
    weights = np.zeros((PARTS, joints, len(people)))
    owner = np.full((1, len(times), joints, places), -1, dtype=np.intp)
    instead = values.copy()
    for k, m in enumerate(people):
        middle = values[:, :, origin, m].mean(axis=1)
        instead[..., m] = (rest + middle[:, None])[:, None]
        for q in range(PARTS):
            frames = quarter == q
            if frames.any():
                weights[q, :, k] = seen[frames][:, :, m].mean(axis=0)
            units = (q * joints + np.arange(joints)) * len(people) + k
            owner[0, frames, :, m] = units
    return Units(name, weights.reshape(-1), values, instead, owner, weights.shape)


def mean_pose(skeletons: Sequence[Floats], places: Sequence[Placement], origin: int) -> Floats:
    """(3, V) the mean over time, persons and clips of joints seen from the origin joint."""
    poses = [
        (values[:, :, :, m] - values[:, :, origin, m][:, :, None]).mean(axis=1)
        for values, place in zip(skeletons, places, strict=True)
        for m, person in enumerate(place.persons[: values.shape[3]])
        if person
    ]
    return np.asarray(np.mean(np.stack(poses), axis=0), dtype=np.float32)
