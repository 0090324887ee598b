"""Numeric arrays in MATLAB files of version 5 (what ``save`` writes by default).

Headers are read without inflating the data, so that the shape of a depth recording is known in
microseconds. Every size a file claims is checked against what the file can hold before memory is
taken: a damaged file costs no more than a whole one.
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError

HEADER_BYTES = 128
PEEK_BYTES = 4096
MAX_INFLATION = 1040  # deflate cannot do better than 1032:1
MAX_VARIABLES = 1000
MAX_VALUES = 1 << 28
MATRIX, COMPRESSED = 14, 15
NUMERIC_CLASSES = range(6, 16)
COMPLEX_FLAG = 0x0800
DTYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4"}
DTYPES |= {9: "f8", 12: "i8", 13: "u8"}


@dataclass(frozen=True, slots=True)
class Variable:
    """A numeric array in a file: its name and shape, and where its bytes lie."""

    name: str
    shape: tuple[int, ...]
    order: str  # "<" or ">"
    offset: int
    stored_bytes: int
    compressed: bool
    data_at: int  # of the element that holds the values, inside the inflated matrix


class _BrokenError(Exception):
    """The bytes are not what they should be; told to the user by the caller, with the file."""


def matlab_variables(path: Path) -> dict[str, Variable]:
    """The numeric variables of a file by name; DataError where the file is no such file."""
    try:
        with path.open("rb") as file:
            order = _order(file.read(HEADER_BYTES))
            return {found.name: found for found in _walk(file, order, path.stat().st_size)}
    except OSError as error:
        raise DataError(f"Cannot be read ({error.strerror}).", path=path) from error
    except (_BrokenError, struct.error, zlib.error, UnicodeDecodeError) as error:
        raise DataError(
            f"This is no whole MATLAB file ({error}).",
            path=path,
            remedy="Get the file again from the dataset.",
        ) from error


def load_matlab(path: Path, variable: Variable) -> NDArray[Any]:
    """The values of a variable, in MATLAB's order of memory; DataError where they are damaged."""
    try:
        with path.open("rb") as file:
            file.seek(variable.offset)
            stored = file.read(variable.stored_bytes)
        return _values(stored, variable)
    except OSError as error:
        raise DataError(f"Cannot be read ({error.strerror}).", path=path) from error
    except (_BrokenError, struct.error, zlib.error) as error:
        raise DataError(
            f"The values of {variable.name} are damaged ({error}).",
            path=path,
            remedy="Get the file again from the dataset.",
        ) from error


def _order(header: bytes) -> str:
    if header.startswith((b"MATLAB 7.3", b"\x89HDF")):
        raise _BrokenError("it is of version 7.3; save it with -v7 in MATLAB")
    order = {b"IM": "<", b"MI": ">"}.get(header[126:128])
    if len(header) < HEADER_BYTES or order is None:
        raise _BrokenError("its header is missing")
    return order


def _walk(file: BinaryIO, order: str, size: int) -> list[Variable]:
    found: list[Variable] = []
    position = HEADER_BYTES
    while position + 8 <= size and len(found) < MAX_VARIABLES:
        file.seek(position)
        kind, stored = struct.unpack(order + "II", file.read(8))
        if position + 8 + stored > size:
            raise _BrokenError("it ends too early")
        if kind in (MATRIX, COMPRESSED):
            peek = file.read(min(stored, PEEK_BYTES))
            found += _variable(peek, order, position + 8, stored, kind == COMPRESSED)
        position += 8 + stored
    if not found:
        raise _BrokenError("it holds no numeric array")
    return found


def _variable(
    peek: bytes, order: str, offset: int, stored: int, compressed: bool
) -> list[Variable]:
    """The variable whose first bytes these are; nothing for text, cells and structures."""
    if compressed:
        peek = zlib.decompressobj().decompress(peek, PEEK_BYTES)
        kind, _ = struct.unpack_from(order + "II", peek)
        if kind != MATRIX:
            raise _BrokenError("a variable is no matrix")
        peek = peek[8:]
    _, flags, at = _element(peek, 0, order)
    flag_word = struct.unpack_from(order + "I", flags)[0]
    if flag_word & 0xFF not in NUMERIC_CLASSES:
        return []
    kind, raw_shape, at = _element(peek, at, order)
    if kind != 5 or len(raw_shape) % 4 or not 2 <= len(raw_shape) // 4 <= 32:
        raise _BrokenError("the shape of a variable is damaged")
    shape = struct.unpack(f"{order}{len(raw_shape) // 4}i", raw_shape)
    _, name, at = _element(peek, at, order)
    if min(shape) < 0 or flag_word & COMPLEX_FLAG:
        raise _BrokenError("a variable is not an array of real numbers")
    return [Variable(name.decode("ascii"), shape, order, offset, stored, compressed, at)]


def _element(data: bytes, at: int, order: str) -> tuple[int, bytes, int]:
    """Type and bytes of the element at a position, and where the next one starts."""
    word = struct.unpack_from(order + "I", data, at)[0]
    small = word >> 16
    if small:
        if small > 4:
            raise _BrokenError("an element is damaged")
        return word & 0xFFFF, data[at + 4 : at + 4 + small], at + 8
    count = struct.unpack_from(order + "I", data, at + 4)[0]
    if at + 8 + count > len(data):
        raise _BrokenError("an element is longer than the data")
    return word, data[at + 8 : at + 8 + count], at + 8 + -(-count // 8) * 8


def _inflate(stored: bytes, most: int) -> bytes:
    """At most so many bytes; the end is reached so that the check sum is looked at."""
    inflater = zlib.decompressobj()
    data = inflater.decompress(stored, most)
    if not inflater.eof:
        inflater.decompress(inflater.unconsumed_tail, 64)
    if not inflater.eof:
        raise _BrokenError("the compressed data do not end where they should")
    return data


def _values(stored: bytes, variable: Variable) -> NDArray[Any]:
    count = math.prod(variable.shape)
    limit = len(stored) * (MAX_INFLATION if variable.compressed else 1)
    if count > min(limit, MAX_VALUES):
        raise _BrokenError(f"the shape {variable.shape} does not fit the file")
    matrix = stored
    if variable.compressed:
        most = 8 + variable.data_at + 8 + count * 8 + 8
        matrix = _inflate(stored, most)[8:]
    kind, data, _ = _element(matrix, variable.data_at, variable.order)
    if kind not in DTYPES:
        raise _BrokenError("the kind of number is unknown")
    dtype = np.dtype(variable.order + DTYPES[kind])
    if len(data) != count * dtype.itemsize:
        raise _BrokenError(f"{len(data) // dtype.itemsize} values for the shape {variable.shape}")
    values = np.frombuffer(data, dtype=dtype).reshape(variable.shape, order="F")
    return np.asarray(values, dtype=dtype.newbyteorder("="))
