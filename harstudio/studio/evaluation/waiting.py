"""What stands in place of an evaluation while there is none: why, and how to get one."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from harstudio.studio import theme
from harstudio.studio.buttons import Button


class Waiting(QWidget):
    """A sentence, perhaps a bar, perhaps a button."""

    asked = Signal()
    stopped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentence = QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter)
        self.sentence.setFont(theme.ui_font(theme.EMPTY_PX))
        self.bar = QProgressBar(textVisible=False)
        self.bar.setFixedWidth(320)
        self.start_button, self.stop_button = Button("Evaluate"), Button("Stop")
        self.start_button.setProperty("primary", True)
        self.start_button.clicked.connect(lambda: self.asked.emit())
        self.stop_button.clicked.connect(lambda: self.stopped.emit())
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(16)
        column.addStretch(2)
        column.addWidget(self.sentence)
        for widget in (self.bar, self.start_button, self.stop_button):
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(widget)
            row.addStretch(1)
            column.addLayout(row)
        column.addStretch(3)

    def say(self, sentence: str) -> None:
        """Only words."""
        self._show(sentence)

    def offer(self, sentence: str) -> None:
        """Words and the button that evaluates."""
        self._show(sentence, start="Evaluate")

    def fail(self, sentence: str) -> None:
        """What went wrong, and the button that tries again."""
        self._show(sentence, start="Try again")
        self.sentence.setProperty("tone", "bad")
        self._polish()

    def work(self, sentence: str) -> None:
        """Under way; how far is not known yet."""
        self._show(sentence, busy=True)
        self.bar.setRange(0, 0)

    def progress(self, done: float, total: float, sentence: str) -> None:
        self.sentence.setText(sentence)
        if total > 0:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * done / total))

    def _show(self, sentence: str, start: str = "", busy: bool = False) -> None:
        self.sentence.setText(sentence)
        self.sentence.setProperty("tone", "")
        self._polish()
        self.start_button.setText(start)
        self.start_button.setVisible(bool(start))
        self.bar.setVisible(busy)
        self.stop_button.setVisible(busy)

    def _polish(self) -> None:
        style = self.sentence.style()
        style.unpolish(self.sentence)
        style.polish(self.sentence)
