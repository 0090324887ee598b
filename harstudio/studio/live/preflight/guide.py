"""The positioning guide over the picture: a calm frame to stand in, and one sentence."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from harstudio.studio import theme
from harstudio.studio.live.preflight.positioning import FRAME, Place
from harstudio.studio.panes.canvas import View

CORNER_SHARE, PAD_X, PAD_Y = 0.18, 14, 7
LINE = "#F2F4F8"  # on pictures, in both themes
BIG = 3.0  # times: to be read from where one stands
NOBODY = "Stand here, so that all of you is in the picture."


class Guide:
    """A layer of a picture's canvas. place: of the main person, None for nobody. size: of the
    picture in pixels. Says nothing once somebody stands well."""

    def __init__(
        self,
        place: Callable[[], Place | None],
        size: Callable[[], tuple[int, int]],
        instead: Callable[[], tuple[str, bool]],
    ) -> None:
        """instead: words that go first, and whether where to stand is not to be said now."""
        self._place, self._size, self._instead = place, size, instead
        self.shown = True

    def words(self) -> str:
        """What to do, "" where nothing is to be done."""
        place = self._place()
        return NOBODY if place is None else place.advice

    def paint(self, painter: QPainter, view: View) -> None:
        """Called by the canvas."""
        width, height = self._size()
        big, alone = self._instead()
        if big and width:
            picture = QRectF(view.x, view.y, width * view.scale, height * view.scale)
            self._paint_words(painter, big, picture, BIG)
        words = self.words() if self.shown and not alone else ""
        if not words or not width:
            return
        picture = QRectF(view.x, view.y, width * view.scale, height * view.scale)
        self._paint_corners(painter, _part(picture, FRAME))
        place = self._place()
        if place is not None:
            self._paint_person(painter, _part(picture, place.box).intersected(picture))
        self._paint_words(painter, words, picture)

    def _paint_corners(self, painter: QPainter, area: QRectF) -> None:
        """Only the corners: the person in the middle stays free."""
        arm = CORNER_SHARE * area.width()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, wide in ((_tone("#0C0E12", 120), 4.0), (_tone(LINE, 200), 2.0)):
            painter.setPen(QPen(color, wide, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            for x, way in ((area.left(), 1), (area.right(), -1)):
                for y, down in ((area.top(), 1), (area.bottom(), -1)):
                    painter.drawLine(QPointF(x, y), QPointF(x + way * arm, y))
                    painter.drawLine(QPointF(x, y), QPointF(x, y + down * arm))

    def _paint_person(self, painter: QPainter, area: QRectF) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(_tone(theme.DARK.warn, 190), 2.0, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(area, 10, 10)

    def _paint_words(
        self, painter: QPainter, words: str, picture: QRectF, large: float = 1
    ) -> None:
        px = int(large * min(max(picture.height() / 24, theme.TEXT_PX), 40))
        painter.setFont(theme.ui_font(px, bold=True))
        metrics = painter.fontMetrics()
        wide = metrics.horizontalAdvance(words) + 2 * PAD_X
        box = QRectF(0, 0, wide, metrics.height() + 2 * PAD_Y)
        box.moveCenter(QPointF(picture.center().x(), picture.top() + 0.11 * picture.height()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_tone(theme.DARK.canvas, 215))
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        painter.setPen(QColor(theme.DARK.text))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), words)


def _part(picture: QRectF, shares: tuple[float, float, float, float]) -> QRectF:
    left, top, right, bottom = shares
    return QRectF(
        picture.left() + left * picture.width(),
        picture.top() + top * picture.height(),
        (right - left) * picture.width(),
        (bottom - top) * picture.height(),
    )


def _tone(color: str, alpha: int) -> QColor:
    made = QColor(color)
    made.setAlpha(alpha)
    return made
