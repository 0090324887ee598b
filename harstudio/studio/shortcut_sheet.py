"""The shortcut sheet: every key, grouped as the menus are."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from harstudio.studio import theme
from harstudio.studio.commands import Command, CommandTable
from harstudio.studio.menus import MENUS, key_text

COLUMNS = 3
ALWAYS = (("Label", "1 … 9  A … Z", "Start a clip, end it, or give it that label"),)


def sheet_groups(commands: CommandTable) -> list[tuple[str, list[Command]]]:
    """Commands with keys by menu. Those of no menu are the label keys, told in one line."""
    paths = dict.fromkeys([*MENUS, *(c.menu for c in commands if c.menu)])
    tops = list(dict.fromkeys(path.partition("/")[0] for path in paths))
    groups = []
    for title in sorted(paths, key=lambda path: tops.index(path.partition("/")[0])):
        members = [c for c in commands if c.menu == title and c.shortcuts]
        if members:
            groups.append((title, members))
    return groups


class ShortcutSheet(QFrame):
    """Lies over the window until any key or click."""

    def __init__(self, commands: CommandTable, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("shortcut_sheet")
        self.hide()
        self._commands = commands
        self._columns: list[QVBoxLayout] = []
        self._area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        title = QLabel("Keys")
        title.setFont(theme.ui_font(theme.EMPTY_PX, bold=True))
        note = QLabel("Esc closes")
        note.setProperty("quiet", True)
        head = QHBoxLayout()
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(note)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        column.addLayout(head)
        column.addWidget(self._area, 1)
        self._area.setWidget(self._build())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        window.installEventFilter(self)
        theme.theme_events.changed.connect(self._restyle)
        self._restyle()

    def _build(self) -> QWidget:
        body = QWidget()
        row = QHBoxLayout(body)
        row.setContentsMargins(0, 0, 8, 0)
        row.setSpacing(32)
        groups = sheet_groups(self._commands)
        heights = [0] * COLUMNS
        columns = [QVBoxLayout() for _ in range(COLUMNS)]
        for title, members in groups:
            shortest = heights.index(min(heights))
            columns[shortest].addWidget(_group(title, members))
            heights[shortest] += len(members) + 2
        for column in columns:
            column.setSpacing(16)
            column.addStretch(1)
            row.addLayout(column, 1)
        return body

    def texts(self) -> list[str]:
        """Everything that is written on the sheet."""
        return [label.text() for label in self.findChildren(QLabel)]

    def _restyle(self) -> None:
        tokens = theme.current()
        self.setStyleSheet(
            f"#shortcut_sheet {{ background: {tokens.raised}; border: 1px solid {tokens.line};"
            " border-radius: 8px; }"
            f"QScrollArea, QScrollArea > QWidget > QWidget {{ background: {tokens.raised}; }}"
            f'QLabel[key="true"] {{ background: {tokens.surface}; color: {tokens.text};'
            f" border: 1px solid {tokens.line}; border-radius: 4px; padding: 1px 6px; }}"
        )

    def toggle(self) -> None:
        if self.isVisible():
            self.hide()
            return
        self._place()
        self.show()
        self.raise_()
        self.setFocus()

    def _place(self) -> None:
        room = self.parentWidget().size()
        width = min(1080, room.width() - 48)
        wanted = self._area.widget().layout().totalHeightForWidth(width - 64) + 88
        height = min(wanted, room.height() - 48)
        self.setGeometry((room.width() - width) // 2, (room.height() - height) // 2, width, height)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        bar = self._area.verticalScrollBar()
        pages: dict[int, int] = {Qt.Key.Key_Down: 40, Qt.Key.Key_Up: -40}
        pages |= {Qt.Key.Key_PageDown: bar.pageStep(), Qt.Key.Key_PageUp: -bar.pageStep()}
        if event.key() in pages:
            bar.setValue(bar.value() + pages[event.key()])
        elif event.key() not in (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt):
            self.hide()

    def mousePressEvent(self, _event: object) -> None:  # noqa: N802
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)


def _group(title: str, members: Sequence[Command]) -> QWidget:
    box = QWidget()
    grid = QGridLayout(box)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(5)
    head = QLabel(title.replace("/", " · "))
    head.setFont(theme.ui_font(12, bold=True))
    head.setProperty("quiet", True)
    grid.addWidget(head, 0, 0, 1, 2)
    rows = [(_keys(command), command.title) for command in members]
    rows += [(keys, words) for group, keys, words in ALWAYS if group == title]
    for number, (keys, words) in enumerate(rows, start=1):
        text = QLabel(words, wordWrap=True)
        key = QLabel(keys)
        key.setProperty("key", True)
        key.setFont(theme.time_font(12))
        grid.addWidget(text, number, 0)
        grid.addWidget(key, number, 1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
    grid.setColumnStretch(0, 1)
    return box


def _keys(command: Command) -> str:
    shown = dict.fromkeys(keys for keys in command.shortcuts if keys != "Enter")
    return "  ".join(key_text(keys) for keys in list(shown)[:2])
