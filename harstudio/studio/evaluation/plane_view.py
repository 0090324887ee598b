"""The features of a run's clips in a plane: computed when somebody looks, kept in its folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from harstudio.errors import HarstudioError
from harstudio.runs.folder import RunFolder
from harstudio.studio.buttons import ToolButton
from harstudio.studio.evaluation.headline import quiet_label
from harstudio.studio.evaluation.plane import Plane
from harstudio.studio.evaluation.spread import FUSION, Spread, neighbours, read_spread, spread_of
from harstudio.studio.evaluation.waiting import Waiting
from harstudio.studio.session import Session

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord

EMBED = "harstudio.learning.jobs:embed"
NEAREST = 12
WORDS = (
    "Near each other: alike to the network. Distances between clouds mean nothing. Ringed: wrong."
)
NOT_KEPT = "The features of its clips were not kept. Evaluate the run again to see them."


class PlaneView(QWidget):
    """One plane a stream; t-SNE of the features before the classifiers."""

    listed = Signal(str, object)  # a sentence, and the clips that it is about
    opened = Signal(object)  # Verdict
    cleared = Signal()
    evaluation_wanted = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.run: Path | None = None
        self.spread: Spread | None = None
        self.stream = FUSION
        self._job: int | None = None
        self.buttons: dict[str, ToolButton] = {}
        self.plane, self.note = Plane(), quiet_label(WORDS, wrap=True)
        self.waiting = Waiting()
        self.waiting.asked.connect(self._ask_again)
        self.waiting.stopped.connect(self._stop)
        self._streams = QHBoxLayout()
        self._streams.setSpacing(4)
        shown = QWidget()
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(self._streams)
        column.addWidget(self.plane, 1)
        column.addWidget(self.note)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.waiting)
        self._stack.addWidget(shown)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)
        self.plane.selected.connect(self._tell)
        self.plane.opened.connect(self._open)
        self.plane.cleared.connect(self.cleared)
        session.jobs.added.connect(self._job_added)
        session.jobs.changed.connect(self._job_changed)
        session.jobs.finished.connect(self._job_finished)

    # ---- which run

    def show_run(self, run: Path | None) -> None:
        """Look at a run; what its folder does not keep is computed."""
        if run != self.run:
            self.run, self.spread, self._job = run, None, None
        if run is None or self.spread is not None or self._job is not None:
            return
        try:
            spread = read_spread(run)
        except HarstudioError as error:
            self._fail(str(error))
            return
        if spread is not None:
            self.show_spread(spread)
        elif RunFolder(run).answers.is_file():
            payload = {"run": str(run)}
            title = f"Spread out {run.name}"
            self._session.jobs.submit(EMBED, payload, title=title, lane="quick")
        else:
            self._offer(NOT_KEPT)

    def forget(self) -> None:
        """The run was evaluated anew."""
        self.run, self.spread, self._job = None, None, None

    def show_spread(self, spread: Spread) -> None:
        """Show these points."""
        self.spread = spread
        if self.stream not in spread.points:
            self.stream = next(iter(spread.points))
        self._make_buttons(list(spread.points))
        drawn = len(spread.verdicts)
        more = f" {drawn} of {spread.of} clips, drawn at random." if drawn < spread.of else ""
        self.note.setText(WORDS + more)
        self._stack.setCurrentIndex(1)
        self.plane.place = None
        self._show_stream()

    def _make_buttons(self, names: list[str]) -> None:
        while self._streams.count():
            old = self._streams.takeAt(0).widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        self.buttons = {}
        for name in names if len(names) > 1 else ():
            button = ToolButton("all together" if name == FUSION else name)
            button.setCheckable(True)
            button.setToolTip("What the classifier at the end sees" if name == FUSION else
                              f"What {name} alone makes of the clips")  # fmt: skip
            button.clicked.connect(partial(self._choose, name))
            self._streams.addWidget(button)
            self.buttons[name] = button
        self._streams.addStretch(1)

    def _choose(self, name: str, _checked: bool = False) -> None:
        self.stream = name
        self._show_stream()

    def _show_stream(self) -> None:
        if self.spread is None:
            return
        for name, button in self.buttons.items():
            button.setChecked(name == self.stream)
        points = self.spread.points[self.stream]
        self.plane.show_points(points, self.spread.verdicts, self.spread.classes)

    # ---- looking

    def _tell(self, place: int) -> None:
        """The clip in hand, and those that look like it."""
        if self.spread is None:
            return
        near = neighbours(self.spread.points[self.stream], place, NEAREST)
        verdicts = [self.spread.verdicts[one] for one in near]
        others = [one for one in verdicts[1:] if one.label != verdicts[0].label]
        name = self.spread.classes[verdicts[0].label]
        self.listed.emit(
            f"“{name}” and the {len(verdicts) - 1} clips nearest to it, {len(others)} of "
            "other classes.",
            verdicts,
        )

    def _open(self, place: int) -> None:
        if self.spread is not None:
            self.opened.emit(self.spread.verdicts[place])

    # ---- computing

    def _offer(self, sentence: str) -> None:
        self.waiting.offer(sentence)
        self._stack.setCurrentIndex(0)

    def _fail(self, sentence: str) -> None:
        self.waiting.fail(sentence)
        self._stack.setCurrentIndex(0)

    def _ask_again(self) -> None:
        """The button: where the features are there, compute; else the run is to be evaluated."""
        run = self.run
        if run is None:
            return
        if RunFolder(run).answers.is_file() and not RunFolder(run).embedding.is_file():
            self.show_run(run)
        else:
            self.evaluation_wanted.emit()

    def _stop(self) -> None:
        if self._job is not None:
            self._session.jobs.stop(self._job)

    def _job_added(self, record: JobRecord) -> None:
        if record.job == EMBED and self.run is not None:
            if str(record.payload.get("run", "")) != str(self.run):
                return
            self._job = record.id
            self.waiting.work("Spreading out the features")
            self._stack.setCurrentIndex(0)

    def _job_changed(self, record: JobRecord) -> None:
        if record.id == self._job:
            self.waiting.progress(record.done, record.total, record.text or "Spreading out")

    def _job_finished(self, record: JobRecord) -> None:
        if record.id != self._job or self.run is None:
            return
        self._job = None
        if record.state == "done" and record.result is not None:
            try:
                self.show_spread(spread_of(self.run, record.result))
            except HarstudioError as error:
                self._fail(str(error))
        elif record.state == "failed":
            self._fail(record.error)
        else:
            self._fail("It was stopped.")
