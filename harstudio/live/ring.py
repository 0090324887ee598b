"""Frames in shared memory: one process puts them in, others read the newest or every one.

Nobody waits for anybody: where a reader is slow, frames are overwritten before it sees them, and
the numbers that it missed tell how many. Layout: a head (magic, slots, bytes of a slot, the number
of the newest frame), then the slots. A slot begins with the frame's number, which is -1 while it is
written; a reader that finds another number after reading than before throws away what it read.

Times are of ``time.monotonic_ns``, which is one clock for all processes of a machine.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
import time
from collections.abc import Iterator
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, UsageError

MAGIC = 0x48415252494E4731  # "HARRING1"
HEAD = struct.Struct("<QQQq")  # magic, slots, bytes of a slot, newest
SLOT = struct.Struct("<qqqqQ")  # number, time, captured, ready, bytes
NUMBER = struct.Struct("<q")
HEAD_BYTES, SLOT_HEAD_BYTES = 64, 64  # so that data begin where the processor likes it
WAIT_S = 0.001
WRITING = -1
CLOSED = "The shared memory was let go of."


class RingFrame(NamedTuple):
    """One frame as it was put in.

    sequence: its number from 0. time_ns: the sensor's time. captured_ns: when what it comes from
    reached this machine. ready_ns: when it was put in. data: its own copy.
    """

    sequence: int
    time_ns: int
    captured_ns: int
    ready_ns: int
    data: NDArray[np.uint8]


class Stamp(NamedTuple):
    """When a frame was, as in ``RingFrame``."""

    time_ns: int
    captured_ns: int


class Ring:
    """One stream's frames. Whoever creates it owns it, and takes it away with ``close``."""

    def __init__(self, memory: SharedMemory, slots: int, slot_bytes: int, *, owned: bool) -> None:
        self.slots, self.slot_bytes = slots, slot_bytes
        self._memory: SharedMemory | None = memory
        self._owned = owned
        self._stride = SLOT_HEAD_BYTES + _padded(slot_bytes)
        self._bytes = np.frombuffer(_buffer(memory), dtype=np.uint8)

    @classmethod
    def create(cls, slots: int, slot_bytes: int) -> Ring:
        """A new ring, empty. slot_bytes: the most that one frame takes. DataError: the computer
        has no room for it."""
        if slots < 2 or slot_bytes < 1:
            raise UsageError(f"A ring has at least two slots of a byte, not {slots}, {slot_bytes}.")
        size = HEAD_BYTES + slots * (SLOT_HEAD_BYTES + _padded(slot_bytes))
        memory = _reserved(size)
        for k in range(slots):
            at = HEAD_BYTES + k * (SLOT_HEAD_BYTES + _padded(slot_bytes))
            NUMBER.pack_into(_buffer(memory), at, WRITING)
        HEAD.pack_into(_buffer(memory), 0, MAGIC, slots, slot_bytes, -1)
        return cls(memory, slots, slot_bytes, owned=True)

    @classmethod
    def attach(cls, address: dict[str, Any]) -> Ring:
        """The ring that another process owns; DataError where it is gone."""
        name = str(address.get("name"))
        try:
            memory = _attached(name)
        except (OSError, ValueError) as error:
            raise DataError(f"The shared memory {name} is gone.") from error
        magic, slots, slot_bytes, _ = HEAD.unpack_from(_buffer(memory), 0)
        if magic != MAGIC:
            memory.close()
            raise DataError(f"The shared memory {name} holds no frames.")
        return cls(memory, slots, slot_bytes, owned=False)

    @property
    def address(self) -> dict[str, Any]:
        """What ``attach`` needs; builtins."""
        return {"name": self._open.name}

    def write(self, data: NDArray[Any] | bytes | memoryview, time_ns: int, captured_ns: int) -> int:
        """Put a frame in; its number. One writer at a time. UsageError: it is too large."""
        buffer = _buffer(self._open)
        if isinstance(data, np.ndarray):
            given = np.ascontiguousarray(data).reshape(-1).view(np.uint8)
        else:
            given = np.frombuffer(data, dtype=np.uint8)
        if given.size > self.slot_bytes:
            raise UsageError(
                f"A frame of {given.size} bytes does not fit into {self.slot_bytes} bytes."
            )
        sequence = self.newest() + 1
        at = self._at(sequence)
        NUMBER.pack_into(buffer, at, WRITING)
        start = at + SLOT_HEAD_BYTES
        self._bytes[start : start + given.size] = given
        ready_ns = time.monotonic_ns()
        SLOT.pack_into(buffer, at, WRITING, time_ns, captured_ns, ready_ns, given.size)
        NUMBER.pack_into(buffer, at, sequence)
        NUMBER.pack_into(buffer, HEAD.size - NUMBER.size, sequence)
        return sequence

    def newest(self) -> int:
        """Number of the newest frame, -1 before the first."""
        with _told_when_closed():
            return int(NUMBER.unpack_from(_buffer(self._open), HEAD.size - NUMBER.size)[0])

    def oldest(self) -> int:
        """Number of the oldest frame that may still be there."""
        return max(0, self.newest() - self.slots + 2)  # the next one may be written over now

    def read(self, sequence: int) -> RingFrame | None:
        """The frame with this number; None where it is not there yet or no more."""
        if sequence < 0:
            return None
        buffer, at, everything = _buffer(self._open), self._at(sequence), self._bytes
        with _told_when_closed():
            number, time_ns, captured_ns, ready_ns, size = SLOT.unpack_from(buffer, at)
            if number != sequence or size > self.slot_bytes:
                return None
            start = at + SLOT_HEAD_BYTES
            data = everything[start : start + size].copy()
            if NUMBER.unpack_from(buffer, at)[0] != sequence:  # written over meanwhile
                return None
        return RingFrame(sequence, time_ns, captured_ns, ready_ns, data)

    def stamp(self, sequence: int) -> Stamp | None:
        """When the frame with this number was, without copying it; None where it is not there."""
        if sequence < 0:
            return None
        with _told_when_closed():
            number, time_ns, captured_ns, _, _ = SLOT.unpack_from(
                _buffer(self._open), self._at(sequence)
            )
        return Stamp(time_ns, captured_ns) if number == sequence else None

    def wait(self, after: int, timeout_s: float) -> int:
        """Number of the newest frame as soon as it is above ``after``, else after the time."""
        until = time.monotonic() + timeout_s
        while (newest := self.newest()) <= after and time.monotonic() < until:
            time.sleep(WAIT_S)
        return newest

    def close(self) -> None:
        """Let go of the memory; the owner takes it away from the machine."""
        memory, self._memory = self._memory, None
        if memory is None:
            return
        self._bytes = np.empty(0, dtype=np.uint8)
        with contextlib.suppress(BufferError):  # somebody still reads; it goes with the process
            memory.close()
        if self._owned:
            memory.unlink()

    @property
    def _open(self) -> SharedMemory:
        if self._memory is None:
            raise DataError(CLOSED)
        return self._memory

    def _at(self, sequence: int) -> int:
        return HEAD_BYTES + (sequence % self.slots) * self._stride


