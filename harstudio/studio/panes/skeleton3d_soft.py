"""The 3D view without GL: numpy projection, QPainter lines."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from harstudio.studio import theme
from harstudio.studio.panes.orbit import NEAR_M, Orbit, focal_px
from harstudio.studio.panes.overlays import draw_figure, side_colors
from harstudio.studio.panes.scene import Cloud, Scene, grid_lines

GRID_PIECES = 12
COARSE_FROM_PX = 2.5
MAX_SQUARE_PX = 3


class SoftView(QWidget):
    """Paints a scene as the orbit's eye sees it."""

    kind = "soft"

    def __init__(self, orbit: Orbit, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._orbit = orbit
        self._scene = Scene()

    @property
    def mouse_widget(self) -> QWidget:
        """Where the mouse is felt."""
        return self

    def set_scene(self, scene: Scene) -> None:
        """Show another moment."""
        self._scene = scene
        self.update()

    def orbit_changed(self) -> None:
        """The eye moved."""
        self.update()

    def recolor(self) -> None:
        """The theme changed."""
        self.update()

    def close_view(self) -> None:
        """Nothing is held."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        tokens = theme.current()
        painter.fillRect(self.rect(), QColor(tokens.canvas))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_grid(painter, QColor(tokens.line))
        if self._scene.cloud is not None:
            ratio = self.devicePixelRatioF()
            size = (self.width() * ratio, self.height() * ratio)
            pixels = splat(self._scene.cloud, self._orbit, *size)
            height, width = pixels.shape
            form = QImage.Format.Format_ARGB32_Premultiplied
            painter.drawImage(self.rect(), QImage(pixels.data, width, height, width * 4, form))
        self._paint_people(painter)

    def _paint_grid(self, painter: QPainter, color: QColor) -> None:
        lines = grid_lines(self._scene)
        if not len(lines):
            return
        share = np.linspace(0, 1, GRID_PIECES + 1, dtype=np.float32)[None, :, None]
        points = lines[:, :1] * (1 - share) + lines[:, 1:] * share  # pieces: cut at the eye
        placed = self._orbit.project(points.reshape(-1, 3), self.width(), self.height())
        placed = placed.reshape(len(lines), GRID_PIECES + 1, 2)
        ends = np.concatenate([placed[:, :-1], placed[:, 1:]], axis=2).reshape(-1, 4)
        ends = ends[np.isfinite(ends).all(axis=1)]
        painter.setPen(QPen(color, 1.0))
        painter.drawLines([QLineF(*row) for row in ends.tolist()])

    def _paint_people(self, painter: QPainter) -> None:
        if self._scene.topology is None:
            return
        unit = min(max(self.height() / 480, 0.8), 2.0)
        on_cloud = self._scene.cloud is not None
        for person, body in self._scene.people:
            points = self._orbit.project(body.joints, self.width(), self.height())
            colors = side_colors(person, on_picture=on_cloud)
            draw_figure(
                painter, points, body.tracking, self._scene.topology, colors, unit, rim=on_cloud,
                weights=self._scene.weights.get(body.id), links=self._scene.links.get(body.id, ()),
            )  # fmt: skip


def splat(cloud: Cloud, orbit: Orbit, width: float, height: float) -> NDArray[np.uint32]:
    """(h, w) uint32 0xffRRGGBB, 0 where no point is; a point is a square, nearer ones in front.

    Where neighbours lie far apart on screen the picture is made coarser, to be stretched over
    the view, instead of painting large squares: that is as dense and costs a quarter.
    """
    gap = focal_px(height) * cloud.spacing
    coarse = 2 if gap > COARSE_FROM_PX else 1
    width, height = max(2, round(width / coarse)), max(2, round(height / coarse))
    square = min(max(math.ceil(gap / coarse), 1), MAX_SQUARE_PX)
    eye = orbit.to_eye(cloud.points)
    there = np.flatnonzero(eye[:, 2] > NEAR_M)
    order = there[np.argsort(-eye[there, 2])]
    x, y = orbit.to_screen(eye[order], width, height).astype(np.intp).T
    inside = (x >= 0) & (x <= width - square) & (y >= 0) & (y <= height - square)
    colors = cloud.colors[order[inside]].astype(np.uint32)
    packed = 0xFF000000 | (colors[:, 0] << 16) | (colors[:, 1] << 8) | colors[:, 2]
    at = y[inside] * width + x[inside]
    picture = np.zeros((height, width), dtype=np.uint32)
    flat = picture.reshape(-1)
    for dy in range(square):
        for dx in range(square):
            flat[at + (dy * width + dx)] = packed
    return picture
