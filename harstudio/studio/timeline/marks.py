"""How a clip and a point event look."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPolygonF

from harstudio.labels.label_sets.label_set import text_on
from harstudio.studio import theme
from harstudio.studio.timeline.rows import NAMES_PX, POINT_PX

CORNER_PX = 5
PAD_PX = 8
TEXT_ROOM_PX = 24
ENDING_ROOM_PX = 84
POINT_TEXT_PX = 44  # beside a point: a name cut shorter says nothing
SIGN_PX = 13
SIGN_ROOM_PX = 26  # a bar at least so wide shows its sign in full
LOW_CONFIDENCE = 0.7  # below it a clip fades, the more the lower
FADED_SHARE = 0.65  # of the canvas in the colour of a clip without any confidence


@dataclass(frozen=True, slots=True)
class Look:
    """What is to be seen of a clip. sign: "?" where the annotator asks, "…" where an answer
    that the label set requires is missing, "" for neither."""

    text: str
    color: str
    modelled: bool = False
    sign: str = ""
    ending: str = ""  # stays in sight where the text is cut: a confidence


def confidence_text(confidence: float | None) -> str:
    """``.93``, "1.0" for certainty, "" for none."""
    if confidence is None:
        return ""
    text = f"{confidence:.2f}"
    return text.lstrip("0") if confidence < 0.995 else "1.0"


def faded(color: str, confidence: float | None, canvas: str) -> str:
    """The colour of a clip: paler where confidence is low."""
    if confidence is None or confidence >= LOW_CONFIDENCE:
        return color
    share = round((LOW_CONFIDENCE - confidence) / LOW_CONFIDENCE * FADED_SHARE, 2)
    return _mixed(color, canvas, share)


@cache
def rgb(color: str) -> int:
    """0xffRRGGBB of "#RRGGBB"."""
    return QColor(color).rgba()


_mixed = cache(theme.mixed)
_text_on = cache(text_on)


@dataclass(slots=True)
class Kit:
    """Fonts and colours of one drawing; making them for every clip would take longest."""

    tokens: theme.Tokens = field(default_factory=theme.current)
    font: QFont = field(default_factory=lambda: theme.ui_font(theme.QUIET_PX))
    _metrics: QFontMetrics = field(init=False)
    _colors: dict[str, QColor] = field(default_factory=dict)
    _fitting: dict[tuple[str, int], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._metrics = QFontMetrics(self.font)

    def color(self, name: str) -> QColor:
        """The colour, made once."""
        found = self._colors.get(name)
        if found is None:
            found = self._colors[name] = QColor(name)
        return found

    def fitted(self, text: str, room: int) -> str:
        """As much of a text as fits."""
        found = self._fitting.get((text, room))
        if found is None:
            found = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
            self._fitting[text, room] = found
        return found

    def width(self, text: str) -> int:
        return self._metrics.horizontalAdvance(text)


def draw_bar(painter: QPainter, kit: Kit, rect: QRectF, look: Look) -> None:
    """A clip: filled for what a person says, a dashed outline for what a network says."""
    color = kit.color(look.color)
    if rect.width() < 3:
        painter.fillRect(rect, color)
        _draw_sign(painter, kit, rect, look)
        return
    body = rect.adjusted(0.5, 0.5, -0.5, -0.5) if look.modelled else rect.adjusted(0, 0, -1, 0)
    corner = min(CORNER_PX, body.width() / 3)
    if look.modelled:
        pen = QPen(color, 1.0, Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([3, 2])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
    painter.drawRoundedRect(body, corner, corner)
    signed = look.sign and rect.width() >= SIGN_ROOM_PX
    ink = kit.tokens.text if look.modelled else _text_on(look.color)
    taken = SIGN_PX if signed else 0
    if look.ending and rect.width() >= ENDING_ROOM_PX and _cut(kit, rect, look.text, taken):
        wide = kit.width(look.ending)
        right = min(rect.right(), painter.viewport().width()) - PAD_PX - taken
        side = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.setFont(kit.font)
        painter.setPen(kit.color(ink))
        where = QRectF(right - wide - 2, rect.top(), wide + 2, rect.height())
        painter.drawText(where, side, look.ending)
        taken += wide + 4
    draw_clip_text(painter, kit, rect, look.text, ink, taken)
    _draw_sign(painter, kit, rect, look)


def _cut(kit: Kit, rect: QRectF, text: str, taken: int) -> bool:
    """Whether less than the whole text fits."""
    room = int(rect.right() - max(rect.left(), NAMES_PX)) - 2 * PAD_PX - taken
    return kit.width(text) > room


def draw_clip_text(
    painter: QPainter, kit: Kit, rect: QRectF, text: str, ink: str, taken: int = 0
) -> None:
    """The label, as much as fits, kept in sight where the clip begins further left.

    taken: pixels at the right that something else takes.
    """
    left = max(rect.left(), NAMES_PX)
    room = int(rect.right() - left) - 2 * PAD_PX - taken
    if room < TEXT_ROOM_PX - PAD_PX:
        return
    painter.setFont(kit.font)
    painter.setPen(kit.color(ink))
    where = QRectF(left + PAD_PX, rect.top(), room + 2, rect.height())
    side = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
    painter.drawText(where, side, kit.fitted(text, room))


def _draw_sign(painter: QPainter, kit: Kit, rect: QRectF, look: Look) -> None:
    if not look.sign:
        return
    warn = kit.color(kit.tokens.warn)
    if rect.width() < SIGN_ROOM_PX:  # only that there is one: a stroke above the bar
        painter.fillRect(QRectF(rect.left(), rect.top() - 3, max(rect.width(), 2.0), 2), warn)
        return
    left = min(rect.right(), painter.viewport().width()) - SIGN_PX - 5
    draw_sign(painter, kit, QPointF(left, rect.center().y() - SIGN_PX / 2), look.sign)


def draw_sign(painter: QPainter, kit: Kit, at: QPointF, sign: str) -> None:
    """A small round badge."""
    badge = QRectF(at.x(), at.y(), SIGN_PX, SIGN_PX)
    painter.setPen(QPen(kit.color(kit.tokens.warn), 1.0))
    painter.setBrush(kit.color(kit.tokens.canvas))
    painter.drawEllipse(badge)
    small = QFont(kit.font)
    small.setPixelSize(10)
    small.setBold(True)
    painter.setFont(small)
    painter.drawText(badge.adjusted(0, -1, 0, -1), Qt.AlignmentFlag.AlignCenter, sign)
    painter.setFont(kit.font)


def diamond(x: float, y: float, reach: float) -> QPolygonF:
    """The outline of a point's mark around a place."""
    corners = ((x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y))
    return QPolygonF([QPointF(*corner) for corner in corners])


