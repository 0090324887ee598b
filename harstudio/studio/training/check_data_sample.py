"""One sample exactly as the network gets it, and how it is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from harstudio.skeletons.topology import Topology
from harstudio.studio import theme
from harstudio.studio.panes.overlays import side_colors

SIDES = ("left", "right", "trunk")
GHOSTS = 7  # moments that are drawn over each other
MARGIN = 0.06  # of the square around the movement


@dataclass(eq=False)
class Seen:
    """What the network gets of one clip.

    skeleton: (3, T, V, M) as fed. picture: (3, H, W) as fed. focus: left, top, right, bottom as
    shares of the picture, NaN for none. name: of the class.
    """

    path: Path
    recording: str
    start_ns: int
    end_ns: int
    name: str
    subject: int | None
    skeleton: NDArray[np.float32] | None = None
    picture: NDArray[np.float32] | None = None
    focus: NDArray[np.float32] | None = None

    @cached_property
    def image(self) -> QImage | None:
        """The picture for the eye: all three channels scaled together from least to most."""
        if self.picture is None:
            return None
        low, high = float(self.picture.min()), float(self.picture.max())
        scaled = (self.picture - low) * (255.0 / max(high - low, 1e-6))
        pixels = np.ascontiguousarray(scaled.transpose(1, 2, 0).astype(np.uint8))
        height, width, _ = pixels.shape
        made = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
        return made.copy()

    @cached_property
    def points(self) -> NDArray[np.float32]:
        """(T, M, V, 2) in the unit square, y down, NaN where there is nobody."""
        if self.skeleton is None:
            return np.empty((0, 0, 0, 2), dtype=np.float32)
        points = self.skeleton[:2].transpose(1, 3, 2, 0).astype(np.float32)
        nobody = ~self.skeleton.any(axis=0).any(axis=1)  # (T, M)
        points[nobody] = np.nan
        if not np.isfinite(points).any():
            return points
        flat = points.reshape(-1, 2)
        low, high = np.nanmin(flat, axis=0), np.nanmax(flat, axis=0)
        side = max(float((high - low).max()), 1e-6) * (1 + 2 * MARGIN)
        points = (points - (low + high) / 2) / side
        points[..., 1] *= -1
        return points + np.float32(0.5)

    @property
    def frames(self) -> int:
        return len(self.points)


def draw_picture(painter: QPainter, box: QRectF, seen: Seen) -> None:
    """The picture with the square that the network is pointed to."""
    image = seen.image
    if image is None:
        return
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(box, image)
    focus = seen.focus
    if focus is None or not np.isfinite(focus).all():
        return
    left, top, right, bottom = (float(edge) for edge in focus)
    square = QRectF(
        QPointF(box.left() + left * box.width(), box.top() + top * box.height()),
        QPointF(box.left() + right * box.width(), box.top() + bottom * box.height()),
    )
    painter.save()
    painter.setClipRect(box)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for color, width in (("#0E1116", 3.5), ("#FFFFFF", 1.5)):
        painter.setPen(QPen(QColor(color), width))
        painter.drawRect(square)
    painter.restore()


def draw_motion(
    painter: QPainter, box: QRectF, seen: Seen, topology: Topology, frame: int | None
) -> None:
    """The skeleton from the front: several moments over each other, one of them in full.

    frame: which one; None is the middle.
    """
    if not seen.frames:
        return
    frame = seen.frames // 2 if frame is None else frame % seen.frames
    quiet = QColor(theme.current().quiet)
    quiet.setAlphaF(0.5)
    for moment in np.linspace(0, seen.frames - 1, GHOSTS).astype(int):
        for joints in seen.points[moment]:
            _draw_body(painter, box, joints, topology, dict.fromkeys(SIDES, quiet), 1.0)
    for person, joints in enumerate(seen.points[frame]):
        colors = side_colors(person, on_picture=False)
        _draw_body(painter, box, joints, topology, colors, 2.0)


def _draw_body(
    painter: QPainter,
    box: QRectF,
    joints: NDArray[np.float32],
    topology: Topology,
    colors: Mapping[str, QColor],
    width: float,
) -> None:
    """joints: (V, 2) in the unit square; bones take the colour of their outer joint's side."""
    seen: NDArray[np.bool_] = np.isfinite(joints[:, 0]) & np.isfinite(joints[:, 1])
    if not seen.any() or len(joints) != len(topology.joints):
        return
    for child, parent in topology.bones:
        if seen[child] and seen[parent]:
            pen = QPen(colors[topology.sides[child]], width)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawLine(_place(box, joints[child]), _place(box, joints[parent]))


def _place(box: QRectF, point: NDArray[np.float32]) -> QPointF:
    return QPointF(
        box.left() + float(point[0]) * box.width(), box.top() + float(point[1]) * box.height()
    )
