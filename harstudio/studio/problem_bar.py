"""What went wrong, where it went wrong: a bar in the window, never a dialog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from harstudio.errors import HarstudioError
from harstudio.studio import icons, theme
from harstudio.studio.buttons import ToolButton

KEPT = 50


@dataclass(frozen=True, slots=True)
class Trouble:
    """level: "warn" or "bad". details: more for whoever looks into it. again: what can be tried
    once more, None where there is nothing to try; again_title: the word on its button."""

    message: str
    path: Path | None = None
    remedy: str = ""
    details: str = ""
    level: str = "bad"
    again: Callable[[], None] | None = None
    again_title: str = "Try again"

    @classmethod
    def of(cls, error: BaseException, again: Callable[[], None] | None = None) -> Trouble:
        """What an error says, with what caused it as details."""
        causes, cause = [], error.__cause__
        while cause is not None:
            causes.append(f"{type(cause).__name__}: {cause}")
            cause = cause.__cause__
        details = "\n".join(causes)
        if isinstance(error, HarstudioError):
            message = error.message.removeprefix(f"{error.path}: ")  # the path has its own line
            return cls(message, error.path, error.remedy, details, again=again)
        return cls(f"{type(error).__name__}: {error}", details=details, again=again)

    def text(self) -> str:
        """All of it, to be copied."""
        parts = (self.message, f"File: {self.path}" if self.path else "", self.remedy, self.details)
        return "\n".join(part for part in parts if part)


class ProblemBar(QFrame):
    """Shows the newest trouble; older ones wait behind it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("problem_bar")
        self.hide()
        self._troubles: list[Trouble] = []
        self._icon = QLabel()
        self.sentence = QLabel(wordWrap=True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.file = QLabel(wordWrap=True)
        self.file.setProperty("quiet", True)
        self.file.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.again_button = self._button("Try again", self.try_again)
        self.details_button = self._button("Details", self._toggle_details)
        self.copy_button = self._button("Copy", self.copy)
        self.more = QLabel()
        self.more.setProperty("quiet", True)
        self.close_button = self._button("", self.dismiss)
        self.close_button.setToolTip("Close  (Esc)")
        self.close_button.setAccessibleName("Close")
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self.sentence)
        texts.addWidget(self.file)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(texts, 1)
        buttons = (self.again_button, self.details_button, self.copy_button, self.close_button)
        for widget in (self.more, *buttons):
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        self.details = QPlainTextEdit(readOnly=True, visible=False)
        self.details.setMaximumHeight(120)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 8)
        column.addLayout(row)
        column.addWidget(self.details)
        theme.theme_events.changed.connect(self._restyle)

    def _button(self, text: str, run: object) -> ToolButton:
        button = ToolButton(text)
        button.clicked.connect(run)
        return button

    def tell(self, trouble: Trouble) -> None:
        """Show it; the same trouble twice is shown once."""
        if trouble in self._troubles:
            self._troubles.remove(trouble)
        self._troubles = [*self._troubles, trouble][-KEPT:]
        self._show_newest()

    def dismiss(self, _checked: bool = False) -> bool:
        """Close the one that is shown; False when there is none."""
        if not self._troubles:
            return False
        self._troubles.pop()
        self._show_newest()
        return True

    def withdraw(self, trouble: Trouble) -> None:
        """It is over, seen or not."""
        if trouble in self._troubles:
            self._troubles.remove(trouble)
            self._show_newest()

    def try_again(self, _checked: bool = False) -> None:
        """Close it and do what failed once more."""
        again = self._troubles[-1].again if self._troubles else None
        if again is not None:
            self.dismiss()
            again()

    def clear(self) -> None:
        """Something else was opened: what was wrong before is over."""
        self._troubles.clear()
        self._show_newest()

    def copy(self, _checked: bool = False) -> None:
        if self._troubles:
            QApplication.clipboard().setText(self._troubles[-1].text())

    def _toggle_details(self, _checked: bool = False) -> None:
        self.details.setVisible(self.details.isHidden())

    def _show_newest(self) -> None:
        self.setVisible(bool(self._troubles))
        self.details.hide()
        if not self._troubles:
            return
        newest, waiting = self._troubles[-1], len(self._troubles) - 1
        self.sentence.setText(" ".join(part for part in (newest.message, newest.remedy) if part))
        self.file.setText("" if newest.path is None else str(newest.path))
        self.file.setVisible(newest.path is not None)
        self.details.setPlainText(newest.details)
        self.again_button.setVisible(newest.again is not None)
        self.again_button.setText(newest.again_title)
        self.details_button.setVisible(bool(newest.details))
        self.more.setText(f"and {waiting} more" if waiting else "")
        self._restyle()

    def _restyle(self) -> None:
        tokens = theme.current()
        level = self._troubles[-1].level if self._troubles else "bad"
        color = tokens.warn if level == "warn" else tokens.bad
        ground = theme.mixed(tokens.surface, color, 0.12)
        self.setStyleSheet(
            f"#problem_bar {{ background: {ground}; border: none;"
            f" border-bottom: 1px solid {tokens.line}; border-left: 3px solid {color}; }}"
        )
        name = "warning" if level == "warn" else "error"
        self._icon.setPixmap(icons.pixmap(name, 20, color))
        self.close_button.setIcon(icons.icon("close", 16))
