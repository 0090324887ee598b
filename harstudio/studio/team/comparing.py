"""The agreement of annotators over the open recording or the project, measured in a thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from harstudio.labels.agreement import Agreement, Compared, Disagreement, measure_all
from harstudio.labels.agreement.reading import by_a_person
from harstudio.labels.team.policy import GOLD
from harstudio.studio.background import NewestTask
from harstudio.studio.labelling.clip_jumps import who_says_what
from harstudio.studio.labelling.labelling import Labelling
from harstudio.studio.session import Session
from harstudio.studio.team.gathering import Gathered, Wanted, gather

CONTEXT_NS = 500_000_000  # so much is played before and after a disagreement
Work = Callable[[Callable[[int], None], Callable[[], bool]], Any]
SOON_MS = 400  # after an edit, so that a burst of them is measured once


class Comparing(QObject):
    """Who is compared, over what, what came of it, and the disagreement in hand.

    It works only while somebody looks (``watch``), and measures again after an edit.
    """

    changed = Signal()  # anything: figures, choice, the disagreement in hand
    moved = Signal()  # another disagreement is in hand

    def __init__(self, session: Session, labelling: Labelling) -> None:
        super().__init__(session)
        self._session = session
        self._labelling = labelling
        self.whole_project = False
        self.longest_first = False
        self.gathered = Gathered()
        self.agreement: Agreement | None = None
        self.chosen: tuple[str, ...] = ()
        self.current: int | None = None
        self.busy = False
        self.read = 0  # recordings so far
        self._ordered: tuple[Disagreement, ...] = ()
        self._chosen_by_hand = False
        self._watched = False
        self._stale = True
        self._newest = NewestTask(self)
        self._soon = QTimer(self, singleShot=True, interval=SOON_MS)
        self._soon.timeout.connect(self._gather)
        session.recording_changed.connect(self._meet_recording)
        session.history_changed.connect(self._later)
        session.document_changed.connect(self._meet_edit)
        session.team.changed.connect(self._later)
        labelling.others.changed.connect(self._later)

    # ---- what is compared

    def watch(self, watched: bool) -> None:
        """Whether somebody sees the figures."""
        self._watched = watched
        if watched and self._stale:
            self._gather()

    def choose_project(self, whole: bool) -> None:
        """Over the whole project, or the open recording."""
        if whole != self.whole_project:
            self.whole_project = whole
            self.current, self.agreement = None, None
            self._gather()

    def choose(self, annotators: tuple[str, ...]) -> None:
        """Compare these; gold and networks among them where wanted."""
        self.chosen, self._chosen_by_hand = annotators, True
        self.current = None
        self._measure()

    def _meet_recording(self, *_: object) -> None:
        if not self.whole_project:
            self.current, self.agreement, self.gathered = None, None, Gathered()
        self._later()

    def _meet_edit(self) -> None:
        if not self._session.settles or GOLD in self.chosen:
            self._later()

    def _later(self, *_: object) -> None:
        self._stale = True
        if self._watched:
            self._soon.start()

    # ---- measuring

    def refresh(self) -> None:
        """Read everything again now."""
        self._gather()

    def _gather(self) -> None:
        self._soon.stop()
        project, recording = self._session.project, self._session.recording
        if project is None or recording is None:
            self.gathered, self.agreement, self.current = Gathered(), None, None
            self._stop()
            self.changed.emit()
            return
        self._stale = False
        here = Wanted(recording.name, recording.path, self._labelling.grid)
        team, me, whole = self._session.team, self._session.annotator, self.whole_project

        def work(progress: Callable[[int], None], cancelled: Callable[[], bool]) -> Gathered:
            wanted = [here]
            if whole:
                paths = project.recording_paths()
                there = sorted(project.labelled(paths))
                wanted = [Wanted(name, paths[name]) for name in there if name != here.name]
                wanted = sorted([*wanted, here], key=lambda one: one.name)
            return gather(project, wanted, me, team.why_hidden, progress, cancelled)

        self._run(work, self._take_gathered)

    def _take_gathered(self, gathered: Gathered) -> None:
        self.gathered = gathered
        there = gathered.annotators
        if not self._chosen_by_hand or not set(self.chosen) <= set(there):
            self._chosen_by_hand = False
            self.chosen = tuple(name for name in there if self._is_person(name))
        self._measure()

    def _is_person(self, name: str) -> bool:
        documents = (
            d for one in self.gathered.compared for d in one.documents if d.annotator == name
        )
        return all(map(by_a_person, documents))

    def _measure(self) -> None:
        compared, chosen = self.gathered.compared, self.chosen

        def work(_progress: object, _cancelled: object) -> Agreement:
            return measure_all(compared, chosen)

        self._run(work, self._take_agreement)

    def _take_agreement(self, agreement: Agreement) -> None:
        before = self.disagreement
        self.agreement, self.busy = agreement, False
        self._order(before)
        self.changed.emit()

    def order(self, longest_first: bool) -> None:
        """List the longest disagreements first, or all by recording and time."""
        before, self.longest_first = self.disagreement, longest_first
        self._order(before)
        self.changed.emit()

    def _order(self, in_hand: Disagreement | None) -> None:
        found = () if self.agreement is None else self.agreement.disagreements
        if self.longest_first:
            found = tuple(sorted(found, key=lambda one: one.start_ns - one.end_ns))
        self._ordered = found
        self.current = found.index(in_hand) if in_hand in found else None

    def _run(self, work: Work, taken: Callable[[Any], None]) -> None:
        self.busy, self.read = True, 0
        self._newest.start(work, taken, self._fail, self._tell_progress)
        self.changed.emit()

    def _fail(self, error: Exception) -> None:
        self.busy = False
        self._session.message.emit("bad", f"The agreement could not be measured. {error}")
        self.changed.emit()

    def _tell_progress(self, count: int) -> None:
        self.read = count
        self.changed.emit()

    def _stop(self) -> None:
        self.busy = False
        self._newest.stop()

    def shut(self) -> None:
        """End the threads."""
        self._soon.stop()
        self._newest.shut()

    # ---- disagreements

    @property
    def ready(self) -> bool:
        """Whether the figures are those of what is chosen now."""
        return self.agreement is not None and not self.busy and not self._stale

    @property
    def disagreements(self) -> tuple[Disagreement, ...]:
        """By recording and time, or the longest first."""
        return () if self.agreement is None else self._ordered

    @property
    def disagreement(self) -> Disagreement | None:
        """The one in hand."""
        at = self.current
        if at is None or at >= len(self.disagreements):
            return None
        return self.disagreements[at]

    def compared(self, recording: str) -> Compared | None:
        """What is compared of a recording."""
        return next((one for one in self.gathered.compared if one.recording == recording), None)

    def step(self, by: int) -> None:
        """Go to the next disagreement (1) or the one before (-1); nothing plays."""
        count = len(self.disagreements)
        if not count:
            self._session.message.emit("info", "There is no disagreement in the list.")
            return
        if self.current is None:
            self.go(self._nearest(by), play=False)
            return
        at = self.current + by
        if not 0 <= at < count:
            where = "after" if by > 0 else "before"
            self._session.message.emit("info", f"There is no disagreement {where} this.")
            return
        self.go(at, play=False)

    def _nearest(self, by: int) -> int:
        """From the playhead, in the open recording; else the first or last of the list, and of
        the longest the first."""
        if self.longest_first:
            return 0
        recording, now = self._session.recording, self._session.transport.position_ns
        here = [
            k
            for k, one in enumerate(self.disagreements)
            if recording is not None and one.recording == recording.name
        ]
        ahead = [k for k in here if (self.disagreements[k].start_ns - now) * by >= 0]
        if ahead:
            return ahead[0] if by > 0 else ahead[-1]
        return (here or [0])[0] if by > 0 else (here or [len(self.disagreements) - 1])[-1]

    def go(self, index: int, *, play: bool = True) -> None:
        """Take a disagreement in hand: its recording is opened, it plays in a loop or is shown;
        who says what is told."""
        self.current = index
        one = self.disagreements[index]
        path = self._path_of(one.recording)
        if path is None:
            self._session.message.emit("warn", f"{one.recording} is not there any more.")
        elif play:
            self._session.open_clip(path, one.start_ns - CONTEXT_NS, one.end_ns + CONTEXT_NS)
        else:
            self._session.open_clip(path, one.start_ns, one.end_ns, play=False)
        if path is not None:
            self._session.message.emit("info", who_says_what(one.told))
        self.moved.emit()
        self.changed.emit()

    def _path_of(self, name: str) -> Path | None:
        recording = self._session.recording
        if recording is not None and recording.name == name:
            return recording.path
        return self.gathered.paths.get(name)
