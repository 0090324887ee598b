"""What the jobs said, remembered for whoever shows it: in lines, and the last epoch."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from harstudio.studio.jobs.words import epoch_line

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.studio.jobs.service import Jobs


LINES = 500


class Latest(QObject):
    """The last epoch, the remarks and the story of every job that is listed.

    A story is what a person would want to read afterwards: the lines that the job logged, its
    remarks, and a line for every epoch.
    """

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._epochs: dict[int, Mapping[str, Any]] = {}
        self._remarks: dict[int, list[str]] = {}
        self._stories: dict[int, deque[str]] = {}
        self._logged: dict[int, int] = {}  # lines of the log that are in the story
        self._told: dict[int, int] = {}  # lines that were ever in the story
        jobs.changed.connect(self._take_log)
        jobs.finished.connect(self._take_log)
        jobs.told.connect(self._take)
        jobs.removed.connect(self._forget)

    def epoch(self, record: JobRecord) -> Mapping[str, Any] | None:
        """The last line of metrics that tells an epoch."""
        return self._epochs.get(record.id)

    def remarks(self, record: JobRecord) -> list[str]:
        """Sentences that the job told on its way."""
        return self._remarks.get(record.id, [])

    def story(self, record: JobRecord) -> list[str]:
        """The last lines."""
        return list(self._stories.get(record.id, ()))

    def length(self, record: JobRecord) -> int:
        """How many lines the story ever had; another number means that there are new ones."""
        return self._told.get(record.id, 0)

    def _write(self, record: JobRecord, lines: list[str]) -> None:
        if lines:
            self._stories.setdefault(record.id, deque(maxlen=LINES)).extend(lines)
            self._told[record.id] = self._told.get(record.id, 0) + len(lines)

    def _take_log(self, record: JobRecord) -> None:
        count, log = record.log_count, record.log
        new = count - self._logged.get(record.id, 0)
        self._logged[record.id] = count
        self._write(record, log[-new:] if new > 0 else [])

    def _take(self, record: JobRecord, kind: str, payload: object) -> None:
        if not isinstance(payload, Mapping):
            return
        if kind == "metrics" and payload.get("kind") == "epoch":
            self._epochs[record.id] = payload
            self._take_log(record)
            self._write(record, [epoch_line(payload)])
        elif kind == "remark":
            sentence = payload.get("text") or payload.get("remark") or ""
            self._remarks.setdefault(record.id, []).append(str(sentence))
            self._write(record, [str(sentence)])
        elif kind == "device" and payload.get("name"):
            self._write(record, [f"Runs on {payload['name']}"])

    def _forget(self, record: JobRecord) -> None:
        self._epochs.pop(record.id, None)
        for kept in (self._remarks, self._stories, self._logged, self._told):
            kept.pop(record.id, None)
