"""Cameras and pictures of sensors that do not give a mirror image, as the studio's own.

Drivers count pixels and metres as OpenCV does: x right, y down, z away, of a picture as a camera
sees it. Ours are of the mirror image, y up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.skeletons.cameras import Camera


def sensor_camera(
    size: tuple[int, int],
    focal: tuple[float, float],
    middle: tuple[float, float],
    distortion: Sequence[float] = (),
    *,
    mirrored: bool,
    rotation: NDArray[np.float64] | None = None,
    translation: NDArray[np.float64] | None = None,
) -> Camera:
    """A camera as a driver tells it.

    size: width and height in pixels. focal, middle: pixels. distortion: k1 k2 p1 p2 k3 [k4 k5 k6]
    (Brown-Conrady; with the last three the rational model, whose radial part is replaced by the
    polynomial nearest to it inside the picture). rotation (3, 3), translation (3,) m: from the
    depth camera into this one, y down. mirrored: whether its pictures are flipped.
    """
    width, height = size
    k1, k2, p1, p2, k3, k4, k5, k6 = (*distortion, *([0.0] * (8 - len(distortion))))
    if k4 or k5 or k6:
        corner = np.hypot(width / 2 / focal[0], height / 2 / focal[1])
        r2 = np.linspace(0, 1, 100) * corner**2
        powers = np.stack([r2, r2**2, r2**3], axis=1)
        aim = (1 + powers @ [k1, k2, k3]) / (1 + powers @ [k4, k5, k6])
        k1, k2, k3 = np.linalg.lstsq(powers, aim - 1, rcond=None)[0].tolist()
    side = -1.0 if mirrored else 1.0
    axes = np.array([side, -1.0, 1.0])
    turn = np.eye(3) if rotation is None else np.asarray(rotation, dtype=np.float64)
    shift = np.zeros(3) if translation is None else np.asarray(translation, dtype=np.float64)
    return Camera(
        width,
        height,
        focal[0],
        focal[1],
        width - 1 - middle[0] if mirrored else middle[0],
        middle[1],
        float(k1),
        float(k2),
        float(k3),
        float(p1),
        float(side * p2) + 0.0,
        rotation=axes[:, None] * turn * axes + 0.0,  # no -0.0
        translation=axes * shift + 0.0,
    )


def picture(pixels: NDArray[Any], mirrored: bool) -> NDArray[Any]:
    """A copy of its own, flipped from left to right where asked; the driver's memory is reused."""
    return (pixels[:, ::-1] if mirrored else pixels).copy()
