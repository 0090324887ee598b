"""The commands of what if, as one list."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from harstudio.runs.recognised.words import WORDS
from harstudio.studio.commands import Command, because
from harstudio.studio.what_if.changes import GROUPS
from harstudio.studio.what_if.what_if import Tool, WhatIf

MENU = "Recognise/What if"
KINDS = {"color": "C", "depth": "D", "infrared": "I", "skeleton": "S", "inertial": "A"}
SPOKEN = {"inertial": "inertial sensor"}
NOT_YET = "Recognise the recording first (Ctrl+E)."
BEFORE = "Take something away first."


def what_if_commands(what_if: WhatIf, show: Callable[[], None]) -> list[Command]:
    """In the order of the menu. show: brings the panel forward."""
    first = because(NOT_YET)

    def then(run: Callable[[], None]) -> Callable[[], None]:
        def both() -> None:
            show()
            run()

        return both

    def using(tool: Tool) -> bool:
        return what_if.tool is tool

    def can_hide() -> bool:
        return what_if.can_ask() and bool(what_if.joints)

    def changed() -> bool:
        return bool(what_if.changes)

    def drops(kind: str) -> bool:
        return kind in what_if.changes.without

    def can_drop(kind: str) -> bool:
        return what_if.can_ask() and what_if.can_drop(kind)

    def why_not_drop(kind: str) -> str:
        return what_if.why_not_drop(kind) if what_if.can_ask() else NOT_YET

    return [
        Command("what_if.turn", "What if…", then(lambda: what_if.turn(not what_if.on)), MENU, "",
                ("Alt+W",), what_if.can_ask, lambda: what_if.on, why=first),
        *[
            Command(f"what_if.drop_{kind}", f"Leave out the {SPOKEN.get(kind, WORDS[kind])}",
                    then(partial(what_if.toggle_kind, kind)), MENU, "", (f"Alt+Shift+{key}",),
                    partial(can_drop, kind), partial(drops, kind),
                    why=partial(why_not_drop, kind))
            for kind, key in KINDS.items()
        ],
        Command("what_if.mask", "Mask a region", then(partial(what_if.take, Tool.MASK)), MENU, "",
                ("Alt+B",), what_if.can_ask, partial(using, Tool.MASK), why=first),
        Command("what_if.joints", "Hide joints", then(partial(what_if.take, Tool.JOINTS)), MENU,
                "skeleton", ("Alt+J",), can_hide, partial(using, Tool.JOINTS), why=first),
        *[
            Command(f"what_if.hide_{name}", f"Hide the joints of the {name}",
                    then(partial(what_if.toggle_group, name)), MENU, "", (), can_hide,
                    partial(what_if.hides_group, name), why=first)
            for name in GROUPS
        ],
        Command("what_if.explain", "Explain what is left",
                lambda: what_if.explain(not what_if.explains), MENU, "eye", ("Alt+X",), changed,
                lambda: what_if.explains, why=because(BEFORE)),
        Command("what_if.reset", "Give everything back", what_if.reset, MENU, "refresh",
                ("Alt+Shift+W",), changed, why=because("Nothing is taken away.")),
    ]  # fmt: skip
