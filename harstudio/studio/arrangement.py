"""How the window is arranged: workspaces, panels and the full screen, kept between sessions."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSettings, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

from harstudio.studio.dock_title import DockTitle

STATE_VERSION = 4
PANELS = {
    "library": "Library",
    "labels": "Labels and clip",
    "suggest": "Suggest",
    "recognition": "Recognition",
    "team": "Team",
    "measures": "Measures",
    "timeline": "Timeline",
}
AREAS = {
    "library": Qt.DockWidgetArea.LeftDockWidgetArea,
    "labels": Qt.DockWidgetArea.RightDockWidgetArea,
    "suggest": Qt.DockWidgetArea.RightDockWidgetArea,
    "recognition": Qt.DockWidgetArea.RightDockWidgetArea,
    "team": Qt.DockWidgetArea.RightDockWidgetArea,
    "measures": Qt.DockWidgetArea.RightDockWidgetArea,
    "timeline": Qt.DockWidgetArea.BottomDockWidgetArea,
}
SHOWN_IN = {
    "view.review": ("library", "timeline"),
    "view.label": ("library", "labels", "suggest", "timeline"),
    "view.compare": ("library", "team", "timeline"),
    "view.train": (),
    "view.live": (),
    "view.beside": (),
}
BESIDE = "view.beside"  # one comes back from it; the studio does not begin there
FIRST = "view.label"
TIMELINE_SHARE = 0.32  # of the window, at most
SIDE_PX, TIMELINE_PX = (210, 340), (170, 420)


class Arrangement:
    """The docks around the panes. Each workspace remembers its own."""

    def __init__(self, window: QMainWindow, store: QSettings) -> None:
        self._window = window
        self._store = store
        kept = str(store.value("workspace", FIRST))
        self.workspace = kept if kept in SHOWN_IN and kept != BESIDE else FIRST
        self.docks: dict[str, QDockWidget] = {}
        self._before_full_screen: QByteArray | None = None
        self._was_maximised = False
        self._hidden: list[QWidget] = []
        for corner in (Qt.Corner.BottomLeftCorner, Qt.Corner.BottomRightCorner):
            window.setCorner(corner, Qt.DockWidgetArea.BottomDockWidgetArea)

    def add(self, name: str, panel: QWidget) -> None:
        """A panel of PANELS gets its dock. The timeline stays at the bottom."""
        dock = QDockWidget(PANELS[name], self._window)
        dock.setObjectName(f"dock-{name}")
        dock.setWidget(panel)
        dock.setTitleBarWidget(DockTitle(dock, movable=name != "timeline"))
        if name == "timeline":
            dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetClosable)
        self._window.addDockWidget(AREAS[name], dock)
        self.docks[name] = dock
        at_right = AREAS[name] is Qt.DockWidgetArea.RightDockWidgetArea
        if at_right and name != "labels":  # one column at the right: there is no room for two
            self._window.setTabPosition(AREAS[name], QTabWidget.TabPosition.North)
            self._window.tabifyDockWidget(self.docks["labels"], dock)

    # ---- panels

    def is_shown(self, name: str) -> bool:
        return not self.docks[name].isHidden()

    def show(self, name: str) -> None:
        self.docks[name].show()

    def reveal(self, name: str) -> None:
        """Show a panel, before others that share its place."""
        self.docks[name].show()
        self.docks[name].raise_()

    def is_seen(self, name: str) -> bool:
        """Whether it can be seen: behind the tab of another panel it cannot."""
        return self.is_shown(name) and not self.docks[name].visibleRegion().isEmpty()

    def toggle(self, name: str) -> None:
        """Hide a panel that is seen; one that is hidden or behind a tab comes forward."""
        if self.is_seen(name):
            self.docks[name].hide()
        else:
            self.reveal(name)

    def reset(self) -> None:
        """As the workspace comes."""
        for name, dock in self.docks.items():
            dock.setFloating(False)
            dock.setVisible(name in SHOWN_IN[self.workspace])
        for name in reversed(SHOWN_IN[self.workspace]):  # of those in one place the first in front
            self.docks[name].raise_()
        self._size()
        QTimer.singleShot(0, self._window, self._size)  # shown docks have sizes only after that

    def _size(self) -> None:
        width, height = self._window.width(), self._window.height()
        right = 0.24 if self.workspace == "view.compare" else 0.172
        sides = [_between(round(width * share), SIDE_PX) for share in (0.164, right)]
        docks = [self.docks["library"], self.docks["labels"]]
        if not self.is_shown("labels"):
            others = ("team", "recognition", "suggest", "measures")
            docks[1] = next((self.docks[n] for n in others if self.is_shown(n)), docks[1])
        self._window.resizeDocks(docks, sides, Qt.Orientation.Horizontal)
        share = 0.24 if self.workspace == "view.review" else 0.30
        tall = _between(round(height * share), TIMELINE_PX)
        self._window.resizeDocks([self.docks["timeline"]], [tall], Qt.Orientation.Vertical)

    def grow_timeline(self, by_px: int) -> None:
        """Room for another row, as far as pictures can spare it."""
        dock = self.docks["timeline"]
        tall = min(dock.height() + by_px, round(self._window.height() * TIMELINE_SHARE))
        if tall > dock.height():
            self._window.resizeDocks([dock], [tall], Qt.Orientation.Vertical)

    # ---- workspaces

    def enter(self, workspace: str) -> None:
        """Go to a workspace, as it was left or as it comes."""
        if workspace != self.workspace:
            self.remember()
            self.workspace = workspace
        kept = self._store.value(f"workspaces/{workspace}")
        if not (isinstance(kept, QByteArray) and self._window.restoreState(kept, STATE_VERSION)):
            self.reset()

    def restore(self) -> None:
        """As it was when the studio was closed."""
        geometry = self._store.value("geometry")
        if isinstance(geometry, QByteArray):
            self._window.restoreGeometry(geometry)

    def remember(self) -> None:
        if not self.full_screen:
            state = self._window.saveState(STATE_VERSION)
            self._store.setValue(f"workspaces/{self.workspace}", state)
            self._store.setValue("workspace", self.workspace)
            self._store.setValue("geometry", self._window.saveGeometry())

    # ---- full screen

    @property
    def full_screen(self) -> bool:
        return self._before_full_screen is not None

    def enter_full_screen(self, *others: QWidget) -> None:
        """Hide the panels at the sides and ``others``; only pictures and the clock stay."""
        self.remember()
        self._before_full_screen = self._window.saveState(STATE_VERSION)
        self._was_maximised = self._window.isMaximized()
        for name, dock in self.docks.items():
            if name != "timeline":
                dock.hide()
        self._hidden = [widget for widget in others if not widget.isHidden()]
        for widget in self._hidden:
            widget.hide()
        self._window.showFullScreen()

    def leave_full_screen(self) -> None:
        state, self._before_full_screen = self._before_full_screen, None
        for widget in self._hidden:
            widget.show()
        if self._was_maximised:
            self._window.showMaximized()
        else:
            self._window.showNormal()
        if state is not None:
            self._window.restoreState(state, STATE_VERSION)


def _between(value: int, limits: tuple[int, int]) -> int:
    return min(max(value, limits[0]), limits[1])
