"""What may be behind people, made from random numbers: rooms of depth, coloured surfaces."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

NEAREST_WALL_MM, FARTHEST_WALL_MM = 200.0, 2500.0  # behind the person
FURNITURE = 8
ROUGH_MM = 25.0
SURFACES = 12
GRAIN = 30.0  # most of 255


def random_depth(
    height: int, width: int, person_mm: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """(height, width) millimetres of a room around someone who is ``person_mm`` away.

    A wall that may stand askew, a floor that comes nearer from somewhere below the middle to the
    lower edge, boxes before the wall or beside the person, and a little noise.
    """
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    across = across / max(1, width - 1) - np.float32(0.5)
    wall_mm = person_mm + rng.uniform(NEAREST_WALL_MM, FARTHEST_WALL_MM)
    room = wall_mm + rng.uniform(-0.6, 0.6) * (wall_mm - person_mm) * across
    horizon = rng.uniform(0.3, 0.55) * height
    floor = rng.uniform(0.6, 1.0) * person_mm * (height - horizon) / np.maximum(down - horizon, 1)
    room = np.minimum(room, floor)
    for _ in range(int(rng.integers(FURNITURE + 1))):
        wide, high = rng.uniform(0.05, 0.4) * width, rng.uniform(0.05, 0.5) * height
        left, top = rng.uniform(-wide / 2, width), rng.uniform(0, height)
        part = (
            slice(int(top), max(int(top + high), int(top) + 1)),
            slice(max(0, int(left)), max(int(left + wide), 1)),
        )
        before = rng.uniform(person_mm * 0.9, wall_mm)
        room[part] = np.minimum(room[part], before)
    coarse = rng.normal(0, ROUGH_MM, (max(2, height // 16), max(2, width // 16)))
    rough = cv2.resize(coarse.astype(np.float32), (width, height))
    return np.asarray(room + rough, dtype=np.float32)


def random_picture(height: int, width: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(height, width, 3) of colours that run into each other, up to twelve rectangles of one colour
    and grain."""
    corners = rng.uniform(0, 255, (2, 2, 3)).astype(np.float32)
    out: NDArray[np.float32] = np.asarray(cv2.resize(corners, (width, height)), dtype=np.float32)
    for _ in range(int(rng.integers(SURFACES + 1))):
        wide, high = rng.uniform(0.05, 0.5) * width, rng.uniform(0.05, 0.5) * height
        left, top = rng.uniform(0, width), rng.uniform(0, height)
        out[int(top) : int(top + high) + 1, int(left) : int(left + wide) + 1] = rng.uniform(
            0, 255, 3
        )
    grain = rng.normal(0, rng.uniform(0, GRAIN), (height, width, 1))
    return np.asarray(np.rint(np.clip(out + grain, 1, 255)), dtype=np.uint8)
