"""The likeliest labels as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from harstudio.studio import theme

ROW_PX, TEXT_PX, BAR_PX, GAP = 25, 16, 4, 8


@dataclass(frozen=True, slots=True)
class Ranked:
    """One line: a label, its colour "#RRGGBB" and its probability."""

    label: str
    color: str
    share: float


def percent(share: float) -> str:
    """ "93", "0.4", "100" only for certainty."""
    value = 100 * share
    if value >= 99.95:
        return "100"
    if value >= 99.5:
        return f"{value:.1f}"
    return f"{value:.0f}" if value >= 1 or value < 0.05 else f"{value:.1f}"


class Ranking(QWidget):
    """Five lines with a bar each; keeps its height, so that nothing jumps while it plays."""

    def __init__(self, count: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("ranking")
        self.setAccessibleName("Likeliest labels")
        self._count = count
        self._rows: tuple[Ranked, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.theme_events.changed.connect(self.update)

    @property
    def rows(self) -> tuple[Ranked, ...]:
        return self._rows

    def show_rows(self, rows: Sequence[Ranked]) -> None:
        """The likeliest first."""
        self._rows = tuple(rows)[: self._count]
        words = [f"{row.label} {percent(row.share)} %" for row in self._rows]
        self.setAccessibleDescription(", ".join(words))
        self.setToolTip("\n".join(words))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(160, max(1, len(self._rows)) * ROW_PX)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(80, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        tokens = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = Qt.AlignmentFlag.AlignVCenter
        for number, row in enumerate(self._rows):
            top, width = number * ROW_PX, self.width()
            ink = tokens.text if number == 0 else tokens.quiet
            painter.setFont(theme.time_font(theme.QUIET_PX))
            figure = percent(row.share)
            wide = painter.fontMetrics().horizontalAdvance(figure)
            painter.setPen(QColor(ink))
            painter.drawText(QRectF(width - wide, top, wide + 1, TEXT_PX), middle, figure)
            painter.setFont(theme.ui_font(theme.QUIET_PX))
            room = width - wide - GAP
            elide = Qt.TextElideMode.ElideRight
            text = painter.fontMetrics().elidedText(row.label, elide, int(room))
            painter.drawText(QRectF(0, top, room, TEXT_PX), middle, text)
            self._paint_bar(painter, row, QRectF(0, top + TEXT_PX + 1, width, BAR_PX))

    def _paint_bar(self, painter: QPainter, row: Ranked, area: QRectF) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.current().raised))
        painter.drawRoundedRect(area, BAR_PX / 2, BAR_PX / 2)
        full = QRectF(area)
        full.setWidth(area.width() * row.share)
        if full.width() >= 1:
            painter.setBrush(QColor(row.color))
            corner = min(BAR_PX / 2, full.width() / 2)
            painter.drawRoundedRect(full, corner, corner)
