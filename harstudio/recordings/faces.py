"""Heads made unrecognisable where a picture is shown; the files keep what was recorded.

Where the heads are is known from the skeleton stream alone, so a person whom the sensor did not
track is not found. Where no head is known at all, the whole picture is made coarse: no face is
shown because something failed.
"""

from __future__ import annotations

import contextlib
import math
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import HarstudioError
from harstudio.recordings.projection import project_joints
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SECOND_NS, Body, PictureStream, SkeletonStream, StreamKind
from harstudio.skeletons.topology import topology

MASKED_KINDS = (StreamKind.COLOR, StreamKind.INFRARED)  # depth shows no face
HEAD_M = 0.2  # from the middle of a head: hair, chin and an inexact joint
HOLD_NS = SECOND_NS // 2  # so long a head that was seen is still hidden where it was
GROWTH_M_S = 1.0  # the place where it may be grows that fast
CELLS_A_HEAD = 5.0  # over the hidden region; a face itself gets about three
CELLS_A_PICTURE = 16  # over the longer side of a picture that is hidden wholly
SMALLEST_CELL_PX = 4
TRACKED = 2  # Body.tracking of a joint that the sensor saw
REMEMBERED = 512  # skeleton frames
_HEAD_JOINT = re.compile(r"(?:^|_|^[lr])(head|nose|eye|ear|mouth)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Head:
    """A head in a picture: the body's id, its middle and its half size in pixels.

    px_per_m: how large a metre is there.
    """

    body: str
    x: float
    y: float
    radius: float
    px_per_m: float


@dataclass(frozen=True, slots=True)
class Heads:
    """The heads of one skeleton frame, and the ids of the bodies whose head has no place."""

    found: tuple[Head, ...] = ()
    lost: frozenset[str] = field(default_factory=frozenset)


class FaceMask:
    """Hides the heads in one picture stream of a recording. Safe to use from several threads."""

    def __init__(self, recording: Recording, stream: str) -> None:
        self._recording = recording
        self._stream = recording.streams[stream]
        skeleton = recording.of_kind(StreamKind.SKELETON)
        self._skeleton = skeleton if isinstance(skeleton, SkeletonStream) else None
        self._head_joints: list[int] = []
        if self._skeleton is not None:
            with contextlib.suppress(HarstudioError):  # of joints without names none is a head
                self._head_joints = head_joints(self._skeleton.topology)
        self._heads = lru_cache(maxsize=REMEMBERED)(self._look)

    @property
    def needed(self) -> bool:
        """Whether a face can be seen in this kind of picture."""
        return self._stream.kind in MASKED_KINDS

    def heads(self, time_ns: int) -> tuple[Head, ...]:
        """Where heads may be at a time; empty when that is not known, so nothing may be shown.

        Each body's head as seen last and next, half a second around, the larger the longer ago.
        """
        skeleton = self._skeleton
        if skeleton is None or not len(skeleton):
            return ()
        times = skeleton.times_ns
        first, last = np.searchsorted(times, (time_ns - HOLD_NS, time_ns + HOLD_NS + 1))
        now = int(np.searchsorted(times, time_ns, side="right"))
        before: dict[str, Head] = {}
        after: dict[str, Head] = {}
        lost: set[str] = set()
        for seen, indices in ((before, range(now - 1, first - 1, -1)), (after, range(now, last))):
            for place, index in enumerate(indices):
                frame = self._heads(index)
                if place == 0:  # next to the picture in time
                    lost |= frame.lost
                for head in frame.found:
                    if head.body not in seen:
                        age_s = abs(int(times[index]) - time_ns) / SECOND_NS
                        seen[head.body] = _grown(head, age_s)
        if lost - before.keys() - after.keys():
            return ()  # somebody is there, and nobody knows where the head is
        return (*before.values(), *after.values())

    def whole(self, time_ns: int) -> bool:
        """Whether a picture of that time is hidden wholly, because no head is known."""
        return self.needed and not self.heads(time_ns)

    def masked(self, picture: NDArray[Any], time_ns: int) -> NDArray[Any]:
        """The picture of the stream at a time, (H, W) or (H, W, 3), with hidden heads; a copy.

        It may have another size than the stream's; what lies where is scaled.
        """
        if not self.needed:
            return picture
        heads = self.heads(time_ns)
        if not heads:
            return coarse(picture)
        stream, hidden = self._stream, picture.copy()
        width = stream.width if isinstance(stream, PictureStream) else picture.shape[1]
        for head in heads:
            _hide(hidden, head, picture.shape[1] / max(1, width))
        return hidden

    # ---- one skeleton frame

    def _look(self, index: int) -> Heads:
        try:
            bodies = self._skeleton.frame(index).bodies if self._skeleton is not None else ()
        except HarstudioError:
            return Heads()
        found, lost = [], set()
        for body in bodies:
            head = self._head(body)
            if head is None:
                lost.add(body.id)
            else:
                found.append(head)
        return Heads(tuple(found), frozenset(lost))

    def _head(self, body: Body) -> Head | None:
        pixels = project_joints(self._recording, self._stream.name, body)
        if pixels is None:
            return None
        points = pixels[self._head_joints].astype(np.float64)
        seen = body.tracking[self._head_joints] == TRACKED  # a guess may be far off
        points = points[np.isfinite(points).all(axis=1) & seen]
        px_per_m = _px_per_m(pixels, body)
        if not len(points) or px_per_m is None:
            return None
        x, y = points.mean(axis=0)
        spread = float(np.hypot(points[:, 0] - x, points[:, 1] - y).max())
        return Head(body.id, float(x), float(y), HEAD_M * px_per_m + spread, px_per_m)


def coarse(picture: NDArray[Any], cells: float = CELLS_A_PICTURE) -> NDArray[Any]:
    """A whole picture in so few cells over its longer side that nobody is known; a copy."""
    height, width = picture.shape[:2]
    cell = max(SMALLEST_CELL_PX, math.ceil(max(height, width) / cells))
    return _cells(picture, cell)


def head_joints(topology_name: str) -> list[int]:
    """Indices of the joints of the head; UsageError for an unknown topology."""
    names = topology(topology_name).joints
    return [k for k, name in enumerate(names) if _HEAD_JOINT.search(name)]


def _px_per_m(pixels: NDArray[np.float32], body: Body) -> float | None:
    """How many pixels a metre is at the body, by how far its joints spread in both."""
    there = np.isfinite(pixels).all(axis=1) & np.isfinite(body.joints).all(axis=1)
    if there.sum() < 2:
        return None
    flat, places = pixels[there].astype(np.float64), body.joints[there, :2].astype(np.float64)
    wide_px = float(np.sqrt(((flat - flat.mean(axis=0)) ** 2).sum()))
    wide_m = float(np.sqrt(((places - places.mean(axis=0)) ** 2).sum()))
    scale = wide_px / wide_m if wide_m > 1e-6 else 0.0
    return scale if math.isfinite(scale) and scale > 0 else None


def _grown(head: Head, age_s: float) -> Head:
    radius = head.radius + GROWTH_M_S * age_s * head.px_per_m
    return Head(head.body, head.x, head.y, radius, head.px_per_m)


def _hide(picture: NDArray[Any], head: Head, scale: float) -> None:
    """Make a square around the head coarse, in place.

    Cells are powers of two and stand on one grid for all pictures, so that a moving head does
    not give away what lies between them.
    """
    height, width = picture.shape[:2]
    radius = max(head.radius * scale, SMALLEST_CELL_PX)
    known = HEAD_M * head.px_per_m * scale
    size = max(SMALLEST_CELL_PX, 2 * known / CELLS_A_HEAD)
    cell = 1 << min(10, math.ceil(math.log2(size)))
    x, y = (head.x + 0.5) * scale, (head.y + 0.5) * scale
    left, top = (max(0, math.floor((at - radius) / cell) * cell) for at in (x, y))
    right = min(width, math.ceil((x + radius) / cell) * cell)
    bottom = min(height, math.ceil((y + radius) / cell) * cell)
    if left < right and top < bottom:
        picture[top:bottom, left:right] = _cells(picture[top:bottom, left:right], cell)


def _cells(picture: NDArray[Any], cell: int) -> NDArray[Any]:
    """The picture in squares of ``cell`` pixels, each of its own mean."""
    import cv2  # late: a window starts without it

    height, width = picture.shape[:2]
    few = math.ceil(width / cell), math.ceil(height / cell)
    small = cv2.resize(np.ascontiguousarray(picture), few, interpolation=cv2.INTER_AREA)
    large = np.repeat(np.repeat(small, cell, axis=0), cell, axis=1)
    return np.asarray(large[:height, :width], dtype=picture.dtype)