def _buffer(memory: SharedMemory) -> memoryview:
    if memory.buf is None:  # another thread has just let go of it
        raise DataError(CLOSED)
    return memory.buf


@contextlib.contextmanager
def _told_when_closed() -> Iterator[None]:
    """DataError where another thread lets go of the memory in this moment."""
    try:
        yield
    except ValueError as error:
        raise DataError(CLOSED) from error


def _reserved(size: int) -> SharedMemory:
    """New memory that is really there: where a container's /dev/shm is small, a write beyond it
    would end the process."""
    try:
        memory = SharedMemory(create=True, size=size)
    except OSError as error:
        raise _no_room(size) from error
    if sys.platform.startswith("linux"):
        try:
            os.posix_fallocate(memory._fd, 0, size)  # type: ignore[attr-defined]
        except OSError as error:
            memory.close()
            memory.unlink()
            raise _no_room(size) from error
    return memory


def _no_room(size: int) -> DataError:
    return DataError(
        f"There is no shared memory of {size / 1e6:.0f} MB to be had for a stream.",
        remedy="Choose a smaller picture, close other programs or, in a container, give /dev/shm "
        "1 GB (docker run --shm-size=1g).",
    )


def _padded(size: int) -> int:
    return -(-size // 64) * 64


def _attached(name: str) -> SharedMemory:
    """Without the tracker of this process, which would take it away from its owner."""
    if sys.version_info >= (3, 13):
        return SharedMemory(name, track=False)
    memory = SharedMemory(name)
    if sys.platform != "win32":
        resource_tracker.unregister(memory._name, "shared_memory")  # type: ignore[attr-defined]
    return memory
