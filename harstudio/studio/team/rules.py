"""What the open project lays down for everybody, and what follows from it here and now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from harstudio.errors import HarstudioError
from harstudio.labels.project import Project
from harstudio.labels.team.assignments import Assignments
from harstudio.labels.team.policy import GOLD, Policy
from harstudio.labels.team.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    from harstudio.studio.viewing import Viewing

BLIND = (
    "Blind annotation: what others and networks say about this recording is shown when you have "
    "marked it as done."
)
LEARNING = (
    "A training recording: what others say is shown when you have marked it as done; the gold "
    "label of a clip on demand."
)
NO_REVIEWER = "Only the reviewers named in the rules of the project settle disagreements."


@dataclass(frozen=True, slots=True)
class TeamFacts:
    """What lies beside project.toml; problems: sentences about what could not be read."""

    assignments: Assignments = field(default_factory=Assignments)
    pseudonyms: Pseudonyms = field(default_factory=Pseudonyms)
    problems: tuple[str, ...] = ()


def read_facts(project: Project) -> TeamFacts:
    """Read assignments and pseudonyms; for a worker thread.

    DataError when names of subjects are to be hidden and their file is damaged: names that must
    not be seen are not shown because of that.
    """
    problems = []
    assignments, pseudonyms = Assignments(), Pseudonyms()
    try:
        assignments = Assignments.load(project.folder)
    except HarstudioError as error:
        problems.append(str(error))
    if project.policy.pseudonyms:
        pseudonyms = Pseudonyms.load(project.folder)
    return TeamFacts(assignments, pseudonyms, tuple(problems))


class TeamRules(QObject):
    """Policy, assignments and pseudonyms of the session's project."""

    changed = Signal()  # another project, or other rules in it

    def __init__(self, session: Viewing) -> None:
        super().__init__(session)
        self._session = session
        self.facts = TeamFacts()

    def take(self, facts: TeamFacts) -> None:
        """Another project is open, or its rules were changed here."""
        self.facts = facts
        self.changed.emit()

    @property
    def policy(self) -> Policy:
        """Of the open project; the usual one without a project."""
        project = self._session.project
        return Policy() if project is None else project.policy

    @property
    def assignments(self) -> Assignments:
        return self.facts.assignments

    def shown(self, text: str) -> str:
        """A text as it may be seen: subjects by their pseudonyms where the policy says so."""
        return self.facts.pseudonyms.shown(text) if self.policy.pseudonyms else text

    # ---- who sees what

    @property
    def viewer(self) -> str:
        """By whose rights labels of others leave the window; "" while gold is settled, when
        everything is seen."""
        return "" if self._session.settles else self._session.annotator

    def why_hidden(self, recording: str, done: bool) -> str:
        """Why labels of others on a recording are not shown to the annotator, "" when they are.

        done: whether the annotator's own document of it is done.
        """
        me = self._session.annotator
        if self._session.settles or not self.policy.hides(recording, me, done=done):
            return ""
        return LEARNING if self.policy.trains(recording, me) else BLIND

    def why_hidden_now(self) -> str:
        """The same for the recording and the document that are open."""
        recording, document = self._session.recording, self._session.document
        if recording is None:
            return ""
        return self.why_hidden(recording.name, document is not None and document.done)

    def why_not_settle(self) -> str:
        """Why the annotator may not make gold labels, "" when that is allowed."""
        me = self._session.annotator
        if me == GOLD:
            return f"“{GOLD}” is the name of the agreed labels; choose your own name first."
        if me in self.policy.reviewers:
            return ""
        if self.policy.blind or self.policy.reviewers:
            return NO_REVIEWER
        recording, document = self._session.recording, self._session.document
        if recording is None or not self.policy.trains(recording.name, me):
            return ""
        own_done = not self._session.settles and document is not None and document.done
        return "" if own_done else LEARNING
