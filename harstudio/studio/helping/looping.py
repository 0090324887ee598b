"""The loop: suggest, label, learn, suggest again; and the queue of what waits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from harstudio.labels.editing.proposals import open_proposals
from harstudio.labels.editing.proposed import proposed
from harstudio.labels.suggested import suggestions_folder
from harstudio.runs.seen import note_put
from harstudio.studio.background import NewestTask, Task
from harstudio.studio.helping.alike import SOURCE
from harstudio.studio.helping.one_job import OneJob
from harstudio.studio.helping.reading import Helped, HelpReader, Waiting, in_order, left
from harstudio.studio.helping.run_in_use import RunInUse
from harstudio.studio.helping.words import next_step

if TYPE_CHECKING:
    from harstudio.studio.proposals.proposals import Proposals
    from harstudio.studio.session import Session

SUGGEST = "harstudio.recognition.helping.jobs:suggest"
AGAIN_MS = 400  # after an edit, and while suggestions come in


class Looping(QObject):
    """What one annotator's project holds of help, read beside the window while somebody looks.

    Suggestions are put into the open document when they are newer than those that were put before
    (``watch``), but not while a proposal is in the annotator's hands: then when that is left. They
    are put always when the annotator goes there by the queue (``go``).
    """

    changed = Signal()
    arrived = Signal()  # at a proposal of the recording that one went to

    def __init__(
        self,
        session: Session,
        in_use: RunInUse,
        proposals: Proposals,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._in_use, self._proposals = session, in_use, proposals
        self.job = OneJob(session.jobs, SUGGEST, in_use.device, self)
        self.helped = Helped()
        self.problems: tuple[str, ...] = ()  # of the last answer
        self.watched = self._read_once = False
        self._step_wanted = False
        self._going: str = ""  # the recording that is being opened for its suggestions
        self.held: float = 0.0  # when those were made that are put as soon as the hands are free
        self._reader = HelpReader()
        self._newest = NewestTask(self)
        self._notes: list[Task] = []
        self._soon = QTimer(self, singleShot=True, interval=AGAIN_MS)
        self._soon.timeout.connect(self.read)
        self.job.changed.connect(self.changed)
        self.job.told.connect(self._hear)
        self.job.done.connect(self._finish)
        session.project_changed.connect(self._meet_project)
        session.history_changed.connect(self._meet_history)
        session.document_changed.connect(self._read_soon)
        session.selection_changed.connect(self._meet_selection)
        proposals.changed.connect(self.changed)
        in_use.changed.connect(self.changed)

    # ---- looking

    def watch(self, watched: bool) -> None:
        """Whether somebody looks; nothing is read for nobody."""
        self.watched = watched
        if watched:
            self._in_use.look()
            self.read()

    def _read_soon(self, *_: object) -> None:
        if self.watched and not self._soon.isActive():
            self._soon.start()

    def read(self) -> None:
        """Read suggestions and documents of the project now, in a thread."""
        project, me = self._session.project, self._session.annotator
        if project is None or not (self.watched or self._step_wanted):
            return
        reader, why_hidden = self._reader, self._session.team.why_hidden
        self._newest.start(
            lambda _progress, cancelled: reader.read(project, me, why_hidden, cancelled),
            self._take,
            self._fail,
        )

    def _take(self, helped: Helped) -> None:
        self.helped, self._read_once = helped, True
        self._put_newer()
        self.changed.emit()
        if self._step_wanted:
            self.step()

    def _fail(self, error: Exception) -> None:
        self.helped = Helped(problems=(str(error),))
        self.changed.emit()

    @property
    def waiting(self) -> list[Waiting]:
        """The queue, in the order of the proposals."""
        return in_order(self.helped.waiting, self._proposals.order)

    # ---- the next step

    def why_not(self) -> str:
        """Why nothing can be suggested now, "" when it can."""
        if self._session.project is None:
            return "Open a project or a folder of recordings first."
        if self._session.settles:
            return "Agreed labels are made of what people say; go back to your own labels first."
        if self._in_use.why_none():
            return self._in_use.why_none()
        if self._read_once and self.helped.recordings == 0:
            return "There are no recordings in this project."
        if self.helped.recordings and self.helped.hidden == self.helped.recordings:
            return self._session.team.why_hidden_now() or (
                "Blind annotation: networks suggest only for recordings that you are done with."
            )
        return ""

    @property
    def run(self) -> str:
        """The folder of the run that looks."""
        return "" if self._in_use.chosen is None else str(self._in_use.chosen.path)

    def _is_learned(self) -> bool:
        """Whether the run learned from as many clips last time as there are now."""
        last = next((one for one in reversed(self.helped.curve) if one.run == self.run), None)
        return last is not None and last.clips == self.helped.labelled

    def step_words(self) -> str:
        """What the next step is."""
        helped = self.helped
        seen = any(one.suggestions is not None for one in helped.waiting)
        new = 0 if self._is_learned() else helped.labelled
        count = helped.recordings - helped.hidden
        return next_step(count, new, suggested=seen or bool(helped.curve))

    def hint(self) -> str:
        """Where the next step had better be another one, which; else ""."""
        if self._is_learned() and self.can_go_next():
            return "Every label is learned: now go through what waits."
        return ""

    def step(self) -> None:
        """Learn from what is labelled, and suggest for every recording; as soon as runs and
        documents were read."""
        self._step_wanted = not self._read_once
        if self._read_once:
            self._in_use.when_known(self._step)
        else:
            self.read()

    def _step(self) -> None:
        project, chosen, reason = self._session.project, self._in_use.chosen, self.why_not()
        if reason or project is None or chosen is None:
            self._session.message.emit("info", reason)
            return
        self._session.save()
        paths: list[str] | None = None
        if self.helped.hidden:
            why_hidden, known = self._session.team.why_hidden, project.recording_paths()
            done = {one.recording: one.done for one in self.helped.waiting}
            shown = (n for n in known if not why_hidden(n, done.get(n, False)))
            paths = [str(known[name]) for name in shown]
        payload: dict[str, Any] = {
            "project": str(project.folder),
            "run": str(chosen.path),
            "annotator": self._session.annotator,
            "recordings": paths,
            "least": 0.0,
        }
        self.problems = ()
        self.job.ask(payload, f"suggesting for {project.name}")

    def _hear(self, kind: str, _payload: object) -> None:
        if kind == "suggested":
            self._read_soon()

    def _finish(self, result: dict[str, Any]) -> None:
        self.problems = tuple(str(one) for one in result.get("problems", ()))
        self.read()

    # ---- putting

    def find(self, recording: str) -> Waiting | None:
        """What waits for a recording."""
        return next((one for one in self.helped.waiting if one.recording == recording), None)

    def _put_newer(self) -> None:
        """Put what is newer than before into the open document."""
        recording = self._session.recording
        one = None if recording is None else self.find(recording.name)
        document = self._session.document
        if one is None or one.put or document is None or document.done:
            return
        if not self._is_mine() or self._proposals.why_not():
            return
        if self._proposals.is_open(self._session.selection):
            self._hold(_made(one))
        elif left(document, one.suggestions):
            self._put(one)
        elif one.suggestions is not None:
            self._note(one.recording, one.suggestions.made)

    def _hold(self, made: float) -> None:
        """What is new waits until the annotator leaves the proposal that is selected."""
        if made != self.held:
            self.held = made
            self._session.message.emit(
                "info", "New suggestions are there; they come when you leave the selected proposal."
            )

    def _meet_selection(self, *_: object) -> None:
        if self.held and not self._proposals.is_open(self._session.selection):
            self.held = 0.0
            QTimer.singleShot(0, self, self._put_newer)  # when what is done to the clip is done

    def _is_mine(self) -> bool:
        """Whether what was read is about whoever the open labels belong to."""
        document = self._session.document
        return document is not None and document.annotator == self.helped.annotator

    def _put(self, one: Waiting) -> bool:
        """Its suggestions become the open proposals of the open document, beside those that the
        annotator asked for."""
        project, found = self._session.project, one.suggestions
        if project is None or found is None:
            return False
        document = self._session.document
        there = [] if document is None else open_proposals(document)
        kept = [clip for clip in there if proposed(clip).source == SOURCE]
        self.held = 0.0
        put = self._proposals.put([*found.clips, *kept], Path(found.run).name)
        self._note(one.recording, found.made)
        return put

    def _note(self, recording: str, made: float) -> None:
        project, me = self._session.project, self._session.annotator
        if project is None:
            return
        folder = suggestions_folder(project.folder, me)
        self.helped.seen.put[recording] = made
        task = Task(lambda *_: note_put(folder, recording, made), self)
        task.finished.connect(self._read_soon)
        task.failed.connect(
            lambda error: self._session.message.emit("warn", f"It was not noted. {error}")
        )
        self._notes = [one for one in self._notes if one.running]
        self._notes.append(task)
        task.start()

    # ---- going there

    def go(self, one: Waiting) -> None:
        """Open a recording with its suggestions, and go to the first."""
        recording = self._session.recording
        self._going = one.recording
        if recording is not None and recording.name == one.recording:
            self._arrive()
        else:
            self._session.open_recording(one.path)

    def go_next(self) -> None:
        """To the next recording of the queue that is not finished."""
        recording = self._session.recording
        here = "" if recording is None else recording.name
        ahead = [one for one in self.waiting if not one.finished and one.recording != here]
        if self._proposals.order == "time":  # by name: on from here
            ahead.sort(key=lambda one: one.recording < here)
        if ahead:
            self.go(ahead[0])
        else:
            self._session.message.emit("info", "No other recording waits with suggestions.")

    def can_go_next(self) -> bool:
        return any(not one.finished for one in self.helped.waiting)

    def _arrive(self) -> None:
        going, self._going = self._going, ""
        one, document = self.find(going), self._session.document
        if one is None or document is None or not self._is_mine():
            return
        newer = not self.helped.seen.put.get(going, 0.0) >= _made(one)
        none_open = not open_proposals(document) and bool(left(document, one.suggestions))
        if newer or none_open:
            reason = self._proposals.why_not()
            if reason:
                self._session.message.emit("warn", reason)
                return
            self._put(one)
        if open_proposals(document):
            self._session.select(None)
            self._proposals.next()
            self.arrived.emit()

    def _meet_history(self, *_: object) -> None:
        recording = self._session.recording
        if self._going and recording is not None:
            if recording.name == self._going:
                QTimer.singleShot(0, self, self._arrive)  # when everybody has met the document
            else:
                self._going = ""
        self._read_soon()

    def _meet_project(self, *_: object) -> None:
        self.helped, self.problems = Helped(), ()
        self._read_once = self._step_wanted = False
        self._reader = HelpReader()
        self._newest.stop()
        self.job.adopt(self._belongs_here)
        if self.watched:
            self._in_use.look()
        self.read()
        self.changed.emit()

    def _belongs_here(self, payload: dict[str, Any]) -> bool:
        project = self._session.project
        return project is not None and payload.get("project") == str(project.folder)

    def shut(self) -> None:
        """Wait for the threads."""
        self._newest.shut()
        for task in self._notes:
            task.cancel(wait_s=5)


def _made(one: Waiting) -> float:
    return 0.0 if one.suggestions is None else one.suggestions.made
