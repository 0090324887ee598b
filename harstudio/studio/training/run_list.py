"""The list of runs: state, name, network, best accuracy and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
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
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from harstudio.studio import theme
from harstudio.studio.jobs.words import IN_WORDS, accuracy_text, state_color
from harstudio.studio.training.looks import RunLook

Index = QModelIndex | QPersistentModelIndex
ROW_HEIGHT = 46
HOLLOW = ("lost", "queued", "")


def second_line(look: RunLook) -> str:
    """What stands under the name."""
    told = [look.network] if look.network else []
    told.append(IN_WORDS.get(look.state, look.state) or "never started")
    if look.state not in ("", "queued", "finished") and look.total:
        told.append(f"{look.done}/{look.total}")
    return " · ".join(told)


class RunModel(QAbstractListModel):
    """The runs as rows."""

    LookRole = Qt.ItemDataRole.UserRole + 1

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._looks: list[RunLook] = []
        self._filter = ""
        self._all: Sequence[RunLook] = ()

    def show(self, looks: Sequence[RunLook]) -> None:
        """Take new looks; rows stay where they are when only their contents changed."""
        self._all = looks
        words = self._filter.lower().split()
        shown = [
            look
            for look in looks
            if all(w in f"{look.name} {look.network} {look.state}".lower() for w in words)
        ]
        same = [look.path for look in shown] == [look.path for look in self._looks]
        if same:
            changed = [k for k, look in enumerate(shown) if look != self._looks[k]]
            self._looks = shown
            for row in changed:
                self.dataChanged.emit(self.index(row), self.index(row))
            return
        self.beginResetModel()
        self._looks = shown
        self.endResetModel()

    def set_filter(self, text: str) -> None:
        """Only runs that have all of these words in name, network or state."""
        self._filter = text
        self.show(self._all)

    def row_of(self, path: Path | None) -> int | None:
        return next((k for k, look in enumerate(self._looks) if look.path == path), None)

    def look(self, row: int) -> RunLook:
        return self._looks[row]

    # ---- Qt

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802
        return 0 if parent is not None and parent.isValid() else len(self._looks)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._looks):
            return None
        look = self._looks[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return look.name
        if role == Qt.ItemDataRole.ToolTipRole:
            lines = [look.name, second_line(look), look.reason, str(look.path)]
            return "\n".join(line for line in lines if line)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{look.name}, {second_line(look)}"
        return look if role == self.LookRole else None


class RunDelegate(QStyledItemDelegate):
    """Paints a row."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:  # noqa: N802
        return QSize(120, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        tokens = theme.current()
        look: RunLook = index.data(RunModel.LookRole)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(option.rect).adjusted(8.5, 0.5, -8.5, -1.5)
        self._paint_ground(painter, option, box)
        color = QColor(state_color(look.state))
        hollow = look.state in HOLLOW
        painter.setPen(QPen(color, 1.5) if hollow else Qt.PenStyle.NoPen)
        painter.setBrush(Qt.BrushStyle.NoBrush if hollow else color)
        painter.drawEllipse(QPointF(box.left() + 14, box.top() + 15), 4, 4)
        left, right = box.left() + 28, box.right() - 10
        figure = accuracy_text(look.tested if look.tested is not None else look.best)
        font = theme.time_font(theme.TEXT_PX)
        width = QFontMetrics(font).horizontalAdvance(figure) + (10 if figure else 0)
        painter.setFont(font)
        painter.setPen(QColor(tokens.text))
        place = QRectF(right - width, box.top() + 5, width, 19)
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, figure)
        self._write(painter, QRectF(left, box.top() + 5, right - left - width, 19), look.name, 13)
        second = QRectF(left, box.top() + 23, right - left, 16)
        self._write(painter, second, second_line(look), 12)
        if look.share is not None and look.state in ("running", "paused", "stopping"):
            bar = QRectF(left, box.bottom() - 4, right - left, 2)
            painter.fillRect(bar, QColor(tokens.line))
            bar.setWidth(bar.width() * look.share)
            painter.fillRect(bar, color)
        painter.restore()

    @staticmethod
    def _paint_ground(painter: QPainter, option: QStyleOptionViewItem, box: QRectF) -> None:
        tokens = theme.current()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if not (selected or option.state & QStyle.StateFlag.State_MouseOver):
            return
        edge = QPen(QColor(theme.mixed(tokens.surface, tokens.accent, 0.55)), 1)
        painter.setPen(edge if selected else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(box, theme.CORNER, theme.CORNER)

    @staticmethod
    def _write(painter: QPainter, box: QRectF, text: str, pixels: int) -> None:
        tokens = theme.current()
        font = theme.ui_font(pixels)
        painter.setFont(font)
        painter.setPen(QColor(tokens.text if pixels == 13 else tokens.quiet))
        fitting = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, int(box.width()))
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, fitting)
