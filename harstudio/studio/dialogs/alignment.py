"""Moves streams against each other on the recording's clock."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from harstudio.studio import theme
from harstudio.studio.session import Session

MS_NS = 1_000_000
LARGEST_MS = 600_000.0


class AlignmentBox(QDialog):
    """One offset a stream, applied at once; not modal, the pictures can be watched meanwhile."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("alignment")
        self.setWindowTitle("Align streams")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._session = session
        self.offsets: dict[str, QDoubleSpinBox] = {}
        words = QLabel(
            "Moves a stream later (+) or earlier (−) until pictures, joints and signals agree. "
            "Holds while the recording is open; labels stay where they are.",
            wordWrap=True,
        )
        words.setProperty("quiet", True)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        recording = session.recording
        for row, stream in enumerate(recording.streams.values() if recording else ()):
            box = QDoubleSpinBox(decimals=1, singleStep=1.0, suffix=" ms")
            box.setRange(-LARGEST_MS, LARGEST_MS)
            box.setValue(stream.offset_ns / MS_NS)
            box.setFont(theme.time_font(13))
            box.setKeyboardTracking(False)
            box.valueChanged.connect(partial(self._move, stream.name))
            frame = round(stream.period_ns / MS_NS, 1)
            earlier, later = QPushButton("− frame"), QPushButton("+ frame")
            earlier.clicked.connect(partial(self._nudge, stream.name, -frame))
            later.clicked.connect(partial(self._nudge, stream.name, frame))
            widgets = (QLabel(stream.name), box, earlier, later)
            for place, widget in enumerate(widgets):
                grid.addWidget(widget, row, place)
            self.offsets[stream.name] = box
        reset = QPushButton("All to zero")
        reset.clicked.connect(self._reset)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addWidget(words)
        column.addLayout(grid)
        column.addWidget(reset, 0, Qt.AlignmentFlag.AlignRight)
        session.recording_changed.connect(self._recording_changed)

    def _recording_changed(self, _recording: object) -> None:
        self.close()

    def _nudge(self, name: str, by_ms: float, _checked: bool = False) -> None:
        self.offsets[name].setValue(self.offsets[name].value() + by_ms)

    def _reset(self, _checked: bool = False) -> None:
        for box in self.offsets.values():
            box.setValue(0.0)

    def _move(self, name: str, value_ms: float) -> None:
        recording = self._session.recording
        if recording is None:
            return
        recording.streams[name].align(offset_ns=round(value_ms * MS_NS))
        self._session.transport.seek(self._session.transport.position_ns)
