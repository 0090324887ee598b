"""Settling disagreements: the gold document is open, and opinions go into it one by one."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from harstudio.labels.agreement import Compared, Disagreement
from harstudio.labels.team import gold
from harstudio.studio.labelling.labelling import Labelling
from harstudio.studio.session import Session
from harstudio.studio.team.comparing import Comparing

NOTHING = "nothing"  # what somebody says where no clip is


class Settling(QObject):
    """A mode of the session: gold is edited while ``session.settles``, and never otherwise.

    Each decision is one step of undo. The in and out points stand around the disagreement in
    hand, so that a label key gives it a label that nobody had.
    """

    changed = Signal()

    def __init__(self, session: Session, labelling: Labelling, comparing: Comparing) -> None:
        super().__init__(session)
        self._session = session
        self._labelling = labelling
        self._comparing = comparing
        self._read: tuple[str, int] | None = None
        self._marks: set[gold.Mark] = set()
        self._begins = False  # the first disagreement is to be taken in hand
        session.recording_changed.connect(self._meet_recording)
        session.history_changed.connect(self._tell)
        session.document_changed.connect(self._tell)
        session.clip_shown.connect(self._mark)
        comparing.changed.connect(self._meet_figures)

    def _tell(self, *_: object) -> None:
        self.changed.emit()

    def _meet_recording(self, *_: object) -> None:
        self._read = None
        self._begins = self.active and self._comparing.disagreement is None

    def _meet_figures(self) -> None:
        if self._begins and self.active and self._comparing.ready:
            self._begins = False
            self.go_on()
        self.changed.emit()

    # ---- in and out of it

    @property
    def active(self) -> bool:
        return self._session.settles

    def possible(self) -> bool:
        return self._session.recording is not None and self._session.project is not None

    def start(self) -> None:
        """Open the gold document for editing; said why, where that is not allowed."""
        session = self._session
        reason = session.team.why_not_settle()
        if reason or not self.possible():
            session.message.emit("warn", reason or "Open a recording of a project first.")
            return
        self._comparing.choose_project(False)
        session.settle(True)
        if session.history is None:  # somebody else settles it now; that was told
            session.settle(False)
            return
        self._begins = True
        self._meet_figures()

    def stop(self) -> None:
        """Back to one's own labels."""
        if self.active:
            self._begins = False
            self._labelling.set_marks(None, None)
            self._session.settle(False)
            self.changed.emit()

    # ---- how far it is

    def open_ones(self) -> tuple[Disagreement, ...]:
        """The disagreements of the recording that are not settled."""
        done = self._settled()
        return tuple(d for d in self._comparing.disagreements if gold.mark_of(d) not in done)

    def is_settled(self, disagreement: Disagreement) -> bool:
        return gold.mark_of(disagreement) in self._settled()

    def _settled(self) -> set[gold.Mark]:
        """Of the open gold document; read once for each revision."""
        document = self._session.document
        if document is None or not self.active:
            return set()
        key = document.recording, document.revision
        if self._read != key:
            self._read, self._marks = key, gold.settled(document)
        return self._marks

    def progress(self) -> tuple[int, int]:
        """How many are settled, of how many."""
        total = len(self._comparing.disagreements)
        return total - len(self.open_ones()), total

    # ---- deciding

    def opinions(self) -> list[tuple[str, str]]:
        """(annotator, what is said) of the disagreement in hand."""
        one = self._comparing.disagreement
        return [] if one is None else list(one.told.items())

    def take(self, place: int) -> None:
        """The opinion of the first (0), second, ... annotator goes into gold."""
        one, opinions = self._comparing.disagreement, self.opinions()
        if one is None:
            self.go_on()
            return
        if place >= len(opinions):
            self._say(f"Only {len(opinions)} opinions are in the list.")
            return
        compared, document, name = self._compared(), self._session.document, opinions[place][0]
        there = compared and any(one.annotator == name for one in compared.documents)
        if compared is None or document is None or not there:
            self._say("These labels are being read again; try once more.")
            return
        self._do(gold.take(document, one, compared, name, slack_ns=self._slack_ns()), one)

    def keep(self) -> None:
        """The disagreement is settled with what gold says now."""
        one, document = self._comparing.disagreement, self._session.document
        if one is None or document is None:
            self.go_on()
            return
        self._do(gold.keep(document, one), one)

    def take_agreed(self) -> None:
        """Everything that all say alike goes into gold."""
        compared, document = self._compared(), self._session.document
        if compared is None or document is None:
            self._say("Two annotators at least must have labelled this recording.")
            return
        agreed = gold.take_agreed(document, compared, slack_ns=self._slack_ns())
        places = "1 place" if agreed.left == 1 else f"{agreed.left} places"
        rest = f" {places} where gold says something else stay as they are." if agreed.left else ""
        if agreed.edit is None:
            self._say(f"What all agree on is in the gold labels already.{rest}")
        elif self._labelling.clips.do(agreed.edit):
            self._say(f"What all agree on is in the gold labels.{rest}")

    def _compared(self) -> Compared | None:
        recording = self._session.recording
        found = None if recording is None else self._comparing.compared(recording.name)
        if found is None:
            return None
        chosen = tuple(d for d in found.documents if d.annotator in self._comparing.chosen)
        return Compared(found.recording, chosen, found.grid) if len(chosen) > 1 else None

    def _slack_ns(self) -> int:
        grid = self._labelling.grid
        return 0 if grid is None else grid.period_ns // 2

    def _do(self, edit: object, one: Disagreement) -> None:
        if edit is not None and not self._labelling.clips.do(edit):
            return
        self._session.select(None)
        self.go_on(one)

    def go_on(self, after: Disagreement | None = None) -> None:
        """To the next disagreement that is not settled; from the start when none follows."""
        disagreements, waiting = self._comparing.disagreements, self.open_ones()
        if not waiting:
            self._labelling.set_marks(None, None)
            done = len(disagreements)
            self._say(
                f"All {done} are settled. Mark the gold labels as done, or go to the next "
                "recording."
                if done
                else "There is nothing to settle here."
            )
            self.changed.emit()
            return
        start = 0 if after is None else disagreements.index(after) + 1
        order = [*range(start, len(disagreements)), *range(start)]
        self._comparing.go(next(k for k in order if disagreements[k] in waiting))

    def _mark(self) -> None:
        """In and out points around the disagreement in hand, once it is on screen."""
        one, recording = self._comparing.disagreement, self._session.recording
        document = self._session.document
        if not self.active or one is None or recording is None or document is None:
            return
        if one.recording == recording.name:
            self._session.tier_name = gold.tier_name(document, one.person, self._compared())
            clips = one.kind != "points"
            self._labelling.set_marks(*((one.start_ns, one.end_ns) if clips else (None, None)))
            self._session.select(None)

    def _say(self, sentence: str) -> None:
        self._session.message.emit("info", sentence)


def said(opinion: str) -> str:
    """An opinion in words."""
    return opinion or NOTHING
