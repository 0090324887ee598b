"""The ``.skeleton`` text files of NTU RGB+D: every body of every frame, as arrays.

Grammar: number of frames; for each frame the number of bodies; for each body a line of ten
values (its id first), the number of joints (25) and a line of twelve values a joint:
``x y z  depthX depthY  colorX colorY  w x y z  trackingState``. The structure is read line by
line (a body at a step), the numbers of all joints together. Ids have 17 digits and stay text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError
from harstudio.recordings.streams import Body, SkeletonFrame

JOINTS = 25
JOINT_VALUES = 12
BODY_VALUES = 10
MAX_FILE_BYTES = 1 << 30
GET_AGAIN = "Get the file again from the dataset."


@dataclass(frozen=True, slots=True, eq=False)
class SkeletonTable:
    """B bodies of T frames.

    first: (T + 1,) int64; the bodies of frame t are first[t] ... first[t + 1] - 1.
    ids: one text a body. values: (B, 25, 12) float32 in the order of the file; NaN where the
    file says so or the value is no finite number.
    """

    first: NDArray[np.int64]
    ids: tuple[str, ...]
    values: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.first) - 1

    @property
    def max_bodies(self) -> int:
        """Most bodies in one frame."""
        return int(np.diff(self.first).max(initial=0))

    @property
    def joints(self) -> NDArray[np.float32]:
        """(B, 25, 3) metres."""
        return self.values[..., 0:3]

    @property
    def depth_px(self) -> NDArray[np.float32]:
        """(B, 25, 2) pixels of the 512 x 424 depth and infrared pictures."""
        return self.values[..., 3:5]

    @property
    def color_px(self) -> NDArray[np.float32]:
        """(B, 25, 2) pixels of the 1920 x 1080 colour picture."""
        return self.values[..., 5:7]

    def scaled(self, depth: tuple[float, float], color: tuple[float, float]) -> SkeletonTable:
        """The same bodies with pixels for pictures of another size: factors across and down."""
        if depth == color == (1.0, 1.0):
            return self
        factors = np.ones(JOINT_VALUES, dtype=np.float32)
        factors[3:7] = (*depth, *color)
        return SkeletonTable(self.first, self.ids, self.values * factors)

    @property
    def tracking(self) -> NDArray[np.uint8]:
        """(B, 25): 0 not tracked, 1 inferred, 2 tracked."""
        states = np.nan_to_num(self.values[..., 11], nan=0.0)
        return np.clip(states, 0, 2).astype(np.uint8)


def read_skeleton(path: Path) -> SkeletonTable:
    """Parse a ``.skeleton`` file; DataError names the file and the line that is wrong."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise DataError("This file is too large for a .skeleton file.", path=path)
        lines = path.read_bytes().decode("latin-1").splitlines()
    except OSError as error:
        raise DataError(f"Cannot be read ({error.strerror}).", path=path) from error
    first, body_lines = _structure(lines, path)
    values = _numbers(lines, body_lines, path)
    ids = tuple(lines[at].split(None, 1)[0] for at in body_lines)
    return SkeletonTable(np.array(first, dtype=np.int64), ids, values)


def _structure(lines: list[str], path: Path) -> tuple[list[int], list[int]]:
    """Bodies before each frame, and for each body the number of its first line."""
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise DataError("The file is empty.", path=path, remedy=GET_AGAIN)
    frames = _count(lines, 0, path)
    first, bodies = [0], []
    at = 1
    for _ in range(frames):
        count = _count(lines, at, path)
        at += 1
        for _ in range(count):
            if at + 2 + JOINTS > len(lines):
                raise _wrong(path, len(lines), "the file ends too early")
            if len(lines[at].split()) != BODY_VALUES:
                raise _wrong(path, at + 1, f"a body has {BODY_VALUES} values")
            if _count(lines, at + 1, path) != JOINTS:
                raise _wrong(path, at + 2, f"a body has {JOINTS} joints")
            bodies.append(at)
            at += 2 + JOINTS
        first.append(len(bodies))
    if at != len(lines):
        raise _wrong(path, at + 1, f"there is more after the last of {frames} frames")
    return first, bodies


def _count(lines: list[str], at: int, path: Path) -> int:
    if at >= len(lines):
        raise _wrong(path, len(lines), "the file ends too early")
    text = lines[at].strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise _wrong(path, at + 1, f"a number is expected, not {text[:40]!r}")
    return int(text)


def _numbers(lines: list[str], body_lines: list[int], path: Path) -> NDArray[np.float32]:
    """(B, 25, 12) values of the joints."""
    if not body_lines:
        return np.zeros((0, JOINTS, JOINT_VALUES), dtype=np.float32)
    joints: list[str] = []
    for at in body_lines:
        joints += lines[at + 2 : at + 2 + JOINTS]
    try:
        values = np.loadtxt(joints, dtype=np.float64, comments=None, ndmin=2)
    except ValueError:
        values = np.zeros((0, 0))
    if values.shape != (len(joints), JOINT_VALUES):
        raise _first_wrong(lines, body_lines, path)
    values[~np.isfinite(values) | (np.abs(values) > 1e30)] = np.nan
    return values.astype(np.float32).reshape(-1, JOINTS, JOINT_VALUES)


def _first_wrong(lines: list[str], body_lines: list[int], path: Path) -> DataError:
    """Which joint's line is no row of twelve numbers."""
    for body in body_lines:
        for at in range(body + 2, body + 2 + JOINTS):
            try:
                good = len([float(text) for text in lines[at].split()]) == JOINT_VALUES
            except ValueError:
                good = False
            if not good:
                return _wrong(path, at + 1, f"a joint has {JOINT_VALUES} numbers")
    return _wrong(path, 1, "the joints cannot be read")


def _wrong(path: Path, line: int, what: str) -> DataError:
    return DataError(f"Line {line} is wrong: {what}.", path=path, remedy=GET_AGAIN)


class TableReader:
    """Frames of a parsed file."""

    def __init__(self, table: SkeletonTable) -> None:
        self._table = table
        self._tracking = table.tracking

    def read(self, index: int) -> SkeletonFrame:
        table = self._table
        start, stop = int(table.first[index]), int(table.first[index + 1])
        return SkeletonFrame(tuple(self._body(k) for k in range(start, stop)))

    def _body(self, k: int) -> Body:
        values = self._table.values[k]
        return Body(
            id=self._table.ids[k],
            joints=np.ascontiguousarray(values[:, 0:3]),
            tracking=self._tracking[k],
            depth_px=np.ascontiguousarray(values[:, 3:5]),
            color_px=np.ascontiguousarray(values[:, 5:7]),
            orientations=np.ascontiguousarray(values[:, 7:11]),
        )

    def read_run(self, index: int) -> Iterator[tuple[int, SkeletonFrame]]:
        yield index, self.read(index)

    def close(self) -> None:
        """The file was let go of when it had been parsed."""
