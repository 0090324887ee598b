"""What the boxes for importing and exporting share: a form, work beside the window, the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from harstudio.errors import HarstudioError
from harstudio.studio.background import Task

Work = Callable[[Callable[[int], None], Callable[[], bool]], Any]
WIDTH, RESULT_HEIGHT = 520, 170


class LabelFilesBox(QDialog):
    """A form above, what came of it below; not modal. Closing it stops the work."""

    def __init__(self, title: str, words: str, action: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(WIDTH)
        self._task: Task | None = None
        about = QLabel(words, wordWrap=True)
        about.setProperty("quiet", True)
        self.form = QFormLayout()
        self.form.setHorizontalSpacing(16)
        self.form.setVerticalSpacing(10)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setRange(0, 0)
        self.bar.hide()
        self.told = QPlainTextEdit(readOnly=True)
        self.told.setAccessibleName("Result")
        self.told.setMinimumHeight(RESULT_HEIGHT)
        self.told.hide()
        self.close_button = QPushButton("Cancel")
        self.close_button.clicked.connect(self.reject)
        self.action_button = QPushButton(action)
        self.action_button.setProperty("primary", True)
        self.action_button.setDefault(True)
        self.action_button.clicked.connect(self.act)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.action_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addWidget(about)
        column.addLayout(self.form)
        column.addWidget(self.bar)
        column.addWidget(self.told)
        column.addLayout(buttons)
        self.action_button.setFocus()

    def act(self) -> None:
        """What the button does; the boxes say what."""
        raise NotImplementedError

    def begin(self, work: Work, done: Callable[[Any], None]) -> None:
        """Do something beside the window; ``done`` gets what came of it."""
        self.action_button.setEnabled(False)
        self.told.hide()
        self.bar.show()
        self.make_room()
        self._task = Task(work, self)
        self._task.finished.connect(done)
        self._task.failed.connect(self._failed)
        self._task.start()

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return self.bar.isVisibleTo(self)

    def tell(self, sentence: str, notes: Iterable[str] = ()) -> None:
        """Show what came of it; it stays until the box is closed."""
        self.bar.hide()
        self.told.setPlainText("\n".join([sentence, *(f"•  {note}" for note in notes)]))
        self.told.show()
        self.action_button.setEnabled(True)
        self.close_button.setText("Close")
        self.make_room()

    def make_room(self) -> None:
        """Rows came or words became more: the box is as tall as they need, at least."""
        self.layout().activate()
        missing = self.layout().totalHeightForWidth(self.width()) - self.height()
        if missing > 0:
            self.resize(self.width(), self.height() + missing)

    def _failed(self, error: Exception) -> None:
        what = str(error) if isinstance(error, (HarstudioError, OSError)) else repr(error)
        self.tell(f"This could not be finished. {what}")

    def done(self, result: int) -> None:
        """Every way out of the box, Esc and the window's cross among them, comes here."""
        if self._task is not None:
            self._task.cancel()
        super().done(result)
