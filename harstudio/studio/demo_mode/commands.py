"""The commands of demo mode and of watching."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harstudio.studio.commands import Command, because

if TYPE_CHECKING:
    from harstudio.studio.demo_mode.mode import DemoMode

ONE_DISPLAY = "There is one display only."


def demo_commands(demo: DemoMode) -> list[Command]:
    """In the order of the menu."""

    def on() -> bool:
        return demo.on

    return [
        Command("view.demo_mode", "Demo mode for visitors", demo.toggle, "View", "person",
                ("Ctrl+6",), checked=on),
        Command("view.demo_display", "Demo mode on another display", demo.next_display, "View", "",
                (), demo.has_displays, about=demo.display_words, why=because(ONE_DISPLAY)),
        Command("view.demo_recording", "Recording for when the camera is away…",
                demo.choose_recording, "View"),
        Command("watch.seen", "The alarm was seen", demo.watch.seen, "View", "check",
                ("Ctrl+Shift+Return",), demo.watch.rings,
                why=because("There is no alarm that was not seen.")),
    ]  # fmt: skip
