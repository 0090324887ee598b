"""Explanations as plain records and three heaps of numbers, for files."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.results import (
    Box,
    Cut,
    Explanation,
    HeatMap,
    Importance,
    JointWeights,
    Kind,
    Matrix,
    ModalityShare,
    Picture,
    Relation,
)

Record = dict[str, Any]
MOST_CELLS = 1 << 22  # of one matrix
MOST_PIXELS = 1 << 24  # of one picture


class Heaps:
    """Numbers of many arrays one after the other: values float32, times int64, pixels uint8."""

    def __init__(self) -> None:
        self._values: list[NDArray[np.float32]] = []
        self._times: list[NDArray[np.int64]] = []
        self._pixels: list[NDArray[np.uint8]] = []
        self._next_value = self._next_time = self._next_pixel = 0

    @staticmethod
    def of(
        values: NDArray[np.float32], times_ns: NDArray[np.int64], pixels: NDArray[np.uint8]
    ) -> Heaps:
        """Heaps to take from."""
        heaps = Heaps()
        heaps._values, heaps._times, heaps._pixels = [values], [times_ns], [pixels]
        return heaps

    def put(self, values: NDArray[np.float32], times_ns: NDArray[np.int64] | None) -> Record:
        """Add an array and its times; the record says how to take them again."""
        self._values.append(np.ascontiguousarray(values, dtype=np.float32).ravel())
        if times_ns is not None:
            self._times.append(np.asarray(times_ns, dtype=np.int64))
        return {"shape": list(values.shape), "times": 0 if times_ns is None else len(times_ns)}

    def take(
        self, record: Record, dimensions: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The next array and times; ValueError where the heaps do not hold them."""
        shape = [int(length) for length in record["shape"]]
        times = int(record["times"])
        if len(shape) != dimensions or min(shape) < 0 or times not in (0, shape[0]):
            raise ValueError("an explanation has the wrong shape")
        value_end, time_end = self._next_value + math.prod(shape), self._next_time + times
        (values,), (all_times,) = self._values, self._times
        if value_end > values.size or time_end > all_times.size:
            raise ValueError("an explanation is missing")
        taken = values[self._next_value : value_end].reshape(shape)
        taken_times = all_times[self._next_time : time_end]
        self._next_value, self._next_time = value_end, time_end
        return taken, taken_times

    def put_pixels(self, pixels: NDArray[np.uint8]) -> Record:
        """Add a picture, (h, w, 3)."""
        self._pixels.append(np.ascontiguousarray(pixels, dtype=np.uint8).ravel())
        return {"shape": list(pixels.shape)}

    def take_pixels(self, record: Record) -> NDArray[np.uint8]:
        """The next picture; ValueError where the heap does not hold it."""
        height, width, channels = (int(length) for length in record["shape"])
        if min(height, width) < 1 or height * width > MOST_PIXELS or channels != 3:
            raise ValueError("a picture has the wrong shape")
        end = self._next_pixel + height * width * channels
        (pixels,) = self._pixels
        if end > pixels.size:
            raise ValueError("a picture is missing")
        taken = pixels[self._next_pixel : end].reshape(height, width, channels)
        self._next_pixel = end
        return taken

    def all_values(self) -> NDArray[np.float32]:
        """Everything that was put, (n,) float32."""
        return np.concatenate([np.empty(0, dtype=np.float32), *self._values])

    def all_times(self) -> NDArray[np.int64]:
        """Everything that was put, (m,) int64."""
        return np.concatenate([np.empty(0, dtype=np.int64), *self._times])

    def all_pixels(self) -> NDArray[np.uint8]:
        """Everything that was put, (p,) uint8."""
        return np.concatenate([np.empty(0, dtype=np.uint8), *self._pixels])


def described(one: Explanation, heaps: Heaps) -> Record:
    """Everything but the numbers, as builtins; the numbers go to the heaps."""
    record: Record = {"kind": str(one.kind), "name": one.name, "meaning": one.meaning}
    if isinstance(one, Picture):
        cuts = [[cut.time_ns, _numbers(cut.box), _numbers(cut.part), cut.of] for cut in one.cuts]
        return record | heaps.put_pixels(one.pixels) | {"stream": one.stream, "cuts": cuts}
    record |= heaps.put(one.values, None if isinstance(one, Relation | Matrix) else one.times_ns)
    match one:
        case HeatMap():
            record |= {
                "stream": one.stream,
                "boxes": [_numbers(box) for box in one.boxes],
                "outlines": [_numbers(box) for box in one.outlines],
                "joint": one.joint,
                "moved_m": one.moved_m,
            }
        case JointWeights():
            record |= {"topology": one.topology, "persons": list(one.persons)}
        case Relation():
            record |= {
                "grid": list(one.grid),
                "topology": one.topology,
                "person": one.person,
                "stream": one.stream,
                "time_ns": one.time_ns,
                "box": None if one.box is None else _numbers(one.box),
            }
        case ModalityShare():
            record |= {"modalities": list(one.modalities)}
        case Matrix():
            record |= {"rows": one.rows, "columns": one.columns}
        case Importance():
            pass
    return record


