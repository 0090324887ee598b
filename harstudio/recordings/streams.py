"""Streams: what one sensor recorded, frame by frame, on the recording's clock.

A stream maps a time in nanoseconds to a frame. It owns a sorted ``int64`` array of times, an
offset and a rate; frame numbers are never time. Nothing is decoded until a frame is asked for.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError

SECOND_NS = 1_000_000_000
MAX_PICTURE_TOLERANCE_NS = 50_000_000
INTERPOLATION_GAP_SAMPLES = 3

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class StreamKind(enum.StrEnum):
    """The six kinds of stream."""

    COLOR = "color"
    DEPTH = "depth"
    INFRARED = "infrared"
    SKELETON = "skeleton"
    AUDIO = "audio"
    INERTIAL = "inertial"


@dataclass(frozen=True, slots=True)
class Frame(Generic[T]):
    """One frame, where it stands in its stream and when it was on the recording's clock."""

    index: int
    time_ns: int
    data: T


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """One person in one frame.

    joints: (V, 3) float32 metres in the depth camera's frame (x right, y up, z away); NaN = none.
    tracking: (V,) uint8; 0 not tracked, 1 inferred, 2 tracked.
    id: the sensor's identity of the person, exact (never through a float).
    depth_px, color_px: (V, 2) float32 pixel positions given by the sensor, or None.
    orientations: (V, 4) float32 quaternions w x y z, or None.
    """

    id: str
    joints: NDArray[np.float32]
    tracking: NDArray[np.uint8]
    depth_px: NDArray[np.float32] | None = None
    color_px: NDArray[np.float32] | None = None
    orientations: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SkeletonFrame:
    """All people of one frame, in the file's order; may be empty."""

    bodies: tuple[Body, ...]


class FrameReader(Protocol[T_co]):
    """Gives the frames of one stream. Safe to call from several threads."""

    def read(self, index: int) -> T_co:
        """Frame ``index``; raises DataError naming the file when it cannot be decoded."""
        ...

    def read_run(self, index: int) -> Iterator[tuple[int, T_co]]:
        """Every frame that has to be decoded on the way to ``index``, which comes last.

        For readers where each frame stands alone this is that one frame.
        """
        ...

    def close(self) -> None:
        """Let go of files and decoders; reading again opens them again."""
        ...


def evenly(count: int, rate_hz: float, start_ns: int = 0) -> NDArray[np.int64]:
    """(count,) int64 times of frames that come at a constant rate."""
    steps = np.rint(np.arange(count) * (SECOND_NS / rate_hz)).astype(np.int64)
    return np.asarray(steps + start_ns, dtype=np.int64)


