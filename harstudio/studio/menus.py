"""Menus and keys, grown from the command table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from harstudio.studio import icons, theme
from harstudio.studio.commands import Command, CommandTable

MENUS = ("File", "Edit", "Label", "Team", "Play", "Recognise", "Train", "Live", "View", "Help")
SEPARATED = frozenset(
    {
        "file.open_recent",
        "file.save",
        "file.screenshot",
        "file.quit",
        "label.annotator",
        "clip.cut",
        "label.back_out",
        "clip.delete",
        "clip.unsure",
        "clip.start_earlier",
        "clip.start_10_earlier",
        "clip.start_here",
        "clip.to_previous",
        "clip.move_up",
        "label.next_gap",
        "label.edit_set",
        "clip.select_tier",
        "tier.add",
        "label.read_others",
        "team.settle",
        "team.rules",
        "transport.slower",
        "transport.loop_clip",
        "view.align",
        "view.library",
        "view.full_screen",
        "view.theme_dark",
        "view.overlay_color",
        "view.reset_panes",
        "recognise.put_away",
        "recognise.looked_at",
        "recognise.to_frame",
        "what_if.turn",
        "what_if.mask",
        "what_if.hide_head",
        "what_if.explain",
        "train.pause",
        "train.evaluate",
        "train.copy_command",
        "view.jobs",
        "live.hold",
        "live.sources",
        "help.diagnose",
        "help.about",
    }
)


class Actions(QObject):
    """One QAction a command, added to a window so that its keys work there.

    A command that is not possible now keeps its keys (they tell ``refused``); in a menu it is
    greyed while the menu is shown.
    """

    def __init__(
        self, commands: CommandTable, window: QWidget, refused: Callable[[Command], None]
    ) -> None:
        super().__init__(window)
        self._commands = commands
        self._window = window
        self._refused = refused
        self._actions: dict[str, QAction] = {}
        for command in commands:
            self._add(command)
        self.set_keys()
        self._retint()
        theme.theme_events.changed.connect(self._retint)

    def __getitem__(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def ids(self) -> set[str]:
        return set(self._actions)

    def _add(self, command: Command) -> None:
        action = QAction(command.title, self)
        action.setObjectName(command.id)
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setAutoRepeat(command.repeats)
        action.setCheckable(command.checked is not None)
        action.setMenuRole(
            QAction.MenuRole.QuitRole if command.id == "file.quit" else QAction.MenuRole.NoRole
        )
        action.triggered.connect(partial(self.run, command.id))
        self._actions[command.id] = action
        self._window.addAction(action)

    def set_keys(self) -> None:
        """The keys that the table says now."""
        for command in self._commands:
            keys = [QKeySequence(keys) for keys in command.shortcuts]
            self._actions[command.id].setShortcuts(keys)

    def run(self, command_id: str, _checked: bool = False) -> None:
        """Run a command as a menu or a key does."""
        command = self._commands[command_id]
        if not self._commands.run(command_id):
            self._refused(command)
        if command.checked is not None:
            self._actions[command_id].setChecked(command.checked())

    def fill(self, bar: QMenuBar) -> None:
        """A menu for each name that commands stand in, in the order of MENUS. A name with a
        slash is a menu in a menu."""
        paths = dict.fromkeys(c.menu for c in self._commands if c.menu)
        tops = dict.fromkeys([*MENUS, *(path.partition("/")[0] for path in paths)])
        for title in tops:
            members = [c for c in self._commands if c.menu.partition("/")[0] == title]
            if members:
                self._fill_menu(bar.addMenu(title), members)

    def _fill_menu(self, menu: QMenu, members: Sequence[Command]) -> None:
        """The commands of a menu, and those of its submenus ("Label/Edges") in menus of their
        own where the first of them stands."""
        below: dict[str, list[Command]] = {}
        for command in members:
            below.setdefault(command.menu.partition("/")[2], []).append(command)
        for command in members:
            title = command.menu.partition("/")[2]
            if title and command is not below[title][0]:
                continue
            if command.id in SEPARATED and menu.actions():
                menu.addSeparator()
            if title:
                self._fill_one(menu.addMenu(title), below[title])
            else:
                menu.addAction(self._actions[command.id])
        self._watch(menu, below.get("", ()))

    def _fill_one(self, menu: QMenu, members: Sequence[Command]) -> None:
        for command in members:
            if command.id in SEPARATED and menu.actions():
                menu.addSeparator()
            menu.addAction(self._actions[command.id])
        self._watch(menu, members)

    def _watch(self, menu: QMenu, members: Sequence[Command]) -> None:
        ids = tuple(command.id for command in members)
        menu.aboutToShow.connect(partial(self._refresh, ids))
        menu.aboutToHide.connect(partial(self._allow, ids))

    def _refresh(self, ids: Sequence[str]) -> None:
        for command_id in ids:
            command, action = self._commands[command_id], self._actions[command_id]
            action.setEnabled(command.enabled())
            action.setText(command.title_now().replace("&", "&&"))
            if command.checked is not None:
                action.setChecked(command.checked())

    def _allow(self, ids: Sequence[str]) -> None:
        for command_id in ids:
            self._actions[command_id].setEnabled(True)

    def _retint(self) -> None:
        for command in self._commands:
            if command.icon and command.checked is None:  # an icon would hide the check mark
                self._actions[command.id].setIcon(icons.icon(command.icon, 16))


def key_text(portable: str) -> str:
    """A shortcut as this system writes it."""
    return QKeySequence(portable).toString(QKeySequence.SequenceFormat.NativeText)
