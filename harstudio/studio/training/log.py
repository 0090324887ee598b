"""The last lines that a run's job wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QPlainTextEdit

from harstudio.studio import theme

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord

EMPTY = "What the training says is shown here when it runs in this window."


class LogTail(QPlainTextEdit):
    """Follows the end unless the person scrolled up."""

    def __init__(self) -> None:
        super().__init__(readOnly=True)
        self.setObjectName("run_log")
        self.setAccessibleName("Log")
        self.setPlaceholderText(EMPTY)
        self.setFont(theme.time_font(theme.QUIET_PX))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._shown: tuple[int, int] = (0, 0)

    def show_record(self, record: JobRecord | None) -> None:
        """The log of a job; nothing where the run is not ours."""
        seen = (0, 0) if record is None else (record.id, record.log_count)
        if seen == self._shown:
            return
        same, self._shown = seen[0] == self._shown[0], seen
        bar = self.verticalScrollBar()
        at_end = not same or bar.value() >= bar.maximum() - 2
        place = bar.value()
        self.setPlainText("" if record is None else "\n".join(record.log))
        if at_end:
            self.moveCursor(QTextCursor.MoveOperation.End)
            self.horizontalScrollBar().setValue(0)
        else:
            bar.setValue(place)
