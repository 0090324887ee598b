"""Landmarks in metres where there is depth: each joint at the depth that is seen at its pixel.

The body as a whole is put where the trunk's depth says, and its size is what the pixels then ask
for. Every joint is expected at the depth that this body gives it. Depth near that is taken, the
nearest surface first, because limbs are thin and what is behind them is seen beside them; a joint
lies ``INSIDE_M`` behind the skin. Where there is a hole, where something else stands in front, or
where the landmark is hidden, the expected depth is kept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harstudio.live.pose.landmarks import Landmarks
from harstudio.live.pose.placing import (
    NEAREST_M,
    Placed,
    body_size,
    distance,
    on_rays,
    place,
    shape_of,
)
from harstudio.skeletons.cameras import Camera
from harstudio.skeletons.topology import topology

REACH_M = 0.04  # half of the side of the window around a joint
MOST_REACH_PX = 8
LEAST_SEEN = 3  # pixels with depth in it
SURFACE_M = 0.10  # depths that belong to one surface
VISIBLE = 0.5
ROUNDS = 3  # the pixels in the depth picture depend on the depth a little

# Metres from the skin to the joint, and how far depth may be from what is expected of it; for what
# the part's name ends with.
INSIDE_M = {"shoulder": 0.08, "hip": 0.10, "knee": 0.07, "elbow": 0.04, "ankle": 0.05}
INSIDE_M |= {"wrist": 0.03, "foot_index": 0.05, "heel": 0.04, "ear": 0.07}
ELSE_INSIDE_M = 0.01
NEAR_M = {"shoulder": 0.25, "hip": 0.25, "elbow": 0.35, "knee": 0.35, "wrist": 0.45, "ankle": 0.4}
ELSE_NEAR_M = 0.35
TRUNK = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")


def _each(table: dict[str, float], otherwise: float) -> NDArray[np.float64]:
    names = topology("mediapipe_33").joints
    return np.array([table.get(name.partition("_")[2] or name, otherwise) for name in names])


def place_by_depth(
    landmarks: Landmarks, camera: Camera, depth: NDArray[np.uint16], depth_camera: Camera
) -> Placed:
    """Joints from a colour picture's landmarks and an (H, W) uint16 depth picture in mm (0 = none)
    of the same moment. camera: of the colour picture."""
    shape, rays = shape_of(landmarks), camera.rays(landmarks.pixels)
    visibility = landmarks.visibility
    inside, near = _each(INSIDE_M, ELSE_INSIDE_M), _each(NEAR_M, ELSE_NEAR_M)
    trunk = np.isin(topology("mediapipe_33").joints, TRUNK)
    seen = visibility >= VISIBLE
    away, size = distance(shape, rays, visibility), 1.0
    for _ in range(ROUNDS):
        z = np.maximum(size * shape[:, 2] + away, NEAREST_M / 2)
        points = camera.to_depth_frame(on_rays(rays, z))
        windows = _windows(depth, depth_camera, points)
        offsets = _medians(windows) + inside - points[:, 2]
        for chosen in (seen & trunk, seen):
            there = offsets[chosen & np.isfinite(offsets)]
            if there.size >= min(2, int(chosen.sum())) and there.size:
                away = max(NEAREST_M, away + float(np.median(there)))
                break
        else:
            return place(landmarks, camera)
        size = body_size(shape, rays, visibility, away)
    expected = np.maximum(size * shape[:, 2] + away, NEAREST_M / 2)
    points = camera.to_depth_frame(on_rays(rays, expected))
    windows = _windows(depth, depth_camera, points) + inside[:, None]
    surface = _nearest_surface(windows, points[:, 2], near)
    measured = seen & np.isfinite(surface)
    z = expected + np.where(measured, surface - points[:, 2], 0.0)
    joints = camera.to_depth_frame(on_rays(rays, np.maximum(z, NEAREST_M / 2)))
    pixels = depth_camera.project(joints)
    return Placed(joints.astype(np.float32), measured, pixels.astype(np.float32))


def _windows(
    depth: NDArray[np.uint16], camera: Camera, points: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n, k) metres seen around each of (n, 3) points; NaN where there is no depth."""
    height, width = depth.shape
    middle = np.nan_to_num(camera.project(points), nan=-1e6)
    reach = REACH_M * camera.fx / np.median(points[:, 2])
    steps = np.arange(-MOST_REACH_PX, MOST_REACH_PX + 1)
    steps = steps[np.abs(steps) <= max(1.0, reach)]
    x = np.rint(middle[:, 0]).astype(np.int64)[:, None, None] + steps
    y = np.rint(middle[:, 1]).astype(np.int64)[:, None, None] + steps[:, None]
    there = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    seen = depth[y.clip(0, height - 1), x.clip(0, width - 1)] / 1000.0
    seen = np.where(there & (seen > 0), seen, np.nan)
    return np.asarray(seen.reshape(len(points), -1), dtype=np.float64)


def _medians(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) medians; NaN where too little is there."""
    out = np.full(len(windows), np.nan)
    rows = np.flatnonzero(np.isfinite(windows).sum(axis=1) >= LEAST_SEEN)
    if rows.size:
        out[rows] = np.nanmedian(windows[rows], axis=1)
    return out


def _nearest_surface(
    windows: NDArray[np.float64], expected: NDArray[np.float64], near: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n,) median of the nearest surface within ``near`` of what is expected; NaN where none."""
    gap = np.abs(windows - expected[:, None])
    fits = np.where(gap <= near[:, None], windows, np.nan)
    fits[np.isfinite(fits).sum(axis=1) < LEAST_SEEN] = np.nan
    rows = np.flatnonzero(np.isfinite(fits).any(axis=1))
    if rows.size:
        front = np.nanpercentile(fits[rows], 10, axis=1, keepdims=True)
        fits[rows] = np.where(fits[rows] <= front + SURFACE_M, fits[rows], np.nan)
    return _medians(fits)
