"""What windows that overlap read alike: frames, decoded once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

import numpy as np

T = TypeVar("T")
MOST_BYTES = 512 << 20  # of pictures


class Kept:
    """Frames of one recording by a key that says all they depend on, for windows that begin later
    and later. For one thread. Arrays are kept read-only."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._free = most_bytes
        self._values: dict[Hashable, tuple[int, object]] = {}

    def get(self, time_ns: int, key: Hashable, make: Callable[[], T]) -> T:
        """The frame of ``key`` at a time; made where it is not there, and kept where there is room.
        Raises what ``make`` raises."""
        if key in self._values:
            return cast("T", self._values[key][1])
        value = make()
        if _size(value) <= self._free:
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
            self._values[key] = time_ns, value
            self._free -= _size(value)
        return value

    def forget_before(self, time_ns: int) -> None:
        """Let go of what lies before the beginning of the next window."""
        for key in [key for key, (at, _) in self._values.items() if at < time_ns]:
            self._free += _size(self._values.pop(key)[1])


def _size(value: object) -> int:
    if isinstance(value, tuple):
        return sum(map(_size, value))
    return value.nbytes if isinstance(value, np.ndarray) else 0
