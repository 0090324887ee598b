"""More like this: what is alike by a run's features, found over the project, and proposed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from harstudio.errors import HarstudioError
from harstudio.labels.comparing import same_stretch
from harstudio.labels.editing.proposals import admitted, propose_also
from harstudio.labels.model import Clip, Document, Origin
from harstudio.labels.project import Project
from harstudio.studio.background import Task
from harstudio.studio.helping.one_job import OneJob
from harstudio.studio.helping.run_in_use import RunInUse
from harstudio.studio.helping.words import many

if TYPE_CHECKING:
    from harstudio.studio.labelling.labelling import Labelling

SIMILAR = "harstudio.recognition.helping.jobs:similar"
MOST = 60
SOURCE = "more like this"  # of the proposals


@dataclass(frozen=True, slots=True)
class Found:
    """A stretch that is alike. distance: 0 where nothing differs. label: what somebody said
    there, "" where nobody did."""

    recording: str
    path: Path
    start_ns: int
    end_ns: int
    person: str
    distance: float
    label: str

    @property
    def key(self) -> tuple[str, int, int, str]:
        return str(self.path), self.start_ns, self.end_ns, self.person

    def as_clip(self, label: str) -> Clip:
        """As a clip to be proposed."""
        return Clip(self.start_ns, self.end_ns, label, self.person, origin=Origin.MODEL)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for: a stretch of a recording, and its label, "" for none."""

    recording: str
    path: Path
    start_ns: int
    end_ns: int
    person: str
    label: str


@dataclass(slots=True)
class Proposed:
    """What came of proposing: how many, in how many recordings, how many were left out because
    the annotator has settled them, and what went wrong."""

    clips: int = 0
    recordings: int = 0
    settled: int = 0
    problems: tuple[str, ...] = ()


