"""What webcams and videos need: a mirror image, and RGB."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def flipped(picture: NDArray[Any]) -> NDArray[Any]:
    """The mirror image of (H, W, ...)."""
    return np.asarray(cv2.flip(picture, 1))


def rgb_of_bgr(picture: NDArray[Any], *, mirror: bool) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of OpenCV's BGR, or of one gray channel; mirrored on request."""
    code = cv2.COLOR_GRAY2RGB if picture.ndim == 2 else cv2.COLOR_BGR2RGB
    rgb = cv2.cvtColor(picture, code)
    return np.asarray(cv2.flip(rgb, 1) if mirror else rgb, dtype=np.uint8)
