"""Choosing a colour: the twenty that keep apart, or any."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QColorDialog,
    QGridLayout,
    QMenu,
    QPushButton,
    QToolButton,
    QWidget,
    QWidgetAction,
)

from harstudio.labels.label_sets.label_set import PALETTE
from harstudio.studio.label_set.tree import swatch

COLUMNS = 10


class ColorButton(QPushButton):
    """Shows a colour; opens the palette."""

    chosen = Signal(str)  # "#rrggbb"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Colour")
        self._color = PALETTE[0]
        self._menu = QMenu(self)
        grid_holder = QWidget()
        grid = QGridLayout(grid_holder)
        grid.setContentsMargins(6, 6, 6, 6)
        grid.setSpacing(2)
        for number, color in enumerate(PALETTE):
            button = QToolButton(toolTip=color)
            button.setAccessibleName(color)
            button.setIcon(swatch(color, 2.0))
            button.setIconSize(QSize(16, 16))
            button.clicked.connect(partial(self._choose, color))
            grid.addWidget(button, number // COLUMNS, number % COLUMNS)
        held = QWidgetAction(self._menu)
        held.setDefaultWidget(grid_holder)
        self._menu.addAction(held)
        self._menu.addAction("Another colour…", self._ask)
        self.setMenu(self._menu)
        self.setStyleSheet(
            "QPushButton { text-align: left; padding: 5px 12px; }"
            "QPushButton::menu-indicator { image: none; }"
        )

    def show_color(self, color: str) -> None:
        self._color = color
        self.setIcon(swatch(color, 2.0))
        self.setText(color)

    def _choose(self, color: str, _checked: bool = False) -> None:
        self._menu.close()
        self.chosen.emit(color)

    def _ask(self) -> None:
        box = QColorDialog(QColor(self._color), self.window())
        box.colorSelected.connect(lambda color: self.chosen.emit(color.name()))
        box.open()
