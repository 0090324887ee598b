"""How long a training would take, measured on a few steps of it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from harstudio.studio.session import Session
from harstudio.studio.training.new_run_data import set_tone, small_label
from harstudio.studio.training.new_run_draft import Draft

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord

JOB = "harstudio.learning.jobs:estimate"
PATIENCE_MS = 900
MEASURING = "Measuring how long it takes…"
UNCOUNTED = (("run", "folder", str), ("training", "seed", int))


class TrainingTime(QWidget):
    """Measures again a moment after something that counts was changed.

    found_wrong tells that there is a problem with the config.
    """

    found_wrong = Signal()

    def __init__(self, session: Session, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._draft = session, draft
        self._job: int | None = None
        self._measured: dict[str, Any] = {}  # the config that was measured last
        self._wrong = ""  # what is wrong with that config
        self._ready = False
        self.figure, self.basis = QLabel(), small_label()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.figure)
        row.addWidget(self.basis, 1)
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._measure)
        session.jobs.changed.connect(self._job_changed)
        session.jobs.finished.connect(self._job_finished)

    @property
    def problem(self) -> str:
        """Why nothing can be trained with the config as it stands; "" where nothing is known."""
        return self._wrong if self._wrong and self._counted() == self._measured else ""

    def look(self, ready: bool) -> None:
        """The draft may be another; ready tells whether it could start."""
        self._ready = ready
        if ready and self._counted() != self._measured:
            self._patience.start()
            self._show("", MEASURING)
        elif not ready:
            self._patience.stop()
            if self._job is None:
                self._show("", "")

    def _counted(self) -> dict[str, Any]:
        """The config without what changes nothing about the time."""
        config = copy.deepcopy(self._draft.config)
        for name, key, kind in UNCOUNTED:  # of another kind it is left for the job to tell
            table = config.get(name)
            if isinstance(table, dict) and type(table.get(key)) is kind:
                del table[key]
        return {name: table for name, table in config.items() if table}

    def _measure(self) -> None:
        if not self._ready or not self.isVisible():
            return
        self._stop()
        self._measured, self._wrong = self._counted(), ""
        payload = {"config": copy.deepcopy(self._draft.config)}
        record = self._session.jobs.submit(JOB, payload, title="Estimate the time", lane="quick")
        self._job = record.id

    def rest(self) -> None:
        """Measure nothing until something changes again."""
        self._patience.stop()
        if self._job is not None or self._wrong:
            self._measured, self._wrong = {}, ""
        self._stop()

    def _stop(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            self._session.jobs.remove(job)

    def _job_changed(self, record: JobRecord) -> None:
        if record.id == self._job and record.text:
            self.basis.setToolTip(record.text)

    def _job_finished(self, record: JobRecord) -> None:
        if record.id != self._job:
            return
        self._job = None
        self._session.jobs.remove(record.id)  # what it told stands here
        if record.state == "failed" and record.problem.get("kind") == "UsageError":
            parts = (record.problem.get("message"), record.problem.get("remedy"))
            self._wrong = " ".join(part for part in parts if part)
            self.found_wrong.emit()
        elif record.state == "failed":
            self._show("", f"How long it takes could not be measured. {record.error}", "warn")
        elif record.result is not None:
            device = record.device_name or record.device
            self._show(*time_sentences(record.result, device))

    def _show(self, figure: str, basis: str, tone: str = "") -> None:
        self.figure.setText(figure)
        self.figure.setVisible(bool(figure))
        set_tone(self.basis, tone)
        self.basis.setText(basis)
        self.basis.setToolTip(basis)


def time_sentences(result: Mapping[str, Any], device: str) -> tuple[str, str]:
    """("About 24 min", what that stands on)."""
    stages = [f"{name} {span(float(s))}" for name, s in result["seconds_per_epoch"].items()]
    where = f" on {device}" if device and device != "auto" else ""
    once = float(result.get("seconds_to_decode") or 0)
    reading = f"; reading the data once {span(once)}" if once >= 1 else ""
    basis = f"measured on a few steps{where}; an epoch: {', '.join(stages)}{reading}"
    return f"About {span(float(result['seconds']))}", basis


def span(seconds: float) -> str:
    """ "40 s", "24 min", "3 h 10 min", "2 days"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 10:
        return f"{hours} h {minutes} min"
    return f"{hours} h" if hours < 48 else f"{hours / 24:.0f} days"
