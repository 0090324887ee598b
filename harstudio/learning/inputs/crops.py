"""Crops of clips and dynamic images: small copies, boxes in them, what training draws.

What is drawn for one clip is drawn at once and first of all, so that inputs with equal generators
are cut and turned together whatever their settings. Boxes are on whole pixels of the small copy.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.results import Box

NARROWEST = 3 / 4  # width over height of a random crop, up to its inverse


class Drawn(NamedTuple):
    """Numbers in [0, 1) of one clip in training, the same for all its inputs."""

    time: float
    area: float
    ratio: float
    across: float
    down: float
    flip: float
    turn: float
    over: float

    @property
    def mirrored(self) -> bool:
        """Whether inputs that may flip do: half of all clips."""
        return self.flip < 0.5


def draw(rng: np.random.Generator) -> Drawn:
    """All that inputs share; whatever else one draws comes after it."""
    return Drawn(*rng.random(len(Drawn._fields)).tolist())


def peek(rng: np.random.Generator) -> Drawn:
    """What ``draw`` would give, for inputs that draw other numbers first; nothing is drawn."""
    return draw(copy.deepcopy(rng))


@dataclass(frozen=True, slots=True)
class Extent:
    """Which part of the stream's picture a small copy of width x height shows."""

    region: Box
    width: int
    height: int

    def box(self, inner: Box) -> Box:
        """A box of the small copy in pixels of the stream's picture."""
        across = (self.region.right - self.region.left) / self.width
        down = (self.region.bottom - self.region.top) / self.height
        return Box(
            self.region.left + inner.left * across,
            self.region.top + inner.top * down,
            self.region.left + inner.right * across,
            self.region.top + inner.bottom * down,
        )


def shrunk(frame: NDArray[Any], short: int, *, nearest: bool = False) -> NDArray[Any]:
    """A copy whose shorter side is ``short``, never larger than the frame.

    nearest: takes pixels as they are (depth: a mean with no value would be a false distance).
    """
    height, width = frame.shape[:2]
    factor = short / min(height, width)
    if factor >= 1:
        return np.ascontiguousarray(frame)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    how = cv2.INTER_NEAREST if nearest else cv2.INTER_AREA
    out: NDArray[Any] = cv2.resize(np.ascontiguousarray(frame), size, interpolation=how)
    return out


def part(width: int, height: int, wide: float, high: float, across: float, down: float) -> Box:
    """A box of that size; across and down: where it lies in the room there is, 0.5 = centred."""
    wide_px = int(np.clip(round(wide), 1, width))
    high_px = int(np.clip(round(high), 1, height))
    left = int(across * (width - wide_px) + 0.5)
    top = int(down * (height - high_px) + 0.5)
    return Box(left, top, left + wide_px, top + high_px)


def square(width: int, height: int, share: float, drawn: Drawn | None) -> Box:
    """A square with this share of the shorter side: in the middle, in training anywhere."""
    side = share * min(width, height)
    across, down = (0.5, 0.5) if drawn is None else (drawn.across, drawn.down)
    return part(width, height, side, side, across, down)


def random_area(width: int, height: int, scale: tuple[float, float], drawn: Drawn) -> Box:
    """A random resized crop: a share of the area within ``scale``, sides from 3:4 to 4:3."""
    low, high = sorted(scale)
    area = (low + drawn.area * (high - low)) * width * height
    ratio = NARROWEST ** (1 - 2 * drawn.ratio)
    wide, tall = (area * ratio) ** 0.5, (area / ratio) ** 0.5
    return part(width, height, wide, tall, drawn.across, drawn.down)


def random_sides(width: int, height: int, scale: tuple[float, float], drawn: Drawn) -> Box:
    """A random crop of the picture's own shape: a share of both sides within ``scale``."""
    low, high = sorted(scale)
    share = low + drawn.area * (high - low)
    return part(width, height, share * width, share * height, drawn.across, drawn.down)


def random_scales(width: int, height: int, shares: Sequence[float], drawn: Drawn) -> Box:
    """A multi-scale crop: width and height are shares of the shorter side, next to each other in
    the list of shares at most (Wang et al. 2016)."""
    wide, high = neighbours(shares, drawn)
    short = min(width, height)
    return part(width, height, wide * short, high * short, drawn.across, drawn.down)


def neighbours(shares: Sequence[float], drawn: Drawn) -> tuple[float, float]:
    """Two of the shares, next to each other in the list at most."""
    first = int(drawn.area * len(shares))
    near = range(max(0, first - 1), min(len(shares), first + 2))
    return shares[first], shares[near[int(drawn.ratio * len(near))]]


def pixels_in(picture: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """What a box that lies within a picture shows."""
    return picture[int(box.top) : int(box.bottom), int(box.left) : int(box.right)]


def turned(
    pictures: NDArray[np.uint8],
    drawn: Drawn | None,
    *,
    flip: bool,
    quarters: bool,
    vertical: bool = False,
) -> NDArray[np.uint8]:
    """(T, H, W, 3) mirrored left and right in half of all cases, top and bottom in half of all
    cases, turned by quarters; each only where it is asked for."""
    if drawn is None:
        return pictures
    if flip and drawn.mirrored:
        pictures = pictures[:, :, ::-1]
    if vertical and drawn.over < 0.5:
        pictures = pictures[:, ::-1]
    if quarters:
        pictures = np.rot90(pictures, int(drawn.turn * 4), axes=(1, 2))
    return pictures
