"""The worker: a process that runs one job after another, told by lines on its standard input.

Started as ``python -m harstudio.jobs.worker``, or ``harstudio --worker`` where frozen. Standard
library only, so that it starts in any Python.

Threads: jobs run on the main one; one listens; one sends the heart-beat. What a job prints, also
from C, goes to standard error and so to the log: the channel of the messages is a descriptor that
nobody else knows. When standard input ends, the program that started this is gone: the job is
asked to stop, and after ``ORPHAN_GRACE_S`` the process ends whatever it is doing. Libraries that
compute for long let go of the interpreter, so the listening thread can always do that.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO, TextIO

from harstudio import __version__
from harstudio.errors import HarstudioError
from harstudio.jobs import protocol
from harstudio.jobs.context import Job, Payload, Stopped
from harstudio.jobs.running import Running

BEAT_S = 1.0
ORPHAN_GRACE_S = 5.0
NICE = 5  # 10 starves the worker on a busy machine
NO_MEMORY = ("can't allocate memory", "cannot allocate memory", "out of memory")


class Channel:
    """Sends messages; whole lines whatever the thread. A reader that is gone ends the process."""

    def __init__(self, stream: BinaryIO, lost: Callable[[], None]) -> None:
        self._stream = stream
        self._lost = lost
        self._lock = threading.Lock()

    def send(self, kind: str, payload: Payload) -> None:
        """MessageError: the payload cannot be sent."""
        line = protocol.encode(kind, payload)
        try:
            with self._lock:
                self._stream.write(line)
                self._stream.flush()
        except (OSError, ValueError):  # ValueError: closed
            self._lost()


def find(job: str) -> Job:
    """The function behind ``package.module:function``. HarstudioError: there is none."""
    module, _, name = job.partition(":")
    if not module.replace(".", "").isidentifier() or not name.isidentifier():
        raise HarstudioError(f'"{job}" is no job; jobs are named "package.module:function".')
    function = getattr(importlib.import_module(module), name, None)
    if not callable(function):
        raise HarstudioError(f"{module} has no job {name}.")
    return function  # type: ignore[no-any-return]


def failure(error: BaseException) -> Payload:
    """What the other side is told about an exception: a sentence, and its parts."""
    told: Payload = {"ours": False, "kind": type(error).__name__, "exit_code": 1}
    if isinstance(error, HarstudioError):
        path = None if error.path is None else str(error.path)
        told |= {"error": str(error), "ours": True, "message": error.message, "path": path}
        return told | {"remedy": error.remedy, "exit_code": error.exit_code}
    text = " ".join(str(error).split())[:2000]
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if isinstance(error, MemoryError) or any(one in text.lower() for one in NO_MEMORY):
        return told | {"error": f"There was not enough memory ({what})."}
    if isinstance(error, OSError) and error.filename and error.strerror:
        return told | {"error": f"{error.filename}: {error.strerror}."}
    return told | {"error": what}


class Worker:
    """One process: a queue of things to do on the main thread, and who listens."""

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        self._source = source
        self._channel = Channel(target, self._parent_is_gone)
        self._todo: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._runs: dict[int, Running] = {}
        self._parent = os.getppid()
        self._orphaned = threading.Event()

    def work(self) -> None:
        """Until told to end, or until the program is gone."""
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        threading.Thread(target=self._beat, name="beat", daemon=True).start()
        python = ".".join(map(str, sys.version_info[:3]))
        ready = {"harstudio": __version__, "python": python, "pid": os.getpid()}
        self._channel.send("ready", ready)
        while (one := self._todo.get()) is not None:
            one()

    def on_signal(self, *_signal: object) -> None:
        """SIGTERM. On a thread of its own: the signal may come while a lock is held."""
        threading.Thread(target=self._stop_softly, daemon=True).start()

    def _stop_softly(self) -> None:
        """The job saves and ends, then the process."""
        for run in tuple(self._runs.values()):
            run.ask_to_stop()
        self._todo.put(None)

    # ---- listening

    def _listen(self) -> None:
        try:
            for line in protocol.lines(self._source):
                with contextlib.suppress(ValueError, KeyError, TypeError):  # no message of ours
                    self._obey(protocol.decode(line))
        except OSError:
            pass
        self._parent_is_gone()

    def _obey(self, message: protocol.Message) -> None:
        payload = message.payload
        if message.kind == "run":
            run = Running(payload, self._channel.send)
            self._runs[run.id] = run
            self._todo.put(lambda: self._run(run))
        elif message.kind == "preload":
            modules = [str(name) for name in payload.get("modules", [])]
            self._todo.put(lambda: self._preload(modules))
        elif message.kind == "end":
            self._todo.put(None)
        elif (known := self._runs.get(payload.get("id", -1))) is not None:
            if message.kind == "say":
                known.hear(str(payload["kind"]), payload["payload"])
                return
            acts = {"pause": known.pause, "resume": known.resume, "stop": known.ask_to_stop}
            acts.get(message.kind, lambda: None)()

    def _beat(self) -> None:
        while not self._orphaned.wait(BEAT_S):
            if os.getppid() != self._parent:
                self._parent_is_gone()
                return
            for run in tuple(self._runs.values()):
                run.flush()
            self._channel.send("beat", {})

    def _parent_is_gone(self) -> None:
        """Stop softly, but end within the grace time whatever the job does."""
        if self._orphaned.is_set():
            return
        self._orphaned.set()
        self._stop_softly()
        timer = threading.Timer(ORPHAN_GRACE_S, os._exit, (0,))
        timer.daemon = True
        timer.start()

    # ---- on the main thread

    def _preload(self, modules: list[str]) -> None:
        failed: dict[str, str] = {}
        for name in modules:
            try:
                importlib.import_module(name)
            except Exception as error:  # noqa: BLE001 -- any library may fail to load
                failed[name] = f"{type(error).__name__}: {error}"
        gc.freeze()  # what libraries hold stays: looking through it takes a tenth of a second
        self._channel.send("preloaded", {"modules": modules, "failed": failed})

    def _run(self, run: Running) -> None:
        try:
            if run.begin():
                self._answer(run)
        finally:
            del self._runs[run.id]
            free_memory()

    def _answer(self, run: Running) -> None:
        """Run the job and tell how it ended."""
        kind: str = "done"
        told: Payload = {"result": {}}
        try:
            use_threads(run.threads)
            job = find(run.job)
            gc.freeze()
            run.pause_point()  # importing it may have taken a while
            self._channel.send("started", {"id": run.id})
            told = {"result": protocol.plain(job(run.payload, run) or {}, "result")}
        except Stopped:
            pass
        except BaseException as error:  # noqa: BLE001 -- also SystemExit: the worker goes on
            kind, told = "failed", failure(error)
            if not told["ours"]:
                traceback.print_exc()
                sys.stderr.flush()
            traceback.clear_frames(error.__traceback__)
        if kind == "done" and run.was_stopped:
            kind = "stopped"
        run.flush()
        try:
            self._channel.send(kind, {"id": run.id, **told})
        except protocol.MessageError as error:  # a result that is too large
            self._channel.send("failed", {"id": run.id, **failure(error)})


def use_threads(count: int) -> None:
    """For libraries that load later and for torch if it is there already."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(count)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(count)


def free_memory() -> None:
    """Give back what a job held: an idle worker must not sit on a GPU's memory."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def _own_channels() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output for the messages alone; what others print goes to the log."""
    source = os.fdopen(os.dup(0), "rb")
    target = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    return source, target


def _prepare_process(worker: Worker) -> None:
    """Below the window in priority; Ctrl+C in a terminal is for the program to decide."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, worker.on_signal)
    if hasattr(signal, "SIGHUP"):  # the end of standard input follows, which stops softly
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(NICE)


def main() -> None:
    """Work until told to end; never returns."""
    source, target = _own_channels()
    log: TextIO | Any = sys.stderr
    if log is not None:
        faulthandler.enable(log)
    worker = Worker(source, target)
    _prepare_process(worker)
    worker.work()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(0)  # threads of libraries cannot hold the process up


if __name__ == "__main__":
    main()
