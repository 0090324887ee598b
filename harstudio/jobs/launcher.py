"""Starts a worker process, speaks with it, and says in a sentence how it died."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import harstudio
from harstudio.jobs import protocol
from harstudio.jobs.protocol import Message, MessageError

LOG = logging.getLogger(__name__)
ROOT = Path(harstudio.__file__).resolve().parents[1]
IN_FLIGHT = 2000  # messages that may wait to be heard; then the worker waits
DRAIN_S = 2.0  # for what a worker said before it died
LOG_LINE = 100_000  # bytes
WINDOWS_DEATHS = {
    0xC0000005: "crashed (access violation)",
    0xC00000FD: "crashed (stack overflow)",
    0xC0000017: "was ended (out of memory)",
    0xC0000409: "crashed (stack buffer overrun)",
}


def cores() -> int:
    """Cores that this process may use; the two threads of one core count once where known."""
    try:
        allowed = os.sched_getaffinity(0)
    except (AttributeError, OSError):  # not Linux
        return os.cpu_count() or 1
    siblings = set()
    for number in allowed:
        file = Path(f"/sys/devices/system/cpu/cpu{number}/topology/thread_siblings_list")
        try:
            siblings.add(file.read_text())
        except OSError:
            siblings.add(f"{number}")
    return max(1, len(siblings))


def default_threads() -> int:
    """One core stays free for the window."""
    return max(1, cores() - 1)


def command(interpreter: Path | None = None) -> list[str]:
    """What starts a worker: this program, or another Python that has HARStudio."""
    if interpreter is not None:
        return [str(interpreter), "-m", "harstudio.jobs.worker"]
    if getattr(sys, "frozen", False):
        program = Path(sys.executable)
        console = program.with_name("harstudio.exe")  # the program without a console has no streams
        return [str(console if os.name == "nt" and console.exists() else program), "--worker"]
    return [sys.executable, "-m", "harstudio.jobs.worker"]


def environment(threads: int, interpreter: Path | None = None) -> dict[str, str]:
    """Ours, with the number of threads for every library that counts its own.

    Threads that wait sleep instead of spinning (OMP_WAIT_POLICY), so that the window gets the core.
    """
    given = dict(os.environ)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        given[name] = str(threads)
    given |= {"OMP_WAIT_POLICY": "PASSIVE", "OPENCV_FOR_THREADS_NUM": "1"}
    given |= {"PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "1", "PYTHONIOENCODING": "utf-8"}
    if (ROOT / "pyproject.toml").is_file():  # from source; never our packages for another Python
        given["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), given.get("PYTHONPATH"))))
    if interpreter is not None and getattr(sys, "frozen", False):
        for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):  # the frozen program's own libraries
            before = given.pop(f"{name}_ORIG", None)
            given.pop(name, None)
            given |= {} if before is None else {name: before}
    return given


def death(code: int) -> str:
    """How a process ended by its exit status, to stand after "The worker"."""
    if code < 0:
        number = -code
        if number == getattr(signal, "SIGKILL", 9):
            return f"was killed (signal {number}; the system may have been out of memory)"
        with contextlib.suppress(ValueError):
            name = signal.Signals(number).name
            crash = name in ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT", "SIGSYS")
            return f"{'crashed' if crash else 'was ended'} (signal {number}, {name})"
        return f"was ended (signal {number})"
    if code in WINDOWS_DEATHS:
        return WINDOWS_DEATHS[code]
    return f"ended with exit code {code}"


class Worker:
    """One process and the threads that listen to it.

    ``heard`` gets every message and ``wrote`` every line of its output, on threads of the worker;
    ``ended`` gets the exit status, after all that was said before. OSError: it does not start.
    """

    def __init__(
        self,
        *,
        threads: int,
        interpreter: Path | None = None,
        heard: Callable[[Worker, Message], None],
        wrote: Callable[[Worker, str], None],
        ended: Callable[[Worker, int], None],
        given: Mapping[str, str] | None = None,
    ) -> None:
        self.interpreter = interpreter
        self.last_heard = time.monotonic()
        self._heard, self._wrote, self._ended = heard, wrote, ended
        self._room = threading.Semaphore(IN_FLIGHT)
        self._deaf = threading.Event()
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            command(interpreter),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**environment(threads, interpreter), **(given or {})},
            creationflags=_creation_flags(),
        )
        self._readers = [self._thread(self._listen), self._thread(self._follow)]
        self._thread(self._write)
        self._waiter = self._thread(self._wait)

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, kind: str, payload: dict[str, Any]) -> None:
        """Never blocks, also where the worker does not listen. MessageError: cannot be sent."""
        self._outgoing.put(protocol.encode(kind, payload))

    def let_go(self) -> None:
        """End its standard input: an idle worker ends, a job is stopped and ends soon."""
        self._outgoing.put(None)

    def kill(self) -> None:
        """At once."""
        with contextlib.suppress(OSError):
            self._process.kill()

    def heard_one(self) -> None:
        """A message was dealt with; there is room for another."""
        self._room.release()

    def wait(self, seconds: float) -> bool:
        """Whether the process ended, and everything about it was told, within so many seconds."""
        self._waiter.join(seconds)
        return not self._waiter.is_alive()

    # ---- threads

    def _thread(self, target: Callable[[], None]) -> threading.Thread:
        name = f"worker {self._process.pid} {target.__name__.strip('_')}"
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        return thread

    def _take_room(self) -> None:
        while not self._room.acquire(timeout=0.5):
            if self._deaf.is_set():
                return

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None  # noqa: S101 -- it was asked for
        for line in _until_closed(stream, protocol.MAX_LINE):
            self.last_heard = time.monotonic()
            try:
                message = protocol.decode(line)
            except MessageError as error:
                message = Message("junk", {"text": str(error)})
            if message.kind != "beat":
                self._take_room()
                with _goes_on():
                    self._heard(self, message)

    def _follow(self) -> None:
        stream = self._process.stderr
        assert stream is not None  # noqa: S101 -- it was asked for
        for line in _until_closed(stream, LOG_LINE):
            self._take_room()
            with _goes_on():
                self._wrote(self, line.decode("utf-8", "backslashreplace").rstrip())

    def _write(self) -> None:
        stream = self._process.stdin
        assert stream is not None  # noqa: S101 -- it was asked for
        with contextlib.suppress(OSError):
            while (line := self._outgoing.get()) is not None:
                stream.write(line)
                stream.flush()
        with contextlib.suppress(OSError):
            stream.close()

    def _wait(self) -> None:
        code = self._process.wait()
        for reader in self._readers:  # a child of the job may hold the other end open
            reader.join(DRAIN_S)
        self._ended(self, code)
        self._deaf.set()
        self._outgoing.put(None)


@contextlib.contextmanager
def _goes_on() -> Iterator[None]:
    """Whoever listens may fail; the next message is heard all the same, or the worker would wait
    for ever to be rid of it."""
    try:
        yield
    except Exception:
        LOG.exception("What a worker said could not be dealt with.")


def _until_closed(stream: BinaryIO | Any, limit: int) -> Any:
    with contextlib.suppress(OSError, ValueError):
        yield from protocol.lines(stream, limit)


def _creation_flags() -> int:
    """Windows: no console window, lower priority, no part in the program's Ctrl+C."""
    if sys.platform != "win32":
        return 0
    return (
        subprocess.CREATE_NO_WINDOW
        | subprocess.BELOW_NORMAL_PRIORITY_CLASS
        | subprocess.CREATE_NEW_PROCESS_GROUP
    )
