"""The panes of the workspace Live: oneself large, the other views in a column beside."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import Qt

from harstudio.studio.pane_area import PaneArea

MAIN_SHARE = 0.66
ORDER = ("color", "infrared", "depth", "skeleton3d")


class LivePaneArea(PaneArea):
    """Docks, floats and remembers as the other does; comes in another order."""

    def arrange(self, panes: Sequence[str]) -> None:
        for dock in self.docks.values():
            dock.setFloating(False)
            self.removeDockWidget(dock)
        rest = [name for name in self.docks if name not in panes]
        column = [*sorted(panes, key=ORDER.index)[1:], *rest]
        main = sorted(panes, key=ORDER.index)[0]
        self.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, self.docks[main])
        if column:
            first = self.docks[column[0]]
            self.splitDockWidget(self.docks[main], first, Qt.Orientation.Horizontal)
        for above, below in pairwise(column):
            self.splitDockWidget(self.docks[above], self.docks[below], Qt.Orientation.Vertical)
        for name, dock in self.docks.items():
            dock.setVisible(name in panes)
        self.size_panes()

    def size_panes(self) -> None:
        """The first one gets two thirds of the width, the others share the height."""
        shown = [
            name for name in ORDER if self.is_shown(name) and not self.docks[name].isFloating()
        ]
        if len(shown) < 2:
            return
        wide, tall = self.width(), self.height()
        beside = round(wide * (1 - MAIN_SHARE))
        docks = [self.docks[name] for name in shown[:2]]
        self.resizeDocks(docks, [wide - beside, beside], Qt.Orientation.Horizontal)
        column = [self.docks[name] for name in shown[1:]]
        each = [tall // len(column)] * len(column)
        self.resizeDocks(column, each, Qt.Orientation.Vertical)
