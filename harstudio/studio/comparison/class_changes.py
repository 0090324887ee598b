"""Which classes one judge recognises more often than another: bars to both sides of a line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from harstudio.studio import theme
from harstudio.studio.comparison.document import Change
from harstudio.studio.panels.library_list import RecordingList

Index = QModelIndex | QPersistentModelIndex
ROW_PX, FIGURES_PX = 22, 190
NOWHERE = QModelIndex()


class Changes(QAbstractListModel):
    """Rows of Change, those that gain most first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: Sequence[Change] = ()

    def set_rows(self, rows: Sequence[Change]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    @property
    def largest(self) -> float:
        return max((abs(row.change) for row in self.rows), default=0.0) or 1.0

    def rowCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
            Qt.ItemDataRole.ToolTipRole,
        ):
            return f"{row.name}, {row.clips} clips: {figures(row)}"
        return None


def figures(row: Change) -> str:
    """ "88 → 100 %  +12" """
    change = f"{100 * row.change:+.0f}" if row.change else "±0"
    return f"{100 * row.a:.0f} → {100 * row.b:.0f} %  {change:>4}"


class ChangeDelegate(QStyledItemDelegate):
    """Name, bar from the middle, figures."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        return QSize(120, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, Changes):
            return
        tokens, row, rect = theme.current(), model.rows[index.row()], option.rect
        painter.save()
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.fillRect(rect, QColor(tokens.raised))
        font = theme.ui_font(theme.QUIET_PX)
        name = QRect(rect.left() + 8, rect.top(), min(260, rect.width() // 3), rect.height())
        painter.setFont(font)
        painter.setPen(QColor(tokens.text))
        text = QFontMetrics(font).elidedText(row.name, Qt.TextElideMode.ElideMiddle, name.width())
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(name, middle | Qt.AlignmentFlag.AlignLeft, text)
        left, right = name.right() + 12, rect.right() - FIGURES_PX
        centre, half = (left + right) // 2, max(4, (right - left) // 2)
        painter.fillRect(QRect(centre, rect.top(), 1, rect.height()), QColor(tokens.line))
        long = round(half * abs(row.change) / model.largest)
        if long:
            start = centre + 1 if row.change > 0 else centre - long
            color = tokens.good if row.change > 0 else tokens.bad
            painter.fillRect(QRect(start, rect.center().y() - 4, long, 9), QColor(color))
        painter.setFont(theme.time_font(theme.QUIET_PX))
        painter.setPen(QColor(tokens.text if row.change else tokens.quiet))
        place = QRect(right, rect.top(), FIGURES_PX - 10, rect.height())
        painter.drawText(place, middle | Qt.AlignmentFlag.AlignRight, figures(row))
        painter.restore()


class ChangeList(RecordingList):
    """The classes of one pair."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("class_changes")
        self.setAccessibleName("Classes gained and lost")
        self.changes = Changes(self)
        self.setModel(self.changes)
        self.setItemDelegate(ChangeDelegate(self))
        theme.theme_events.changed.connect(self.viewport().update)
