"""What a run said lately: the story of its job, or a line for every epoch of one made elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QPlainTextEdit

from harstudio.studio import theme


class LogTail(QPlainTextEdit):
    """Follows the end unless the person scrolled up; hidden while there is nothing to say."""

    def __init__(self) -> None:
        super().__init__(readOnly=True)
        self.setObjectName("run_log")
        self.setAccessibleName("Log")
        self.setFont(theme.time_font(theme.QUIET_PX))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._shown: object = None

    def show_lines(self, of: object, lines: Sequence[str]) -> None:
        """of: what the lines are about; another thing begins at its end."""
        self.setVisible(bool(lines))
        text = "\n".join(lines)
        if text == self.toPlainText():
            return
        same, self._shown = of == self._shown, of
        bar = self.verticalScrollBar()
        at_end = not same or bar.value() >= bar.maximum() - 2
        place = bar.value()
        self.setPlainText(text)
        if at_end:
            self.moveCursor(QTextCursor.MoveOperation.End)
            self.horizontalScrollBar().setValue(0)
        else:
            bar.setValue(place)
