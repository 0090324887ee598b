"""Listens to a job list, and waits for what it does."""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harstudio.jobs.job_list import JobList
from harstudio.jobs.record import JobRecord


class Heard:
    """What a job list said, and on which threads."""

    def __init__(self, jobs: JobList) -> None:
        self.states: defaultdict[int, list[str]] = defaultdict(list)
        self.told: list[tuple[int, str, dict[str, Any]]] = []
        self.finished: list[tuple[int, str]] = []
        self.removed: list[int] = []
        self.threads: set[str] = set()
        jobs.changed.connect(self._changed)
        jobs.told.connect(self._told)
        jobs.finished.connect(self._finished)
        jobs.removed.connect(self._removed)

    def _changed(self, record: JobRecord) -> None:
        self.threads.add(threading.current_thread().name)
        states = self.states[record.id]
        if states[-1:] != [record.state]:
            states.append(record.state)

    def _told(self, record: JobRecord, kind: str, payload: dict[str, Any]) -> None:
        self.told.append((record.id, kind, payload))

    def _finished(self, record: JobRecord) -> None:
        self.finished.append((record.id, record.state))

    def _removed(self, record: JobRecord) -> None:
        self.removed.append(record.id)


def until(true: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.002)


def over(record: JobRecord, seconds: float = 20.0) -> JobRecord:
    """The record once it has ended."""
    until(lambda: record.over, seconds)
    return record


def alive(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
