"""The ``.skeleton`` text files of NTU RGB+D: every body of every frame, as arrays.

Grammar: number of frames; for each frame the number of bodies; for each body a line of ten
values (its id first), the number of joints (25) and a line of twelve values a joint:
``x y z  depthX depthY  colorX colorY  w x y z  trackingState``. Ids have 17 digits and stay text.

Blank-separated numbers become a JSON array when the blanks become commas, and simdjson turns that
into an array at once. A file with anything unusual (NaN, more blanks, damage) is read line by
line instead, which also tells the line that is wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import simdjson
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from harstudio.errors import DataError
from harstudio.recordings.streams import Body, SkeletonFrame

JOINTS = 25
JOINT_VALUES = 12
BODY_VALUES = 10
MAX_FILE_BYTES = 1 << 30
MAX_AT_ONCE = 1 << 26  # a recording of an hour has fewer bytes
COMMAS = bytes.maketrans(b" \n", b",,")
_PARSER, _PARSING = simdjson.Parser(), threading.Lock()
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
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"Cannot be read ({error.strerror}).", path=path) from error
    table = _at_once(data)
    return _line_by_line(data, path) if table is None else table


def _at_once(data: bytes) -> SkeletonTable | None:
    """A file with nothing unusual in it; None for any other."""
    text = data.rstrip()
    numbers = _array(text)
    if not len(numbers):
        text = text.replace(b"\r", b"").replace(b" \n", b"\n")
        numbers = _array(text)
    if not len(numbers):
        return None
    # Number k of the file ends at blanks[k].
    blanks = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) <= ord(" "))
    line_ends = np.frombuffer(text, dtype=np.uint8)[blanks] == ord("\n")
    starts = np.concatenate(([0], np.flatnonzero(line_ends) + 1))  # first number of each line
    found = _bodies_of(numbers, starts)
    if found is None:
        return None
    first, at = found
    spans = zip((blanks[at - 1] + 1).tolist(), blanks[at].tolist(), strict=True)
    ids = tuple(text[start:end].decode("ascii") for start, end in spans)
    blocks = sliding_window_view(numbers, JOINTS * JOINT_VALUES) if ids else numbers[:0, None]
    values = blocks[at + BODY_VALUES + 1]
    if values.max(initial=0) > 1e30 or values.min(initial=0) < -1e30:
        return None
    shaped = values.astype(np.float32).reshape(-1, JOINTS, JOINT_VALUES)
    return SkeletonTable(first, ids, shaped)


def _array(text: bytes) -> NDArray[np.float64]:
    """All numbers of the text, none where one of them is not written as JSON has it."""
    none = np.zeros(0)
    if len(text) > MAX_AT_ONCE:
        return none
    array = None
    with _PARSING:  # the parser's memory is used again, which takes a third of the time
        try:
            array = _PARSER.parse(b"[" + text.translate(COMMAS) + b"]")
            assert isinstance(array, simdjson.Array)  # noqa: S101 - for the type checker
            return np.array(memoryview(array.as_buffer(of_type="d")).cast("d"))
        except (ValueError, TypeError, RuntimeError):
            return none
        finally:
            del array  # the parser refuses to go on while somebody holds its last answer


def _bodies_of(
    numbers: NDArray[np.float64], starts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """``first`` and for each body the place of its first number, None where a line does not fit."""
    widths = np.diff(starts, append=len(numbers))
    single = np.flatnonzero(widths == 1)
    lines = iter(zip(single.tolist(), numbers[starts[single]].tolist(), strict=True))
    first, bodies, at = [0], [], 1  # at: the line that comes next
    try:
        frames = next(lines)[1]
        while len(first) <= frames:
            line, count = next(lines)
            if line != at or count != int(count):
                return None
            at += 1
            for _ in range(int(count)):
                if next(lines) != (at + 1, JOINTS):
                    return None
                bodies.append(at)
                at += 2 + JOINTS
            first.append(len(bodies))
    except StopIteration:
        return None
    heads = np.array(bodies, dtype=np.int64)
    expected = np.full(at, JOINT_VALUES)
    expected[single[single < at]] = 1
    expected[heads] = BODY_VALUES
    if len(first) != frames + 1 or not np.array_equal(widths, expected):
        return None
    return np.array(first, dtype=np.int64), starts[heads]


def _line_by_line(data: bytes, path: Path) -> SkeletonTable:
    """Any file; DataError names the line that is wrong."""
    lines = data.decode("latin-1").splitlines()
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
