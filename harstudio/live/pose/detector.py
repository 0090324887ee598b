"""BlazePose's detector: where in a picture people are, and how they stand.

V. Bazarevsky et al., BlazePose: On-device Real-time Body Pose tracking, 2020. The anchors, scales
and thresholds are facts of MediaPipe's graph pose_detection_cpu (Apache-2.0). The model sees a
square of 224 pixels, so the whole picture is made that small, and a person must fill about a sixth
of its height.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.live.pose.regions import Region
from harstudio.live.pose.tflite import TfliteModel, sigmoid

# Cells of the model's grids with the boxes in each: strides 8, 16, 32; three layers share the last.
GRIDS = ((28, 2), (14, 2), (7, 6))
LEAST_SCORE = 0.3  # half-hidden people have little more; who looks on asks the landmark model too
SAME = 0.3  # intersection over union from which two boxes show one person


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A person: score 0 to 1; box: (4,) of the head, left, top, right, bottom in pixels; region:
    where the whole person stands."""

    score: float
    box: NDArray[np.float32]
    region: Region


class Detector:
    """Finds all people of a picture."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Errors are those of ``TfliteModel``."""
        self._model = TfliteModel(path, threads)
        self._anchors = anchors()

    def find(self, picture: NDArray[np.uint8]) -> list[Detection]:
        """People in an (H, W, 3) uint8 RGB picture, the surest first."""
        height, width = picture.shape[:2]
        side = self._model.side
        scale = side / max(height, width)
        small = np.array([width * scale, height * scale])
        left, top = (side - small) / 2
        square = cv2.warpAffine(
            picture,
            np.array([[scale, 0, left], [0, scale, top]]),
            (side, side),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
        )
        raw, logits = self._model.run(np.asarray(square, dtype=np.uint8), -1.0, 1.0)
        scores = sigmoid(logits.reshape(-1))
        sure = np.flatnonzero(scores >= LEAST_SCORE)
        places = decode(raw.reshape(-1, 12)[sure], self._anchors[sure], side)
        found = []
        for score, box, points in merge(scores[sure], places):
            pixels = (points - (left, top)) / scale
            corners = (box - (left, top)) / scale
            region = Region.around(pixels[0], pixels[1])
            found.append(Detection(score, corners.reshape(4).astype(np.float32), region))
        return found


def anchors() -> NDArray[np.float32]:
    """(2254, 2) middles of the model's boxes, x and y from 0 to 1."""
    rows = []
    for cells, each in GRIDS:
        middle = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(middle, middle, indexing="ij")
        rows.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), each, axis=0))
    return np.concatenate(rows).astype(np.float32)


def decode(
    raw: NDArray[np.float32], middles: NDArray[np.float32], side: int
) -> NDArray[np.float32]:
    """(n, 12) raw boxes and their anchors to (n, 6, 2) pixels of the model's square: two corners
    of the box, middle of the hips, the point for size and turn, the same two of the upper body."""
    start = middles * side
    middle, half = raw[:, 0:2] + start, raw[:, 2:4] / 2
    points = raw[:, 4:].reshape(-1, 4, 2) + start[:, None]
    corners = np.stack([middle - half, middle + half], axis=1)
    return np.concatenate([corners, points], axis=1)


def merge(
    scores: NDArray[np.float32], places: NDArray[np.float32]
) -> list[tuple[float, NDArray[np.float32], NDArray[np.float32]]]:
    """Weighted non-maximum suppression (V. Bazarevsky et al., BlazeFace, 2019): boxes that overlap
    become their mean, weighed by score. One row a person: score, corners (2, 2), points (4, 2)."""
    left = np.argsort(-scores, kind="stable")
    found = []
    while left.size:
        together = overlap(places[left[0], :2], places[left, :2]) > SAME
        together[0] = True
        chosen = left[together]
        weights = scores[chosen] / scores[chosen].sum()
        mean = np.einsum("n,nkc->kc", weights, places[chosen])
        found.append((float(scores[left[0]]), mean[:2], mean[2:]))
        left = left[~together]
    return found


def overlap(one: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of a (2, 2) box with (n, 2, 2) others: (n,), 0 to 1."""
    low = np.maximum(one[0], others[:, 0])
    high = np.minimum(one[1], others[:, 1])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    sizes = np.prod(others[:, 1] - others[:, 0], axis=1)
    union = np.prod(one[1] - one[0]) + sizes - shared
    return np.asarray(shared / np.maximum(union, 1e-9), dtype=np.float32)
