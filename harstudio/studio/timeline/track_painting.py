"""Draws the tracks: pictures, sound, motion, and what a run says."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from harstudio.studio import theme
from harstudio.studio.timeline.film import PICTURE_PX, Cell, Film
from harstudio.studio.timeline.importance import draw_importance
from harstudio.studio.timeline.marks import Kit, Look, confidence_text, draw_bar
from harstudio.studio.timeline.motion import Motion
from harstudio.studio.timeline.rows import MOTION_PX, NAMES_PX, PICTURES_PX, SOUND_PX
from harstudio.studio.timeline.scale import TimeScale
from harstudio.studio.timeline.scores import Scores, draw_curves, segments_to_draw
from harstudio.studio.timeline.waveform import Waveform

BAR_PITCH_PX, BAR_PX = 4, 3
SEGMENT_TOP_PX, SEGMENT_PX = 4, 20
CURVES_TOP_PX, CURVES_PX = 28, 30
IMPORTANCE_PX = 3  # below the curves
GAP_PX = 1  # between pictures


def _quiet() -> QColor:
    tokens = theme.current()
    return QColor(theme.mixed(tokens.quiet, tokens.canvas, 0.5))


def draw_scores(painter: QPainter, kit: Kit, scores: Scores, scale: TimeScale, top: int) -> None:
    """Segments as thin clips, below them the probabilities of the leading classes."""
    draw_segments(painter, kit, scores, scale, top)
    area = QRectF(NAMES_PX, top + CURVES_TOP_PX, scale.width, CURVES_PX)
    draw_curves(painter, scores, scale, area)
    strip = QRectF(area.left(), area.bottom() + 1, scale.width, IMPORTANCE_PX)
    draw_importance(painter, scores.opinion, scale, strip)


def draw_segments(
    painter: QPainter, kit: Kit, scores: Scores, scale: TimeScale, top: int,
    person: str | None = None,
) -> None:  # fmt: skip
    """Segments as thin clips; person: of this one, None = who is looked at."""
    wide = scale.width
    for place in segments_to_draw(scores, scale, person):
        left = max(NAMES_PX + place.left, NAMES_PX - 20.0)
        right = min(NAMES_PX + place.right, NAMES_PX + wide + 20.0)
        rect = QRectF(left, top + SEGMENT_TOP_PX, max(right - left, 1.0), SEGMENT_PX)
        text = f"{place.label} {confidence_text(place.confidence)}"
        draw_bar(painter, kit, rect, Look(text, scores.colors[place.label], modelled=True))


def draw_motion(painter: QPainter, motion: Motion, scale: TimeScale, top: int) -> None:
    """Bars, as tall as the bodies move."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    color, room = _quiet(), MOTION_PX - 8
    for k, level in enumerate(motion.bars(scale, BAR_PITCH_PX).tolist()):
        tall = max(1, round(level * room))
        left = NAMES_PX + k * BAR_PITCH_PX
        painter.fillRect(left, top + MOTION_PX - 4 - tall, BAR_PX, tall, color)


def draw_sound(painter: QPainter, waveform: Waveform, scale: TimeScale, top: int) -> None:
    """The envelope around the middle of the row, as loud as a sample can be up to its edges."""
    middle = SOUND_PX // 2
    levels = np.round(waveform.columns(scale) * (middle - 3))
    rows = middle - np.arange(SOUND_PX)[:, None]  # pixels above the middle
    filled = (rows >= levels[:, 0]) & (rows <= levels[:, 1])  # nowhere, where it is not known
    pixels = np.where(filled, np.uint32(_quiet().rgba()), np.uint32(0))
    image = QImage(pixels.data, scale.width, SOUND_PX, 4 * scale.width, QImage.Format.Format_ARGB32)
    painter.drawImage(NAMES_PX, top, image)


def draw_pictures(painter: QPainter, film: Film, scale: TimeScale, top: int, dense: float) -> None:
    """A strip of pictures, each from where it was filmed on; what is not there yet is empty."""
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    y = top + (PICTURES_PX - PICTURE_PX) / 2 - 0.5
    empty = QColor(theme.current().surface)
    for cell, image in film.look(scale, dense):
        room = _room(cell, film.wide_px(), y)
        if image is None or image.isNull():
            painter.fillRect(room, empty)
            continue
        whole = image.width() * PICTURE_PX / image.height()
        share = min(room.width() / whole, 1.0)
        source = QRectF((1 - share) / 2 * image.width(), 0, share * image.width(), image.height())
        painter.drawImage(QRectF(room.left(), y, share * whole, PICTURE_PX), image, source)


def _room(cell: Cell, wide: float, y: float) -> QRectF:
    left = round(NAMES_PX + cell.left)
    right = round(NAMES_PX + cell.left + min(cell.width, wide))
    return QRectF(left, y, max(right - left - GAP_PX, 1), PICTURE_PX)
