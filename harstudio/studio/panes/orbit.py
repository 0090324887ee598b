"""The eye of the 3D view: where it stands, how the mouse moves it, what it sees where."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtWidgets import QWidget

FOV_DEG = 40.0
NEAR_M = 0.05
DISTANCE_M = 3.4
PRESETS = {"front": (0.0, 0.0), "side": (90.0, 0.0), "top": (0.0, 89.0), "free": (28.0, 16.0)}
DEGREES_PER_PX = 0.4
ZOOM_STEP = 1.12
DISTANCE_RANGE_M = (0.3, 40.0)


@dataclass(slots=True)
class Orbit:
    """An eye that circles around a point.

    Angles in degrees: at azimuth 0 and elevation 0 it looks along z, as the depth camera does;
    positive azimuth walks to the right of the picture, positive elevation climbs. center: metres
    in the depth camera's frame.
    """

    azimuth: float = PRESETS["free"][0]
    elevation: float = PRESETS["free"][1]
    distance: float = DISTANCE_M
    center: tuple[float, float, float] = (0.0, 0.0, 3.0)

    def axes(self) -> NDArray[np.float64]:
        """(3, 3): rows are right, up and forward of the eye in the depth camera's frame."""
        a, e = math.radians(self.azimuth), math.radians(self.elevation)
        right = (math.cos(a), 0.0, math.sin(a))
        forward = (-math.sin(a) * math.cos(e), -math.sin(e), math.cos(a) * math.cos(e))
        up = (-math.sin(a) * math.sin(e), math.cos(e), math.cos(a) * math.sin(e))
        return np.array([right, up, forward])

    def to_eye(self, points: NDArray[Any]) -> NDArray[np.float32]:
        """(N, 3) metres -> (N, 3) right, up and forward of the eye."""
        axes = self.axes().astype(np.float32)
        turned = np.asarray(points, dtype=np.float32) @ axes.T
        turned -= axes @ np.array(self.center, dtype=np.float32)
        turned[:, 2] += np.float32(self.distance)
        return turned

    def project(self, points: NDArray[Any], width: int, height: int) -> NDArray[np.float64]:
        """(N, 3) metres -> (N, 2) widget pixels; NaN behind the eye."""
        eye = self.to_eye(points)
        return self.to_screen(eye, width, height)

    @staticmethod
    def to_screen(eye: NDArray[Any], width: int, height: int) -> NDArray[np.float64]:
        """(N, 3) of ``to_eye`` -> (N, 2) widget pixels; NaN behind the eye."""
        focal = focal_px(height)
        with np.errstate(invalid="ignore"):
            depth = np.where(eye[:, 2] > NEAR_M, eye[:, 2], np.nan)
        x = width / 2 + focal * eye[:, 0] / depth
        y = height / 2 - focal * eye[:, 1] / depth
        return np.stack([x, y], axis=1)

    def turn(self, dx: float, dy: float) -> None:
        """Drag by pixels: the scene follows the hand."""
        self.azimuth = (self.azimuth - dx * DEGREES_PER_PX + 180) % 360 - 180
        self.elevation = min(max(self.elevation + dy * DEGREES_PER_PX, -89.0), 89.0)

    def pan(self, dx: float, dy: float, height: int) -> None:
        """Shift by pixels in the plane of the screen."""
        metres = self.distance / focal_px(height)
        right, up, _ = self.axes()
        moved = np.array(self.center) + metres * (dy * up - dx * right)
        self.center = (float(moved[0]), float(moved[1]), float(moved[2]))

    def zoom(self, steps: float) -> None:
        """Wheel steps; positive goes nearer."""
        low, high = DISTANCE_RANGE_M
        self.distance = min(max(self.distance / ZOOM_STEP**steps, low), high)

    def look(self, preset: str) -> None:
        """Stand at "front", "side", "top" or "free"."""
        self.azimuth, self.elevation = PRESETS[preset]

    def name(self) -> str:
        """The preset it stands at, "free" anywhere else."""
        here = (self.azimuth, self.elevation)
        return next((name for name, angles in PRESETS.items() if angles == here), "free")


def focal_px(height: int) -> float:
    """Focal length in pixels of a view of that height."""
    return height / 2 / math.tan(math.radians(FOV_DEG) / 2)


class OrbitMouse(QObject):
    """Moves an orbit by the mouse over a widget.

    Left drag turns, middle, right or Shift drag pans, the wheel zooms, double click goes back.
    """

    changed = Signal()
    reset = Signal()

    def __init__(self, orbit: Orbit, widget: QWidget) -> None:
        super().__init__(widget)
        self._orbit = orbit
        self._last: QPointF | None = None
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress:
            self._last = event.position()
        elif kind == QEvent.Type.MouseMove and self._last is not None:
            self._drag(watched, event)
        elif kind == QEvent.Type.MouseButtonRelease:
            self._last = None
        elif kind == QEvent.Type.MouseButtonDblClick:
            self.reset.emit()
        elif kind == QEvent.Type.Wheel:
            self._orbit.zoom(event.angleDelta().y() / 120)
            self.changed.emit()
        else:
            return False
        return True

    def _drag(self, widget: QObject, event: Any) -> None:
        delta = event.position() - self._last
        self._last = event.position()
        turning = event.buttons() == Qt.MouseButton.LeftButton
        if turning and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._orbit.turn(delta.x(), delta.y())
        else:
            self._orbit.pan(delta.x(), delta.y(), widget.height())
        self.changed.emit()
