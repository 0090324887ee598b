"""One job in the panel: title, state, bar, buttons, error, log."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QSizePolicy,
    QVBoxLayout,
)

from harstudio.studio import icons, theme
from harstudio.studio.buttons import ToolButton
from harstudio.studio.jobs.status_button import dot
from harstudio.studio.jobs.words import IN_WORDS, epoch_of, left_text, length_text, state_color

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.studio.jobs.service import Jobs

STEPS = 1000  # of the bar


class JobCard(QFrame):
    """Follows one record; ``show_record`` is called whenever it changed."""

    def __init__(
        self,
        record: JobRecord,
        jobs: Jobs,
        open_result: Callable[[], None] | None,
        resume: Callable[[], None] | None,
        about: str = "",
        begun: Callable[[], bool] | None = None,
    ) -> None:
        """open_result: where a click on the title leads. resume: goes on with a run that ended
        before it was through. about: what the job works on. begun: whether there is something
        to go on with."""
        super().__init__()
        self.setObjectName("job_card")
        self._record, self._jobs, self._resume, self._begun = record, jobs, resume, begun
        self._log_shown = -1
        self._dot = QLabel()
        title = jobs.shown(record.title)
        self.title = ToolButton(title[:1].upper() + title[1:])
        self.title.setFont(theme.ui_font(bold=True))
        if open_result is not None:
            self.title.setToolTip("Show the run")
            self.title.clicked.connect(lambda _checked=False: open_result())
        self.about = QLabel(about)
        self.about.setProperty("quiet", True)
        self.about.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.told = QLabel()
        self.told.setProperty("quiet", True)
        self.told.setFont(theme.time_font(theme.QUIET_PX))
        self.told.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.pause = self._button("Pause", self._toggle_pause)
        self.stop = self._button("Stop", self._stop)
        self.resume = self._button("Resume", self._go_on)
        self.copy = self._button("Copy", self._copy)
        self.log_button = self._button("Log", self._toggle_log)
        self.log_button.setCheckable(True)
        self.remove = self._button("", self._remove)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setRange(0, STEPS)
        self.error = QLabel(wordWrap=True)
        self.error.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.log = QPlainTextEdit(readOnly=True, visible=False)
        self.log.setFixedHeight(140)
        self.log.setFont(theme.time_font(theme.QUIET_PX))
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._lay_out()
        self.restyle()
        self.show_record()

    def _button(self, text: str, run: Callable[[], None]) -> ToolButton:
        button = ToolButton(text)
        button.setIconSize(QSize(16, 16))
        button.clicked.connect(lambda _checked=False: run())
        return button

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self._dot)
        head.addWidget(self.title)
        head.addWidget(self.about, 1)
        buttons = (self.resume, self.pause, self.stop, self.copy, self.log_button, self.remove)
        for button in buttons:
            head.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 10)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.told)
        column.addWidget(self.bar)
        column.addWidget(self.error)
        column.addWidget(self.log)

    # ---- showing

    def show_record(self) -> None:
        """What the record says now."""
        record = self._record
        self._dot.setPixmap(
            dot(state_color(record.state), hollow=record.started is None).pixmap(QSize(12, 12))
        )
        self.told.setText(self.line())
        self.told.setToolTip(self.told.text())
        running = record.state in ("running", "starting", "paused", "stopping")
        self.bar.setVisible(running)
        if record.total > 0:
            self.bar.setRange(0, STEPS)
            self.bar.setValue(round(STEPS * min(1.0, record.done / record.total)))
        else:
            self.bar.setRange(0, 0 if record.state in ("running", "starting") else STEPS)
        self.pause.setText("Go on" if record.state == "paused" else "Pause")
        self.pause.setVisible(record.state in ("queued", "running", "paused", "starting"))
        self.stop.setVisible(running and record.started is not None)
        self.stop.setEnabled(record.state != "stopping")
        self.resume.setVisible(self._resume is not None and record.state in ("stopped", "failed"))
        if record.over and self._begun is not None:
            self.resume.setText("Resume" if self._begun() else "Try again")
        self.copy.setVisible(bool(record.error))
        self.remove.setVisible(record.over or record.started is None)
        self.remove.setToolTip(
            "Take it off the list" if record.over else "Take it out of the queue"
        )
        tokens = theme.current()
        theme.tint(self.error, f"color: {tokens.bad if record.error else tokens.warn};")
        self.error.setText(self.error_text())
        self.error.setVisible(bool(self.error.text()))
        self._show_log()

    def line(self) -> str:
        """State, what it is at, time and device, in one line."""
        record = self._record
        told = [IN_WORDS[record.state]]
        if record.silent_s is not None and not record.over:
            told.append(f"silent for {length_text(record.silent_s)}")
        epoch = self._jobs.latest.epoch(record)
        if record.text and record.state in ("running", "paused"):
            told.append(self._jobs.shown(record.text))
        elif epoch is not None:
            told.append(f"epoch {epoch_of(epoch)}")
        if record.state == "running":
            told.append(left_text(record.eta_s))
        elif record.over and record.started is not None and record.ended is not None:
            told.append(f"took {length_text(record.ended - record.started)}")
        if record.device_name and not record.over:
            told.append(record.device_name)
        return " · ".join(part for part in told if part)

    def error_text(self) -> str:
        """Why it failed, else the last thing it remarked."""
        remarks = self._jobs.latest.remarks(self._record)
        return self._jobs.shown(self._record.error or (remarks[-1] if remarks else ""))

    def _show_log(self) -> None:
        length = self._jobs.latest.length(self._record)
        self.log_button.setVisible(length > 0)
        if self.log.isHidden() or self._log_shown == length:
            return
        self._log_shown = length
        bar = self.log.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 2
        self.log.setPlainText(self._jobs.shown("\n".join(self._jobs.latest.story(self._record))))
        if at_end:
            self.log.moveCursor(QTextCursor.MoveOperation.End)
            self.log.horizontalScrollBar().setValue(0)

    def restyle(self) -> None:
        tokens = theme.current()
        self.remove.setIcon(icons.icon("close", 16))
        self.title.setStyleSheet("padding: 2px 4px;")
        self.setStyleSheet(f"#job_card {{ border-bottom: 1px solid {tokens.line}; }}")

    # ---- doing

    def _toggle_pause(self) -> None:
        if self._record.state == "paused":
            self._jobs.resume(self._record.id)
        else:
            self._jobs.pause(self._record.id)

    def _stop(self) -> None:
        self._jobs.stop(self._record.id)

    def _go_on(self) -> None:
        if self._resume is not None:
            self._resume()

    def _remove(self) -> None:
        self._jobs.remove(self._record.id)

    def _copy(self) -> None:
        record = self._record
        lines = [record.title, record.error, *self._jobs.latest.story(record)[-40:]]
        QApplication.clipboard().setText(self._jobs.shown("\n".join(lines)))

    def _toggle_log(self) -> None:
        self.log.setVisible(self.log_button.isChecked())
        self._log_shown = -1
        self._show_log()
