"""Draws the timeline: a still layer that is kept as a picture, and a live one on top of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPen, QPolygonF

from harstudio.labels.label_set import text_on
from harstudio.labels.model import Clip, Origin
from harstudio.studio import theme
from harstudio.studio.timeline.motion import Motion
from harstudio.studio.timeline.rows import (
    CLIP_PX,
    NAMES_PX,
    ROW_PX,
    RULER_PX,
    Kind,
    Row,
    clips_to_draw,
)
from harstudio.studio.timeline.scale import TimeScale, ticks
from harstudio.studio.timeline.scores import Scores, draw_curves, segments_to_draw

BAR_PITCH_PX, BAR_PX = 4, 3
CLIP_CORNER = 5
TEXT_ROOM_PX = 24
SEGMENT_TOP_PX, SEGMENT_PX = 4, 20
CURVES_TOP_PX, CURVES_PX = 28, 30
PAD_PX = 8


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to draw. scrolled: pixels by which rows are scrolled up."""

    rows: Sequence[Row]
    scale: TimeScale
    scrolled: int
    size: tuple[int, int]
    tier_name: str
    motion: Motion | None
    color_of: Callable[[str], str]
    hint: str = ""
    scores: Scores | None = None

    def row_top(self, row: Row) -> int:
        return RULER_PX + row.top - self.scrolled

    def clip_rect(self, row: Row, start_ns: int, end_ns: int) -> QRectF:
        """Where a clip stands, at least a pixel wide."""
        left = NAMES_PX + self.scale.x(start_ns)
        right = NAMES_PX + self.scale.x(end_ns)
        top = RULER_PX + row.clip_top() - self.scrolled
        left, right = max(left, NAMES_PX - 20.0), min(right, self.size[0] + 20.0)
        return QRectF(left, top, max(right - left, 1.0), CLIP_PX)


def confidence_text(confidence: float | None) -> str:
    """``.93``, "1.0" for certainty, "" for none."""
    if confidence is None:
        return ""
    text = f"{confidence:.2f}"
    return text.lstrip("0") if confidence < 0.995 else "1.0"


def draw_still(painter: QPainter, scene: Scene) -> None:
    """Everything that stays while it plays: ruler, names, clips, motion."""
    tokens = theme.current()
    width, height = scene.size
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillRect(0, 0, width, height, QColor(tokens.canvas))
    painter.setFont(theme.ui_font(theme.QUIET_PX))
    for row in scene.rows:
        top = scene.row_top(row)
        if top > height or top + row.height < RULER_PX:
            continue
        painter.save()
        painter.setClipRect(NAMES_PX, RULER_PX, width - NAMES_PX, height - RULER_PX)
        if row.kind is Kind.MOTION:
            _draw_motion(painter, scene, top)
        elif row.kind is Kind.SCORES:
            _draw_scores(painter, scene, top)
        elif row.tier is not None:
            _draw_clips(painter, scene, row)
        painter.restore()
        painter.fillRect(0, top + row.height - 1, width, 1, _faint(tokens))
    _draw_names(painter, scene)
    if scene.hint:
        _draw_hint(painter, scene)
    _draw_ruler(painter, scene)  # over what was scrolled away


def _faint(tokens: theme.Tokens) -> QColor:
    return QColor(theme.mixed(tokens.line, tokens.canvas, 0.45))


def _draw_ruler(painter: QPainter, scene: Scene) -> None:
    tokens = theme.current()
    width = scene.size[0]
    painter.fillRect(0, 0, width, RULER_PX, QColor(tokens.canvas))
    painter.fillRect(0, RULER_PX - 1, width, 1, QColor(tokens.line))
    painter.setFont(theme.time_font())
    metrics = QFontMetrics(painter.font())
    painter.save()
    painter.setClipRect(NAMES_PX, 0, width - NAMES_PX, RULER_PX)
    for tick in ticks(scene.scale):
        x = NAMES_PX + scene.scale.x(tick.time_ns)
        tall = 6 if tick.text else 3
        painter.fillRect(QRectF(x, RULER_PX - 1 - tall, 1, tall), QColor(tokens.line))
        wide = metrics.horizontalAdvance(tick.text)
        if tick.text and x + wide / 2 < width:
            left = max(x - wide / 2, NAMES_PX + 2)
            painter.setPen(QColor(tokens.quiet))
            painter.drawText(QPointF(left, 15), tick.text)
    painter.restore()


