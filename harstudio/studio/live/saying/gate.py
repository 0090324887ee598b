"""Which modality decided: one bar in two or three colours, as a fusion network's gate says."""

from __future__ import annotations

import math
from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from harstudio.runs.recognised.words import spoken
from harstudio.studio import theme
from harstudio.studio.recognition.over_time import COLORS

GAP = 6


class Gate(QWidget):
    """px: of its words; the bar grows with them."""

    def __init__(self, px: int = theme.TEXT_PX, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("live_gate")
        self.setAccessibleName("Which modality decided")
        self._px = px
        self.shares: dict[str, float] = {}
        self._shown: tuple[tuple[str, int], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.theme_events.changed.connect(self.update)

    def show_shares(self, shares: Mapping[str, float]) -> None:
        """Modality -> how much it counted; they are shown as parts of their sum."""
        total = sum(shares.values())
        self.shares = {name: value / total for name, value in shares.items()} if total > 0 else {}
        shown = tuple((name, round(100 * value)) for name, value in self.shares.items())
        if shown != self._shown:
            self._shown = shown
            self.setAccessibleDescription(", ".join(f"{spoken(n)} {v} %" for n, v in shown))
            self._fit()

    def _lines(self) -> int:
        """Two where the words of all do not fit into one."""
        metrics = QFontMetrics(theme.time_font(self._px))
        widest = max(
            (metrics.horizontalAdvance(f"{spoken(n)} {v}") for n, v in self._shown), default=0
        )
        return 2 if len(self._shown) > 2 and widest > self.width() / len(self._shown) - 4 else 1

    def _fit(self) -> None:
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(160, self._lines() * round(self._px * 1.5) + GAP + max(4, self._px // 2))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.time_font(self._px))
        lines, tall, bar_px = self._lines(), round(self._px * 1.5), max(4, self._px // 2)
        bar = QRectF(0, lines * tall + GAP, self.width(), bar_px)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.current().raised))
        painter.drawRoundedRect(bar, bar_px / 2, bar_px / 2)
        outline = QPainterPath()
        outline.addRoundedRect(bar, bar_px / 2, bar_px / 2)
        painter.setClipPath(outline)
        left = 0.0
        for number, share in enumerate(self.shares.values()):
            wide = self.width() * share
            painter.fillRect(QRectF(left, bar.top(), wide, bar_px), QColor(_color(number)))
            left += wide
        painter.setClipping(False)
        self._paint_words(painter, lines, tall)

    def _paint_words(self, painter: QPainter, lines: int, tall: int) -> None:
        """The first of a line at the left, its last at the right, others in the middle."""
        count = math.ceil(len(self._shown) / lines)
        slot = self.width() / max(1, count)
        for place, (name, value) in enumerate(self._shown):
            line, number = divmod(place, count)
            side = Qt.AlignmentFlag.AlignLeft if number == 0 else Qt.AlignmentFlag.AlignHCenter
            if number and number == count - 1:
                side = Qt.AlignmentFlag.AlignRight
            painter.setPen(QColor(_ink(_color(place))))
            area = QRectF(number * slot, line * tall, slot, tall)
            words = painter.fontMetrics().elidedText(
                f"{spoken(name)} {value}", Qt.TextElideMode.ElideRight, int(slot)
            )
            painter.drawText(area, int(side | Qt.AlignmentFlag.AlignVCenter), words)


def _color(number: int) -> str:
    return COLORS[number % len(COLORS)]


def _ink(color: str) -> str:
    """The colour as words: darker on a light ground, lighter on a dark one, until it reads."""
    ground, towards = theme.current().surface, theme.current().text
    share = 0.0
    while theme.contrast(theme.mixed(color, towards, share), ground) < 4.5 and share < 1:
        share += 0.1
    return theme.mixed(color, towards, share)
