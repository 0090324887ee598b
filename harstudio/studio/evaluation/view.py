"""What a run gets right and wrong, beside its curves in the Train workspace."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QSplitter,
    QStackedWidget,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from harstudio.errors import HarstudioError
from harstudio.studio import theme
from harstudio.studio.buttons import ToolButton
from harstudio.studio.evaluation.class_bars import ClassBars
from harstudio.studio.evaluation.clip_list import ClipList
from harstudio.studio.evaluation.findings import FUSED, Findings, Verdict
from harstudio.studio.evaluation.headline import Headline, StreamSwitch, quiet_label
from harstudio.studio.evaluation.marks import class_marks
from harstudio.studio.evaluation.matrix import ConfusionMatrix
from harstudio.studio.evaluation.plane_view import PlaneView
from harstudio.studio.evaluation.truth_view import TruthView
from harstudio.studio.evaluation.waiting import Waiting
from harstudio.studio.session import Session

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord

JOB, TRAIN = "harstudio.learning.jobs:evaluate", "harstudio.learning.jobs:train"
PARTS = (
    ("test", "On the test part"),
    ("validation", "On the validation part"),
    ("train", "On the training part"),
)
SIDE_PX = 330
NO_RUN = "Choose a run to see what it gets right and wrong."
NOT_YET = "This run has not been evaluated."


class EvaluationView(QWidget):
    """Shows the evaluation that lies in a run's folder, or makes one."""

    beside_wanted = Signal(object)  # the Verdict to begin with, None for the first

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("evaluation")
        self._session = session
        self.run: Path | None = None
        self.found: Findings | None = None
        self._job: int | None = None  # the job that evaluates this run now
        self._build()
        session.jobs.added.connect(self._job_added)
        session.jobs.changed.connect(self._job_changed)
        session.jobs.finished.connect(self._job_finished)
        self.show_run(None)

    def _build(self) -> None:
        self.headline, self.streams = Headline(), StreamSwitch()
        self.about = quiet_label()
        self.again = ToolButton()
        self.again.setToolTip("Evaluate another part of the run's data")
        self.again.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.again)
        for part, title in PARTS:
            menu.addAction(title, partial(self.evaluate, part))
        self.again.setMenu(menu)
        self.matrix, self.bars, self.clips = ConfusionMatrix(), ClassBars(), ClipList()
        self.clips.verdicts.shown = self._session.team.shown
        self.plane, self.truth = PlaneView(self._session), TruthView(self._session)
        self.views = QTabBar(drawBase=False)
        self.views.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.views.setExpanding(False)
        self.views.addTab("Confusion")
        self.views.addTab("Features")
        self.views.addTab("Explanations")
        self.views.setTabToolTip(0, "What clips show against what was said")
        self.views.setTabToolTip(1, "The clips in a plane, by t-SNE of the network's features")
        self.views.setTabToolTip(2, "How true what the network shows is, measured on clips")
        self.mistakes = ToolButton("Surest mistakes")
        self.mistakes.setToolTip("All clips that the network got wrong, the most confident first")
        self.beside = ToolButton("Side by side")
        self.beside.setToolTip(
            "The errors beside what they were taken for, with what the network looked at"
        )
        self.clips_title = QLabel(wordWrap=True)
        self.clips_note = quiet_label(wrap=True)
        head = QHBoxLayout()
        head.addWidget(self.headline, 1)
        head.setSpacing(8)
        head.addWidget(self.about, 0, Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(self.again, 0, Qt.AlignmentFlag.AlignVCenter)
        side = QSplitter(Qt.Orientation.Vertical)
        side.setHandleWidth(1)
        side.addWidget(_titled(quiet_label("Classes, the worst first"), self.bars))
        ways = QWidget()
        row = QHBoxLayout(ways)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.mistakes)
        row.addWidget(self.beside)
        row.addStretch(1)
        side.addWidget(_titled(self.clips_title, ways, self.clips_note, self.clips))
        side.setChildrenCollapsible(False)
        middle = QSplitter(Qt.Orientation.Horizontal)
        middle.setHandleWidth(1)
        self._left = QStackedWidget()
        self._left.addWidget(_titled(self.streams, self.matrix))
        self._left.addWidget(_titled(self.plane))
        self._left.addWidget(_titled(self.truth))
        middle.addWidget(_titled(self.views, self._left, right=12))
        middle.addWidget(side)
        middle.setStretchFactor(0, 1)
        middle.setSizes([1000, SIDE_PX])
        middle.setChildrenCollapsible(False)
        side.setMinimumWidth(240)
        shown = QWidget()
        column = QVBoxLayout(shown)
        column.setContentsMargins(16, 12, 8, 8)
        column.setSpacing(12)
        column.addLayout(head)
        column.addWidget(middle, 1)
        self.waiting = Waiting()
        self.waiting.asked.connect(partial(self.evaluate, "test"))
        self.waiting.stopped.connect(self._stop)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.waiting)
        self._stack.addWidget(shown)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)
        self.streams.chosen.connect(self._show_stream)
        self.matrix.selected.connect(self._show_cell)
        self.matrix.opened.connect(self._open_first)
        self.bars.clicked.connect(self._show_class)
        self.bars.chosen.connect(self._show_class)
        self.clips.chosen.connect(self._open)
        self.views.currentChanged.connect(self._turn)
        self.mistakes.clicked.connect(self._show_mistakes)
        self.beside.clicked.connect(self._put_beside)
        self.plane.listed.connect(self._show_near)
        self.plane.opened.connect(self._open_clip)
        self.plane.cleared.connect(self.bars.clearSelection)
        self.plane.evaluation_wanted.connect(partial(self.evaluate, "test"))
        theme.theme_events.changed.connect(self._mark_classes)

    # ---- which run

    def show_run(self, run: Path | None) -> None:
        """Show what is known about a run; None for no run."""
        if run != self.run:
            self.run, self._job, self.found = run, None, None
        if run is None:
            self.waiting.say(NO_RUN)
            self._stack.setCurrentIndex(0)
        elif self._job is None:
            self._read(run)

    def _read(self, run: Path) -> None:
        from harstudio.runs.reading import read_evaluation

        try:
            data = read_evaluation(run)
            found = None if data is None else Findings.of(data, run)
        except HarstudioError as error:
            self.waiting.fail(str(error))
            self._stack.setCurrentIndex(0)
            return
        if found is None:
            self.waiting.offer(NOT_YET)
            self._stack.setCurrentIndex(0)
        else:
            self.show_findings(found)

    def show_findings(self, found: Findings) -> None:
        """Show these figures; the matrix opens on the mistake made most often."""
        again = self.found is not None and self.found.classes == found.classes
        self.found = found
        self.plane.forget()
        self.truth.forget()
        self.headline.show_findings(found)
        self.streams.show_findings(found)
        facts = [f"{found.clips} clips", found.protocol]
        self.about.setText(" · ".join(fact for fact in facts if fact))
        self.beside.setEnabled(bool(found.mistakes()))
        self.again.setText(f"{found.part or 'test'} part ▾")
        self._stack.setCurrentIndex(1)
        if not again:
            self.matrix.cell = None
        self._show_stream(self.streams.stream)
        self._turn()

    # ---- evaluating

    def evaluate(self, part: str = "test") -> None:
        """Let the run say something about every clip of a part of its data."""
        if self.run is None or self._job is not None:
            return
        payload = {"run": str(self.run), "data": None, "part": part}
        title = f"Evaluate {self.run.name}"
        self._session.jobs.submit(JOB, payload, title=title, lane="quick")

    def _stop(self) -> None:
        if self._job is not None:
            self._session.jobs.stop(self._job)

    def _is_ours(self, record: JobRecord) -> bool:
        same = self.run is not None and str(record.payload.get("run", "")) == str(self.run)
        return record.job == JOB and same

    def _job_added(self, record: JobRecord) -> None:
        """Whoever asked for it: an evaluation of this run is shown here."""
        if self._is_ours(record):
            self._job = record.id
            self.waiting.work("Evaluating")
            self._stack.setCurrentIndex(0)

    def _job_changed(self, record: JobRecord) -> None:
        if record.id == self._job:
            self.waiting.progress(record.done, record.total, record.text or "Evaluating")

    def _job_finished(self, record: JobRecord) -> None:
        if record.job == TRAIN and self.run is not None and self._job is None:
            self._read(self.run)  # a training ends with an evaluation
        if record.id != self._job:
            return
        self._job = None
        if record.state == "failed":
            self.waiting.fail(record.error)
        elif record.state == "stopped" or record.result is None:
            self._go_back()
        else:
            self._show_result(record.result)

    def _go_back(self) -> None:
        """After an evaluation that was stopped: to what was known before."""
        if self.found is not None:
            self._stack.setCurrentIndex(1)
        else:
            self.waiting.offer(NOT_YET)

    def _show_result(self, result: dict[str, Any]) -> None:
        try:
            self.show_findings(Findings.of(result, self.run))
        except HarstudioError as error:
            self.waiting.fail(str(error))

    # ---- looking

    def _show_stream(self, stream: str) -> None:
        if self.found is None:
            return
        self.matrix.set_matrix(self.found.classes, self.found.matrices[stream])
        self.bars.show_rows(self.found.classes, self.found.accuracies(stream))
        self.matrix.select(*(self.matrix.cell or self.found.worst_cell(stream)))

    def _turn(self, *_: object) -> None:
        """To the matrix, the plane or the explanations; the latter two are of the test part."""
        self._left.setCurrentIndex(self.views.currentIndex())
        if self._in_plane():
            self.plane.show_run(self.run)
        if self.views.currentIndex() == 2:
            self.truth.show_run(self.run)
        self._mark_classes()

    def _in_plane(self) -> bool:
        return self.views.currentIndex() == 1

    def _mark_classes(self) -> None:
        """In the plane the list of classes is its legend."""
        classes = self.found.classes if self.found is not None and self._in_plane() else ()
        self.bars.show_marks(class_marks(classes))

    def _show_cell(self, true: int, said: int) -> None:
        if self.found is None:
            return
        self.clips_title.setText(self.matrix.sentence(true, said) + ".")
        self.bars.mark(true)
        stream = self.streams.stream
        self._list(self.found.in_cell(true, said, stream), stream)

    def _show_class(self, index: QModelIndex) -> None:
        """All clips of the class that were taken for another."""
        if self.found is None:
            return
        true = self.bars.class_of(index)
        if self._in_plane():
            self.plane.plane.look_at(true)
        stream = FUSED if self._in_plane() else self.streams.stream
        missed = self.found.missed(true, stream)
        self.matrix.select(true, true, tell=False)
        name = self.found.classes[true]
        count = f"{len(missed)} clips" if len(missed) != 1 else "1 clip"
        self.clips_title.setText(f"{count} of “{name}” taken for another class.")
        self._list(missed, stream)

    def _show_mistakes(self, _checked: bool = False) -> None:
        """Everything that the network as a whole got wrong."""
        if self.found is None:
            return
        wrong = self.found.mistakes()
        count = f"{len(wrong)} clips" if len(wrong) != 1 else "1 clip"
        self.clips_title.setText(f"{count} of {self.found.clips} wrong, the most confident first.")
        self._list(wrong, FUSED, mixed=True)
        self.clips.setFocus()

    def _show_near(self, sentence: str, verdicts: list[Verdict]) -> None:
        """Clips that lie near each other in the plane."""
        self.clips_title.setText(sentence)
        self._list(verdicts, FUSED, mixed=True)

    def _list(self, verdicts: list[Verdict], stream: str = FUSED, *, mixed: bool = False) -> None:
        """mixed: of several classes, so that each row says what it shows."""
        if self.found is None:
            return
        kept = self.found.keeps_clips_of(stream)
        self.clips_note.setText("" if kept else "The clips of this stream were not kept.")
        self.clips_note.setVisible(not kept)
        self.clips.show_rows(self.found.classes, verdicts, mixed=mixed)

    def _put_beside(self, _checked: bool = False) -> None:
        """The errors side by side, from the one in hand on."""
        index = self.clips.currentIndex()
        chosen = self.clips.verdicts.rows[index.row()] if index.isValid() else None
        wrong = chosen is not None and chosen.label != chosen.predicted
        self.beside_wanted.emit(chosen if wrong else None)

    def _open_first(self, true: int, said: int) -> None:
        if self.matrix.cell != (true, said):
            self.matrix.select(true, said)
        if self.clips.verdicts.rows:
            self._open(self.clips.verdicts.index(0, 0))

    def _open(self, index: QModelIndex) -> None:
        self._open_clip(self.clips.verdicts.rows[index.row()])

    def _open_clip(self, verdict: Verdict) -> None:
        self._session.open_clip(verdict.path, verdict.start_ns, verdict.end_ns)


def _titled(*widgets: QWidget, right: int = 0) -> QWidget:
    """Widgets below each other; the last one takes the room."""
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 4, right, 4)
    column.setSpacing(6)
    for widget in widgets[:-1]:
        if isinstance(widget, QLabel):
            widget.setContentsMargins(8, 0, 8, 0)
        column.addWidget(widget, 0)
    column.addWidget(widgets[-1], 1)
    return box
