"""Who is at work on a run: ``status.json`` with a heart-beat, written by the worker.

``{"version": 1, "state": "running" | "paused" | "finished" | "stopped" | "failed", "job": "train",
"pid", "host", "started", "beat", "stage", "epoch", "epochs", "reason"}``; times are seconds since
1970, epochs count from 1. A reader adds the state "lost": running, but without a beat for long.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from harstudio.errors import ConflictError
from harstudio.files import remove_leftovers, write_atomically

VERSION = 1
BEAT_S = 2.0
LOST_S = 15.0
WAITING_S = 0.5  # at a pause point for longer than this is paused
CLAIM = ".claim"
CLAIM_S = 10.0  # whoever claims a run for longer was killed meanwhile
AT_WORK = ("running", "paused")
STATES = (*AT_WORK, "finished", "stopped", "failed", "lost")


class StatusWriter:
    """Writes ``status.json`` every few seconds from a thread of its own, until it is closed."""

    def __init__(self, path: Path, job: str = "train") -> None:
        self._path = path
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._waiting_since: float | None = None
        self._values: dict[str, Any] = {
            "version": VERSION,
            "state": "running",
            "job": job,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started": time.time(),
            "beat": time.time(),
            "stage": "",
            "epoch": 0,
            "epochs": 0,
            "reason": "",
        }
        self._thread = threading.Thread(target=self._beat, name="run status", daemon=True)

    def begin(self) -> None:
        """The first word; from now on others see that somebody is at work here."""
        remove_leftovers(self._path)
        self._write()

    def __enter__(self) -> StatusWriter:
        self.begin()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and self._values["state"] in AT_WORK:
            self.end("failed", str(error) or type(error).__name__)
        self._ended.set()
        self._thread.join()

    def at(self, stage: str, epoch: int, epochs: int) -> None:
        """Where the training is; epochs count from 1."""
        with self._lock:
            self._values.update(stage=stage, epoch=epoch, epochs=epochs)

    def waiting(self, waits: bool) -> None:
        """Told before and after every pause point: who waits there for long is paused."""
        self._waiting_since = time.monotonic() if waits else None

    def end(self, state: str, reason: str = "") -> None:
        """The last word: finished, stopped or failed."""
        self._ended.set()
        with self._lock:
            self._values.update(state=state, reason=reason)
        self._write()

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_S):
            since = self._waiting_since
            waits = since is not None and time.monotonic() - since > WAITING_S
            with self._lock:
                if self._values["state"] in AT_WORK:
                    self._values["state"] = "paused" if waits else "running"
            self._write()

    def _write(self) -> None:
        with self._lock:
            self._values["beat"] = time.time()
            text = json.dumps(self._values, ensure_ascii=False, indent=1)
            if not self._path.parent.is_dir():
                return  # the disk is gone; the training itself will say so
            with contextlib.suppress(OSError):  # a beat that is not written is a beat missed
                write_atomically(self._path, text.encode())


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Alone for a moment: to see whether a run is free, and to write that one is at work on it.

    Makes the folder, and waits for whoever has it. OSError where nothing can be written.
    """
    path = folder / CLAIM
    deadline = time.monotonic() + CLAIM_S
    while not _taken(path):
        if time.monotonic() > deadline:
            path.unlink(missing_ok=True)
        time.sleep(0.02)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()


def _taken(path: Path) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.touch(exist_ok=False)
    except (FileExistsError, FileNotFoundError):  # somebody has it, or took the folder away
        return False
    return True


def refuse_if_at_work(folder: Path, status: dict[str, Any] | None) -> None:
    """ConflictError where somebody else is at work on a run (read by ``reading.read_status``)."""
    if status is None or status["state"] not in AT_WORK:
        return
    here = status.get("host") == socket.gethostname()
    if here and (status.get("pid") == os.getpid() or not _is_alive(status.get("pid"))):
        return  # this very process, or one that was killed a moment ago
    raise ConflictError(
        f"Process {status.get('pid')} on {status.get('host')} is training this run.",
        path=folder,
        remedy="Stop it first, or choose another folder (run.folder).",
    )


def _is_alive(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0 or os.name == "nt":
        return True  # not known
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
