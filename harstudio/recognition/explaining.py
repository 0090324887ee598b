"""From what a network tells about a batch (Gaze) to what a person sees (Explanation).

A Gaze lies on an input: positions in time of the (3, T, V, M) skeleton, cells of the cropped
picture. The Placement of a window says where those are in the recording: times, pixels, persons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.learning.inputs.places import WHOLE, PicturePlace, Placement
from harstudio.networks.network import Gaze
from harstudio.networks.shown import places
from harstudio.results import (
    Box,
    Cut,
    Explanation,
    HeatMap,
    Importance,
    JointWeights,
    Kind,
    Matrix,
    ModalityShare,
    Picture,
    Relation,
)

PICTURE, FOCUS = "picture", "focus"
NO_TIMES = np.zeros(0, dtype=np.int64)
MOSAIC = 32  # cells of a stream's shorter side that a map over a mosaic is drawn back to


@dataclass(frozen=True, slots=True)
class Explainer:
    """What all windows of one run share. target: the class that is explained, None = the one that
    the network says."""

    title: str  # of the network
    classes: tuple[str, ...]
    topology: str
    modalities: tuple[str, ...]
    target: int | None = None

    def explain(
        self,
        gazes: Mapping[str, Gaze],
        item: int,
        placement: Placement,
        window: tuple[int, int],
        label: int,
    ) -> tuple[Explanation, ...]:
        """Everything told about one item of the batch, in recording coordinates.

        window: ``[start_ns, end_ns)`` of the item. label: what the network said. A gaze on an
        input that the window has nothing of (nobody seen, no picture) is left out, and so is one
        that is no number somewhere.
        """
        target = label if self.target is None else self.target
        told = (
            self._one(name, gaze, item, placement, window, target) for name, gaze in gazes.items()
        )
        return tuple(one for one in told if one is not None)

    def _one(
        self,
        name: str,
        gaze: Gaze,
        item: int,
        placement: Placement,
        window: tuple[int, int],
        target: int,
    ) -> Explanation | None:
        values = _numbers(gaze, item, target)
        if not np.isfinite(values).all():
            return None
        words = (
            [name]
            + [f"for {self.classes[target]}"] * (gaze.per_class or gaze.of_class)
            + [self.title]
        )
        if gaze.kind is Kind.HEAT_MAP:
            return _heat_map(name, words, gaze, values, placement)
        if gaze.kind is Kind.JOINT_WEIGHTS:
            return self._joint_weights(name, words, gaze, values, placement)
        if gaze.kind is Kind.RELATION:
            return self._relation(name, words, gaze, values, placement)
        meaning = ", ".join(words)
        if gaze.kind is Kind.MATRIX:
            return Matrix(name, meaning, values, gaze.rows, gaze.columns)
        if gaze.kind is Kind.PICTURE:
            pixels = np.rint(np.clip(values, 0, 1).transpose(1, 2, 0) * 255).astype(np.uint8)
            return _picture(name, meaning, pixels, placement.pictures.get(gaze.on))
        times = self._times(gaze, placement, window, len(values))
        values, times = by_time(values, times)
        if gaze.kind is Kind.MODALITY_SHARE:
            return ModalityShare(name, meaning, times, self.modalities, values)
        return Importance(name, meaning, times, _shown(values, gaze.per_class))

    def _joint_weights(
        self,
        name: str,
        words: Sequence[str],
        gaze: Gaze,
        values: NDArray[np.float32],
        placement: Placement,
    ) -> JointWeights | None:
        frames = placement.times_ns.get(gaze.on, NO_TIMES)
        seen = np.array([bool(person) for person in placement.persons], dtype=np.bool_)
        if not len(frames) or not seen.any():
            return None
        values, times = by_time(over_frames(values, len(frames)), frames)
        shown = np.zeros_like(values)
        shown[:, :, seen] = _shown(values[:, :, seen], gaze.per_class)
        return JointWeights(name, ", ".join(words), self.topology, times, shown, placement.persons)

    def _relation(
        self,
        name: str,
        words: Sequence[str],
        gaze: Gaze,
        values: NDArray[np.float32],
        placement: Placement,
    ) -> Relation | None:
        rows, columns = gaze.grid
        meaning = ", ".join(words)
        if not rows * columns:
            person = next(iter(placement.persons), "")
            return Relation(name, meaning, values, (0, 0), self.topology, person)
        place = placement.pictures.get(gaze.on)
        if place is None:
            return None
        middle = len(place.shots) // 2  # of several pictures the one in the middle is related
        shot, pointer = place.shots[middle], next(iter(place.pointers[middle:]), None)
        person = pointer.person if pointer else next(iter(placement.persons), "")
        return Relation(
            name, f"{meaning}, {rows}x{columns}", values, (rows, columns), self.topology, person,
            place.stream, shot.time_ns, _within(shot.box, gaze.over),
        )  # fmt: skip

    def _times(
        self, gaze: Gaze, placement: Placement, window: tuple[int, int], count: int
    ) -> NDArray[np.int64]:
        """When each of ``count`` positions of an input was."""
        frames = placement.times_ns.get(PICTURE if gaze.on == FOCUS else gaze.on, NO_TIMES)
        if len(frames) and (len(frames) > 1 or count == 1):
            return np.sort(frames)[_middles(count, len(frames))]
        start, end = window
        shares = (2 * np.arange(count) + 1) / (2 * max(count, 1))
        return (start + np.floor(shares * (end - start))).astype(np.int64)


def _heat_map(
    name: str,
    words: Sequence[str],
    gaze: Gaze,
    values: NDArray[np.float32],
    placement: Placement,
) -> HeatMap | None:
    """Cells over the parts of the pictures that the network saw; the square where the map comes
    from it (on ``focus``). One map of several frames (a dynamic image) lies on all of them."""
    pointed = gaze.on == FOCUS
    place = placement.pictures.get(PICTURE if pointed else gaze.on)
    if place is None:
        return None
    shots = place.shots
    meaning = ", ".join([*words, f"{values.shape[1]}x{values.shape[2]}"])
    shown = _shown(values, gaze.per_class)
    if any(shot.part != WHOLE for shot in shots):
        return _from_mosaic(name, meaning, place, shown[0], gaze.over)
    pointer = place.pointers[0] if pointed and place.pointers else None
    times, first = np.unique(place.times_ns, return_index=True)  # a short clip shows a frame twice
    return HeatMap(
        name=name,
        meaning=meaning,
        stream=place.stream,
        times_ns=times,
        values=over_frames(shown, len(shots))[first],
        boxes=tuple(_within(shots[k].box, gaze.over) for k in first),
        outlines=tuple(one.box for one in place.pointers if one) if pointed else (),
        joint=pointer.joint if pointer else None,
        moved_m=pointer.moved_m if pointer else None,
    )


def _picture(
    name: str, meaning: str, pixels: NDArray[np.uint8], place: PicturePlace | None
) -> Picture:
    """What the network was given, with the parts of the frames that it was made from; a short clip
    shows a frame twice, and it is told once."""
    if place is None:
        return Picture(name, meaning, pixels)
    several = list(dict.fromkeys(one.of for one in place.shots))
    parts = [one.part for one in place.shots]
    if len(several) > 1 and all(part == WHOLE for part in parts):  # pictures of parts of the clip
        where = dict(zip(several, places(len(several)), strict=True))
        parts = [where[one.of] for one in place.shots]
    cuts = dict.fromkeys(
        Cut(one.time_ns, one.box, part, one.of)
        for one, part in zip(place.shots, parts, strict=True)
    )
    return Picture(name, meaning, pixels, place.stream, tuple(cuts))


def _from_mosaic(
    name: str, meaning: str, place: PicturePlace, values: NDArray[np.float32], over: Box
) -> HeatMap:
    """A map over a mosaic, each piece brought back to where it was cut out: one map a frame over
    all that its pieces show. over: the part of the mosaic that its cells divide."""
    times = np.unique(place.times_ns)
    boxes, maps = [], []
    for time_ns in times:
        pieces = [shot for shot in place.shots if shot.time_ns == time_ns]
        around = Box(
            min(one.box.left for one in pieces), min(one.box.top for one in pieces),
            max(one.box.right for one in pieces), max(one.box.bottom for one in pieces),
        )  # fmt: skip
        high, wide = around.bottom - around.top, around.right - around.left
        unit = max(min(high, wide) / MOSAIC, max(high, wide) / (4 * MOSAIC))
        map_ = np.zeros((max(1, round(high / unit)), max(1, round(wide / unit))), np.float32)
        for one in pieces:
            piece = _piece(values, over, one.part, _cells(one.box, unit))
            top, left = (
                round((one.box.top - around.top) / unit), round((one.box.left - around.left) / unit)
            )  # fmt: skip
            here = map_[top : top + piece.shape[0], left : left + piece.shape[1]]
            np.maximum(here, piece[: here.shape[0], : here.shape[1]], out=here)
        boxes.append(around)
        maps.append(map_)
    size = max(one.shape[0] for one in maps), max(one.shape[1] for one in maps)
    same = [cv2.resize(one, (size[1], size[0]), interpolation=cv2.INTER_AREA) for one in maps]
    return HeatMap(name, meaning, place.stream, times, np.stack(same), tuple(boxes))


def _cells(box: Box, unit: float) -> tuple[int, int]:
    return max(1, round((box.right - box.left) / unit)), max(
        1, round((box.bottom - box.top) / unit)
    )


def _within(box: Box, share: Box) -> Box:
    """A part of a box, given in shares of it."""
    wide, high = box.right - box.left, box.bottom - box.top
    return Box(
        box.left + share.left * wide, box.top + share.top * high,
        box.left + share.right * wide, box.top + share.bottom * high,
    )  # fmt: skip


def _piece(
    values: NDArray[np.float32], over: Box, part: Box, size: tuple[int, int]
) -> NDArray[np.float32]:
    """A map whose cells divide ``over``, in a part of the input, with size = (wide, high) places:
    linear between the middles of cells that touch the part; other pieces have no say."""
    rows, columns = values.shape
    x = _on_cells((part.left, part.right), (over.left, over.right), columns, size[0])
    y = _on_cells((part.top, part.bottom), (over.top, over.bottom), rows, size[1])
    across, down = np.meshgrid(x, y)
    piece = cv2.remap(values, across, down, cv2.INTER_LINEAR)
    return np.asarray(piece, dtype=np.float32)


def _on_cells(
    part: tuple[float, float], over: tuple[float, float], count: int, places: int
) -> NDArray[np.float32]:
    """Where places along a part lie, in cells from the middle of the first."""
    start, end = ((edge - over[0]) / (over[1] - over[0]) * count for edge in part)
    first = min(max(floor(start + 1e-6), 0), count - 1)
    last = min(max(ceil(end - 1e-6) - 1, first), count - 1)
    at = start + (np.arange(places) + 0.5) / places * (end - start) - 0.5
    cells: NDArray[np.float32] = np.clip(at, first, last).astype(np.float32)
    return cells


def over_frames(values: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """(T', ...) -> (frames, ...): linear between positions, T' spread evenly.

    Position k lies on frame ``k * frames / T'``, where a convolution with that stride has its
    middle; after the last the last stands.
    """
    count = len(values)
    if count == frames:
        return values.copy()
    at = np.minimum(np.arange(frames) * (count / frames), count - 1)
    left = np.floor(at).astype(np.int64)
    right = np.minimum(left + 1, count - 1)
    weight = (at - left).astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
    mixed: NDArray[np.float32] = (1 - weight) * values[left] + weight * values[right]
    return mixed


def by_time(
    values: NDArray[np.float32], times_ns: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """One row a time, in order: the mean of all rows of that time (a short clip is played again
    until the input is full, so that one moment is seen several times)."""
    times, place, counts = np.unique(times_ns, return_inverse=True, return_counts=True)
    sums = np.zeros((len(times), *values.shape[1:]))
    np.add.at(sums, place.ravel(), values)
    means = sums / counts.reshape(-1, *[1] * (values.ndim - 1))
    return means.astype(np.float32), times.astype(np.int64)


def evidence(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """What speaks for a class, from least to most: negative is 0, then from 0 to 1."""
    positive = np.maximum(values, 0)
    least, most = float(positive.min()), float(positive.max())
    if most <= least:
        return np.zeros_like(values)
    scaled: NDArray[np.float32] = (positive - np.float32(least)) / np.float32(most - least)
    return scaled


def _shown(values: NDArray[np.float32], per_class: bool) -> NDArray[np.float32]:
    """Raw evidence from 0 to 1; weights that are shares already stay as they are."""
    return evidence(values) if per_class else np.clip(values, 0, 1)


def _numbers(gaze: Gaze, item: int, target: int) -> NDArray[np.float32]:
    """One item; of evidence for every class that for one, over the mean of all classes: a softmax
    knows no other zero, so that a class may win with logits below nought."""
    values = gaze.values[item].detach().float()
    if gaze.per_class:
        values = values[target] - values.mean(dim=0)
    numbers: NDArray[np.float32] = values.cpu().numpy()
    return numbers


def _middles(count: int, frames: int) -> NDArray[np.int64]:
    """The frame in the middle of each of ``count`` positions."""
    return np.minimum(np.arange(count) * frames // max(count, 1), frames - 1)
