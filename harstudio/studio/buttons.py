"""Buttons that Space and Enter press, though these keys are commands of the window too."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QPushButton, QToolButton

PRESSING = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)


def pressed(button: QAbstractButton, event: QEvent) -> bool:
    """Keep Space and Enter for the button, and let Enter press it; True when that was it."""
    if not isinstance(event, QKeyEvent) or event.key() not in PRESSING:
        return False
    if event.type() == QEvent.Type.ShortcutOverride:
        event.accept()
        return True
    if event.type() == QEvent.Type.KeyPress and event.key() != Qt.Key.Key_Space:
        button.click()
        return True
    return False


class Button(QPushButton):
    """Enter presses it as Space does."""

    def event(self, event: QEvent) -> bool:
        return pressed(self, event) or super().event(event)


class ToolButton(QToolButton):
    """A flat button that Tab reaches; a click leaves the focus where it was."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setText(text)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def event(self, event: QEvent) -> bool:
        return pressed(self, event) or super().event(event)
