"""The box that exports labels of the open project for other tools."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QFileDialog, QLabel

from harstudio.labels.interchange import registry
from harstudio.labels.interchange.exporting import Exported, export
from harstudio.labels.keeping.names import safe_name
from harstudio.studio.fields import ChoiceBox
from harstudio.studio.label_files.box import LabelFilesBox

if TYPE_CHECKING:
    from harstudio.studio.window import MainWindow

WORDS = "What the format has no place for is listed here after the export."


class ExportBox(LabelFilesBox):
    """Format, of which recordings, by whom; then where to."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__("Export labels", WORDS, "Export…", window)
        self.setObjectName("export_labels")
        self._window = window
        session, shown = window.session, window.session.team.shown
        self.format = ChoiceBox("Format")
        for one in registry.FORMATS:
            self.format.addItem(f"{one.TITLE} ({one.EXTENSIONS[0]})", one.NAME)
        self.format.currentIndexChanged.connect(self._describe)
        self.form.addRow("Format", self.format)
        self.about = QLabel(wordWrap=True)
        self.about.setProperty("quiet", True)
        self.form.addRow("", self.about)
        self.recordings = ChoiceBox("Recordings")
        if session.recording is not None:
            here = session.recording.name
            self.recordings.addItem(f"This one: {shown(here)}", here)
        self.recordings.addItem("All of the project", "")
        self.recordings.currentIndexChanged.connect(self._describe)
        self.form.addRow("Recordings", self.recordings)
        self.people = ChoiceBox("Labels of")
        hidden = session.team.why_hidden_now()
        if not hidden:
            self.people.addItem("Everybody", "")
        self.people.addItem(f"Only {session.owner}", session.owner)
        self.people.setToolTip(hidden)
        self.form.addRow("Labels of", self.people)
        self.replaced = QCheckBox("Replace files that are there")
        self.form.addRow("", self.replaced)
        self._describe()

    def _describe(self) -> None:
        known = registry.by_name(self.format.currentData())
        each = known.ONE_FILE == "recording"
        files = "One file a recording" if each else "One file for all recordings"
        self.about.setText(f"{files}. Times exact to {known.UNIT}.")
        self.form.setRowVisible(self.replaced, self._into_folder())

    def _into_folder(self) -> bool:
        known = registry.by_name(self.format.currentData())
        return known.ONE_FILE == "recording" and not self.recordings.currentData()

    def act(self) -> None:
        """Ask where to, then write."""
        known = registry.by_name(self.format.currentData())
        start = self._window.asking.start_folder()
        if self._into_folder():
            name = QFileDialog.getExistingDirectory(self, "Folder for the files", str(start))
        else:
            ending = known.EXTENSIONS[0]
            title = self._window.session.team.shown(self.recordings.currentData() or "labels")
            title = safe_name(title) + ending
            name, _ = QFileDialog.getSaveFileName(
                self, "Export labels", str(start / title), f"{known.TITLE} (*{ending})"
            )
            if name and not Path(name).suffix:
                name += ending
        if name:
            self.export_to(Path(name))

    def export_to(self, out: Path) -> None:
        """Write there; an answered file chooser allows to replace a file, the box those of a
        folder."""
        project = self._window.session.project
        if project is None:
            self.tell("Nothing was done. No project is open.")
            return
        format_name, overwrite = self.format.currentData(), not self._into_folder()
        recording, person = self.recordings.currentData(), self.people.currentData()
        replaced, viewer = self.replaced.isChecked(), self._window.session.team.viewer

        def work(progress: Callable[[int], None], cancelled: Callable[[], bool]) -> Exported:
            return export(
                project,
                out,
                format=format_name,
                recordings=(recording,) if recording else (),
                annotators=(person,) if person else (),
                seen_by=viewer,
                overwrite=overwrite or replaced,
                progress=lambda done, _total: progress(done),
                cancelled=cancelled,
            )

        self.begin(work, self._finish)

    def _finish(self, done: Exported) -> None:
        self._window.session.message.emit("info", done.sentence)
        self.tell(done.sentence, [*done.notes, *done.problems])
