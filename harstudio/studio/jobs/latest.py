"""What the jobs said last, remembered for whoever shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.studio.jobs.service import Jobs


class Latest(QObject):
    """The last epoch and the remarks of every job that is listed."""

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._epochs: dict[int, Mapping[str, Any]] = {}
        self._remarks: dict[int, list[str]] = {}
        jobs.told.connect(self._take)
        jobs.removed.connect(self._forget)

    def epoch(self, record: JobRecord) -> Mapping[str, Any] | None:
        """The last line of metrics that tells an epoch."""
        return self._epochs.get(record.id)

    def remarks(self, record: JobRecord) -> list[str]:
        """Sentences that the job told on its way."""
        return self._remarks.get(record.id, [])

    def _take(self, record: JobRecord, kind: str, payload: object) -> None:
        if not isinstance(payload, Mapping):
            return
        if kind == "metrics" and payload.get("kind") == "epoch":
            self._epochs[record.id] = payload
        elif kind == "remark":
            sentence = payload.get("text") or payload.get("remark") or ""
            self._remarks.setdefault(record.id, []).append(str(sentence))

    def _forget(self, record: JobRecord) -> None:
        self._epochs.pop(record.id, None)
        self._remarks.pop(record.id, None)
