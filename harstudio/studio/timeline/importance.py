"""How much each moment counted, as a strip of colours below the scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from harstudio.recordings.overlay.heat_colors import joint_table
from harstudio.runs.recognised.opinion import Opinion
from harstudio.runs.recognised.words import figure, spoken
from harstudio.studio.timeline.scale import TimeScale


def columns(opinion: Opinion, scale: TimeScale) -> NDArray[np.float32]:
    """(width,) importance in [0, 1] of each pixel column; NaN where no window is, or none
    that is explained."""
    _, times, values = opinion.importance
    at_ns = scale.origin_ns + (np.arange(scale.width) + 0.5) * scale.ns_per_px
    if not len(times):
        return np.full(len(at_ns), np.nan, dtype=np.float32)
    found = np.interp(at_ns, times, values).astype(np.float32)
    begun = np.searchsorted(np.sort(opinion.starts[opinion.told]), at_ns, side="right")
    over = np.searchsorted(np.sort(opinion.ends[opinion.told]), at_ns, side="right")
    found[begun == over] = np.nan
    return found


def draw_importance(painter: QPainter, opinion: Opinion, scale: TimeScale, area: QRectF) -> None:
    """The strip over ``area``, in the colours of joints; nothing where the run tells none."""
    if not opinion.importance[0]:
        return
    shares = columns(opinion, scale)
    pixels = joint_table()[np.rint(np.nan_to_num(shares) * 255).astype(np.intp)]
    pixels = np.ascontiguousarray(pixels * np.isfinite(shares)[:, None].astype(np.uint8))
    form = QImage.Format.Format_ARGB32_Premultiplied
    painter.drawImage(area, QImage(pixels.data, len(pixels), 1, 4 * len(pixels), form))


def importance_text(opinion: Opinion, time_ns: int) -> str:
    """What the strip says at a time, "" where nothing."""
    name, times, values = opinion.importance
    if not name or not opinion.explanations_at(opinion.window_at(time_ns)) or not len(times):
        return ""
    return f"{spoken(name)} {figure(float(np.interp(time_ns, times, values)))}"
