"""How often each class is recognised: one bar a class, the worst first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from harstudio.studio import theme
from harstudio.studio.evaluation.marks import Mark, paint_mark
from harstudio.studio.panels.library_list import RecordingList

Index = QModelIndex | QPersistentModelIndex
ROW_PX, FIGURES_PX = 22, 66
NOWHERE = QModelIndex()


class ClassAccuracies(QAbstractListModel):
    """Rows of (class, accuracy, clips)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes: Sequence[str] = ()
        self.rows: list[tuple[int, float, int]] = []
        self.marks: Sequence[Mark] = ()  # of each class, where the rows are a legend

    def set_rows(self, classes: Sequence[str], rows: list[tuple[int, float, int]]) -> None:
        self.beginResetModel()
        self._classes, self.rows = classes, rows
        self.endResetModel()

    def name(self, row: int) -> str:
        return self._classes[self.rows[row][0]]

    def rowCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        _, share, clips = self.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{self.name(index.row())}, {100 * share:.0f} % of {clips} clips"
        if role == Qt.ItemDataRole.ToolTipRole:
            right = round(share * clips)
            return f"{right} of {clips} clips of “{self.name(index.row())}” recognised"
        return None


class BarDelegate(QStyledItemDelegate):
    """Name, bar, share and number of clips in one row."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        return QSize(120, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, ClassAccuracies):
            return
        tokens = theme.current()
        _, share, clips = model.rows[index.row()]
        rect = option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(theme.mixed(tokens.surface, tokens.accent, 0.16)))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(tokens.raised))
        font = theme.ui_font(theme.QUIET_PX)
        painter.setFont(font)
        painter.setPen(QColor(tokens.text))
        middle = Qt.AlignmentFlag.AlignVCenter
        left = rect.left() + 8
        if model.marks:
            box = QRectF(left, rect.center().y() - 4, 9, 9)
            paint_mark(painter, box, model.marks[model.rows[index.row()][0]])
            left += 16
        wide = int(rect.width() * 0.46) + rect.left() + 8 - left
        name = QRect(left, rect.top(), wide, rect.height())
        text = QFontMetrics(font).elidedText(
            model.name(index.row()), Qt.TextElideMode.ElideMiddle, name.width()
        )
        painter.drawText(name, middle | Qt.AlignmentFlag.AlignLeft, text)
        left, right = name.right() + 8, rect.right() - FIGURES_PX
        bar = QRect(left, rect.center().y() - 3, max(8, right - left), 7)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(bar, 3, 3)
        color = tokens.accent if share >= 0.8 else tokens.warn if share >= 0.5 else tokens.bad
        painter.setBrush(QColor(color))
        if share > 0:
            painter.drawRoundedRect(
                QRect(bar.left(), bar.top(), max(4, round(bar.width() * share)), 7), 3, 3
            )
        painter.setFont(theme.time_font(theme.QUIET_PX))
        painter.setPen(QColor(tokens.text))
        figures = QRect(right + 4, rect.top(), 38, rect.height())
        side = middle | Qt.AlignmentFlag.AlignRight
        painter.drawText(figures, side, f"{100 * share:.0f} %")
        painter.setPen(QColor(tokens.quiet))
        painter.drawText(figures.translated(24, 0).adjusted(14, 0, -4, 0), side, str(clips))
        painter.restore()


class ClassBars(RecordingList):
    """Enter or a click on a class shows what became of its clips."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("class_bars")
        self.setAccessibleName("Accuracy of each class")
        self.accuracies = ClassAccuracies(self)
        self.setModel(self.accuracies)
        self.setItemDelegate(BarDelegate(self))
        theme.theme_events.changed.connect(self.viewport().update)

    def show_rows(self, classes: Sequence[str], rows: list[tuple[int, float, int]]) -> None:
        self.accuracies.set_rows(classes, rows)

    def show_marks(self, marks: Sequence[Mark]) -> None:
        """A sign before each class, the rows being a legend; none for ()."""
        self.accuracies.marks = marks
        self.viewport().update()

    def mark(self, number: int) -> None:
        """Make a class the current row, without telling anybody."""
        for row, (found, _, _) in enumerate(self.accuracies.rows):
            if found == number:
                self.setCurrentIndex(self.accuracies.index(row, 0))

    def class_of(self, index: QModelIndex) -> int:
        """The class that a row is about."""
        return self.accuracies.rows[index.row()][0]
