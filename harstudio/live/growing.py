"""A recording that is still growing: the same streams, which get longer while one looks.

The index of a frame is its place since the beginning, and ``times_ns`` gets longer; frames older
than ``keep_ns`` are let go of, and asking for one is a DataError. So preprocessing, panes and
overlays need to know nothing of live. Safe where one thread grows and others read.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError
from harstudio.recordings.formats.harrec_header import PICTURE_KINDS, StreamSpec
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import (
    INTERPOLATION_GAP_SAMPLES,
    SECOND_NS,
    PictureStream,
    SampledStream,
    SkeletonFrame,
    SkeletonStream,
    Stream,
    StreamKind,
)
from harstudio.skeletons.cameras import Camera
from harstudio.skeletons.topology import topology

FIRST_ROOM = 1024  # times


class _Kept:
    """The newest frames, and the times of all: what a growing stream reads from."""

    def __init__(self, name: str, keep_ns: int) -> None:
        self.name, self.keep_ns = name, keep_ns
        self.count = 0
        self._times = np.zeros(FIRST_ROOM, dtype=np.int64)
        self._frames: deque[Any] = deque()
        self._lock = threading.Lock()

    @property
    def times_ns(self) -> NDArray[np.int64]:
        with self._lock:
            times = self._times[: self.count]
        times.flags.writeable = False
        return times

    def grow(self, time_ns: int, data: Any) -> int:
        """A frame at the end; its index. ValueError where its time is before the last one's."""
        with self._lock:
            if self.count and time_ns < self._times[self.count - 1]:
                raise ValueError(f"The times of stream {self.name} go back.")
            if self.count == len(self._times):
                self._times = np.concatenate([self._times, np.zeros_like(self._times)])
            self._times[self.count] = time_ns
            self.count += 1
            self._frames.append(data)
            first = self.count - len(self._frames)
            while self._times[first] < time_ns - self.keep_ns:
                self._frames.popleft()
                first += 1
            return self.count - 1

    @property
    def oldest(self) -> int:
        """Index of the oldest frame that is kept."""
        with self._lock:
            return self.count - len(self._frames)

    def read(self, index: int) -> Any:
        with self._lock:
            at = index - (self.count - len(self._frames))
            if 0 <= at < len(self._frames):
                return self._frames[at]
        raise DataError(
            f"Frame {index} of stream {self.name} is not kept any more.",
            remedy="Record, to look at what is longer ago.",
        )

    def snapshot(self) -> tuple[int, NDArray[np.int64], list[Any]]:
        """What is kept at one moment: (index of the first frame, times, frames)."""
        with self._lock:
            first = self.count - len(self._frames)
            return first, self._times[first : self.count].copy(), list(self._frames)

    def read_run(self, index: int) -> Iterator[tuple[int, Any]]:
        yield index, self.read(index)

    def close(self) -> None:
        with self._lock:
            self._frames.clear()


class _Growing(Stream[Any]):
    """What is the same for all growing streams. Their times are not to be shifted."""

    kept: _Kept

    @property
    def times_ns(self) -> NDArray[np.int64]:
        return self.kept.times_ns

    def __len__(self) -> int:
        return self.kept.count

    def nearest(self, time_ns: int, tolerance_ns: int | None = None) -> int | None:
        """As of any stream; None also where that frame is not kept any more."""
        index = super().nearest(time_ns, tolerance_ns)
        return None if index is None or index < self.kept.oldest else index

    @property
    def period_ns(self) -> int:
        recent = self.times_ns[-32:]
        if len(recent) > 1:
            return max(1, int(np.median(np.diff(recent))))
        return round(SECOND_NS / (self.nominal_rate_hz or 30.0))

    @property
    def rate_hz(self) -> float | None:
        """Frames a second of late."""
        recent = self.times_ns[-64:]
        span = int(recent[-1] - recent[0]) if len(recent) > 1 else 0
        return (len(recent) - 1) * SECOND_NS / span if span > 0 else None

    def align(self, *, offset_ns: int | None = None, rate_scale: float | None = None) -> None:
        raise NotImplementedError("a growing stream has the clock of its sensor")


class GrowingPictures(_Growing, PictureStream):
    """Colour, depth or infrared as it comes."""

    def __init__(self, spec: StreamSpec, keep_ns: int) -> None:
        self.kept = _Kept(spec.name, keep_ns)
        PictureStream.__init__(
            self,
            spec.name,
            spec.kind,
            np.empty(0, np.int64),
            self.kept,
            width=spec.width,
            height=spec.height,
            dtype=spec.pixel_dtype,
            nominal_rate_hz=spec.rate_hz,
        )


