"""The commands of working together."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from harstudio.studio.commands import Command

if TYPE_CHECKING:
    from harstudio.studio.team.desk import TeamDesk


def team_commands(desk: TeamDesk) -> list[Command]:
    """In the order of the menu."""
    return [*_own_commands(desk), *_difference_commands(desk), *_project_commands(desk)]


def _own_commands(desk: TeamDesk) -> list[Command]:
    session = desk.session

    def open_here() -> bool:
        return session.history is not None

    def editable() -> bool:
        return session.history is not None and not session.history.read_only

    def done() -> bool:
        return session.document is not None and session.document.done

    def assigned() -> bool:
        return bool(session.team.assignments.of(session.annotator))

    return [
        Command("edit.versions", "Versions of these labels…", desk.open_versions, "Edit",
                "recent", ("Ctrl+Alt+H",), open_here),
        Command("team.done", "Done with this recording", desk.toggle_done, "Team", "check",
                ("Ctrl+Alt+D",), editable, done),
        Command("team.next_assigned", "Next recording assigned to me", desk.go_next_assigned,
                "Team", "next", ("Ctrl+PgDown",), assigned),
        Command("team.show_gold", "Show the gold label of this clip", desk.feedback.show_gold,
                "Team", "eye", ("Ctrl+Alt+G",), desk.feedback.can_show),
    ]  # fmt: skip


def _difference_commands(desk: TeamDesk) -> list[Command]:
    settling = desk.settling

    def active() -> bool:
        return settling.active

    return [
        Command("team.settle", "Settle disagreements for the gold labels", desk.toggle_settling,
                "Team", "merge", ("Ctrl+Alt+S",), settling.possible, active),
        Command("team.take_first", "Take the first opinion", partial(settling.take, 0), "Team",
                "", ("Ctrl+Shift+1",), active),
        Command("team.take_second", "Take the second opinion", partial(settling.take, 1), "Team",
                "", ("Ctrl+Shift+2",), active),
        Command("team.take_third", "Take the third opinion", partial(settling.take, 2), "Team",
                "", ("Ctrl+Shift+3",), active),
        Command("team.keep", "Settled as gold stands", settling.keep, "Team", "",
                ("Ctrl+Shift+0",), active),
        Command("team.take_agreed", "Take what all agree on", settling.take_agreed, "Team", "",
                ("Ctrl+Alt+A",), active),
    ]  # fmt: skip


def _project_commands(desk: TeamDesk) -> list[Command]:
    def there() -> bool:
        return desk.session.project is not None

    return [
        Command("team.rules", "Rules of the project…", partial(desk.open_project, "rules"),
                "Team", "settings", (), there),
        Command("team.assignments", "Who labels what…", partial(desk.open_project, "assignments"),
                "Team", "person", (), there),
        Command("team.progress", "Progress of everybody…", partial(desk.open_project, "progress"),
                "Team", "chart", (), there),
    ]  # fmt: skip
