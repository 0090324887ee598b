"""The pictures in the middle: panes that dock, float and are remembered."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt, Signal
from PySide6.QtWidgets import QDockWidget, QMainWindow, QToolButton, QWidget

from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import StreamKind
from harstudio.studio import icons, theme

PICTURES = {
    "color": StreamKind.COLOR,
    "depth": StreamKind.DEPTH,
    "infrared": StreamKind.INFRARED,
}
STATE_VERSION = 1


def relevant_panes(recording: Recording | None) -> tuple[str, ...]:
    """Panes that have something to show; the usual four for no recording."""
    if recording is None:
        return ("color", "depth", "signals", "skeleton3d")
    kinds = {stream.kind for stream in recording.streams.values() if len(stream)}
    panes = [pane for pane, kind in PICTURES.items() if kind in kinds]
    if StreamKind.SKELETON in kinds or StreamKind.DEPTH in kinds:
        panes.append("skeleton3d")
    if kinds & {StreamKind.SKELETON, StreamKind.INERTIAL, StreamKind.AUDIO}:
        panes.append("signals")
    return tuple(panes)


def rows_for(panes: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Upper and lower row: pictures above, signals and 3D below, no large empty pane."""
    pictures = [pane for pane in PICTURES if pane in panes]
    others = [pane for pane in ("signals", "skeleton3d") if pane in panes]
    if len(pictures) < 2 and "skeleton3d" in others:
        pictures.append("skeleton3d")
        others.remove("skeleton3d")
    if not pictures:
        return tuple(others), ()
    return tuple(pictures), tuple(others)


class PaneDock(QDockWidget):
    """A pane in its dock; the pane's own header is what is dragged."""

    def __init__(self, pane_id: str, title: str, parent: QMainWindow) -> None:
        super().__init__(title, parent)
        self.pane_id = pane_id
        self.setObjectName(f"dock-{pane_id}")
        self.setAllowedAreas(Qt.DockWidgetArea.AllDockWidgetAreas)
        self._buttons: dict[str, QToolButton] = {}

    def hold(self, pane: QWidget) -> None:
        """Put the pane in; its header gets buttons to float and to close."""
        self.setWidget(pane)
        header = pane.header
        for name, tip, run in (
            ("float", "Float or dock", self._toggle_floating),
            ("close", "Close; the View menu brings it back", self.close),
        ):
            button = QToolButton(header)
            button.setObjectName(f"{self.pane_id}-{name}-pane")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setToolTip(tip)
            button.setIconSize(QSize(14, 14))
            button.setFixedSize(22, 22)
            button.clicked.connect(run)
            pane.add_header_widget(button)
            self._buttons[name] = button
        self.setTitleBarWidget(header)
        theme.theme_events.changed.connect(self._retint)
        self._retint()

    def _toggle_floating(self, _checked: bool = False) -> None:
        self.setFloating(not self.isFloating())

    def _retint(self) -> None:
        for name, button in self._buttons.items():
            button.setIcon(icons.icon(name, 16, theme.current().quiet))


class PaneArea(QMainWindow):
    """Docks by pane id. One arrangement is remembered for each set of modalities."""

    visibility_changed = Signal()

    def __init__(self, store: QSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pane_area")
        self.setWindowFlags(Qt.WindowType.Widget)
        self.setDockNestingEnabled(True)
        self.setDockOptions(
            QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.GroupedDragging
        )
        self._store = store
        self._key = ""
        self._recording: Recording | None = None
        self.docks: dict[str, PaneDock] = {}

    def add(self, pane_id: str, pane: QWidget) -> None:
        """A pane joins, hidden until it is arranged."""
        dock = PaneDock(pane_id, pane.title, self)
        dock.hold(pane)
        dock.hide()
        dock.visibilityChanged.connect(partial(self._dock_changed, pane_id))
        self.docks[pane_id] = dock
        self.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, dock)
        dock.hide()

    def _dock_changed(self, _pane_id: str, _visible: bool) -> None:
        self.visibility_changed.emit()

    # ---- showing

    def is_shown(self, pane_id: str) -> bool:
        dock = self.docks.get(pane_id)
        return dock is not None and not dock.isHidden()

    def set_shown(self, pane_id: str, shown: bool) -> None:
        dock = self.docks.get(pane_id)
        if dock is not None:
            dock.setVisible(shown)

    def give_width(self, pane_id: str, width: int) -> None:
        """Make a pane so wide, as far as its neighbours can spare it."""
        self.resizeDocks([self.docks[pane_id]], [width], Qt.Orientation.Horizontal)

    def show_for(self, recording: Recording | None) -> bool:
        """Arrange the panes that this recording fills; whether they stand as they come now, and not
        as somebody left them."""
        self._recording = recording
        panes = [pane for pane in relevant_panes(recording) if pane in self.docks]
        key = "+".join(sorted(panes))
        if key == self._key or not panes:
            return False
        self.remember()
        self._key = key
        kept = self._store.value(f"panes/{key}")
        if not (isinstance(kept, QByteArray) and self.restoreState(kept, STATE_VERSION)):
            self.arrange(panes)
            return True
        return False

    def reset(self) -> None:
        """Back to the arrangement that this recording comes with."""
        self.arrange([pane for pane in relevant_panes(self._recording) if pane in self.docks])

    def remember(self) -> None:
        """Keep the arrangement as it is."""
        if self._key:
            self._store.setValue(f"panes/{self._key}", self.saveState(STATE_VERSION))

    def arrange(self, panes: Sequence[str]) -> None:
        """Pictures above, signals and 3D below."""
        upper, lower = rows_for(panes)
        for dock in self.docks.values():
            dock.setFloating(False)
            self.removeDockWidget(dock)
        first = self._row_start(upper)
        if first is None:
            return
        if lower:
            below = self.docks[lower[0]]
            self.splitDockWidget(first, below, Qt.Orientation.Vertical)
        for row in (upper, lower):
            for left, right in pairwise(row):
                self.splitDockWidget(self.docks[left], self.docks[right], Qt.Orientation.Horizontal)
        for pane in (*upper, *lower):
            self.docks[pane].show()
        for pane, dock in self.docks.items():  # the others wait where the View menu shows them
            if pane not in panes:
                self.splitDockWidget(self.docks[upper[-1]], dock, Qt.Orientation.Horizontal)
                dock.hide()
        self._size(upper, lower)

    def _row_start(self, row: Sequence[str]) -> PaneDock | None:
        if not row:
            return None
        first = self.docks[row[0]]
        self.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, first)
        return first

    def _size(self, upper: Sequence[str], lower: Sequence[str]) -> None:
        weights = {"color": 128, "depth": 100, "infrared": 100, "signals": 128, "skeleton3d": 100}
        width, height = max(600, self.width()), max(400, self.height())
        for row in (upper, lower):
            total = sum(weights[pane] for pane in row)
            if row:
                self.resizeDocks(
                    [self.docks[pane] for pane in row],
                    [width * weights[pane] // total for pane in row],
                    Qt.Orientation.Horizontal,
                )
        if lower:
            share = 0.62 if len(lower) > 1 else 0.68
            self.resizeDocks(
                [self.docks[upper[0]], self.docks[lower[0]]],
                [int(height * share), int(height * (1 - share))],
                Qt.Orientation.Vertical,
            )
