"""The panes of the workspace Live: oneself large, the other views in a column beside."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent

from harstudio.recordings.recording import Recording
from harstudio.studio.pane_area import PaneArea, PaneDock

MAIN_SHARE = 0.66
ORDER = ("color", "infrared", "depth", "skeleton3d")


class LivePaneArea(PaneArea):
    """Docks, floats and remembers as the other does; comes in another order, and keeps the shares
    of its panes when it gets another size."""

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        before = event.oldSize()
        docked = [one for one in self.docks.values() if one.isVisible() and not one.isFloating()]
        wide, tall = max(1, before.width()), max(1, before.height())
        sizes = {one: (one.width() / wide, one.height() / tall) for one in docked}
        super().resizeEvent(event)
        if before.isValid():
            QTimer.singleShot(0, self, partial(self._keep_shares, sizes))

    def _keep_shares(self, shares: dict[PaneDock, tuple[float, float]]) -> None:
        docks = [one for one in shares if one.isVisible() and not one.isFloating()]
        if docks:
            wide = [round(shares[one][0] * self.width()) for one in docks]
            tall = [round(shares[one][1] * self.height()) for one in docks]
            self.resizeDocks(docks, wide, Qt.Orientation.Horizontal)
            self.resizeDocks(docks, tall, Qt.Orientation.Vertical)

    def remember(self) -> None:
        super().remember()
        if self._key:
            self._store.setValue(f"sizes/{self._key}", self.size())

    def show_for(self, recording: Recording | None) -> bool:
        """Sizes that were kept in a window of another size are taken anew."""
        before = self._key
        fresh = super().show_for(recording)
        kept = self._store.value(f"sizes/{self._key}")
        if self._key != before and not fresh and kept != self.size():
            return True
        return fresh

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
