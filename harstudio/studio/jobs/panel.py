"""The job panel: lies above the status line until Esc or a click beside it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from harstudio.studio import theme
from harstudio.studio.buttons import ToolButton
from harstudio.studio.jobs.card import JobCard

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.studio.jobs.service import Jobs

WIDTH, TALLEST, MARGIN = 560, 520, 8


class Ways(Protocol):
    """Where jobs lead."""

    def to_result(self, record: JobRecord) -> Callable[[], None] | None:
        """Shows what a job works on or has made; None where there is nothing to show."""
        ...

    def on_with(self, record: JobRecord) -> Callable[[], None] | None:
        """Goes on with a job that ended too soon; None where that is not possible."""
        ...

    def has_begun(self, record: JobRecord) -> bool:
        """Whether it left something to go on with."""
        ...

    def about(self, record: JobRecord) -> str:
        """What the job works on, short."""
        ...


class JobPanel(QFrame):
    """The newest job first."""

    def __init__(self, jobs: Jobs, window: QWidget, ways: Ways, above: QWidget) -> None:
        """ways: what can be done with a job beyond what the list does. above: the status line."""
        super().__init__(window)
        self.setObjectName("job_panel")
        self.setAccessibleName("Jobs")
        self.hide()
        self._jobs, self._ways, self._above = jobs, ways, above
        self.cards: dict[int, JobCard] = {}
        title = QLabel("Jobs")
        title.setFont(theme.ui_font(theme.QUIET_PX, bold=True))
        title.setProperty("quiet", True)
        self.tidy = ToolButton("Remove those that ended")
        self.tidy.clicked.connect(self._tidy)
        head = QHBoxLayout()
        head.setContentsMargins(12, 0, 8, 0)
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(self.tidy)
        self.empty = QLabel("No jobs yet. Trainings, evaluations and recognitions are listed here.")
        self.empty.setProperty("quiet", True)
        self.empty.setContentsMargins(12, 8, 12, 12)
        body = QWidget()
        body.setAutoFillBackground(True)  # else every change of a word paints what lies below it
        self._body = body
        self._list = QVBoxLayout(body)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(0)
        self._list.addStretch(1)
        self._area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(body)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 8, 1, 1)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.empty)
        column.addWidget(self._area, 1)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        window.installEventFilter(self)
        jobs.added.connect(self._add)
        jobs.changed.connect(self._change)
        jobs.told.connect(self._hear)
        jobs.finished.connect(self._change)
        jobs.removed.connect(self._remove)
        theme.theme_events.changed.connect(self._restyle)
        self._restyle()

    # ---- the list

    def _add(self, record: JobRecord) -> None:
        ways = self._ways
        card = JobCard(
            record,
            self._jobs,
            ways.to_result(record),
            ways.on_with(record),
            ways.about(record),
            partial(ways.has_begun, record),
        )
        self.cards[record.id] = card
        self._list.insertWidget(0, card)
        self._place()

    def _change(self, record: JobRecord) -> None:
        card = self.cards.get(record.id)
        if card is not None and (self.isVisible() or record.over):
            card.show_record()

    def _hear(self, record: JobRecord, kind: str, _payload: object) -> None:
        if kind == "remark":
            self._change(record)

    def _remove(self, record: JobRecord) -> None:
        card = self.cards.pop(record.id, None)
        if card is not None:
            card.hide()
            card.deleteLater()
            self._list.removeWidget(card)
            self._place()

    def _tidy(self, _checked: bool = False) -> None:
        for record in self._jobs.records:
            if record.over:
                self._jobs.remove(record.id)

    # ---- coming and going

    def toggle(self) -> None:
        if self.isVisible():
            self.leave()
            return
        for card in self.cards.values():
            card.show_record()
        self.show()
        self._place()
        self.raise_()
        self.setFocus()
        app = QApplication.instance()
        if app is not None:
            app.installEventFilter(self)

    def leave(self) -> None:
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self)
        self.hide()

    def _place(self) -> None:
        self.empty.setVisible(not self.cards)
        self._area.setVisible(bool(self.cards))
        self.tidy.setVisible(any(record.over for record in self._jobs.records))
        if not self.isVisible():
            return
        window = self.parentWidget()
        wanted = self._area.widget().sizeHint().height() if self.cards else 40
        bottom = self._above.mapTo(window, self._above.rect().topLeft()).y()
        tall = min(TALLEST, bottom - 2 * MARGIN, wanted + 44)
        wide = min(WIDTH, window.width() - 2 * MARGIN)
        self.setGeometry(MARGIN, bottom - tall - MARGIN, wide, tall)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if not self.isVisible():
            return False
        kind = event.type()
        resized = kind == QEvent.Type.Resize and watched is self.parentWidget()
        grown = kind == QEvent.Type.LayoutRequest and watched is self._area.widget()
        if resized or grown:
            self._place()
        elif kind == QEvent.Type.MouseButtonPress and isinstance(watched, QWidget):
            self._click_beside(watched, event)
        return False

    def _click_beside(self, watched: QWidget, event: QEvent) -> None:
        if not isinstance(event, QMouseEvent):
            return
        where = self.mapFromGlobal(event.globalPosition().toPoint())
        inside = self.rect().contains(where) or watched.window() is not self.window()
        button = watched.objectName() == "jobs_button"  # toggles by itself
        if not inside and not button:
            self.leave()

    def event(self, event: QEvent) -> bool:
        is_escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if event.type() == QEvent.Type.ShortcutOverride and is_escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            event.ignore()

    def _restyle(self) -> None:
        tokens = theme.current()
        self.setStyleSheet(
            f"#job_panel {{ background: {tokens.raised}; border: 1px solid {tokens.line};"
            " border-radius: 8px; }"
        )
        palette = self._body.palette()
        palette.setColor(QPalette.ColorRole.Window, QColor(tokens.raised))
        self._body.setPalette(palette)
        for card in self.cards.values():
            card.restyle()
