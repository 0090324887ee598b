"""The job list for the window: what happens in its threads arrives as Qt signals."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from harstudio.studio.jobs.latest import Latest

if TYPE_CHECKING:
    from harstudio.jobs.job_list import JobList
    from harstudio.jobs.record import JobRecord

logger = logging.getLogger(__name__)


class Jobs(QObject):
    """Wraps one ``JobList``, which is made when the first job is handed in.

    The signals carry the ``JobRecord`` and are always emitted on the GUI thread; ``changed`` at
    most once for all that happened to a record since the window last looked.
    """

    added = Signal(object)  # record
    changed = Signal(object)  # record
    told = Signal(object, str, object)  # record, kind of event, payload (builtins)
    finished = Signal(object)  # record: done, stopped or failed
    removed = Signal(object)  # record that is no longer listed

    _arrived = Signal(str, object, str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._list: JobList | None = None
        self._lock = threading.Lock()
        self._unseen: set[int] = set()  # ids of records whose change is under way to the window
        self._closed = False
        self._arrived.connect(self._deliver)
        self.latest = Latest(self, self)
        self.shown: Callable[[str], str] = str  # a text of a job as it may be seen

    # ---- what a person does

    def submit(
        self,
        job: str,
        payload: dict[str, Any],
        *,
        title: str,
        lane: str = "long",
        device: str = "auto",
    ) -> JobRecord:
        """Queue a job by its dotted path ("harstudio.learning.jobs:train"); payload: builtins."""
        return self._made().submit(job, payload, title=title, lane=lane, device=device)

    def pause(self, record_id: int) -> None:
        self._order("pause", record_id)

    def resume(self, record_id: int) -> None:
        self._order("resume", record_id)

    def stop(self, record_id: int) -> None:
        """Soft: the job saves what must be kept and ends."""
        self._order("stop", record_id)

    def kill(self, record_id: int) -> None:
        """At once; what was not saved is lost."""
        self._order("kill", record_id)

    def remove(self, record_id: int) -> None:
        """Take it off the list; a job that is not over is stopped first."""
        self._order("remove", record_id)

    def _order(self, what: str, record_id: int) -> None:
        if self._list is not None:  # else there is no such job, or none any longer
            getattr(self._list, what)(record_id)

    # ---- what there is

    @property
    def records(self) -> list[JobRecord]:
        """All of them, in the order they were handed in."""
        return [] if self._list is None else list(self._list.records)

    def find(self, record_id: int) -> JobRecord | None:
        return next((r for r in self.records if r.id == record_id), None)

    @property
    def at_work(self) -> list[JobRecord]:
        """Those that neither wait nor are over."""
        return [r for r in self.records if not r.over and r.started is not None]

    # ---- life

    def warm_up(self) -> None:
        """Start a worker before anybody needs it, so that the first job starts at once."""
        if not self._closed:
            self._made().warm_up()

    def close(self) -> None:
        """Stop softly what runs and end every worker; returns when no thread is left."""
        self._closed = True
        jobs, self._list = self._list, None
        if jobs is not None:
            jobs.close()

    def _made(self) -> JobList:
        if self._closed:
            raise RuntimeError("The window is closing.")
        if self._list is None:
            from harstudio.jobs.job_list import JobList

            self._list = JobList()
            self._list.added.connect(self._on_added)
            self._list.changed.connect(self._on_changed)
            self._list.told.connect(self._on_told)
            self._list.finished.connect(self._on_finished)
            self._list.removed.connect(self._on_removed)
        return self._list

    # ---- from the threads of the job list

    def _on_added(self, record: JobRecord) -> None:
        self._send("added", record)

    def _on_changed(self, record: JobRecord) -> None:
        with self._lock:
            if record.id in self._unseen:
                return
            self._unseen.add(record.id)
        self._send("changed", record)

    def _on_told(self, record: JobRecord, kind: str, payload: object) -> None:
        self._send("told", record, kind, payload)

    def _on_finished(self, record: JobRecord) -> None:
        self._send("finished", record)

    def _on_removed(self, record: JobRecord) -> None:
        self._send("removed", record)

    def _send(self, signal: str, record: JobRecord, kind: str = "", payload: object = None) -> None:
        try:
            self._arrived.emit(signal, record, kind, payload)
        except RuntimeError:  # the window went away meanwhile
            logger.debug("nobody is left to hear of %s", record.title)

    def _deliver(self, signal: str, record: JobRecord, kind: str, payload: object) -> None:
        if signal == "changed":
            with self._lock:
                self._unseen.discard(record.id)
        if self._closed:
            return
        if signal == "told":
            self.told.emit(record, kind, payload)
        else:
            getattr(self, signal).emit(record)
