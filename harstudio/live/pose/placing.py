"""Landmarks in metres before the camera: how far away a person stands, from one picture alone.

BlazePose gives the shape of a body in metres around its hips. Where it stands is the shift that
brings this shape onto its pixels: with u = cx + fx (X + tx) / (Z + tz), each landmark gives two
linear equations in the shift, solved by weighted least squares. The distance is as true as the
focal length and as the guess of the body's size are: a child seems farther away than it is.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harstudio.live.pose.landmarks import Landmarks
from harstudio.skeletons.cameras import Camera

ASSUMED_ANGLE_DEG = 60.0  # across the longer side of a picture whose camera nobody knows
NEAREST_M, FARTHEST_M = 0.3, 12.0
LEAST_WEIGHT = 0.05  # of a hidden landmark
SMALLEST, LARGEST = 0.4, 1.4  # of the sizes of bodies, 1 is what the landmark model believes


class Placed(NamedTuple):
    """A body in the depth camera's frame (metres, x right in the picture, y up, z away).

    joints: (33, 3) float32. measured: (33,) bool, whether depth was seen there. depth_px: (33, 2)
    float32 pixels in the depth picture, or None without one.
    """

    joints: NDArray[np.float32]
    measured: NDArray[np.bool_]
    depth_px: NDArray[np.float32] | None = None


def assumed_camera(width: int, height: int) -> Camera:
    """The camera of a picture of which nothing is known: 60 degrees across its longer side."""
    focal = max(width, height) / 2 / math.tan(math.radians(ASSUMED_ANGLE_DEG / 2))
    return Camera(width, height, focal, focal, width / 2, height / 2)


def place(landmarks: Landmarks, camera: Camera, size: float = 1.0) -> Placed:
    """Joints from one colour picture; each lies on the ray of its pixel. size: how many times as
    large as its shape the body is known to be."""
    shape = shape_of(landmarks)
    rays = camera.rays(landmarks.pixels)
    away = distance(shape, rays, landmarks.visibility)
    z = np.maximum(size * (shape[:, 2] + away), NEAREST_M / 2)
    joints = camera.to_depth_frame(on_rays(rays, z)).astype(np.float32)
    return Placed(joints, np.zeros(len(joints), dtype=bool))


def shape_of(landmarks: Landmarks) -> NDArray[np.float64]:
    """(33, 3) metres around the hips, y up."""
    return landmarks.world.astype(np.float64) * (1, -1, 1)


def on_rays(rays: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) rays and (n,) metres away: (n, 3) points in the camera's frame."""
    return np.column_stack([rays * z[:, None], z])


def distance(
    shape: NDArray[np.float64], rays: NDArray[np.float64], visibility: NDArray[np.float32]
) -> float:
    """Metres from the camera to the hips, by which the shape falls onto its rays."""
    weight = np.maximum(visibility, LEAST_WEIGHT)
    rows, right = [], []
    for axis in (0, 1):  # X + t = ray * (Z + tz)
        unit = np.zeros((len(shape), 3))
        unit[:, axis] = 1.0
        unit[:, 2] = -rays[:, axis]
        rows.append(unit * weight[:, None])
        right.append((rays[:, axis] * shape[:, 2] - shape[:, axis]) * weight)
    shift = np.linalg.lstsq(np.concatenate(rows), np.concatenate(right), rcond=None)[0]
    return float(np.clip(shift[2], NEAREST_M, FARTHEST_M))


def body_size(
    shape: NDArray[np.float64],
    rays: NDArray[np.float64],
    visibility: NDArray[np.float32],
    away: float,
) -> float:
    """How many times as large as its shape a body is that stands ``away`` metres away."""
    weight = np.maximum(visibility, LEAST_WEIGHT)
    rows, right = [], []
    for axis in (0, 1):  # s X + t = ray * (s Z + away)
        unit = np.zeros((len(shape), 3))
        unit[:, 0] = shape[:, axis] - rays[:, axis] * shape[:, 2]
        unit[:, 1 + axis] = 1.0
        rows.append(unit * weight[:, None])
        right.append(rays[:, axis] * away * weight)
    size = np.linalg.lstsq(np.concatenate(rows), np.concatenate(right), rcond=None)[0][0]
    return float(np.clip(size, SMALLEST, LARGEST))
