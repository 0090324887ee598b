"""Which display visitors look at: another one than the operator's where there is one."""

from __future__ import annotations

from PySide6.QtCore import QSettings
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QWidget

KEPT = "demo_mode/display"


class Displays:
    """Remembers the choice by the display's name; the window's own display counts as one."""

    def __init__(self, window: QWidget, store: QSettings) -> None:
        self._window, self._store = window, store

    def all(self) -> list[QScreen]:
        return QGuiApplication.screens()

    def own(self) -> QScreen:
        """The operator's."""
        return self._window.screen()

    def chosen(self) -> QScreen:
        """That of the visitors: the remembered one, else one that is not the operator's."""
        screens = self.all()
        kept = str(self._store.value(KEPT, ""))
        named = next((one for one in screens if one.name() == kept), None)
        if named is not None:
            return named
        others = [one for one in screens if one is not self.own()]
        return others[0] if others else self.own()

    def choose_next(self) -> QScreen:
        """The display after the chosen one; remembered."""
        screens = self.all()
        chosen = self.chosen()
        at = screens.index(chosen) if chosen in screens else -1
        screen = screens[(at + 1) % len(screens)]
        self._store.setValue(KEPT, screen.name())
        return screen

    @staticmethod
    def words(screen: QScreen) -> str:
        size = screen.size()
        return f"{screen.name()}, {size.width()} × {size.height()}"
