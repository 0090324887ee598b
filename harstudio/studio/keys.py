"""Which key does what: as the command table says, but for what a person changed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence

from harstudio.settings import Settings
from harstudio.studio.commands import Command, CommandTable

MODIFIERS = (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta,
             Qt.Key.Key_AltGr, Qt.Key.Key_CapsLock, Qt.Key.Key_NumLock)  # fmt: skip
KEPT = ("Esc", "Return", "Enter", "Tab", "Shift+Tab")


def key_of(event: QKeyEvent) -> str:
    """The pressed key as portable text, "" for a modifier alone."""
    if event.key() in MODIFIERS or event.key() == Qt.Key.Key_unknown:
        return ""
    held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if event.text().isprintable() and event.text().strip() and not event.text().isalnum():
        held &= ~Qt.KeyboardModifier.ShiftModifier  # "?" already says that Shift is held
    return QKeySequence(event.key() | held.value).toString()


def is_kept(key: str) -> bool:
    """Whether it is one of the keys that stay: letters and digits alone, Esc, Enter and Tab."""
    return key in KEPT or (len(key) == 1 and key.isalnum())


class Keys(QObject):
    """Puts the changed keys of the settings into the table, and changes them.

    ``settings.keys`` has the keys of a command by its id, [] for none. A key that is given to
    one command is taken from the other. Keys of labels and of the player stay.
    """

    changed = Signal()

    def __init__(
        self, commands: CommandTable, settings: Settings, save: Callable[[], None]
    ) -> None:
        super().__init__()
        self.commands = commands
        self.settings = settings
        self.save = save
        self._usual = {command.id: command.shortcuts for command in commands}
        self.with_usual_key = {command_id for command_id, keys in self._usual.items() if keys}
        self._apply()

    def is_fixed(self, command: Command) -> bool:
        """Whether its keys stay what they are."""
        return not command.menu or any(map(is_kept, self._usual[command.id]))

    def is_changed(self, command_id: str) -> bool:
        return command_id in self.settings.keys

    def owner(self, key: str) -> Command | None:
        """Whose key it is now."""
        return next((one for one in self.commands if key in _texts(one.shortcuts)), None)

    def refusal(self, key: str) -> str:
        """Why no command can have this key, "" when one can."""
        holder = self.owner(key)
        if not is_kept(key) and (holder is None or not self.is_fixed(holder)):
            return ""
        whose = f"“{holder.title}”" if holder is not None and holder.menu else "labels"
        return f"{key} is kept for {whose}."

    def give(self, command_id: str, key: str) -> None:
        """It has this key alone from now on, "" for none; whoever had it loses it."""
        if key and self.refusal(key):
            raise ValueError(self.refusal(key))
        changed = {
            other: [one for one in keys if one != key]
            for other, keys in self.settings.keys.items()
            if other != command_id
        }
        if (key,) != _texts(self._usual[command_id]):
            changed[command_id] = [key] if key else []
        self._keep(changed)

    def give_back(self, command_id: str) -> None:
        """It has the keys again that it came with."""
        self._keep({k: keys for k, keys in self.settings.keys.items() if k != command_id})

    def reset(self) -> None:
        """All keys as they came."""
        self._keep({})

    def _keep(self, changed: dict[str, list[str]]) -> None:
        self.settings.keys = changed
        self._apply()
        self.save()
        self.changed.emit()

    def _apply(self) -> None:
        """Changed keys first, then the usual ones that are still free."""
        taken = {
            key
            for one in self.commands
            if self.is_fixed(one)
            for key in _texts(self._usual[one.id])
        }
        given: dict[str, tuple[str, ...]] = {}
        for command_id, wanted in self.settings.keys.items():
            if command_id in self._usual and not self.is_fixed(self.commands[command_id]):
                free = dict.fromkeys(k for k in _texts(tuple(wanted)) if k and not is_kept(k))
                given[command_id] = tuple(key for key in free if key not in taken)
                taken.update(given[command_id])
        for command in tuple(self.commands):
            usual = self._usual[command.id]
            if not self.is_fixed(command):
                usual = tuple(key for key in usual if QKeySequence(key).toString() not in taken)
            self.commands.set_keys(command.id, given.get(command.id, usual))


def _texts(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(QKeySequence(key).toString() for key in keys)
