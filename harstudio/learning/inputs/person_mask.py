"""Where in a depth picture people are: near the bones of their skeletons, and as far away.

Every pixel takes the depth of the nearest point of a bone, straight from joint to joint in the
picture and in depth. It belongs to the person where it lies within ``REACH_M`` of that point across
and within a band of its depth along the camera's axis. A wall or a table behind the person is not
in the band, whatever its distance; around legs and feet both are smaller, because there the
floor is as far away as the person.
"""

from __future__ import annotations

import re

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.learning.inputs.places import Stretch
from harstudio.learning.inputs.tracks import bodies_at
from harstudio.recordings.projection import project_joints
from harstudio.recordings.streams import Body
from harstudio.skeletons.topology import topology

REACH_M = 0.22  # across, from a bone to the outline of clothes, hair and hands
LOW = re.compile("knee|ankle|foot|heel|toe", re.IGNORECASE)
LOW_REACH_M = 0.12  # across, from a bone to such a joint: there is floor around legs
LOW_M = 0.25  # before and behind it at most
SHORTEST_PX = 2.0  # extent of a body in the picture below which nothing can be told


def person_mask(
    stretch: Stretch,
    stream: str,
    time_ns: int,
    depth: NDArray[np.uint16],
    band_m: tuple[float, float],
) -> NDArray[np.bool_] | None:
    """(h, w) whether a pixel of a depth picture (h, w), millimetres, shows a person.

    stream: the picture's, of depth. band_m: metres before and behind the bones. None where it
    cannot be known: nobody is tracked in the stretch, or joints have no place in this picture.
    """
    if stretch.tracks is None:
        return None
    known_as = topology(stretch.topology)
    bones = np.array(known_as.bones, dtype=np.intp).reshape(-1, 2)
    on_floor = np.array([LOW.search(name) is not None for name in known_as.joints])
    out = np.zeros(depth.shape, dtype=np.bool_)
    known = False
    for body in bodies_at(stretch.tracks, time_ns):
        pixels = None if body is None else project_joints(stretch.recording, stream, body)
        if body is not None and pixels is not None:
            known |= _add(out, depth, body, pixels, bones, on_floor, band_m)
    return out if known else None


def _add(
    out: NDArray[np.bool_],
    depth: NDArray[np.uint16],
    body: Body,
    pixels: NDArray[np.float32],
    bones: NDArray[np.intp],
    on_floor: NDArray[np.bool_],
    band_m: tuple[float, float],
) -> bool:
    """Add one body to the mask; False where too little of it is known."""
    seen = np.isfinite(np.hstack([pixels, body.joints])).all(axis=1).reshape(-1)
    bones = bones[seen[bones].all(axis=1)]
    if not len(bones):
        return False
    joints = np.unique(bones)
    extent_px = float(np.linalg.norm(np.ptp(pixels[joints], axis=0)))
    extent_m = float(np.linalg.norm(np.ptp(body.joints[joints, :2], axis=0)))
    away = float(np.median(body.joints[joints, 2]))
    if extent_px < SHORTEST_PX or extent_m <= 0 or away <= 0:
        return False
    focal = extent_px / extent_m * away
    height, width = depth.shape
    nearest = float(max(body.joints[joints, 2].min(), 0.2))
    margin = REACH_M * focal / nearest + 2
    left, top = np.floor(pixels[joints].min(axis=0) - margin).astype(int).clip(0, (width, height))
    right, bottom = (
        np.ceil(pixels[joints].max(axis=0) + margin).astype(int).clip(0, (width, height))
    )
    if left >= right or top >= bottom:
        return True  # beyond the picture: it shows none of this body
    part = slice(top, bottom), slice(left, right)
    near_floor = on_floor[bones].any(axis=1)
    for some, reach_m, most_m in ((~near_floor, REACH_M, 10.0), (near_floor, LOW_REACH_M, LOW_M)):
        points, depths = _along(pixels, body.joints[:, 2], bones[some])
        found = _nearest(points - (left, top), depths, (bottom - top, right - left))
        if found is None:
            continue
        distance_px, bone_m = found
        behind = depth[part] / np.float32(1000) - bone_m
        out[part] |= (
            (distance_px * bone_m <= reach_m * focal)
            & (behind >= -min(band_m[0], most_m))
            & (behind <= min(band_m[1], most_m))
            & (depth[part] > 0)
        )
    return True


def _along(
    pixels: NDArray[np.float32], depths: NDArray[np.float32], bones: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n, 2) points along the bones, a pixel apart at most, and their (n,) depths."""
    start, end = pixels[bones[:, 0]].astype(np.float64), pixels[bones[:, 1]].astype(np.float64)
    counts = np.ceil(np.abs(end - start).max(axis=1)).astype(int).clip(1, 4096) + 1
    bone = np.repeat(np.arange(len(bones)), counts)
    step = np.arange(len(bone)) - np.repeat(np.cumsum(counts) - counts, counts)
    share = (step / (counts[bone] - 1))[:, None]
    points = start[bone] * (1 - share) + end[bone] * share
    near, far = depths[bones[bone, 0]], depths[bones[bone, 1]]
    return points, near * (1 - share[:, 0]) + far * share[:, 0]


def _nearest(
    points: NDArray[np.float64], depths: NDArray[np.float64], shape: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """For every pixel the distance to the nearest of the points, in pixels, and its depth; None
    where no point lies in the picture."""
    x, y = np.floor(points).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < shape[1]) & (y < shape[0])
    if not inside.any():
        return None
    x, y, depths = x[inside], y[inside], depths[inside]
    free = np.ones(shape, dtype=np.uint8)
    free[y, x] = 0
    distance, label = cv2.distanceTransformWithLabels(
        free, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(label.max()) + 1, dtype=np.float32)
    order = np.argsort(-depths)  # where bones cross, the nearer one is seen
    table[label[y[order], x[order]]] = depths[order]
    return np.asarray(distance, np.float32), table[label]
