"""Writing a shared file of the project beside the window, one change after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject

from harstudio.studio.background import Task
from harstudio.studio.session import Session


class Writer(QObject):
    """``do(work, then)``: work in a thread, then with its result on this one; errors are told."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._waiting: list[tuple[Callable[[], Any], Callable[[Any], None]]] = []
        self._task: Task | None = None
        self._retired: list[Task] = []
        self.failed: Callable[[], None] = _nothing

    @property
    def busy(self) -> bool:
        return self._task is not None

    def do(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Do it as soon as what was asked before is done."""
        self._waiting.append((work, then))
        if self._task is None:
            self._next()

    def _next(self) -> None:
        self._retired = [task for task in self._retired if task.running]
        if self._task is not None:
            self._retired.append(self._task)
        self._task = None
        if not self._waiting:
            return
        work, then = self._waiting.pop(0)

        def run(_progress: object, _cancelled: object) -> Any:
            return work()

        def done(result: Any) -> None:
            then(result)
            self._next()

        self._task = Task(run, self)
        self._task.finished.connect(done)
        self._task.failed.connect(self._fail)
        self._task.start()

    def _fail(self, error: Exception) -> None:
        self._session.message.emit("bad", f"Nothing was changed. {error}")
        self.failed()
        self._next()

    def shut(self) -> None:
        """Wait for what is being written."""
        self._waiting.clear()
        for task in (self._task, *self._retired):
            if task is not None:
                task.cancel(wait_s=10)


def _nothing() -> None:
    return None
