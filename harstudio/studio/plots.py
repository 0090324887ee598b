"""What all plots of the studio have in common."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtWidgets import QWidget


def plain(plot: pg.PlotItem, owner: QWidget) -> None:
    """No menu and no buttons of pyqtgraph's."""
    plot.setMenuEnabled(False)
    menu = plot.ctrlMenu  # never shown; made without a parent
    menu.setParent(owner, menu.windowFlags())  # with its flags, or it would stand in the panel
    plot.hideButtons()
