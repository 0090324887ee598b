"""The checks before visitors come: a dot, what is so, and beside what is not well the remedy."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from harstudio.studio import theme
from harstudio.studio.buttons import Button, ToolButton
from harstudio.studio.commands import CommandTable
from harstudio.studio.live.preflight.inspecting import Inspecting
from harstudio.studio.live.preflight.preflight import BAD, GOOD, ORDER, WAITING, WARN, Check, worst

DOT_PX = 10
TITLES = {
    GOOD: "All is well",
    WAITING: "Getting ready",
    WARN: "Works, but could be better",
    BAD: "Something is to be put right",
}
SPOKEN = {GOOD: "good", WAITING: "not known yet", WARN: "to be watched", BAD: "bad"}


def level_color(level: str) -> str:
    """Of a check's dot."""
    tokens = theme.current()
    return {GOOD: tokens.good, WARN: tokens.warn, BAD: tokens.bad}.get(level, tokens.quiet)


class Dot(QWidget):
    """Full for what is known, hollow while it is waited for; a bar in it where it is bad, so that
    colour alone says nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.level = WAITING
        self.setFixedSize(DOT_PX + 4, DOT_PX + 8)

    def tell(self, level: str) -> None:
        if level != self.level:
            self.level = level
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = QColor(level_color(self.level))
        area = QRectF(1, (self.height() - DOT_PX) / 2, DOT_PX, DOT_PX)
        if self.level == WAITING:
            painter.setPen(QPen(color, 1.5))
            painter.drawEllipse(area.adjusted(1, 1, -1, -1))
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        if self.level == WARN:
            painter.drawRoundedRect(area, 2, 2)
        else:
            painter.drawEllipse(area)
        if self.level == BAD:
            bar = QRectF(area.left() + 2.2, area.center().y() - 1, DOT_PX - 4.4, 2)
            painter.fillRect(bar, QColor(theme.current().surface))


class PreflightView(QWidget):
    """One line while all is well; a click, or trouble, shows every check."""

    def __init__(
        self, inspecting: Inspecting, commands: CommandTable, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._inspecting, self._commands = inspecting, commands
        self._open: bool | None = None  # as a person wished; else by itself
        self._dot = Dot()
        self.title = ToolButton()
        self.title.setAccessibleName("Preflight")
        self.title.setToolTip("Show or hide every check")
        self.title.clicked.connect(self._flip)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(4)
        head.addWidget(self._dot)
        head.addWidget(self.title)
        head.addStretch(1)
        self._rows = QWidget()
        self._grid = QGridLayout(self._rows)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(2, 1)
        self.rows: dict[str, _Row] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._rows)
        inspecting.changed.connect(self.refresh)
        inspecting.place_changed.connect(self.refresh)
        theme.theme_events.changed.connect(self.refresh)
        self.refresh()

    def _flip(self) -> None:
        self._open = self._rows.isHidden()
        self.refresh()

    def refresh(self) -> None:
        """As it is now."""
        found = self._inspecting.checks
        level = worst(found)
        self._dot.tell(level)
        self.title.setText(TITLES[level])
        self._rows.setVisible(level != GOOD if self._open is None else self._open)
        names = [check.name for check in found]
        for name in [name for name in self.rows if name not in names]:
            self.rows.pop(name).remove()
        for check in found:
            if check.name not in self.rows:
                number = ORDER.index(check.name)
                self.rows[check.name] = _Row(self._grid, number, self._commands.run)
            self.rows[check.name].show_check(check)


class _Row:
    """Dot, name and words; below them the remedy, and a button where the studio can do it."""

    def __init__(self, grid: QGridLayout, number: int, run: Callable[[str], bool]) -> None:
        self._run = run
        self.dot, self.name, self.words = Dot(), QLabel(), QLabel(wordWrap=True)
        self.name.setMinimumWidth(58)
        self.remedy = QLabel(wordWrap=True)
        self.button = Button("Install")
        self.action = ""
        self.button.clicked.connect(lambda: self._run(self.action))
        top = Qt.AlignmentFlag.AlignTop
        line = 3 * number
        grid.addWidget(self.dot, line, 0, top)
        grid.addWidget(self.name, line, 1, top)
        grid.addWidget(self.words, line, 2, top)
        grid.addWidget(self.remedy, line + 1, 2)
        grid.addWidget(self.button, line + 2, 2, Qt.AlignmentFlag.AlignLeft)
        for label in (self.name, self.words, self.remedy):
            label.setFont(theme.ui_font(theme.QUIET_PX))
        self.words.setProperty("quiet", True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def show_check(self, check: Check) -> None:
        self.dot.tell(check.level)
        self.dot.setAccessibleName(f"{check.name}: {SPOKEN[check.level]}")
        for label, text in (
            (self.name, check.name), (self.words, check.words), (self.remedy, check.remedy),
        ):  # fmt: skip
            if label.text() != text:
                label.setText(text)
        self.remedy.setVisible(bool(check.remedy))
        self.action = check.action
        self.button.setVisible(bool(check.action))

    def remove(self) -> None:
        for widget in (self.dot, self.name, self.words, self.remedy, self.button):
            widget.hide()
            widget.deleteLater()
