"""One sample exactly as the network gets it, and how it is drawn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from harstudio.skeletons.topology import Topology
from harstudio.studio import theme
from harstudio.studio.panes.overlays import side_colors

SIDES = ("left", "right", "trunk")
GHOSTS = 7  # moments that are drawn over each other
STRIP, STRIP_GAP = 4, 3  # pictures of a clip that are shown at rest
AXES = ("#E5605E", "#5CB85C", "#56B4E9")  # x, y, z
MARGIN = 0.06  # of the square around the movement


@dataclass(eq=False)
class Seen:
    """What the network gets of one clip.

    inputs: by name, as fed, but pictures from 0 to 255: skeletons (3, T, V, M), pictures (3, H, W)
    or (3, F, H, W) of several, signals (6, T). kinds: of the inputs. focus: left, top, right,
    bottom as shares of the input ``picture``, NaN for none. name: of the class.
    """

    path: Path
    recording: str
    start_ns: int
    end_ns: int
    name: str
    subject: int | None
    inputs: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    focus: NDArray[np.float32] | None = None

    @cached_property
    def looks(self) -> dict[str, Look]:
        """How each input is drawn, by its name; pictures first."""
        made: dict[str, Look] = {}
        for name, values in self.inputs.items():
            if self.kinds[name] == "skeleton":
                made[name] = Motion(values)
            elif self.kinds[name] == "inertial":
                made[name] = Signals(values)
            else:
                made[name] = Film(values, self.focus if name == "picture" else None)
        return dict(sorted(made.items(), key=lambda one: not isinstance(one[1], Film)))

    @property
    def moves(self) -> bool:
        """Whether there is anything to play."""
        return any(look.frames > 1 for look in self.looks.values())


class Look(ABC):
    """One input of one sample."""

    frames = 1

    @abstractmethod
    def draw(
        self, painter: QPainter, box: QRectF, topology: Topology | None, frame: int | None
    ) -> None:
        """frame: the moment that is played, None while nothing plays."""

    @abstractmethod
    def words(self) -> str:
        """Its size: "64 frames, 20 joints, 1 body"."""


class Film(Look):
    """Pictures: one, or the frames of a clip; at rest four of them side by side."""

    def __init__(self, pixels: NDArray[np.uint8], focus: NDArray[np.float32] | None = None) -> None:
        self._pixels = pixels if pixels.ndim == 4 else pixels[:, None]
        self._focus = focus
        self.frames = self._pixels.shape[1]
        self._images: dict[int, QImage] = {}

    def words(self) -> str:
        _, frames, height, width = self._pixels.shape
        size = f"{width} × {height}"
        return size if frames == 1 else f"{frames} pictures, {size}"

    def image(self, number: int) -> QImage:
        """One of them."""
        if number not in self._images:
            pixels = np.ascontiguousarray(self._pixels[:, number].transpose(1, 2, 0))
            height, width, _ = pixels.shape
            form = QImage.Format.Format_RGB888
            self._images[number] = QImage(pixels.data, width, height, 3 * width, form).copy()
        return self._images[number]

    def draw(
        self, painter: QPainter, box: QRectF, topology: Topology | None, frame: int | None
    ) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self.frames == 1 or frame is not None:
            self._draw_one(painter, box, (frame or 0) % self.frames)
            return
        shown = np.linspace(0, self.frames - 1, min(STRIP, self.frames)).round().astype(int)
        side = 2 if len(shown) > 1 else 1
        wide, tall = (box.width() - STRIP_GAP) / side, (box.height() - STRIP_GAP) / side
        for place, number in enumerate(shown.tolist()):
            row, column = divmod(place, side)
            left = box.left() + column * (wide + STRIP_GAP)
            top = box.top() + row * (tall + STRIP_GAP)
            self._draw_one(painter, QRectF(left, top, wide, tall), number)

    def _draw_one(self, painter: QPainter, box: QRectF, number: int) -> None:
        image = self.image(number)
        box = fitted(image.width() / image.height(), box)
        painter.drawImage(box, image)
        if self._focus is None:
            return
        focus = self._focus if self._focus.ndim == 1 else self._focus[number]
        if np.isfinite(focus).all():
            _draw_square(painter, box, focus)


class Signals(Look):
    """Acceleration above, rotation below; three curves each."""

    def __init__(self, values: NDArray[np.float32]) -> None:
        self._values = values

    def words(self) -> str:
        return f"{self._values.shape[0]} signals, {self._values.shape[1]} moments"

    def draw(
        self, painter: QPainter, box: QRectF, topology: Topology | None, frame: int | None
    ) -> None:
        half = box.height() / 2
        for row, three in enumerate(np.array_split(self._values, 2)):
            part = QRectF(box.left(), box.top() + row * half, box.width(), half - STRIP_GAP)
            low, high = float(three.min()), float(three.max())
            x = np.linspace(part.left(), part.right(), three.shape[1])
            y = part.bottom() - (three - low) / max(high - low, 1e-6) * part.height()
            for color, curve in zip(AXES, y, strict=False):
                painter.setPen(QPen(QColor(color), 1.5))
                points = [QPointF(*one) for one in zip(x.tolist(), curve.tolist(), strict=True)]
                painter.drawPolyline(points)


class Motion(Look):
    """The joints from the front: several moments over each other, one of them in full."""

    def __init__(self, skeleton: NDArray[np.float32]) -> None:
        self._skeleton = skeleton
        self.frames = skeleton.shape[1]

    def words(self) -> str:
        _, frames, joints, bodies = self._skeleton.shape
        people = "1 body" if bodies == 1 else f"{bodies} bodies"
        return f"{frames} frames, {joints} joints, {people}"

    @cached_property
    def points(self) -> NDArray[np.float32]:
        """(T, M, V, 2) in the unit square, y down, NaN where there is nobody."""
        points = self._skeleton[:2].transpose(1, 3, 2, 0).astype(np.float32)
        nobody = ~self._skeleton.any(axis=0).any(axis=1)  # (T, M)
        points[nobody] = np.nan
        if not np.isfinite(points).any():
            return points
        flat = points.reshape(-1, 2)
        low, high = np.nanmin(flat, axis=0), np.nanmax(flat, axis=0)
        side = max(float((high - low).max()), 1e-6) * (1 + 2 * MARGIN)
        points = (points - (low + high) / 2) / side
        points[..., 1] *= -1
        return points + np.float32(0.5)

    def draw(
        self, painter: QPainter, box: QRectF, topology: Topology | None, frame: int | None
    ) -> None:
        if topology is None or not self.frames:
            return
        frame = self.frames // 2 if frame is None else frame % self.frames
        quiet = QColor(theme.current().quiet)
        quiet.setAlphaF(0.5)
        for moment in np.linspace(0, self.frames - 1, GHOSTS).astype(int):
            for joints in self.points[moment]:
                _draw_body(painter, box, joints, topology, dict.fromkeys(SIDES, quiet), 1.0)
        for person, joints in enumerate(self.points[frame]):
            colors = side_colors(person, on_picture=False)
            _draw_body(painter, box, joints, topology, colors, 2.0)


def fitted(aspect: float, box: QRectF) -> QRectF:
    """The largest rectangle of an aspect (width / height) in the middle of a box."""
    wide = min(box.width(), box.height() * aspect)
    tall = wide / aspect
    left, top = box.center().x() - wide / 2, box.center().y() - tall / 2
    return QRectF(left, top, wide, tall)


def _draw_square(painter: QPainter, box: QRectF, focus: NDArray[np.float32]) -> None:
    """The square that the network is pointed to."""
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
