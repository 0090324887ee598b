"""Sound: 16-bit samples, decoded as far as they are asked for."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.container import InputContainer
from av.stream import Discard
from numpy.typing import NDArray

from harstudio.errors import DataError
from harstudio.recordings.streams import SECOND_NS, Stream, StreamKind
from harstudio.recordings.video_index import AudioIndex, open_media

IN_MEMORY_BYTES = 64 << 20
SLACK_S = 0.05  # container times are rounded; only a larger gap is silence


class AudioStream(Stream[NDArray[np.int16]]):
    """Samples at a constant rate. A frame is one sample of all channels: (channels,) int16.

    There are too many samples for a time each: ``times_ns`` is worked out when asked for, all
    else is arithmetic.
    """

    def __init__(self, name: str, reader: AudioReader, *, start_ns: int = 0) -> None:
        super().__init__(name, StreamKind.AUDIO, np.zeros(0, dtype=np.int64), reader)
        self.sample_rate = reader.sample_rate
        self.channels = reader.channels
        self.nominal_rate_hz = float(self.sample_rate)
        self._source_start_ns = start_ns
        self._reader = reader

    def samples(self, start: int, stop: int) -> NDArray[np.int16]:
        """(stop - start, channels) int16; decodes what nobody has asked for yet.

        Bounds are held to the stream. The first call for a late part decodes all before it (a
        minute takes about a quarter of a second), so call it off the GUI thread.
        """
        return self._reader.samples(start, stop)

    def sample_at(self, time_ns: int) -> int:
        """The sample that sounds at a time; may lie outside the stream."""
        step = self._rate_scale * SECOND_NS / self.sample_rate
        return int(np.floor((time_ns - self.start_ns) / step + 1e-6))

    def __len__(self) -> int:
        return self._reader.count

    @property
    def times_ns(self) -> NDArray[np.int64]:
        return self._time(np.arange(len(self)))

    @property
    def start_ns(self) -> int:
        return int(self._time(np.zeros(1, dtype=np.int64))[0])

    @property
    def end_ns(self) -> int:
        return int(self._time(np.array([max(0, len(self) - 1)]))[0])

    @property
    def period_ns(self) -> int:
        return max(1, round(self._rate_scale * SECOND_NS / self.sample_rate))

    def nearest(self, time_ns: int, tolerance_ns: int | None = None) -> int | None:
        if not len(self):
            return None
        step = self._rate_scale * SECOND_NS / self.sample_rate
        index = min(max(round((time_ns - self.start_ns) / step), 0), len(self) - 1)
        away = abs(int(self._time(np.array([index]))[0]) - time_ns)
        return (
            index if away <= (self.tolerance_ns if tolerance_ns is None else tolerance_ns) else None
        )

    def describe(self) -> dict[str, Any]:
        return super().describe() | {"sample_rate": self.sample_rate, "channels": self.channels}

    def _corrected(self) -> NDArray[np.int64]:
        return np.zeros(0, dtype=np.int64)

    def _time(self, samples: NDArray[np.int64]) -> NDArray[np.int64]:
        # Only the way from the first sample goes through floats: wall clocks need all digits.
        since = np.rint(samples * (self._rate_scale * SECOND_NS / self.sample_rate))
        first = self._source_start_ns
        if self._rate_scale != 1.0:
            first = round(first * self._rate_scale)
        return np.asarray(since.astype(np.int64) + (first + self._offset_ns), dtype=np.int64)


class AudioReader:
    """Decodes one sound track forward into memory (into a temporary file where it is long)."""

    def __init__(
        self,
        path: Path,
        index: Callable[[], AudioIndex],
        *,
        sample_rate: int,
        channels: int,
        count: int,
    ) -> None:
        """index: finds the track when the first samples are asked for."""
        self.path = Path(path)
        self.sample_rate = sample_rate
        self.channels = channels
        self.count = count
        self._find_index = index
        self._lock = threading.Lock()
        self._samples: NDArray[np.int16] | None = None
        self._blocks: Iterator[tuple[int, NDArray[np.int16]]] | None = None
        self._container: InputContainer | None = None
        self._filled = 0  # samples [0, filled) are decoded

    @cached_property
    def _index(self) -> AudioIndex:
        return self._find_index()

    def samples(self, start: int, stop: int) -> NDArray[np.int16]:
        """(n, channels) int16; silence where the track has none."""
        start, stop = max(0, start), min(stop, self.count)
        if stop <= start:
            return np.zeros((0, self.channels), dtype=np.int16)
        with self._lock:
            store = self._store()
            if stop > self._filled:
                self._decode_to(store, stop)
            return np.array(store[start:stop])

    def read(self, index: int) -> NDArray[np.int16]:
        """(channels,) int16."""
        return np.asarray(self.samples(index, index + 1)[0], dtype=np.int16)

    def read_run(self, index: int) -> Iterator[tuple[int, NDArray[np.int16]]]:
        yield index, self.read(index)

    def close(self) -> None:
        with self._lock:
            self._stop()
            self._samples, self._filled = None, 0

    def _stop(self) -> None:
        self._blocks = None
        if self._container is not None:
            self._container.close()
            self._container = None

    def _store(self) -> NDArray[np.int16]:
        if self._samples is None:
            shape = (self.count, self.channels)
            if self.count * self.channels * 2 <= IN_MEMORY_BYTES:
                self._samples = np.zeros(shape, dtype=np.int16)
            else:
                with tempfile.TemporaryFile(prefix="harstudio-sound-") as file:
                    self._samples = np.memmap(file, dtype=np.int16, mode="w+", shape=shape)
        return self._samples

    def _decode_to(self, store: NDArray[np.int16], stop: int) -> None:
        if self._blocks is None:
            self._filled = 0
            self._blocks = self._decoded()
        for place, block in self._blocks:
            start, end = max(place, 0), min(place + len(block), self.count)
            if end > start:
                store[start:end] = block[start - place : end - place]
            self._filled = max(self._filled, end)
            if self._filled >= stop:
                return
        self._filled = self.count
        self._stop()
        self._blocks = iter(())

    def _decoded(self) -> Iterator[tuple[int, NDArray[np.int16]]]:
        """(first sample, (n, channels) int16) in order."""
        self._container = container = open_media(self.path)
        stream = next((s for s in container.streams.audio if s.index == self._index.track), None)
        if stream is None or stream.codec_context is None:
            raise DataError("The file has changed since it was opened.", path=self.path)
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        layout = "mono" if self.channels == 1 else "stereo"
        resampler = AudioResampler(format="s16", layout=layout, rate=self.sample_rate)
        running = 0
        for frame in _frames(container, self._index.track):
            running = self._placed(frame, running)
            frame.pts = None
            for even in _resampled(resampler, frame):
                block = np.asarray(even.to_ndarray(), dtype=np.int16).reshape(-1, self.channels)
                yield running, block
                running += len(block)

    def _placed(self, frame: AudioFrame, running: int) -> int:
        """Where a block starts: after the last one, unless the container shows a gap."""
        if frame.pts is None or frame.time_base is None:
            return running
        since = frame.pts * frame.time_base - self._index.start_ns / SECOND_NS
        told = round(float(since) * self.sample_rate)
        return told if told - running > SLACK_S * self.sample_rate else running


def audio_stream(index: AudioIndex, path: Path, *, name: str = "audio") -> AudioStream:
    """A stream over one sound track."""
    reader = AudioReader(
        path,
        lambda: index,
        sample_rate=index.sample_rate,
        channels=index.channels,
        count=index.samples,
    )
    return AudioStream(name, reader, start_ns=index.start_ns)


def _frames(container: InputContainer, track: int) -> Iterator[AudioFrame]:
    stream = next(s for s in container.streams.audio if s.index == track)
    try:
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except (av.FFmpegError, ValueError):
                continue
            for frame in frames:
                if isinstance(frame, AudioFrame):
                    yield frame
    except (av.FFmpegError, ValueError):
        return


def _resampled(resampler: AudioResampler, frame: AudioFrame) -> list[AudioFrame]:
    try:
        return list(resampler.resample(frame))
    except (av.FFmpegError, ValueError):
        return []
