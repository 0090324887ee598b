"""Every user action is a command in one table.

Menus, toolbar, palette, shortcut sheet and tests grow from this table; nothing else makes a
menu entry or a shortcut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace


def always() -> bool:
    return True


def because(sentence: str) -> Callable[[], str]:
    """A reason that is always the same."""
    return lambda: sentence


@dataclass(frozen=True, slots=True)
class Command:
    """What a person can do.

    id: "group.verb" (``transport.play``). menu: title of the menu it stands in, "" for none;
    "Label/Edges" is a menu in a menu.
    shortcuts: Qt portable texts ("Ctrl+Z"), the first is the one shown. checked: for toggles,
    tells whether it is on. repeats: holding the key repeats it.
    about: what it would do now, to stand after the title; "" for nothing.
    why: a sentence that says why it is not possible now; "" when that is not known.
    """

    id: str
    title: str
    run: Callable[[], None]
    menu: str = ""
    icon: str = ""
    shortcuts: tuple[str, ...] = ()
    enabled: Callable[[], bool] = always
    checked: Callable[[], bool] | None = None
    repeats: bool = False
    about: Callable[[], str] | None = None
    why: Callable[[], str] | None = None

    def refusal(self) -> str:
        """What is told when it is wanted and not possible."""
        reason = "" if self.why is None else self.why()
        return reason or f"{self.title.rstrip('…')}: not possible now."

    def title_now(self) -> str:
        """The title with what it is about: "Undo label “clapping”"."""
        about = "" if self.about is None else self.about()
        return f"{self.title} {about[0].lower()}{about[1:]}" if about else self.title


def sharing(
    commands: Iterable[Command],
    leads: Mapping[str, tuple[Callable[[], None], Callable[[], bool] | None]],
    here: Callable[[], bool],
) -> list[Command]:
    """The same commands; those in leads, by id, do that (and are checked when) while here."""
    return [_shared(one, *leads[one.id], here) if one.id in leads else one for one in commands]


def _shared(
    command: Command,
    run: Callable[[], None],
    checked: Callable[[], bool] | None,
    here: Callable[[], bool],
) -> Command:
    before = command.checked or always

    def do() -> None:
        run() if here() else command.run()

    def enabled() -> bool:
        return here() or command.enabled()

    def on() -> bool:
        return (checked if here() and checked else before)()

    return replace(
        command, run=do, enabled=enabled, checked=None if command.checked is None else on
    )


class CommandTable:
    """All commands by id, in the order they were added."""

    def __init__(self) -> None:
        self._commands: dict[str, Command] = {}

    def add(self, *commands: Command) -> None:
        """Register commands; an id or a shortcut that is taken is a programming error."""
        for command in commands:
            if command.id in self._commands:
                raise ValueError(f"command {command.id} is there already")
            taken = {key: c.id for c in self for key in c.shortcuts}
            for key in command.shortcuts:
                if key in taken:
                    raise ValueError(f"{key} of {command.id} belongs to {taken[key]}")
            self._commands[command.id] = command

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands.values())

    def __getitem__(self, command_id: str) -> Command:
        return self._commands[command_id]

    def set_keys(self, command_id: str, keys: tuple[str, ...]) -> None:
        """Give a command other shortcuts."""
        self._commands[command_id] = replace(self._commands[command_id], shortcuts=keys)

    def run(self, command_id: str) -> bool:
        """Do it if it is enabled; False when it was not."""
        command = self._commands[command_id]
        if not command.enabled():
            return False
        command.run()
        return True
