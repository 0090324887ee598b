"""The bar between pictures and timeline: play, step, time, speed, loop, scrub."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QToolTip, QWidget

from harstudio.recordings.streams import PictureStream
from harstudio.studio import icons, theme
from harstudio.studio.commands import CommandTable
from harstudio.studio.session import Session
from harstudio.studio.timecode import clock_text

BUTTONS = (
    ("transport.first", "first"),
    ("transport.previous_frame", "previous"),
    ("transport.play", "play"),
    ("transport.next_frame", "next"),
    ("transport.last", "last"),
)
SHOWN_RATES = (0.5, 1.0, 2.0)
HEIGHT = 44


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
        self._buttons: dict[str, QToolButton] = {}
        self._rates: dict[float, QToolButton] = {}
        self.scrub = ScrubBar(session)
        self._build()
        transport = session.transport
        transport.moved.connect(self._show_time)
        transport.range_changed.connect(self._show_time)
        transport.playing_changed.connect(self._show_playing)
        transport.rate_changed.connect(self._show_rate)
        transport.loop_changed.connect(self._show_loop)
        session.recording_changed.connect(self._show_recording)
        theme.theme_events.changed.connect(self._retint)
        self._meter_timer = QTimer(self)
        self._meter_timer.setInterval(250)
        self._meter_timer.timeout.connect(self._show_meter)
        self._meter_timer.start()
        self._retint()
        self._show_recording(session.recording)

    def _build(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 16, 0)
        row.setSpacing(4)
        for command_id, icon in BUTTONS:
            button = self._button(command_id)
            button.setIconSize(QSize(20, 20))
            button.setProperty("icon_name", icon)
            button.setAutoRepeat(command_id.endswith("_frame"))
            self._buttons[command_id] = button
            row.addWidget(button)
        self._time = Figures("time", 16)
        self._rest = Figures("rest", 13, quiet=True)
        row.addSpacing(12)
        row.addWidget(self._time)
        row.addWidget(self._rest)
        row.addSpacing(12)
        for rate in SHOWN_RATES:
            button = QToolButton(text=f"{rate:g}×")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setToolTip(f"Play at {rate:g}× speed")
            button.clicked.connect(partial(self._set_rate, rate))
            self._rates[rate] = button
            row.addWidget(button)
        self._loop = self._button("transport.loop_clip")
        self._loop.setObjectName("loop")
        row.addSpacing(4)
        row.addWidget(self._loop)
        row.addSpacing(8)
        row.addWidget(self.scrub, 1)
        row.addSpacing(8)
        self._meter = Figures("meter", 13, quiet=True)
        self._meter.setToolTip("Frames painted on time a second")
        row.addWidget(self._meter)

    def _button(self, command_id: str) -> QToolButton:
        command = self._commands[command_id]
        button = QToolButton()
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setToolTip(command.title + self._key(command_id))
        button.setAccessibleName(command.title)
        button.clicked.connect(partial(self._run, command_id))
        return button

    def _key(self, command_id: str) -> str:
        shortcuts = self._commands[command_id].shortcuts
        return f"  ({shortcuts[0]})" if shortcuts else ""

    def tell_keys(self) -> None:
        """Tool tips name the keys that the table says now."""
        for command_id, button in {**self._buttons, "transport.loop_clip": self._loop}.items():
            button.setToolTip(self._commands[command_id].title + self._key(command_id))
        self._show_playing(self._session.transport.playing)

    def _run(self, command_id: str, _checked: bool = False) -> None:
        self._commands.run(command_id)

    def _set_rate(self, rate: float, _checked: bool = False) -> None:
        self._session.transport.set_rate(rate)

    def _show_recording(self, _recording: object) -> None:
        there = self._session.recording is not None
        for widget in (*self._buttons.values(), *self._rates.values(), self._loop, self.scrub):
            widget.setEnabled(there)
        self._show_time()
        self._show_rate()
        self._show_loop()
        self._show_playing(self._session.transport.playing)

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

    def _show_playing(self, playing: bool) -> None:
        tokens = theme.current()
        button = self._buttons["transport.play"]
        button.setIcon(icons.icon("pause" if playing else "play", color=tokens.on_accent))
        button.setStyleSheet(
            f"QToolButton {{ background: {tokens.accent}; border-radius: {theme.CORNER}px; }}"
            f"QToolButton:disabled {{ background: {tokens.raised}; }}"
        )
        button.setToolTip(("Pause" if playing else "Play") + self._key("transport.play"))

    def _show_rate(self, *_: object) -> None:
        tokens, now = theme.current(), self._session.transport.rate
        for rate, button in self._rates.items():
            color = tokens.accent if rate == now else tokens.quiet
            button.setStyleSheet(f"color: {color}; padding: 4px 3px;")
        others = now not in self._rates
        self._rates[1.0].setText(f"{now:g}×" if others else "1×")
        if others:
            self._rates[1.0].setStyleSheet(f"color: {tokens.warn}; padding: 4px 3px;")

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

    def _retint(self) -> None:
        for button in self._buttons.values():
            button.setIcon(icons.icon(str(button.property("icon_name"))))
        self._show_playing(self._session.transport.playing)
        self._show_rate()
        self._show_loop()


class Figures(QWidget):
    """Changing figures that never make the bar lay itself out anew, unless they grow."""

    def __init__(self, name: str, pixels: int, *, quiet: bool = False) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setFont(theme.time_font(pixels))
        self._quiet = quiet
        self._text = ""
        theme.theme_events.changed.connect(self.update)

    def text(self) -> str:
        return self._text

    def set_text(self, text: str) -> None:
        if text == self._text:
            return
        same_length = len(text) == len(self._text)
        self._text = text
        needed = self.fontMetrics().horizontalAdvance(text) + 6
        if needed > self.minimumWidth() or not same_length:  # letters are wider than spaces
            self.setFixedWidth(needed)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        tokens = theme.current()
        painter = QPainter(self)
        painter.setPen(QColor(tokens.quiet if self._quiet else tokens.text))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, self._text)
        painter.end()


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
