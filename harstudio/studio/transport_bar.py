"""The bar between pictures and timeline: play, step, time, speed, loop, scrub."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QToolTip, QWidget

from harstudio.recordings.streams import PictureStream
from harstudio.studio import theme
from harstudio.studio.commands import CommandTable
from harstudio.studio.play_buttons import HEIGHT, Figures, PlayButtons, tip
from harstudio.studio.session import Session
from harstudio.studio.timecode import clock_text

BUTTONS = {
    "transport.first": "first",
    "transport.previous_frame": "previous",
    "transport.play": "play",
    "transport.next_frame": "next",
    "transport.last": "last",
}
LOOP = "transport.loop_clip"


class TransportBar(QWidget):
    """Follows the session's clock; every button runs a command of the table."""

    def __init__(
        self, session: Session, commands: CommandTable, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("transport_bar")
        self.setFixedHeight(HEIGHT)
        self._session = session
        self._commands = commands
        self.scrub = ScrubBar(session)
        self._build()
        transport = session.transport
        transport.moved.connect(self._show_time)
        transport.range_changed.connect(self._show_time)
        transport.loop_changed.connect(self._show_loop)
        session.recording_changed.connect(self._show_recording)
        theme.theme_events.changed.connect(self._show_loop)
        self._meter_timer = QTimer(self)
        self._meter_timer.setInterval(250)
        self._meter_timer.timeout.connect(self._show_meter)
        self._meter_timer.start()
        self._show_recording(session.recording)

    def _build(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 16, 0)
        row.setSpacing(4)
        clock, names = self._session.transport, ("time", "rest")
        self._player = PlayButtons(clock, self._commands, BUTTONS, names, row, self)
        self._time, self._rest = self._player.time, self._player.rest
        self._loop = QToolButton()
        self._loop.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._loop.setToolTip(tip(self._commands, LOOP))
        self._loop.setAccessibleName(self._commands[LOOP].title)
        self._loop.clicked.connect(self._toggle_loop)
        self._loop.setObjectName("loop")
        row.addSpacing(4)
        row.addWidget(self._loop)
        row.addSpacing(8)
        row.addWidget(self.scrub, 1)
        row.addSpacing(8)
        self._meter = Figures("meter", 13, quiet=True)
        self._meter.setToolTip("Frames painted on time a second")
        row.addWidget(self._meter)

    def tell_keys(self) -> None:
        """Tool tips name the keys that the table says now."""
        self._player.tell_keys()
        self._loop.setToolTip(tip(self._commands, LOOP))

    def _toggle_loop(self, _checked: bool = False) -> None:
        self._commands.run(LOOP)

    def _show_recording(self, _recording: object) -> None:
        there = self._session.recording is not None
        self._player.enable(there)
        self._loop.setEnabled(there)
        self.scrub.setEnabled(there)
        self._show_time()
        self._show_loop()

    def _show_time(self, *_: object) -> None:
        transport = self._session.transport
        if self._session.recording is None:
            self._time.set_text("00:00.000")
            self._rest.set_text("")
            return
        start = transport.start_ns
        self._time.set_text(clock_text(transport.position_ns - start))
        index = self._session.frame_index()
        frame = "" if index is None else f"   frame {index}"
        self._rest.set_text(f"/ {clock_text(transport.stop_ns - start)}{frame}")

    def _show_loop(self, *_: object) -> None:
        tokens, loop = theme.current(), self._session.transport.loop
        transport = self._session.transport
        whole = loop == (transport.start_ns, transport.stop_ns)
        self._loop.setText("Loop all" if whole else "Loop A–B" if loop else "Loop clip")
        color = tokens.accent if loop is not None else tokens.quiet
        self._loop.setStyleSheet(f"color: {color}; padding: 4px 6px;")

    def _show_meter(self) -> None:
        text = self._session.meter.text()
        if not text and (recording := self._session.recording) is not None:
            reference = recording.reference
            rate = None if reference is None else reference.rate_hz
            text = "" if rate is None else f"   {rate:.0f} fps"
        self._meter.set_text(text)


class ScrubBar(QWidget):
    """The whole recording in one line: played, cached and looped stretches, and the playhead.

    Press or drag to go there, turn the wheel to step frames.
    """

    GROOVE = 6

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("scrub")
        self.setAccessibleName("Position in the recording")
        self.setMouseTracking(True)
        self.setMinimumWidth(120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._session = session
        self._hover: float | None = None
        self._painted_x = -1
        self._cached: list[tuple[float, float]] = []
        transport = session.transport
        for signal in (transport.range_changed, transport.loop_changed):
            signal.connect(self._refresh)
        transport.moved.connect(self._moved)
        theme.theme_events.changed.connect(self.update)
        self._timer = QTimer(self)
        self._timer.setInterval(300)
        self._timer.timeout.connect(self._look_at_cache)
        self._timer.start()

    def _refresh(self, *_: object) -> None:
        self.update()

    def _moved(self, position_ns: int) -> None:
        if round(self._share(position_ns) * self.width()) != self._painted_x:
            self.update()

    # ---- time and place

    def _share(self, time_ns: int) -> float:
        transport = self._session.transport
        span = max(1, transport.stop_ns - transport.start_ns)
        return min(1.0, max(0.0, (time_ns - transport.start_ns) / span))

    def _time_at(self, x: float) -> int:
        transport = self._session.transport
        share = min(1.0, max(0.0, x / max(1, self.width() - 1)))
        return transport.start_ns + round(share * (transport.stop_ns - transport.start_ns))

    # ---- what is cached

    def _look_at_cache(self) -> None:
        if not self.isVisible():
            return
        cached = self.cached_stretches()
        if cached != self._cached:
            self._cached = cached
            self.update()

    def cached_stretches(self) -> list[tuple[float, float]]:
        """Shares [from, to) of the recording of which every picture stream is decoded."""
        recording = self._session.recording
        if recording is None or self.width() < 2:
            return []
        pictures = [s for s in recording.streams.values() if isinstance(s, PictureStream)]
        pictures = [s for s in pictures if len(s)]
        if not pictures:
            return []
        start, stop = self._session.transport.start_ns, self._session.transport.stop_ns
        columns = max(2, self.width() // 2)
        times = start + ((np.arange(columns) + 0.5) * ((stop - start) / columns)).astype(np.int64)
        whole = np.ones(columns, dtype=bool)
        for stream in pictures:
            nearest = np.clip(np.searchsorted(stream.times_ns, times), 0, len(stream) - 1)
            whole &= self._session.cache.cached(stream)[nearest]
        return _runs(whole)

    # ---- painting

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        tokens, width = theme.current(), float(self.width())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        top = (self.height() - self.GROOVE) / 2

        def bar(start: float, stop: float, color: str, *, grow: float = 0.0) -> None:
            box = QRectF(start * width, top - grow, (stop - start) * width, self.GROOVE + 2 * grow)
            painter.setBrush(QColor(color))
            painter.drawRoundedRect(box, 3, 3)

        bar(0, 1, tokens.raised if tokens.name == "dark" else tokens.canvas)
        if not self.isEnabled():
            painter.end()
            return
        cached_color = theme.mixed(tokens.line, tokens.quiet, 0.35)
        for start, stop in self._cached:
            box = QRectF(start * width, top, (stop - start) * width, self.GROOVE)
            painter.fillRect(box, QColor(cached_color))
        now = self._share(self._session.transport.position_ns)
        self._painted_x = round(now * width)
        bar(0, now, tokens.accent)
        loop = self._session.transport.loop
        if loop is not None:
            a, b = self._share(loop[0]), self._share(loop[1])
            painter.setBrush(QColor(tokens.warn))
            painter.drawRect(QRectF(a * width, top + self.GROOVE + 2, (b - a) * width, 2))
        painter.setBrush(QColor(tokens.text))
        grow = 5 if self._hover is None else 6
        head = QRectF(0, top - grow, 3, self.GROOVE + 2 * grow)
        head.moveLeft(min(max(0.0, now * width - 1.5), width - 3))
        painter.drawRoundedRect(head, 1.5, 1.5)
        painter.end()

    # ---- mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._hover = event.position().x()
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position())
        time_ns = self._time_at(event.position().x())
        recording = self._session.recording
        reference = None if recording is None else recording.reference
        index = None if reference is None else reference.nearest(time_ns)
        text = clock_text(time_ns - self._session.transport.start_ns)
        if index is not None:
            text += f"   frame {index}"
        QToolTip.showText(event.globalPosition().toPoint() + QPointF(0, -48).toPoint(), text, self)
        self.update()

    def leaveEvent(self, _event: object) -> None:  # noqa: N802
        self._hover = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        steps = event.angleDelta().y() or event.angleDelta().x()
        if steps:
            self._session.step(-1 if steps > 0 else 1)
        event.accept()

    def _go(self, place: QPointF) -> None:
        self._session.transport.seek(self._time_at(place.x()))


def _runs(whole: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Stretches of True as shares of the length."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], whole, [False]))))
    return [(float(a) / whole.size, float(b) / whole.size) for a, b in edges.reshape(-1, 2)]
