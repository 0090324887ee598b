"""Words on pictures, in any of the letters that DejaVu Sans has."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

Rgb = tuple[int, int, int]
TEXT: Rgb = (0xE8, 0xEA, 0xED)
QUIET: Rgb = (0x9A, 0xA3, 0xAF)
GROUND: Rgb = (0x0E, 0x11, 0x16)
ELLIPSIS = "…"
LEAST_TEXT_PX = 13


def text_px(height: int) -> int:
    """The size of letters on a picture of that height."""
    return max(LEAST_TEXT_PX, round(height / 42))


@lru_cache(maxsize=8)
def _font(size_px: int) -> FreeTypeFont:
    import matplotlib as mpl  # whose letters they are
    from PIL import ImageFont

    return ImageFont.truetype(Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"), size_px)


def wide(text: str, size_px: int) -> int:
    """How many pixels a line takes from left to right."""
    return int(np.ceil(_font(size_px).getlength(text)))


@lru_cache(maxsize=256)
def fitted(text: str, size_px: int, room_px: int) -> str:
    """As much of a line as there is room for."""
    if wide(text, size_px) <= room_px:
        return text
    kept = text
    while kept and wide(kept + ELLIPSIS, size_px) > room_px:
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS if kept else ""


@lru_cache(maxsize=256)
def _mask(text: str, size_px: int) -> NDArray[np.float32]:
    """(h, w) how much of each pixel the letters cover."""
    from PIL import Image, ImageDraw

    image = Image.new("L", (wide(text, size_px) + 1, round(size_px * 1.3)))
    ImageDraw.Draw(image).text((0, 0), text, fill=255, font=_font(size_px))
    return np.asarray(image, dtype=np.float32) / np.float32(255)


def write(
    pixels: NDArray[np.uint8], text: str, x: int, y: int, size_px: int, color: Rgb = TEXT
) -> None:
    """One line on (H, W, 3) RGB, its upper left corner at (x, y); cut off at the edges."""
    if not text:
        return
    mask = _mask(text, size_px)[max(0, -y) :, max(0, -x) :]
    x, y = max(0, x), max(0, y)
    here = pixels[y : y + mask.shape[0], x : x + mask.shape[1]]
    share = mask[: here.shape[0], : here.shape[1], None]
    here[:] = np.rint(here * (1 - share) + np.array(color, np.float32) * share).astype(np.uint8)


def tag(pixels: NDArray[np.uint8], text: str, x: int, y: int, size_px: int) -> None:
    """A line on a dark ground, moved so that it lies inside of the picture."""
    pad = round(size_px * 0.35)
    across, down = wide(text, size_px) + 2 * pad, round(size_px * 1.3) + pad
    x = max(0, min(x, pixels.shape[1] - across))
    y = max(0, min(y, pixels.shape[0] - down))
    ground = pixels[y : y + down, x : x + across]
    ground[:] = (ground * 0.16 + np.array(GROUND) * 0.84).astype(np.uint8)
    write(pixels, text, x + pad, y + pad // 2, size_px)
