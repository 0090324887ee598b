"""Jobs that are handed in and answered by the test, for views that must not wait for a worker."""

from __future__ import annotations

from typing import Any

from harstudio.jobs.record import JobRecord
from harstudio.studio.session import Session


class HandedIn:
    """Stands before a session's job list: keeps what is submitted, tells what the test says."""

    def __init__(self, session: Session, monkeypatch) -> None:
        self.jobs = session.jobs
        self.records: list[JobRecord] = []
        self.stopped: list[int] = []
        monkeypatch.setattr(self.jobs, "submit", self._submit)
        monkeypatch.setattr(self.jobs, "stop", self.stopped.append)
        self.removed: list[int] = []
        monkeypatch.setattr(self.jobs, "remove", self.removed.append)

    def _submit(
        self,
        job: str,
        payload: dict[str, Any],
        *,
        title: str,
        lane: str = "long",
        device: str = "auto",
    ) -> JobRecord:
        record = JobRecord(
            len(self.records) + 1, job, payload, title=title, lane=lane, device=device,
            threads=1, interpreter=None,
        )  # fmt: skip
        self.records.append(record)
        self.jobs.added.emit(record)
        return record

    def last(self, job: str) -> JobRecord:
        """The newest record of a job by its short name."""
        return next(r for r in reversed(self.records) if r.job.endswith(f":{job}"))

    def count(self, job: str) -> int:
        return sum(r.job.endswith(f":{job}") for r in self.records)

    def progress(self, job: str, done: float, total: float, text: str) -> None:
        record = self.last(job)
        record.state = "running"
        record.advance(done, total, text)
        self.jobs.changed.emit(record)

    def tell(self, job: str, kind: str, payload: dict[str, Any]) -> None:
        self.jobs.told.emit(self.last(job), kind, payload)

    def answer(
        self, job: str, result: dict[str, Any] | None = None, error: str = "", kind: str = ""
    ) -> None:
        """The job ends well, or with an error of a kind."""
        record = self.last(job)
        record.state = "failed" if error else "done"
        record.result, record.error = result, error
        record.problem = {"kind": kind, "message": error} if kind else {}
        self.jobs.finished.emit(record)
