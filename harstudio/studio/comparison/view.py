"""Runs side by side, in the place of one run in the Train workspace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from harstudio.errors import HarstudioError
from harstudio.studio import theme
from harstudio.studio.background import Task
from harstudio.studio.buttons import Button, ToolButton
from harstudio.studio.comparison.class_changes import ChangeList
from harstudio.studio.comparison.curves import ComparedCurves
from harstudio.studio.comparison.document import Comparison
from harstudio.studio.comparison.reading import Side, differing, read_sides
from harstudio.studio.comparison.tables import ConfigTable, FigureTable
from harstudio.studio.evaluation.headline import quiet_label
from harstudio.studio.session import Session

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord

COMPARE = "harstudio.learning.jobs:compare"
REPORT = "harstudio.reports.jobs:comparison"
RUN_JOBS = ("harstudio.learning.jobs:train", "harstudio.learning.jobs:evaluate")
PAIR_PX = 520
TOO_FEW = "Two evaluated runs are needed to set figures side by side."
ALIKE = "Their configs do not differ."
TEST = "p is of McNemar's test, exact and two-sided."
UNCORRECTED = "p is of McNemar's test, not corrected for the number of pairs."
NO_PAIR = "No two of them were tested on the same clips."


class CompareView(QWidget):
    """Curves above; figures, classes and settings below."""

    closed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("comparison")
        self._session = session
        self.paths: tuple[Path, ...] = ()
        self.sides: list[Side] = []
        self.found: Comparison | None = None
        self._document: dict[str, Any] | None = None
        self._jobs: set[int] = set()
        self._reports: dict[int, Path] = {}
        self._task: Task | None = None
        self._build()
        session.jobs.finished.connect(self._job_finished)

    def _build(self) -> None:
        self.title, self.note = QLabel(), quiet_label(wrap=True)
        self.title.setFont(theme.ui_font(theme.EMPTY_PX))
        self.evaluate = Button("Evaluate")
        self.evaluate.clicked.connect(self._evaluate)
        self.save = ToolButton("Save as page…")
        self.save.setToolTip("A page with all figures, and tables as CSV and LaTeX beside it")
        self.save.clicked.connect(self.save_page)
        self.close_button = ToolButton("Close")
        self.close_button.setToolTip("Back to the run  (Esc)")
        self.close_button.clicked.connect(lambda: self.closed.emit())
        head = QHBoxLayout()
        head.setContentsMargins(16, 8, 8, 0)
        head.setSpacing(8)
        head.addWidget(self.title)
        head.addWidget(self.note, 1)
        for button in (self.evaluate, self.save, self.close_button):
            head.addWidget(button)
        self.curves = ComparedCurves()
        self.figures, self.configs = FigureTable("Figures"), ConfigTable("Settings that differ")
        self.tests, self.pair, self.changes = QLabel(wordWrap=True), QComboBox(), ChangeList()
        self.tests.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.tests.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.pair.setAccessibleName("Which two")
        self.pair.setMaximumWidth(PAIR_PX)
        self.pair.currentIndexChanged.connect(self._show_pair)
        self.pair_note, self.config_note = quiet_label(wrap=True), quiet_label(wrap=True)
        self.tabs = QTabWidget(documentMode=True)
        words = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        words.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        words.setWidget(self.tests)
        self.tabs.addTab(_column(self.figures, words), "Figures")
        self.tabs.addTab(_column(self.pair, self.pair_note, self.changes), "Classes")
        self.tabs.addTab(_column(self.config_note, self.configs), "Settings")
        split = QSplitter(Qt.Orientation.Vertical)
        split.setHandleWidth(1)
        split.setChildrenCollapsible(False)
        split.addWidget(self.curves)
        split.addWidget(self.tabs)
        split.setSizes([450, 450])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(split, 1)

    # ---- which runs

    def show_runs(self, paths: Sequence[Path]) -> None:
        """Set these side by side; read in a thread, figures come from a job."""
        self.paths = tuple(paths)
        self.title.setText(f"{len(self.paths)} runs compared")
        self.note.setText("Reading")
        self._take(None)
        wanted = self.paths

        def work(_progress: object, _cancelled: object) -> list[Side]:
            return read_sides(wanted)

        if self._task is not None:
            self._task.cancel()
        self._task = Task(work, self)
        self._task.finished.connect(self._show_sides)
        self._task.failed.connect(lambda error: self.note.setText(str(error)))
        self._task.start()

    def shut(self) -> None:
        """Wait for what is being read."""
        if self._task is not None:
            self._task.cancel(wait_s=5)

    def _show_sides(self, sides: list[Side]) -> None:
        self.sides = sides
        self.curves.show_sides(sides)
        differences = differing(sides)
        self.configs.show_differences(sides, differences)
        self.config_note.setText("" if differences else ALIKE)
        self.config_note.setVisible(not differences)
        ready = [side for side in sides if side.evaluated]
        self.evaluate.setVisible(len(ready) < len(sides))
        self._take(self._document)
        if len(ready) >= 2:
            payload = {"runs": [str(side.path) for side in ready]}
            record = self._session.jobs.submit(
                COMPARE, payload, title=f"Compare {len(ready)} runs", lane="quick"
            )
            self._jobs = {record.id}
            self.note.setText("Comparing")
        else:
            self._jobs = set()
            self.note.setText(" ".join([*self._remarks(), TOO_FEW]))

    # ---- figures

    def _take(self, document: dict[str, Any] | None) -> None:
        """Show a comparison; None while there is none."""
        self._document = document
        self.found = None if document is None else Comparison.of(document)
        self.save.setEnabled(document is not None)
        rows = () if self.found is None else self.found.rows
        self.figures.show_rows(self.sides if self.paths else [], rows)
        self.tests.setText("\n".join(self._sentences()))
        pairs = () if self.found is None else self.found.pairs
        self.pair.clear()
        self.pair.addItems([f"from {pair.a} to {pair.b}" for pair in pairs])
        self.pair.setVisible(bool(pairs))
        self._show_pair(self.pair.currentIndex())

    def _sentences(self) -> list[str]:
        """McNemar's test of every two runs, and what must not be compared."""
        if self.found is None:
            return []
        told = [pair.sentence() for pair in self.found.pairs]
        if told:
            told.append(TEST if len(told) == 1 else UNCORRECTED)
        told += [
            f"{a} and {b} were tested on other clips: their figures cannot be set side by side."
            for a, b in self.found.missing
        ]
        clips = {row.name: row.clips for row in self.found.rows}
        for pair in self.found.pairs:
            fewer = [name for name in (pair.a, pair.b) if clips.get(name, 0) > pair.clips]
            if fewer:
                told.append(f"Only {pair.clips} clips of {' and '.join(fewer)} are in both.")
        told += [
            f"The weights of {row.name} were chosen by the test part: its figures flatter it."
            for row in self.found.rows
            if row.chosen_by_test
        ]
        return told

    def _show_pair(self, index: int) -> None:
        pairs = () if self.found is None else self.found.pairs
        pair = pairs[index] if 0 <= index < len(pairs) else None
        self.changes.changes.set_rows(() if pair is None else pair.changes)
        self.pair_note.setText(
            (NO_PAIR if self.found is not None else "") if pair is None else pair.sentence()
        )

    def _remarks(self) -> list[str]:
        """What is wrong with single runs."""
        told = [f"{side.name}: {side.problem}" for side in self.sides if side.problem]
        names = [side.name for side in self.sides if not side.evaluated]
        if names:
            verb = "has" if len(names) == 1 else "have"
            told.append(f"{', '.join(names)} {verb} not been evaluated.")
        return told

    # ---- jobs

    def _evaluate(self) -> None:
        """Those that were not, one after the other; the comparison follows."""
        self.evaluate.hide()
        for side in self.sides:
            if not side.evaluated:
                payload = {"run": str(side.path), "data": None, "part": "test"}
                title = f"Evaluate {side.name}"
                self._session.jobs.submit(RUN_JOBS[1], payload, title=title, lane="quick")

    def save_page(self) -> None:
        """Ask where, and let a page be written."""
        if self._document is None:
            return
        start = self.paths[0].parent / "comparison.html"
        name, _ = QFileDialog.getSaveFileName(
            self, "Save the comparison as a page", str(start), "Page (*.html)"
        )
        if name:
            out = Path(name)
            payload = {"document": self._document, "out": str(out)}
            record = self._session.jobs.submit(
                REPORT, payload, title=f"Write {out.name}", lane="quick"
            )
            self._reports[record.id] = out

    def _job_finished(self, record: JobRecord) -> None:
        if record.id in self._reports:
            out = self._reports.pop(record.id)
            if record.state == "done":
                self._session.message.emit("info", f"The comparison was written to {out}.")
        elif record.id in self._jobs:
            self._jobs.discard(record.id)
            self._finish(record)
        elif record.job in RUN_JOBS and self.isVisible() and self._is_of_ours(record):
            self.show_runs(self.paths)

    def _is_of_ours(self, record: JobRecord) -> bool:
        return str(record.payload.get("run", "")) in map(str, self.paths)

    def _finish(self, record: JobRecord) -> None:
        if record.state == "done" and record.result is not None:
            try:
                self._take(record.result)
                self.note.setText(" ".join(self._remarks()))
            except HarstudioError as error:
                self.note.setText(str(error))
        else:
            told = record.error or "The comparison was stopped."
            self.note.setText(" ".join([*self._remarks(), told]))


def _column(*widgets: QWidget) -> QWidget:
    """Widgets below each other; the largest takes the room."""
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(12, 8, 12, 8)
    column.setSpacing(8)
    for widget in widgets:
        column.addWidget(widget, int(isinstance(widget, (QScrollArea, ConfigTable, ChangeList))))
    return box
