"""Buttons that Space and Enter press, though these keys are commands of the window too."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QPushButton, QToolButton

PRESSING = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)


def _is_press(event: QEvent) -> bool:
    return event.type() == QEvent.Type.ShortcutOverride and event.key() in PRESSING


class Button(QPushButton):
    """Enter presses it as Space does."""

    def event(self, event: QEvent) -> bool:
        if _is_press(event):
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress and event.key() in PRESSING[1:]:
            self.click()
            return True
        return super().event(event)


class ToolButton(QToolButton):
    """A flat button that Tab reaches; a click leaves the focus where it was."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setText(text)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def event(self, event: QEvent) -> bool:
        if _is_press(event):
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress and event.key() in PRESSING[1:]:
            self.click()
            return True
        return super().event(event)
