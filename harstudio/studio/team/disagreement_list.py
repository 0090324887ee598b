"""The list of disagreements: when, how long, and who says what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from harstudio.labels.agreement import Disagreement
from harstudio.studio import theme
from harstudio.studio.team.settling import said
from harstudio.studio.timecode import clock_text

Index = QModelIndex | QPersistentModelIndex
ROW_PX = 44
SWATCH_PX = 9
OURS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class DisagreementModel(QAbstractListModel):
    """Rows are disagreements; what is drawn beside them comes from the owner."""

    def __init__(
        self,
        is_settled: Callable[[Disagreement], bool],
        color_of: Callable[[str], str],
        where: Callable[[Disagreement], tuple[str, int]],
        parent: QObject | None = None,
    ) -> None:
        """where: of a disagreement the recording's name, "" for the only one, and the time that
        its clock counts from."""
        super().__init__(parent)
        self._rows: Sequence[Disagreement] = ()
        self._several = False  # people, so that each row names its own
        self.is_settled = is_settled
        self.color_of = color_of
        self.where = where

    def set_rows(self, rows: Sequence[Disagreement]) -> None:
        """Show these; the same ones again are only drawn again."""
        if rows == self._rows:
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self._several = len({row.person for row in rows}) > 1
        self.endResetModel()

    def row(self, index: Index) -> Disagreement:
        return self._rows[index.row()]

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.ToolTipRole,
            Qt.ItemDataRole.AccessibleTextRole,
        ):
            return None
        row = self.row(index)
        opinions = "\n".join(f"{name}: {said(what)}" for name, what in row.told.items())
        return f"{self.when(row)}\n{opinions}"

    def when(self, row: Disagreement) -> str:
        """When it is and how long, with the recording and the person where they are not plain."""
        recording, start_ns = self.where(row)
        long = f"{(row.end_ns - row.start_ns) / 1e9:.2f} s"
        if row.kind == "points":
            long = "point event"
        person = row.person if self._several else ""
        parts = [recording, clock_text(row.start_ns - start_ns), long, person]
        return " · ".join(part for part in parts if part)


class DisagreementDelegate(QStyledItemDelegate):
    """Two lines: when, and a swatch with the label for everybody."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:  # noqa: N802
        return QSize(120, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        tokens, model = theme.current(), index.model()
        assert isinstance(model, DisagreementModel)  # noqa: S101 - the list has no other
        row = model.row(index)
        settled = model.is_settled(row)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(option.rect).adjusted(4.5, 0.5, -4.5, -1.5)
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.setPen(Qt.PenStyle.NoPen)
            if option.state & QStyle.StateFlag.State_Selected:
                edge = theme.mixed(tokens.surface, tokens.accent, 0.55)
                painter.setPen(QPen(QColor(edge), 1))
            painter.setBrush(QColor(tokens.raised))
            painter.drawRoundedRect(box, theme.CORNER, theme.CORNER)
        left, right = box.left() + 8, box.right() - 8
        if settled:
            middle = QPointF(right - 6, box.center().y())
            tick = [QPointF(-4.5, 0.5), QPointF(-1.5, 3.5), QPointF(4.5, -3.5)]
            painter.setPen(QPen(QColor(tokens.good), 2.2))
            painter.drawPolyline([middle + point for point in tick])
            right -= 20
        first = QRectF(left, box.top() + 3, right - left, 17)
        _write(painter, first, model.when(row), theme.time_font(theme.TIME_PX), tokens.quiet)
        self._paint_opinions(painter, model, row, QRectF(left, box.top() + 21, right - left, 18))
        painter.restore()

    @staticmethod
    def _paint_opinions(
        painter: QPainter, model: DisagreementModel, row: Disagreement, box: QRectF
    ) -> None:
        tokens = theme.current()
        wide = box.width() / max(1, len(row.opinions))
        for place, (name, what) in enumerate(row.opinions.items()):
            part = QRectF(box.left() + place * wide, box.top(), wide - 6, box.height())
            swatch = QRectF(part.left(), part.center().y() - SWATCH_PX / 2, SWATCH_PX, SWATCH_PX)
            if what:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(model.color_of(what)))
            else:
                painter.setPen(QPen(QColor(tokens.quiet), 1))
                painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(swatch, 2, 2)
            color = tokens.text if what else tokens.quiet
            part.setLeft(swatch.right() + 6)
            _write(painter, part, said(row.told[name]), theme.ui_font(theme.QUIET_PX), color)


def _write(painter: QPainter, box: QRectF, text: str, font: Any, color: str) -> None:
    painter.setFont(font)
    painter.setPen(QColor(color))
    metrics = QFontMetrics(font)
    fitting = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(box.width()))
    painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, fitting)


class DisagreementList(QListView):
    """Up and Down walk through it, Enter or a click goes there; every other key is a command.

    takes_digits: digits are told by ``digit`` and are no commands while the list has the focus.
    """

    chosen = Signal(int)
    digit = Signal(int)

    def __init__(self, model: DisagreementModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.takes_digits = False
        self.setObjectName("disagreements")
        self.setAccessibleName("Disagreements")
        self.setModel(model)
        self.setItemDelegate(DisagreementDelegate(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.clicked.connect(self._choose)

    def select(self, row: int | None) -> None:
        """Show which one is in hand."""
        if row is None:
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
        elif row != self.currentIndex().row():
            self.setCurrentIndex(self.model().index(row, 0))

    def _choose(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(index.row())

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
        return plain and (event.key() in OURS or (self.takes_digits and _digit(event) is not None))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if not self._ours(event):
            event.ignore()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self.currentIndex())
        elif (digit := _digit(event)) is not None:
            self.digit.emit(digit)
        else:
            super().keyPressEvent(event)


def _digit(event: QKeyEvent) -> int | None:
    return int(event.text()) if event.text() in tuple("0123456789") else None
