"""Writes what Debian's fakenect, a libfreenect without a sensor, plays as a Kinect v1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 480
TICKS_PER_S = 60_000_000


def pictures(number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """Colour (480, 640, 3) and 11-bit depth (480, 640) of one moment, as the sensor sees it."""
    color = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    color[..., 0] = number
    color[..., 1] = np.arange(WIDTH) % 251
    color[..., 2] = np.arange(HEIGHT)[:, None] % 241
    depth = np.add.outer(np.arange(HEIGHT), np.arange(WIDTH)) % 700 + 300 + 10 * number
    return color, depth.astype(np.uint16)


def write_dump(folder: Path, frames: int, first_tick: int) -> None:
    """A dump of so many moments, 30 a second, as ``fakenect-record`` writes it."""
    folder.mkdir(parents=True)
    names = []
    for number in range(frames):
        color, depth = pictures(number)
        seconds = 1_700_000_000 + number / 30
        ticks = (first_tick + round(number * TICKS_PER_S / 30)) % (1 << 32)
        for letter, suffix, head, pixels in (
            ("d", "pgm", f"P5 {WIDTH} {HEIGHT} 65535\n", depth.astype("<u2")),
            ("r", "ppm", f"P6 {WIDTH} {HEIGHT} 255 \n", color),
        ):
            data = pixels.tobytes()
            name = f"{letter}-{seconds:.6f}-{ticks}-{len(data)}.{suffix}"
            (folder / name).write_bytes(head.encode() + data)
            names.append(name)
    (folder / "INDEX.txt").write_text("".join(f"{name}\n" for name in names))
