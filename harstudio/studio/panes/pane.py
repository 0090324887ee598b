"""What every pane has: a header row, the session it follows, and a body."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from harstudio.recordings.recording import Recording
from harstudio.studio import theme
from harstudio.studio.viewing import Viewing

HEADER_PX = 28


class ElidedLabel(QLabel):
    """A line of quiet text that gives way when there is no room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        text = fitting(self.text(), self.fontMetrics(), self.contentsRect().width())
        painter.setPen(self.palette().windowText().color())
        painter.drawText(self.contentsRect(), int(Qt.AlignmentFlag.AlignVCenter), text)


def fitting(text: str, metrics: QFontMetrics, width: int) -> str:
    """As many of the parts "a · b · c" as stand in so many pixels. Words are shortened when not
    even the first part fits, figures are left out: half a number is a wrong one."""
    parts = text.split(" · ")
    while parts and metrics.horizontalAdvance(" · ".join(parts)) > width:
        parts.pop()
    if parts or not text[:1].isalpha():
        return " · ".join(parts)
    return metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)


class Pane(QWidget):
    """One view of the recording. Subclasses fill ``body`` and answer the three ``show_`` calls.

    A hidden pane does no work; it catches up when it is shown.
    """

    pane_id = ""
    title = ""

    def __init__(self, session: Viewing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.setObjectName(f"pane-{self.pane_id}")
        self.setAccessibleName(self.title)
        self._toggles: dict[str, QToolButton] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.header = self._make_header()
        layout.addWidget(self.header)
        self._layout = layout
        self.setMinimumSize(160, 120)
        session.recording_changed.connect(self._recording_changed)
        session.transport.moved.connect(self._moved)
        session.frame_ready.connect(self._frame_ready)
        theme.theme_events.changed.connect(self._theme_changed)
        self._style_header()

    def _make_header(self) -> QWidget:
        header = QWidget(self)
        header.setFixedHeight(HEADER_PX)
        header.setAutoFillBackground(True)
        self._row = QHBoxLayout(header)
        self._row.setContentsMargins(8, 0, 4, 0)
        self._row.setSpacing(8)
        self._title_label = QLabel(self.title, header)
        self._detail_label = ElidedLabel(header)
        self._row.addWidget(self._title_label)
        self._row.addWidget(self._detail_label, 1)
        return header

    def set_body(self, body: QWidget) -> None:
        """Put the widget that shows things below the header."""
        self._layout.addWidget(body, 1)

    def go_to(self, time_ns: int) -> None:
        """The playhead to a moment, and stop there."""
        self.session.transport.pause()
        self.session.transport.seek(time_ns)

    # ---- header

    @property
    def detail(self) -> str:
        """The quiet words beside the title."""
        return self._detail_label.text()

    def set_detail(self, text: str) -> None:
        """Quiet words beside the title."""
        if text != self._detail_label.text():
            self._detail_label.setText(text)

    def add_header_widget(self, widget: QWidget) -> None:
        """A control at the right end of the header."""
        self._row.addWidget(widget)

    def add_button(
        self, name: str, text: str, tip: str, slot: Callable[..., None], *, checked: bool | None
    ) -> QToolButton:
        """A small word in the header: a toggle, or a plain button where checked is None."""
        button = QToolButton(self.header)
        button.setText(text)
        button.setToolTip(tip)
        button.setObjectName(f"{self.pane_id}-{name}")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setAutoRaise(True)
        button.setFont(theme.ui_font(theme.TIME_PX))
        if checked is None:
            button.clicked.connect(slot)
        else:
            button.setCheckable(True)
            button.setChecked(checked)
            button.toggled.connect(slot)
        self._toggles[name] = button
        self._row.addWidget(button)
        return button

    def toggle(self, name: str) -> QToolButton:
        """A button of the header by name."""
        return self._toggles[name]

    # ---- what subclasses answer

    def show_recording(self, recording: Recording | None) -> None:
        """Another recording is open."""

    def show_time(self, position_ns: int) -> None:
        """The playhead is here."""

    def show_arrival(self, stream: str, index: int) -> None:
        """A frame has been read and lies in the cache."""

    def recolor(self) -> None:
        """The theme changed."""

    # ---- events

    def _recording_changed(self, recording: Recording | None) -> None:
        self.show_recording(recording)
        if self.isVisible():
            self.show_time(self.session.transport.position_ns)

    def _moved(self, position_ns: int) -> None:
        if self.isVisible():
            self.show_time(position_ns)

    def _frame_ready(self, stream: str, index: int) -> None:
        if self.isVisible():
            self.show_arrival(stream, index)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self.show_time(self.session.transport.position_ns)

    def _style_header(self) -> None:
        tokens = theme.current()
        self._title_label.setStyleSheet(f"color: {tokens.text};")
        self._title_label.setFont(theme.ui_font(theme.QUIET_PX, bold=True))
        self._detail_label.setStyleSheet(f"color: {tokens.quiet};")
        self._detail_label.setFont(theme.time_font(theme.QUIET_PX))
        for button in self._toggles.values():
            button.setFont(theme.ui_font(theme.TIME_PX))

    def _theme_changed(self) -> None:
        self._style_header()
        self.recolor()
        self.update()
