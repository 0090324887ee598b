"""A side's own time, led by the clock of both."""

from __future__ import annotations

from PySide6.QtCore import QObject

from harstudio.studio.transport import Transport


class Follower(Transport):
    """Stands as far into its clip as the clock has run; a shorter clip waits at its end.

    Whoever pauses, plays or seeks here does it to the clock, and so to the other side.
    """

    def __init__(self, clock: Transport, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        clock.moved.connect(self._follow)
        clock.playing_changed.connect(self.playing_changed)
        clock.rate_changed.connect(self.rate_changed)

    def show_clip(self, start_ns: int, stop_ns: int, last_ns: int) -> None:
        """Follow through ``[start_ns, stop_ns)``, whose last frame is at ``last_ns``."""
        self._start_ns, self._stop_ns = start_ns, max(start_ns, stop_ns)
        self._last_ns = min(max(start_ns, last_ns), self._stop_ns)
        self.range_changed.emit(self._start_ns, self._stop_ns)
        self._follow(self._clock.position_ns)

    def _follow(self, since_ns: int) -> None:
        self._place(self._start_ns + since_ns)

    @property
    def playing(self) -> bool:
        return self._clock.playing

    @property
    def rate(self) -> float:
        return self._clock.rate

    def play(self) -> None:
        self._clock.play()

    def pause(self) -> None:
        self._clock.pause()

    def toggle(self) -> None:
        self._clock.toggle()

    def seek(self, position_ns: int) -> None:
        self._clock.seek(position_ns - self._start_ns)

    def set_rate(self, rate: float) -> None:
        self._clock.set_rate(rate)