def _draw_names(painter: QPainter, scene: Scene) -> None:
    tokens = theme.current()
    painter.save()
    painter.setClipRect(0, RULER_PX, NAMES_PX, scene.size[1] - RULER_PX)
    metrics = QFontMetrics(painter.font())
    for row in scene.rows:
        top = scene.row_top(row)
        chosen = row.kind is Kind.OWN and row.title == scene.tier_name
        if chosen:
            painter.fillRect(0, top + 8, 3, ROW_PX - 17, QColor(tokens.accent))
        painter.setPen(QColor(tokens.text if chosen else tokens.quiet))
        text = metrics.elidedText(row.title, Qt.TextElideMode.ElideRight, NAMES_PX - 20)
        where = QRect(12, top, NAMES_PX - 20, row.height)
        painter.drawText(where, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
    painter.restore()


def _draw_clips(painter: QPainter, scene: Scene, row: Row) -> None:
    assert row.tier is not None  # noqa: S101 - said by the caller
    for clip in clips_to_draw(row.tier, scene.scale):
        draw_clip(painter, scene, row, clip)


def draw_clip(painter: QPainter, scene: Scene, row: Row, clip: Clip) -> None:
    """A filled bar for what a person says, a dashed outline for what a network says."""
    text = " ".join(t for t in (clip.label, confidence_text(clip.confidence)) if t)
    rect = scene.clip_rect(row, clip.start_ns, clip.end_ns)
    draw_bar(painter, rect, text, scene.color_of(clip.label), clip.origin == Origin.MODEL)


def draw_bar(painter: QPainter, rect: QRectF, text: str, color: str, modelled: bool) -> None:
    """A clip as it looks; modelled: dashed."""
    if rect.width() < 3:
        painter.fillRect(rect, QColor(color))
        return
    body = rect.adjusted(0.5, 0.5, -0.5, -0.5) if modelled else rect.adjusted(0, 0, -1, 0)
    corner = min(CLIP_CORNER, body.width() / 3)
    if modelled:
        pen = QPen(QColor(color), 1.0, Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([3, 2])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(color))
    painter.drawRoundedRect(body, corner, corner)
    ink = theme.current().text if modelled else text_on(color)
    draw_clip_text(painter, rect, text, ink)


def draw_clip_text(painter: QPainter, rect: QRectF, text: str, ink: str) -> None:
    """The label, as much as fits, kept in sight where the clip begins further left."""
    left = max(rect.left(), NAMES_PX)
    room = int(rect.right() - left) - 2 * PAD_PX
    if room < TEXT_ROOM_PX - PAD_PX:
        return
    painter.setFont(theme.ui_font(theme.QUIET_PX))
    fitting = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, room)
    painter.setPen(QColor(ink))
    where = QRectF(left + PAD_PX, rect.top(), room + 2, rect.height())
    painter.drawText(where, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, fitting)


def _draw_scores(painter: QPainter, scene: Scene, top: int) -> None:
    """Segments as thin clips, below them the probabilities of the leading classes."""
    if scene.scores is None:
        return
    for place in segments_to_draw(scene.scores, scene.scale):
        left = max(NAMES_PX + place.left, NAMES_PX - 20.0)
        right = min(NAMES_PX + place.right, scene.size[0] + 20.0)
        rect = QRectF(left, top + SEGMENT_TOP_PX, max(right - left, 1.0), SEGMENT_PX)
        text = f"{place.label} {confidence_text(place.confidence)}"
        draw_bar(painter, rect, text, scene.scores.colors[place.label], modelled=True)
    wide = scene.size[0] - NAMES_PX
    area = QRectF(NAMES_PX, top + CURVES_TOP_PX, wide, CURVES_PX)
    draw_curves(painter, scene.scores, scene.scale, area)


def _draw_motion(painter: QPainter, scene: Scene, top: int) -> None:
    if scene.motion is None:
        return
    tokens = theme.current()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    color = QColor(theme.mixed(tokens.quiet, tokens.canvas, 0.5))
    room = ROW_PX - 10
    for k, level in enumerate(scene.motion.bars(scene.scale, BAR_PITCH_PX)):
        tall = max(1, round(float(level) * room))
        left = NAMES_PX + k * BAR_PITCH_PX
        painter.fillRect(left, top + ROW_PX - 5 - tall, BAR_PX, tall, color)


def _draw_hint(painter: QPainter, scene: Scene) -> None:
    tokens = theme.current()
    width, height = scene.size
    rows = [row for row in scene.rows if row.kind is Kind.OWN]
    top = scene.row_top(rows[0]) if rows else RULER_PX
    tall = ROW_PX if rows else max(height - RULER_PX, ROW_PX)
    painter.setPen(QColor(tokens.quiet))
    painter.setFont(theme.ui_font(theme.QUIET_PX if rows else theme.TEXT_PX))
    where = QRect(NAMES_PX + PAD_PX, top, width - NAMES_PX - 2 * PAD_PX, tall)
    side = Qt.AlignmentFlag.AlignLeft if rows else Qt.AlignmentFlag.AlignHCenter
    painter.drawText(where, Qt.AlignmentFlag.AlignVCenter | side, scene.hint)


@dataclass(frozen=True, slots=True)
class Live:
    """What moves: all times in ns. open_clip and ghost are (row, label, start, end)."""

    position_ns: int
    mark_in_ns: int | None = None
    mark_out_ns: int | None = None
    loop: tuple[int, int] | None = None
    selected: tuple[Row, Clip] | None = None
    open_clip: tuple[Row, str, int, int] | None = None
    ghosts: Sequence[tuple[Row, str, int, int]] = ()


