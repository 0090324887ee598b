"""The native format's tables: exact clocks, skeletons and inertial samples, line by line.

A line that was cut or changed is left out and counted; the rest stands.
"""

from __future__ import annotations

import json
import re
import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError
from harstudio.recordings.streams import Body, SkeletonFrame

MAX_TIME_NS = 1 << 62
_SKELETON_HEAD = re.compile(rb'\{"t":(-?\d{1,19}),"i":\d{1,12},"s":"([^"\\]*)",')


@dataclass(frozen=True, slots=True)
class Lines:
    """The readable lines of one table, and how many could not be read."""

    documents: tuple[dict[str, Any], ...]
    damaged: int


def read_lines(path: Path) -> Lines:
    """All JSON objects of a table; a last line without its end is what a kill leaves: no damage."""
    documents: list[dict[str, Any]] = []
    damaged = 0
    for _, line in _placed_lines(path):
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            damaged += 1
            continue
        if isinstance(document, dict) and _is_time(document.get("t")):
            documents.append(document)
        else:
            damaged += 1
    return Lines(tuple(documents), damaged)


def _all_lines(path: Path) -> Iterator[bytes]:
    if not path.exists():
        return
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        raise DataError(f"Cannot be read ({error.strerror}).", path=path) from error


def _is_time(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < MAX_TIME_NS


def frame_times(lines: Lines, track: str) -> NDArray[np.int64]:
    """(T,) int64 times of frames 0, 1, ... of a track, up to the first that is lacking."""
    times: dict[int, int] = {}
    for line in lines.documents:
        if line.get("s") == track and isinstance(line.get("i"), int):
            times[line["i"]] = line["t"]
    count = next((n for n in range(len(times)) if n not in times), len(times))
    return np.array([times[n] for n in range(count)], dtype=np.int64)


def in_order(times: Sequence[int]) -> list[int]:
    """Positions of the longest part of ``times`` that never goes back."""
    tails: list[int] = []
    tail_times: list[int] = []
    previous: list[int] = []
    for position, time in enumerate(times):
        place = bisect_right(tail_times, time)
        previous.append(tails[place - 1] if place else -1)
        tails[place : place + 1] = [position]
        tail_times[place : place + 1] = [time]
    chain: list[int] = []
    position = tails[-1] if tails else -1
    while position >= 0:
        chain.append(position)
        position = previous[position]
    return chain[::-1]


@dataclass(frozen=True, slots=True)
class InertialTable:
    """times_ns (N,) int64; values (N, C) float32; left_out: lines damaged or out of order."""

    times_ns: NDArray[np.int64]
    values: NDArray[np.float32]
    left_out: int


def inertial_table(lines: Lines, stream: str, channels: int) -> InertialTable:
    """The samples of one inertial stream."""
    times: list[int] = []
    samples: list[NDArray[np.float32]] = []
    bad = 0
    for line in lines.documents:
        if line.get("s") != stream:
            continue
        sample = _floats(line.get("v"))
        if sample is None or sample.shape != (channels,):
            bad += 1
            continue
        times.append(line["t"])
        samples.append(sample)
    kept = in_order(times)
    values = np.array([samples[n] for n in kept], dtype=np.float32).reshape(-1, channels)
    times_ns = np.array([times[n] for n in kept], dtype=np.int64)
    return InertialTable(times_ns, values, bad + len(times) - len(kept))


class SkeletonTable:
    """Where each skeleton frame of a stream stands in its file; frames are parsed when read.

    Implements FrameReader. times_ns: (T,) int64. left_out: lines damaged or out of order.
    """

    def __init__(self, path: Path, stream: str, *, check: bool) -> None:
        """check: parse every line now, so that only whole frames are counted."""
        self.path = path
        self.left_out = 0
        self.joints = 0
        self.bodies = 0
        self._lock = threading.Lock()
        self._file: Any = None
        places: list[tuple[int, int]] = []
        times: list[int] = []
        for start, line in _placed_lines(path):
            head = _SKELETON_HEAD.match(line)
            if head is None or abs(int(head[1])) >= MAX_TIME_NS:
                self.left_out += 1
            elif head[2].decode("utf-8", "replace") == stream:
                if check and not self._whole(line):
                    self.left_out += 1
                    continue
                places.append((start, len(line)))
                times.append(int(head[1]))
        kept = in_order(times)
        self.left_out += len(times) - len(kept)
        self._places = [places[n] for n in kept]
        self.times_ns = np.array([times[n] for n in kept], dtype=np.int64)

    def read(self, index: int) -> SkeletonFrame:
        start, length = self._places[index]
        try:
            with self._lock:
                if self._file is None:
                    self._file = self.path.open("rb")
                self._file.seek(start)
                line = self._file.read(length)
            return parse_skeleton(line)
        except OSError as error:
            raise DataError(f"Cannot be read ({error.strerror}).", path=self.path) from error
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
            raise DataError(f"Skeleton frame {index} is damaged.", path=self.path) from error

    def read_run(self, index: int) -> Iterator[tuple[int, SkeletonFrame]]:
        yield index, self.read(index)

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _whole(self, line: bytes) -> bool:
        try:
            frame = parse_skeleton(line)
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
            return False
        self.bodies = max(self.bodies, len(frame.bodies))
        self.joints = max([self.joints, *(len(body.joints) for body in frame.bodies)])
        return True


def _placed_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    start = 0
    for line in _all_lines(path):
        if line.endswith(b"\n") and line.strip():
            yield start, line
        start += len(line)


def parse_skeleton(line: bytes) -> SkeletonFrame:
    """One line of skeleton.jsonl; ValueError, KeyError or TypeError where it is not whole."""
    document = json.loads(line)
    return SkeletonFrame(tuple(_decode_body(body) for body in document["bodies"]))


def _decode_body(document: dict[str, Any]) -> Body:
    joints = _array(document["xyz"], 3)
    tracking = np.array(document["state"], dtype=np.uint8)
    if tracking.shape != (len(joints),):
        raise ValueError("not as many states as joints")
    optional = {
        name: None if key not in document else _array(document[key], width, len(joints))
        for name, key, width in (
            ("depth_px", "depth_uv", 2),
            ("color_px", "color_uv", 2),
            ("orientations", "orientation", 4),
        )
    }
    return Body(str(document["id"]), joints, tracking, **optional)


def _array(values: Any, width: int, rows: int | None = None) -> NDArray[np.float32]:
    array = _floats(values)
    if array is None or array.ndim != 2 or array.shape[1] != width:
        raise ValueError("numbers are not in rows")
    if rows is not None and len(array) != rows:
        raise ValueError("not as many rows as joints")
    return array


def _floats(values: Any) -> NDArray[np.float32] | None:
    """Numbers, null for none, as float32 with NaN; None where they are something else."""
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    with np.errstate(over="ignore"):
        return array.astype(np.float32)
