"""What is taken away from the window under the playhead, and what the run says then."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from harstudio.errors import HarstudioError
from harstudio.recordings.streams import PictureStream, SkeletonStream, StreamKind
from harstudio.results import Recognition
from harstudio.runs.kept_recognitions import answers_folder
from harstudio.runs.recognised.words import WORDS
from harstudio.runs.recognitions import load_recognition
from harstudio.skeletons.topology import topology
from harstudio.studio.background import NewestTask
from harstudio.studio.what_if.answer import Answer
from harstudio.studio.what_if.changes import Area, Changes, group

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.studio.session import Session

WHAT_IF = "harstudio.recognition.jobs:what_if"
REST_MS = 200  # the playhead rests so long before its window is read ahead


class Tool(enum.Enum):
    """What the mouse does on the pictures."""

    NONE = "none"
    MASK = "mask"
    JOINTS = "joints"


class WhatIf(QObject):
    """Asks as soon as something changes; of several questions the newest alone is answered.

    While it is ``on`` it follows the playhead. What was taken away stays from window to window and
    from run to run, and is given back with another recording.
    """

    changed = Signal()  # anything of it

    def __init__(
        self, session: Session, device: Callable[[], str], parent: QObject | None = None
    ) -> None:
        """device: tells on which one runs are asked now."""
        super().__init__(parent)
        self.session, self._device = session, device
        self.on = False
        self.tool = Tool.NONE
        self.changes = Changes()
        self.draft: Area | None = None  # a rectangle that is being drawn or carried
        self._carried: Area | None = None  # where the carried one was
        self.answer: Answer | None = None
        self.problem = ""
        self.explains = False
        self._record: JobRecord | None = None
        self._sent: tuple[object, Changes, bool] | None = None
        self._known: tuple[object, Changes, bool] | None = None  # what the answer or problem is of
        self._shown_file = False
        self._loading = NewestTask(self)
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._ask)
        session.jobs.finished.connect(self._finished)
        session.transport.moved.connect(self._follow)
        session.recording_changed.connect(self._meet_recording)
        session.recognition_changed.connect(self._meet_recognition)

    # ---- what there is

    @property
    def window(self) -> tuple[int, int, str] | None:
        """(start_ns, end_ns, person) of the window under the playhead."""
        opinion = self.session.explaining.opinion
        if opinion is None:
            return None
        number = opinion.window_at(self.session.transport.position_ns)
        if number is None:
            return None
        found = opinion.recognition.windows[number]
        return found.start_ns, found.end_ns, found.person

    @property
    def run(self) -> Path | None:
        """Whose opinion is shown."""
        recognition = self.session.recognition
        return None if recognition is None else Path(recognition.run)

    @property
    def kinds(self) -> tuple[str, ...]:
        """What the run sees of the recording; empty before it has answered once."""
        return () if self.answer is None else self.answer.kinds

    @property
    def joints(self) -> tuple[str, ...]:
        """Names of the recording's joints."""
        recording = self.session.recording
        found = None if recording is None else recording.of_kind(StreamKind.SKELETON)
        return topology(found.topology).joints if isinstance(found, SkeletonStream) else ()

    @property
    def changes_now(self) -> Changes:
        """With the rectangle that is being drawn."""
        return self.changes if self.draft is None else self.changes.with_area(self.draft)

    @property
    def is_asking(self) -> bool:
        return self._record is not None

    @property
    def is_current(self) -> bool:
        """Whether the answer is that to the changes as they are, in the window as it is."""
        return self._known is not None and self._known == self._wanted()

    def can_ask(self) -> bool:
        return self.window is not None and self.run is not None

    def can_drop(self, kind: str) -> bool:
        """Whether a kind of stream can be left out, or is; as far as it is known."""
        return not self.why_not_drop(kind)

    def why_not_drop(self, kind: str) -> str:
        """Why a kind of stream cannot be left out, "" where it can, is, or that is not known."""
        answer, words = self.answer, WORDS.get(kind, kind)
        if kind in self.changes.without or answer is None:
            return ""
        if kind not in answer.kinds:
            return f"The run sees no {words} here."
        if self.is_current and kind not in answer.can_drop:
            return f"Without {words} the rest of the network cannot answer."
        return ""

    def sees(self, stream: str) -> bool:
        """Whether the run sees a picture stream."""
        recording = self.session.recording
        found = None if recording is None else recording.streams.get(stream)
        return isinstance(found, PictureStream) and (
            not self.kinds or str(found.kind) in self.kinds
        )

    # ---- what a person does

    def turn(self, on: bool) -> None:
        """Begin, or give everything back and stop."""
        if on == self.on:
            return
        self.on = on
        if on:
            self._ask()
        else:
            self.tool, self.draft, self.changes = Tool.NONE, None, Changes()
            self.explains = False
            self._show_own_explanation()
        self.changed.emit()

    def take(self, tool: Tool) -> None:
        """Use a tool on the pictures, or no longer."""
        self.turn(True)
        self.tool = Tool.NONE if tool is self.tool else tool
        self.draft = None
        self.changed.emit()

    def change(self, changes: Changes) -> None:
        """Take this away and nothing else."""
        self.turn(True)
        if changes != self.changes:
            self.changes = changes
            self._changed()

    def draw(self, area: Area | None) -> None:
        """A rectangle as it is being drawn; None: it is none yet."""
        if area != self.draft:
            self.draft = area
            self._changed()

    def carry(self, number: int) -> None:
        """Take an area into the hand; ``keep_draft`` puts it down where it was drawn last."""
        self._carried = self.changes.masked[number]
        self.changes, self.draft = self.changes.without_area(number), self._carried
        self.changed.emit()

    def keep_draft(self) -> None:
        """The rectangle that was being drawn is one that stays."""
        self.changes, self.draft, self._carried = self.changes_now, None, None
        self._changed()

    def toggle_joint(self, name: str) -> None:
        self.change(self.changes.with_joints([name], hidden=name not in self.changes.joints))

    def toggle_group(self, name: str) -> None:
        """Hide the joints of a group, or see them again where all are hidden."""
        joints = group(name, self.joints)
        self.change(self.changes.with_joints(joints, hidden=not self.hides_group(name)))

    def hides_group(self, name: str) -> bool:
        """Whether all joints of a group are hidden."""
        joints = group(name, self.joints)
        return bool(joints) and joints <= self.changes.joints

    def hidden_joints(self) -> list[int]:
        """Indices of the recording's joints that are hidden."""
        return [k for k, name in enumerate(self.joints) if name in self.changes.joints]

    def toggle_kind(self, kind: str) -> None:
        """Leave a kind of stream out, or see it again."""
        dropped = kind not in self.changes.without
        self.change(self.changes.with_kind(kind, dropped=dropped))

    def reset(self) -> None:
        """Give everything back."""
        self.tool, self.draft = Tool.NONE, None
        self.change(Changes())
        self.changed.emit()

    def back_out(self) -> bool:
        """Esc: give up what is drawn, put the tool away, give everything back; False when there is
        nothing of it."""
        if self.draft is not None:
            self.draft = self._carried
            self.keep_draft()
        elif self.tool is not Tool.NONE:
            self.take(self.tool)
        elif self.changes:
            self.reset()
        else:
            return False
        return True

    def explain(self, wanted: bool) -> None:
        """Show what was looked at in the changed window, instead of what was in the window."""
        self.turn(True)
        if wanted == self.explains:
            return
        self.explains = wanted
        if not wanted:
            self._show_own_explanation()
        self._changed()

    # ---- asking

    def _changed(self) -> None:
        self._ask()
        self.changed.emit()

    def _wanted(self) -> tuple[object, Changes, bool]:
        recording = self.session.recording
        where = None if recording is None else recording.path, self.run, self.window
        return where, self.changes_now, self.explains and bool(self.changes_now)

    def _ask(self) -> None:
        """Unless it is known; while a question is out the next one waits, the newest of them."""
        recording, run, window = self.session.recording, self.run, self.window
        if not self.on or self._record is not None or window is None:
            return
        wanted = self._wanted()
        if recording is None or run is None or wanted == self._known:
            return
        self._sent = wanted
        payload = {
            "run": str(run),
            "path": str(recording.path),
            "start_ns": window[0],
            "end_ns": window[1],
            "person": window[2],
            "explain": wanted[2],
            "out": str(answers_folder(run) / "what_if"),
            **self.changes_now.payload(),
        }
        title = f"asking what if of {self.session.team.shown(recording.name)}"
        self._record = self.session.jobs.submit(
            WHAT_IF, payload, title=title, lane="quick", device=self._device()
        )

    def _finished(self, record: JobRecord) -> None:
        if self._record is None or record is not self._record:
            return
        sent, self._record, self._sent = self._sent, None, None
        told: dict[str, Any] = record.result or {}
        if sent is not None and sent[0] == self._wanted()[0]:
            if record.state == "done":
                window = told["start_ns"], told["end_ns"], told["person"]
                self.answer, self.problem = Answer(window, sent[1], told), ""
                self._known = sent
                self._show_explanation(str(told["file"]), window)
            elif record.state == "failed":
                self.problem, self._known = _sentence(record), sent
        self._ask()
        self.changed.emit()

    # ---- following

    def _follow(self, _position_ns: int) -> None:
        """Another window is asked at once while something is taken away; else it is read ahead
        when the playhead rests."""
        if not self.on or self.is_current:
            return
        window = self.window
        if self.answer is not None and self.answer.window == window:
            return
        if self.changes_now:
            self._ask()
        else:
            self._rest.start()
        if self._shown_file:
            self._show_own_explanation()
        self.changed.emit()

    def _meet_recording(self, *_: object) -> None:
        self.changes, self.draft, self.tool = Changes(), None, Tool.NONE
        self._forget()

    def _meet_recognition(self, *_: object) -> None:
        """Another opinion: of another run, or explained for another class."""
        self._shown_file = False
        self._forget()
        if self.on and self.changes_now:
            self._ask()

    def _forget(self) -> None:
        self.answer = self._known = None
        self.problem = ""
        self._loading.stop()
        if self.on:
            self._rest.start()
        self.changed.emit()

    # ---- what was looked at then

    def _show_explanation(self, file: str, window: tuple[int, int, str]) -> None:
        if not file:
            self._show_own_explanation()
            return

        def show(found: Recognition) -> None:
            own = self.session.recognition
            if own is None or not self.explains or self.window != window:
                return
            spans = [(one.start_ns, one.end_ns, one.person) for one in own.windows]
            told = list(own.explanations)
            if window not in spans or len(told) != len(spans):
                return
            told[spans.index(window)] = found.explanations[0]
            self._shown_file = True
            self.session.explaining.take(replace(own, explanations=tuple(told)))

        def failed(error: Exception) -> None:
            self.session.message.emit("warn", str(error))

        self._loading.start(lambda *_: load_recognition(Path(file)), show, failed)

    def _show_own_explanation(self) -> None:
        """What was looked at in the window as it is."""
        self._loading.stop()
        if self._shown_file:
            self._shown_file = False
            self.session.explaining.take(self.session.recognition)

    def shut(self) -> None:
        """Ask nothing more, and wait for what is being read."""
        self.on = False
        self._rest.stop()
        self._loading.shut()


def _sentence(record: JobRecord) -> str:
    told = record.problem.get("message") if record.problem else ""
    return str(told or record.error or HarstudioError("The run could not be asked."))
