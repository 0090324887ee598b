"""Measures of the selected clip, made beside the window; tables and pages by a job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from harstudio.errors import HarstudioError
from harstudio.studio.background import NewestTask

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.measures.clips import ClipMeasures
    from harstudio.studio.labelling.labelling import Labelling
    from harstudio.studio.session import Session

JOB = "harstudio.reports.jobs:movement"
SETTLE_MS = 150  # so long the clip must stay as it is: edges are nudged by holding a key


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is measured: ``[start_ns, end_ns)``. name: "wave", or what else it is. is_one: it is
    one action, as far as is known."""

    start_ns: int
    end_ns: int
    name: str
    person: str = ""
    is_one: bool = True


class Measuring(QObject):
    """Measures the selected clip, else what lies between in and out point, else all of the
    recording, while somebody looks (``set_shown``)."""

    changed = Signal()

    def __init__(self, session: Session, labelling: Labelling, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._labelling = session, labelling
        self.stretch: Stretch | None = None
        self.measures: ClipMeasures | None = None
        self.problem = ""  # why there are none, as a sentence
        self._shown = False
        self._newest = NewestTask(self)
        self._reports: set[int] = set()
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._measure)
        for signal in (
            session.recording_changed,
            session.history_changed,
            session.document_changed,
            session.selection_changed,
            labelling.changed,
        ):
            signal.connect(self._look)
        session.jobs.finished.connect(self._reported)

    def set_shown(self, shown: bool) -> None:
        """Whether somebody looks; nothing is measured for nobody."""
        self._shown = shown
        self._look()

    def shut(self) -> None:
        self._newest.shut()

    # ---- one clip

    def _look(self, *_: object) -> None:
        if self._shown and self._wanted() != self.stretch:
            self._settle.start()

    def _wanted(self) -> Stretch | None:
        recording = self._session.recording
        if recording is None:
            return None
        clip = self._labelling.clips.selected_anywhere()
        if clip is not None and not clip.is_point:
            return Stretch(clip.start_ns, clip.end_ns, clip.label, clip.person)
        start, end = self._labelling.mark_in_ns, self._labelling.mark_out_ns
        if start is not None and end is not None:
            return Stretch(start, end, "between the points")
        span = recording.start_ns, recording.stop_ns
        return Stretch(*span, "the whole recording", is_one=recording.action is not None)

    def _measure(self) -> None:
        self.stretch = stretch = self._wanted()
        self.measures, self.problem = None, ""
        self._newest.stop()
        recording = self._session.recording
        if stretch is not None and recording is not None:

            def work(_progress: object, _cancelled: object) -> ClipMeasures | str:
                from harstudio.measures.clips import measure_clip

                try:
                    span = stretch.start_ns, stretch.end_ns
                    name, person = stretch.name, stretch.person
                    return measure_clip(recording, *span, label=name, person=person)
                except HarstudioError as error:
                    return error.message

            self._newest.start(work, self._take, self._fail)
        self.changed.emit()

    def _take(self, found: ClipMeasures | str) -> None:
        if isinstance(found, str):
            self.problem = found
        else:
            self.measures = found
        self.changed.emit()

    def _fail(self, error: object) -> None:
        self.problem = f"It could not be measured: {error}"
        self.changed.emit()

    # ---- reports

    def report(self, out: Path, *, everywhere: bool = False, before: str = "") -> None:
        """A table (out ends in .csv) or a page (.pdf), made by a job.

        Of the label that is measured now, where a clip is, else of every clip. everywhere: in
        every recording of the project, else in the open one. before: the recording of the
        project that was the earlier session, "" for none.
        """
        session, stretch = self._session, self.stretch
        if session.recording is None or stretch is None:
            return
        path = session.project.folder if self.in_project() else session.recording.path
        now: dict[str, Any] = {"name": session.recording.name, "path": str(path)}
        now["recordings"] = [] if everywhere else [session.recording.name]
        if everywhere:
            now["name"] = session.project.name
        sessions = [now]
        if before:
            sessions = [{"name": before, "path": str(path), "recordings": [before]}, now]
        clip = self._labelling.clips.selected_anywhere()
        labels = [] if clip is None else [clip.label]
        payload = {
            "sessions": sessions,
            "labels": labels,
            "seen_by": session.team.viewer,
            out.suffix.removeprefix("."): str(out),
        }
        record = session.jobs.submit(JOB, payload, title=f"Measure for {out.name}")
        self._reports.add(record.id)

    def in_project(self) -> bool:
        """Whether the open recording belongs to a project that is open."""
        project = self._session.project
        return project is not None and self._session.folder == project.folder

    def _reported(self, record: JobRecord) -> None:
        if record.id not in self._reports:
            return
        self._reports.discard(record.id)
        if record.state == "done" and record.result is not None:
            count, problems = len(record.result["clips"]), record.result["problems"]
            clips = "1 clip" if count == 1 else f"{count} clips"
            missed = f" {len(problems)} could not be measured: {problems[0]}" if problems else ""
            files = ", ".join(record.result["files"])
            level = "warn" if problems else "info"
            self._session.message.emit(level, f"{clips} measured into {files}.{missed}")
