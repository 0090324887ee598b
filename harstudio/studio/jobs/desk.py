"""The jobs in the window: the panel, what is told of those that fail, and the end of all."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from harstudio.studio.jobs.panel import JobPanel
from harstudio.studio.jobs.words import doing
from harstudio.studio.problem_bar import Trouble
from harstudio.studio.training.looks import is_unfinished
from harstudio.studio.training.service import EVALUATE, TRAIN, run_of

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.studio.window import MainWindow

WARM_AFTER_MS = 5000
LEARNING, RECOGNITION = "harstudio.learning.jobs", "harstudio.recognition.jobs"
PASSING = tuple(f"{LEARNING}:{job}" for job in ("survey", "estimate", "models"))
TOLD_BY_THE_ASKER = (
    *PASSING,
    f"{LEARNING}:check_data",
    f"{LEARNING}:evaluate",
    f"{LEARNING}:embed",
    f"{LEARNING}:compare",
    f"{RECOGNITION}:predict",
    f"{RECOGNITION}:explain",
)


class JobDesk(QObject):
    """Knows which command goes on with a job, and where its result is seen."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._jobs = window.session.jobs
        self.panel = JobPanel(self._jobs, window, self, window.status)
        self._told: dict[Path, Trouble] = {}  # of runs
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
        if record.state == "failed" and record.job not in TOLD_BY_THE_ASKER:
            trouble, folder = self._trouble(record), run_of(record)
            if folder is not None:
                self._told[folder] = trouble
            self._window.problem_bar.tell(trouble)
        elif record.job in PASSING:
            QTimer.singleShot(0, self, partial(self._jobs.remove, record.id))

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
