"""How many clips of each class train, validate and test: a compact table with bars."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from harstudio.studio import theme
from harstudio.studio.panels.library_list import RecordingList
from harstudio.studio.training.new_run_draft import THIN, ClassCount

Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()
ROW_PX, FIGURE_PX = 21, 40
PARTS = ("train", "validation", "test")
HEADS = ("train", "valid.", "test")


def part_colors() -> tuple[str, str, str]:
    """Of training, validation and test."""
    tokens = theme.current()
    return tokens.accent, theme.mixed(tokens.accent, tokens.surface, 0.55), tokens.quiet


class Counts(QAbstractListModel):
    """Rows of ClassCount, in the order of the classes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[ClassCount] = []

    def set_rows(self, rows: list[ClassCount]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    @property
    def largest(self) -> int:
        return max((row.total for row in self.rows), default=1) or 1

    def rowCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.AccessibleTextRole,
            Qt.ItemDataRole.ToolTipRole,
        ):
            return None
        thin = f"; thin: fewer than {THIN} clips train" if row.thin else ""
        return f"{row.name}: {row.train} train, {row.validation} validate, {row.test} test{thin}"


class CountsDelegate(QStyledItemDelegate):
    """Name, one bar in three parts, three figures."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        return QSize(120, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, Counts):
            return
        tokens, row = theme.current(), model.rows[index.row()]
        name, bar, figures = columns(option.rect)
        painter.save()
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.fillRect(option.rect, QColor(tokens.raised))
        font = theme.ui_font(theme.QUIET_PX)
        painter.setFont(font)
        warning = tokens.bad if not row.train else tokens.warn
        painter.setPen(QColor(warning if row.thin else tokens.text))
        elided = QFontMetrics(font).elidedText(row.name, Qt.TextElideMode.ElideMiddle, name.width())
        painter.drawText(name, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided)
        left = float(bar.left())
        for part, color in zip(PARTS, part_colors(), strict=True):
            width = bar.width() * getattr(row, part) / model.largest
            painter.fillRect(QRectF(left, bar.center().y() - 3, width, 7), QColor(color))
            left += width
        painter.setFont(theme.time_font(theme.QUIET_PX))
        for part, place in zip(PARTS, figures, strict=True):
            value = getattr(row, part)
            ink = tokens.text if value else tokens.quiet
            painter.setPen(QColor(warning if row.thin and part == "train" else ink))
            painter.drawText(
                place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, str(value)
            )
        painter.restore()


class CountsHead(QWidget):
    """Names of the figures, in the colours of the bars."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(18)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        _, _, figures = columns(self.rect().adjusted(0, 0, -10, 0))  # the list has a scroll bar
        painter.setFont(theme.ui_font(11))
        for head, color, place in zip(HEADS, part_colors(), figures, strict=True):
            painter.setPen(QColor(theme.current().quiet))
            side = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(place, side, head)
            painter.fillRect(QRect(place.right() - 24, place.bottom() - 1, 25, 2), QColor(color))


class CountsList(RecordingList):
    """The table; arrows move through it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("class_counts")
        self.setAccessibleName("Clips of each class")
        self.counts = Counts(self)
        self.setModel(self.counts)
        self.setItemDelegate(CountsDelegate(self))
        theme.theme_events.changed.connect(self.viewport().update)

    def show_rows(self, rows: list[ClassCount]) -> None:
        """The scroll bar stays while there are rows: the head above counts on its place."""
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAlwaysOn if rows else policy.ScrollBarAlwaysOff
        )
        self.counts.set_rows(rows)


def columns(rect: QRect) -> tuple[QRect, QRect, list[QRect]]:
    """Places of name, bar and the three figures in a row."""
    figures = [
        QRect(rect.right() - (3 - k) * FIGURE_PX, rect.top(), FIGURE_PX - 2, rect.height())
        for k in range(3)
    ]
    room = figures[0].left() - rect.left()
    name = QRect(rect.left() + 4, rect.top(), int(room * 0.58), rect.height())
    bar = QRect(name.right() + 6, rect.top(), max(4, room - name.width() - 14), rect.height())
    return name, bar, figures


def thin_sentence(rows: list[ClassCount]) -> str:
    """How many classes are thin, and by which rule; "" where none is."""
    thin = sum(row.thin for row in rows)
    if not thin:
        return ""
    verb = "class has" if thin == 1 else "classes have"
    return f"{thin} of {len(rows)} {verb} fewer than {THIN} clips to train on."
