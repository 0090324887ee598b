"""Rows of two lines, with a picture, a swatch, a box to check or a tick where they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QImage,
    QPainter,
    QPen,
)
from PySide6.QtWidgets import (
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from harstudio.studio import theme
from harstudio.studio.panels.thumbnails import placed

Index = QModelIndex | QPersistentModelIndex
Picture = Callable[[Path], QImage | None]
ROW_PX = 46
THUMB = QSize(36, 27)
SWATCH_PX, BOX_PX, PAD_PX = 9, 13, 6


@dataclass(frozen=True, slots=True)
class Row:
    """first, second: the two lines; figure: at the right of the second. color: of a swatch before
    the first line, "" for none. picture: the recording whose picture is shown. checked: None where
    nothing can be checked. ticked: dealt with."""

    key: Any
    first: str
    second: str
    figure: str = ""
    color: str = ""
    picture: Path | None = None
    checked: bool | None = None
    ticked: bool = False
    here: bool = False
    tip: str = ""


class RowModel(QAbstractListModel):
    """The rows; ``picture`` gives the picture of a path when it is there."""

    RowRole = Qt.ItemDataRole.UserRole + 1

    def __init__(self, picture: Picture | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []
        self.picture = picture

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these; rows with the same keys are only drawn again."""
        if [row.key for row in rows] == [row.key for row in self.rows]:
            self.rows = list(rows)
            self.redraw()
            return
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def redraw(self, *_: object) -> None:
        """Everything is drawn again: a picture came, or colours changed."""
        if self.rows:
            self.dataChanged.emit(self.index(0), self.index(len(self.rows) - 1))

    def check(self, place: int, checked: bool) -> None:
        """Check a row or not."""
        if self.rows[place].checked is not None:
            self.rows[place] = replace(self.rows[place], checked=checked)
            self.dataChanged.emit(self.index(place), self.index(place))

    def uncheck(self) -> None:
        """No row is checked any more."""
        for place, row in enumerate(self.rows):
            if row.checked:
                self.check(place, False)

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == self.RowRole:
            return row
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.tip or None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            state = "done" if row.ticked else "checked" if row.checked else ""
            parts = (row.first, row.figure, row.second, state)
            return ", ".join(part for part in parts if part)
        return None


class RowDelegate(QStyledItemDelegate):
    """Paints a row."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:  # noqa: N802
        return QSize(120, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, RowModel)  # noqa: S101 - the list has no other
        row = model.rows[index.row()]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        box = row_box(QRectF(option.rect))
        self._ground(painter, option, row, box)
        left, right = box.left() + PAD_PX, box.right() - PAD_PX
        if row.checked is not None:
            _check(painter, check_box(box), checked=row.checked)
            left += BOX_PX + PAD_PX
        if row.picture is not None and model.picture is not None:
            thumb = QRectF(left, box.center().y() - THUMB.height() / 2, *THUMB.toTuple())
            painter.fillRect(thumb, QColor(theme.DARK.canvas))
            image = model.picture(row.picture)
            if image is not None and not image.isNull():
                painter.drawImage(placed(image, thumb), image)
            left = thumb.right() + PAD_PX
        if row.ticked:
            _tick(painter, QPointF(right - 6, box.center().y()))
            right -= 20
        self._lines(painter, row, QRectF(left, box.top() + 4, right - left, box.height() - 8))
        painter.restore()

    @staticmethod
    def _lines(painter: QPainter, row: Row, box: QRectF) -> None:
        tokens, half = theme.current(), box.height() / 2
        first = QRectF(box.left(), box.top(), box.width(), half)
        second = first.translated(0, half)
        if row.figure:
            font = theme.time_font(theme.QUIET_PX)
            wide = QFontMetrics(font).horizontalAdvance(row.figure) + 4
            place = QRectF(second.right() - wide, second.top(), wide, half)
            _write(painter, place, row.figure, font, tokens.quiet, Qt.AlignmentFlag.AlignRight)
            second.setRight(place.left() - 4)
        if row.color:
            swatch = QRectF(first.left(), first.center().y() - SWATCH_PX / 2, SWATCH_PX, SWATCH_PX)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(row.color))
            painter.drawRoundedRect(swatch, 2, 2)
            first.setLeft(swatch.right() + 6)
        color = tokens.quiet if row.ticked else tokens.text
        _write(painter, first, row.first, theme.ui_font(), color)
        _write(painter, second, row.second, theme.ui_font(theme.QUIET_PX), tokens.quiet)

    @staticmethod
    def _ground(painter: QPainter, option: QStyleOptionViewItem, row: Row, box: QRectF) -> None:
        tokens = theme.current()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if not (selected or row.here or option.state & QStyle.StateFlag.State_MouseOver):
            return
        painter.setPen(Qt.PenStyle.NoPen)
        if selected or row.here:
            edge = theme.mixed(tokens.surface, tokens.accent, 0.55) if selected else tokens.line
            painter.setPen(QPen(QColor(edge), 1))
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(box, theme.CORNER, theme.CORNER)


def row_box(rect: QRectF) -> QRectF:
    """The part of a row that is painted."""
    return rect.adjusted(4.5, 0.5, -4.5, -1.5)


def check_box(box: QRectF) -> QRectF:
    """Where the box to check stands in it."""
    return QRectF(box.left() + PAD_PX, box.center().y() - BOX_PX / 2, BOX_PX, BOX_PX)


def _check(painter: QPainter, place: QRectF, *, checked: bool) -> None:
    tokens = theme.current()
    painter.setPen(QPen(QColor(tokens.accent if checked else tokens.quiet), 1))
    painter.setBrush(QColor(tokens.accent) if checked else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(place, 3, 3)
    if checked:
        middle = place.center()
        painter.setPen(QPen(QColor(tokens.on_accent), 1.8))
        corners = [QPointF(-3.2, 0.2), QPointF(-1, 2.6), QPointF(3.4, -2.6)]
        painter.drawPolyline([middle + corner for corner in corners])


def _tick(painter: QPainter, middle: QPointF) -> None:
    painter.setPen(QPen(QColor(theme.current().good), 2.2))
    corners = [QPointF(-4.5, 0.5), QPointF(-1.5, 3.5), QPointF(4.5, -3.5)]
    painter.drawPolyline([middle + corner for corner in corners])


def _write(
    painter: QPainter,
    box: QRectF,
    text: str,
    font: QFont,
    color: str,
    side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> None:
    painter.setFont(font)
    painter.setPen(QColor(color))
    elide = Qt.TextElideMode.ElideRight
    fitting = QFontMetrics(font).elidedText(text, elide, int(box.width()))
    painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, fitting)
