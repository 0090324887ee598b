"""Work beside the window: one thread, its progress, a cancel that works, its result."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

logger = logging.getLogger(__name__)


class Task(QObject):
    """Runs ``work(progress, cancelled)`` in a thread of its own.

    progress takes a count, cancelled tells whether to stop. The signals arrive on the thread of
    the receiver. A task that was cancelled tells nothing more.
    """

    progressed = Signal(int)
    finished = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        work: Callable[[Callable[[int], None], Callable[[], bool]], Any],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._work = work
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="harstudio-task", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def cancel(self, wait_s: float | None = None) -> None:
        """Ask to stop; with ``wait_s`` also wait that long for the thread to end."""
        self._stop.set()
        if wait_s is not None and self._thread.is_alive():
            self._thread.join(wait_s)

    @property
    def cancelled(self) -> bool:
        return self._stop.is_set()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            result = self._work(self._tell, self._stop.is_set)
        except Exception as error:
            logger.exception("a task failed")
            self._emit(self.failed, error)
        else:
            self._emit(self.finished, result)

    def _tell(self, count: int) -> None:
        self._emit(self.progressed, count)

    def _emit(self, signal: Any, value: object) -> None:
        if self._stop.is_set():
            return
        try:
            signal.emit(value)
        except RuntimeError:  # the window went away meanwhile
            self._stop.set()
