"""The microphone as a live stream: QtMultimedia hears, blocks of sound go into a ring.

Sound is stamped by counting its samples from the first one on, so the blocks join without a gap;
where that comes apart from the machine's clock (a device that stopped, a computer that slept) the
clock is right, and counting begins anew.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from PySide6.QtCore import QByteArray, QObject, Signal

from harstudio.errors import DataError
from harstudio.live.streams import LiveStream
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import SECOND_NS, StreamKind

NAME = "audio"
RATE = 48_000
BLOCK = RATE // 50  # samples of one frame of the ring, 20 ms
BUFFER_S = 1  # the window may be busy for so long and no sound is lost
APART_NS = 120 * SECOND_NS // 1000
NO_MICROPHONE = "No microphone was found: recordings are made without sound."


def microphone_spec() -> StreamSpec | None:
    """The stream of the system's microphone; None where there is none. On the GUI thread."""
    from PySide6.QtMultimedia import QMediaDevices  # slow to import

    if QMediaDevices.defaultAudioInput().isNull():
        return None
    return StreamSpec(NAME, StreamKind.AUDIO, sample_rate=RATE, channels=("mono",))


class SoundBlocks:
    """Cuts what a device gives into stamped blocks. stream: mono int16 sound."""

    def __init__(self, stream: LiveStream) -> None:
        self._stream = stream
        self._rate = stream.spec.sample_rate
        self._begin_ns: int | None = None  # of sample 0 of what is counted
        self._counted = 0
        self._half = b""

    def take(self, data: bytes, now_ns: int) -> None:
        """Bytes that were read at a time; their last sample is the newest there was."""
        data = self._half + data
        whole = len(data) // 2 * 2
        self._half = data[whole:]
        samples = np.frombuffer(data[:whole], dtype=np.int16)[:, None]
        if not len(samples):
            return
        heard_ns = now_ns - len(samples) * SECOND_NS // self._rate
        if self._begin_ns is None or abs(heard_ns - self._next_ns) > APART_NS:
            self._begin_ns, self._counted = heard_ns, 0
        for start in range(0, len(samples), BLOCK):
            block = samples[start : start + BLOCK]
            self._stream.put(block, self._next_ns, now_ns)
            self._counted += len(block)

    @property
    def _next_ns(self) -> int:
        return (self._begin_ns or 0) + self._counted * SECOND_NS // self._rate


class Microphone(QObject):
    """Listens while a session is live; on the GUI thread."""

    failed = Signal(str)  # why nothing is heard

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source: Any = None
        self._device: Any = None
        self._blocks: SoundBlocks | None = None

    @property
    def on(self) -> bool:
        return self._source is not None

    def start(self, stream: LiveStream) -> None:
        """Put what is heard into a stream from now on."""
        from PySide6.QtMultimedia import QAudioFormat, QAudioSource, QMediaDevices

        self.stop()
        device = QMediaDevices.defaultAudioInput()
        if device.isNull():
            self.failed.emit(NO_MICROPHONE)
            return
        layout = QAudioFormat()
        layout.setSampleRate(stream.spec.sample_rate)
        layout.setChannelCount(1)
        layout.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        if not device.isFormatSupported(layout):
            self.failed.emit(
                f"{device.description()} gives no sound of {stream.spec.sample_rate} Hz: "
                "recordings are made without sound."
            )
            return
        self._source = QAudioSource(device, layout, self)
        self._source.setBufferSize(2 * stream.spec.sample_rate * BUFFER_S)
        self._blocks = SoundBlocks(stream)
        self._device = self._source.start()
        if self._device is None:
            self.stop()
            self.failed.emit(f"{device.description()} cannot be opened; it may be in use.")
            return
        self._device.readyRead.connect(self._read)

    def stop(self) -> None:
        """Listen no more."""
        source, self._source, self._device, self._blocks = self._source, None, None, None
        if source is not None:
            source.stop()
            source.deleteLater()

    def _read(self) -> None:
        if self._device is None or self._blocks is None:
            return
        data: QByteArray = self._device.readAll()
        try:
            self._blocks.take(bytes(data.data()), time.monotonic_ns())
        except DataError:  # the session's rings were taken away; it says so when there are others
            self.stop()
