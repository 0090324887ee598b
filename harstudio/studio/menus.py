"""Menus and keys, grown from the command table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from harstudio.studio import icons, theme
from harstudio.studio.commands import Command, CommandTable

MENUS = ("File", "Edit", "Label", "Play", "Recognise", "Train", "View", "Help")
SEPARATED = frozenset(
    {
        "file.open_recent",
        "file.save",
        "file.screenshot",
        "file.quit",
        "label.annotator",
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
        "train.pause",
        "train.evaluate",
        "train.copy_command",
        "view.jobs",
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
        self._retint()
        theme.theme_events.changed.connect(self._retint)

    def __getitem__(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def ids(self) -> set[str]:
        return set(self._actions)

    def _add(self, command: Command) -> None:
        action = QAction(command.title, self)
        action.setObjectName(command.id)
        action.setShortcuts([QKeySequence(keys) for keys in command.shortcuts])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setAutoRepeat(command.repeats)
        action.setCheckable(command.checked is not None)
        action.setMenuRole(
            QAction.MenuRole.QuitRole if command.id == "file.quit" else QAction.MenuRole.NoRole
        )
        action.triggered.connect(partial(self.run, command.id))
        self._actions[command.id] = action
        self._window.addAction(action)

    def run(self, command_id: str, _checked: bool = False) -> None:
        """Run a command as a menu or a key does."""
        command = self._commands[command_id]
        if not self._commands.run(command_id):
            self._refused(command)
        if command.checked is not None:
            self._actions[command_id].setChecked(command.checked())

    def fill(self, bar: QMenuBar) -> None:
        """A menu for each name that commands stand in, in the order of MENUS."""
        titles = list(MENUS)
        titles += [c.menu for c in self._commands if c.menu and c.menu not in titles]
        for title in dict.fromkeys(titles):
            members = [c for c in self._commands if c.menu == title]
            if members:
                self._fill_menu(bar.addMenu(title), members)

    def _fill_menu(self, menu: QMenu, members: Sequence[Command]) -> None:
        for command in members:
            if command.id in SEPARATED and menu.actions():
                menu.addSeparator()
            menu.addAction(self._actions[command.id])
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
