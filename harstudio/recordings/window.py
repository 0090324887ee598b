"""A stretch of a recording as a recording of its own: the same frames, on a clock from 0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.audio import AudioReader, AudioStream
from harstudio.recordings.recording import SEEN, Action, Recording
from harstudio.recordings.streams import (
    SECOND_NS,
    FrameReader,
    PictureStream,
    SampledStream,
    SkeletonStream,
    Stream,
    T,
)


def window(
    recording: Recording, start_ns: int, end_ns: int, name: str, action: Action | None = None
) -> Recording:
    """The frames of ``[start_ns, end_ns)``, on a clock that begins with the earliest of them.

    The reference stream gives the frames that begin in the stretch; another stream of pictures
    or skeletons, which may lie a little before or after it, those nearest to them. Streams
    without any are left out. Frames are read from the recording, which has to stay open; closing
    the window closes nothing.
    """
    spans = {
        stream.name: _frames(stream, recording.reference, start_ns, end_ns)
        for stream in recording.streams.values()
        if not isinstance(stream, AudioStream)
    }
    kept = {name: span for name, span in spans.items() if span[0] < span[1]}
    firsts = (int(recording.streams[name].times_ns[first]) for name, (first, _) in kept.items())
    zero_ns = min((start_ns, *firsts))
    streams = {name: _part(recording.streams[name], *span, zero_ns) for name, span in kept.items()}
    for stream in recording.streams.values():
        sound = isinstance(stream, AudioStream) and _sound(stream, zero_ns, end_ns)
        if sound:
            streams[sound.name] = sound
    return Recording(
        name=name,
        format=recording.format,
        path=recording.path,
        streams=streams,
        subject=recording.subject,
        view=recording.view,
        repetition=recording.repetition,
        action=action,
        cameras={key: one for key, one in recording.cameras.items() if key in streams},
    )


def _frames(
    stream: Stream[Any], reference: Stream[Any] | None, start_ns: int, end_ns: int
) -> tuple[int, int]:
    """The first frame of a stretch and the one after its last."""
    beside = stream is not reference and stream.kind in SEEN and len(stream) > 0
    early = stream.period_ns // 2 if beside else 0
    first, stop = np.searchsorted(stream.times_ns, [start_ns - early, end_ns - early])
    return int(first), int(stop)


class _Part(FrameReader[T]):
    """Some frames of a stream."""

    def __init__(self, stream: Stream[T], first: int) -> None:
        self._stream = stream
        self._first = first

    def read(self, index: int) -> T:
        return self._stream.frame(self._first + index)

    def read_run(self, index: int) -> Iterator[tuple[int, T]]:
        yield index, self.read(index)

    def close(self) -> None:
        """The recording is closed by whoever opened it."""


class _SoundPart(AudioReader):
    """Some samples of a sound."""

    def __init__(self, stream: AudioStream, first: int, count: int) -> None:
        self._stream = stream
        self._first = first
        self.sample_rate = stream.sample_rate
        self.channels = stream.channels
        self.count = count

    def samples(self, start: int, stop: int) -> NDArray[np.int16]:
        start, stop = max(0, start), min(stop, self.count)
        return self._stream.samples(self._first + start, self._first + max(start, stop))

    def read(self, index: int) -> NDArray[np.int16]:
        return np.asarray(self.samples(index, index + 1)[0])

    def read_run(self, index: int) -> Iterator[tuple[int, NDArray[np.int16]]]:
        yield index, self.read(index)

    def close(self) -> None:
        """The recording is closed by whoever opened it."""


def _part(stream: Stream[Any], first: int, stop: int, zero_ns: int) -> Stream[Any]:
    times = np.asarray(stream.times_ns[first:stop] - zero_ns, dtype=np.int64)
    rate = stream.nominal_rate_hz
    if isinstance(stream, PictureStream):
        return PictureStream(
            stream.name,
            stream.kind,
            times,
            _Part(stream, first),
            width=stream.width,
            height=stream.height,
            dtype=stream.dtype,
            nominal_rate_hz=rate,
        )
    if isinstance(stream, SkeletonStream):
        return SkeletonStream(
            stream.name,
            times,
            _Part(stream, first),
            topology=stream.topology,
            joints=stream.joints,
            max_bodies=stream.max_bodies,
            nominal_rate_hz=rate,
        )
    if isinstance(stream, SampledStream):
        return SampledStream(
            stream.name,
            stream.kind,
            times,
            stream.values[first:stop],
            channels=stream.channels,
            nominal_rate_hz=rate,
        )
    raise TypeError(f"stream {stream.name} is a {type(stream).__name__}")


def _sound(stream: AudioStream, zero_ns: int, end_ns: int) -> AudioStream | None:
    """From the first sample that begins in the stretch; the clock starts between two samples."""
    first = max(stream.sample_at(zero_ns - 1) + 1, 0)
    stop = min(stream.sample_at(end_ns - 1) + 1, len(stream))
    if stop <= first:
        return None
    since = round(first * SECOND_NS * stream.rate_scale / stream.sample_rate)
    offset = stream.start_ns + since - zero_ns
    reader = _SoundPart(stream, first, stop - first)
    return AudioStream(stream.name, reader, start_ns=max(offset, 0))
