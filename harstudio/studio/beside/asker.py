"""Asks runs what they look at, one question after another, and keeps what they said."""

from __future__ import annotations

import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from harstudio.errors import HarstudioError
from harstudio.results import Recognition
from harstudio.runs.recognitions import load_recognition
from harstudio.studio.background import Task
from harstudio.studio.beside.asked import Question

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.studio.jobs.service import Jobs

EXPLAIN = "harstudio.recognition.jobs:explain"
KEPT, KEPT_AWAY = 64, 4  # answers; those while nobody looks
Answer = Recognition | str  # a str says why there is none


class Asker(QObject):
    """Wants are answered in their order; one that is no longer wanted is not begun."""

    answered = Signal(object)  # Question

    def __init__(
        self, jobs: Jobs, device: Callable[[], str], parent: QObject | None = None
    ) -> None:
        """device: tells on which one runs are asked now."""
        super().__init__(parent)
        self._jobs, self._device = jobs, device
        self._wanted: list[Question] = []
        self._kept: OrderedDict[Question, Answer] = OrderedDict()
        self._record: JobRecord | None = None
        self._asked: Question | None = None
        self._task: Task | None = None
        self._folder: Path | None = None
        self._numbers = count(1)
        jobs.finished.connect(self._job_finished)

    @property
    def busy(self) -> bool:
        return self._asked is not None

    def answer(self, question: Question) -> Answer | None:
        """What is known, None while nothing is."""
        if question in self._kept:
            self._kept.move_to_end(question)
        return self._kept.get(question)

    def know(self, question: Question, answer: Recognition) -> None:
        """This was told already: it need not be asked."""
        self._kept[question] = answer

    def want(self, questions: Iterable[Question]) -> None:
        """These are wanted now, the first most; what failed before is tried again."""
        self._wanted = list(dict.fromkeys(questions))
        for question in self._wanted:
            if isinstance(self._kept.get(question), str):
                del self._kept[question]
        self._go_on()

    def forget(self) -> None:
        """Keep only what was asked for last: nobody looks."""
        while len(self._kept) > KEPT_AWAY:
            self._kept.popitem(last=False)

    def _go_on(self) -> None:
        question = next((one for one in self._wanted if one not in self._kept), None)
        if self.busy or question is None:
            return
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="harstudio-beside-"))
        self._asked = question
        payload = {
            "run": str(question.run),
            "path": str(question.path),
            "start_ns": question.start_ns,
            "end_ns": question.end_ns,
            "target_class": question.label,
            "person": question.person,
            "out": str(self._folder / str(next(self._numbers))),
        }
        title = f"explaining by {question.run.name}"
        self._record = self._jobs.submit(
            EXPLAIN, payload, title=title, lane="quick", device=self._device()
        )

    def _job_finished(self, record: JobRecord) -> None:
        if self._record is None or record is not self._record:
            return
        self._record = None
        file = (record.result or {}).get("file") if record.state == "done" else None
        if file:
            self._jobs.remove(record.id)  # browsing asks often: what went well need not be listed
            task = Task(partial(_read, Path(str(file))), self)
            task.finished.connect(self._keep)
            self._task = task
            task.start()
        elif record.state == "stopped":
            self._keep("It was stopped.")
        else:
            self._keep(record.error or "The run could not be asked.")

    def _keep(self, answer: Answer) -> None:
        question, self._asked, self._task = self._asked, None, None
        if question is None:
            return
        self._kept[question] = answer
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self.answered.emit(question)
        self._go_on()

    def shut(self) -> None:
        """Want nothing more and leave nothing behind."""
        self._wanted, self._asked = [], None
        if self._record is not None:
            record, self._record = self._record, None
            self._jobs.stop(record.id)
        if self._task is not None:
            self._task.cancel(wait_s=5)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _read(file: Path, _progress: object, _cancelled: object) -> Answer:
    try:
        return load_recognition(file)
    except HarstudioError as error:
        return str(error)
    finally:
        shutil.rmtree(file.parent, ignore_errors=True)
