"""Small parts that the pages of help share: quiet lines, and how far a question is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from harstudio.studio import theme
from harstudio.studio.buttons import Button
from harstudio.studio.helping.one_job import OneJob
from harstudio.studio.helping.words import shortly
from harstudio.studio.jobs.words import IN_WORDS, left_text

STEPS = 1000


def quiet(text: str = "", *, bold: bool = False) -> QLabel:
    """A quiet line that goes on in the next where it is too long."""
    label = QLabel(text)
    label.setProperty("quiet", True)
    label.setFont(theme.ui_font(theme.QUIET_PX, bold=bold))
    label.setWordWrap(True)
    return label


def primary(text: str, act: Callable[[], None]) -> Button:
    """The button of a page."""
    button = Button(text)
    button.setProperty("primary", True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.clicked.connect(lambda _checked=False: act())
    return button


class Problems(QLabel):
    """Sentences about what was left out, hidden without any; all of them in the tool tip."""

    def __init__(self) -> None:
        super().__init__(wordWrap=True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def tell(self, sentences: Sequence[str], shown: Callable[[str], str]) -> None:
        """shown: gives a text as it may be seen."""
        self.setText(shown(shortly(sentences)))
        self.setToolTip(shown("\n".join(sentences)))
        self.setVisible(bool(sentences))
        theme.tint(self, f"color: {theme.current().warn};")


class WorkLine(QWidget):
    """Words, bar and "Cancel" while a question is asked; afterwards why it failed, if it did."""

    def __init__(self, job: OneJob, shown: Callable[[str], str]) -> None:
        """shown: gives a text as it may be seen, with pseudonyms of subjects."""
        super().__init__()
        self._job, self._shown = job, shown
        self.words = quiet()
        self.bar = QProgressBar(textVisible=False)
        self.stop = Button("Cancel")
        self.stop.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.stop.clicked.connect(lambda _checked=False: job.stop())
        self.trouble = QLabel(wordWrap=True)
        self.trouble.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        line = QHBoxLayout()
        line.addWidget(self.bar, 1)
        line.addWidget(self.stop)
        self._busy = QWidget()
        busy = QVBoxLayout(self._busy)
        busy.setContentsMargins(0, 0, 0, 0)
        busy.setSpacing(4)
        busy.addWidget(self.words)
        busy.addLayout(line)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._busy)
        column.addWidget(self.trouble)
        job.changed.connect(self.refresh)
        theme.theme_events.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        record = self._job.record
        self._busy.setVisible(record is not None)
        self.trouble.setVisible(bool(self._job.problem))
        self.trouble.setText(self._shown(self._job.problem))
        theme.tint(self.trouble, f"color: {theme.current().bad};")
        self.setVisible(record is not None or bool(self._job.problem))
        if record is None:
            return
        known = record.total > 0
        self.bar.setRange(0, STEPS if known else 0)
        self.bar.setValue(round(STEPS * record.done / record.total) if known else 0)
        said = self._shown(record.text or record.title)
        if record.state != "running":
            said = IN_WORDS.get(record.state, record.state)
        self.words.setText(" · ".join(part for part in (said, left_text(record.eta_s)) if part))
