"""What a depth picture knows, where the colour camera sees it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.skeletons.cameras import Camera

CLOSE_PX = 5  # of the depth picture: gaps between pixels that move apart, and its shadows


def in_color(
    mask: NDArray[np.bool_], depth: NDArray[np.uint16], seen_by: Camera, camera: Camera
) -> NDArray[np.bool_]:
    """A mask (h, w) of a depth picture, millimetres, in the picture of the colour camera.

    Pixels of the mask are put into space by the depth camera ``seen_by`` and projected by
    ``camera``; gaps between them are closed. Its edges are as coarse as the depth picture.
    """
    scale = max(1.0, camera.fx / seen_by.fx)
    height, width = (max(1, round(side / scale)) for side in (camera.height, camera.width))
    small = np.zeros((height, width), dtype=np.uint8)
    v, u = np.nonzero(mask & (depth > 0))
    z = depth[v, u] / 1000.0
    points = np.stack(
        [
            (u + 0.5 - seen_by.cx) / seen_by.fx * z,
            (seen_by.cy - v - 0.5) / seen_by.fy * z,
            z,
        ],
        axis=1,
    )
    pixels = camera.project(points)
    pixels = pixels[np.isfinite(pixels).all(axis=1)]
    x = np.floor(pixels[:, 0] * width / camera.width)
    y = np.floor(pixels[:, 1] * height / camera.height)
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    small[y[inside].astype(int), x[inside].astype(int)] = 1
    around = np.ones((CLOSE_PX, CLOSE_PX), dtype=np.uint8)
    small = np.asarray(cv2.morphologyEx(small, cv2.MORPH_CLOSE, around), dtype=np.uint8)
    size = camera.width, camera.height
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_NEAREST), dtype=np.bool_)
