"""The strip over the pictures: start and stop, record, keep, teach, and what is being recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from harstudio.live.sources import public_address
from harstudio.studio import icons, theme
from harstudio.studio.buttons import ToolButton
from harstudio.studio.commands import CommandTable
from harstudio.studio.live.commands import keys_text
from harstudio.studio.live.recording.recording_desk import RecordingDesk
from harstudio.studio.live.service import LiveService

HEIGHT = 40
BUTTONS = (
    "live.start",
    "live.record",
    "live.keep",
    "live.review",
    "live.explain",
    "view.demo_mode",
)
WORDS = {
    "live.record": "Record",
    "live.keep": "Keep",
    "live.review": "Review it",
    "live.explain": "Explain",
    "view.demo_mode": "Demo mode",
}


def recorded_text(told: Mapping[str, Any]) -> str:
    """ "recording 00:12", "not recording", with what stands in memory; of the recorder's words."""
    if told.get("state") == "recording":
        seconds = int(told.get("seconds") or 0)
        return f"recording {seconds // 60:02d}:{seconds % 60:02d}"
    if told.get("state") == "saving":
        return "saving"
    keep_s = round(told.get("keep_s") or 0)
    if keep_s:
        return f"not recording · the last {keep_s} s are kept in memory"
    return "not recording"


def source_words(name: str) -> str:
    """A source as people call it: of a file its name alone, of a network address no password."""
    kind, _, address = name.partition(":")
    if "://" in address:
        return public_address(address)
    return Path(address).name if kind in ("replay", "file") else name


class RecordPill(QWidget):
    """A dot and words; red while it records."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("live_recording")
        self.words, self.on = "", False
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.theme_events.changed.connect(self.update)

    def tell(self, words: str, on: bool) -> None:
        if (words, on) != (self.words, self.on):
            self.words, self.on = words, on
            self.setAccessibleName(words)
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        metrics = QFontMetrics(theme.time_font(theme.QUIET_PX))
        return QSize(metrics.horizontalAdvance(self.words) + 38, 26)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        tokens = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(QRectF(self.rect()), 13, 13)
        painter.setBrush(QColor(tokens.bad if self.on else tokens.quiet))
        painter.drawEllipse(QRectF(11, self.height() / 2 - 4, 8, 8))
        painter.setPen(QColor(tokens.text if self.on else tokens.quiet))
        painter.setFont(theme.time_font(theme.QUIET_PX))
        painter.drawText(
            QRectF(26, 0, self.width() - 30, self.height()),
            int(Qt.AlignmentFlag.AlignVCenter),
            self.words,
        )


class RecordBar(QWidget):
    """Everything in it runs commands of the table."""

    def __init__(
        self,
        service: LiveService,
        desk: RecordingDesk,
        commands: CommandTable,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("live_bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self._service, self._desk, self._commands = service, desk, commands
        self.pill = RecordPill()
        self.source = QLabel()
        self.source.setProperty("quiet", True)
        self.source.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.labels = QLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 12, 0)
        row.setSpacing(4)
        self.buttons: dict[str, ToolButton] = {}
        for command_id in BUTTONS:
            button = ToolButton()
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(QSize(16, 16))
            button.clicked.connect(partial(self.run, command_id))
            self.buttons[command_id] = button
            row.addWidget(button)
        self.buttons["live.explain"].setCheckable(True)
        row.addSpacing(8)
        row.addWidget(self.source, 1)
        row.addWidget(self.labels)
        row.addSpacing(8)
        row.addWidget(self.pill)
        desk.changed.connect(self.refresh)
        service.state_changed.connect(self.refresh)
        service.choice.changed.connect(self.refresh)
        theme.theme_events.changed.connect(self._restyle)
        self._restyle()

    def run(self, command_id: str, _checked: bool = False) -> None:
        """Do it, or say why not."""
        command = self._commands[command_id]
        if not self._commands.run(command_id):
            self._service.message.emit("info", command.refusal())
        self.refresh()

    def refresh(self, *_: object) -> None:
        """What can be done now, and what is being recorded."""
        service, desk, told = self._service, self._desk, self._service.told
        for command_id, button in self.buttons.items():
            command = self._commands[command_id]
            keys = keys_text(command)
            button.setToolTip(command.title_now() + (f"  ({keys})" if keys else ""))
            button.setEnabled(command.enabled())
            if command.checked is not None and button.isCheckable():
                button.setChecked(command.checked())
        self._tint()
        self.buttons["live.start"].setText(" Stop" if service.on else " Start")
        self.buttons["live.record"].setText(" Stop recording" if desk.recording else " Record")
        self.buttons["live.keep"].setText(f" Keep {service.choice.keep_s} s")
        self.buttons["live.keep"].setVisible(service.choice.keep_s > 0)
        self.buttons["live.review"].setVisible(desk.last is not None)
        names = {"starting": "is being opened", "stopping": "is being closed"}
        state = "does not open" if "capture" in told.failed else names.get(service.state, "")
        words = [told.title or source_words(service.choice.source), state]
        self.source.setText(" · ".join(filter(None, words)))
        self.pill.tell(recorded_text(told.recording if service.live else {}), desk.recording)
        self._tell_labels(list(desk.held.values()), desk.given)

    def _tell_labels(self, held: Sequence[str], given: Sequence[str]) -> None:
        """What is being labelled, else how many labels there are."""
        if held:
            self.labels.setText(f"labelling {', '.join(held)}")
        elif self._desk.recording and given:
            count = f"{len(given)} labels, the last" if len(given) > 1 else "one label,"
            self.labels.setText(f"{count} {given[-1]}")
        else:
            self.labels.setText("")

    def _tint(self) -> None:
        tokens, on = theme.current(), self._service.on
        state = (on, self._desk.recording, tokens.name)
        if getattr(self, "_drawn", None) == state:
            return
        self._drawn = state
        self.buttons["live.start"].setIcon(icons.icon("stop" if on else "play", 16))
        record = "stop" if self._desk.recording else "record"
        self.buttons["live.record"].setIcon(icons.icon(record, 16, tokens.bad))
        for command_id in BUTTONS[2:]:
            self.buttons[command_id].setIcon(icons.icon(self._commands[command_id].icon, 16))
            self.buttons[command_id].setText(f" {WORDS[command_id]}")

    def _restyle(self) -> None:
        tokens = theme.current()
        self.setStyleSheet(
            f"#live_bar {{ background: {tokens.surface}; border-bottom: 1px solid {tokens.line}; }}"
        )
        self.refresh()