def draw_live(painter: QPainter, scene: Scene, live: Live) -> None:
    """Marks, loop, selection, the clip being made or dragged, and the playhead."""
    width, height = scene.size
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.save()
    painter.setClipRect(NAMES_PX, 0, width - NAMES_PX, height)
    _draw_loop(painter, scene, live.loop)
    _draw_marks(painter, scene, live)
    painter.setClipRect(NAMES_PX, RULER_PX, width - NAMES_PX, height - RULER_PX)
    if live.selected is not None and not live.ghosts:
        row, clip = live.selected
        _draw_outline(painter, scene.clip_rect(row, clip.start_ns, clip.end_ns))
    if live.open_clip is not None:
        _draw_open(painter, scene, *live.open_clip)
    for ghost in live.ghosts:
        _draw_ghost(painter, scene, *ghost)
    painter.restore()
    _draw_playhead(painter, scene, live.position_ns)


def _draw_loop(painter: QPainter, scene: Scene, loop: tuple[int, int] | None) -> None:
    if loop is None:
        return
    left, right = (NAMES_PX + scene.scale.x(t) for t in loop)
    painter.fillRect(QRectF(left, RULER_PX - 3, right - left, 3), _accent(255))


def _draw_marks(painter: QPainter, scene: Scene, live: Live) -> None:
    height = scene.size[1]
    marks = (live.mark_in_ns, live.mark_out_ns)
    x_in, x_out = (None if m is None else NAMES_PX + scene.scale.x(m) for m in marks)
    if x_in is not None and x_out is not None:
        painter.fillRect(QRectF(x_in, 0, x_out - x_in, height), _accent(36))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_accent(255))
    for x, side in ((x_in, 1), (x_out, -1)):
        if x is None:
            continue
        painter.fillRect(QRectF(x - (side < 0), 0, 1, height), _accent(200))
        corner = QPolygonF([QPointF(x, 0), QPointF(x + 7 * side, 0), QPointF(x, 9)])
        painter.drawPolygon(corner)


def _accent(alpha: int) -> QColor:
    color = QColor(theme.current().accent)
    color.setAlpha(alpha)
    return color


def _draw_outline(painter: QPainter, rect: QRectF) -> None:
    tokens = theme.current()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    rect = rect.adjusted(0, 0, -1, 0)
    for grown, color, wide in ((2.5, tokens.canvas, 3.0), (1.5, tokens.text, 2.0)):
        painter.setPen(QPen(QColor(color), wide))
        outer = rect.adjusted(-grown, -grown, grown, grown)
        painter.drawRoundedRect(outer, CLIP_CORNER + 1, CLIP_CORNER + 1)


def _draw_open(painter: QPainter, scene: Scene, row: Row, label: str, start: int, end: int) -> None:
    """The clip that grows with the playhead: full colour, open at its right side."""
    rect = scene.clip_rect(row, start, max(end, start + 1))
    color = scene.color_of(label)
    path = QPainterPath()
    path.addRoundedRect(rect.adjusted(0, 0, CLIP_CORNER, 0), CLIP_CORNER, CLIP_CORNER)
    painter.save()
    painter.setClipRect(rect, Qt.ClipOperation.IntersectClip)
    painter.fillPath(path, QColor(color))
    painter.restore()
    bad = QColor(theme.current().bad)
    painter.fillRect(QRectF(rect.left(), rect.bottom() + 1, rect.width(), 2), bad)
    draw_clip_text(painter, rect, label, text_on(color))


def _draw_ghost(
    painter: QPainter, scene: Scene, row: Row, label: str, start: int, end: int
) -> None:
    rect = scene.clip_rect(row, start, end)
    color = QColor(scene.color_of(label))
    color.setAlpha(215)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(rect, CLIP_CORNER, CLIP_CORNER)
    draw_clip_text(painter, rect, label, text_on(scene.color_of(label)))
    _draw_outline(painter, rect)


def playhead_strip(scene: Scene, position_ns: int) -> QRect:
    """The pixels that the playhead covers."""
    x = round(NAMES_PX + scene.scale.x(position_ns))
    return QRect(x - 8, 0, 17, scene.size[1])


def _draw_playhead(painter: QPainter, scene: Scene, position_ns: int) -> None:
    x = NAMES_PX + scene.scale.x(position_ns)
    if x < NAMES_PX - 1 or x > scene.size[0] + 1:
        return
    tokens = theme.current()
    ink = QColor("#FFFFFF" if tokens.name == "dark" else tokens.text)
    middle = round(x)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.fillRect(QRectF(middle - 2, 0, 4, scene.size[1]), QColor(0, 0, 0, 60))
    painter.fillRect(QRectF(middle - 1, 0, 2, scene.size[1]), ink)
    painter.setBrush(ink)
    head = [QPointF(middle - 6, 0), QPointF(middle + 6, 0), QPointF(middle, 8)]
    painter.drawPolygon(QPolygonF(head))
