"""Records: what an input reads, as bytes that can be mapped into memory.

A record is the length of its head (8 bytes, little-endian), the head in JSON, and the arrays that
the head names, each at a multiple of 64 bytes; equal arrays are one. The head tells dataclasses by
name and the values of their fields, so that nothing is run when it is read. ``LAYOUT`` is what this
version knows; records of another one must not be read.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.learning.inputs.clip import Frames
from harstudio.learning.inputs.crops import Extent
from harstudio.learning.inputs.dynamic import DynamicImages
from harstudio.learning.inputs.inertial import Signal
from harstudio.learning.inputs.picture import Still, Stills
from harstudio.learning.inputs.regions import Mosaic, Piece
from harstudio.learning.inputs.tracks import Tracks
from harstudio.learning.preprocessing import Raw
from harstudio.results import Box

ALIGNED = 64
LENGTH = struct.Struct("<Q")
KNOWN: dict[str, type] = {
    one.__name__: one
    for one in (
        Raw, Tracks, Still, Stills, Frames, Extent, DynamicImages, Mosaic, Piece, Signal, Box
    )
}  # fmt: skip
PLAIN = (type(None), bool, int, float, str)
DTYPES = "biuf"  # kinds of numbers that arrays hold

Bytes = NDArray[np.uint8]
Arrays = dict[tuple[str, tuple[int, ...], bytes], int]  # dtype, shape and bytes to their number


def _names(kind: type) -> list[str]:
    """The fields of a dataclass or named tuple, in their order."""
    if is_dataclass(kind):
        return [one.name for one in fields(kind)]
    names: tuple[str, ...] = getattr(kind, "_fields", ())
    return list(names)


LAYOUT: dict[str, list[str]] = {name: _names(kind) for name, kind in KNOWN.items()}


def aligned(size: int) -> int:
    """The next multiple of 64."""
    return -(-size // ALIGNED) * ALIGNED


def pack(value: Any) -> bytes:
    """The record of a value; TypeError where it holds what no record can."""
    arrays: Arrays = {}
    tree = _told(value, arrays)
    told = [[text, list(shape)] for text, shape, _ in arrays]
    head = json.dumps({"value": tree, "arrays": told}, ensure_ascii=False).encode()
    out = bytearray(LENGTH.pack(len(head)) + head)
    for _, _, data in arrays:
        out.extend(bytes(aligned(len(out)) - len(out)))
        out.extend(data)
    return bytes(out)


def unpack(record: Bytes) -> Any:
    """The value of a record; its arrays are views that cannot be written, so they are read from the
    disk when they are used. ValueError where it is damaged."""
    try:
        (size,) = LENGTH.unpack(record[: LENGTH.size].tobytes())
        at = LENGTH.size + size
        head = json.loads(record[LENGTH.size : at].tobytes())
        arrays: list[NDArray[Any]] = []
        for text, shape in head["arrays"]:
            dtype = np.dtype(text)
            if dtype.kind not in DTYPES:
                raise ValueError(f"an array of {text}")
            at, count = aligned(at), int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
            arrays.append(record[at : at + count].view(dtype).reshape(shape))
            at += count
        return _made(head["value"], arrays)
    except (KeyError, IndexError, TypeError, AttributeError, struct.error) as error:
        raise ValueError(f"no record: {error}") from None


def _told(value: Any, arrays: Arrays) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    kind = type(value)
    if kind in PLAIN:
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in DTYPES:
        key = value.dtype.str, value.shape, value.tobytes()
        return {"array": arrays.setdefault(key, len(arrays))}
    if KNOWN.get(kind.__name__) is kind:
        told = [_told(getattr(value, name), arrays) for name in LAYOUT[kind.__name__]]
        return {"is": kind.__name__, "has": told}
    if kind is tuple:
        return {"tuple": [_told(one, arrays) for one in value]}
    if isinstance(value, Mapping):
        return {"table": {str(key): _told(one, arrays) for key, one in value.items()}}
    raise TypeError(f"a record cannot hold {kind.__name__}")


def _made(told: Any, arrays: list[NDArray[Any]]) -> Any:
    if not isinstance(told, dict):
        return told
    if "array" in told:
        return arrays[told["array"]]
    if "tuple" in told:
        return tuple(_made(one, arrays) for one in told["tuple"])
    if "table" in told:
        return {key: _made(one, arrays) for key, one in told["table"].items()}
    kind = KNOWN[told["is"]]
    return kind(*(_made(one, arrays) for one in told["has"]))
