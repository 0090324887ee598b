"""The confusion matrix: what clips show (rows) against what was said (columns)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from harstudio.studio import theme

WIDE_PX, TALL_PX = (14, 72), (14, 44)  # of a cell; smaller and the matrix scrolls
NAME_PX = (48, 200)
GAP_PX = 6
STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}
KEYS = (*STEPS, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ConfusionMatrix(QAbstractScrollArea):
    """Names stay in sight while cells scroll. Arrows move over cells, Enter opens."""

    selected = Signal(int, int)  # true class, said class
    opened = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("confusion_matrix")
        self.setAccessibleName("Confusion matrix")
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self._classes: tuple[str, ...] = ()
        self._counts: NDArray[np.int64] = np.zeros((0, 0), dtype=np.int64)
        self._totals: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._wide, self._tall = WIDE_PX[0], TALL_PX[0]
        self._names = NAME_PX[0]
        self._heads = NAME_PX[0]
        self._hover: tuple[int, int] | None = None
        self.cell: tuple[int, int] | None = None
        theme.theme_events.changed.connect(self.viewport().update)

    # ---- what is shown

    def set_matrix(self, classes: Sequence[str], counts: NDArray[np.int64]) -> None:
        """counts: (K, K), rows what the clips show. The cell in hand is kept where it exists."""
        self._classes, self._counts = tuple(classes), counts
        self._totals = counts.sum(axis=1)
        self._hover = None
        if self.cell is not None and max(self.cell) >= len(self._classes):
            self.cell = None
        self._measure()
        self.viewport().update()

    def select(self, true: int, said: int, *, tell: bool = True) -> None:
        """Take a cell in hand."""
        if not (0 <= true < len(self._classes) and 0 <= said < len(self._classes)):
            return
        self.cell = true, said
        self._reveal()
        self.setAccessibleDescription(self.sentence(true, said))
        self.viewport().update()
        if tell:
            self.selected.emit(true, said)

    def sentence(self, true: int, said: int) -> str:
        """A cell in words: counts and share."""
        count, total = int(self._counts[true, said]), int(self._totals[true])
        share = f" ({100 * count / total:.0f} %)" if total else ""
        what = "recognised" if true == said else f"taken for “{self._classes[said]}”"
        return f"{count} of {total} clips of “{self._classes[true]}” {what}{share}"

    def cell_rect(self, true: int, said: int) -> QRect:
        """Where a cell stands in the viewport."""
        x = self._names + said * self._wide - self.horizontalScrollBar().value()
        y = self._heads + true * self._tall - self.verticalScrollBar().value()
        return QRect(x, y, self._wide, self._tall)

    def cell_at(self, place: QPoint) -> tuple[int, int] | None:
        """(true, said) under a point of the viewport."""
        if place.x() < self._names or place.y() < self._heads:
            return None
        said = (place.x() - self._names + self.horizontalScrollBar().value()) // self._wide
        true = (place.y() - self._heads + self.verticalScrollBar().value()) // self._tall
        count = len(self._classes)
        return (true, said) if true < count and said < count else None

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(640, 560)

    # ---- measures

    def _measure(self) -> None:
        count = len(self._classes)
        if not count:
            return
        metrics = QFontMetrics(theme.ui_font(theme.QUIET_PX))
        widest = max(metrics.horizontalAdvance(name) for name in self._classes) + 2 * GAP_PX
        space = self.viewport().size()
        self._names = _between(widest, NAME_PX[0], min(NAME_PX[1], space.width() // 4))
        self._heads = _between(widest, NAME_PX[0], min(NAME_PX[1], space.height() // 4))
        room = space.width() - self._names, space.height() - self._heads
        self._tall = _between(room[1] // count, *TALL_PX)
        self._wide = _between(min(room[0] // count, 2 * self._tall), *WIDE_PX)
        bars = self.horizontalScrollBar(), self.verticalScrollBar()
        for bar, free, step in zip(bars, room, (self._wide, self._tall), strict=True):
            bar.setRange(0, max(0, step * count + 1 - free))
            bar.setPageStep(max(1, free))
            bar.setSingleStep(step)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._measure()

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:  # noqa: N802
        self.viewport().update()

    def _reveal(self) -> None:
        if self.cell is None:
            return
        true, said = self.cell
        for at, step, bar in (
            (said, self._wide, self.horizontalScrollBar()),
            (true, self._tall, self.verticalScrollBar()),
        ):
            low, high = at * step, (at + 1) * step
            if low < bar.value():
                bar.setValue(low)
            elif high > bar.value() + bar.pageStep():
                bar.setValue(high - bar.pageStep())

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self.viewport())
        tokens = theme.current()
        painter.fillRect(self.viewport().rect(), QColor(tokens.surface))
        if not self._classes:
            return
        painter.setFont(theme.time_font(10 if self._tall < 20 else 11 if self._tall < 30 else 13))
        painter.save()
        count = len(self._classes)
        inside = QRect(self._names, self._heads, self.viewport().width(), self.viewport().height())
        painter.setClipRect(inside)
        for true in range(count):
            for said in range(count):
                rect = self.cell_rect(true, said)
                if rect.intersects(self.viewport().rect()):
                    self._paint_cell(painter, rect, true, said)
        if self.cell is not None:
            painter.setPen(QPen(QColor(tokens.text), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.cell_rect(*self.cell)).adjusted(1, 1, -1, -1))
        painter.restore()
        self._paint_names(painter)

    def _paint_cell(self, painter: QPainter, rect: QRect, true: int, said: int) -> None:
        tokens = theme.current()
        count, total = int(self._counts[true, said]), int(self._totals[true])
        base = tokens.canvas if tokens.name == "dark" else tokens.raised
        if self._hover is not None and (true == self._hover[0] or said == self._hover[1]):
            base = theme.mixed(base, tokens.text, 0.06)
        color = base
        if count:
            share = count / total
            strong = tokens.accent if true == said else tokens.bad
            color = theme.mixed(base, strong, 0.15 + 0.75 * share**0.7)
        painter.fillRect(rect.adjusted(0, 0, -1, -1), QColor(color))
        if count:
            light, dark = ("#FFFFFF", "#0E1116")
            better = light if theme.contrast(light, color) > theme.contrast(dark, color) else dark
            painter.setPen(QColor(better))
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, str(count))

    def _paint_names(self, painter: QPainter) -> None:
        tokens = theme.current()
        font = theme.ui_font(min(theme.QUIET_PX, self._tall - 4))
        painter.setFont(font)
        rows = short_names(self._classes, QFontMetrics(font), self._names - GAP_PX)
        columns = short_names(self._classes, QFontMetrics(font), self._heads - GAP_PX)
        mark = self._hover or self.cell or (-1, -1)
        height, width = self.viewport().height(), self.viewport().width()
        for k in range(len(self._classes)):
            row = self.cell_rect(k, 0)
            row = QRect(0, row.top(), self._names - GAP_PX, row.height())
            if row.bottom() > self._heads and row.top() < height and row.top() >= self._heads - 4:
                painter.setPen(QColor(tokens.text if k == mark[0] else tokens.quiet))
                side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                painter.drawText(row, side, rows[k])
            column = self.cell_rect(0, k)
            if column.left() >= self._names - 4 and column.left() < width:
                painter.setPen(QColor(tokens.text if k == mark[1] else tokens.quiet))
                painter.save()
                painter.translate(column.left(), self._heads - GAP_PX)
                painter.rotate(-90)
                side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
                painter.drawText(QRect(0, 0, self._heads - GAP_PX, self._wide), side, columns[k])
                painter.restore()
        painter.setPen(QColor(tokens.quiet))
        corner = QRect(0, 0, self._names - GAP_PX, self._heads - GAP_PX)
        side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
        painter.setFont(theme.ui_font(11))
        painter.drawText(corner, side, "said →\nshown ↓")

    # ---- hands

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and self._ours(event):
            event.accept()
            return True
        return super().event(event)

    @staticmethod
    def _ours(event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent):
            return False
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        return held == Qt.KeyboardModifier.NoModifier and event.key() in KEYS

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if not self._ours(event) or not self._classes:
            event.ignore()
            return
        true, said = self.cell or (0, 0)
        last = len(self._classes) - 1
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.cell is not None:
                self.opened.emit(*self.cell)
        elif key == Qt.Key.Key_Home:
            self.select(0, 0)
        elif key == Qt.Key.Key_End:
            self.select(last, last)
        else:
            down, right = STEPS[key] if self.cell is not None else (0, 0)
            self.select(_between(true + down, 0, last), _between(said + right, 0, last))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        found = self.cell_at(event.position().toPoint())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.select(*found)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        found = self.cell_at(event.position().toPoint())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.opened.emit(*found)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        found = self.cell_at(event.position().toPoint())
        if found != self._hover:
            self._hover = found
            self.viewport().update()

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Leave and self._hover is not None:
            self._hover = None
            self.viewport().update()
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            found = self.cell_at(event.pos())
            if found is None:
                QToolTip.hideText()
            else:
                text = self.sentence(*found)
                QToolTip.showText(event.globalPos(), text, self, self.cell_rect(*found))
            return True
        return super().viewportEvent(event)


def short_names(names: Sequence[str], metrics: QFontMetrics, width: int) -> list[str]:
    """Names that fit into width px, cut where it leaves them apart: in the middle, else in front,
    else at the end."""
    modes = Qt.TextElideMode.ElideMiddle, Qt.TextElideMode.ElideLeft, Qt.TextElideMode.ElideRight
    cuts = [[metrics.elidedText(name, mode, width) for name in names] for mode in modes]
    counts = [Counter(cut) for cut in cuts]
    ways = range(len(modes))
    return [
        next((cuts[way][k] for way in ways if counts[way][cuts[way][k]] == 1), cuts[0][k])
        for k in range(len(names))
    ]


def _between(value: int, low: int, high: int) -> int:
    return max(low, min(value, high))
