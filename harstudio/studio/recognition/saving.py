"""The box that saves what is explained: a picture of a pane, a video, or arrays."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QLabel

from harstudio.errors import HarstudioError
from harstudio.files import write_atomically
from harstudio.recordings.streams import PictureStream
from harstudio.results import Recognition
from harstudio.runs.recognised.words import spoken
from harstudio.runs.recognitions import SUFFIX, save_recognition
from harstudio.studio.asking import SAVE
from harstudio.studio.fields import ChoiceBox
from harstudio.studio.label_files.box import LabelFilesBox
from harstudio.studio.panes.pane_picture import pane_picture, shows_maps
from harstudio.studio.timecode import clock_text

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.studio.window import MainWindow

WORDS = "What is shown now: the same maps, joint weights and links, as strong as they are."
KINDS = (
    ("png", "Picture (PNG)", "A pane as it stands, with the meaning of its colours below."),
    ("mp4", "Video (MP4)", "Burned into the pictures of the recording, with its sound. In a strip "
     "below: what it is said to be, and the meaning of the colours."),
    ("npz", "Arrays (NPZ)", "Everything that the run tells, shown or not: weights, times, boxes, "
     "joints and classes, as numpy reads them."),
)  # fmt: skip
STEPS = 1000  # of the bar


class SaveExplanationBox(LabelFilesBox):
    """As what, from where; then the name of the file. Closed, it leaves a video going on."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__("Save explanation", WORDS, "Save…", window)
        self.setObjectName("save_explanation")
        self._window, self._session = window, window.session
        self._record: JobRecord | None = None
        self.kinds = ChoiceBox("Save as")
        for ending, title, _ in KINDS:
            self.kinds.addItem(title, ending)
        self.kinds.currentIndexChanged.connect(self._describe)
        self.form.addRow("Save as", self.kinds)
        self.about = QLabel(wordWrap=True)
        self.about.setProperty("quiet", True)
        self.form.addRow("", self.about)
        self.panes = ChoiceBox("Pane")
        self.streams = ChoiceBox("Pictures")
        self.spans = ChoiceBox("Time")
        self._fill()
        for words, field in (
            ("Pane", self.panes), ("Pictures", self.streams), ("Time", self.spans)
        ):  # fmt: skip
            self.form.addRow(words, field)
        self.close_button.clicked.disconnect()
        self.close_button.clicked.connect(self._leave)
        self._session.jobs.changed.connect(self._show)
        self._session.jobs.finished.connect(self._show)
        self._describe()

    # ---- what can be chosen

    def _fill(self) -> None:
        for pane_id, pane in self._shown_panes().items():
            self.panes.addItem(pane.title, pane_id)
            attention = getattr(pane, "attention", None)
            if attention is not None and attention.patch is not None:
                self.panes.setCurrentIndex(self.panes.count() - 1)
        recording, explaining = self._session.recording, self._session.explaining
        now_ns = self._session.transport.position_ns
        patch = explaining.patch(now_ns)
        for stream in () if recording is None else recording.streams.values():
            if isinstance(stream, PictureStream) and len(stream):
                self.streams.addItem(spoken(stream.name), stream.name)
                if patch is not None and patch.stream == stream.name:
                    self.streams.setCurrentIndex(self.streams.count() - 1)
        if not self.streams.count():
            self.streams.addItem("the skeleton on a stage", "")
        self.spans.addItem("the whole recording", None)
        opinion = explaining.opinion
        window = None if opinion is None else opinion.window_at(now_ns)
        if opinion is not None and window is not None and len(opinion.starts) > 1:
            span = int(opinion.starts[window]), int(opinion.ends[window])
            self.spans.addItem(f"this window, {self._words(span)}", span)
        loop = self._session.transport.loop
        if loop is not None:
            self.spans.addItem(f"the loop, {self._words(loop)}", loop)

    def _words(self, span: tuple[int, int]) -> str:
        start_ns = self._session.transport.start_ns
        return " to ".join(clock_text(moment - start_ns) for moment in span)

    def _shown_panes(self) -> dict[str, Any]:
        """Panes on screen that can show explanations, by id."""
        docks = self._window.pane_area.docks
        panes = {name: dock.widget() for name, dock in docks.items()}
        return {n: p for n, p in panes.items() if shows_maps(p) and p.isVisible()}

    def _describe(self) -> None:
        ending = self.kinds.currentData()
        self.about.setText(KINDS[self.kinds.currentIndex()][2])
        for field, of in ((self.panes, "png"), (self.streams, "mp4"), (self.spans, "mp4")):
            self.form.setRowVisible(field, ending == of)
        self.action_button.setEnabled(ending != "png" or self.panes.count() > 0)
        self.make_room()

    # ---- saving

    def act(self) -> None:
        """Ask where to, then save."""
        recording, ending = self._session.recording, self.kinds.currentData()
        if recording is None:
            self.tell("Nothing was saved. No recording is open.")
            return
        stem = f"{self._session.team.shown(recording.name)}-explained.{ending}"
        start = str(self._window.asking.start_folder() / stem)
        title = self.kinds.currentText()
        kind = f"{title} (*.{ending})"
        name, _ = QFileDialog.getSaveFileName(self, "Save explanation", start, kind)
        if name:
            self.save_to(Path(name).with_suffix(f".{ending}"))

    def save_to(self, file: Path) -> None:
        """Paint the picture at once and write it beside the window; hand the others in as a job."""
        session, recording = self._session, self._session.recording
        recognition = session.recognition  # of the person who is looked at
        if file.suffix == ".npz":
            recognition = session.answer
        if recognition is None or recording is None:
            self.tell("Nothing was saved. There is no recognition any more.")
        elif file.suffix == ".png":
            self._save_picture(file)
        else:
            payload = self._payload(file)
            self.begin(
                lambda _progress, _cancelled: _kept(recognition),
                lambda kept: self._submit({**payload, "recognition": str(kept)}, file, kept),
            )

    def _save_picture(self, file: Path) -> None:
        pane = self._shown_panes().get(self.panes.currentData())
        if pane is None:
            self.tell("Nothing was saved. The pane is not shown any more.")
        else:
            image = pane_picture(pane, self._caption())
            self.begin(lambda *_: _write(image, file), self._wrote)

    def _wrote(self, file: Path) -> None:
        self.tell(f"Saved {file}")
        self._session.message.emit("info", f"Saved {file}")

    def _caption(self) -> str:
        """What it is said to be now, by whom, of what recording, when."""
        session, now_ns = self._session, self._session.transport.position_ns
        opinion = session.explaining.opinion
        window = None if opinion is None else opinion.window_at(now_ns)
        parts = []
        if opinion is not None and window is not None:
            ((label, share),) = opinion.ranking(window, 1)
            parts.append(f"{opinion.recognition.classes[label]} {share:.0%}")
        if opinion is not None:
            parts.append(opinion.recognition.network)
        parts.append(session.team.shown(session.recording.name))
        parts.append(clock_text(now_ns - session.transport.start_ns))
        return " · ".join(parts)

    def _payload(self, file: Path) -> dict[str, Any]:
        session, explaining = self._session, self._session.explaining
        recording, span = session.recording, self.spans.currentData()
        start_ns, end_ns = (None, None) if span is None else span
        beside = {
            name: explaining.marks_inputs and explaining.is_shown(name)
            for name in explaining.kinds()
        }
        return {
            "file": str(file),
            "recording": str(recording.path),
            "temporary": True,
            "stream": self.streams.currentData(),
            "map": explaining.on_picture if explaining.is_shown(explaining.on_picture) else "",
            "joints": explaining.on_joints if explaining.joints_shown() else "",
            "beside": beside,
            "opacity": explaining.opacity,
            "threshold": explaining.threshold,
            "joint": explaining.joint,
            "start_ns": None if start_ns is None else start_ns - recording.start_ns,
            "end_ns": None if end_ns is None else end_ns - recording.start_ns,
            "title": session.team.shown(recording.name),
            "hide_faces": True if session.privacy.hides_faces else None,
        }

    def _submit(self, payload: dict[str, Any], file: Path, kept: Path) -> None:
        jobs = self._session.jobs
        self._record = record = jobs.submit(SAVE, payload, title=f"Save {file.name}")
        self._remove_after(record, kept)
        self.close_button.setText("Stop")

    def _remove_after(self, record: JobRecord, kept: Path) -> None:
        """The job takes its file away; one that was stopped before it began, or whose worker
        died, does not. The box may be closed by then."""
        jobs = self._session.jobs

        def remove(over: JobRecord) -> None:
            if over is record:
                jobs.finished.disconnect(remove)
                with contextlib.suppress(OSError):
                    kept.unlink(missing_ok=True)

        jobs.finished.connect(remove)

    def _leave(self) -> None:
        if self._record is None:
            self.close()
        else:
            self._session.jobs.stop(self._record.id)

    def _show(self, record: JobRecord) -> None:
        if record is not self._record:
            return
        if record.total > 0:
            self.bar.setRange(0, STEPS)
            self.bar.setValue(round(STEPS * min(1.0, record.done / record.total)))
        if record.over:
            self._record = None
            self.bar.setRange(0, 0)
            told = record.result or {}
            if record.state == "done":
                self.tell(f"Saved {told.get('file')}", told.get("problems") or ())
            elif record.state == "stopped":
                self.tell("Saving was stopped; nothing was written.")
            else:
                self.tell(record.error or "Saving failed.")


def _write(image: QImage, file: Path) -> Path:
    """As PNG, whole or not at all."""
    packed = QBuffer()
    packed.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(packed, "PNG"):
        raise HarstudioError("The picture cannot be packed.", path=file)
    try:
        write_atomically(file, packed.data().data())
    except OSError as error:
        raise HarstudioError(
            f"It cannot be written ({error.strerror or error}).",
            path=file,
            remedy="Choose another folder.",
        ) from error
    return file


def _kept(recognition: Recognition) -> Path:
    """A file for the job, which takes it away: what is on screen may be explained for another
    class than what lies in the run's folder."""
    path = Path(tempfile.gettempdir(), f"harstudio-{uuid4().hex}{SUFFIX}")
    save_recognition(path, recognition)
    return path
