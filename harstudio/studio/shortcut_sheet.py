"""The key sheet: every key, labelling first; found by typing, changed by pressing another."""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from harstudio.studio import theme
from harstudio.studio.buttons import ToolButton
from harstudio.studio.commands import Command, CommandTable
from harstudio.studio.fields import NumberBox
from harstudio.studio.keys import Keys, key_of
from harstudio.studio.menus import MENUS, key_text

COLUMN_PX = 330
LABELLING = "Labelling"
FIRST = (
    "transport.play",
    "label.mark_in",
    "label.mark_out",
    "label.find",
    "clip.previous",
    "clip.next",
    "clip.start_here",
    "clip.end_here",
    "clip.end_earlier",
    "clip.end_later",
    "clip.delete",
    "edit.undo",
)
LABEL_KEYS = ("1 … 9  A … Z", "Start a clip, end it, or give it that label")
HINT = (
    "Click a key to change it; Enter changes the first. Letters and digits alone stay with labels "
    "and the player."
)


def sheet_groups(
    commands: CommandTable, wanted: str = "", also: Container[str] = ()
) -> list[tuple[str, list[Command]]]:
    """Commands with keys: those that labelling is made of, then the others by menu.

    wanted: only those whose title or key has all these words, with or without a key. also: ids
    of others that are shown without one.
    """
    words = wanted.casefold().split()

    def shown(command: Command) -> bool:
        keys = [text for key in command.shortcuts for text in (key, key_text(key))]
        said = " ".join([command.title, command.menu, *keys]).casefold()
        return all(word in said for word in words) and bool(
            words or command.shortcuts or command.id in also
        )

    paths = dict.fromkeys([*MENUS, *(c.menu for c in commands if c.menu)])
    tops = list(dict.fromkeys(path.partition("/")[0] for path in paths))
    groups = [(LABELLING, [commands[name] for name in FIRST])]
    for title in sorted(paths, key=lambda path: tops.index(path.partition("/")[0])):
        groups.append((title, [c for c in commands if c.menu == title and c.id not in FIRST]))
    found = [(title, [c for c in members if shown(c)]) for title, members in groups]
    return [(title, members) for title, members in found if members]