class GrowingSkeleton(_Growing, SkeletonStream):
    """Bodies as they come."""

    def __init__(self, spec: StreamSpec, keep_ns: int) -> None:
        self.kept = _Kept(spec.name, keep_ns)
        SkeletonStream.__init__(
            self,
            spec.name,
            np.empty(0, np.int64),
            self.kept,
            topology=spec.topology,
            joints=len(topology(spec.topology).joints),
            max_bodies=0,
            nominal_rate_hz=spec.rate_hz,
        )


class GrowingSamples(_Growing, SampledStream):
    """A signal as it comes; values of what is kept, NaN before."""

    def __init__(self, spec: StreamSpec, keep_ns: int) -> None:
        self.kept = _Kept(spec.name, keep_ns)
        Stream.__init__(
            self,
            spec.name,
            spec.kind,
            np.empty(0, np.int64),
            self.kept,
            nominal_rate_hz=spec.rate_hz,
        )
        self.channels = spec.channels

    @property
    def values(self) -> NDArray[np.float32]:  # type: ignore[override]
        """(T, C) float32."""
        first, times, samples = self.kept.snapshot()
        out = np.full((first + len(times), len(self.channels)), np.nan, dtype=np.float32)
        if samples:
            out[first:] = samples
        return out

    def interpolate(self, times_ns: NDArray[np.int64]) -> NDArray[np.float32]:
        """As ``SampledStream.interpolate``, over what is kept."""
        _, own, samples = self.kept.snapshot()
        times = np.asarray(times_ns, dtype=np.int64)
        out = np.full((times.size, len(self.channels)), np.nan, dtype=np.float32)
        if own.size < 2:
            return out
        values = np.stack(samples)
        right = np.clip(np.searchsorted(own, times), 1, own.size - 1)
        left = right - 1
        span = own[right] - own[left]
        inside = (times >= own[0]) & (times <= own[-1])
        inside &= span <= INTERPOLATION_GAP_SAMPLES * self.period_ns
        weight = ((times - own[left]) / np.maximum(span, 1))[:, None]
        mixed = (1 - weight) * values[left] + weight * values[right]
        out[inside] = mixed[inside]
        return out


class GrowingRecording(Recording):
    """What live sensors give, as a recording. Sound is not part of it."""

    def __init__(
        self,
        name: str,
        specs: Sequence[StreamSpec],
        cameras: Mapping[str, Camera],
        *,
        keep_ns: int,
    ) -> None:
        made = (_growing(spec, keep_ns) for spec in specs if spec.kind != StreamKind.AUDIO)
        streams = {stream.name: stream for stream in made}
        super().__init__(name, "live", Path(name), streams, cameras=dict(cameras))

    def grow(self, stream: str, time_ns: int, data: Any) -> int:
        """A frame at the end of a stream; its index. data: as ``LiveFrame.data``. ValueError where
        its time is before the last one's."""
        growing = self.streams[stream]
        assert isinstance(growing, _Growing)  # noqa: S101 -- it was made here
        if isinstance(data, SkeletonFrame) and isinstance(growing, GrowingSkeleton):
            growing.max_bodies = max(growing.max_bodies, len(data.bodies))
        elif isinstance(data, np.ndarray):
            data.flags.writeable = False
        return growing.kept.grow(time_ns, data)

    def keep(self, stream: str, keep_ns: int) -> None:
        """Of this stream frames of another age are kept from now on."""
        growing = self.streams[stream]
        assert isinstance(growing, _Growing)  # noqa: S101 -- it was made here
        growing.kept.keep_ns = keep_ns

    def oldest(self, stream: str) -> int:
        """Index of the oldest frame that is kept of a stream."""
        growing = self.streams[stream]
        assert isinstance(growing, _Growing)  # noqa: S101 -- it was made here
        return growing.kept.oldest


def _growing(spec: StreamSpec, keep_ns: int) -> _Growing:
    if spec.kind in PICTURE_KINDS:
        return GrowingPictures(spec, keep_ns)
    if spec.kind == StreamKind.SKELETON:
        return GrowingSkeleton(spec, keep_ns)
    return GrowingSamples(spec, keep_ns)
