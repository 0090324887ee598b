"""The commands of working together."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from harstudio.studio.commands import Command, because

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
                "recent", ("Ctrl+Alt+H",), open_here,
                why=because("The labels of this recording are not open.")),
        Command("team.done", "Done with this recording", desk.toggle_done, "Team", "check",
                (), editable, done, why=because("Your labels are not open for editing here.")),
        Command("team.next_assigned", "Next recording assigned to me", desk.go_next_assigned,
                "Team", "next", ("Ctrl+PgDown",), assigned,
                why=because("Nothing is assigned to you; “Who labels what…” does that.")),
        Command("team.show_gold", "Show the gold label of this clip", desk.feedback.show_gold,
                "Team", "eye", (), desk.feedback.can_show,
                why=because("This clip has no gold label that you may see.")),
    ]  # fmt: skip


def _difference_commands(desk: TeamDesk) -> list[Command]:
    settling = desk.settling

    def active() -> bool:
        return settling.active

    not_settling = because(
        "“Settle disagreements for the gold labels” in the Team menu comes first."
    )
    return [
        Command("team.settle", "Settle disagreements for the gold labels", desk.toggle_settling,
                "Team", "merge", (), settling.possible, active,
                why=because("Open a recording of a project first.")),
        Command("team.take_first", "Take the first opinion", partial(settling.take, 0), "Team",
                "", ("Ctrl+Shift+1",), active, why=not_settling),
        Command("team.take_second", "Take the second opinion", partial(settling.take, 1), "Team",
                "", ("Ctrl+Shift+2",), active, why=not_settling),
        Command("team.take_third", "Take the third opinion", partial(settling.take, 2), "Team",
                "", ("Ctrl+Shift+3",), active, why=not_settling),
        Command("team.keep", "Settled as gold stands", settling.keep, "Team", "",
                ("Ctrl+Shift+0",), active, why=not_settling),
        Command("team.take_agreed", "Take what all agree on", settling.take_agreed, "Team", "",
                (), active, why=not_settling),
    ]  # fmt: skip


def _project_commands(desk: TeamDesk) -> list[Command]:
    def there() -> bool:
        return desk.session.project is not None

    return [
        Command("team.rules", "Rules of the project…", partial(desk.open_project, "rules"),
                "Team", "settings", (), there, why=because("Open a project first.")),
        Command("team.assignments", "Who labels what…", partial(desk.open_project, "assignments"),
                "Team", "person", (), there, why=because("Open a project first.")),
        Command("team.progress", "Progress of everybody…", partial(desk.open_project, "progress"),
                "Team", "chart", (), there, why=because("Open a project first.")),
    ]  # fmt: skip
