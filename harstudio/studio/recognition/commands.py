"""The commands of recognising, as one list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harstudio.runs.recognised.opinion import Where
from harstudio.studio.commands import Command

if TYPE_CHECKING:
    from harstudio.studio.recognition.recognising import Recognising

MENU = "Recognise"


def recognise_commands(feature: Recognising) -> list[Command]:
    """In the order of the menu."""
    session, recogniser = feature.session, feature.recogniser
    explaining = session.explaining

    def can_ask_again() -> bool:
        return recogniser.can_ask() and recogniser.last_run is not None

    def with_what() -> str:
        return "" if recogniser.last_run is None else f"with {recogniser.last_run.name}"

    def is_there() -> bool:
        return session.recognition is not None

    def explained() -> bool:
        return any(place is not Where.BESIDE for place in explaining.places().values())

    def weighs() -> bool:
        return Where.JOINTS in explaining.places().values()

    def has_map() -> bool:
        return bool(explaining.on_picture) and explaining.is_shown(explaining.on_picture)

    return [
        Command("recognise.choose", "Recognise…", feature.choose, MENU, "recognise", ("Ctrl+E",),
                recogniser.can_ask),
        Command("recognise.again", "Recognise again", recogniser.recognise_again, MENU, "refresh",
                ("Ctrl+Shift+E",), can_ask_again, about=with_what),
        Command("recognise.all", "Recognise all…", feature.choose_for_all, MENU, "library",
                ("Ctrl+Alt+E",), feature.can_recognise_all, about=feature.how_many),
        Command("recognise.stop", "Stop recognising", feature.stop, MENU, "close", (),
                feature.is_asking),
        Command("recognise.put_away", "Put the result away", recogniser.put_away, MENU, "eye-off",
                (), is_there),
        Command("recognise.looked_at", "Show what was looked at", explaining.toggle_all, MENU,
                "eye", ("Ctrl+H",), explained, explaining.any_shown),
        Command("recognise.next_map", "Next map over the picture", explaining.next_on_picture,
                MENU, "overlay", ("Ctrl+Shift+H",), explained),
        Command("recognise.joints", "What lies on the joints", explaining.toggle_joints, MENU,
                "skeleton", (), weighs, explaining.joints_shown),
        Command("recognise.to_frame", "Go to the frame that was seen", feature.go_to_frame, MENU,
                "next", ("Alt+G",), has_map),
        Command("recognise.save", "Save explanation…", feature.save_explanation, MENU, "save", (),
                is_there),
        Command("view.recognition", "Recognition", feature.toggle_panel, "View", "recognise",
                ("F5",), checked=feature.is_panel_shown),
    ]  # fmt: skip
