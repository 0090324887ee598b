"""The box that imports label files into the open project."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QDoubleValidator
from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit

from harstudio.errors import HarstudioError
from harstudio.labels.interchange import registry
from harstudio.labels.interchange.importing import (
    Imported,
    ReadFile,
    prepared,
    put,
    read_file,
)
from harstudio.labels.interchange.recording_facts import Recordings
from harstudio.labels.keeping.history import History
from harstudio.labels.label_sets.label_set import Label, LabelSet
from harstudio.labels.model import Document
from harstudio.labels.project import Project
from harstudio.studio.fields import ChoiceBox
from harstudio.studio.label_files.box import LabelFilesBox

if TYPE_CHECKING:
    from harstudio.studio.window import MainWindow

logger = logging.getLogger(__name__)

WORDS = (
    "Labels that are there stay as they are. What a file says twice, or said before, is taken "
    "once; each document's import is one step that can be undone."
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A file: what was written beside the window, and what waits for the open document."""

    imported: Imported | None
    waiting: ReadFile | None
    unknown: tuple[Label, ...] = ()
    problem: str = ""


class ImportBox(LabelFilesBox):
    """Format, whose labels they become, and whether new labels come into the set."""

    def __init__(self, window: MainWindow, paths: Sequence[Path]) -> None:
        super().__init__("Import labels", WORDS, "Import", window)
        self.setObjectName("import_labels")
        self._window = window
        self._paths = tuple(paths)
        shown = ", ".join(path.name for path in paths[:3])
        more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
        self.form.addRow("Files", QLabel(shown + more, wordWrap=True))
        self.format = ChoiceBox("Format")
        self.format.addItem("Found out from each file", "")
        for one in registry.FORMATS:
            self.format.addItem(f"{one.TITLE} ({', '.join(one.EXTENSIONS)})", one.NAME)
        self.form.addRow("Format", self.format)
        self.recording = ChoiceBox("Recording")
        self.recording.addItem("What each file tells", "")
        open_now = window.session.recording
        if open_now is not None:
            shown = window.session.team.shown(open_now.name)
            self.recording.addItem(f"This one: {shown}", open_now.name)
        self.form.addRow("Recording", self.recording)
        self.annotator = QLineEdit()
        self.annotator.setAccessibleName("Annotator")
        self.annotator.setPlaceholderText(f"whom the file names, else {window.session.annotator}")
        self.form.addRow("Labels of", self.annotator)
        self.rate = QLineEdit()
        self.rate.setAccessibleName("Frames a second")
        self.rate.setPlaceholderText("as the recording has them")
        self.rate.setValidator(QDoubleValidator(0, 100_000, 4, self.rate))
        self.form.addRow("Frames a second", self.rate)
        self.add_labels = QCheckBox("Add labels that the label set does not have")
        self.add_labels.setChecked(True)
        self.form.addRow("", self.add_labels)

    def act(self) -> None:
        session = self._window.session
        project = session.project
        if project is None:
            self.tell("Nothing was done. No project is open.")
            return
        here = None if session.document is None else session.document.copy()
        options = {
            "format": self.format.currentData(),
            "annotator": self.annotator.text().strip(),
            "nobody": session.annotator,
            "recording": self.recording.currentData(),
            "fps": float(self.rate.text().replace(",", ".") or 0),
        }
        paths = self._paths

        def work(progress: Callable[[int], None], cancelled: Callable[[], bool]) -> list[Taken]:
            return take_files(project, paths, here, options, progress, cancelled)

        self.begin(work, self._finish)

    def _finish(self, taken: list[Taken]) -> None:
        window, session = self._window, self._window.session
        sentences: list[str] = []
        notes: list[str] = []
        new: dict[str, Label] = {}
        beside = False  # whether documents were written that are not open

        def opened(recording: str, annotator: str) -> History | None:
            document = session.document
            same = document is not None and (document.recording, document.annotator) == (
                recording,
                annotator,
            )
            return session.history if same else None

        for one in taken:
            if one.imported is None or one.waiting is None or session.project is None:
                sentences.append(one.problem)
                continue
            done = one.imported
            beside = beside or bool(done.documents)
            if one.waiting.incoming:
                last = put(session.project, one.waiting, opened=opened)
                done = replace(
                    done,
                    documents=done.documents + last.documents,
                    notes=tuple(dict.fromkeys(done.notes + last.notes)),
                    problems=tuple(dict.fromkeys(done.problems + last.problems)),
                )
            sentences.append(done.sentence)
            unknown = {label.name: label for label in one.unknown}
            if self.add_labels.isChecked():
                new |= unknown
            elif unknown:
                notes.append(f"Not in the label set: {', '.join(unknown)}.")
            notes += [*done.notes, *done.problems]
        added = [label for label in new.values() if not self._known(label.name)]
        for label in added:
            window.labelling.label_sets.use(
                window.labelling.label_set.with_label(label.name, label.code, label.definition)
            )
        if added:
            notes.append(f"New in the label set: {', '.join(label.name for label in added)}.")
        if beside:
            window.labelling.others.read()
        session.message.emit("info", sentences[0] if len(sentences) == 1 else "Labels imported.")
        self.tell("\n".join(sentences), dict.fromkeys(notes))

    def _known(self, name: str) -> bool:
        return self._window.labelling.label_set.find(name) is not None


def take_files(
    project: Project,
    paths: Sequence[Path],
    here: Document | None,
    options: dict[str, object],
    progress: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> list[Taken]:
    """Read files and write all but the document that is open; here: a copy of that one.

    A file that fails, in whatever way, does not stop the others, and what was written is told.
    """
    taken: list[Taken] = []
    known = Recordings(project)
    for number, path in enumerate(paths):
        if cancelled():
            break
        progress(number)
        known.problems.clear()
        try:
            taken.append(_take(project, read_file(project, path, known=known, **options), here))
        except HarstudioError as error:
            taken.append(Taken(None, None, problem=str(error)))
        except Exception as error:
            logger.exception("%s was not imported", path)
            taken.append(Taken(None, None, problem=f"{path}: It failed ({error!r:.200})."))
    return taken


def _take(project: Project, read: ReadFile, here: Document | None) -> Taken:
    target = None if here is None else (here.recording, here.annotator)
    open_ones = tuple(one for one in read.incoming if one.target == target)
    others = tuple(one for one in read.incoming if one.target != target)
    unknown = read.unknown.labels
    read = replace(read, unknown=LabelSet(""))  # they come in when all is read
    waiting = replace(read, incoming=open_ones, notes=(), problems=())
    if here is not None:
        waiting = prepared(waiting, here)
    return Taken(put(project, replace(read, incoming=others)), waiting, unknown)
