"""What can be done about doubts: list them, go there, answer, clear the flag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from harstudio.labels.comparing import same_stretch
from harstudio.labels.editing import bulk_edits, clip_edits
from harstudio.labels.editing.edits import Edit, Group
from harstudio.labels.model import Clip, Document
from harstudio.studio.background import Task
from harstudio.studio.commands import Command
from harstudio.studio.doubts.gathering import Doubt, Gatherer, Queue

if TYPE_CHECKING:
    from harstudio.studio.doubts.box import DoubtsBox
    from harstudio.studio.window import MainWindow

AGAIN_MS = 600  # after an edit


class DoubtsDesk(QObject):
    """The list is read beside the window, and again when something was changed."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._session, self._labelling = window.session, window.labelling
        self.box: DoubtsBox | None = None
        self._gatherer = Gatherer()
        self._queue = Queue()
        self._reading: Task | None = None
        self._then: tuple[Doubt, str, str] | None = None  # to do when its recording is open
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(AGAIN_MS)
        self._soon.timeout.connect(self.read)
        session = self._session
        session.document_changed.connect(self._read_soon)
        session.history_changed.connect(self._meet)
        session.project_changed.connect(self._another_project)

    def commands(self) -> list[Command]:
        def has_project() -> bool:
            return self._session.project is not None

        return [
            Command("label.doubts", "Doubts…", self.show, "Label", "help", ("Ctrl+Alt+U",),
                    has_project),
        ]  # fmt: skip

    # ---- the list

    def show(self) -> None:
        """Open the list, or come back to it."""
        from harstudio.studio.doubts.box import DoubtsBox

        if self.box is None:
            self.box = DoubtsBox(self._session.owner, self._session.team.shown, self._window)
            self.box.wanted.connect(self.go)
            self.box.answered.connect(self.answer)
            self.box.settled.connect(self.settle)
            self.box.here_only_changed.connect(self._show_queue)
            self.box.closed.connect(self._closed)
        self._show_queue()
        self.box.show()
        self.box.raise_()
        self.box.activateWindow()
        self.box.list.setFocus()
        self.read()

    def _closed(self) -> None:
        box, self.box = self.box, None
        self._soon.stop()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        if box is not None:
            box.deleteLater()

    def _another_project(self, _project: object) -> None:
        self._queue = Queue()
        self._gatherer = Gatherer()

    def _read_soon(self) -> None:
        if self.box is not None:
            self._soon.start()

    def read(self) -> None:
        """Read the flags of the whole project now."""
        project, gatherer = self._session.project, self._gatherer
        if self.box is None or project is None:
            return
        if self._reading is not None and self._reading.running:
            self._soon.start()  # one at a time
            return
        me, why_hidden = self._session.owner, self._session.team.why_hidden
        self._reading = Task(
            lambda _progress, cancelled: gatherer.gather(project, me, why_hidden, cancelled), self
        )
        self._reading.finished.connect(self._take)
        self._reading.failed.connect(
            lambda error: self._session.message.emit("warn", f"Doubts were not read. {error}")
        )
        self._reading.start()

    def _take(self, queue: Queue) -> None:
        self._queue = queue
        self._show_queue()

    def _show_queue(self) -> None:
        box, recording = self.box, self._session.recording
        if box is None:
            return
        box.me = self._session.owner
        box.show_labels([label.name for label in self._labelling.labels()])
        name = "" if recording is None else recording.name
        box.show_queue(self._queue, name, self._session.transport.start_ns)

    # ---- going there

    def go(self, doubt: Doubt) -> None:
        """Open its recording, go to the clip and select it."""
        self._do_there(doubt, "", "")

    def _do_there(self, doubt: Doubt, label: str, comment: str) -> None:
        recording = self._session.recording
        self._then = (doubt, label, comment)
        if recording is not None and recording.name == doubt.recording:
            self._arrive()
            return
        found = self._window.library.model.all_found()
        path = next((one.path for one in found if one.name == doubt.recording), None)
        if path is None:
            self._then = None
            name = self._session.team.shown(doubt.recording)
            self._session.message.emit("warn", f"The recording “{name}” is not in the library.")
        else:
            self._session.open_recording(path)

    def _meet(self, _history: object) -> None:
        recording = self._session.recording
        if self._then is not None and recording is not None:
            if recording.name == self._then[0].recording:
                self._arrive()
            else:
                self._then = None  # something else was opened
        self._read_soon()

    def _arrive(self) -> None:
        then, self._then = self._then, None
        if then is None:
            return
        doubt, label, comment = then
        self._session.transport.pause()
        self._session.transport.seek(doubt.clip.start_ns)
        if label:
            self._answer_here(doubt, label, comment)
        else:
            self._session.select(doubt.clip.id)

    # ---- answering

    def answer(self, doubt: Doubt, label: str, comment: str) -> None:
        """A clip of one's own over the same stretch says it; the recording is opened for that."""
        self._do_there(doubt, label, comment)

    def _answer_here(self, doubt: Doubt, label: str, comment: str) -> None:
        clips, document = self._labelling.clips, self._session.document
        if document is None or clips.why_not():
            clips.do()
            return
        mine = same_stretch(document, doubt.clip)
        if mine is None:
            mine = Clip(doubt.clip.start_ns, doubt.clip.end_ns, label, doubt.clip.person,
                        comment=comment)  # fmt: skip
            done = clips.place(self._session.tier_name, mine)
        else:
            said = comment or mine.comment
            change = clip_edits.change(document, mine.id, label=label, comment=said)
            done = change is None or clips.do(change)
        if done:
            self._session.select(mine.id)
            self._session.message.emit("info", f"{doubt.annotator} sees your answer: {label}.")

    def settle(self, doubt: Doubt, label: str) -> None:
        """Clear one's own flag; with a label, take that."""
        document = self._session.document
        if document is None or document.find(doubt.clip.id) is None:
            self._session.message.emit(
                "info", "Go there first: the flag is cleared in the open recording."
            )
            self.go(doubt)
            return
        if self._labelling.clips.attempt(lambda: _settled(document, doubt.clip.id, label)):
            self._session.message.emit("info", "Settled.")

    def shut(self) -> None:
        """End what runs beside the window."""
        if self._reading is not None:
            self._reading.cancel(wait_s=20)


def _settled(document: Document, clip_id: str, label: str) -> Edit | None:
    cleared = bulk_edits.set_unsure(document, [clip_id], False)
    found = document.find(clip_id)
    if not label or found is None or found[1].label == label:
        return cleared
    changed = clip_edits.change(document, clip_id, label=label, unsure=False, confidence=None)
    return None if changed is None else Group(f"Settle as “{label}”", (changed,))
