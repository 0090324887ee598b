"""Where the operator says what raises an alarm, and sees the alarms that were."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from harstudio.studio import theme
from harstudio.studio.buttons import Button, ToolButton
from harstudio.studio.live.service import LiveService
from harstudio.studio.live.watch.watch import Watch

MOST_SHOWN = 5
NOTHING = "Nothing"


class WatchPanel(QWidget):
    """Stands in the workspace Live."""

    def __init__(self, watch: Watch, service: LiveService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("watch_panel")
        self._watch, self._service = watch, service
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        title = QLabel("Watch for")
        title.setProperty("quiet", True)
        self.labels = ToolButton()
        self.labels.setProperty("chip", True)
        self.labels.setAccessibleName("Actions that raise an alarm")
        self.labels.setPopupMode(ToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.labels)
        self.menu.aboutToShow.connect(self._fill)
        self.labels.setMenu(self.menu)
        row = QHBoxLayout()
        row.addWidget(title)
        row.addWidget(self.labels)
        row.addStretch(1)
        self.seen = Button("Seen")
        self.seen.setProperty("primary", True)
        self.seen.setToolTip("The alarm was seen: silence (Ctrl+Shift+Enter)")
        self.seen.clicked.connect(watch.seen)
        row.addWidget(self.seen)
        column.addLayout(row)
        self.windows = QSpinBox()
        self.windows.setRange(1, 60)
        self.windows.setAccessibleName("Windows in a row that raise an alarm")
        self.windows.setToolTip("So many windows one after the other must say so: fewer are faster,"
                                " more are surer.")  # fmt: skip
        self.windows.valueChanged.connect(self._count)
        self._after = QWidget()
        after = QHBoxLayout(self._after)
        after.setContentsMargins(0, 0, 0, 0)
        for part in (QLabel("Alarm after"), self.windows, QLabel("windows in a row")):
            after.addWidget(part)
        after.addStretch(1)
        column.addWidget(self._after)
        self._list = QGridLayout()
        self._list.setColumnStretch(0, 1)
        column.addLayout(self._list)
        watch.changed.connect(self.refresh)
        theme.theme_events.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        watch = self._watch
        self.labels.setText(", ".join(watch.labels) or NOTHING)
        self.windows.blockSignals(True)
        self.windows.setValue(watch.windows)
        self.windows.blockSignals(False)
        self._after.setVisible(bool(watch.labels))
        self.seen.setVisible(watch.rings())
        while self._list.count():
            self._list.takeAt(0).widget().deleteLater()
        for row, alarm in enumerate(watch.alarms[:MOST_SHOWN]):
            name, at = QLabel(alarm.name), QLabel(alarm.at)
            name.setToolTip(alarm.file)
            if alarm == watch.unseen:
                name.setProperty("tone", "bad")
            at.setProperty("quiet", True)
            at.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._list.addWidget(name, row, 0)
            self._list.addWidget(at, row, 1)

    def _fill(self) -> None:
        self.menu.clear()
        classes = self._service.told.classes
        if not classes:
            self.menu.addAction("Start live first: then the network's actions stand here.")
            self.menu.actions()[0].setEnabled(False)
        for name in dict.fromkeys((*classes, *self._watch.labels)):
            action = self.menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(name in self._watch.labels)
            action.toggled.connect(partial(self._choose, name))

    def _choose(self, name: str, on: bool) -> None:
        others = tuple(one for one in self._watch.labels if one != name)
        self._watch.set((*others, name) if on else others, self._watch.windows)

    def _count(self, windows: int) -> None:
        self._watch.set(self._watch.labels, windows)
