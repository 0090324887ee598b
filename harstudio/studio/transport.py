"""The transport: one clock that every pane follows."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal

TICK_MS = 8
RATES = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 4.0)
SHUTTLE = (1.0, 2.0, 4.0)


class Transport(QObject):
    """Position in ns, playing or not, rate and loop; announces every move.

    The position is computed from a monotonic clock at each tick, so late ticks are caught up
    and nothing drifts. Sound follows this clock, never the other way round.
    """

    moved = Signal(object)  # position_ns: int (Qt's int is 32 bits)
    playing_changed = Signal(bool)
    rate_changed = Signal(float)
    loop_changed = Signal(object)  # (start_ns, end_ns) or None
    range_changed = Signal(object, object)  # start_ns, stop_ns

    def __init__(
        self, parent: QObject | None = None, now_ns: Callable[[], int] = time.perf_counter_ns
    ) -> None:
        super().__init__(parent)
        self._now_ns = now_ns
        self._start_ns = 0
        self._stop_ns = 0
        self._last_ns = 0
        self._position_ns = 0
        self._rate = 1.0
        self._loop: tuple[int, int] | None = None
        self._anchor: tuple[int, int] | None = None  # (clock, position) while playing
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)

    @property
    def position_ns(self) -> int:
        return self._position_ns

    @property
    def start_ns(self) -> int:
        return self._start_ns

    @property
    def stop_ns(self) -> int:
        return self._stop_ns

    @property
    def playing(self) -> bool:
        return self._anchor is not None

    @property
    def rate(self) -> float:
        """Speed; negative plays backwards."""
        return self._rate

    @property
    def loop(self) -> tuple[int, int] | None:
        return self._loop

    def set_range(self, start_ns: int, stop_ns: int, last_ns: int | None = None) -> None:
        """A new recording: from its first sample to its stop; pauses at the start.

        last_ns: where the playhead stops, the time of the last frame; else just before the stop.
        """
        self.pause()
        self.set_loop(None)
        self._start_ns, self._stop_ns = start_ns, max(start_ns, stop_ns)
        self._last_ns = max(start_ns, self._stop_ns - 1 if last_ns is None else last_ns)
        self.range_changed.emit(self._start_ns, self._stop_ns)
        self.seek(start_ns)

    def play(self) -> None:
        if self.playing or self._stop_ns <= self._start_ns:
            return
        if self._rate > 0 and self._position_ns >= self._last_ns:
            self.seek(self._start_ns)
        self._anchor = (self._now_ns(), self._position_ns)
        self._timer.start()
        self.playing_changed.emit(True)

    def pause(self) -> None:
        if not self.playing:
            return
        self._anchor = None
        self._timer.stop()
        self.playing_changed.emit(False)

    def toggle(self) -> None:
        if self.playing:
            self.pause()
        else:
            self.play()

    def seek(self, position_ns: int) -> None:
        """Move the playhead; playing goes on from there."""
        self._place(position_ns)
        if self._anchor is not None:
            self._anchor = (self._now_ns(), self._position_ns)

    def set_rate(self, rate: float) -> None:
        if rate == 0:
            self.pause()
            return
        self._rate = rate
        if self._anchor is not None:
            self._anchor = (self._now_ns(), self._position_ns)
        self.rate_changed.emit(rate)

    def change_rate(self, by: int) -> None:
        """To the next speed of ``RATES``, forwards."""
        now = min(range(len(RATES)), key=lambda k: abs(RATES[k] - abs(self._rate)))
        self.set_rate(RATES[min(max(now + by, 0), len(RATES) - 1)])

    def shuttle(self, direction: int) -> None:
        """J, K, L: the same direction again is faster, the other one starts that way at 1x, none
        (0) pauses at 1x."""
        if direction == 0:
            self.pause()
            self.set_rate(1.0)
            return
        speed = SHUTTLE[0]
        if self.playing and self._rate * direction > 0:
            speed = next((rate for rate in SHUTTLE if rate > abs(self._rate)), SHUTTLE[-1])
        self.set_rate(direction * speed)
        self.play()

    def set_loop(self, loop: tuple[int, int] | None) -> None:
        """Repeat [start_ns, end_ns); None plays on."""
        if loop is not None and loop[1] <= loop[0]:
            loop = None
        self._loop = loop
        self.loop_changed.emit(loop)

    def tick(self) -> None:
        """Move to where the clock says; called by the timer, callable from tests."""
        if self._anchor is None:
            return
        clock, origin = self._anchor
        position = origin + round((self._now_ns() - clock) * self._rate)
        if self._loop is not None:
            start, end = self._loop
            if position >= end or position < start:
                position = start + (position - start) % (end - start)
                self._anchor = (self._now_ns(), position)
            self._place(position)
            return
        self._place(position)
        if position > self._last_ns or position < self._start_ns:
            self.pause()

    def _place(self, position_ns: int) -> None:
        placed = min(max(int(position_ns), self._start_ns), self._last_ns)
        if placed != self._position_ns or not self.playing:
            self._position_ns = placed
            self.moved.emit(placed)
