"""Cameras found from joints whose pixels the sensor told (NTU RGB+D: no calibration is given).

The sensor wrote every joint in metres and as pixels of the depth and the colour picture. The
depth camera is the frame of the joints, so two straight lines give it: ``u = a*x/z + b``,
``v = c*(-y/z) + d``. The colour camera stands a little to the side, and a person who comes
nearer moves more in it, so it is fitted in space: a linear start with parallel cameras
(``u*z = fx*x + cx*z + fx*tx``), then Gauss-Newton on focal lengths, middle, turn and shift, held
near the start by weak priors because one person in one place does not tell all ten apart.

Wrong points (NaN, behind the camera, joints that were lost) are left out, others that do not
follow are weighed down. Pixels and joints of a Kinect are of the same mirrored view, so fx
comes out positive and left stays left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.skeletons.cameras import Camera

MIN_POINTS = 12
MAX_POINTS = 800
NEAREST_M = 0.3
MIN_SPREAD = 0.02  # of x/z and y/z; a body seen as a line or a dot tells no focal length
ROUNDS = 8
# How far the refined colour camera may go from the start: pixels, radians, metres.
PRIOR = np.array([30, 30, 30, 30, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02], dtype=np.float64)

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CameraFit:
    """A fitted camera and how far its pixels lie from the given ones, over all usable points."""

    camera: Camera
    median_px: float
    p95_px: float
    points: int


def fit_camera(
    joints: NDArray[Any],
    pixels: NDArray[Any],
    tracking: NDArray[Any],
    *,
    width: int,
    height: int,
    same_frame: bool,
) -> CameraFit | None:
    """Fit a camera to (..., 3) metres, their (..., 2) pixels and (...,) tracking states.

    same_frame: the camera is the one whose frame the joints are in (depth, infrared); otherwise
    it stands beside it (colour). Only joints of state 2 count. None when too few points are
    left or they lie too close together.
    """
    points, targets = _usable(joints, pixels, tracking)
    if len(points) < MIN_POINTS:
        return None
    rays = points[:, :2] / points[:, 2:]
    if bool(np.any(rays.std(axis=0) < MIN_SPREAD)):
        return None
    step = -(-len(points) // MAX_POINTS)
    some, aims = points[::step], targets[::step]
    camera = _linear(some, aims, width, height, same_frame)
    if not (camera.fx > 0 and camera.fy > 0):
        return None
    if not same_frame:
        camera = _refine(camera, some, aims)
    errors = np.linalg.norm(camera.project(points) - targets, axis=1)
    median, p95 = (float(v) for v in np.nanpercentile(errors, [50, 95]))
    return CameraFit(camera, median, p95, len(points))


def _usable(
    joints: NDArray[Any], pixels: NDArray[Any], tracking: NDArray[Any]
) -> tuple[Points, Points]:
    points = np.asarray(joints, dtype=np.float64).reshape(-1, 3)
    targets = np.asarray(pixels, dtype=np.float64).reshape(-1, 2)
    with np.errstate(invalid="ignore"):
        good = np.isfinite(points).all(axis=1) & np.isfinite(targets).all(axis=1)
        good &= (points[:, 2] > NEAREST_M) & (np.asarray(tracking).reshape(-1) == 2)
        good &= np.abs(targets).max(axis=1, initial=0) < 1e5
    return points[good], targets[good]


def _linear(points: Points, targets: Points, width: int, height: int, same_frame: bool) -> Camera:
    x, y, z = points.T
    across = _line(x, z, targets[:, 0], same_frame)
    down = _line(-y, z, targets[:, 1], same_frame)
    (fx, cx, right), (fy, cy, below) = across.tolist(), down.tolist()
    shift = np.array([right / fx, -below / fy, 0.0]) if fx and fy else np.zeros(3)
    return Camera(width, height, fx, fy, cx, cy, translation=shift)


def _line(side: Points, z: Points, pixels: Points, same_frame: bool) -> Points:
    """Focal length, middle and focal length times shift, robust: (3,)."""
    columns = [side / z, np.ones_like(z)]
    if not same_frame:
        columns.append(1 / z)
    matrix = np.stack(columns, axis=1)
    weights = np.ones_like(z)
    solution = np.zeros(3)
    for _ in range(ROUNDS):
        root = np.sqrt(weights)
        found = np.linalg.lstsq(matrix * root[:, None], pixels * root, rcond=None)[0]
        solution[: len(found)] = found
        weights = _huber(np.abs(matrix @ found - pixels))
    return solution


def _huber(errors: Points) -> Points:
    """Weights that fall for errors far beyond the usual one (Cauchy's shape: gross ones vanish)."""
    scale = max(0.05, 1.4826 * float(np.median(errors)))
    return np.asarray(1 / (1 + (errors / (3 * scale)) ** 2), dtype=np.float64)


def _refine(start: Camera, points: Points, targets: Points) -> Camera:
    parameters = _parameters(start)
    first = parameters.copy()
    for _ in range(ROUNDS):
        camera = _camera(parameters, start)
        residual = camera.project(points) - targets
        weights = _huber(np.linalg.norm(residual, axis=1))
        jacobian = _jacobian(parameters, start, points)
        known = np.isfinite(residual).all(axis=1) & np.isfinite(jacobian).all(axis=(1, 2))
        a, r, w = jacobian[known], residual[known], weights[known]
        normal = np.einsum("nki,n,nkj->ij", a, w, a) + np.diag(PRIOR**-2.0)
        gradient = np.einsum("nki,n,nk->i", a, w, r) + (parameters - first) / PRIOR**2
        parameters = parameters - np.linalg.solve(normal, gradient)
    return _camera(parameters, start)


def _parameters(camera: Camera) -> Points:
    lens = [camera.fx, camera.fy, camera.cx, camera.cy]
    return np.array([*lens, 0.0, 0.0, 0.0, *camera.translation])


def _camera(parameters: Points, like: Camera) -> Camera:
    fx, fy, cx, cy = (float(v) for v in parameters[:4])
    return Camera(
        like.width, like.height, fx, fy, cx, cy,
        rotation=_rotation(parameters[4:7]), translation=parameters[7:10].copy(),
    )  # fmt: skip


def _rotation(turn: Points) -> Points:
    """Rodrigues: a rotation vector in radians as a matrix."""
    angle = float(np.linalg.norm(turn))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = turn / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turned = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return np.asarray(turned, dtype=np.float64)


def _jacobian(parameters: Points, like: Camera, points: Points) -> Points:
    """(N, 2, 10) change of every pixel with every parameter, by central differences."""
    steps = PRIOR * 1e-3
    columns = []
    for k, step in enumerate(steps):
        change = np.zeros(len(steps))
        change[k] = step
        ahead = _camera(parameters + change, like).project(points)
        behind = _camera(parameters - change, like).project(points)
        columns.append((ahead - behind) / (2 * step))
    return np.stack(columns, axis=-1)