class Stream(Generic[T]):
    """Frames of one sensor with their times.

    The time of frame k is ``offset_ns + rate_scale * source_times_ns[k]``; both corrections can
    be changed by a person who aligns streams by eye.
    """

    def __init__(
        self,
        name: str,
        kind: StreamKind,
        source_times_ns: NDArray[np.int64],
        reader: FrameReader[T],
        *,
        nominal_rate_hz: float | None = None,
        offset_ns: int = 0,
        rate_scale: float = 1.0,
    ) -> None:
        times = np.ascontiguousarray(source_times_ns, dtype=np.int64)
        if times.ndim != 1 or (times.size > 1 and bool(np.any(np.diff(times) < 0))):
            raise DataError(f"The times of stream {name} are not in order.")
        self.name = name
        self.kind = kind
        self.reader = reader
        self.nominal_rate_hz = nominal_rate_hz
        self._source_times_ns = times
        self._offset_ns = offset_ns
        self._rate_scale = rate_scale
        self._times_ns = self._corrected()

    def _corrected(self) -> NDArray[np.int64]:
        if self._offset_ns == 0 and self._rate_scale == 1.0:
            corrected = self._source_times_ns.copy()
        else:
            scaled = np.rint(self._source_times_ns * self._rate_scale).astype(np.int64)
            corrected = scaled + self._offset_ns
        corrected.flags.writeable = False
        return corrected

    @property
    def times_ns(self) -> NDArray[np.int64]:
        """(T,) int64 sorted times on the recording's clock; read-only."""
        return self._times_ns

    @property
    def offset_ns(self) -> int:
        """Added to every time."""
        return self._offset_ns

    @property
    def rate_scale(self) -> float:
        """Multiplies every time before the offset is added."""
        return self._rate_scale

    def align(self, *, offset_ns: int | None = None, rate_scale: float | None = None) -> None:
        """Shift or stretch the stream on the recording's clock."""
        if rate_scale is not None and rate_scale <= 0:
            raise ValueError("rate_scale must be positive")
        self._offset_ns = self._offset_ns if offset_ns is None else offset_ns
        self._rate_scale = self._rate_scale if rate_scale is None else rate_scale
        self._times_ns = self._corrected()

    def __len__(self) -> int:
        return int(self._source_times_ns.size)

    @property
    def start_ns(self) -> int:
        """Time of the first frame (0 for an empty stream)."""
        return int(self.times_ns[0]) if len(self) else 0

    @property
    def end_ns(self) -> int:
        """Time of the last frame (0 for an empty stream)."""
        return int(self.times_ns[-1]) if len(self) else 0

    @property
    def rate_hz(self) -> float | None:
        """Frames a second as they really come, None where one frame or none is there."""
        span = self.end_ns - self.start_ns
        return (len(self) - 1) * SECOND_NS / span if len(self) > 1 and span > 0 else None

    @property
    def period_ns(self) -> int:
        """Median time between frames; from the nominal rate (else 30 Hz) for a single frame."""
        if len(self) > 1:
            return max(1, int(np.median(np.diff(self.times_ns))))
        return round(SECOND_NS / (self.nominal_rate_hz or 30.0))

    @property
    def tolerance_ns(self) -> int:
        """How far from a frame's time it still counts as "now": half a period."""
        half = self.period_ns // 2 + 1
        pictures = (StreamKind.COLOR, StreamKind.DEPTH, StreamKind.INFRARED)
        return min(half, MAX_PICTURE_TOLERANCE_NS) if self.kind in pictures else half

    def nearest(self, time_ns: int, tolerance_ns: int | None = None) -> int | None:
        """Index of the frame nearest in time, None when none lies within the tolerance."""
        times = self.times_ns
        if times.size == 0:
            return None
        right = int(np.searchsorted(times, time_ns))
        candidates = [k for k in (right - 1, right) if 0 <= k < times.size]
        best = min(candidates, key=lambda k: abs(int(times[k]) - time_ns))
        limit = self.tolerance_ns if tolerance_ns is None else tolerance_ns
        return best if abs(int(times[best]) - time_ns) <= limit else None

    def frame(self, index: int) -> T:
        """Decode frame ``index``; IndexError outside the stream, DataError when damaged."""
        if not 0 <= index < len(self):
            raise IndexError(f"stream {self.name} has {len(self)} frames, not frame {index}")
        return self.reader.read(index)

    def at(self, time_ns: int, tolerance_ns: int | None = None) -> Frame[T] | None:
        """The frame nearest to ``time_ns``, or None when none is near enough."""
        index = self.nearest(time_ns, tolerance_ns)
        if index is None:
            return None
        return Frame(index, int(self.times_ns[index]), self.frame(index))

    def describe(self) -> dict[str, Any]:
        """What ``harstudio info --json`` says of this stream; builtins only."""
        rate = self.rate_hz
        described: dict[str, Any] = {
            "name": self.name,
            "kind": str(self.kind),
            "frames": len(self),
            "rate_hz": None if rate is None else round(rate, 2),
            "start_ns": self.start_ns,
            "end_ns": self.end_ns,
        }
        if self.nominal_rate_hz is not None:
            described["nominal_rate_hz"] = self.nominal_rate_hz
        return described

    def close(self) -> None:
        """Let go of files and decoders."""
        self.reader.close()


