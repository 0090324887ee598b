"""The list that shows rows: walked through, gone to, checked and dropped by keys and mouse."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from harstudio.studio import theme
from harstudio.studio.helping.rows import (
    ROW_PX,
    Picture,
    Row,
    RowDelegate,
    RowModel,
    check_box,
    row_box,
)

GOING = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
WALKING = (Qt.Key.Key_Up, Qt.Key.Key_Down)
DROPPING = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


class RowList(QListView):
    """Up and Down walk; Enter or a double click goes there; Space checks and walks on; Delete
    drops where rows can be dropped. Every other key is a command of the window."""

    chosen = Signal(int)
    checked = Signal()
    dropped = Signal(int)

    def __init__(
        self,
        name: str,
        picture: Picture | None = None,
        *,
        drops: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._drops = drops
        self._taken = False  # whether a person chose the row in hand
        self.rows = RowModel(picture, self)
        self.setModel(self.rows)
        self.setItemDelegate(RowDelegate(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.doubleClicked.connect(self._go)
        theme.theme_events.changed.connect(self.viewport().update)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show these. The row in hand stays in hand where a person took it and it is still there;
        else it is the first."""
        before = self.current() if self._taken else None
        self.rows.set_rows(rows)
        keys = [row.key for row in rows]
        self._taken = before is not None and before.key in keys
        if not rows:
            return
        place = keys.index(before.key) if before is not None and self._taken else 0
        if self.currentIndex().row() != place:
            self.setCurrentIndex(self.rows.index(place))
            self.scrollTo(self.rows.index(place))

    def sizeHint(self) -> QSize:  # noqa: N802
        """Two rows; it takes what room there is."""
        return QSize(120, 2 * ROW_PX + 8)

    def current(self) -> Row | None:
        """The row in hand."""
        index = self.currentIndex()
        there = index.isValid() and index.row() < len(self.rows.rows)
        return self.rows.rows[index.row()] if there else None

    def checked_rows(self) -> list[Row]:
        return [row for row in self.rows.rows if row.checked]

    def walk(self, by: int) -> None:
        """The row in hand is another one now."""
        place = self.currentIndex().row() + by
        if 0 <= place < len(self.rows.rows):
            self._taken = True
            self.setCurrentIndex(self.rows.index(place))

    # ---- mouse and keys

    def _go(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(index.row())

    def _flip(self, place: int) -> bool:
        row = self.rows.rows[place]
        if row.checked is None:
            return False
        self.rows.check(place, not row.checked)
        self.checked.emit()
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        index = self.indexAt(event.position().toPoint())
        self._taken = True
        if index.isValid() and event.button() is Qt.MouseButton.LeftButton:
            place = check_box(row_box(QRectF(self.visualRect(index))))
            if place.adjusted(-8, -8, 5, 8).contains(event.position()) and self._flip(index.row()):
                return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        index = self.indexAt(event.position().toPoint())
        if index.isValid():
            place = check_box(row_box(QRectF(self.visualRect(index))))
            checks = self.rows.rows[index.row()].checked is not None
            if checks and place.adjusted(-8, -8, 5, 8).contains(event.position()):
                self.mousePressEvent(event)
                return
        super().mouseDoubleClickEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and self._ours(event):
            event.accept()
            return True
        return super().event(event)

    def _ours(self, event: QKeyEvent) -> bool:
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        row = self.current()
        if not plain or row is None:
            return False
        if event.key() == Qt.Key.Key_Space:
            return row.checked is not None
        return event.key() in (*GOING, *WALKING) or (self._drops and event.key() in DROPPING)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        place = self.currentIndex().row()
        if not self._ours(event):
            event.ignore()
        elif event.key() in GOING:
            self._go(self.currentIndex())
        elif event.key() == Qt.Key.Key_Space:
            self._flip(place)
            self.walk(1)
        elif event.key() in DROPPING:
            self.dropped.emit(place)
        else:
            self._taken = True
            super().keyPressEvent(event)
