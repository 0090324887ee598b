"""Depth pictures as one PNG a frame, 16 bit grey, millimetres, 0 = none."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

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


class DepthPngReader:
    """Frames of a folder of depth pictures; each stands alone."""

    def __init__(self, pictures: DepthFolder) -> None:
        self._pictures = pictures

    def read(self, index: int) -> NDArray[np.uint16]:
        path = self._pictures.folder / self._pictures.names[index]
        shape = (self._pictures.height, self._pictures.width)
        if _size(path) != (shape[1], shape[0]):
            raise DataError("The picture has not the size of the first one.", path=path)
        try:
            data = np.fromfile(path, dtype=np.uint8)
            picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        except (OSError, cv2.error) as error:
            raise DataError("The picture cannot be decoded.", path=path) from error
        if picture is None or picture.shape != shape or picture.dtype not in (np.uint8, np.uint16):
            raise DataError("The picture cannot be decoded as grey depth.", path=path)
        return np.asarray(picture, dtype=np.uint16)

    def read_run(self, index: int) -> Iterator[tuple[int, NDArray[np.uint16]]]:
        yield index, self.read(index)

    def close(self) -> None:
        """No file is kept open."""
