"""Where a virtual Kinect v2 stands, and how its two cameras see the world.

The sensor's frame is the one of recordings: x right in its (mirrored) picture, y up, z away,
which is right-handed. The world has y up and the floor at y = 0; actors stand near the origin
and face +z, where view 1 stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.skeletons.cameras import Camera

VIEW_DEGREES = {1: 0.0, 2: -45.0, 3: 45.0}
DEPTH_SIZE = (512, 424)
COLOR_BASELINE = 0.052  # metres that the colour camera stands beside the depth camera

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Viewpoint:
    """A sensor: rotation (3, 3) has the sensor's axes as rows; position (3,) metres."""

    number: int
    rotation: NDArray[np.float64]
    position: NDArray[np.float64]

    def to_sensor(self, points: NDArray[Any]) -> Floats:
        """(..., 3) world metres -> sensor metres."""
        moved = (np.asarray(points) - self.position) @ self.rotation.T
        return np.asarray(moved, dtype=np.float32)


def make_viewpoint(number: int, seed: int) -> Viewpoint:
    """View 1 in front, 2 and 3 at 45 degrees on either side; height and distance vary a little."""
    rng = np.random.default_rng([seed, 31, number])
    angle = np.radians(VIEW_DEGREES[number] + rng.uniform(-2, 2))
    distance, height = rng.uniform(3.0, 3.2), rng.uniform(1.15, 1.45)
    position = np.array((np.sin(angle) * distance, height, np.cos(angle) * distance))
    ahead = np.array((0.0, 0.86 + 0.12 * (height - 1.15), 0.0)) - position
    ahead /= np.linalg.norm(ahead)
    x = np.cross((0.0, 1.0, 0.0), ahead)
    x /= np.linalg.norm(x)
    return Viewpoint(number, np.stack((x, np.cross(ahead, x), ahead)), position)


def depth_camera() -> Camera:
    """Depth and infrared: 512 x 424."""
    return Camera(*DEPTH_SIZE, fx=365.5, fy=365.5, cx=257.3, cy=210.3)


def color_camera(width: int) -> Camera:
    """The 16:9 colour camera at a width of pixels; 1920 is the sensor's own."""
    share = width / 1920
    center = (960.0 * share - 0.5, 540.0 * share - 0.5)
    return Camera(
        width, round(1080 * share), 1081.4 * share, 1081.4 * share, *center,
        translation=np.array((COLOR_BASELINE, 0.0, 0.0)),
    )  # fmt: skip


def kinect_v1_cameras() -> tuple[Camera, Camera]:
    """Depth 320 x 240 and colour 640 x 480 of a Kinect v1."""
    return (
        Camera(320, 240, 285.63, 285.63, 160.0, 120.0),
        Camera(640, 480, 531.15, 531.15, 320.0, 240.0, translation=np.array((0.025, 0, 0))),
    )
