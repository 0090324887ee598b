"""Asks a run about all recordings that the library lists, and knows what it has answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from harstudio.runs.kept_recognitions import answers_folder
from harstudio.runs.recognitions import SUFFIX, heading
from harstudio.studio.background import NewestTask
from harstudio.studio.panels.library_answers import Said
from harstudio.studio.recognition import recogniser as recogniser_module
from harstudio.studio.recognition.recogniser import Recogniser

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.studio.session import Session

SHOW_MS = 1000  # how often answers that come one by one are shown: rows may move then
GOES_ON = "What is answered stays; asked again, the rest is recognised."
Answers = dict[str, Said]  # by path of the recording


class Batch(QObject):
    """One job at a time; it goes on where it stopped. ``said`` is what the run in use, the one
    whose opinion is shown, has answered: what is asked elsewhere counts too. aside: what is added
    to the sentence that tells how it went."""

    changed = Signal()  # what is said, or the job

    def __init__(self, session: Session, recogniser: Recogniser, aside: Callable[[], str]) -> None:
        super().__init__(recogniser)
        self._aside = aside
        self._session, self._recogniser = session, recogniser
        self.record: JobRecord | None = None
        self._answered = False  # about some recording, by this job
        self.said: Answers = {}
        self._run: Path | None = None  # whose answers these are
        self._folder: Path | None = None  # of the recordings, when they were read
        self._task = NewestTask(self)
        self._soon = QTimer(self, singleShot=True, interval=SHOW_MS)
        self._soon.timeout.connect(self.changed)
        session.jobs.told.connect(self._job_told)
        session.jobs.finished.connect(self._job_finished)
        session.recognition_changed.connect(self._meet)
        session.project_changed.connect(self._look)
        recogniser.changed.connect(self._look)

    # ---- asking

    @property
    def busy(self) -> bool:
        return self.record is not None

    def recognise(self, run: Path, paths: Sequence[Path]) -> None:
        """Ask a run about recordings, as the ways say; what it answered so before stays."""
        if self.busy or not paths:
            return
        run = run.absolute()
        self._recogniser.turn_to(run)
        ways = self._recogniser.ways
        payload = {
            "run": str(run),
            "paths": [str(path) for path in paths],
            "explain": False,
            "out": str(answers_folder(run)),
            "resume": True,
            "trimming": asdict(ways.trimming),
            **ways.asking.payload(),
        }
        self._answered = False
        many = "" if len(paths) == 1 else "s"
        self.record = self._session.jobs.submit(
            recogniser_module.PREDICT,
            payload,
            title=f"Recognise {len(paths)} recording{many} with {run.name}",
            device=ways.asking.device,
        )
        self.changed.emit()

    def stop(self) -> None:
        """What was answered stays, and is not asked again."""
        if self.record is not None:
            self._session.jobs.stop(self.record.id)

    def _job_told(self, record: JobRecord, kind: str, told: dict[str, Any]) -> None:
        if record is not self.record or kind != "recognition":
            return
        self._answered = True
        run, path = self._recogniser.run, str(told["path"])
        if run is None or run != self._run:
            return
        if told.get("error"):
            self.said[path] = Said(run.name, error=str(told["error"]))
        else:
            label, confidence = str(told["name"]), float(told["confidence"])
            classes = tuple(map(str, told["classes"]))
            self.said[path] = Said(run.name, label, confidence, classes=classes)
            self._recogniser.look_again(Path(path), anew=not told["kept"])
        if not self._soon.isActive():
            self._soon.start()

    def _job_finished(self, record: JobRecord) -> None:
        if record is not self.record:
            return
        self.record = None
        result = record.result or {}
        if record.state == "done" and result:
            count, failed, kept = (int(result.get(k, 0)) for k in ("recordings", "failed", "kept"))
            told = [f"{count - failed} of {count} recordings are recognised"]
            told += [f"{kept} were before"] if kept else []
            told += [f"{failed} could not be"] if failed else []
            text = ", ".join(told) + f".{self._aside()}"
            self._session.message.emit("warn" if failed else "info", text)
        elif record.state == "failed":
            reason = record.error or "The run could not be asked."
            more = f" {GOES_ON}" if self._answered else ""
            self._session.message.emit("bad", f"{reason}{more}")
        self.changed.emit()

    # ---- what is answered

    def _meet(self, recognition: Any) -> None:
        """An answer about the open recording."""
        run = self._recogniser.run
        if recognition is None or run is None or run != self._run:
            return
        label = recognition.classes[recognition.label]
        answer = self._session.answer or recognition
        about = Said(run.name, label, answer.confidence, classes=recognition.classes)
        self.said[recognition.path] = about
        if not self._soon.isActive():
            self._soon.start()

    def _look(self, *_: object) -> None:
        """Read what another run has answered, or the same about another folder."""
        run, folder = self._recogniser.run or self._recogniser.last_run, self._session.folder
        if (run, folder) == (self._run, self._folder):
            return
        self._run, self._folder, self.said = run, folder, {}
        self._task.stop()
        self.changed.emit()
        if run is None or folder is None:
            return

        def work(_progress: object, cancelled: Callable[[], bool]) -> Answers:
            return answered(run, cancelled)

        def done(found: Answers) -> None:
            self.said = found | self.said
            self.changed.emit()

        def failed(error: Exception) -> None:
            self._session.message.emit("warn", str(error))

        self._task.start(work, done, failed)

    def shut(self) -> None:
        """Wait for what is being read."""
        self._task.shut()


def answered(run: Path, cancelled: Callable[[], bool]) -> Answers:
    """What a run's kept answers say, by path of the recording."""
    said: Answers = {}
    for file in answers_folder(run).glob(f"*{SUFFIX}"):
        if cancelled():
            break
        found = heading(file)
        if found is not None:
            said[found.path] = Said(run.name, found.name, found.confidence, classes=found.classes)
    return said
