"""What is asked in boxes of their own before something is done with the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog

from harstudio.labels.comparing import is_model
from harstudio.labels.team.policy import GOLD
from harstudio.studio.background import Task

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.studio.training.new_run import NewRunDialog
    from harstudio.studio.window import MainWindow

CUT = "harstudio.labels.cutting.job:cut"
SAVE = "harstudio.reports.explanation:save"


class Asking:
    """The boxes of one window; the doing is the window's."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._diagnosis: Task | None = None
        self._new_run: NewRunDialog | None = None  # comes back as it was left
        window.session.jobs.finished.connect(self._job_finished)

    def file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self._window, "Open a recording", str(self.start_folder())
        )
        if name:
            self._window.open_path(Path(name))

    def folder(self) -> None:
        name = QFileDialog.getExistingDirectory(
            self._window, "Open a folder of recordings or a project", str(self.start_folder())
        )
        if name:
            self._window.open_path(Path(name))

    def new_run(self) -> None:
        """What to train, on what."""
        if self._new_run is None:
            from harstudio.studio.training.new_run import NewRunDialog

            window = self._window
            self._new_run = NewRunDialog(window.session, window.training.new_run_folder, window)
            self._new_run.started.connect(self._run_started)
        self._new_run.present()

    def _run_started(self, _record: object) -> None:
        self._window.set_workspace("view.train")

    def run(self) -> None:
        """A run that was made elsewhere, or a folder of runs."""
        start = str(self._window.training.new_run_folder())
        name = QFileDialog.getExistingDirectory(
            self._window, "Open a run or a folder of runs", start
        )
        if name:
            self._window.training.open_run(Path(name))
            self._window.save_settings()
            self._window.set_workspace("view.train")

    def start_folder(self) -> Path:
        """Where the last thing was opened."""
        recent = self._window.session.settings.recent
        return Path(recent[0]).parent if recent else Path.home()

    def screenshot(self) -> None:
        session = self._window.session
        recording, shown = session.recording, session.team.shown
        name = "panes.png" if recording is None else f"{shown(recording.name)}.png"
        chosen, _ = QFileDialog.getSaveFileName(
            self._window, "Save picture", str(self.start_folder() / name), "PNG (*.png)"
        )
        if chosen:
            self._window.save_screenshot(Path(chosen))

    def time(self) -> None:
        """Where the playhead is to go."""
        box = QInputDialog(self._window)
        box.setWindowTitle("Go to")
        box.setLabelText(
            "A time (1:02.5), seconds (62.5), milliseconds (62500 ms) or a frame (f 120)"
        )
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.textValueSelected.connect(self._window.session.go_to)
        box.open()

    def import_labels(self) -> None:
        """Label files of other tools, then how they are to be taken."""
        from harstudio.labels.interchange import registry
        from harstudio.studio.label_files.importing import ImportBox

        endings = " ".join(f"*{e}" for one in registry.FORMATS for e in one.EXTENSIONS)
        names, _ = QFileDialog.getOpenFileNames(
            self._window,
            "Import labels",
            str(self.start_folder()),
            f"Label files ({endings} *.json *.txt *.tsv);;All files (*)",
        )
        if names:
            ImportBox(self._window, [Path(name) for name in names]).show()

    def export_labels(self) -> None:
        from harstudio.studio.label_files.exporting import ExportBox

        ExportBox(self._window).show()

    def cut_clips(self) -> None:
        from harstudio.studio.label_files.cutting import CutBox

        CutBox(self._window).show()

    def _job_finished(self, record: JobRecord) -> None:
        """Cutting and saving videos take a while; their box may have been closed long ago."""
        if record.state != "done":
            return
        told = record.result or {}
        if record.job == CUT:
            sentence = f"{told.get('summary')} They are in {told.get('out')}."
            self._window.session.message.emit("info", sentence)
        elif record.job == SAVE:
            self._window.session.message.emit("info", f"Saved {told.get('file')}")

    def alignment(self) -> None:
        from harstudio.studio.dialogs.alignment import AlignmentBox

        AlignmentBox(self._window.session, self._window).show()

    def annotator(self) -> None:
        """Who labels from now on."""
        from harstudio.studio.dialogs.annotator import AnnotatorBox

        window = self._window
        others = window.labelling.others.documents
        people = [d.annotator for d in others if d.annotator != GOLD and not is_model(d)]
        AnnotatorBox(window.session.annotator, people, window.change_annotator, window).show()

    def about(self) -> None:
        from harstudio.studio.dialogs.about import AboutBox

        AboutBox(self.copy_diagnosis, self._window).show()

    def copy_diagnosis(self) -> None:
        """Takes a second: Qt is asked in a process of its own."""
        if self._diagnosis is None or not self._diagnosis.running:
            self._diagnosis = Task(_diagnose, self._window)
            self._diagnosis.finished.connect(self._diagnosed)
            self._diagnosis.start()
            self._window.session.message.emit("info", "Looking at the machine")

    def _diagnosed(self, text: str) -> None:
        QApplication.clipboard().setText(text)
        self._window.session.message.emit("info", "The diagnosis was copied.")

    def shut(self) -> None:
        """End what runs beside the window."""
        if self._diagnosis is not None:
            self._diagnosis.cancel(wait_s=20)


def _diagnose(_progress: object, _cancelled: object) -> str:
    from harstudio.diagnose import diagnosis

    return json.dumps(diagnosis(), indent=2)
