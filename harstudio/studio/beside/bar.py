"""The one bar under two sides: play, step, time, speed and the place in the clip."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QSlider, QToolButton, QWidget

from harstudio.studio import icons, theme
from harstudio.studio.commands import CommandTable
from harstudio.studio.timecode import clock_text
from harstudio.studio.transport import Transport
from harstudio.studio.transport_bar import HEIGHT, SHOWN_RATES, Figures

BUTTONS = {
    "transport.previous_frame": "previous",
    "transport.play": "play",
    "transport.next_frame": "next",
}
STEPS = 1000


class ClockBar(QWidget):
    """Its buttons run the commands of the player, which lead this clock while it is shown."""

    def __init__(
        self, clock: Transport, commands: CommandTable, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("clock_bar")
        self.setFixedHeight(HEIGHT)
        self._clock, self._commands = clock, commands
        self._buttons: dict[str, QToolButton] = {}
        self._rates: dict[float, QToolButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 16, 0)
        row.setSpacing(4)
        for command_id in BUTTONS:
            button = QToolButton()
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setIconSize(QSize(20, 20))
            button.setAccessibleName(commands[command_id].title)
            button.setAutoRepeat(command_id.endswith("_frame"))
            button.clicked.connect(partial(self._run, command_id))
            self._buttons[command_id] = button
            row.addWidget(button)
        self._time, self._rest = Figures("beside_time", 16), Figures("beside_rest", 13, quiet=True)
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
        self.place = PlaceSlider()
        self.place.sliderMoved.connect(self._go)
        row.addSpacing(12)
        row.addWidget(self.place, 1)
        clock.moved.connect(self._show_time)
        clock.range_changed.connect(self._show_time)
        clock.playing_changed.connect(self._retint)
        clock.rate_changed.connect(self._retint)
        theme.theme_events.changed.connect(self._retint)
        self._retint()
        self._show_time()

    def _run(self, command_id: str, _checked: bool = False) -> None:
        self._commands.run(command_id)

    def _set_rate(self, rate: float, _checked: bool = False) -> None:
        self._clock.set_rate(rate)

    def _go(self, place: int) -> None:
        self._clock.seek(round(place / STEPS * self._clock.stop_ns))

    def _show_time(self, *_: object) -> None:
        clock = self._clock
        self._time.set_text(clock_text(clock.position_ns))
        self._rest.set_text(f"/ {clock_text(clock.stop_ns)}")
        if not self.place.isSliderDown():
            self.place.setValue(round(STEPS * clock.position_ns / max(1, clock.stop_ns)))

    def _retint(self, *_: object) -> None:
        tokens, playing = theme.current(), self._clock.playing
        for command_id, name in BUTTONS.items():
            keys = self._commands[command_id].shortcuts
            tip = self._commands[command_id].title + (f"  ({keys[0]})" if keys else "")
            self._buttons[command_id].setToolTip(tip)
            self._buttons[command_id].setIcon(icons.icon(name))
        play = self._buttons["transport.play"]
        play.setIcon(icons.icon("pause" if playing else "play", color=tokens.on_accent))
        play.setStyleSheet(
            f"QToolButton {{ background: {tokens.accent}; border-radius: {theme.CORNER}px; }}"
        )
        for rate, button in self._rates.items():
            color = tokens.accent if rate == self._clock.rate else tokens.quiet
            button.setStyleSheet(f"color: {color}; padding: 4px 3px;")


class PlaceSlider(QSlider):
    """A press goes there, and can be dragged on; the wheel belongs to nobody."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setRange(0, STEPS)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Position in both clips")

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self.isSliderDown():
            self._go(event)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:  # noqa: N802
        self.setSliderDown(False)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        event.ignore()

    def _go(self, event: QMouseEvent) -> None:
        share = event.position().x() / max(1, self.width() - 1)
        self.setSliderPosition(round(STEPS * min(1.0, max(0.0, share))))
