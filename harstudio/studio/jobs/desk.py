"""The jobs in the window: the panel, what is told of those that fail, and the end of all."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from harstudio.runs.status import AT_WORK
from harstudio.studio.jobs.panel import JobPanel
from harstudio.studio.jobs.words import doing
from harstudio.studio.problem_bar import Trouble
from harstudio.studio.training.looks import is_unfinished
from harstudio.studio.training.service import EVALUATE, TRAIN, run_of
from harstudio.studio.training.state_line import REMEDIES

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.studio.window import MainWindow

WARM_AFTER_MS = 5000
SILENT = "It hangs, or the machine is short of memory and swaps."
END_REMEDY = "Ended and gone on with, it begins at the last checkpoint."
LEARNING, RECOGNITION = "harstudio.learning.jobs", "harstudio.recognition.jobs"
PASSING = (
    *(f"{LEARNING}:{job}" for job in ("survey", "estimate", "models")),
    f"{RECOGNITION}:what_if",
)
TOLD_BY_THE_ASKER = (
    *PASSING,
    f"{LEARNING}:check_data",
    f"{LEARNING}:evaluate",
    f"{LEARNING}:embed",
    f"{LEARNING}:compare",
    f"{RECOGNITION}:predict",
    f"{RECOGNITION}:explain",
    *(f"harstudio.recognition.helping.jobs:{job}" for job in ("suggest", "similar", "audit")),
    "harstudio.recognition.truth.jobs:check_explanations",
)


class JobDesk(QObject):
    """Knows which command goes on with a job, and where its result is seen."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._jobs = window.session.jobs
        self.panel = JobPanel(self._jobs, window, self, window.status)
        self._told: dict[Path, Trouble] = {}  # of runs
        self._silent: dict[int, Trouble] = {}  # of jobs whose heart-beat is lost
        self._going_on: set[int] = set()  # jobs that are ended to be gone on with
        self._at_work: set[Path] = set()  # runs that somebody trained when they were last seen
        self._jobs.changed.connect(self._listen)
        window.training.runs_changed.connect(self._look)
        window.training.read.connect(self._look)
        self._jobs.finished.connect(self._tell)
        self._jobs.added.connect(self._withdraw)
        window.status.jobs.clicked.connect(self.panel.toggle)
        self._warm = QTimer(self, singleShot=True, interval=WARM_AFTER_MS)
        self._warm.timeout.connect(self._jobs.warm_up)

    def warm_up_soon(self) -> None:
        """Have a worker ready when the window has come to rest; $HARSTUDIO_WARM=0 has none."""
        if os.environ.get("HARSTUDIO_WARM", "1") != "0":
            self._warm.start()

    def shut(self) -> None:
        """Nothing more is told; what runs is stopped softly and its workers end."""
        self._warm.stop()
        self._jobs.close()

    def to_result(self, record: JobRecord) -> Callable[[], None] | None:
        folder = run_of(record) if record.job in (TRAIN, EVALUATE) else None
        return None if folder is None else partial(self._show_run, folder)

    def on_with(self, record: JobRecord) -> Callable[[], None] | None:
        return partial(self._window.training.again, record) if record.job == TRAIN else None

    def has_begun(self, record: JobRecord) -> bool:
        folder = run_of(record) if record.job == TRAIN else None
        return folder is not None and is_unfinished(folder)

    def about(self, record: JobRecord) -> str:
        folder = run_of(record)
        return "" if folder is None or folder.name in record.title else folder.name

    def _show_run(self, folder: Path) -> None:
        self.panel.leave()
        self._window.set_workspace("view.train")
        self._window.training.choose(folder)

    def _tell(self, record: JobRecord) -> None:
        """A job that failed is told where nobody overlooks it, unless who asked tells it; what
        nobody will look for again is not listed any longer."""
        self._hear_again(record)
        if record.id in self._going_on:
            self._going_on.discard(record.id)
            self._window.training.again(record)
            return
        if record.state == "failed" and record.job not in TOLD_BY_THE_ASKER:
            trouble, folder = self._trouble(record), run_of(record)
            if folder is not None:
                self._told[folder] = trouble
            self._window.problem_bar.tell(trouble)
        elif record.job in PASSING:
            QTimer.singleShot(0, self, partial(self._jobs.remove, record.id))

    # ---- heart-beats

    def _listen(self, record: JobRecord) -> None:
        """A job whose worker does not answer is told at once; that it answers again, too."""
        if record.over or record.silent_s is None:
            self._hear_again(record)
        elif record.id not in self._silent:
            since = time.strftime("%H:%M:%S", time.localtime(time.time() - record.silent_s))
            can_go_on = self.on_with(record) is not None
            trouble = Trouble(
                f"{_capital(doing(record.title))}: no heart-beat of its worker since {since}.",
                remedy=f"{SILENT} {END_REMEDY if can_go_on else ''}".strip(),
                details="\n".join(record.log[-40:]),
                level="warn",
                again=partial(self._end_and_go_on, record) if can_go_on else None,
                again_title="End it and go on",
            )
            self._silent[record.id] = trouble
            self._window.problem_bar.tell(trouble)

    def _hear_again(self, record: JobRecord) -> None:
        trouble = self._silent.pop(record.id, None)
        if trouble is not None:
            self._window.problem_bar.withdraw(trouble)

    def _end_and_go_on(self, record: JobRecord) -> None:
        if record.over:
            self._window.training.again(record)
        else:
            self._going_on.add(record.id)
            self._jobs.kill(record.id)

    def _look(self, *_: object) -> None:
        """Runs that others train are told when they are lost; those of this window tell it
        themselves."""
        training = self._window.training
        looks = {look.path: look for look in training.looks}
        if training.detail is not None:
            looks[training.detail.look.path] = training.detail.look
        for path, look in looks.items():
            if look.state == "lost" and path in self._at_work and training.record_of(path) is None:
                trouble = Trouble(
                    f"The training of {look.name} was lost: {look.reason}",
                    remedy=REMEDIES["lost"],
                    again=partial(training.resume, path),
                    again_title="Resume",
                )
                self._told[path] = trouble
                self._window.problem_bar.tell(trouble)
        at_work = {path for path, look in looks.items() if look.state in AT_WORK}
        self._at_work = at_work | (self._at_work - set(looks))

    def _withdraw(self, record: JobRecord) -> None:
        """The run goes on, or is tried again: what was told of it is over."""
        folder = run_of(record)
        trouble = None if folder is None else self._told.pop(folder, None)
        if trouble is not None:
            self._window.problem_bar.withdraw(trouble)

    def _trouble(self, record: JobRecord) -> Trouble:
        told = record.problem
        path = told.get("path")
        sentence = str(told.get("message") or record.error or "It failed.")
        return Trouble(
            f"{_capital(doing(record.title))} failed: {sentence}",
            Path(str(path)) if path else None,
            str(told.get("remedy") or ""),
            "\n".join(record.log[-40:]),
            again=self.on_with(record),
            again_title="Resume" if self.has_begun(record) else "Try again",
        )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
