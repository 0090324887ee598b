"""Draws what stays while it plays: ruler, names, clips and tracks. It is kept as a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter

from harstudio.labels.model import Clip, Origin, Tier
from harstudio.studio import theme
from harstudio.studio.timeline.marks import (
    PAD_PX,
    Kit,
    Look,
    confidence_text,
    draw_bar,
    draw_point,
    faded,
)
from harstudio.studio.timeline.rows import NAMES_PX, POINT_PX, ROW_PX, RULER_PX, Kind, Row
from harstudio.studio.timeline.scale import TimeScale, ticks
from harstudio.studio.timeline.scores import Scores
from harstudio.studio.timeline.strips import Columns, Strip
from harstudio.studio.timeline.track_painting import (
    draw_motion,
    draw_pictures,
    draw_scores,
    draw_segments,
    draw_sound,
)
from harstudio.studio.timeline.tracks import Tracks

DENSE_INSET_PX = 4  # by which crowded points are lower than clips


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to draw. scrolled: pixels by which rows are scrolled up. incomplete: whether
    a clip lacks an answer that the label set requires."""

    rows: Sequence[Row]
    scale: TimeScale
    scrolled: int
    size: tuple[int, int]
    tier_name: str
    tracks: Tracks
    strips: Callable[[Tier], tuple[Strip, ...]]
    color_of: Callable[[str], str]
    incomplete: Callable[[Clip], bool]
    hint: str = ""
    scores: Scores | None = None
    dense: float = 1.0  # pixels of the screen a unit of the window

    def row_top(self, row: Row) -> int:
        return RULER_PX + row.top - self.scrolled

    def clip_rect(self, row: Row, start_ns: int, end_ns: int, lane: int = 0) -> QRectF:
        """Where a clip stands, at least a pixel wide."""
        left = NAMES_PX + self.scale.x(start_ns)
        right = NAMES_PX + self.scale.x(end_ns)
        top = RULER_PX + row.clip_top(lane) - self.scrolled
        left, right = max(left, NAMES_PX - 20.0), min(right, self.size[0] + 20.0)
        return QRectF(left, top, max(right - left, 1.0), row.clip_px)

    def rect_of(self, row: Row, clip: Clip) -> QRectF:
        """Where a clip of a row stands."""
        return self.clip_rect(row, clip.start_ns, clip.end_ns, row.lane_of(clip))

    def look_of(self, clip: Clip, canvas: str) -> Look:
        """What is to be seen of a clip."""
        sure = confidence_text(clip.confidence)
        text = " ".join(t for t in (clip.label, sure) if t)
        color = faded(self.color_of(clip.label), clip.confidence, canvas)
        sign = "?" if clip.unsure else "…" if self.incomplete(clip) else ""
        modelled = clip.origin == Origin.MODEL
        return Look(text, color, modelled, sign, sure if modelled else "")


def draw_still(painter: QPainter, scene: Scene) -> None:
    """Everything that stays while it plays."""
    kit = Kit()
    width, height = scene.size
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillRect(0, 0, width, height, kit.color(kit.tokens.canvas))
    painter.setFont(kit.font)
    for row in scene.rows:
        _draw_whole_row(painter, kit, scene, row)
    _draw_names(painter, kit, scene)
    if scene.hint:
        _draw_hint(painter, scene)
    _draw_ruler(painter, scene)  # over what was scrolled away


def draw_row(painter: QPainter, scene: Scene, row: Row) -> None:
    """One row again, over what stood there; its name stays."""
    kit, (width, height), top = Kit(), scene.size, scene.row_top(row)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setClipRect(NAMES_PX, RULER_PX, width - NAMES_PX, height - RULER_PX)
    painter.fillRect(NAMES_PX, top, width - NAMES_PX, row.height, kit.color(kit.tokens.canvas))
    painter.setFont(kit.font)
    _draw_whole_row(painter, kit, scene, row)


def _draw_whole_row(painter: QPainter, kit: Kit, scene: Scene, row: Row) -> None:
    (width, height), top = scene.size, scene.row_top(row)
    if top > height or top + row.height < RULER_PX:
        return
    painter.save()
    painter.setClipRect(NAMES_PX, RULER_PX, width - NAMES_PX, height - RULER_PX)
    _draw_row(painter, kit, scene, row, top)
    painter.restore()
    painter.fillRect(0, top + row.height - 1, width, 1, _faint(kit.tokens))