class Alike(QObject):
    """Looks for stretches like one; what is found stays until something else is looked for."""

    changed = Signal()
    arrived = Signal(object, object)  # start_ns, end_ns of what one went to
    proposed = Signal()  # other documents than the open one were changed, too

    def __init__(
        self, labelling: Labelling, in_use: RunInUse, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._labelling, self._session, self._in_use = labelling, labelling.session, in_use
        self.job = OneJob(self._session.jobs, SIMILAR, in_use.device, self)
        self.asked: Asked | None = None
        self.found: tuple[Found, ...] | None = None  # None before an answer
        self._going: Found | None = None
        self._task: Task | None = None
        self.job.changed.connect(self.changed)
        self.job.done.connect(self._take)
        self.problems: tuple[str, ...] = ()  # of the last answer
        self._session.clip_shown.connect(self._arrive)
        self._session.document_changed.connect(self._meet_edit)
        self._session.project_changed.connect(self._forget)

    # ---- looking

    def wanted(self) -> Asked | None:
        """What would be looked for: the selected clip, else what lies between in and out."""
        recording = self._session.recording
        if recording is None:
            return None
        clip = self._labelling.clips.selected_anywhere()
        if clip is not None and not clip.is_point:
            span = clip.start_ns, clip.end_ns
            return Asked(recording.name, recording.path, *span, clip.person, clip.label)
        start, end = self._labelling.mark_in_ns, self._labelling.mark_out_ns
        if start is None or end is None:
            return None
        return Asked(recording.name, recording.path, start, end, "", "")

    def can_look(self) -> bool:
        there = self._session.project is not None and not self._in_use.why_none()
        return there and self.wanted() is not None and not self.job.busy

    def why_not(self) -> str:
        """Why nothing can be looked for."""
        if self.job.busy:
            return "It is looking already."
        return self._in_use.why_none() or (
            "Select a clip, or set in and out point (I and O), to find more like it."
        )

    def look(self) -> None:
        """Look for more like it over the project."""
        self._in_use.when_known(self._look)

    def _look(self) -> None:
        wanted, chosen, project = self.wanted(), self._in_use.chosen, self._session.project
        if wanted is None or chosen is None or project is None:
            return
        self.asked, self.found, self.problems = wanted, None, ()
        payload: dict[str, Any] = {
            "project": str(project.folder),
            "run": str(chosen.path),
            "path": str(wanted.path),
            "start_ns": wanted.start_ns,
            "end_ns": wanted.end_ns,
            "person": wanted.person,
            "count": MOST,
            "annotator": self._session.annotator,
        }
        name = self._session.team.shown(wanted.recording)
        self.job.ask(payload, f"looking for more like {wanted.label or 'a stretch'} of {name}")

    def _take(self, result: dict[str, Any]) -> None:
        self.found = tuple(
            Found(
                str(one["recording"]),
                Path(str(one["path"])),
                int(one["start_ns"]),
                int(one["end_ns"]),
                str(one["person"]),
                float(one["distance"]),
                str(one["label"]),
            )
            for one in result["found"]
        )
        self.problems = tuple(str(one) for one in result.get("problems", ()))
        self.changed.emit()

    def _forget(self, *_: object) -> None:
        self.asked, self.found, self.problems = None, None, ()
        self.job.drop()

    # ---- going there

    def go(self, one: Found) -> None:
        """Open it, with in and out points around it: a label key makes the clip."""
        self._going = one
        self._session.open_clip(one.path, one.start_ns, one.end_ns, play=False)

    def _arrive(self) -> None:
        one, recording = self._going, self._session.recording
        if one is None or recording is None:
            return
        if recording.path.absolute() == one.path.absolute():
            self._going = None
            self._session.select(None)
            self._labelling.mark_range(one.start_ns, one.end_ns - 1)
            self.arrived.emit(one.start_ns, one.end_ns)

    def _meet_edit(self) -> None:
        """What was labelled in the open recording is known here, too."""
        recording, document = self._session.recording, self._session.document
        if recording is None or document is None or not self.found:
            return
        told = tuple(
            replace(one, label=_said(document, one)) if one.recording == recording.name else one
            for one in self.found
        )
        if told != self.found:
            self.found = told
            self.changed.emit()

    # ---- proposing

    def why_not_propose(self) -> str:
        """Why nothing can be proposed, "" when it can."""
        session = self._session
        if session.settles:
            return "Agreed labels are made of what people say; go back to your own labels first."
        if self._task is not None and self._task.running:
            return "It is being done."
        return "" if session.project is not None else "Open a project first."

    def propose(self, found: Iterable[Found], label: str) -> None:
        """Propose a label for these in the annotator's own documents; nobody has said it yet."""
        session, reason = self._session, self.why_not_propose()
        project, me, open_here = session.project, session.annotator, session.recording
        by_recording: dict[str, list[Clip]] = {}
        for one in found:
            by_recording.setdefault(one.recording, []).append(one.as_clip(label))
        if reason or project is None or not by_recording or not label:
            session.message.emit("info", reason or "Check what is to be proposed first.")
            return
        told = Proposed()
        here = [] if open_here is None else by_recording.pop(open_here.name, [])
        if here and session.document is not None:
            _count(told, session.document, here)
            self._labelling.clips.do(propose_also(session.document, here, SOURCE))
        self._task = Task(lambda *_: _propose(project, me, by_recording, told), self)
        self._task.finished.connect(lambda told: self._tell(told, label))
        self._task.failed.connect(lambda error: session.message.emit("warn", str(error)))
        self._task.start()

    def _tell(self, told: Proposed, label: str) -> None:
        where = many(told.recordings, "recording")
        said = f"{label}: {many(told.clips, 'proposal')} in {where}."
        if told.settled:
            said += f" Left out: {told.settled} that you have labelled or rejected."
        said += " ".join(["", *told.problems])
        self._session.message.emit("warn" if told.problems else "info", said)
        self.proposed.emit()

    def shut(self) -> None:
        """Wait for what is being written."""
        if self._task is not None:
            self._task.wait(20)


def _said(document: Document, one: Found) -> str:
    clip = same_stretch(document, one.as_clip(""))
    return one.label if clip is None or clip.origin is Origin.MODEL else clip.label


def _count(told: Proposed, document: Document, clips: list[Clip]) -> None:
    taken = len(admitted(document, clips).clips)
    told.clips += taken
    told.recordings += taken > 0
    told.settled += len(clips) - taken


def _propose(
    project: Project, me: str, by_recording: dict[str, list[Clip]], told: Proposed
) -> Proposed:
    """In documents that are not open here; for a worker thread."""
    for recording, clips in by_recording.items():
        try:
            history = project.history(recording, me)
            try:
                edit = propose_also(history.document, clips, SOURCE)
                if edit is not None:
                    history.do(edit)
                _count(told, history.document, clips)
            finally:
                history.close()
        except HarstudioError as error:
            told.problems += (str(error),)
    return told
