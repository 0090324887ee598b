"""Draws what moves: marks, loop, selection, the clip being made or pulled, the playhead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from harstudio.labels.label_sets.label_set import text_on
from harstudio.labels.model import Clip
from harstudio.studio import theme
from harstudio.studio.timeline.marks import (
    CORNER_PX,
    Kit,
    Look,
    draw_bar,
    draw_clip_text,
    draw_outline,
    draw_point,
)
from harstudio.studio.timeline.painting import Scene
from harstudio.studio.timeline.rows import NAMES_PX, RULER_PX, Row

FAR_PX = 1 << 24  # beyond every window, within Qt's integers


@dataclass(frozen=True, slots=True)
class Live:
    """What moves: all times in ns. open_clip is (row, label, start, end), ghosts are (row, clip),
    decided is the proposal that keys are for now.

    snap_ns: where a pulled edge has snapped to something. band: the rubber band, in pixels.
    """

    position_ns: int
    mark_in_ns: int | None = None
    mark_out_ns: int | None = None
    loop: tuple[int, int] | None = None
    selected: Sequence[tuple[Row, Clip]] = ()
    open_clip: tuple[Row, str, int, int] | None = None
    decided: tuple[Row, Clip] | None = None
    ghosts: Sequence[tuple[Row, Clip]] = ()
    snap_ns: int | None = None
    band: QRect | None = None


def draw_live(painter: QPainter, scene: Scene, live: Live) -> None:
    """Everything that moves, on top of what stays."""
    kit = Kit()
    width, height = scene.size
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.save()
    painter.setClipRect(NAMES_PX, 0, width - NAMES_PX, height)
    _draw_loop(painter, scene, live.loop)
    _draw_marks(painter, scene, live)
    painter.setClipRect(NAMES_PX, RULER_PX, width - NAMES_PX, height - RULER_PX)
    if live.decided is not None and not live.ghosts:
        _draw_decided(painter, kit, scene, *live.decided)
    for row, clip in live.selected if not live.ghosts else ():
        draw_outline(painter, kit, scene.rect_of(row, clip), row.points)
    if live.open_clip is not None:
        _draw_open(painter, kit, scene, *live.open_clip)
    for row, clip in live.ghosts:
        _draw_ghost(painter, kit, scene, row, clip)
    if live.band is not None:
        painter.setPen(QPen(_accent(220), 1.0))
        painter.setBrush(_accent(36))
        painter.drawRect(QRectF(live.band).adjusted(0.5, 0.5, -0.5, -0.5))
    painter.restore()
    _draw_playhead(painter, scene, live.position_ns)
    if live.snap_ns is not None:  # over the playhead, which follows a pulled edge
        x = round(NAMES_PX + scene.scale.x(live.snap_ns))
        painter.fillRect(QRectF(x - 1, RULER_PX, 2, height - RULER_PX), _accent(255))


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


def _draw_open(
    painter: QPainter, kit: Kit, scene: Scene, row: Row, label: str, start: int, end: int
) -> None:
    """The clip that grows with the playhead: full colour, open at its right side."""
    rect = scene.clip_rect(row, start, max(end, start + 1))
    color = scene.color_of(label)
    path = QPainterPath()
    path.addRoundedRect(rect.adjusted(0, 0, CORNER_PX, 0), CORNER_PX, CORNER_PX)
    painter.save()
    painter.setClipRect(rect, Qt.ClipOperation.IntersectClip)
    painter.fillPath(path, QColor(color))
    painter.restore()
    bad = QColor(theme.current().bad)
    painter.fillRect(QRectF(rect.left(), rect.bottom() + 1, rect.width(), 2), bad)
    draw_clip_text(painter, kit, rect, label, text_on(color))


def _draw_decided(painter: QPainter, kit: Kit, scene: Scene, row: Row, clip: Clip) -> None:
    """A proposal in full colour, as it will look when it is accepted."""
    rect, look = scene.rect_of(row, clip), scene.look_of(clip, kit.tokens.canvas)
    draw_bar(painter, kit, rect, replace(look, color=scene.color_of(clip.label), modelled=False))


def _draw_ghost(painter: QPainter, kit: Kit, scene: Scene, row: Row, clip: Clip) -> None:
    lane = row.lane_of(clip) if row.tier is not None and row.tier.find(clip.id) else 0
    rect = scene.clip_rect(row, clip.start_ns, clip.end_ns, lane)
    name = scene.color_of(clip.label)
    if row.points:
        draw_point(painter, kit, rect, Look("", name))
        draw_outline(painter, kit, rect, point=True)
        return
    color = QColor(name)
    color.setAlpha(215)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(rect, CORNER_PX, CORNER_PX)
    draw_clip_text(painter, kit, rect, clip.label, text_on(name))
    draw_outline(painter, kit, rect, point=False)


def playhead_strip(scene: Scene, position_ns: int) -> QRect:
    """The pixels that the playhead covers."""
    x = round(NAMES_PX + scene.scale.x(position_ns))
    x = min(max(x, -FAR_PX), FAR_PX)  # a clock that begins in 1970 is far beyond any pixel
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
