"""A folder of numbered pictures: colour, or depth where they are 16-bit png files.

Pictures have no clock of their own: they are taken as 30 a second, in the order of the numbers
in their names. Pictures without numbers are no recording: they may be anything beside one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError
from harstudio.recordings.formats.first_look import damaged_pictures
from harstudio.recordings.formats.found import Claim, Found, Listing, OneByOne, Problem, Scanner
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import PictureStream, StreamKind, evenly

NAME = "pictures"
SUFFIXES = (".jpg", ".jpeg", ".png")
RATE_HZ = 30.0
LEAST_PICTURES = 2  # one picture in a folder is no recording
MAX_PIXELS = 1 << 26
_NUMBER = re.compile(r"\d+")


def recognises(path: Path) -> bool:
    """Whether the folder (or the folder that the picture is in) holds numbered pictures."""
    if path.is_dir():
        return bool(_sequence(path))
    return path.suffix.casefold() in SUFFIXES and path.is_file() and bool(_sequence(path.parent))


def open_recording(path: Path) -> Recording:
    """All pictures of the folder; their size and kind are told by the first readable one."""
    folder = path if path.is_dir() else path.parent
    names = _sequence(folder)
    if not names:
        raise DataError(
            "There are pictures in this folder, but no two whose names differ only by a number.",
            path=folder,
            remedy="Number them in the order in which they are to be shown: 1.png, 2.png.",
        )
    stream, problems = pictures_stream([folder / name for name in names])
    return Recording(
        name=folder.name,
        format=NAME,
        path=folder,
        streams={stream.name: stream},
        problems=problems,
    )


def holds_pictures(path: Path) -> bool:
    """Whether this is a picture or a folder with some, numbered or not."""
    if path.is_dir():
        return any(one.suffix.casefold() in SUFFIXES for one in path.iterdir())
    return path.suffix.casefold() in SUFFIXES


def scanner() -> Scanner:
    """A fresh scanner for one scan."""
    return OneByOne(_claim)


def pictures_stream(
    paths: Sequence[Path], *, name: str = "", kind: StreamKind | None = None
) -> tuple[PictureStream, tuple[str, ...]]:
    """A stream over picture files in the given order, and what is wrong with them.

    kind: None tells colour from depth by the first picture. DataError where none can be read.
    """
    unreadable = 0
    for path in paths:
        try:
            first = read_picture(path)
            break
        except DataError:
            unreadable += 1
    else:
        raise DataError("None of the pictures in this folder can be read.", path=paths[0].parent)
    told = StreamKind.DEPTH if first.dtype == np.uint16 else StreamKind.COLOR
    chosen = kind or told
    reader = PictureReader(paths, chosen, first.shape[:2])
    shown = reader.fit(first, paths[unreadable])
    stream = PictureStream(
        name or str(chosen),
        chosen,
        evenly(len(paths), RATE_HZ),
        reader,
        width=shown.shape[1],
        height=shown.shape[0],
        dtype=str(shown.dtype),
        nominal_rate_hz=RATE_HZ,
    )
    damaged = damaged_pictures(paths)
    return stream, (damaged,) if damaged else ()


def read_picture(path: Path) -> NDArray[Any]:
    """(H, W, 3) uint8 RGB or (H, W) uint8 or uint16 as stored; DataError naming the file."""
    try:
        data = np.fromfile(path, dtype=np.uint8)  # cv2.imread fails on non-ASCII Windows paths
    except OSError as error:
        raise DataError(f"Cannot be read ({error.strerror}).", path=path) from error
    try:
        _check_size(data, path)
        decoded = cv2.imdecode(data, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR)
    except cv2.error:
        decoded = None
    if decoded is None or decoded.dtype not in (np.uint8, np.uint16):
        raise DataError("Is not a readable picture.", path=path, remedy="It may be cut off.")
    if decoded.ndim == 3:
        return np.ascontiguousarray(_eight_bits(np.asarray(decoded))[:, :, 2::-1])
    return np.asarray(decoded)


def _check_size(data: NDArray[np.uint8], path: Path) -> None:
    """Refuse a png whose header asks for gigabytes; jpg is held to 64k x 64k by its format."""
    head = data[:24].tobytes()
    if head.startswith(b"\x89PNG") and len(head) == 24:
        width, height = (int.from_bytes(head[at : at + 4], "big") for at in (16, 20))
        if width * height > MAX_PIXELS:
            raise DataError(f"Its header says {width} x {height} pixels.", path=path)


class PictureReader:
    """One file a frame; implements FrameReader, safe to call from any thread."""

    def __init__(self, paths: Sequence[Path], kind: StreamKind, size: tuple[int, ...]) -> None:
        self._paths = tuple(paths)
        self._kind = kind
        self._size = size

    def read(self, index: int) -> NDArray[Any]:
        path = self._paths[index]
        return self.fit(read_picture(path), path)

    def read_run(self, index: int) -> Iterator[tuple[int, NDArray[Any]]]:
        yield index, self.read(index)

    def close(self) -> None:
        """Files are open only while they are read."""

    def fit(self, picture: NDArray[Any], path: Path) -> NDArray[Any]:
        """The picture as its stream promises it; DataError where it is of another size."""
        if picture.shape[:2] != self._size:
            height, width = self._size
            raise DataError(
                f"Is {picture.shape[1]} x {picture.shape[0]} pixels, "
                f"not {width} x {height} like the others.",
                path=path,
            )
        if self._kind == StreamKind.COLOR:
            return _as_color(picture)
        gray = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        if self._kind == StreamKind.DEPTH:
            return np.asarray(gray, dtype=np.uint16)
        return np.asarray(gray)


def _as_color(picture: NDArray[Any]) -> NDArray[Any]:
    eight = _eight_bits(picture)
    return eight if eight.ndim == 3 else np.repeat(eight[:, :, None], 3, axis=2)


def _eight_bits(picture: NDArray[Any]) -> NDArray[Any]:
    return (picture >> 8).astype(np.uint8) if picture.dtype == np.uint16 else picture


def _sequence(folder: Path) -> list[str]:
    """Names of the pictures that are shown, in order."""
    try:
        names = [p.name for p in folder.iterdir() if p.suffix.casefold() in SUFFIXES]
    except OSError:
        return []
    return longest_sequence(names)


def longest_sequence(names: Iterable[str]) -> list[str]:
    """The names that differ in their numbers only; of several such sets the largest.

    ``f_2.png`` stands before ``f_10.png``. A set of fewer than two is none.
    """
    sets: dict[str, list[str]] = {}
    for name in names:
        if _NUMBER.search(name) and Path(name).suffix.casefold() in SUFFIXES:
            sets.setdefault(_NUMBER.sub("#", name.casefold()), []).append(name)
    largest = max(sorted(sets.values()), key=len, default=[])
    if len(largest) < LEAST_PICTURES:
        return []
    return sorted(largest, key=lambda name: ([int(n) for n in _NUMBER.findall(name)], name))


def _claim(listing: Listing) -> Claim:
    names = longest_sequence(listing.files)
    if not names:
        return Claim()
    kind = StreamKind.COLOR
    if names[0].casefold().endswith(".png") and _is_deep(listing.folder / names[0]):
        kind = StreamKind.DEPTH
    found = Found(listing.folder, NAME, listing.folder.name, None, None, None, (str(kind),))
    pictures = [n for n in listing.files if Path(n).suffix.casefold() in SUFFIXES]
    damaged = damaged_pictures(listing.folder / name for name in names)
    problems = [Problem(listing.folder, damaged)] if damaged else []
    return Claim(files=pictures, recordings=[found], problems=problems)


def _is_deep(path: Path) -> bool:
    """Whether a png's header says 16-bit gray."""
    try:
        with path.open("rb") as file:
            head = file.read(26)
    except OSError:
        return False
    return head.startswith(b"\x89PNG") and head[24:26] == b"\x10\x00"
