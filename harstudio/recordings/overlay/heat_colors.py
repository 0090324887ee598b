"""Colours of weights: inferno, see-through below the threshold; for screens and videos."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

STEPS_A_CELL = 12  # so finely a cell is interpolated before it is coloured
MOST_STEPS = 256
RAMP = 0.25  # of the scale above the threshold, over which it fades in
JOINTS_FROM = 0.18  # of inferno: below that it is black, and joints stand on black


@lru_cache(maxsize=1)
def inferno() -> NDArray[np.uint8]:
    """(256, 3) uint8 RGB, even to the eye."""
    import cv2  # not before it is needed: the studio starts without it

    ramp = np.arange(256, dtype=np.uint8)[:, None]
    return np.ascontiguousarray(cv2.applyColorMap(ramp, cv2.COLORMAP_INFERNO)[:, 0, ::-1])


@lru_cache(maxsize=16)
def heat_table(threshold: float, opacity: float) -> NDArray[np.uint8]:
    """(256, 4) uint8 premultiplied BGRA for weights from 0 to 1; alpha 0 up to the threshold."""
    levels = np.linspace(0, 1, 256, dtype=np.float32)
    alpha = opacity * np.clip((levels - threshold) / RAMP, 0, 1)
    colors = inferno()[:, ::-1] * alpha[:, None]
    table: NDArray[np.uint8] = np.rint(np.column_stack([colors, alpha * 255])).astype(np.uint8)
    return table


@lru_cache(maxsize=1)
def joint_table() -> NDArray[np.uint8]:
    """(256, 4) uint8 BGRA of joints: inferno without its black end, opaque."""
    at = np.rint(np.linspace(JOINTS_FROM, 1, 256) * 255).astype(np.intp)
    return np.column_stack([inferno()[at, ::-1], np.full(256, 255, np.uint8)])


def joint_growth(weight: float) -> float:
    """How much larger than usual a joint of that weight is."""
    return 0.75 + 1.6 * min(max(weight, 0.0), 1.0)


def finer(values: NDArray[np.float32]) -> NDArray[np.intp]:
    """(h, w) in [0, 1] -> a finer grid of indices of a table."""
    import cv2

    rows, columns = values.shape
    times = max(1, min(STEPS_A_CELL, MOST_STEPS // max(rows, columns)))
    known = np.nan_to_num(values).astype(np.float32)
    finer = cv2.resize(known, (columns * times, rows * times), interpolation=cv2.INTER_CUBIC)
    return np.rint(np.clip(finer, 0, 1) * 255).astype(np.intp)
