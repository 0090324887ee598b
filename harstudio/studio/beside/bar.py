"""The one bar under two sides: play, step, time, speed and the place in the clip."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QSlider, QWidget

from harstudio.studio.commands import CommandTable
from harstudio.studio.play_buttons import HEIGHT, PlayButtons
from harstudio.studio.timecode import clock_text
from harstudio.studio.transport import Transport

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
        self._clock = clock
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 16, 0)
        row.setSpacing(4)
        names = "beside_time", "beside_rest"
        self._player = PlayButtons(clock, commands, BUTTONS, names, row, self)
        self._time, self._rest = self._player.time, self._player.rest
        self.place = PlaceSlider()
        self.place.sliderMoved.connect(self._go)
        row.addSpacing(12)
        row.addWidget(self.place, 1)
        clock.moved.connect(self._show_time)
        clock.range_changed.connect(self._show_time)
        self._show_time()

    def tell_keys(self) -> None:
        """Tool tips name the keys that the table says now."""
        self._player.tell_keys()

    def _go(self, place: int) -> None:
        self._clock.seek(round(place / STEPS * self._clock.stop_ns))

    def _show_time(self, *_: object) -> None:
        clock = self._clock
        self._time.set_text(clock_text(clock.position_ns))
        self._rest.set_text(f"/ {clock_text(clock.stop_ns)}")
        if not self.place.isSliderDown():
            self.place.setValue(round(STEPS * clock.position_ns / max(1, clock.stop_ns)))


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
