"""What was said when: the last minute as a ribbon that moves to the left, with a time axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from harstudio.labels.label_sets.label_set import text_on
from harstudio.studio import theme
from harstudio.studio.live.reading import now_ns
from harstudio.studio.live.told import NOTHING, SECOND_NS, LiveSegment

SPAN_S, STEP_S = 60, 10
BAR_PX, AXIS_PX, PAD = 26, 16, 12
LEAST_WORDS_PX = 28


class Ribbon(QWidget):
    """segments: newest last, times on the session's clock; color_of: "#rrggbb" of a label."""

    def __init__(
        self,
        segments: Callable[[], Sequence[LiveSegment]],
        color_of: Callable[[str], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("live_ribbon")
        self.setAccessibleName("What was said in the last minute")
        self._segments, self._color_of = segments, color_of
        self.running = False
        self.now_ns: Callable[[], int] = now_ns
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.theme_events.changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(300, BAR_PX + AXIS_PX + 14)

    def _x(self, time_ns: int) -> float:
        width = self.width() - 2 * PAD
        return PAD + width * (1 - (self.now_ns() - time_ns) / (SPAN_S * SECOND_NS))

    def places(self) -> list[tuple[LiveSegment, QRectF]]:
        """Segments that can be seen and where; one that goes on ends now."""
        now, found = self.now_ns(), []
        for one in self._segments():
            end = max(one.end_ns, now) if one.open and self.running else one.end_ns
            left, right = max(PAD, self._x(one.start_ns)), min(self.width() - PAD, self._x(end))
            if right > PAD and right - left >= 1:
                found.append((one, QRectF(left, 6, right - left - 1, BAR_PX)))
        return found

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        tokens = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.raised))
        whole = QRectF(PAD, 6, self.width() - 2 * PAD, BAR_PX)
        painter.drawRoundedRect(whole, 4, 4)
        for one, area in self.places():
            self._paint_one(painter, one, area)
        self._paint_axis(painter, whole)

    def _paint_one(self, painter: QPainter, one: LiveSegment, area: QRectF) -> None:
        tokens = theme.current()
        known = one.label >= 0
        color = self._color_of(one.name) if known else tokens.line
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(color))
        painter.drawRoundedRect(area, 4, 4)
        if area.width() < LEAST_WORDS_PX:
            return
        painter.setPen(QColor(text_on(color) if known else tokens.quiet))
        painter.setFont(theme.ui_font(theme.QUIET_PX))
        inside = area.adjusted(6, 0, -4, 0)
        name = one.name if known else NOTHING
        words = painter.fontMetrics().elidedText(
            name, Qt.TextElideMode.ElideRight, int(inside.width())
        )
        painter.drawText(inside, int(Qt.AlignmentFlag.AlignVCenter), words)

    def _paint_axis(self, painter: QPainter, whole: QRectF) -> None:
        painter.setPen(QColor(theme.current().quiet))
        painter.setFont(theme.time_font(theme.TIME_PX))
        top = whole.bottom() + 2
        for back in range(0, SPAN_S + 1, STEP_S):
            x = whole.right() - whole.width() * back / SPAN_S
            words = "now" if back == 0 else f"{back} s"
            wide = painter.fontMetrics().horizontalAdvance(words)
            left = min(max(x - wide / 2, whole.left()), whole.right() - wide)
            painter.drawText(QPointF(left, top + AXIS_PX - 4), words)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        at = event.position()
        for one, area in self.places():
            if area.contains(at):
                lasted = (one.end_ns - one.start_ns) / SECOND_NS
                name = one.name if one.label >= 0 else NOTHING
                sure = f", {one.confidence:.0%}" if one.label >= 0 else ""
                words = f"{name}{sure}, {lasted:.1f} s"
                QToolTip.showText(event.globalPosition().toPoint(), words, self)
                return
        QToolTip.hideText()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        QToolTip.hideText()
