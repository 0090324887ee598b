"""The session: what is open now. Panes, panels and the timeline all listen to this one object."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QThreadPool, QTimer, Signal

from harstudio.errors import HarstudioError, UsageError
from harstudio.labels.keeping.history import History
from harstudio.labels.keeping.saving import PendingSave
from harstudio.labels.keeping.set_aside import SetAside, put_on_top, set_aside
from harstudio.labels.model import Clip, Document
from harstudio.labels.project import Project
from harstudio.labels.team.policy import GOLD
from harstudio.recordings.cache import FrameCache
from harstudio.recordings.recording import Recording
from harstudio.results import Recognition
from harstudio.runs.recognised.opinion import Opinion
from harstudio.settings import Settings, load_settings
from harstudio.studio.background import Task
from harstudio.studio.jobs.service import Jobs
from harstudio.studio.labelling.labels_ahead import LabelsAhead
from harstudio.studio.opening import Opened, load
from harstudio.studio.sound import Sound
from harstudio.studio.team.rules import TeamFacts
from harstudio.studio.timecode import typed_frame, typed_time
from harstudio.studio.transport import Transport
from harstudio.studio.viewing import Viewing

SAVE_EVERY_MS = 3000
TICKS_OF_PATIENCE = 3  # so many of them a save may take before the user is told
DRIVE_HANGS = (
    "The drive of the labels does not answer. Every edit so far is in the journal; the next may "
    "wait for the drive."
)
GIL_TURN_S = 0.0005  # so long, not 5 ms, a reader thread may keep the window from its next step


class Session(Viewing):
    """One recording, its labels, the clock and the selection.

    Opening parses in a worker thread; until it is done, and when it fails, the session goes on
    with what was open. Signals are always emitted on the GUI thread.
    """

    opening = Signal(str)  # what is being opened; ends with recording_changed or failed
    project_changed = Signal(object)  # Project | None; `folder` is what the library lists
    recognition_changed = Signal(object)  # Recognition | None: what a run says about it
    segments_changed = Signal()  # of the recognition, whose windows are the same
    history_changed = Signal(object)  # History | None: a new document is at hand
    document_changed = Signal()  # any edit, undo, redo
    closing = Signal()  # the document is about to be put away: the last chance for an edit
    saved = Signal()
    selection_changed = Signal(object)  # clip id | None; also when only the others change
    tier_changed = Signal(str)
    failed = Signal(object)  # HarstudioError
    clip_shown = Signal()  # open_clip has put a stretch on screen

    _loaded = Signal(int, object)
    _load_failed = Signal(int, object)
    _written = Signal(object, object)
    _not_put_away = Signal(object)

    def __init__(self, settings: Settings | None = None, parent: QObject | None = None) -> None:
        sys.setswitchinterval(GIL_TURN_S)
        settings = load_settings() if settings is None else settings
        super().__init__(Transport(), FrameCache(settings.cache_bytes), parent)
        self.settings = settings
        self.folder: Path | None = None  # what the library lists
        self.history: History | None = None
        self.held = ""  # why labels cannot be changed for a moment
        self.team.changed.connect(self._meet_rules)
        self.jobs = Jobs(self)  # no thread before the first job
        self.answer: Recognition | None = None  # about every person
        self.recognition: Recognition | None = None  # about the one that is looked at
        self._selected: tuple[str, ...] = ()  # the primary one first
        self._tier_name = self.settings.annotator
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
        self._save_failure = ""
        self._save_asked = False  # by the user, who is told when it is done
        self._ticks_waited = 0  # for a save that has not come back
        self._writing = False
        self._writer = QThreadPool(self)  # a drive that hangs holds nothing else up
        self._writer.setMaxThreadCount(1)
        self._written.connect(self._note_save)
        self._not_put_away.connect(self._tell_unsaved)
        self._saver = QTimer(self)
        self._saver.setInterval(SAVE_EVERY_MS)
        self._saver.timeout.connect(self._save_quietly)
        self._saver.start()

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
        self._writer.waitForDone()
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

    # ---- labels

    @property
    def document(self) -> Document | None:
        """The document being edited."""
        return None if self.history is None else self.history.document

    @property
    def annotator(self) -> str:
        """Whose labels are being made."""
        return self.settings.annotator

    @property
    def owner(self) -> str:
        """Whose document is open: the annotator's, or the gold one."""
        return GOLD if self.settles else self.settings.annotator

    @property
    def _editor(self) -> str:
        """Who edits, where that is not the owner."""
        return self.annotator if self.settles else ""

    @property
    def tier_name(self) -> str:
        """The tier that new clips go to; the annotator's own to begin with."""
        return self._tier_name

    @tier_name.setter
    def tier_name(self, name: str) -> None:
        if name != self._tier_name:
            self._tier_name = name
            self.tier_changed.emit(name)

    @property
    def selection(self) -> str | None:
        """Identity of the selected clip; of several the one that was chosen last."""
        return self._selected[0] if self._selected else None

    @property
    def selected(self) -> tuple[str, ...]:
        """Identities of all selected clips, ``selection`` first; several are all own ones."""
        return self._selected

    def select(self, clip_id: str | None, *more: str) -> None:
        """Select a clip, and more with it; None selects nothing."""
        selected = () if clip_id is None else tuple(dict.fromkeys((clip_id, *more)))
        if selected != self._selected:
            self._selected = selected
            self.selection_changed.emit(self.selection)

    def selected_clip(self) -> tuple[str, Clip] | None:
        """The selected clip with the name of its tier, None when it is gone."""
        if self.document is None or self.selection is None:
            return None
        found = self.document.find(self.selection)
        return None if found is None else (found[0].name, found[1])

    def save(self) -> None:
        """Write the document beside the window; a message says when it is done, or why not.

        The journal holds every edit meanwhile."""
        if self.history is not None and self.history.unsaved:
            self._save_asked = True
            self._save_quietly()

    def _save_quietly(self) -> None:
        """Write what is unsaved in a worker thread; edits that come meanwhile are journalled."""
        if self._writing:
            self._tell_waiting()
        if self.history is None or self._writing:
            return
        history, pending = self.history, self.history.begin_save()

        def write() -> None:
            try:
                history.keep_alive()
                if pending is not None:
                    pending.write()
            finally:
                self._written.emit(history, pending)

        self._writing, self._ticks_waited = True, 0
        self._writer.start(write)

    def _tell_waiting(self) -> None:
        self._ticks_waited += 1
        if self._ticks_waited == TICKS_OF_PATIENCE:
            self._save_failure = DRIVE_HANGS
            self.message.emit("warn", DRIVE_HANGS)

    def _note_save(self, history: History, pending: PendingSave | None) -> None:
        self._writing = False
        if history is not self.history:  # put away meanwhile: that told what there was to tell
            return
        try:
            if pending is not None:
                history.end_save(pending)
        except HarstudioError as error:
            sentence = str(error)
            if sentence != self._save_failure or self._save_asked:  # once, not every three seconds
                self._tell_unsaved(error)
            self._save_failure, self._save_asked = sentence, False
            return
        if self._save_asked and history.unsaved:  # by an edit that came meanwhile
            self._save_quietly()
        elif self._save_asked or self._save_failure:
            told = "can be saved again, and are." if self._save_failure else "are saved."
            self.message.emit("info", f"The labels {told}")
            self._save_asked = False
        self._save_failure = ""
        if pending is not None:
            self.saved.emit()

    def _tell_unsaved(self, error: HarstudioError) -> None:
        self.message.emit("bad", f"Not saved; the journal holds every edit. {error}")

    def change_annotator(self, annotator: str) -> None:
        """Go on as somebody else: their own document of this recording is opened."""
        if annotator == self.settings.annotator:
            return
        self._close_history()
        self.select(None)
        self.settles = False
        self.settings.annotator = annotator
        self._open_history()

    def settle(self, wanted: bool) -> None:
        """Open the gold document for editing in the place of one's own, or go back to that.

        It stays so for the recordings that are opened afterwards."""
        if wanted == self.settles:
            return
        self._close_history()
        self.select(None)
        self.settles = wanted
        self._open_history()

    def open_labels_again(self) -> None:
        """Try once more to open the document for editing, after somebody else held it."""
        if self.history is None or self.history.read_only:
            self.reopen_labels()

    def reopen_labels(self) -> None:
        """Put the document away and read it again: somebody else changed it, or held it."""
        self._close_history()
        self.select(None)
        self._open_history()

    def put_set_aside_on_top(self) -> None:
        """Edits that were set aside beside the document are looked for, and done again."""
        history = self.history
        if history is None or history.read_only:
            self.message.emit("info", "The labels must be open for editing first.")
            return
        look = history.look_back()
        task = Task(lambda *_: set_aside(history.path, look.document, look.newest_first()), self)
        task.finished.connect(partial(self._put_on_top, history))
        task.failed.connect(lambda error: self.message.emit("bad", f"Nothing was changed. {error}"))
        task.start()

    def _put_on_top(self, history: History, found: SetAside | None) -> None:
        if history is not self.history:
            return  # another document is open by now
        if found is None:
            self.message.emit("info", "No edits were set aside for these labels.")
            return
        try:
            told = put_on_top(history, found)
        except HarstudioError as error:
            self.message.emit("bad", f"Nothing was changed. {error}")
        else:
            self.message.emit("warn" if found.misfits else "info", told)

    def look_at_labels(self) -> None:
        """Show the document that somebody else holds; nothing in it can be changed."""
        if self.history is None:
            self._open_history(read_only=True)

    def _meet_rules(self) -> None:
        if self.recognition is not None and self.team.why_hidden_now():
            self.show_recognition(None)

    def _open_history(self, opened: History | None = None, *, read_only: bool = False) -> None:
        """opened: the document, where a worker thread has opened it already."""
        self.tier_name = self.owner
        if opened is None:
            self._writer.waitForDone()  # it may be the one that is being put away
        if self.recording is not None and self.project is not None:
            try:
                if self.owner == GOLD and not self.settles:
                    if opened is not None:
                        opened.close()
                    raise UsageError(
                        f"“{GOLD}” is the name of the agreed labels, not of an annotator.",
                        remedy="Choose another name with “Annotator…” in the Label menu.",
                    )
                self.history = opened or self.project.history(
                    self.recording.name, self.owner, read_only=read_only, by=self._editor
                )
            except HarstudioError as error:
                self.failed.emit(error)
            else:
                self.history.changed.connect(self._document_edited)
                for problem in self.history.problems:
                    self.message.emit("warn", problem)
                self.tier_name = _first_tier(self.history.document)
        self.history_changed.emit(self.history)

    def _document_edited(self, _edit: object) -> None:
        if self._selected and self.document is not None:
            find = self.document.find
            there = [clip_id for clip_id in self._selected if find(clip_id) is not None]
            self.select(*there) if there else self.select(None)
        self.document_changed.emit()

    def _close_history(self, *, wait: bool = True) -> None:
        """Save and let go of the document; ``wait`` says whether until it is done."""
        if self.history is None:
            return
        self.closing.emit()
        history = self.history
        history.changed.disconnect(self._document_edited)

        def put_away() -> None:
            try:
                history.close()  # saves
            except HarstudioError as error:
                self._not_put_away.emit(error)

        self.history, self._save_asked, self._save_failure = None, False, ""
        if wait:
            put_away()
        else:
            self._writer.start(put_away)

    # ---- the playhead

    def frame_index(self) -> int | None:
        """Which frame of the reference stream is now; None when there is none."""
        if self.recording is None or (reference := self.recording.reference) is None:
            return None
        return reference.nearest(self.transport.position_ns)

    def step(self, frames: int) -> None:
        """Pause and move by whole frames of the reference stream."""
        if self.recording is None or (reference := self.recording.reference) is None:
            return
        times, now = reference.times_ns, self.transport.position_ns
        here = reference.nearest(now)
        if here is None:  # between frames: the next one in that direction is one step away
            here = int(np.searchsorted(times, now)) - (1 if frames > 0 else 0)
        target = min(max(here + frames, 0), len(times) - 1)
        self.transport.pause()
        self.transport.seek(int(times[target]))

    def go_to(self, text: str) -> bool:
        """The playhead to a time or frame as it is typed; False, said why, when it is none."""
        reference = None if self.recording is None else self.recording.reference
        frame, time_ns = typed_frame(text), typed_time(text)
        if frame is not None and reference is not None and len(reference.times_ns):
            last = len(reference.times_ns) - 1
            self.transport.seek(int(reference.times_ns[min(frame, last)]))
        elif time_ns is not None:
            self.transport.seek(self.transport.start_ns + time_ns)
        else:
            self.message.emit("warn", f"“{text}” is no time: 1:02.5, 62.5, 62500 ms or f 120.")
            return False
        return True

    def _tell_silence(self, sentence: str) -> None:
        self.message.emit("info", sentence)


def _first_tier(document: Document) -> str:
    """Where new clips go at first: the annotator's own tier, else the first one of clips."""
    if document.tier(document.annotator) is not None:
        return document.annotator
    tiers = (tier.name for tier in document.said if not tier.rules.points)
    return next(tiers, document.annotator)
