"""The sound of an alarm: two tones that go on until somebody has seen it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer

from harstudio.studio.sound import open_sink

RATE, FEED_MS = 48000, 40
TONES_HZ, TONE_S, REST_S, LOUD = (880.0, 660.0), 0.28, 0.5, 0.6


def alarm_tones() -> NDArray[np.int16]:
    """(n, 1) int16 of one turn: both tones and a rest, without clicks."""
    at = np.arange(round(RATE * TONE_S)) / RATE
    edge = np.clip(np.minimum(at, TONE_S - at) / 0.01, 0, 1)
    turn = [np.sin(2 * np.pi * hertz * at) * edge for hertz in TONES_HZ]
    turn.append(np.zeros(round(RATE * REST_S)))
    return np.rint(np.concatenate(turn) * LOUD * 32767).astype(np.int16)[:, None]


class AlarmSound(QObject):
    """Silent where there is no sound device."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sink: Any = None
        self._device: Any = None
        self._tones = alarm_tones()
        self._next = 0
        self._feeder = QTimer(self)
        self._feeder.setInterval(FEED_MS)
        self._feeder.timeout.connect(self._feed)

    @property
    def sounding(self) -> bool:
        return self._device is not None

    def start(self) -> None:
        if self.sounding:
            return
        self._sink = self._sink or open_sink(RATE, 1, self)
        self._device = None if self._sink is None else self._sink.start()
        if self._device is not None:
            self._next = 0
            self._feeder.start()
            self._feed()

    def stop(self) -> None:
        self._feeder.stop()
        if self._device is not None:
            self._sink.reset()
            self._sink.stop()
            self._device = None

    def _feed(self) -> None:
        wanted = self._sink.bytesFree() // 2
        if wanted <= 0:
            return
        at = (self._next + np.arange(wanted)) % len(self._tones)
        written = self._device.write(np.ascontiguousarray(self._tones[at]).tobytes())
        self._next = (self._next + max(written, 0) // 2) % len(self._tones)
