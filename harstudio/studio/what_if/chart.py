"""Before and after: two bars a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from harstudio.studio import theme
from harstudio.studio.recognition.ranking import percent

ROW_PX, TEXT_PX, BAR_PX, GAP = 34, 17, 5, 8
ARROW = "→"
SMALL = 0.005


@dataclass(frozen=True, slots=True)
class Bar:
    """One class: its label, its colour "#RRGGBB", its probability before and after."""

    label: str
    color: str
    before: float
    after: float

    @property
    def words(self) -> str:
        return f"{percent(self.before)} {ARROW} {percent(self.after)}"

    @property
    def change(self) -> str:
        """In points as the words have them, with its sign; "" where it is less than a half."""
        points = round(100 * self.after) - round(100 * self.before)
        small = abs(self.after - self.before) < SMALL
        return "" if small or not points else f"{points:+d}".replace("-", "−")


class BeforeAfter(QWidget):
    """Above the window as it is, grey; below what is said now, in the colour of the class."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("before_after")
        self.setAccessibleName("Before and after")
        self._bars: tuple[Bar, ...] = ()
        self._pending = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.theme_events.changed.connect(self.update)

    @property
    def bars(self) -> tuple[Bar, ...]:
        return self._bars

    def show_bars(self, bars: Sequence[Bar], *, pending: bool = False) -> None:
        """pending: a newer answer is on its way."""
        bars = tuple(bars)
        if (bars, pending) == (self._bars, self._pending):
            return
        resized = len(bars) != len(self._bars)
        self._bars, self._pending = bars, pending
        told = [f"{bar.label} {bar.words} %" for bar in bars]
        self.setAccessibleDescription(", ".join(told))
        self.setToolTip("\n".join(told))
        if resized:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(160, len(self._bars) * ROW_PX)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(80, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._pending:
            painter.setOpacity(0.55)
        for number, bar in enumerate(self._bars):
            self._paint_words(painter, bar, number * ROW_PX)
            top = number * ROW_PX + TEXT_PX + 1
            before = QColor(theme.current().quiet)
            self._paint_bar(painter, bar.before, before, top)
            self._paint_bar(painter, bar.after, QColor(bar.color), top + BAR_PX + 1)

    def _paint_words(self, painter: QPainter, bar: Bar, top: int) -> None:
        tokens, width = theme.current(), self.width()
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.time_font(theme.QUIET_PX))
        metrics = painter.fontMetrics()
        room = float(width)
        if bar.change:
            wide = metrics.horizontalAdvance(bar.change)
            painter.setPen(QColor(tokens.good if bar.after > bar.before else tokens.bad))
            painter.drawText(QRectF(room - wide, top, wide + 1, TEXT_PX), middle, bar.change)
            room -= wide + GAP
        wide = metrics.horizontalAdvance(bar.words)
        painter.setPen(QColor(tokens.text))
        painter.drawText(QRectF(room - wide, top, wide + 1, TEXT_PX), middle, bar.words)
        room -= wide + GAP
        painter.setFont(theme.ui_font(theme.QUIET_PX))
        elide = Qt.TextElideMode.ElideRight
        label = painter.fontMetrics().elidedText(bar.label, elide, int(room))
        painter.drawText(QRectF(0, top, room, TEXT_PX), middle, label)

    def _paint_bar(self, painter: QPainter, share: float, color: QColor, top: int) -> None:
        area = QRectF(0, top, self.width(), BAR_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.current().raised))
        painter.drawRoundedRect(area, BAR_PX / 2, BAR_PX / 2)
        area.setWidth(self.width() * share)
        if area.width() >= 1:
            painter.setBrush(color)
            corner = min(BAR_PX / 2, area.width() / 2)
            painter.drawRoundedRect(area, corner, corner)
