"""A job that runs in a worker: its context, and what the program asks of it meanwhile."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from harstudio.jobs import protocol
from harstudio.jobs.context import Payload, Stopped

PROGRESS_S = 0.1  # not more often than this; the last one is never lost
LOG_CHARACTERS = 100_000


class Running:
    """The ``ListeningContext`` of one run; every method may be called from any thread."""

    def __init__(self, order: Payload, send: Callable[[str, Payload], None]) -> None:
        self.id = int(order["id"])
        self.job = str(order["job"])
        self.payload: dict[str, Any] = order["payload"]
        self.threads = max(1, int(order.get("threads") or 1))
        self.device = str(order.get("device") or "auto")
        self.was_stopped = False  # Stopped was raised
        self._send = send
        self._lock = threading.Lock()
        self._begun = False
        self._stop = threading.Event()
        self._go = threading.Event()
        self._go.set()
        self._waiting: Payload | None = None  # progress that was not sent yet
        self._sent = 0.0
        self._asked: float | None = None  # when the job was last at a pause point
        self._gap_s = 0.0  # the longest time between two of them
        self._said: queue.SimpleQueue[tuple[str, Payload]] = queue.SimpleQueue()

    # ---- what the program asks

    def begin(self) -> bool:
        """Whether to run at all: False where stop came first (and was answered)."""
        with self._lock:
            self._begun = not self._stop.is_set()
            return self._begun

    def ask_to_stop(self) -> None:
        """Stopped is raised at the next pause point; a run that has not begun never does."""
        with self._lock:
            twice = self._stop.is_set()
            self._stop.set()
            self._go.set()
            waiting = not self._begun
        if waiting and not twice:
            self._send("stopped", {"id": self.id, "result": None})

    def pause(self) -> None:
        """The job waits at its next pause point."""
        with self._lock:
            if not self._stop.is_set():
                self._go.clear()

    def resume(self) -> None:
        self._go.set()

    def hear(self, kind: str, payload: Payload) -> None:
        """The job gets it when it listens."""
        self._said.put((kind, payload))

    def flush(self) -> None:
        """Send the progress that waits."""
        with self._lock:
            waiting, self._waiting = self._waiting, None
            self._sent = time.monotonic()
        if waiting is not None:
            self._send("progress", {**waiting, "gap": self._gap_s})

    # ---- what the job says

    def progress(self, done: float, total: float, text: str = "") -> None:
        told = {"id": self.id, "done": float(done), "total": float(total), "text": str(text)[:500]}
        with self._lock:
            self._waiting = told
            soon = time.monotonic() - self._sent < PROGRESS_S
        if not soon:
            self.flush()

    def tell(self, kind: str, payload: Payload) -> None:
        plain = protocol.plain(payload, kind)  # so that what is refused is named "metrics.loss"
        self._send("told", {"id": self.id, "kind": str(kind), "payload": plain})

    def heard(self) -> list[tuple[str, Payload]]:
        return [self._said.get() for _ in range(self._said.qsize())]

    def log(self, sentence: str) -> None:
        self._send("log", {"id": self.id, "text": str(sentence)[:LOG_CHARACTERS]})

    def pause_point(self) -> None:
        now = time.monotonic()
        self._gap_s = max(self._gap_s, now - (self._asked or now))
        if not self._go.is_set() and not self._stop.is_set():
            self.flush()
            self._send("paused", {"id": self.id})
            self._go.wait()
            if not self._stop.is_set():
                self._send("resumed", {"id": self.id})
        if self._stop.is_set():
            if not self.was_stopped:
                self.was_stopped = True
                self._send("stopping", {"id": self.id})
            raise Stopped
        self._asked = time.monotonic()
