"""Pictures with real people: the portrait of Grace Hopper that comes with matplotlib."""

from __future__ import annotations

import cv2
import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

PORTRAIT = (512, 600)  # width, height


def portrait() -> NDArray[np.uint8]:
    """(600, 512, 3) uint8 RGB, not mirrored: head, shoulders, upper arms."""
    path = f"{mpl.get_data_path()}/sample_data/grace_hopper.jpg"
    picture = cv2.imread(path)
    assert picture is not None
    return np.ascontiguousarray(picture[:, :, ::-1])


def crowd(size: tuple[int, int], *people: tuple[float, float, float]) -> NDArray[np.uint8]:
    """A (height, width, 3) picture of a grey room with the portrait in it once for each (left,
    top, scale) in pixels, later ones in front."""
    width, height = size
    room = np.full((height, width, 3), 128, dtype=np.uint8)
    for left, top, scale in people:
        place = np.array([[scale, 0.0, left], [0.0, scale, top]])
        cv2.warpAffine(
            portrait(), place, size, dst=room,
            flags=cv2.INTER_AREA, borderMode=cv2.BORDER_TRANSPARENT,
        )  # fmt: skip
    return room
