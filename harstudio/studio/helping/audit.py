"""The audit: labels that a network, taught without them, contradicts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from harstudio.labels.model import Document
from harstudio.labels.suggested import suggestions_folder
from harstudio.runs.seen import load_seen, note_kept
from harstudio.studio.background import NewestTask, Task
from harstudio.studio.helping.one_job import OneJob
from harstudio.studio.helping.run_in_use import RunInUse

if TYPE_CHECKING:
    from harstudio.studio.session import Session

AUDIT = "harstudio.recognition.helping.jobs:audit"


@dataclass(frozen=True, slots=True)
class Contradicted:
    """A label, and what is said by a network that had not learned from it, "" for nothing, with
    its confidence."""

    recording: str
    path: Path
    annotator: str
    clip_id: str
    start_ns: int
    end_ns: int
    label: str
    says: str
    confidence: float


class Audit(QObject):
    """Asks which labels are doubtful; what the annotator keeps is not asked again."""

    changed = Signal()
    arrived = Signal(object, object)  # start_ns, end_ns of the clip that one went to

    def __init__(self, session: Session, in_use: RunInUse, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._in_use = session, in_use
        self.job = OneJob(session.jobs, AUDIT, in_use.device, self)
        self.everybody = False
        self.checked: int | None = None  # labels; None before an answer
        self.known = False  # the run itself learned from these recordings
        self.accuracy: float | None = None  # the share of them that the network names likewise
        self.problems: tuple[str, ...] = ()  # of the last answer
        self._found: tuple[Contradicted, ...] = ()
        self.settled: set[str] = set()  # clips that have another label by now, or are gone
        self.kept: set[str] = set()  # clips whose label stays, of those that are listed
        self._going: Contradicted | None = None
        self._tasks: list[Task] = []
        self._reading = NewestTask(self)
        self.job.changed.connect(self.changed)
        self.job.done.connect(self._take)
        session.clip_shown.connect(self._arrive)
        session.document_changed.connect(self._meet_edit)
        session.project_changed.connect(self._forget)

    def why_not(self) -> str:
        """Why nothing can be asked now, "" when it can."""
        if self._session.project is None:
            return "Open a project or a folder of recordings first."
        if self.job.busy:
            return "It is checking already."
        return self._in_use.why_none()

    def can_ask(self) -> bool:
        return not self.why_not()

    @property
    def found(self) -> tuple[Contradicted, ...]:
        """The surest contradiction first; one's own labels, or everybody's."""
        me = self._session.owner
        return tuple(one for one in self._found if self.everybody or one.annotator == me)

    def show_everybody(self, wanted: bool) -> None:
        """Whether labels of others are listed, too."""
        self.everybody = wanted
        self.changed.emit()

    def ask(self) -> None:
        """Check every label of the project that may be seen."""
        self._in_use.when_known(self._ask)

    def _ask(self) -> None:
        project, chosen, reason = self._session.project, self._in_use.chosen, self.why_not()
        if reason or project is None or chosen is None:
            self._session.message.emit("info", reason)
            return
        self._session.save()
        payload: dict[str, Any] = {
            "project": str(project.folder),
            "run": str(chosen.path),
            "annotator": self._session.annotator,
        }
        self.job.ask(payload, f"checking the labels of {project.name}")

    def _take(self, result: dict[str, Any]) -> None:
        found = tuple(
            Contradicted(
                str(one["recording"]),
                Path(str(one["path"])),
                str(one["annotator"]),
                str(one["clip_id"]),
                int(one["start_ns"]),
                int(one["end_ns"]),
                str(one["label"]),
                str(one["says"]),
                float(one["confidence"]),
            )
            for one in result["found"]
        )
        self.checked = int(result["checked"])
        self.settled, self.kept = set(), set()
        self.accuracy, self.known = result["accuracy"], bool(result.get("known"))
        self.problems = tuple(str(one) for one in result.get("problems", ()))
        self._leave_kept(found)

    def _leave_kept(self, found: tuple[Contradicted, ...]) -> None:
        """Without those that the annotator keeps, which are read beside the window."""
        project, me = self._session.project, self._session.annotator
        if project is None:
            return
        folder = suggestions_folder(project.folder, me)

        def take(kept: set[tuple[str, str]]) -> None:
            self._found = tuple(one for one in found if (one.clip_id, one.label) not in kept)
            self.changed.emit()

        self._reading.start(lambda *_: load_seen(folder).kept, take, self._not_read)

    def _start(self, task: Task) -> None:
        self._tasks = [one for one in self._tasks if one.running]
        self._tasks.append(task)
        task.start()

    # ---- one of them

    def go(self, one: Contradicted) -> None:
        """Open its recording and select the clip."""
        self._going = one
        self._session.open_clip(one.path, one.start_ns, one.end_ns, play=False)

    def _arrive(self) -> None:
        one, recording = self._going, self._session.recording
        if one is None or recording is None:
            return
        if recording.path.absolute() == one.path.absolute():
            self._going = None
            self._session.select(one.clip_id)
            self.arrived.emit(one.start_ns, one.end_ns)

    def keep(self, one: Contradicted) -> None:
        """The label is right and not asked about again, now or later; once more takes it back."""
        project, me = self._session.project, self._session.annotator
        if project is None or one.clip_id in self.settled:
            return
        folder, stays = suggestions_folder(project.folder, me), one.clip_id not in self.kept
        self.kept ^= {one.clip_id}
        work = partial(note_kept, folder, one.clip_id, one.label, stays=stays)
        task = Task(lambda *_: work(), self)
        task.failed.connect(
            lambda error: self._session.message.emit("warn", f"It was not noted. {error}")
        )
        self._start(task)
        told = "is kept and not asked about again" if stays else "is in doubt again"
        self._session.message.emit("info", f"“{one.label}” {told}.")
        self.changed.emit()

    def _meet_edit(self) -> None:
        """Which of one's own labels are others by now."""
        recording, document = self._session.recording, self._session.document
        if recording is None or document is None or not self._found:
            return
        settled = set(self.settled)
        for one in self._found:
            if one.recording == recording.name and one.annotator == document.annotator:
                stands = _stands(document, one)
                (settled.discard if stands else settled.add)(one.clip_id)
        if settled != self.settled:
            self.settled = settled
            self.changed.emit()

    def _not_read(self, error: Exception) -> None:
        self.problems += (str(error),)
        self.changed.emit()

    def _forget(self, *_: object) -> None:
        self.checked, self._found, self.problems = None, (), ()
        self.settled, self.kept = set(), set()
        self._reading.stop()
        self.job.drop()

    def shut(self) -> None:
        """Wait for what is being noted, and read."""
        self._reading.shut()
        for task in self._tasks:
            task.wait(5)


def _stands(document: Document, one: Contradicted) -> bool:
    """Whether the clip is there with its label."""
    found = document.find(one.clip_id)
    return found is not None and found[1].label == one.label