class ShortcutSheet(QFrame):
    """Lies over the window. What is typed is searched; Esc goes back and then closes it."""

    def __init__(self, keys: Keys, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("shortcut_sheet")
        self._keys = keys
        self._waiting = ""  # the command whose new key is to be pressed
        self._before: QWidget | None = None  # had the focus
        self._pressed = ""  # a key of another command: pressed again, it is taken over
        self.hide()
        self._area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(12)
        column.addLayout(self._build_head())
        column.addWidget(self._area, 1)
        column.addLayout(self._build_foot())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        window.installEventFilter(self)
        theme.theme_events.changed.connect(self._restyle)
        keys.changed.connect(self._fill)
        self._restyle()

    def _build_head(self) -> QHBoxLayout:
        title = QLabel("Keys")
        title.setFont(theme.ui_font(theme.EMPTY_PX, bold=True))
        self.field = QLineEdit(placeholderText="Find a command or a key", clearButtonEnabled=True)
        self.field.setAccessibleName("Find a command or a key")
        self.field.setFixedWidth(280)
        self.field.textChanged.connect(self._find)
        close = ToolButton("Close  Esc")
        close.clicked.connect(self.shut)
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(title)
        head.addWidget(self.field)
        head.addStretch(1)
        head.addWidget(close)
        return head

    def _build_foot(self) -> QHBoxLayout:
        self.sentence = QLabel(HINT, wordWrap=True)
        self.sentence.setProperty("quiet", True)
        self._none = ToolButton("No key")
        self._none.clicked.connect(self._take_away)
        self._usual = ToolButton("As it came")
        self._usual.clicked.connect(self._give_back)
        self._all = ToolButton("All keys as they came")
        self._all.clicked.connect(self._keys.reset)
        settings = self._keys.settings
        self.frames = NumberBox("Frames of Shift+Left and Shift+Right", 2, 10_000)
        self.frames.setValue(settings.jump_frames)
        self.seconds = NumberBox("Seconds of Shift+J and Shift+L", 1, 3600)
        self.seconds.setValue(settings.jump_seconds)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.sentence, 1)
        foot.addWidget(self._none)
        foot.addWidget(self._usual)
        foot.addWidget(self._all)
        for box, words in ((self.frames, "Several frames:"), (self.seconds, "Seconds:")):
            box.setFixedWidth(84)
            box.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            box.editingFinished.connect(self._keep_jumps)
            label = QLabel(words)
            label.setProperty("quiet", True)
            label.setBuddy(box)
            foot.addSpacing(8)
            foot.addWidget(label)
            foot.addWidget(box)
        return foot

    def texts(self) -> list[str]:
        """Everything that is written on the sheet."""
        self._fill()
        labels = [label.text() for label in self.findChildren(QLabel)]
        return labels + [key.text() for key in self.findChildren(ToolButton)]

    # ---- showing

    def toggle(self) -> None:
        """Show it from its top, or close it."""
        if self.isVisible():
            self.shut()
            return
        self._before = self.window().focusWidget()
        self._place()
        self._wait_for("")
        self.field.clear()
        self._area.verticalScrollBar().setValue(0)
        self.show()
        self.raise_()
        self.field.setFocus()

    def shut(self) -> None:
        """Close it; keys go where they went before."""
        before, self._before = self._before, None
        self.hide()
        if before is not None and before.isVisible():
            before.setFocus()

    def _find(self) -> None:
        self._fill()
        self._area.verticalScrollBar().setValue(0)

    def _fill(self) -> None:
        """The rows as the table stands now."""
        scrolled = self._area.verticalScrollBar().value()
        body = QWidget()
        row = QHBoxLayout(body)
        row.setContentsMargins(0, 0, 8, 0)
        row.setSpacing(32)
        groups = sheet_groups(self._keys.commands, self.field.text(), self._keys.with_usual_key)
        if not groups:
            row.addWidget(QLabel("No command has this name or key."), 0, Qt.AlignmentFlag.AlignTop)
        columns = 3 if self.width() >= 3 * COLUMN_PX else 2
        rest, left = sum(len(members) + 2 for _, members in groups), columns
        column, filled = None, 0
        for title, members in groups:
            if column is None or (filled + len(members) / 2 > rest / left and left > 1):
                if column is not None:
                    rest, left, filled = rest - filled, left - 1, 0
                column = QVBoxLayout()
                column.setSpacing(16)
                row.addLayout(column, 1)
            column.addWidget(self._group(title, members))
            filled += len(members) + 2
        for index in range(row.count()):
            if row.itemAt(index).layout() is not None:
                row.itemAt(index).layout().addStretch(1)
        for _ in range(columns - row.count() if groups else 0):
            row.addStretch(1)
        self._area.setWidget(body)
        body.show()
        self._all.setVisible(bool(self._keys.settings.keys) and not self._waiting)
        self._area.verticalScrollBar().setValue(scrolled)

    def _group(self, title: str, members: Sequence[Command]) -> QWidget:
        box = QWidget()
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(5)
        head = QLabel(title.replace("/", " · "))
        head.setFont(theme.ui_font(12, bold=True))
        head.setProperty("quiet", True)
        grid.addWidget(head, 0, 0, 1, 2)
        rows: list[tuple[str, QWidget]] = [(one.title, self._key(one)) for one in members]
        if title == LABELLING and not self.field.text():
            rows.insert(1, (LABEL_KEYS[1], _shown(QLabel(LABEL_KEYS[0]))))
        for number, (words, key) in enumerate(rows, start=1):
            grid.addWidget(QLabel(words, wordWrap=True), number, 0)
            grid.addWidget(key, number, 1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        grid.setColumnStretch(0, 1)
        return box

    def _key(self, command: Command) -> QWidget:
        shown = list(
            dict.fromkeys(keys for keys in command.shortcuts if not keys.endswith("Enter"))
        )
        text = "  ".join(key_text(keys) for keys in shown[:2])
        if self._keys.is_fixed(command):
            return _shown(QLabel(text))
        key = ToolButton("Press a key" if command.id == self._waiting else text or "none")
        key.setObjectName(f"key-{command.id}")
        key.setAccessibleName(f"Key of “{command.title}”")
        key.setProperty("changed", self._keys.is_changed(command.id))
        key.setProperty("waits", command.id == self._waiting)
        key.clicked.connect(partial(self._wait_for, command.id))
        return _shown(key)

    # ---- changing

    def _wait_for(self, command_id: str, _checked: bool = False) -> None:
        """The next key that is pressed belongs to it; "" for no command."""
        self._waiting, self._pressed = command_id, ""
        self._none.setVisible(bool(command_id))
        self._usual.setVisible(bool(command_id) and self._keys.is_changed(command_id))
        if command_id:
            self.setFocus()
            title = self._keys.commands[command_id].title.rstrip("…")
            self.sentence.setText(f"Press the new key of “{title}”; Esc leaves it as it is.")
        else:
            self.sentence.setText(HINT)
        self._fill()

    def _change_first(self) -> None:
        """Of those that are found, the first that can be changed."""
        found = [one for one in self._area.widget().findChildren(ToolButton) if one.isVisible()]
        if found:
            found[0].click()

    def _take(self, key: str) -> None:
        reason, holder = self._keys.refusal(key), self._keys.owner(key)
        if reason:
            self.sentence.setText(f"{reason} Press another; Esc leaves it as it is.")
        elif holder is not None and holder.id != self._waiting and key != self._pressed:
            self._pressed = key
            self.sentence.setText(
                f"{key_text(key)} belongs to “{holder.title}”: press it again to take it over, "
                "or press another."
            )
        else:
            self._done_with(partial(self._keys.give, self._waiting, key))

    def _take_away(self) -> None:
        self._done_with(partial(self._keys.give, self._waiting, ""))

    def _give_back(self) -> None:
        self._done_with(partial(self._keys.give_back, self._waiting))

    def _done_with(self, change: partial[None]) -> None:
        self._waiting = ""
        change()
        self._wait_for("")
        self.field.setFocus()

    def _keep_jumps(self) -> None:
        settings = self._keys.settings
        wanted = self.frames.value(), self.seconds.value()
        if wanted != (settings.jump_frames, settings.jump_seconds):
            settings.jump_frames, settings.jump_seconds = wanted
            self._keys.save()

    # ---- keys and the window

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def focusNextPrevChild(self, forward: bool) -> bool:  # noqa: N802
        return not self._waiting and super().focusNextPrevChild(forward)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        bar = self._area.verticalScrollBar()
        pages: dict[int, int] = {Qt.Key.Key_Down: 40, Qt.Key.Key_Up: -40}
        pages |= {Qt.Key.Key_PageDown: bar.pageStep(), Qt.Key.Key_PageUp: -bar.pageStep()}
        if event.key() == Qt.Key.Key_Escape:
            self._back()
        elif self._waiting:
            if key := key_of(event):
                self._take(key)
        elif event.key() in pages:
            bar.setValue(bar.value() + pages[event.key()])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.field.hasFocus():
            self._change_first()
        elif event.key() == Qt.Key.Key_F1:
            self.shut()

    def _back(self) -> None:
        if self._waiting:
            self._wait_for("")
            self.field.setFocus()
        elif self.field.text():
            self.field.clear()
        else:
            self.shut()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
            self._fill()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        room = self.parentWidget().size()
        width, height = min(1160, room.width() - 48), min(900, room.height() - 48)
        self.setGeometry((room.width() - width) // 2, (room.height() - height) // 2, width, height)

    def _restyle(self) -> None:
        tokens = theme.current()
        self.setStyleSheet(
            f"#shortcut_sheet {{ background: {tokens.raised}; border: 1px solid {tokens.line};"
            " border-radius: 8px; }"
            f"QScrollArea, QScrollArea > QWidget > QWidget {{ background: {tokens.raised}; }}"
            f'*[key="true"] {{ background: {tokens.surface}; color: {tokens.text};'
            f" border: 1px solid {tokens.line}; border-radius: 4px; padding: 1px 6px; }}"
            f'QToolButton[key="true"]:hover, QToolButton[key="true"]:focus {{'
            f" border-color: {tokens.quiet}; }}"
            f'*[changed="true"], *[waits="true"] {{ border-color: {tokens.accent};'
            f" color: {tokens.accent}; }}"
            f'QLabel[key="true"] {{ border-color: transparent; }}'
        )


def _shown(widget: QWidget) -> QWidget:
    """As a key looks."""
    widget.setProperty("key", True)
    widget.setFont(theme.time_font(12))
    return widget
