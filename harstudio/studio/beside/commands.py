"""The commands of two sides, and those of the player that lead them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from harstudio.studio.commands import Command, because
from harstudio.studio.transport import RATES

if TYPE_CHECKING:
    from harstudio.studio.beside.desk import BesideDesk
    from harstudio.studio.beside.view import Beside

NOT_RECOGNISED = "Recognise the recording first (Ctrl+E), and go to a window of it."
NO_ERRORS = "Evaluate a run in Train first; its errors are shown then."
Lead = tuple[Callable[[], None], Callable[[], bool] | None]  # what it does, whether it is on


def beside_commands(desk: BesideDesk) -> list[Command]:
    """In the order of their menus."""

    def other_class() -> None:
        if desk.page is not None:
            desk.page.beside.switch_class()

    return [
        Command("beside.runs", "Compare with another run…", desk.choose_run, "Recognise", "panes",
                (), desk.can_compare, why=because(NOT_RECOGNISED)),
        Command("beside.classes", "Compare two classes…", desk.choose_class, "Recognise", "panes",
                (), desk.can_compare, why=because(NOT_RECOGNISED)),
        Command("beside.errors", "Errors side by side", desk.show_errors_of_view, "Train", "panes",
                (), desk.can_show_errors, why=because(NO_ERRORS)),
        Command("beside.errors_of", "Errors of a run…", desk.choose_errors, "Train", "panes"),
        Command("beside.other_class", "Explain the other class", other_class, "Train", "eye",
                ("Alt+T",), desk.is_shown,
                why=because("Errors must be shown side by side for that.")),
    ]  # fmt: skip


def leading(desk: BesideDesk) -> dict[str, Lead]:
    """Ids of commands of the player, of what is explained and of going from clip to clip, with
    what they do to two sides."""

    def beside() -> Beside:
        return desk.page.beside

    def jump(by: int) -> None:
        beside().step(by * desk.jump_frames)

    def is_rate(rate: float) -> bool:
        return beside().clock.rate == rate

    leads: dict[str, Lead] = {
        "transport.play": (lambda: beside().toggle(), lambda: beside().clock.playing),
        "transport.previous_frame": (lambda: beside().step(-1), None),
        "transport.next_frame": (lambda: beside().step(1), None),
        "transport.frames_back": (partial(jump, -1), None),
        "transport.frames_on": (partial(jump, 1), None),
        "transport.first": (lambda: beside().to(end=False), None),
        "transport.last": (lambda: beside().to(end=True), None),
        "transport.shuttle_back": (lambda: beside().clock.shuttle(-1), None),
        "transport.shuttle_stop": (lambda: beside().clock.shuttle(0), None),
        "transport.shuttle_on": (lambda: beside().clock.shuttle(1), None),
        "transport.slower": (lambda: beside().clock.change_rate(-1), None),
        "transport.faster": (lambda: beside().clock.change_rate(1), None),
        "recognise.looked_at": (lambda: beside().toggle_looked_at(), lambda: beside().looked_at()),
        "recognise.next_map": (lambda: beside().next_map(), None),
        "clip.next": (lambda: desk.page.step_error(1), None),
        "clip.previous": (lambda: desk.page.step_error(-1), None),
    }
    for rate in RATES:
        set_rate = partial(lambda rate: beside().clock.set_rate(rate), rate)
        leads[f"transport.rate_{rate:g}"] = (set_rate, partial(is_rate, rate))
    return leads