class PictureStream(Stream[NDArray[Any]]):
    """Colour (H, W, 3) uint8 RGB, depth (H, W) uint16 mm (0 = none), infrared (H, W) uint8/16."""

    def __init__(
        self,
        name: str,
        kind: StreamKind,
        source_times_ns: NDArray[np.int64],
        reader: FrameReader[NDArray[Any]],
        *,
        width: int,
        height: int,
        dtype: str,
        nominal_rate_hz: float | None = None,
    ) -> None:
        super().__init__(name, kind, source_times_ns, reader, nominal_rate_hz=nominal_rate_hz)
        self.width = width
        self.height = height
        self.dtype = dtype

    @property
    def frame_bytes(self) -> int:
        """Bytes of one decoded frame."""
        channels = 3 if self.kind == StreamKind.COLOR else 1
        return self.width * self.height * channels * np.dtype(self.dtype).itemsize

    def describe(self) -> dict[str, Any]:
        described = super().describe()
        described |= {"width": self.width, "height": self.height, "dtype": self.dtype}
        if self.kind == StreamKind.DEPTH:
            described["unit"] = "mm"
        return described


class SkeletonStream(Stream[SkeletonFrame]):
    """Bodies in every frame, all on one topology (a name of ``harstudio.skeletons``)."""

    def __init__(
        self,
        name: str,
        source_times_ns: NDArray[np.int64],
        reader: FrameReader[SkeletonFrame],
        *,
        topology: str,
        joints: int,
        max_bodies: int,
        nominal_rate_hz: float | None = None,
    ) -> None:
        super().__init__(
            name, StreamKind.SKELETON, source_times_ns, reader, nominal_rate_hz=nominal_rate_hz
        )
        self.topology = topology
        self.joints = joints
        self.max_bodies = max_bodies

    def describe(self) -> dict[str, Any]:
        return super().describe() | {
            "topology": self.topology,
            "joints": self.joints,
            "bodies": self.max_bodies,
            "unit": "m",
        }


class SampledStream(Stream[NDArray[np.float32]]):
    """A signal of several channels, small enough to stand in memory (inertial sensors)."""

    def __init__(
        self,
        name: str,
        kind: StreamKind,
        source_times_ns: NDArray[np.int64],
        values: NDArray[np.floating[Any]],
        *,
        channels: Sequence[str],
        nominal_rate_hz: float | None = None,
    ) -> None:
        array = np.ascontiguousarray(values, dtype=np.float32)
        if array.shape != (len(source_times_ns), len(channels)):
            raise DataError(
                f"Stream {name} has values of shape {array.shape} for {len(source_times_ns)} "
                f"times and {len(channels)} channels."
            )
        reader = ArrayReader(list(array))
        super().__init__(name, kind, source_times_ns, reader, nominal_rate_hz=nominal_rate_hz)
        self.values = array
        self.channels = tuple(channels)

    def interpolate(self, times_ns: NDArray[np.int64]) -> NDArray[np.float32]:
        """(len(times_ns), C) float32, linear in time; NaN outside and across gaps.

        A gap is more than three periods without a sample.
        """
        times = np.asarray(times_ns, dtype=np.int64)
        own = self.times_ns
        out = np.full((times.size, len(self.channels)), np.nan, dtype=np.float32)
        if own.size == 0:
            return out
        right = np.clip(np.searchsorted(own, times), 1, max(1, own.size - 1))
        if own.size == 1:
            out[times == own[0]] = self.values[0]
            return out
        left = right - 1
        span = own[right] - own[left]
        inside = (times >= own[0]) & (times <= own[-1])
        inside &= span <= INTERPOLATION_GAP_SAMPLES * self.period_ns
        weight = ((times - own[left]) / np.maximum(span, 1))[:, None]
        mixed = (1 - weight) * self.values[left] + weight * self.values[right]
        out[inside] = mixed[inside]
        return out

    def describe(self) -> dict[str, Any]:
        return super().describe() | {"channels": list(self.channels)}


class ArrayReader(Generic[T]):
    """Frames that already stand in memory."""

    def __init__(self, frames: Sequence[T]) -> None:
        self._frames = frames

    def read(self, index: int) -> T:
        return self._frames[index]

    def read_run(self, index: int) -> Iterator[tuple[int, T]]:
        yield index, self._frames[index]

    def close(self) -> None:
        """Nothing to let go of."""
