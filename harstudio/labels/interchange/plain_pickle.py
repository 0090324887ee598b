"""Pickles of strangers: builtins and arrays of numbers, and nothing that could run.

A pickle is a program. This reads the few instructions that data need, names no class and calls
nothing but the five stand-ins below for what numpy writes; no code of numpy sees what the file
says before it was checked. The size of everything is bounded by the size of the file: a number in
it never reserves memory.
"""

from __future__ import annotations

import io
import pickle
import re
import struct
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from harstudio.labels.interchange.base import damaged, read_bytes
from harstudio.labels.model import brief

LARGEST_BYTES = 2 << 30
MOST_STEPS = 40_000_000  # NTU 120 has 114,480 samples of some 100 steps
MOST_DIMENSIONS = 8
KEY_BITS = 61  # the hash of a number is the rest after division by 2^61 - 1
INSTRUCTIONS = frozenset(
    """
    PROTO FRAME STOP MARK POP POP_MARK DUP NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG
    LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE
    BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8 EMPTY_LIST LIST APPEND APPENDS
    EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_DICT DICT SETITEM SETITEMS GET BINGET LONG_BINGET
    PUT BINPUT LONG_BINPUT MEMOIZE GLOBAL STACK_GLOBAL REDUCE BUILD
    """.split()  # noqa: SIM905 -- as pickletools lists them
)
NUMBER = re.compile(r"b1|[iu][1248]|f[248]|[US]\d{1,5}")


class RefusedError(ValueError):
    """The pickle wants something that data do not need."""


def read_pickle(path: Path, title: str) -> Any:
    """What a pickle holds: builtins, and ``PlainArray`` where it has arrays.

    DataError, with what it wants, when it is damaged, too large or more than data.
    """
    data = read_bytes(path, LARGEST_BYTES)
    try:
        return _Reader(_Bytes(data)).load()
    except RefusedError as error:
        raise damaged(path, f"it is refused, {error}", title) from error
    except MemoryError as error:
        raise damaged(path, "it needs more memory than there is", title) from error
    except Exception as error:  # a hostile program fails in any way
        raise damaged(path, f"its data end or are wrong ({type(error).__name__})", title) from error


class PlainArray:
    """An array as a pickle tells it; a copy is made when ``array`` is called."""

    def __init__(self) -> None:
        self._shape: tuple[int, ...] = (0,)
        self._dtype = np.dtype(np.int8)
        self._data: bytes | bytearray = b""
        self._fortran = False

    def fill(self, shape: object, dtype: object, fortran: object, data: object) -> None:
        """RefusedError when the data are not exactly those of an array of that shape."""
        sizes = shape if isinstance(shape, tuple) else (shape,)
        if isinstance(data, str):  # what Python 2 wrote
            data = data.encode("latin-1")
        whole = all(isinstance(n, int) and 0 <= n < 1 << 40 for n in sizes)
        if not (isinstance(data, (bytes, bytearray)) and isinstance(dtype, _DType) and whole):
            raise RefusedError("an array of it is none of numbers")
        kind = dtype.plain()
        if len(sizes) > MOST_DIMENSIONS or prod(sizes) * kind.itemsize != len(data):
            raise RefusedError("an array of it has other data than it says")
        self._shape, self._dtype, self._fortran, self._data = sizes, kind, bool(fortran), data

    def array(self) -> NDArray[Any]:
        """The numbers, in the machine's byte order."""
        flat = np.frombuffer(self._data, self._dtype)
        shaped = flat.reshape(self._shape, order="F" if self._fortran else "C")
        return np.ascontiguousarray(shaped.astype(self._dtype.newbyteorder("="), copy=False))


class _DType:
    """A number's type."""

    def __init__(self, code: object) -> None:
        if not (isinstance(code, str) and NUMBER.fullmatch(code)):
            raise RefusedError(f"an array of it holds no numbers: its type: {brief(code)}")
        self._code = code
        self._order: Literal["<", ">", "|", "="] = "="

    def set(self, state: object) -> None:
        if not (isinstance(state, tuple) and len(state) >= 5 and state[1] in ("<", ">", "|", "=")):
            raise RefusedError("an array of it has a damaged type")
        if any(part is not None for part in state[2:5]):
            raise RefusedError("an array of it holds records, no numbers")
        self._order = state[1]

    def plain(self) -> np.dtype[Any]:
        return np.dtype(self._code).newbyteorder(self._order)


def _array_class(*_: object) -> None:
    raise RefusedError("it makes an array by its class")


def _reconstruct(kind: object, _shape: object, _code: object) -> PlainArray:
    if kind is not _array_class:
        raise RefusedError("it makes an array of a strange class")
    return PlainArray()


