"""BlazePose's landmarks: 33 points of the one person in a region, in pixels and in metres.

V. Bazarevsky et al., BlazePose, 2020; the layout of the outputs and the refining by heat maps are
facts of MediaPipe's graph tensors_to_pose_landmarks_and_segmentation (Apache-2.0).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harstudio.live.pose.regions import Region
from harstudio.live.pose.tflite import TfliteModel, sigmoid

COUNT = 33
ALL = 39  # with 33 and 34, the points that the next region comes from, and four that nobody uses
HIPS, ABOVE = 33, 34
LEAST_SCORE = 0.5
KERNEL = 7  # cells of the heat map around a point that refine it
LEAST_CONFIDENCE = 0.5  # of the heat map's best cell there


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks:
    """One person, named as an unmirrored picture shows them (topology ``mediapipe_33``).

    score: 0 to 1, whether somebody is there. pixels: (33, 2) float32. visibility, presence: (33,)
    float32, 0 to 1: not hidden; inside the picture. world: (33, 3) float32 metres from the middle
    of the hips, x right in the picture, y down, z away. next_region: where to look in the next
    picture.
    """

    score: float
    pixels: NDArray[np.float32]
    visibility: NDArray[np.float32]
    presence: NDArray[np.float32]
    world: NDArray[np.float32]
    next_region: Region


class LandmarkModel:
    """Finds the landmarks of the person in a region."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Errors are those of ``TfliteModel``."""
        self._model = TfliteModel(path, threads)

    def find(self, picture: NDArray[np.uint8], region: Region) -> Landmarks | None:
        """The person in a region of an (H, W, 3) uint8 RGB picture; None where nobody is."""
        side = self._model.side
        outputs = self._model.run(region.cut(picture, side), 0.0, 1.0)
        raw, score, _segmentation, heat, world = outputs
        there = float(score.reshape(-1)[0])
        if not there >= LEAST_SCORE:
            return None
        rows = raw.reshape(ALL, 5)
        places = refine(rows[:, :2] / np.float32(side), heat[0])
        points = region.to_picture(places)
        return Landmarks(
            score=there,
            pixels=points[:COUNT],
            visibility=sigmoid(rows[:COUNT, 3]),
            presence=sigmoid(rows[:COUNT, 4]),
            world=region.turn(world.reshape(ALL, 3)[:COUNT]),
            next_region=Region.around(points[HIPS], points[ABOVE]),
        )


def refine(places: NDArray[np.float32], heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 2) places, 0 to 1, moved to the middle of the heat around them; heat: (rows, columns, n)
    logits. A place outside, or without enough heat, stays."""
    rows, columns, count = heat.shape
    cells = np.trunc(places * (columns, rows)).astype(np.int64)
    reach = np.arange(KERNEL) - KERNEL // 2
    x = cells[:, 0, None] + reach  # (n, kernel)
    y = cells[:, 1, None] + reach
    inside_x, inside_y = (x >= 0) & (x < columns), (y >= 0) & (y < rows)
    which = np.arange(count)[:, None, None]
    near = heat[y.clip(0, rows - 1)[:, :, None], x.clip(0, columns - 1)[:, None, :], which]
    weights = sigmoid(near) * (inside_y[:, :, None] & inside_x[:, None, :])
    best, total = weights.max(axis=(1, 2)), weights.sum(axis=(1, 2))
    moved = (best >= LEAST_CONFIDENCE) & inside_x[:, KERNEL // 2] & inside_y[:, KERNEL // 2]
    refined = places.copy()
    safe = np.maximum(total, 1e-9)
    refined[moved, 0] = ((weights.sum(axis=1) * x).sum(axis=1) / safe / columns)[moved]
    refined[moved, 1] = ((weights.sum(axis=2) * y).sum(axis=1) / safe / rows)[moved]
    return refined
