"""The other side of ``azure_adapter.py``: starts it and reads its messages."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import struct
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, MissingError
from harstudio.jobs.launcher import death, environment
from harstudio.live.sources.source import SourceBusy, SourceLost
from harstudio.settings import load_settings

ADAPTER = Path(__file__).resolve().with_name("azure_adapter.py")
VARIABLE = "HARSTUDIO_AZURE_PYTHON"
MAGIC = b"HSA1"
MOST_HEADER, MOST_ARRAY = 1 << 20, 64 << 20  # bytes
DTYPES = ("uint8", "uint16")
WAITING = 8  # messages; older frames are let go of
TELLING_LINES = 5
RECIPE = (
    'Make it a Python of its own: python -m venv azure, then pip install "numpy<2" pyk4a-bundle '
    f"in it, and name that Python as azure_python in the settings or in ${VARIABLE}."
)


@dataclass(frozen=True)
class Message:
    """One message of the adapter. arrived_ns: our time at its first byte."""

    header: dict[str, Any]
    arrived_ns: int
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    times_us: dict[str, int] = field(default_factory=dict)


def azure_python() -> str:
    """The interpreter that has ``pyk4a``; MissingError: none is named, or it is not there."""
    named = os.environ.get(VARIABLE) or load_settings().azure_python
    if not named:
        raise MissingError("Azure Kinect's driver needs numpy older than 2.", remedy=RECIPE)
    found = shutil.which(named)
    if found is None:
        raise MissingError("This is no Python that can be run.", path=named, remedy=RECIPE)
    return found


class AzureProcess:
    """The adapter as a child process. ``next`` gives what it said, oldest first.

    dropped: messages that were let go of, because nobody took them in time.
    """

    def __init__(self, python: str, arguments: Sequence[str]) -> None:
        given = environment(1, Path(python))
        for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH"):  # never our packages
            given.pop(name, None)
        try:
            self._process = subprocess.Popen(
                [python, str(ADAPTER), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=given,
            )
        except OSError as error:
            raise MissingError(
                f"It does not start ({error.strerror}).", path=python, remedy=RECIPE
            ) from error
        self._python = python
        self.dropped = 0
        self._messages: queue.Queue[Message | DataError | None] = queue.Queue(WAITING)
        self._said: deque[str] = deque(maxlen=TELLING_LINES)
        self._followers = [_thread(self._listen), _thread(self._follow)]

    def __enter__(self) -> AzureProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def next(self, timeout_s: float) -> Message | None:
        """The next message, None where none comes in time.

        MissingError, SourceBusy, SourceLost: what it failed with; SourceLost: it ended.
        """
        try:
            message = self._messages.get(timeout=max(0.001, timeout_s))
        except queue.Empty:
            return None
        if message is None:
            raise self._ended()
        if isinstance(message, DataError):
            raise message
        if message.header["kind"] == "failed":
            raise self._failed(message.header)
        return message

    def wait_for(self, kind: str, timeout_s: float) -> Message:
        """The first message of a kind. SourceBusy: it does not come."""
        until = time.monotonic() + timeout_s
        while (left := until - time.monotonic()) > 0:
            message = self.next(left)
            if message is not None and message.header["kind"] == kind:
                return message
        raise SourceBusy(
            f"Azure Kinect says nothing for {timeout_s:g} s.", remedy="Plug it in again."
        )

    def close(self) -> None:
        """End the process; it goes when its standard input does, else it is killed."""
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for follower in self._followers:
            follower.join(2.0)

    def _failed(self, header: dict[str, Any]) -> MissingError | SourceBusy | SourceLost:
        text = str(header.get("text", ""))
        if header.get("what") == "driver":
            return MissingError(f"It cannot load pyk4a ({text}).", path=self._python, remedy=RECIPE)
        if header.get("what") == "missing":
            return MissingError(
                "No such Azure Kinect is here.", remedy="Plug it into USB 3 and its power supply."
            )
        if header.get("what") == "busy":
            return SourceBusy(
                f"Azure Kinect does not start ({' '.join(filter(None, [text, self._last()]))}).",
                remedy="Close other programs that use it, or plug it in again.",
            )
        return SourceLost(f"Azure Kinect is gone ({text}).", remedy="Plug it in again.")

    def _ended(self) -> SourceLost:
        code = self._process.wait()
        return SourceLost(
            f"Azure Kinect's process {death(code)}. {self._last()}".strip(),
            remedy="Plug it in again.",
        )

    def _last(self) -> str:
        self._followers[1].join(0.5)
        return self._said[-1][:300] if self._said else ""

    # ---- threads

    def _listen(self) -> None:
        stream = self._process.stdout
        try:
            while stream is not None and (message := read_message(stream)) is not None:
                self._put(message)
        except DataError as error:
            self._put(error)
            self._process.kill()
        except (OSError, ValueError):  # closed
            pass
        self._put(None)

    def _put(self, message: Message | DataError | None) -> None:
        """Frames that nobody takes make room; nothing else is let go of."""
        while True:
            try:
                self._messages.put_nowait(message)
                return
            except queue.Full:
                with contextlib.suppress(queue.Empty):
                    self._messages.get_nowait()
                    self.dropped += 1

    def _follow(self) -> None:
        stream = self._process.stderr
        with contextlib.suppress(OSError, ValueError):
            while stream is not None and (line := stream.readline(4096)):
                self._said.append(line.decode("utf-8", "replace").strip())


def read_message(stream: BinaryIO | Any) -> Message | None:
    """The next message; None at the end. DataError: these are no messages of the adapter."""
    start = stream.read(8)
    arrived_ns = time.monotonic_ns()
    if len(start) < 8:
        return None
    (length,) = struct.unpack("<I", start[4:])
    if start[:4] != MAGIC or length > MOST_HEADER:
        raise DataError("Azure Kinect's process says something that is no message.")
    try:
        header = json.loads(stream.read(length))
        arrays, times = {}, {}
        for one in header.get("arrays", []):
            shape, name = tuple(int(size) for size in one["shape"]), str(one["name"])
            dtype = np.dtype(DTYPES[DTYPES.index(one["dtype"])])
            size = int(np.prod(shape)) * dtype.itemsize
            if min(shape, default=0) < 1 or size > MOST_ARRAY:
                raise ValueError(f"an array of shape {shape}")
            data = stream.read(size)
            if len(data) < size:
                return None
            arrays[name] = np.frombuffer(data, dtype).reshape(shape)
            times[name] = int(one["time_us"])
        str(header["kind"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"A message of Azure Kinect's process is damaged ({error}).") from error
    return Message(header, arrived_ns, arrays, times)


def _thread(target: Any) -> threading.Thread:
    thread = threading.Thread(target=target, name=f"azure {target.__name__}", daemon=True)
    thread.start()
    return thread
