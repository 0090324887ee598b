"""From what a network tells about a batch (Gaze) to what a person sees (Explanation).

A Gaze lies on an input: positions in time of the (3, T, V, M) skeleton, cells of the cropped
picture. The Placement of a window says where those are in the recording: times, pixels, persons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harstudio.learning.preprocessing import Placement
from harstudio.networks.network import Gaze
from harstudio.results import (
    Explanation,
    HeatMap,
    Importance,
    JointWeights,
    Kind,
    ModalityShare,
    Relation,
)

SKELETON, PICTURE, FOCUS = "skeleton", "picture", "focus"


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
        input that the window has nothing of (nobody seen, no picture) is left out.
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
        words = [name] + [f"for {self.classes[target]}"] * gaze.per_class + [self.title]
        if gaze.kind is Kind.HEAT_MAP:
            return _heat_map(name, words, gaze, values, placement)
        if gaze.kind is Kind.JOINT_WEIGHTS:
            return self._joint_weights(name, words, gaze, values, placement)
        if gaze.kind is Kind.RELATION:
            return self._relation(name, words, gaze, values, placement)
        times = self._times(gaze, placement, window, len(values))
        meaning = ", ".join(words)
        if gaze.kind is Kind.MODALITY_SHARE:
            return ModalityShare(name, meaning, times, self.modalities, values)
        values, times = by_time(values, times)
        return Importance(name, meaning, times, _shown(values, gaze.per_class))

    def _joint_weights(
        self,
        name: str,
        words: Sequence[str],
        gaze: Gaze,
        values: NDArray[np.float32],
        placement: Placement,
    ) -> JointWeights | None:
        frames = placement.skeleton_times_ns
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
        person = placement.focus_person or next(iter(placement.persons), "")
        if not rows * columns:
            return Relation(name, ", ".join(words), values, (0, 0), self.topology, person)
        if placement.box is None:
            return None
        meaning = ", ".join([*words, f"{rows}x{columns}"])
        return Relation(
            name,
            meaning,
            values,
            (rows, columns),
            self.topology,
            person,
            placement.picture_stream,
            placement.picture_time_ns,
            placement.box,
        )

    def _times(
        self, gaze: Gaze, placement: Placement, window: tuple[int, int], count: int
    ) -> NDArray[np.int64]:
        """When each of ``count`` positions of an input was."""
        frames = placement.skeleton_times_ns
        if gaze.on == SKELETON and len(frames):
            return frames[_middles(count, len(frames))]
        if gaze.on in (PICTURE, FOCUS) and count == 1 and placement.box is not None:
            return np.array([placement.picture_time_ns], dtype=np.int64)
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
    """Cells over the part of the picture that the network saw; the square where the map comes
    from it (on ``focus``)."""
    if placement.box is None or len(values) != 1:
        return None
    _, rows, columns = values.shape
    pointed = gaze.on == FOCUS and placement.focus is not None
    return HeatMap(
        name=name,
        meaning=", ".join([*words, f"{rows}x{columns}"]),
        stream=placement.picture_stream,
        times_ns=np.array([placement.picture_time_ns], dtype=np.int64),
        values=_shown(values, gaze.per_class),
        boxes=(placement.box,),
        outlines=(placement.focus,) if pointed and placement.focus is not None else (),
        joint=placement.joint if pointed else None,
        moved_m=placement.moved_m if pointed else None,
    )


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
