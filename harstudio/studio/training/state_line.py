"""Under the name of a run: its state, how far it is, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QProgressBar, QWidget

from harstudio.studio import theme
from harstudio.studio.jobs.status_button import dot
from harstudio.studio.jobs.words import IN_WORDS, left_text, length_text, state_color

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.studio.training.looks import RunLook
    from harstudio.studio.training.service import Training

BAD = ("failed", "lost")
UNTOLD = ("", "running", "paused", "lost")  # nobody wrote how it ended
OTHERS_S = 10.0
UNSAVED = "It was stopped before it saved; resume goes on from the last checkpoint."
REMEDIES = {
    "lost": "Resume goes on from the last checkpoint.",
    "failed": "Mend what is named, then resume: it goes on from the last checkpoint.",
}


class StateLine(QWidget):
    """Two lines: the state in words with a thin bar, and the reason where something is wrong."""

    def __init__(self, training: Training) -> None:
        super().__init__()
        self._training = training
        self._dot = QLabel()
        self.words = QLabel()
        self.words.setProperty("quiet", True)
        self.words.setFont(theme.time_font(theme.TEXT_PX))
        self.bar = QProgressBar(textVisible=False)
        self.bar.setRange(0, 1000)
        self.bar.setFixedWidth(180)
        self.reason = QLabel(wordWrap=True)
        self.reason.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        grid = QGridLayout(self)
        grid.setContentsMargins(16, 2, 12, 4)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.addWidget(self._dot, 0, 0)
        grid.addWidget(self.words, 0, 1)
        grid.addWidget(self.bar, 0, 2)
        grid.setColumnStretch(3, 1)
        grid.addWidget(self.reason, 1, 0, 1, 4)

    def refresh(self) -> None:
        """Tell what is known now."""
        look, record = self._training.look(), self._training.record_of(self._training.chosen)
        state = state_of(look, record)
        self._dot.setPixmap(
            dot(state_color(state), hollow=state in ("lost", "queued", "")).pixmap(QSize(12, 12))
        )
        self.words.setText(state_words(look, record, state))
        silent = record is not None and not record.over and record.silent_s is not None
        theme.tint(self.words, f"color: {theme.current().warn};" if silent else "")
        share = look.share if look is not None else None
        if record is not None and not record.over and record.total > 0:
            share = min(1.0, record.done / record.total)
        self.bar.setVisible(share is not None and state in ("running", "paused", "stopping"))
        self.bar.setValue(round(1000 * (share or 0.0)))
        reason = reason_text(look, record, state)
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason))
        tokens = theme.current()
        color = tokens.bad if state in BAD else tokens.warn
        theme.tint(self.reason, f"color: {color};")


def state_of(look: RunLook | None, record: JobRecord | None) -> str:
    """The job of this window knows sooner than the file does."""
    if record is not None and not record.over:
        return record.state
    if record is not None and record.state in ("failed", "stopped") and look is not None:
        # what was written long after the end is of somebody else, who went on with the run
        others = look.changed > (record.ended or look.changed) + OTHERS_S
        return look.state if others or look.state not in UNTOLD else record.state
    return "" if look is None else look.state


def state_words(look: RunLook | None, record: JobRecord | None, state: str) -> str:
    told = [IN_WORDS.get(state, state) or "never started"]
    if look is not None and look.network:
        told.insert(0, look.network)
    if look is not None and look.epochs and state not in ("finished", "queued"):
        told.append(place_text(look))
    if record is not None and not record.over and record.silent_s is not None:
        told.append(f"silent for {length_text(record.silent_s)}")
    elif record is not None and record.state == "running":
        told.append(left_text(record.eta_s))
    if look is not None and record is None and state in ("running", "paused"):
        told.append(f"process {look.pid} on {look.host}")
    return " · ".join(part for part in told if part)


def place_text(look: RunLook) -> str:
    """Where in the training it is: "epoch 3 of 50", or "fusion, epoch 3 of 30, 43 of 90 in all"."""
    place = f"epoch {look.epoch} of {look.epochs}"
    if look.stages:
        return f"{look.stage}, {place}; {look.done} of {look.total} are through"
    return place


def reason_text(look: RunLook | None, record: JobRecord | None, state: str) -> str:
    """What is wrong, and what to do."""
    if state == "stopped" and look is not None and look.total > 0 and look.state in UNTOLD:
        return UNSAVED
    if state not in BAD:
        return look.reason if look is not None and state == "stopped" else ""
    reason = record.error if record is not None and record.error else ""
    reason = reason or ("" if look is None else look.reason)
    begun = look is not None and look.total > 0
    died = record is not None and record.state == "failed" and not record.problem
    remedy = REMEDIES["lost" if died else state]  # nothing can be mended where the worker died
    return " ".join(part for part in (reason, remedy if begun else "") if part)
