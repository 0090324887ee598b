"""The session: what is open now. Panes, panels and the timeline all listen to this one object."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QObject, QThreadPool, Signal

from harstudio.errors import HarstudioError
from harstudio.labels.project import Project
from harstudio.recordings.recording import Recording
from harstudio.results import Recognition
from harstudio.runs.recognised.opinion import Opinion
from harstudio.settings import Settings, load_settings
from harstudio.studio.jobs.service import Jobs
from harstudio.studio.labelling.labels_ahead import LabelsAhead
from harstudio.studio.open_labels import OpenLabels
from harstudio.studio.opening import Opened, load
from harstudio.studio.sound import Sound
from harstudio.studio.team.rules import TeamFacts

GIL_TURN_S = 0.0005  # so long, not 5 ms, a reader thread may keep the window from its next step


class Session(OpenLabels):
    """One recording, its labels, the clock and the selection.

    Opening parses in a worker thread; until it is done, and when it fails, the session goes on
    with what was open. Signals are always emitted on the GUI thread.
    """

    opening = Signal(str)  # what is being opened; ends with recording_changed or failed
    project_changed = Signal(object)  # Project | None; `folder` is what the library lists
    recognition_changed = Signal(object)  # Recognition | None: what a run says about it
    segments_changed = Signal()  # of the recognition, whose windows are the same
    clip_shown = Signal()  # open_clip has put a stretch on screen

    _loaded = Signal(int, object)
    _load_failed = Signal(int, object)

    def __init__(self, settings: Settings | None = None, parent: QObject | None = None) -> None:
        sys.setswitchinterval(GIL_TURN_S)
        settings = load_settings() if settings is None else settings
        super().__init__(settings, parent)
        self.folder: Path | None = None  # what the library lists
        self.team.changed.connect(self._meet_rules)
        self.jobs = Jobs(self)  # no thread before the first job
        self.jobs.shown = self.team.shown
        self.answer: Recognition | None = None  # about every person
        self.recognition: Recognition | None = None  # about the one that is looked at
        self._ticket = 0
        self._clip_wanted: tuple[int, int, bool] | None = None  # of the one being opened; played?
        self._threads = QThreadPool(self)
        self._threads.setMaxThreadCount(2)
        self.sound = Sound(self.transport, self)
        self.sound.set_volume(0.0 if self.settings.muted else self.settings.volume)
        self.sound.absent.connect(self._tell_silence)
        self._loaded.connect(self._show)
        self._load_failed.connect(self._give_up)
        self._labels_ahead = LabelsAhead()

    # ---- opening and closing

    def open(self, path: Path) -> None:
        """Open a project folder, a dataset folder or one recording; answers by signals."""
        self._start_loading(Path(path).absolute(), None, None)

    def open_recording(self, path: Path) -> None:
        """Open one recording; project and library stay when they hold it."""
        path, project, folder = Path(path).absolute(), self.project, self.folder
        if project is None or folder is None:
            self._start_loading(path, None, None)
        elif folder == project.folder and path in project.recordings():
            self._start_loading(path, project, folder)
        else:
            self._start_loading(path, None, folder if path.is_relative_to(folder) else None)

    def open_clip(self, path: Path, start_ns: int, end_ns: int, *, play: bool = True) -> None:
        """Play ``[start_ns, end_ns)`` of a recording in a loop, or stand at its start; opened
        first if it is not open.

        ``clip_shown`` tells when it is there, ``failed`` when it cannot be."""
        path = Path(path).absolute()
        if self.recording is not None and self.recording.path.absolute() == path:
            self._clip_wanted = start_ns, end_ns, play
            self._show_clip()
        else:
            self.open_recording(path)
            self._clip_wanted = start_ns, end_ns, play

    def _show_clip(self) -> None:
        wanted, self._clip_wanted = self._clip_wanted, None
        if wanted is None or self.recording is None:
            return
        start_ns = max(wanted[0], self.transport.start_ns)
        stop_ns, playing = min(wanted[1], self.transport.stop_ns), wanted[2]
        self.transport.set_loop((start_ns, stop_ns) if playing else None)
        self.transport.seek(start_ns)
        if playing:
            self.transport.play()
        else:
            self.transport.pause()
        self.clip_shown.emit()

    def _start_loading(self, path: Path, project: Project | None, folder: Path | None) -> None:
        self._ticket += 1
        self._clip_wanted = None
        ticket, owner, by = self._ticket, self.owner, self._editor
        self.opening.emit(str(path))

        def work() -> None:
            try:
                opened = load(path, project, folder)
            except HarstudioError as error:
                self._load_failed.emit(ticket, error)
            else:
                self._labels_ahead.open(ticket, opened, owner, by)
                self._loaded.emit(ticket, opened)

        self._threads.start(work)

    def _give_up(self, ticket: int, error: HarstudioError) -> None:
        if ticket == self._ticket:
            self.failed.emit(error)

    def _show(self, ticket: int, opened: Opened) -> None:
        if ticket != self._ticket:  # something else was asked for meanwhile
            self._labels_ahead.drop(ticket)
            if opened.recording is not None:
                self._threads.start(opened.recording.close)
            return
        self._close_history(wait=False)
        old, old_prefetcher = self.recording, self.prefetcher
        place = self.project and (self.project.folder, self.folder)
        self.project, self.folder = opened.project, opened.folder
        self.looks = opened.looks
        self.team.take(opened.team)
        self._put_up(opened.recording)
        if place != (opened.project.folder, opened.folder):
            self.project_changed.emit(self.project)
        self._settle_no_more()
        self.recording_changed.emit(self.recording)
        self._open_history(self._labels_ahead.take(ticket, self.owner, self._editor))
        self._show_clip()
        for warning in opened.warnings:
            self.message.emit("warn", warning)
        if old is not None:
            self._threads.start(self._disposal(old, old_prefetcher))

    def _settle_no_more(self) -> None:
        """Back to one's own labels where this recording may not be settled."""
        reason = self.team.why_not_settle() if self.settles else ""
        if reason:
            self.settles = False
            self.message.emit("warn", reason)

    def _put_up(self, recording: Recording | None) -> None:
        self.select(None)
        self.show_recognition(None)
        self._take_recording(recording)
        self.sound.set_recording(recording)
        if recording is None:
            self.transport.set_range(0, 0)
            return
        self.transport.set_range(recording.start_ns, recording.stop_ns, recording.last_frame_ns)

    def close(self) -> None:
        """Save, stop and let go of everything; the session can open again afterwards."""
        self._ticket += 1
        self.transport.pause()
        self._close_history()
        old, old_prefetcher = self.recording, self.prefetcher
        self._put_up(None)
        self.project = self.folder = None
        self.settles = False
        self.team.take(TeamFacts())
        self.project_changed.emit(None)
        self.recording_changed.emit(None)
        self.history_changed.emit(None)
        if old is not None:
            self._disposal(old, old_prefetcher)()
        self._threads.waitForDone()
        self.keeping.wait()
        self._labels_ahead.close()
        self.sound.close()

    def show_recognition(self, recognition: Recognition | None) -> None:
        """What a run says about the open recording; None for nothing.

        Refused, with the reason, while the annotator is not to see what others say."""
        hidden = self.team.why_hidden_now()
        if recognition is not None and hidden:
            self.message.emit("info", hidden)
            recognition = None
        before = "" if self.recognition is None else next(iter(self.recognition.persons), "")
        self.answer = recognition
        self._look_at(before)

    def choose_person(self, person: str) -> None:
        """Show what a run says about one of the persons that it tells apart."""
        answer, now = self.answer, self.recognition
        if answer is None or now is None or now.persons == (person,):
            return
        if person in answer.persons:
            self._look_at(person)

    def _look_at(self, person: str) -> None:
        """Show the answer about a person, the first where it says nothing about this one."""
        self.recognition = self.answer
        if self.answer is not None and len(self.answer.persons) > 1:
            known = self.answer.persons
            self.recognition = self.answer.of_person(person if person in known else known[0])
        self.explaining.take(self.recognition)
        self.recognition_changed.emit(self.recognition)

    def show_trimmed(self, answer: Recognition, opinion: Opinion) -> None:
        """The same answer with other segments; opinion: about the person that is looked at."""
        self.answer, self.recognition = answer, opinion.recognition
        self.explaining.trim(opinion)
        self.segments_changed.emit()

    def _meet_rules(self) -> None:
        if self.recognition is not None and self.team.why_hidden_now():
            self.show_recognition(None)

    def _tell_silence(self, sentence: str) -> None:
        self.message.emit("info", sentence)
