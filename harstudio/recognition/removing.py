"""What is taken away from a window: kinds of stream, regions of pictures, joints.

The change is made to the recording's streams, before preprocessing, as a sensor that sees less
would give them: crops, person masks and dynamic images are made of what is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.errors import UsageError
from harstudio.learning.evaluating.disturbing import changed, hidden
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import (
    PictureStream,
    SkeletonFrame,
    SkeletonStream,
    Stream,
    StreamKind,
)
from harstudio.results import Box
from harstudio.skeletons.topology import topology

SIDES = ("left", "top", "right", "bottom")


class Region(NamedTuple):
    """A rectangle in pixels of a picture stream; pixel k covers [k, k + 1)."""

    stream: str
    box: Box


@dataclass(frozen=True, slots=True)
class Changes:
    """What is taken away, for the whole window.

    without: kinds of stream that are treated as if the recording lacked them. masked: rectangles
    in which pictures show nothing. joints: names of the recording's topology that a tracker does
    not see, of everybody.
    """

    without: frozenset[str] = frozenset()
    masked: tuple[Region, ...] = ()
    joints: frozenset[str] = frozenset()


def changes_of(payload: Mapping[str, Any]) -> Changes:
    """``without`` (kinds), ``masked`` (tables of stream, left, top, right, bottom) and ``joints``
    (names) of a job's payload; each may be missing."""
    masked = [
        Region(str(one["stream"]), Box(*(float(one[side]) for side in SIDES)))
        for one in payload.get("masked") or ()
    ]
    return Changes(
        frozenset(map(str, payload.get("without") or ())),
        tuple(masked),
        frozenset(map(str, payload.get("joints") or ())),
    )


def removed(recording: Recording, changes: Changes) -> Recording:
    """The recording with what is left in its streams; kinds are left out by preprocessing.

    UsageError where a region or a joint is named that is not there.
    """
    streams: dict[str, Stream[Any]] = dict(recording.streams)
    for name in dict.fromkeys(region.stream for region in changes.masked):
        stream = streams.get(name)
        if not isinstance(stream, PictureStream):
            raise UsageError(f"The recording has no picture stream {name}.", path=recording.path)
        boxes = [region.box for region in changes.masked if region.stream == name]
        streams[name] = changed(stream, _Mask(stream, boxes))
    skeleton = recording.of_kind(StreamKind.SKELETON)
    if changes.joints:
        if not isinstance(skeleton, SkeletonStream):
            raise UsageError("The recording has no joints to hide.", path=recording.path)
        missing = _places(skeleton, changes.joints)
        streams[skeleton.name] = changed(skeleton, partial(_without_joints, missing))
    return replace(recording, streams=streams)


def _places(stream: SkeletonStream, names: frozenset[str]) -> list[int]:
    joints = topology(stream.topology).joints
    unknown = sorted(names - set(joints))
    if unknown:
        raise UsageError(
            f"{stream.topology} has no joint {unknown[0]}.", remedy=f"It has {', '.join(joints)}."
        )
    return [joints.index(name) for name in sorted(names)]


def _without_joints(missing: Sequence[int], frame: SkeletonFrame, _: int) -> SkeletonFrame:
    return SkeletonFrame(tuple(hidden(body, missing) for body in frame.bodies))


class _Mask:
    """Rectangles of a picture in which nothing is seen.

    Depth has no value there (0). Colour and infrared have no such thing: there is the mean of what
    is seen of the same frame outside, the flattest thing that could be there.
    """

    def __init__(self, stream: PictureStream, boxes: Sequence[Box]) -> None:
        self._depth = stream.kind == StreamKind.DEPTH
        self._corners: list[tuple[tuple[int, int], tuple[int, int]]] = []
        seen = np.ones((stream.height, stream.width), dtype=np.uint8)
        for box in boxes:
            left, right = sorted((round(box.left), round(box.right)))
            top, bottom = sorted((round(box.top), round(box.bottom)))
            if left < right and top < bottom:
                self._corners.append(((left, top), (right - 1, bottom - 1)))
        self._fill(seen, (0,))
        self._share = float(seen.mean())  # of the picture that is still seen

    def __call__(self, frame: NDArray[Any], _: int) -> NDArray[Any]:
        out = np.ascontiguousarray(frame).copy()
        self._fill(out, (0, 0, 0))
        if not self._depth and self._share > 0:
            self._fill(out, [round(mean / self._share) for mean in cv2.mean(out)])
        return out

    def _fill(self, out: NDArray[Any], value: Sequence[int]) -> None:
        for first, last in self._corners:
            cv2.rectangle(out, first, last, value, cv2.FILLED)
