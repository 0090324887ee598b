"""The button that fetches the pose models: a job with progress, and then what is live goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from harstudio.studio.jobs.service import Jobs
from harstudio.studio.live.service import LiveService

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord

INSTALL = "harstudio.live.pose.install_job:install"
BEGUN = "The pose models are being fetched."


class PoseInstall(QObject):
    """words: what is being done, "" while nothing is."""

    changed = Signal()

    def __init__(self, service: LiveService, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._service, self._jobs = service, jobs
        self._record: JobRecord | None = None
        self.words = ""
        jobs.changed.connect(self._follow)
        jobs.finished.connect(self._finish)

    def start(self) -> None:
        """Fetch the chosen model and what it needs."""
        if self._record is None:
            models = [self._service.choice.pose]
            self._record = self._jobs.submit(
                INSTALL, {"models": models}, title="Fetch pose models", lane="quick"
            )
            self.words = BEGUN
            self.changed.emit()

    def _follow(self, record: object) -> None:
        if record is self._record and self._record is not None:
            self.words = self._record.text or self.words
            self.changed.emit()

    def _finish(self, record: JobRecord) -> None:
        if record is not self._record:
            return
        self._record, self.words = None, ""
        if record.state == "done":
            self._service.message.emit("info", "The pose models are there.")
            if self._service.on:
                self._service.start()  # the stage that failed stays away until then
        elif record.state == "failed":
            self._service.message.emit("warn", record.error or "The models were not fetched.")
        self.changed.emit()
