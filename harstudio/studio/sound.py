"""Sound, as the slave of the transport's clock.

Samples are pushed into the device's short queue at the pace it takes them. When what is heard
drifts from the playhead by more than 40 ms (a seek, a loop, a slow device) the next samples come
from where the playhead will be once the queue has run out. Pictures never wait for sound.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QIODevice, QObject, QTimer, Signal

from harstudio.recordings.audio import AudioStream
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SECOND_NS, StreamKind
from harstudio.studio.transport import Transport

DRIFT_NS = 40_000_000
FEED_MS = 20
QUEUE_MS = 120
NO_DEVICE = "No sound device was found: recordings play without sound."


class Sound(QObject):
    """Plays the first audio stream of the recording at 1x; silent at any other speed."""

    absent = Signal(str)  # once: why there is no sound

    def __init__(self, transport: Transport, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._transport = transport
        self._stream: AudioStream | None = None
        self._sink = None
        self._device: QIODevice | None = None
        self._volume = 1.0
        self._told_absent = False
        self._fed = 0  # next sample of the stream to push
        self.resyncs = 0
        self._feeder = QTimer(self)
        self._feeder.setInterval(FEED_MS)
        self._feeder.timeout.connect(self._feed)
        transport.playing_changed.connect(self._follow)
        transport.rate_changed.connect(self._follow)

    @property
    def volume(self) -> float:
        """In [0, 1], as ears hear it."""
        return self._volume

    def set_volume(self, volume: float) -> None:
        """In [0, 1]; 0 is silence."""
        self._volume = min(max(volume, 0.0), 1.0)
        if self._sink is not None:
            self._sink.setVolume(self._linear_volume())

    def _linear_volume(self) -> float:
        from PySide6.QtMultimedia import QtAudio

        logarithmic = QtAudio.VolumeScale.LogarithmicVolumeScale
        return QtAudio.convertVolume(
            self._volume, logarithmic, QtAudio.VolumeScale.LinearVolumeScale
        )

    def set_recording(self, recording: Recording | None) -> None:
        """A new recording: its sound, if it has any."""
        self.close()
        found = None if recording is None else recording.of_kind(StreamKind.AUDIO)
        if isinstance(found, AudioStream) and len(found):
            self._stream = found

    def close(self) -> None:
        """Silence, and let go of the device."""
        self._stop()
        self._stream = None
        if self._sink is not None:
            self._sink.deleteLater()
            self._sink = None

    # ---- following the clock

    def _follow(self, *_: object) -> None:
        if self._stream is None or not self._transport.playing or self._transport.rate != 1.0:
            self._stop()
        elif not self._feeder.isActive() and self._ready():
            self._begin()

    def _ready(self) -> bool:
        """Open the device on first use: importing QtMultimedia takes a moment."""
        if self._sink is not None:
            return True
        if self._told_absent:
            return False
        from PySide6.QtMultimedia import QAudioFormat, QAudioSink, QMediaDevices

        device = QMediaDevices.defaultAudioOutput()
        if device.isNull():
            self._tell_absent()
            return False
        layout = QAudioFormat()
        layout.setSampleRate(self._stream.sample_rate)
        layout.setChannelCount(self._stream.channels)
        layout.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        self._sink = QAudioSink(device, layout, self)
        per_ms = self._stream.sample_rate * self._bytes_per_sample / 1000
        self._sink.setBufferSize(int(per_ms * QUEUE_MS))
        self._sink.setVolume(self._linear_volume())
        return True

    @property
    def _bytes_per_sample(self) -> int:
        return 2 * self._stream.channels

    def _tell_absent(self) -> None:
        if not self._told_absent:
            self._told_absent = True
            self.absent.emit(NO_DEVICE)

    def _begin(self) -> None:
        self._fed = self._sample_at(self._transport.position_ns)
        self._device = self._sink.start()
        if self._device is None:
            self._tell_absent()
            return
        self._feeder.start()
        self._feed()

    def _stop(self) -> None:
        self._feeder.stop()
        if self._sink is not None:
            self._sink.reset()
            self._sink.stop()
        self._device = None

    def _sample_at(self, time_ns: int) -> int:
        return round((time_ns - self._stream.start_ns) * self._stream.sample_rate / SECOND_NS)

    def heard_ns(self) -> int:
        """Recording time of the sample that leaves the queue now."""
        sample = self._fed - self._queued()
        return self._stream.start_ns + round(sample * SECOND_NS / self._stream.sample_rate)

    def _queued(self) -> int:
        return (self._sink.bufferSize() - self._sink.bytesFree()) // self._bytes_per_sample

    def _feed(self) -> None:
        if self._device is None:
            return
        now = self._transport.position_ns
        if abs(self.heard_ns() - now) > DRIFT_NS:
            self.resyncs += 1
            self._fed = self._sample_at(now) + self._queued()
        wanted = self._sink.bytesFree() // self._bytes_per_sample
        if wanted > 0:
            written = self._device.write(self._samples(wanted).tobytes())
            self._fed += max(written, 0) // self._bytes_per_sample

    def _samples(self, count: int) -> np.ndarray:
        """(count, channels) int16 from the next sample on; silence outside the stream."""
        total = len(self._stream)
        out = np.zeros((count, self._stream.channels), dtype=np.int16)
        start, stop = max(self._fed, 0), min(self._fed + count, total)
        if start < stop:
            found = self._stream.samples(start, stop)
            out[start - self._fed : start - self._fed + len(found)] = found
        return out
