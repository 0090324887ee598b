"""Folders of depth pictures, one PNG a frame with its number in the name; nothing is decoded."""

from __future__ import annotations

import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from harstudio.errors import DataError

PNG = re.compile(r"M?Depth-?(\d{1,8})\.png", re.IGNORECASE)
MAX_SIDE = 16384


@dataclass(frozen=True, slots=True)
class DepthFolder:
    """The pictures of one folder in the order of their numbers, and the size of the first."""

    folder: Path
    names: tuple[str, ...]
    numbers: tuple[int, ...]
    width: int
    height: int

    @property
    def paths(self) -> list[Path]:
        """The files in order."""
        return [self.folder / name for name in self.names]

    @property
    def lost(self) -> int:
        """How many numbers between the first and the last picture have none."""
        return self.numbers[-1] - self.numbers[0] + 1 - len(self.numbers)


def is_depth_folder(folder: Path) -> bool:
    """Whether the first file in a folder is named like a depth picture; one look, no listing."""
    try:
        with os.scandir(folder) as entries:
            first = next((entry.name for entry in entries if not entry.name.startswith(".")), "")
    except OSError:
        return False
    return PNG.fullmatch(first) is not None


def list_depth_folder(folder: Path) -> DepthFolder:
    """The depth pictures of a folder; DataError where there are none or the first is damaged."""
    try:
        with os.scandir(folder) as entries:
            matches = [match for entry in entries if (match := PNG.fullmatch(entry.name))]
    except OSError as error:
        raise DataError(f"Cannot be read ({error.strerror}).", path=folder) from error
    if not matches:
        raise DataError("There are no depth pictures in this folder.", path=folder)
    numbered = sorted((int(match[1]), match[0]) for match in matches)
    names = tuple(name for _, name in numbered)
    width, height = _size(folder / names[0])
    return DepthFolder(folder, names, tuple(number for number, _ in numbered), width, height)


def _size(path: Path) -> tuple[int, int]:
    try:
        with path.open("rb") as file:
            head = file.read(24)
    except OSError as error:
        raise DataError(f"Cannot be read ({error.strerror}).", path=path) from error
    if len(head) < 24 or not head.startswith(b"\x89PNG\r\n\x1a\n"):
        raise DataError("This is no PNG picture.", path=path)
    width, height = struct.unpack(">II", head[16:24])
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise DataError(f"The picture says it is {width} x {height}.", path=path)
    return int(width), int(height)
