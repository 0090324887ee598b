"""The box that cuts labelled clips of the open project to files; the work is a job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFileDialog, QLabel

from harstudio.labels.comparing import is_model
from harstudio.labels.team.policy import GOLD
from harstudio.studio.asking import CUT
from harstudio.studio.fields import ChoiceBox
from harstudio.studio.label_files.box import LabelFilesBox

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.studio.window import MainWindow

WORDS = (
    "Every labelled clip of the project becomes a recording of its own. Cutting again into the "
    "same folder goes on where it stopped and follows changed labels."
)
LAYOUTS = (
    ("ntu", "NTU RGB+D", "Names as S001C001P001R001A001; avi, png and .skeleton, 30 a second. "
     "Sound and inertial streams have no place there. clips.csv says which file is which clip."),
    ("harrec", "HARStudio (.harrec)", "All streams with their exact times; joints, depth and "
     "infrared without loss. clips.csv says which file is which clip."),
)  # fmt: skip
STEPS = 1000  # of the bar


class CutBox(LabelFilesBox):
    """Layout and whose clips; then where to. Closed, it leaves the job going on."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__("Cut clips to files", WORDS, "Cut…", window)
        self.setObjectName("cut_clips")
        self._window = window
        self._record: JobRecord | None = None
        session = window.session
        self.layouts = ChoiceBox("Layout")
        for name, title, _ in LAYOUTS:
            self.layouts.addItem(title, name)
        self.layouts.currentIndexChanged.connect(self._describe)
        self.form.addRow("Layout", self.layouts)
        self.about = QLabel(wordWrap=True)
        self.about.setProperty("quiet", True)
        self.form.addRow("", self.about)
        self.people = ChoiceBox("Clips of")
        for person in _people(window):
            self.people.addItem("The agreed labels" if person == GOLD else person, person)
        self.people.setCurrentIndex(max(self.people.findData(_first(window)), 0))
        self.people.setToolTip(session.team.why_hidden_now())
        self.form.addRow("Clips of", self.people)
        self.close_button.clicked.disconnect()
        self.close_button.clicked.connect(self._leave)
        session.jobs.changed.connect(self._show)
        session.jobs.finished.connect(self._show)
        self._describe()

    def _describe(self) -> None:
        self.about.setText(LAYOUTS[self.layouts.currentIndex()][2])

    def act(self) -> None:
        """Ask where to, then cut."""
        start = str(self._window.asking.start_folder())
        name = QFileDialog.getExistingDirectory(self, "Folder for the clips", start)
        if name:
            self.cut_to(Path(name))

    def cut_to(self, out: Path) -> None:
        """Hand the job in."""
        project = self._window.session.project
        if project is None:
            self.tell("Nothing was done. No project is open.")
            return
        payload = {
            "project": str(project.folder),
            "out": str(out),
            "layout": self.layouts.currentData(),
            "annotator": self.people.currentData(),
            "seen_by": self._window.session.team.viewer,
        }
        title = f"Cut clips to {out.name}"
        self._record = self._window.session.jobs.submit(CUT, payload, title=title)
        self.action_button.setEnabled(False)
        self.told.hide()
        self.bar.show()
        self.close_button.setText("Stop")

    def _leave(self) -> None:
        if self._record is None:
            self.close()
        else:
            self._window.session.jobs.stop(self._record.id)

    def _show(self, record: JobRecord) -> None:
        if record is not self._record:
            return
        if record.total > 0:
            self.bar.setRange(0, STEPS)
            self.bar.setValue(round(STEPS * min(1.0, record.done / record.total)))
        if record.over:
            self._record = None
            self.bar.setRange(0, 0)
            sentence, notes = outcome(record)
            self.tell(sentence, notes)
            QTimer.singleShot(0, self, self.adjustSize)  # when the layout knows the result


def outcome(record: JobRecord) -> tuple[str, list[str]]:
    """What came of a cut, in a sentence and what it lacks."""
    told: dict[str, Any] = record.result or {}
    if record.state == "done" and told.get("summary"):
        notes = [*told.get("failures", ()), *told.get("notes", ())]
        return f"{told['summary']} They are in {told.get('out')}.", [str(one) for one in notes]
    if record.state == "stopped":
        return "Cutting was stopped; the clips that were done stay. Cutting again goes on.", []
    return record.error or "Cutting failed.", []


def _first(window: MainWindow) -> str:
    """Whose clips are probably meant: the agreed ones, one's own, those of anybody."""
    session = window.session
    own = session.document
    if own is not None and any(tier.clips for tier in own.said):
        return GOLD if GOLD in _people(window) else session.owner
    people = _people(window)
    return next((person for person in people if person != session.owner), session.owner)


def _people(window: MainWindow) -> list[str]:
    """Who can be chosen: the agreed labels, who labels now, the others unless they are hidden."""
    session = window.session
    people = [session.owner]
    if not session.team.why_hidden_now():
        shown = (d for d in window.labelling.others.documents if not is_model(d))
        others = sorted(document.annotator for document in shown)
        agreed = [GOLD] if GOLD in others else []
        people = [*agreed, *people, *others]
    return list(dict.fromkeys(people))