def draw_point(painter: QPainter, kit: Kit, rect: QRectF, look: Look, room_px: float = 0.0) -> None:
    """A point event in the middle of a bar's height; ``room_px`` up to the next one."""
    color, y = kit.color(look.color), rect.center().y()
    if look.modelled:
        painter.setPen(QPen(color, 1.5))
        painter.setBrush(kit.color(kit.tokens.canvas))
    else:
        painter.setPen(QPen(kit.color(kit.tokens.canvas), 1.0))
        painter.setBrush(color)
    painter.drawPolygon(diamond(rect.left(), y, POINT_PX))
    left = rect.left() + POINT_PX + 3
    if look.sign and room_px > SIGN_ROOM_PX:
        draw_sign(painter, kit, QPointF(left, y - SIGN_PX / 2), look.sign)
        left += SIGN_PX + 3
    room = int(rect.left() + room_px - POINT_PX - left)
    if room >= min(kit.width(look.text), POINT_TEXT_PX):
        painter.setFont(kit.font)
        painter.setPen(kit.color(kit.tokens.text))
        side = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        where = QRectF(left, rect.top(), room, rect.height())
        painter.drawText(where, side, kit.fitted(look.text, room))


def draw_outline(painter: QPainter, kit: Kit, rect: QRectF, point: bool) -> None:
    """The frame around a selected clip or point."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    body = rect.adjusted(0, 0, -1, 0)
    for grown, color, wide in ((2.5, kit.tokens.canvas, 3.0), (1.5, kit.tokens.text, 2.0)):
        painter.setPen(QPen(kit.color(color), wide))
        if point:
            painter.drawPolygon(diamond(rect.left(), rect.center().y(), POINT_PX + grown))
            continue
        outer = body.adjusted(-grown, -grown, grown, grown)
        painter.drawRoundedRect(outer, CORNER_PX + 1, CORNER_PX + 1)
