"""What is known about one job, for whoever shows it."""

from __future__ import annotations

import threading
import time
from collections import deque
from pathlib import Path
from typing import Any, Literal

State = Literal["queued", "starting", "running", "paused", "stopping", "done", "stopped", "failed"]
ENDED: tuple[State, ...] = ("done", "stopped", "failed")
LOG_LINES = 500
ETA_WINDOW_S = 120.0
ETA_LEAST_S = 1.0


class JobRecord:
    """One submitted job. Written by the job list's thread; may be read from any.

    done, total: progress, total 0 while unknown; text: a few words about it.
    device: as asked, then as the job told; device_name: in words ("CPU, 1 thread").
    error: a sentence; problem: its parts (kind, message, path, remedy, exit_code) where known.
    started, ended: seconds since the epoch, None before.
    silent_s: how long the worker has not answered, None while it does.
    """

    def __init__(
        self,
        number: int,
        job: str,
        payload: dict[str, Any],
        *,
        title: str,
        lane: str,
        device: str,
        threads: int,
        interpreter: Path | None,
    ) -> None:
        self.id = number
        self.job = job
        self.payload = payload
        self.title = title
        self.lane = lane
        self.threads = threads
        self.interpreter = interpreter
        self.state: State = "queued"
        self.done = 0.0
        self.total = 0.0
        self.text = ""
        self.device = device
        self.device_name = ""
        self.error = ""
        self.problem: dict[str, Any] = {}
        self.result: dict[str, Any] | None = None
        self.submitted = time.time()
        self.started: float | None = None
        self.ended: float | None = None
        self.silent_s: float | None = None
        self.log_count = 0  # lines ever written; the last 500 are kept
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._lock = threading.Lock()
        self._pace = Pace()

    def __repr__(self) -> str:
        return f"JobRecord({self.id}, {self.job!r}, {self.state!r})"

    @property
    def order(self) -> dict[str, Any]:
        """What a worker is told to run."""
        told = {"id": self.id, "job": self.job, "payload": self.payload}
        return {**told, "threads": self.threads, "device": self.device}

    @property
    def log(self) -> list[str]:
        """The last 500 lines."""
        with self._lock:
            return list(self._log)

    @property
    def over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state in ENDED

    @property
    def eta_s(self) -> float | None:
        """Seconds until it is done at the pace of the last two minutes; None where unknown."""
        return self._pace.left(self.total) if self.state == "running" else None

    # ---- for the job list

    def write(self, line: str) -> None:
        """Another line of the log."""
        with self._lock:
            self._log.append(line)
            self.log_count += 1

    def advance(self, done: float, total: float, text: str) -> None:
        """Progress was told."""
        if total != self.total or done < self.done:
            self._pace = Pace()
        self.done, self.total, self.text = done, total, text
        self._pace.note(done)

    def forget_pace(self) -> None:
        """A pause does not count."""
        self._pace = Pace()


class Pace:
    """How fast something moves, from what was seen of it lately."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def note(self, done: float) -> None:
        """It is here now."""
        now = time.monotonic()
        self._seen.append((now, done))
        while now - self._seen[0][0] > ETA_WINDOW_S and len(self._seen) > 2:
            self._seen.popleft()

    def left(self, total: float) -> float | None:
        """Seconds until ``total``; None while nobody can know."""
        seen = tuple(self._seen)
        if len(seen) < 2 or total <= 0:
            return None
        (first, begun), (last, done) = seen[0], seen[-1]
        if last - first < ETA_LEAST_S or done <= begun:
            return None
        since = time.monotonic() - last
        return max(0.0, (total - done) * (last - first) / (done - begun) - since)
