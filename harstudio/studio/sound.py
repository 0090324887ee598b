"""Sound, as the slave of the transport's clock.

Samples are pushed into the device's short queue at the pace it takes them. When what is heard
drifts from the playhead by more than 40 ms (a seek, a loop, a slow device) the next samples come
from where the playhead will be once the queue has run out. Pictures never wait for sound.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from harstudio.recordings.audio import AudioStream
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SECOND_NS, StreamKind
from harstudio.studio.background import Task
from harstudio.studio.transport import Transport

DRIFT_NS = 40_000_000
FEED_MS = 20
QUEUE_MS = 120
NO_DEVICE = "No sound device was found: recordings play without sound."


def open_sink(sample_rate: int, channels: int, parent: QObject) -> Any:
    """A QAudioSink for int16 samples on the default device; None where there is no device."""
    from PySide6.QtMultimedia import QAudioFormat, QAudioSink, QMediaDevices  # slow to import

    device = QMediaDevices.defaultAudioOutput()
    if device.isNull():
        return None
    layout = QAudioFormat()
    layout.setSampleRate(sample_rate)
    layout.setChannelCount(channels)
    layout.setSampleFormat(QAudioFormat.SampleFormat.Int16)
    sink = QAudioSink(device, layout, parent)
    sink.setBufferSize(sample_rate * channels * 2 * QUEUE_MS // 1000)
    return sink


class Sound(QObject):
    """Plays the first audio stream of the recording at 1x; silent at any other speed."""

    absent = Signal(str)  # once: why there is no sound

    def __init__(
        self,
        transport: Transport,
        parent: QObject | None = None,
        sink: Callable[[int, int, QObject], Any] = open_sink,
    ) -> None:
        super().__init__(parent)
        self._transport = transport
        self._open_sink = sink
        self._stream: AudioStream | None = None
        self._sink: Any = None
        self._device: Any = None  # where samples are written while playing
        self._volume = 1.0
        self._told_absent = False
        self._next = 0  # next sample to write
        self._decoded_s = 0
        self._decoding: Task | None = None
        self.resyncs = 0
        self._feeder = QTimer(self)
        self._feeder.setInterval(FEED_MS)
        self._feeder.timeout.connect(self.feed)
        transport.playing_changed.connect(self._follow)
        transport.rate_changed.connect(self._follow)

    @property
    def volume(self) -> float:
        """In [0, 1], as ears judge it."""
        return self._volume

    def set_volume(self, volume: float) -> None:
        """In [0, 1]; 0 is silence."""
        self._volume = min(max(volume, 0.0), 1.0)
        if self._sink is not None:
            self._sink.setVolume(self._volume**2)  # near enough to how ears judge loudness

    def set_recording(self, recording: Recording | None) -> None:
        """A new recording: its sound, if it has any, is decoded beside the window."""
        self.close()
        found = None if recording is None else recording.of_kind(StreamKind.AUDIO)
        if isinstance(found, AudioStream) and len(found):
            self._stream = found
            self._decoded_s = 0
            self._decoding = Task(_decoding_of(found), self)
            self._decoding.progressed.connect(self._decoded)
            self._decoding.start()

    def close(self) -> None:
        """Silence, and let go of the device."""
        self._stop()
        self._stream = None
        if self._decoding is not None:
            self._decoding.cancel(wait_s=2.0)
            self._decoding.deleteLater()
            self._decoding = None
        if self._sink is not None:
            self._sink.deleteLater()
            self._sink = None

    def _decoded(self, seconds: int) -> None:
        self._decoded_s = seconds

    # ---- following the clock

    def _follow(self, *_: object) -> None:
        if self._stream is None or not self._transport.playing or self._transport.rate != 1.0:
            self._stop()
        elif self._device is None and self._ready():
            self._begin()

    def _ready(self) -> bool:
        if self._sink is None and not self._told_absent:
            self._sink = self._open_sink(self._stream.sample_rate, self._stream.channels, self)
            if self._sink is None:
                self._tell_absent()
            else:
                self.set_volume(self._volume)
        return self._sink is not None

    def _tell_absent(self) -> None:
        if not self._told_absent:
            self._told_absent = True
            self.absent.emit(NO_DEVICE)

    def _begin(self) -> None:
        self._next = self._stream.sample_at(self._transport.position_ns)
        self._device = self._sink.start()
        if self._device is None:
            self._tell_absent()
            return
        self._feeder.start()
        self.feed()

    def _stop(self) -> None:
        self._feeder.stop()
        if self._device is not None:
            self._sink.reset()  # what is queued shall not be heard
            self._sink.stop()
            self._device = None

    @property
    def _sample_bytes(self) -> int:
        return 2 * self._stream.channels

    def _queued(self) -> int:
        return (self._sink.bufferSize() - self._sink.bytesFree()) // self._sample_bytes

    def heard_ns(self) -> int:
        """Recording time of the sample that leaves the queue now."""
        sample = self._next - self._queued()
        return self._stream.start_ns + round(sample * SECOND_NS / self._stream.sample_rate)

    def feed(self) -> None:
        """Fill the queue; called by the timer, callable from tests."""
        if self._device is None:
            return
        now = self._transport.position_ns
        if abs(self.heard_ns() - now) > DRIFT_NS:
            self.resyncs += 1
            self._next = self._stream.sample_at(now) + self._queued()
        wanted = self._sink.bytesFree() // self._sample_bytes
        if wanted > 0:
            written = self._device.write(self._samples(wanted).tobytes())
            self._next += max(written, 0) // self._sample_bytes

    def _samples(self, count: int) -> NDArray[np.int16]:
        """(count, channels) from the next one on; silence outside and where not yet decoded."""
        out = np.zeros((count, self._stream.channels), dtype=np.int16)
        there = min(len(self._stream), self._decoded_s * self._stream.sample_rate)
        start, stop = max(self._next, 0), min(self._next + count, there)
        if start < stop:
            at = start - self._next
            out[at : at + stop - start] = self._stream.samples(start, stop)
        return out


def _decoding_of(
    stream: AudioStream,
) -> Callable[[Callable[[int], None], Callable[[], bool]], None]:
    """Work that decodes the sound second by second and tells how far it is."""

    def work(progress: Callable[[int], None], cancelled: Callable[[], bool]) -> None:
        rate = stream.sample_rate
        for second in range(-(-len(stream) // rate)):
            if cancelled():
                return
            stream.samples(second * rate, (second + 1) * rate)
            progress(second + 1)

    return work
