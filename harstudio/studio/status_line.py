"""The bottom line: what is open, what was said last, the device, who labels, saved or not."""

from __future__ import annotations

import os

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from harstudio.studio import icons, theme
from harstudio.studio.buttons import ToolButton
from harstudio.studio.jobs.status_button import JobsButton
from harstudio.studio.session import Session

HEIGHT = 28
INFO_STAYS_MS = 8000


class StatusLine(QWidget):
    """Follows the session."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status_line")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self._session = session
        self._drawn = ("", "", "")  # the icons' name, colour and theme
        self._level = "info"
        self.recording = QLabel()
        self.jobs = JobsButton(session.jobs)
        self.jobs.setFixedHeight(HEIGHT - 4)
        self._dot = QLabel()
        self.message = QLabel()
        self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.device = QLabel(_device_text())
        self.annotator = ToolButton()
        self.annotator.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.annotator.setFixedHeight(HEIGHT - 4)
        self.annotator.setToolTip("Whose labels are being made; click to label as somebody else")
        self.saved = QLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 14, 0)
        row.setSpacing(8)
        row.addWidget(self.recording)
        row.addWidget(self.jobs)
        row.addSpacing(8)
        row.addWidget(self._dot)
        row.addWidget(self.message, 1)
        row.addWidget(self.device)
        row.addSpacing(8)
        row.addWidget(self.annotator)
        row.addSpacing(8)
        row.addWidget(self.saved)
        for label in (self.recording, self.message, self.device, self.annotator, self.saved):
            label.setFont(theme.ui_font(theme.QUIET_PX))
            label.setProperty("quiet", True)
        self._fade = QTimer(self, singleShot=True, interval=INFO_STAYS_MS)
        self._fade.timeout.connect(self.quiet)
        session.message.connect(self.tell)
        session.jobs.changed.connect(self._show_device)
        session.jobs.finished.connect(self._show_device)
        session.opening.connect(self._opening)
        session.recording_changed.connect(self._show_recording)
        session.team.changed.connect(self._show_recording)
        session.history_changed.connect(self._show_saved)
        session.document_changed.connect(self._show_saved)
        session.saved.connect(self._show_saved)
        theme.theme_events.changed.connect(self._restyle)
        self._restyle()
        self._show_recording()

    def tell(self, level: str, sentence: str) -> None:
        """A sentence; "info" goes away after a while, "warn" and "bad" stay."""
        self._level = level
        self.message.setText(sentence)
        self.message.setToolTip(sentence)
        self._fade.stop()
        if level == "info":
            self._fade.start()
        self._restyle()

    def quiet(self) -> None:
        """Nothing to say."""
        self.tell("info", "")
        self._fade.stop()

    def _opening(self, path: str) -> None:
        self.tell("info", f"Opening {self._session.team.shown(path)}")
        self._fade.stop()

    def _show_recording(self, *_: object) -> None:
        recording = self._session.recording
        shown = self._session.team.shown
        self.recording.setText("" if recording is None else shown(recording.name))
        self.recording.setToolTip("" if recording is None else shown(str(recording.path)))
        if self.message.text().startswith("Opening "):
            self.quiet()
        self._show_saved()

    def _show_saved(self, *_: object) -> None:
        session = self._session
        gold = f"{session.owner}, by " if session.settles else ""
        self.annotator.setText(gold + session.annotator)
        history = self._session.history
        if history is None:
            self.saved.setText("")
            return
        if history.read_only:
            self.saved.setText("read-only")
            self.saved.setToolTip("Nothing can be written where the labels are.")
            return
        self.saved.setText("journalled" if history.unsaved else "saved")
        self.saved.setToolTip(
            "Every edit is in the journal on disk; the file is written in a moment."
            if history.unsaved
            else "All labels are in the file."
        )

    def _show_device(self, *_: object) -> None:
        """What the jobs run on, else what there is."""
        used = [r.device_name for r in self._session.jobs.at_work if r.device_name]
        self.device.setText(used[0] if used else _device_text())

    def _restyle(self) -> None:
        tokens = theme.current()
        theme.tint(
            self,
            f"#status_line {{ background: {tokens.surface};"
            f" border-top: 1px solid {tokens.line}; }}",
        )
        colors = {"info": tokens.quiet, "warn": tokens.warn, "bad": tokens.bad}
        color = colors.get(self._level, tokens.quiet)
        names = {"info": "info", "warn": "warning", "bad": "error"}
        there = bool(self.message.text())
        name = names.get(self._level, "info")
        self._dot.setVisible(there)
        if self._drawn != (name, color, tokens.name):  # drawing icons takes milliseconds
            self._drawn = (name, color, tokens.name)
            self._dot.setPixmap(icons.icon(name, 16, color).pixmap(QSize(16, 16)))
            self.annotator.setIcon(icons.icon("person", 16, tokens.quiet))
        theme.tint(self.message, f"color: {color};")
        theme.tint(self.annotator, f"color: {tokens.quiet};")


def _device_text() -> str:
    cores = os.cpu_count() or 1
    return f"CPU, {cores} core" + ("s" if cores > 1 else "")