def restored(record: Record, heaps: Heaps) -> Explanation:
    """The explanation of a record; KeyError, TypeError or ValueError where it is damaged."""
    name, meaning = str(record["name"]), str(record["meaning"])
    return _READERS[Kind(record["kind"])](name, meaning, record, heaps)


def _heat_map(name: str, meaning: str, record: Record, heaps: Heaps) -> HeatMap:
    values, times = heaps.take(record, 3)
    boxes = tuple(_box(box) for box in record["boxes"])
    if not len(boxes) == len(times) == len(values):
        raise ValueError("a heat map has not one box a frame")
    moved, joint = record["moved_m"], record["joint"]
    return HeatMap(
        name,
        meaning,
        str(record["stream"]),
        times,
        values,
        boxes,
        tuple(_box(box) for box in record["outlines"]),
        None if joint is None else int(joint),
        None if moved is None else float(moved),
    )


def _joint_weights(name: str, meaning: str, record: Record, heaps: Heaps) -> JointWeights:
    values, times = heaps.take(record, 3)
    persons = tuple(str(person) for person in record["persons"])
    if len(persons) != values.shape[2] or len(times) != len(values):
        raise ValueError("joint weights have not one column a person")
    return JointWeights(name, meaning, str(record["topology"]), times, values, persons)


def _relation(name: str, meaning: str, record: Record, heaps: Heaps) -> Relation:
    values, _ = heaps.take(record, 2)
    rows, columns = (int(length) for length in record["grid"])
    if values.shape[0] != values.shape[1] or not 0 <= rows * columns <= len(values):
        raise ValueError("a relation is not square")
    return Relation(
        name,
        meaning,
        values,
        (rows, columns),
        str(record["topology"]),
        str(record["person"]),
        str(record["stream"]),
        int(record["time_ns"]),
        None if record["box"] is None else _box(record["box"]),
    )


def _modality_share(name: str, meaning: str, record: Record, heaps: Heaps) -> ModalityShare:
    values, times = heaps.take(record, 2)
    modalities = tuple(str(modality) for modality in record["modalities"])
    if len(modalities) != values.shape[1] or len(times) != len(values):
        raise ValueError("shares have not one column a modality")
    return ModalityShare(name, meaning, times, modalities, values)


def _importance(name: str, meaning: str, record: Record, heaps: Heaps) -> Importance:
    values, times = heaps.take(record, 1)
    if len(times) != len(values):
        raise ValueError("importance has not one value a time")
    return Importance(name, meaning, times, values)


def _matrix(name: str, meaning: str, record: Record, heaps: Heaps) -> Matrix:
    values, _ = heaps.take(record, 2)
    if not 0 < values.size <= MOST_CELLS or not np.isfinite(values).all():
        raise ValueError("a matrix is empty, too large, or holds what is no number")
    return Matrix(name, meaning, values, str(record["rows"]), str(record["columns"]))


def _picture(name: str, meaning: str, record: Record, heaps: Heaps) -> Picture:
    cuts = tuple(  # older files have none
        Cut(int(time_ns), _box(box), _box(part), str(of))
        for time_ns, box, part, of in record.get("cuts", ())
    )
    stream = str(record.get("stream", ""))
    return Picture(name, meaning, heaps.take_pixels(record), stream, cuts)


_READERS: dict[Kind, Callable[[str, str, Record, Heaps], Explanation]] = {
    Kind.HEAT_MAP: _heat_map,
    Kind.JOINT_WEIGHTS: _joint_weights,
    Kind.RELATION: _relation,
    Kind.MODALITY_SHARE: _modality_share,
    Kind.IMPORTANCE: _importance,
    Kind.MATRIX: _matrix,
    Kind.PICTURE: _picture,
}


def _numbers(box: Box) -> list[float]:
    return [float(edge) for edge in (box.left, box.top, box.right, box.bottom)]


def _box(numbers: list[float]) -> Box:
    left, top, right, bottom = (float(edge) for edge in numbers)
    return Box(left, top, right, bottom)
