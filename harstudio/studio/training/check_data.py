"""Before a long run: sixteen samples as the network gets them, and one batch learned by heart."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from harstudio.skeletons.topology import Topology, topology
from harstudio.studio import theme
from harstudio.studio.background import Task
from harstudio.studio.session import Session
from harstudio.studio.training.check_data_curve import OverfitCurve, Step, verdict
from harstudio.studio.training.check_data_files import read_samples
from harstudio.studio.training.check_data_grid import SampleGrid
from harstudio.studio.training.check_data_sample import Seen
from harstudio.studio.training.new_run_data import section, set_tone, small_label

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord

JOB = "harstudio.learning.jobs:check_data"
SIDE_PX = 320
EXPLAINED = "The very numbers that go in"
WORDS = {
    "picture": "the picture after crop and colours",
    "clip": "four moments of the clip after crop and colours; the one in hand plays",
    "dynamic": "the dynamic image, a whole clip in one picture",
    "regions": "the parts of the body, one below the other, over time",
    "inertial": "acceleration above, rotation below; x red, y green, z blue",
    "skeleton": "the joints from the front, several moments over each other",
}
FOCUS = "the square the network is pointed to"


class CheckData(QWidget):
    """One job makes the samples and then learns them; its files go when they are read."""

    left = Signal()  # back to the run

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("check_data")
        self._session = session
        self._config: dict[str, Any] = {}
        self._network = ""
        self._job: int | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._seed = 0
        self._shown = False  # whether this job's samples are shown, or will be in a moment
        self._reading: Task | None = None
        self._build()
        session.jobs.told.connect(self._told)
        session.jobs.changed.connect(self._job_changed)
        session.jobs.finished.connect(self._job_finished)

    def _build(self) -> None:
        self.title = QLabel("16 samples as the network gets them")
        self.title.setFont(theme.ui_font(theme.EMPTY_PX))
        self.back = self._button("Back to the run", self.left.emit)
        self.again = self._button("Other samples", self.resample, "Alt+R")
        self.again.setToolTip("Draw sixteen others and learn them  (Alt+R)")
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.again)
        head.addWidget(self.back)
        self.grid = SampleGrid(
            still=self._session.settings.reduce_motion, shown=self._session.team.shown
        )
        self.grid.opened.connect(self._open)
        self.bar = QProgressBar(textVisible=False)
        self.doing = small_label()
        self.curve = OverfitCurve()
        self.verdict = QLabel(wordWrap=True)
        side = QWidget()
        side.setFixedWidth(SIDE_PX)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.explained = small_label()
        column.addWidget(self.explained)
        column.addSpacing(8)
        column.addWidget(section("One batch by heart"))
        column.addWidget(self.curve)
        column.addWidget(self.verdict)
        column.addWidget(self.bar)
        column.addWidget(self.doing)
        column.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(24)
        row.addWidget(self.grid, 1)
        row.addWidget(side)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 16, 24, 16)
        outer.setSpacing(12)
        outer.addLayout(head)
        outer.addLayout(row, 1)

    @staticmethod
    def _button(text: str, run: Any, keys: str = "") -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: run())
        if keys:
            button.setShortcut(keys)
        return button

    # ---- the job

    def begin(self, config: dict[str, Any], network: str) -> None:
        """Check this config; network: its title."""
        self._config, self._network = config, network
        self.title.setText(f"16 samples as {network} gets them")
        self._check()

    def resample(self) -> None:
        """Sixteen others."""
        self._seed += 1
        self._check()

    def rest(self) -> None:
        """Nobody looks any more: stop the job, forget its files."""
        job, self._job = self._job, None
        if job is not None:
            self._session.jobs.stop(job)
        if self._reading is not None:
            self._reading.cancel(wait_s=1)
            self._reading = None
        self._forget_files()

    def _check(self) -> None:
        self.rest()
        self._shown = False
        self.grid.set_samples([], None)
        self.curve.clear()
        self._say("", "")
        self._folder = tempfile.TemporaryDirectory(
            prefix="harstudio-check-", ignore_cleanup_errors=True
        )
        payload = {"config": self._config, "out": self._folder.name, "seed": self._seed}
        record = self._session.jobs.submit(JOB, payload, title="Check data", lane="quick")
        self._job = record.id
        self._work("Making the samples…")
        self.grid.setFocus()

    def _told(self, record: JobRecord, kind: str, payload: object) -> None:
        if record.id != self._job or not isinstance(payload, dict):
            return
        if kind == "samples":
            self._show_samples()
        elif kind == "overfit":
            self._show_samples()
            step = Step(int(payload["step"]), float(payload["loss"]), float(payload["accuracy"]))
            self.curve.add(step)
            self._say(*verdict(self.curve.steps, over=False))

    def _job_changed(self, record: JobRecord) -> None:
        if record.id == self._job and record.text:
            self._work(record.text, record.done, record.total)

    def _job_finished(self, record: JobRecord) -> None:
        if record.id != self._job:
            return
        self._job = None
        self._session.jobs.remove(record.id)  # what it told stands here
        self.bar.hide()
        self.doing.setText("")
        if record.state == "failed":
            self._say("bad", record.error)
        elif record.state == "done":
            self._show_samples()
            self._say(*verdict(self.curve.steps, over=True))
        if self._reading is None:
            self._forget_files()

    def _show_samples(self) -> None:
        """Once they lie in the folder."""
        if self._shown or self._folder is None:
            return
        self._shown = True
        folder = Path(self._folder.name)

        def read(_progress: object, _cancelled: object) -> tuple[list[Seen], Topology | None]:
            samples, name = read_samples(folder)
            return samples, topology(name) if name else None

        self._reading = Task(read, self)
        self._reading.finished.connect(self._take_samples)
        self._reading.failed.connect(self._cannot_read)
        self._reading.start()

    def _cannot_read(self, error: Exception) -> None:
        self._was_read()
        self._say("bad", str(error))

    def _was_read(self) -> None:
        self._reading = None
        if self._job is None:
            self._forget_files()

    def _take_samples(self, found: tuple[list[Seen], Topology | None]) -> None:
        self._was_read()
        samples, known = found
        if self._job is not None and not self.curve.steps:
            self._work("Learning them by heart…")  # its first step may take long
        count = f"{len(samples)} sample{'' if len(samples) == 1 else 's'}"
        self.title.setText(f"{count} as {self._network} gets them")
        self.grid.set_samples(samples, known)
        self.explained.setText(explanation(samples))

    def _forget_files(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()

    # ---- telling

    def _say(self, tone: str, sentence: str) -> None:
        set_tone(self.verdict, tone)
        self.verdict.setText(sentence)

    def _work(self, text: str, done: float = 0, total: float = 0) -> None:
        self.bar.show()
        self.bar.setRange(0, 1000 if total else 0)
        self.bar.setValue(round(1000 * done / total) if total else 0)
        self.doing.setText(text)

    def _open(self, seen: Seen) -> None:
        self._session.open_clip(seen.path, seen.start_ns, seen.end_ns)


def explanation(samples: list[Seen]) -> str:
    """What the drawings are, for those inputs that there are."""
    if not samples:
        return ""
    first = samples[0]
    parts = [WORDS.get(first.kinds[name], name) for name in first.looks]
    if first.focus is not None:
        parts.insert(1, FOCUS)
    return f"{EXPLAINED}: {'; '.join(dict.fromkeys(parts))}."