def _dtype(code: object, *_: object) -> _DType:
    return _DType(code)


def _scalar(dtype: object, data: object) -> Any:
    one = PlainArray()
    one.fill((1,), dtype, False, data)
    return one.array()[0].item()


def _from_buffer(data: object, dtype: object, shape: object, order: object) -> PlainArray:
    array = PlainArray()
    array.fill(shape, dtype, order == "F", data)
    return array


def _encode(text: object, encoding: object) -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise RefusedError("it encodes a text")
    return text.encode("latin-1")


def _no_bytes(*arguments: object) -> bytes:
    if arguments:
        raise RefusedError("it makes bytes of something")
    return b""


KNOWN: dict[str, Callable[..., Any]] = {
    "_codecs.encode": _encode,
    "__builtin__.bytes": _no_bytes,
    "builtins.bytes": _no_bytes,
    "numpy.dtype": _dtype,
    "numpy.ndarray": _array_class,
    **{
        f"numpy.{core}.{name}": stand_in
        for core in ("core", "_core")
        for name, stand_in in (
            ("multiarray._reconstruct", _reconstruct),
            ("multiarray.scalar", _scalar),
            ("numeric._frombuffer", _from_buffer),
        )
    },
}


class _Bytes:
    """The file: never gives more than there is, and ends a program that does not end."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)
        self._size = len(data)
        self._steps = 0

    def read(self, count: int) -> bytes:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise RefusedError("it takes too many steps")
        if not 0 <= count <= self._size - self._file.tell():
            raise EOFError
        return self._file.read(count)

    def readline(self) -> bytes:
        self._steps += 1
        return self._file.readline(1 << 16)


class _Reader(pickle._Unpickler):  # its Python twin keeps what it was told in a dict, not an array
    """Only INSTRUCTIONS, only KNOWN, only texts and whole numbers as keys."""

    stack: list[Any]
    append: Callable[[Any], None]
    read: Callable[[int], bytes]
    pop_mark: Callable[[], list[Any]]
    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = {
        code: pickle._Unpickler.dispatch[code]
        for code in (getattr(pickle, name)[0] for name in INSTRUCTIONS)
    }

    def __init__(self, file: _Bytes) -> None:
        super().__init__(file, encoding="latin-1")

    def load(self) -> Any:
        try:
            return super().load()
        except KeyError as error:
            raise RefusedError("it has an instruction that data do not need") from error

    def find_class(self, module: str, name: str) -> Any:
        wanted = f"{module}.{name}"
        if wanted not in KNOWN:
            raise RefusedError(f"it wants to use “{wanted:.60}”")
        return KNOWN[wanted]

    def _load_frame(self) -> None:
        self.read(8)  # frames only say how much to read at once

    def _load_bytearray8(self) -> None:
        (size,) = struct.unpack("<Q", self.read(8))
        self.append(self.read(size))

    def _load_build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if isinstance(target, _DType):
            target.set(state)
        elif isinstance(target, PlainArray) and isinstance(state, tuple) and len(state) == 5:
            target.fill(*state[1:])
        else:
            raise RefusedError("it changes an object")

    def _load_reduce(self) -> None:
        arguments = self.stack.pop()
        function = self.stack[-1]
        if function not in KNOWN.values() or not isinstance(arguments, tuple):
            raise RefusedError("it calls something")
        self.stack[-1] = function(*arguments)

    def _load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._put([key, value])

    def _load_setitems(self) -> None:
        self._put(self.pop_mark())

    def _load_dict(self) -> None:
        items = self.pop_mark()
        self.append({})
        self._put(items)

    def _put(self, items: list[Any]) -> None:
        target = self.stack[-1]
        for key, value in zip(items[::2], items[1::2], strict=True):
            # the hash of a deep tuple would overflow the stack of the machine, and numbers beyond
            # KEY_BITS can be chosen so that all have one hash
            plain = isinstance(key, str) or (isinstance(key, int) and key.bit_length() < KEY_BITS)
            if not isinstance(target, dict) or not plain:
                raise RefusedError("a key of it is no text")
            target[key] = value


for _name, _load in (
    ("FRAME", _Reader._load_frame),
    ("BYTEARRAY8", _Reader._load_bytearray8),
    ("BUILD", _Reader._load_build),
    ("REDUCE", _Reader._load_reduce),
    ("SETITEM", _Reader._load_setitem),
    ("SETITEMS", _Reader._load_setitems),
    ("DICT", _Reader._load_dict),
):
    _Reader.dispatch[getattr(pickle, _name)[0]] = _load
