"""Regions: turned squares of a picture in which one person stands upright.

BlazePose places a square by two points: its middle (the hips) and a point above the head or under
the feet, half the square away before the margin is added. The square turns so that this point is
straight above. Facts from MediaPipe's graphs pose_detection_to_roi and pose_landmarks_to_roi
(Apache-2.0): the side is 2.5 times the distance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 2.5  # twice the distance of the two points, with a quarter of margin


@dataclass(frozen=True, slots=True)
class Region:
    """x, y: middle in pixels; size: side in pixels; angle: radians, clockwise in the picture."""

    x: float
    y: float
    size: float
    angle: float

    @classmethod
    def around(cls, middle: NDArray[Any], above: NDArray[Any]) -> Region:
        """The region that two points (2,) in pixels give."""
        dx, dy = (float(one) for one in above - middle)
        size = max(SIDE * math.hypot(dx, dy), 1.0)
        return cls(float(middle[0]), float(middle[1]), size, math.atan2(dx, -dy))

    def to_picture(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """(..., 2) places in the region, 0 to 1, to pixels of the picture."""
        centred = (points - 0.5) * self.size
        turned = centred @ self._turn().T
        return np.asarray(turned + np.array([self.x, self.y]), dtype=np.float32)

    def turn(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """(..., 3) points whose x and y are those of the region, turned as the picture is."""
        turned = points.copy()
        turned[..., :2] = points[..., :2] @ self._turn().T
        return turned

    def cut(self, picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
        """The region as an upright (side, side, 3) picture; beyond the edge the edge goes on."""
        step = self._turn() * (self.size / side)
        start = np.array([self.x, self.y]) - step @ np.array([side / 2, side / 2])
        cut = cv2.warpAffine(
            picture,
            np.column_stack([step, start]),
            (side, side),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(cut, dtype=np.uint8)

    def _turn(self) -> NDArray[np.float64]:
        sin, cos = math.sin(self.angle), math.cos(self.angle)
        return np.array([[cos, -sin], [sin, cos]])
