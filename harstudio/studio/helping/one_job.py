"""One question to a worker at a time: how far it is, what it told, why it failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.studio.jobs.service import Jobs


class OneJob(QObject):
    """Asks one job function. problem: why the last answer did not come, "" when it did."""

    changed = Signal()  # progress, began, ended
    told = Signal(str, object)  # kind, payload
    done = Signal(object)  # the result, builtins

    def __init__(
        self, jobs: Jobs, job: str, device: Callable[[], str], parent: QObject | None = None
    ) -> None:
        """job: a dotted path, "harstudio.recognition.helping.jobs:suggest". device: tells on which
        one it is asked now."""
        super().__init__(parent)
        self._jobs, self._job, self._device = jobs, job, device
        self.record: JobRecord | None = None
        self.problem = ""
        jobs.changed.connect(self._changed)
        jobs.told.connect(self._told)
        jobs.finished.connect(self._finished)

    @property
    def busy(self) -> bool:
        return self.record is not None

    def ask(self, payload: dict[str, Any], title: str) -> None:
        """Ask, unless an answer is awaited already."""
        if self.record is not None:
            return
        self.problem = ""
        self.record = self._jobs.submit(
            self._job, payload, title=title, lane="quick", device=self._device()
        )
        self.changed.emit()

    def stop(self) -> None:
        """Give it up; what was told stays."""
        if self.record is not None:
            self._jobs.stop(self.record.id)

    def drop(self) -> None:
        """Listen to none any more; one that is under way goes on by itself."""
        self.adopt(lambda _payload: False)

    def adopt(self, mine: Callable[[dict[str, Any]], bool]) -> None:
        """Listen to the job under way whose payload is ``mine``, to none where there is no such;
        another one goes on by itself."""
        found = (r for r in self._jobs.records if r.job == self._job and not r.over)
        self.record = next((record for record in found if mine(record.payload)), None)
        self.problem = ""
        self.changed.emit()

    def _mine(self, record: object) -> bool:
        return self.record is not None and record is self.record

    def _changed(self, record: JobRecord) -> None:
        if self._mine(record):
            self.changed.emit()

    def _told(self, record: JobRecord, kind: str, payload: dict[str, Any]) -> None:
        if self._mine(record):
            self.told.emit(kind, payload)

    def _finished(self, record: JobRecord) -> None:
        if not self._mine(record):
            return
        self.record = None
        if record.state == "failed":
            self.problem = record.error or "The worker ended before it was done; ask again."
        if record.state == "done":
            self.done.emit(record.result or {})
        self.changed.emit()
