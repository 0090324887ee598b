"""Pinhole cameras with lens distortion, seen from the depth camera's frame.

The world is the depth camera's frame: metres, x right in the picture, y up, z away. A camera
turns and shifts points into its own frame (same axes) and projects them:
``u = cx + fx * x' / z'``, ``v = cy - fy * y' / z'`` (y flips), where x', y' are distorted by
the Brown-Conrady model (k1, k2, k3, p1, p2).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNDISTORTING = 20  # steps


def _identity() -> NDArray[np.float64]:
    return np.eye(3)


def _zero() -> NDArray[np.float64]:
    return np.zeros(3)


@dataclass(frozen=True, eq=False)
class Camera:
    """One picture stream's camera.

    rotation (3, 3) and translation (3,) metres take depth-camera points into this camera:
    ``p' = rotation @ p + translation``. Intrinsics are pixels of a picture of width x height.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    k1: float = 0.0
    k2: float = 0.0
    k3: float = 0.0
    p1: float = 0.0
    p2: float = 0.0
    rotation: NDArray[np.float64] = field(default_factory=_identity)
    translation: NDArray[np.float64] = field(default_factory=_zero)

    def project(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """(..., 3) metres -> (..., 2) pixels; NaN where a point is not in front of the camera."""
        moved = np.asarray(points, dtype=np.float64) @ self.rotation.T + self.translation
        z = moved[..., 2]
        with np.errstate(invalid="ignore"):
            depth = np.where(z > 1e-6, z, np.nan)
        x = moved[..., 0] / depth
        y = -moved[..., 1] / depth
        r2 = x * x + y * y
        radial = 1 + r2 * (self.k1 + r2 * (self.k2 + r2 * self.k3))
        xd = x * radial + 2 * self.p1 * x * y + self.p2 * (r2 + 2 * x * x)
        yd = y * radial + self.p1 * (r2 + 2 * y * y) + 2 * self.p2 * x * y
        return np.stack([self.cx + self.fx * xd, self.cy + self.fy * yd], axis=-1)

    def rays(self, pixels: NDArray[Any]) -> NDArray[np.float64]:
        """(..., 2) pixels -> (..., 2) x / z and y / z in this camera's frame: ``project`` turned
        round. Distortion is undone by fixed-point steps, which settle for the lenses of sensors."""
        given = np.asarray(pixels, dtype=np.float64)
        xd = (given[..., 0] - self.cx) / self.fx
        yd = (given[..., 1] - self.cy) / self.fy
        x, y = xd, yd
        for _ in range(UNDISTORTING if self._distorts else 0):
            r2 = x * x + y * y
            radial = 1 + r2 * (self.k1 + r2 * (self.k2 + r2 * self.k3))
            x, y = (
                (xd - 2 * self.p1 * x * y - self.p2 * (r2 + 2 * x * x)) / radial,
                (yd - self.p1 * (r2 + 2 * y * y) - 2 * self.p2 * x * y) / radial,
            )
        return np.stack([x, -y], axis=-1)

    def to_depth_frame(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """(..., 3) metres in this camera's frame -> (..., 3) in the depth camera's."""
        return (np.asarray(points, dtype=np.float64) - self.translation) @ self.rotation

    def scaled(self, width: int, height: int) -> Camera:
        """The same camera for its whole picture in another size."""
        across, down = width / self.width, height / self.height
        return replace(
            self,
            width=width,
            height=height,
            fx=self.fx * across,
            fy=self.fy * down,
            cx=self.cx * across,
            cy=self.cy * down,
        )

    @property
    def _distorts(self) -> bool:
        return any((self.k1, self.k2, self.k3, self.p1, self.p2))
