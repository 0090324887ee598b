"""How training changes what pictures look like: light, blur, distances, holes, what is behind.

Everything follows from one generator, so that pictures of one clip that have equal generators are
darker, blurred and moved together.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.learning.inputs import between, own_draws
from harstudio.learning.inputs.backgrounds import random_depth, random_picture
from harstudio.learning.inputs.frames import KeptSettings, PictureSettings

GAMMA = 2.2  # of colour: a byte is light to the power of 1 / 2.2
HOLES = 8  # rectangles without a value at most
LARGEST_HOLE = 4  # of a side: a quarter


class Look(NamedTuple):
    """What is drawn for the pictures of one clip: numbers in [0, 1), and a seed for the rest."""

    blur: float
    shift: float
    background: float
    seed: int
    light: float


def draw_look(rng: np.random.Generator) -> Look:
    """What inputs with generators in the same state share; the generator stays as it is."""
    later = own_draws(rng)
    blur, shift, background, light = later.random(4).tolist()
    return Look(blur, shift, background, int(later.integers(1 << 62)), light)


def darker(pictures: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """(..., 3) colour bytes in another light, this factor of the one that there was."""
    values = np.arange(256) * factor ** (1 / GAMMA)
    table: NDArray[np.uint8] = np.rint(np.clip(values, 0, 255)).astype(np.uint8)
    return table[pictures]


def blurred(pictures: NDArray[np.uint8], sigma_px: float) -> NDArray[np.uint8]:
    """(T, H, W, 3) through a Gaussian of that standard deviation."""
    if sigma_px < 0.1:
        return pictures
    return np.stack([cv2.GaussianBlur(one, (0, 0), sigma_px) for one in pictures])


def changed_pictures(
    pictures: NDArray[np.uint8], settings: PictureSettings, look: Look | None
) -> NDArray[np.uint8]:
    """(T, H, W, 3) of colour or infrared in another light and blurred, each where it is asked
    for; None as in testing."""
    if look is None or settings.appearance == "depth":
        return pictures
    if settings.light != (1.0, 1.0) and settings.appearance == "color":
        low, high = sorted(settings.light)
        pictures = darker(pictures, low + look.light * (high - low))
    if settings.blur_px:
        pictures = blurred(np.ascontiguousarray(pictures), look.blur * settings.blur_px)
    return pictures


def changed_kept(
    kept: NDArray[np.uint8], settings: KeptSettings, look: Look | None
) -> NDArray[np.uint8]:
    """Frames as they are kept with something else behind people, and of depth other distances and
    holes, each where it is asked for; None as in testing.

    kept: (T, h, w, 3) of colour, (T, h, w) places in the colour map of depth and infrared; 0 is
    what the person mask took away, of depth also what has no value.
    """
    if look is None or not _changes(settings):
        return kept
    rng = np.random.default_rng(look.seed)
    depth = settings.appearance == "depth"
    if depth and settings.depth_shift_mm:
        low, high = sorted(settings.depth_mm)
        away = (2 * look.shift - 1) * settings.depth_shift_mm * 255 / max(high - low, 1e-6)
        moved = np.clip(np.arange(256) + round(away), 1, 255).astype(np.uint8)
        moved[0] = 0
        kept = moved[kept]
    if look.background < settings.background and (depth or settings.person_band_m is not None):
        kept = _with_background(kept, settings, rng)
    if depth and settings.depth_holes:
        holes = holes_in(kept.shape[1], kept.shape[2], settings.depth_holes, rng)
        kept = np.where(holes, np.uint8(0), kept)
    return kept


def _changes(settings: KeptSettings) -> bool:
    return bool(settings.background or settings.depth_shift_mm or settings.depth_holes)


def _with_background(
    kept: NDArray[np.uint8], settings: KeptSettings, rng: np.random.Generator
) -> NDArray[np.uint8]:
    height, width = kept.shape[1:3]
    if settings.appearance == "depth":
        behind = _room(kept, settings, rng)
    else:
        behind = random_picture(height, width, rng)
        behind = behind if kept.ndim == 4 else behind[..., 0]
    gone = (kept == 0) if kept.ndim == 3 else (kept == 0).all(axis=-1, keepdims=True)
    return np.where(gone, behind, kept)


def _room(
    places: NDArray[np.uint8], settings: KeptSettings, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """(h, w) places of a room whose wall is behind whatever has a value."""
    low, high = sorted(settings.depth_mm)
    farthest = low + float(places.max()) / 255 * (high - low)
    depth = random_depth(places.shape[1], places.shape[2], farthest, rng)
    values = np.rint((depth - low) * (255 / max(high - low, 1e-6)))
    return np.asarray(np.clip(values, 1, 255), dtype=np.uint8)


def holes_in(height: int, width: int, most: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(height, width): a share of at most ``most`` without a value, half of it in rectangles, half
    in single pixels."""
    share = between((0.0, most), rng)
    out: NDArray[np.bool_] = rng.random((height, width)) < share / 2
    wanted, covered = share / 2 * height * width, 0.0
    for _ in range(HOLES):
        high, wide = (int(rng.integers(1, max(2, side // LARGEST_HOLE))) for side in out.shape)
        if covered + high * wide > wanted:
            continue
        top, left = int(rng.integers(height - high + 1)), int(rng.integers(width - wide + 1))
        out[top : top + high, left : left + wide] = True
        covered += high * wide
    return out
