"""The screen of an alarm: what was recognised, so large that nobody misses it."""

from __future__ import annotations

import time

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from harstudio.studio.demo_mode.shown import Shown
from harstudio.studio.demo_mode.sizes import SPACED, Sizes, figures, fitted
from harstudio.studio.live.watch.alarm import Alarm

RED, DEEP, INK, FAINT = QColor("#C62828"), QColor("#8E1B1B"), QColor("#FFFFFF"), QColor("#FFD9D6")
MARGIN, CAPTION_PX, AT_PX, LIST_PX = 42.0, 40.0, 46.0, 28.0
BEAT_MS = 600
MOST_BEFORE = 6
SEEN = "Press Enter when you have seen it"


class AlarmColumn(QWidget):
    """Stands in the place of the words beside the picture until the alarm was seen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.sizes = Sizes(1, 1)
        self.still = False
        self._shown = Shown()
        self._beat = QTimer(self)
        self._beat.setInterval(BEAT_MS)
        self._beat.timeout.connect(self.update)

    def show_words(self, shown: Shown) -> None:
        if shown != self._shown:
            self._shown = shown
            self.update()

    def showEvent(self, event: object) -> None:  # noqa: N802
        super().showEvent(event)
        if not self.still:
            self._beat.start()

    def hideEvent(self, event: object) -> None:  # noqa: N802
        super().hideEvent(event)
        self._beat.stop()

    def ground(self) -> QColor:
        """Goes between two reds, slowly enough for eyes that flashes harm."""
        late = int(time.monotonic() * 1000 / BEAT_MS) % 2
        return DEEP if late and not self.still else RED

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), self.ground())
        alarm = self._shown.alarm
        if alarm is None:
            return
        px = self.sizes.px
        left, wide = px(MARGIN), self.width() - 2 * px(MARGIN)
        painter.setPen(INK)
        painter.setFont(self.sizes.font(CAPTION_PX, QFont.Weight.DemiBold))
        painter.drawText(QRectF(left, px(58), wide, px(CAPTION_PX * 1.4)), 0, "Alarm")
        top = px(58 + CAPTION_PX * 1.4 + 14)
        font, rows = fitted(alarm.name, self.sizes, wide, 168, 96, 3)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        base = top + metrics.capHeight() + px(10)
        for row in rows:
            painter.drawText(QRectF(left - px(5), base - metrics.ascent(), wide * 1.1,
                                    metrics.height()), 0, row)  # fmt: skip
            base += font.pixelSize() * SPACED
        top = base - font.pixelSize() * SPACED + metrics.descent() + px(36)
        painter.setFont(figures(self.sizes.font(AT_PX)))
        told = f"at {alarm.at}, {100 * alarm.confidence:.0f} % sure"
        painter.drawText(QRectF(left, top, wide, px(AT_PX * 1.4)), 0, told)
        top += px(AT_PX * 1.4 + 10)
        painter.setPen(FAINT)
        painter.setFont(self.sizes.font(LIST_PX))
        kept = f"Kept as {alarm.file}" if alarm.file else "The half minute before it is being kept"
        place = QRectF(left, top, wide, px(LIST_PX * 3))
        painter.drawText(place, int(Qt.TextFlag.TextWordWrap), kept)
        self._before(painter, left, wide, top + px(LIST_PX * 3.2))
        self._way_out(painter, left, wide)

    def _before(self, painter: QPainter, left: float, wide: float, top: float) -> None:
        """The alarms before this one."""
        px = self.sizes.px
        others = [one for one in self._shown.alarms if one is not self._shown.alarm]
        end = self.height() - px(170)
        if not others or top + px(LIST_PX * 3) > end:
            return
        painter.setPen(FAINT)
        painter.setFont(self.sizes.font(LIST_PX))
        painter.drawText(QRectF(left, top, wide, px(LIST_PX * 1.4)), 0, "Before")
        painter.setFont(figures(self.sizes.font(LIST_PX)))
        painter.setPen(INK)
        top += px(LIST_PX * 1.7)
        for one in others[:MOST_BEFORE]:
            if top + px(LIST_PX * 1.5) > end:
                break
            self._row(painter, one, QRectF(left, top, wide, px(LIST_PX * 1.5)))
            top += px(LIST_PX * 1.5)

    def _row(self, painter: QPainter, one: Alarm, box: QRectF) -> None:
        metrics = QFontMetricsF(painter.font())
        name = metrics.elidedText(one.name, Qt.TextElideMode.ElideRight, box.width() * 0.7)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft), name)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignRight), one.at)

    def _way_out(self, painter: QPainter, left: float, wide: float) -> None:
        px = self.sizes.px
        font, rows = fitted(SEEN, self.sizes, wide - px(60), 40, 26, 2)
        metrics = QFontMetricsF(font)
        box = QRectF(left, 0, wide, metrics.height() * len(rows) + px(36))
        box.moveBottom(self.height() - px(44))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(INK)
        painter.drawRoundedRect(box, px(22), px(22))
        painter.setPen(DEEP)
        painter.setFont(font)
        top = box.top() + px(18)
        for row in rows:
            line = QRectF(box.left(), top, box.width(), metrics.height())
            painter.drawText(line, int(Qt.AlignmentFlag.AlignHCenter), row)
            top += metrics.height()