def _draw_row(painter: QPainter, kit: Kit, scene: Scene, row: Row, top: int) -> None:
    tracks, scale = scene.tracks, scene.scale
    if row.kind is Kind.MOTION and tracks.motion is not None:
        draw_motion(painter, tracks.motion, scale, top)
    elif row.kind is Kind.SOUND and tracks.waveform is not None:
        draw_sound(painter, tracks.waveform, scale, top)
    elif row.kind is Kind.PICTURES:
        draw_pictures(painter, tracks.film, scale, top, scene.dense)
    elif row.kind is Kind.SCORES and scene.scores is not None:
        draw_scores(painter, kit, scene.scores, scale, top)
    elif row.kind is Kind.SEGMENTS and scene.scores is not None:
        draw_segments(painter, kit, scene.scores, scale, top, row.person)
    elif row.points:
        _draw_points(painter, kit, scene, row)
    else:
        _draw_clips(painter, kit, scene, row)


def _draw_clips(painter: QPainter, kit: Kit, scene: Scene, row: Row) -> None:
    canvas, strips = kit.tokens.canvas, () if row.tier is None else scene.strips(row.tier)
    for number, (lane, strip) in enumerate(zip(row.lanes, strips, strict=True)):
        columns = strip.clips(scene.scale)
        top = RULER_PX + row.clip_top(number) - scene.scrolled
        _draw_columns(painter, kit, columns, QRectF(NAMES_PX, top, scene.scale.width, row.clip_px))
        for at in columns.wide:
            clip = lane[at]
            rect = scene.clip_rect(row, clip.start_ns, clip.end_ns, number)
            draw_bar(painter, kit, rect, scene.look_of(clip, canvas))


def _draw_points(painter: QPainter, kit: Kit, scene: Scene, row: Row) -> None:
    assert row.tier is not None  # noqa: S101 - points lie in tiers
    canvas, lane = kit.tokens.canvas, row.lanes[0]
    columns, rooms = scene.strips(row.tier)[0].points(scene.scale, POINT_PX)
    top = RULER_PX + row.clip_top() - scene.scrolled + DENSE_INSET_PX
    tall = row.clip_px - 2 * DENSE_INSET_PX
    _draw_columns(painter, kit, columns, QRectF(NAMES_PX, top, scene.scale.width, tall))
    for at, room in zip(columns.wide, rooms.tolist(), strict=True):
        clip = lane[at]
        rect = scene.clip_rect(row, clip.start_ns, clip.end_ns)
        draw_point(painter, kit, rect, scene.look_of(clip, canvas), room)


def _draw_columns(painter: QPainter, kit: Kit, columns: Columns, where: QRectF) -> None:
    """Columns of one colour from top to bottom; where there is a sign, a stroke above them."""
    if columns.colors.any():
        wide = len(columns.colors)
        image = QImage(columns.colors.data, wide, 1, 4 * wide, QImage.Format.Format_ARGB32)
        painter.drawImage(where, image)
    for column in np.flatnonzero(columns.signs).tolist():
        stroke = QRectF(where.left() + column, where.top() - 3, 2, 2)
        painter.fillRect(stroke, kit.color(kit.tokens.warn))


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


def _draw_names(painter: QPainter, kit: Kit, scene: Scene) -> None:
    tokens = kit.tokens
    painter.save()
    painter.setClipRect(0, RULER_PX, NAMES_PX, scene.size[1] - RULER_PX)
    side = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
    for row in scene.rows:
        top = scene.row_top(row)
        chosen = row.kind is Kind.OWN and row.title == scene.tier_name
        if chosen:
            painter.fillRect(0, top + 8, 3, row.height - 17, kit.color(tokens.accent))
        where = QRect(12, top, NAMES_PX - 20, row.height)
        if row.note:
            middle = where.center().y()
            note = QRect(where.left(), middle, where.width(), 15)
            where = QRect(where.left(), middle - 15, where.width(), 16)
            painter.setFont(theme.ui_font(theme.TIME_PX))
            painter.setPen(kit.color(tokens.quiet))
            painter.drawText(note, side, kit.fitted(row.note, note.width()))
        painter.setFont(kit.font)
        painter.setPen(kit.color(tokens.text if chosen else tokens.quiet))
        painter.drawText(where, side, kit.fitted(row.title, where.width()))
    painter.restore()


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
