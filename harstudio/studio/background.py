"""Work beside the window: one thread, its progress, a cancel that works, its result."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Task(QObject):
    """Runs ``work(progress, cancelled)`` in a thread of its own.

    progress takes a count, cancelled tells whether to stop. The signals are emitted on the thread
    that made the task. Once it was cancelled it tells nothing more, not even what was under way.
    """

    progressed = Signal(int)
    finished = Signal(object)
    failed = Signal(object)
    _arrived = Signal(str, object)

    def __init__(
        self,
        work: Callable[[Callable[[int], None], Callable[[], bool]], Any],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._work = work
        self._stop = threading.Event()
        self._arrived.connect(self._deliver)
        self._thread = threading.Thread(target=self._run, name="harstudio-task", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def cancel(self, wait_s: float | None = None) -> None:
        """Ask to stop; with ``wait_s`` also wait that long for the thread to end."""
        self._stop.set()
        if wait_s is not None and self._thread.is_alive():
            self._thread.join(wait_s)

    def wait(self, seconds: float | None = None) -> None:
        """Until the work is done; its result comes by the signals all the same."""
        if self._thread.is_alive():
            self._thread.join(seconds)

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
            self._send("failed", error)
        else:
            self._send("finished", result)

    def _tell(self, count: int) -> None:
        self._send("progressed", count)

    def _send(self, signal: str, value: object) -> None:
        if self._stop.is_set():
            return
        try:
            self._arrived.emit(signal, value)
        except RuntimeError:  # the window went away meanwhile
            self._stop.set()

    def _deliver(self, signal: str, value: object) -> None:
        if not self._stop.is_set():
            getattr(self, signal).emit(value)


class NewestTask(QObject):
    """Where only the newest answer counts: what is begun takes the place of what was under way."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._task: Task | None = None
        self._retired: list[Task] = []  # cancelled, but perhaps not at their end

    def start(
        self,
        work: Callable[[Callable[[int], None], Callable[[], bool]], Any],
        finished: Callable[[Any], None],
        failed: Callable[[Exception], None],
        progressed: Callable[[int], None] | None = None,
    ) -> None:
        """``Task`` says what work is given, and where the others are called."""
        self.stop()
        self._task = Task(work, self)
        self._task.finished.connect(finished)
        self._task.failed.connect(failed)
        if progressed is not None:
            self._task.progressed.connect(progressed)
        self._task.start()

    def stop(self) -> None:
        """Nothing more is heard of what is under way."""
        for task in self._retired:
            if not task.running:
                task.deleteLater()
        self._retired = [task for task in self._retired if task.running]
        if self._task is not None:
            self._task.cancel()
            self._retired.append(self._task)
            self._task = None

    def shut(self) -> None:
        """Stop, and wait for the threads."""
        self.stop()
        for task in self._retired:
            task.cancel(wait_s=10)


class OwnThread(QObject):
    """Runs what a worker asks for on the thread that made this, while the worker waits."""

    _asked = Signal(object, object)
    LOOK_S = 0.02  # how often the worker looks whether to stop

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._asked.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def run(self, function: Callable[[], T], cancelled: Callable[[], bool]) -> T | None:
        """What the function returns or raises; None when it was cancelled and was not called."""
        future: Future[T] = Future()
        self._asked.emit(future, function)
        while not wait([future], self.LOOK_S).done:
            if cancelled() and future.cancel():
                return None
        return future.result()

    def _run(self, future: Future[Any], function: Callable[[], Any]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(function())
        except Exception as error:  # noqa: BLE001 -- the worker gets it
            future.set_exception(error)
