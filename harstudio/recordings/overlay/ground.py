"""What a video shows under its overlays: a picture stream, or an empty stage for a skeleton."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.errors import MissingError, UsageError
from harstudio.recordings.faces import FaceMask
from harstudio.recordings.motion import joint_positions
from harstudio.recordings.overlay.drawing import Canvas
from harstudio.recordings.projection import project_joints
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import (
    SECOND_NS,
    Body,
    PictureStream,
    SkeletonStream,
    Stream,
    StreamKind,
)

SMALLEST_HEIGHT = 480  # depth pictures are enlarged so that bones and words stay readable
RANGE_SAMPLES = 9
GRAYS = (205, 50)  # of depth below a map, near and far
STAGE = (960, 720)
STAGE_COLOR = (0x0E, 0x11, 0x16)
STAGE_MARGIN = 0.12


class Ground(Protocol):
    """Pictures to draw on, one after the other; sizes are even, as H.264 wants them."""

    name: str
    bare: bool  # nothing but the skeleton is there to see
    width: int
    height: int
    times_ns: NDArray[np.int64]
    stop_ns: int
    rate_hz: Fraction

    def paint(self, index: int, *, below_map: bool = False) -> Canvas:
        """A fresh canvas with picture ``index``. below_map: depth in greys, so that the colours of
        a map can be read on it."""
        ...

    def place(self, body: Body) -> NDArray[np.float32] | None:
        """(V, 2) where the joints lie in the stream's picture, None when nobody knows."""
        ...


def ground_of(recording: Recording, stream: str = "", *, hide_faces: bool = False) -> Ground:
    """The stream of that name, else colour, depth or infrared, else a stage for the skeleton.

    hide_faces: heads in colour and infrared are made coarse, as ``FaceMask`` does.
    """
    if stream:
        named = recording.streams.get(stream)
        if not isinstance(named, PictureStream):
            names = [s.name for s in recording.streams.values() if isinstance(s, PictureStream)]
            raise UsageError(
                f"There is no picture stream {stream}.",
                path=recording.path,
                remedy=f"There are: {', '.join(names)}." if names else "",
            )
        return PictureGround(recording, named, hide_faces=hide_faces)
    for kind in (StreamKind.COLOR, StreamKind.DEPTH, StreamKind.INFRARED):
        found = recording.of_kind(kind)
        if isinstance(found, PictureStream) and len(found):
            return PictureGround(recording, found, hide_faces=hide_faces)
    skeleton = recording.of_kind(StreamKind.SKELETON)
    if isinstance(skeleton, SkeletonStream) and len(skeleton):
        return StageGround(skeleton)
    raise MissingError("This recording has neither pictures nor a skeleton.", path=recording.path)


def _even(size: float) -> int:
    return max(2, round(size / 2) * 2)


def _rate(stream: Stream[Any]) -> Fraction:
    return Fraction(SECOND_NS, stream.period_ns).limit_denominator(1001)


class PictureGround:
    """A picture stream: colour as it is, depth in turbo, infrared from black to white."""

    bare = False

    def __init__(
        self, recording: Recording, stream: PictureStream, *, hide_faces: bool = False
    ) -> None:
        if not len(stream):
            raise MissingError(f"Stream {stream.name} has no frames.", path=recording.path)
        self.name = stream.name
        self._recording = recording
        self._stream = stream
        self._mask = FaceMask(recording, stream.name) if hide_faces else None
        self._scale = max(1, round(SMALLEST_HEIGHT / stream.height))
        self.width = _even(stream.width * self._scale)
        self.height = _even(stream.height * self._scale)
        self.times_ns = stream.times_ns
        self.stop_ns = stream.end_ns + stream.period_ns
        self.rate_hz = _rate(stream)
        self._range = (0.0, 255.0) if stream.kind == StreamKind.COLOR else self._values()

    def _values(self) -> tuple[float, float]:
        """The range that most values lie in, over the whole stream."""
        lowest, highest = np.inf, 0.0
        for picture in self._samples():
            given = picture[picture > 0]
            if given.size:
                low, high = np.percentile(given, (1, 99))
                lowest, highest = min(lowest, float(low)), max(highest, float(high))
        return (lowest, max(highest, lowest + 1)) if np.isfinite(lowest) else (0.0, 1.0)

    def _samples(self) -> Iterator[NDArray[Any]]:
        indices = np.unique(np.linspace(0, len(self._stream) - 1, RANGE_SAMPLES).astype(int))
        for index in indices:
            yield self._stream.frame(int(index))

    def paint(self, index: int, *, below_map: bool = False) -> Canvas:
        frame = self._stream.frame(index)
        if self._mask is not None:
            frame = self._mask.masked(frame, int(self.times_ns[index]))
        picture = self._rgb(frame, below_map)
        size = (self.width, self.height)
        if picture.shape[1::-1] != size:
            enlarged = cv2.resize(picture, size, interpolation=cv2.INTER_NEAREST)
            return Canvas(np.asarray(enlarged, dtype=np.uint8), self._scale)
        return Canvas(picture.copy(), self._scale)

    def _rgb(self, frame: NDArray[Any], below_map: bool) -> NDArray[np.uint8]:
        if self._stream.kind == StreamKind.COLOR:
            return np.asarray(frame, dtype=np.uint8)
        low, high = self._range
        values = np.asarray(frame, dtype=np.float32)
        if self._stream.kind == StreamKind.INFRARED:
            level = np.sqrt(np.clip(values / high, 0, 1)) * 255  # dark rooms stay readable
            gray = level.astype(np.uint8)
            return np.repeat(gray[:, :, None], 3, axis=2)
        level = (np.clip((values - low) / (high - low), 0, 1) * 255).astype(np.uint8)
        if below_map:
            gray = np.linspace(*GRAYS, 256).round().astype(np.uint8)[level]
            gray[values == 0] = 0
            return np.repeat(gray[:, :, None], 3, axis=2)
        colored = cv2.cvtColor(cv2.applyColorMap(level, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
        rgb = np.asarray(colored, dtype=np.uint8)
        rgb[values == 0] = 0
        return rgb

    def place(self, body: Body) -> NDArray[np.float32] | None:
        return project_joints(self._recording, self.name, body)


class StageGround:
    """An empty stage, seen from the front, that everybody's joints fit on."""

    name = "skeleton"
    bare = True

    def __init__(self, stream: SkeletonStream) -> None:
        self.width, self.height = STAGE
        self.times_ns = stream.times_ns
        self.stop_ns = stream.end_ns + stream.period_ns
        self.rate_hz = _rate(stream)
        joints = joint_positions(stream)[..., :2].reshape(-1, 2)
        joints = joints[np.isfinite(joints).all(axis=1)]
        low, high = np.percentile(joints, (0.5, 99.5), axis=0) if len(joints) else np.eye(2)
        room = np.array(STAGE) * (1 - 2 * STAGE_MARGIN)
        self._zoom = float(np.min(room / np.maximum(high - low, 0.5)))
        self._middle = (low + high) / 2

    def paint(self, index: int, *, below_map: bool = False) -> Canvas:
        del index, below_map
        pixels = np.empty((self.height, self.width, 3), dtype=np.uint8)
        pixels[:] = STAGE_COLOR
        return Canvas(pixels)

    def place(self, body: Body) -> NDArray[np.float32]:
        moved = (body.joints[:, :2] - self._middle) * self._zoom
        placed = np.array(STAGE) / 2 + moved * (1, -1)
        return np.asarray(placed, dtype=np.float32)
