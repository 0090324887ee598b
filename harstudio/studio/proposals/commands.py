"""The commands of proposals, as one list."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from harstudio.studio.commands import Command, because
from harstudio.studio.proposals.from_recognition import proposals_of, source_of
from harstudio.studio.proposals.orders import ORDERS, Order
from harstudio.studio.proposals.proposals import NONE_OPEN

if TYPE_CHECKING:
    from harstudio.studio.proposals.proposals import Proposals
    from harstudio.studio.window import MainWindow

MENU = "Label/Proposals"
NONE_DECIDED = "No proposal is selected or under the playhead; F12 goes to the next one."


def proposal_commands(window: MainWindow) -> list[Command]:
    """In the order of the menu. Enter, label keys and Backspace stand with those of labelling."""
    proposals = window.proposals
    session, none_open = proposals.session, because(NONE_OPEN)

    def any_open() -> bool:
        return bool(proposals.open())

    def decided() -> bool:
        return proposals.current() is not None

    def accept() -> None:
        proposals.accept()

    def reject() -> None:
        proposals.reject()

    def go(direction: int) -> None:
        proposals.next(direction=direction)

    def is_recognised() -> bool:
        return session.recognition is not None

    def from_recognition() -> None:
        propose_recognition(proposals)

    def plays() -> bool:
        return session.settings.play_proposals

    def flip_play() -> None:
        session.settings.play_proposals = not session.settings.play_proposals
        window.save_settings()

    def sure() -> None:
        proposals.accept_sure()

    def any_sure() -> bool:
        return bool(proposals.above(session.settings.sure_proposals))

    def how_sure() -> str:
        return f"(at least {100 * session.settings.sure_proposals:.0f} %)"

    def no_sure() -> str:
        return f"No open proposal is as sure as {100 * session.settings.sure_proposals:.0f} %."

    def lacks() -> bool:
        return bool(proposals.lacking())

    def is_order(order: Order) -> bool:
        return proposals.order == order

    return [
        Command("proposal.from_recognition", "Propose from the recognition", from_recognition,
                MENU, "recognise", (), is_recognised,
                why=because("Recognise something first: Ctrl+E chooses a run.")),
        Command("proposal.next", "Next proposal", partial(go, 1), MENU, "next", ("F12",), any_open,
                repeats=True, why=none_open),
        Command("proposal.previous", "Previous proposal", partial(go, -1), MENU, "previous",
                ("Shift+F12",), any_open, repeats=True, why=none_open),
        Command("proposal.accept", "Accept the proposal", accept, MENU, "", (), decided,
                about=because("with Enter"), why=because(NONE_DECIDED)),
        Command("proposal.reject", "Reject the proposal", reject, MENU, "", (), decided,
                about=because("with Backspace"), why=because(NONE_DECIDED)),
        *(Command(f"proposal.by_{order}", f"Proposals {title}", partial(proposals.set_order, order),
                  MENU, "", (), checked=partial(is_order, order))
          for order, title in ORDERS.items()),
        Command("proposal.accept_sure", "Accept all sure proposals", sure, MENU, "check", (),
                any_sure, about=how_sure, why=no_sure),
        Command("proposal.play", "Play each proposal when one comes to it", flip_play, MENU, "",
                (), checked=plays),
        Command("proposal.add_labels", "Add labels of the proposals", proposals.add_lacking, MENU,
                "plus", (), lacks,
                why=because("The label set has the labels of all open proposals.")),
        Command("proposal.clear", "Clear the open proposals", proposals.clear, MENU, "", (),
                any_open, why=none_open),
    ]  # fmt: skip


def propose_recognition(proposals: Proposals) -> bool:
    """The segments of the shown recognition are proposed; False, said why, where none is."""
    recognition = proposals.session.recognition
    if recognition is None:
        proposals.session.message.emit("info", "Recognise something first: Ctrl+E chooses a run.")
        return False
    return proposals.put(proposals_of(recognition), source_of(recognition))
