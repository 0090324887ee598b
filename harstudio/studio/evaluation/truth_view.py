"""How true a run's explanations are: measured when somebody asks, kept in its folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QMenu,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from harstudio.errors import HarstudioError
from harstudio.runs.folder import RunFolder
from harstudio.runs.truth import CLIPS, Truth, is_older, read_truth
from harstudio.runs.truth_rows import (
    TITLES,
    about,
    main_rows,
    published_rows,
    reasons,
)
from harstudio.studio import theme
from harstudio.studio.background import NewestTask
from harstudio.studio.buttons import ToolButton
from harstudio.studio.comparison.tables import Table
from harstudio.studio.evaluation.headline import quiet_label
from harstudio.studio.evaluation.truth_curves import TruthCurves
from harstudio.studio.evaluation.waiting import Waiting
from harstudio.studio.session import Session

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord

CHECK = "harstudio.recognition.truth.jobs:check_explanations"
AMOUNTS = ((10, "10 clips"), (CLIPS, f"{CLIPS} clips"), (0, "All clips"))
NOT_YET = (
    "Nobody has checked whether what this network shows is true. It takes some seconds a clip."
)
OLDER = " The weights are newer than these figures."
TIPS = (
    "What the network shows",
    "On how many clips the probability falls sooner than in random orders, when what the "
    "explanation holds for important is taken away first",
    "On how many clips the probability comes back sooner than in random orders",
    "Median rank correlation with the maps of the same network with random weights: near 0 is good",
    "How much of it lies on people, against chance by area",
    "How much of it lies on the hands in actions of the hands, against chance by area or joints",
)


COLUMNS = (0, 2, 3, 4, 5, 6)  # of the rows; how many clips is told above, what fails below
FAILING = {"deletion": 1, "randomised": 3, "hands": 5}  # column of each figure that has an aim


class TruthView(QWidget):
    """A row an explanation; of the one in hand the curves, and why figures are missing."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.run: Path | None = None
        self.truth: Truth | None = None
        self._job: int | None = None
        self._reading = NewestTask(self)
        self._build()
        session.jobs.added.connect(self._job_added)
        session.jobs.changed.connect(self._job_changed)
        session.jobs.finished.connect(self._job_finished)

    def _build(self) -> None:
        self.about, self.note = quiet_label(wrap=True), quiet_label(wrap=True)
        self.again = ToolButton("Check again ▾")
        self.again.setToolTip("Measure again, on as many clips as you like")
        self.again.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.again)
        for clips, title in AMOUNTS:
            menu.addAction(title, partial(self.check, clips))
        self.again.setMenu(menu)
        self.table = Table("Explanations")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setTabKeyNavigation(False)
        self.curves = TruthCurves()
        self.waiting = Waiting()
        self.waiting.asked.connect(partial(self.check, CLIPS))
        self.waiting.stopped.connect(self._stop)
        head = QHBoxLayout()
        head.addWidget(self.about, 1)
        head.addWidget(self.again, 0, Qt.AlignmentFlag.AlignTop)
        shown = QWidget()
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.table, 1)
        column.addWidget(self.curves)
        column.addWidget(self.note)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.waiting)
        self._stack.addWidget(shown)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)
        self.table.currentCellChanged.connect(self._show_row)
        theme.theme_events.changed.connect(self._colour)

    # ---- which run

    def show_run(self, run: Path | None) -> None:
        """Look at a run: what its folder keeps, else an offer to measure."""
        if run != self.run:
            self.run, self.truth, self._job = run, None, None
        if run is None or self.truth is not None or self._job is not None:
            return
        self.waiting.say("")
        self._stack.setCurrentIndex(0)

        def read(_progress: object, _cancelled: object) -> tuple[Truth | None, bool]:
            folder = RunFolder(run)
            return read_truth(folder), is_older(folder)

        self._reading.start(read, self._read, self._not_read)

    def forget(self) -> None:
        """The run was evaluated anew: read again when somebody looks."""
        self.truth = None

    def _read(self, found: tuple[Truth | None, bool]) -> None:
        truth, older = found
        if truth is None:
            self._offer()
        else:
            self.show_truth(truth, OLDER if older else "")

    def _not_read(self, error: Exception) -> None:
        self._fail(str(error))

    def _offer(self) -> None:
        self.waiting.offer(NOT_YET)
        self.waiting.start_button.setText("Check explanations")
        self._stack.setCurrentIndex(0)

    def _fail(self, sentence: str) -> None:
        self.waiting.fail(sentence)
        self._stack.setCurrentIndex(0)

    def show_truth(self, truth: Truth, remark: str = "") -> None:
        """Show these figures; the first explanation that has curves is in hand."""
        self.truth = truth
        problems = "" if not truth.problems else " " + " ".join(truth.problems)
        self.about.setText(about(truth) + remark + problems)
        rows = [[row[k] for k in COLUMNS] for row in main_rows(truth)]
        self.table.fill([TITLES[k] for k in COLUMNS], rows, 1)
        for column, tip in enumerate(TIPS):
            self.table.horizontalHeaderItem(column).setToolTip(tip)
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        for row, one in enumerate(truth.explanations):
            for column in range(len(COLUMNS)):
                self.table.item(row, column).setFlags(flags)
            for figure, sentence in one.failures().items():
                self.table.item(row, FAILING[figure]).setToolTip(_sentence(sentence))
        self._colour()
        self._stack.setCurrentIndex(1)
        first = next((k for k, one in enumerate(truth.explanations) if one.deletion is not None), 0)
        self.table.setCurrentCell(first, 0)
        self._show_row(first)

    def _colour(self) -> None:
        """Figures that do not reach their aim stand out."""
        warn = QColor(theme.current().warn)
        for row, one in enumerate(self.truth.explanations if self.truth is not None else ()):
            for figure in one.failures():
                self.table.item(row, FAILING[figure]).setForeground(warn)

    def _show_row(self, row: int, *_: int) -> None:
        if self.truth is None or not 0 <= row < len(self.truth.explanations):
            return
        one = self.truth.explanations[row]
        self.curves.show_one(one)
        self.curves.setVisible(one.deletion is not None)
        words = list(reasons(one))
        if one.indifferent:
            words.insert(
                0, f"In {one.indifferent} of {one.clips} clips the answer does not rest on it."
            )
        short = [_sentence(text) for text in one.failures().values()]
        published = [
            _sentence(f"{what}: {value} ({beside})")
            for name, what, value, beside in published_rows(self.truth)
            if name == one.name
        ]
        self.note.setText(" ".join([*short, *published, *words]))

    # ---- measuring

    def check(self, clips: int = CLIPS) -> None:
        """Measure anew; what is there stays until it is done."""
        if self.run is None or self._job is not None:
            return
        payload = {"run": str(self.run), "data": "", "part": "test", "clips": clips, "seed": 0}
        title = f"Check explanations of {self.run.name}"
        self._session.jobs.submit(CHECK, payload, title=title, lane="long")

    def _stop(self) -> None:
        if self._job is not None:
            self._session.jobs.stop(self._job)

    def _job_added(self, record: JobRecord) -> None:
        same = self.run is not None and str(record.payload.get("run", "")) == str(self.run)
        if record.job == CHECK and same:
            self._job = record.id
            self._reading.stop()
            self.waiting.work("Checking explanations")
            self._stack.setCurrentIndex(0)

    def _job_changed(self, record: JobRecord) -> None:
        if record.id == self._job:
            text = record.text or "Checking explanations"
            self.waiting.progress(record.done, record.total, text)

    def _job_finished(self, record: JobRecord) -> None:
        if record.id != self._job:
            return
        self._job = None
        if record.state == "failed":
            self._fail(record.error)
        elif record.state == "done" and record.result is not None:
            self._show_result(record.result)
        elif self.truth is not None:
            self._stack.setCurrentIndex(1)
        else:
            self._offer()

    def _show_result(self, result: dict[str, Any]) -> None:
        kept = result.get("kept", True)
        try:
            self.show_truth(Truth.of(result), "" if kept else " These figures are not kept.")
        except HarstudioError as error:
            self._fail(str(error))


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
