"""The new-run dialog: what data, which network, how it trains; check, start, queue."""

from __future__ import annotations

import copy
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from harstudio.files import free_name, write_atomically
from harstudio.labels.project import is_project
from harstudio.studio.problem_bar import ProblemBar, Trouble
from harstudio.studio.session import Session
from harstudio.studio.training.check_data import CheckData
from harstudio.studio.training.new_run_data import DataColumn, set_tone, small_label
from harstudio.studio.training.new_run_draft import Draft
from harstudio.studio.training.new_run_network import NetworkColumn
from harstudio.studio.training.new_run_options import AdaptedCards
from harstudio.studio.training.new_run_settings import SettingsColumn
from harstudio.studio.training.new_run_time import TrainingTime

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord

JOBS = "harstudio.learning.jobs"
LARGEST, EDGE_PX = (1480, 900), 40
LOOKING = "Looking at the network with these options…"
SURVEYED = ("data.path", "data.protocol", "data.validation_subjects", "data.annotator")


class NewRunDialog(QDialog):
    """Window-modal; kept by the window, so that it comes back as it was left.

    started tells the record of a training that was handed in.
    """

    started = Signal(object)

    def __init__(
        self, session: Session, runs_folder: Callable[[], Path], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("new_run")
        self.setWindowTitle("New run")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self._session, self._runs_folder = session, runs_folder
        self._survey: int | None = None  # id of the job that looks at the data
        self._seen: tuple[Any, ...] = ()  # what the survey was asked about
        self.draft = Draft(self)
        self.data = DataColumn(session, self.draft)
        self.network = NetworkColumn(self.draft)
        self.settings = SettingsColumn(self.draft)
        self.adapted = AdaptedCards(session, self.draft, self)
        self.time = TrainingTime(session, self.draft)
        self.check = CheckData(session)
        self.problem_bar = ProblemBar()
        self._build()
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._look_again)
        self.draft.changed.connect(self._draft_changed)
        self.settings.valid.connect(self._enable)
        self.time.found_wrong.connect(self._enable)
        self.adapted.changed.connect(self._enable)
        self.draft.surveyed.connect(self.adapted.look)
        for rows in (self.network.list, self.data.counts):  # they keep Enter for themselves
            rows.chosen.connect(self._start_by_key)
        session.jobs.changed.connect(self._job_changed)
        session.jobs.finished.connect(self._job_finished)
        session.clip_shown.connect(self.hide)
        self._enable()

    def _build(self) -> None:
        columns = QHBoxLayout()
        columns.setSpacing(24)
        for column, share in ((self.data, 13), (self.network, 12), (self.settings, 11)):
            columns.addWidget(column, share)
        form = QWidget()
        inside = QVBoxLayout(form)
        inside.setContentsMargins(24, 16, 24, 12)
        inside.addLayout(columns, 1)
        self.pages = QStackedWidget()
        self.pages.addWidget(form)
        self.pages.addWidget(self.check)
        self.check.left.connect(self.show_form)
        self.said = small_label()
        self.check_button = self._button("Check data", self.check_data, "Alt+C")
        self.check_button.setToolTip(
            "See 16 samples as the network gets them, and let it learn one batch by heart  (Alt+C)"
        )
        self.copy_button = self._button("Copy command", self.copy_command, "Alt+D")
        self.copy_button.setToolTip(
            "Save the config beside the runs and copy the command that trains it  (Alt+D)"
        )
        self.cancel_button = self._button("Close", self.reject)
        self.queue_button = self._button("Add to queue", self.add_to_queue, "Alt+Q")
        self.queue_button.setToolTip("Hand it in and stay here, to add another  (Alt+Q)")
        self.start_button = self._button("Start", self.start)
        self.start_button.setProperty("primary", True)
        self.start_button.setDefault(True)
        self._buttons = QWidget()
        foot = QHBoxLayout(self._buttons)
        foot.setContentsMargins(24, 8, 24, 16)
        foot.setSpacing(8)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.time)
        words.addWidget(self.said)
        foot.addLayout(words, 1)
        for button in (self.check_button, self.copy_button, self.cancel_button,
                       self.queue_button, self.start_button):  # fmt: skip
            foot.addWidget(button)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.problem_bar)
        outer.addWidget(self.pages, 1)
        outer.addWidget(self._buttons)

    def _button(self, text: str, run: Callable[[], Any], keys: str = "") -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: run())
        if keys:
            button.setShortcut(keys)
        return button

    # ---- opening

    def present(self) -> None:
        """Show it, with what is open now on offer."""
        self._fit()
        self.settings.runs_folder = self._runs_folder()
        self._session.save()  # labels just made count; the journal would hold them too
        self.data.offer()
        if is_project(Path(str(self.draft.get("data.path", "")))):
            self._seen = ()  # clips may have been labelled since
        self._look_again()
        self.show()
        self.raise_()
        self.activateWindow()

    def _fit(self) -> None:
        window = self.parentWidget()
        if window is None:
            self.resize(*LARGEST)
            return
        room = window.size()
        self.resize(
            min(LARGEST[0], room.width() - EDGE_PX), min(LARGEST[1], room.height() - EDGE_PX)
        )

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        if self.pages.currentIndex() == 0:
            self.network.list.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Enter starts from everywhere but the text; Esc goes back from the check first."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.key() == Qt.Key.Key_Escape and self.pages.currentIndex() == 1:
            self.show_form()
        elif enter and not isinstance(QApplication.focusWidget(), QPlainTextEdit):
            self._start_by_key()
        else:
            super().keyPressEvent(event)

    def _start_by_key(self, *_: object) -> None:
        if self.pages.currentIndex() == 0 and self.start_button.isEnabled():
            self.start()

    def done(self, result: int) -> None:
        """Nobody looks any more: what only this dialog asked for ends."""
        self.show_form()
        self.time.rest()
        self.adapted.rest()
        super().done(result)

    def show_form(self) -> None:
        """Back from the check."""
        self.pages.setCurrentIndex(0)
        self._buttons.show()
        self.check.rest()
        self.network.list.setFocus()

    # ---- looking at the data

    def _draft_changed(self, key: str) -> None:
        if key in ("", "data.path", "network.name"):
            self.draft.name_run(self.settings.runs_folder)
        if key == "" or key in SURVEYED:
            self._later.start()
        if key == "" or key.startswith("network."):
            self.adapted.look()
        self._enable()

    def _look_again(self) -> None:
        """Survey the data when another or another protocol was chosen."""
        asked = tuple(self.draft.get(key) for key in SURVEYED)
        if asked == self._seen:
            return
        self._seen = asked
        path, protocol, people, annotator = asked
        survey, self._survey = self._survey, None
        if survey is not None:
            self._session.jobs.remove(survey)
        if not path:
            self.draft.survey = {"cards": self.draft.cards}
            self.data.failed("")
            self._enable()
            return
        payload = {
            "path": str(path),
            "protocol": str(protocol or "cross-subject"),
            "validation_subjects": people,
            "annotator": str(annotator or ""),
        }
        title = f"Look at {Path(str(path)).name}"
        record = self._session.jobs.submit(f"{JOBS}:survey", payload, title=title, lane="quick")
        self._survey = record.id
        self.data.looking()
        self.network.looking()
        self._enable()

    def _job_changed(self, record: JobRecord) -> None:
        if record.id == self._survey and record.text:
            self.data.looking(record.text)

    def _job_finished(self, record: JobRecord) -> None:
        if record.id != self._survey:
            return
        self._survey = None
        self._session.jobs.remove(record.id)  # what it told stands here
        if record.state == "done" and record.result is not None:
            self.draft.take_survey(record.result)
            self.draft.name_run(self.settings.runs_folder)
            self.problem_bar.clear()
        elif record.state == "failed":
            self.data.failed(record.error)
            self.network.looking(failed=True)
            self._seen = ()  # try again when something changes
            self.draft.survey = {"cards": self.draft.cards}
        self._enable()

    # ---- doing

    def ready(self) -> bool:
        """Whether it could start now."""
        return (
            bool(self.draft.counts)
            and self._survey is None
            and not self.adapted.asking
            and not self._lacking()
            and not self.draft.is_taken(self._folder())
            and bool(self.settings.name.text().strip())
        )

    def _lacking(self) -> str:
        """What has to be chosen or mended before it can start, where nothing else tells it."""
        if not self.draft.get("data.path"):
            return "Choose what to learn from."
        if not self.draft.cards:
            return "" if self._survey is not None else "Choose other data or another protocol."
        if not self.draft.get("network.name"):
            return "Choose a network."
        return self.settings.text_problem.text()

    def _folder(self) -> Path:
        return Path(str(self.draft.get("run.folder", "")))

    def _enable(self, *_: object) -> None:
        self.settings.tell_config(self.adapted.problem or self.time.problem)
        lacking = "" if self.settings.text_problem.isVisible() else self._lacking()
        if lacking or self.said.property("tone"):  # what was told of a start stays
            set_tone(self.said, "bad" if lacking else "")
            self.said.setText(lacking)
        if not lacking and (self.adapted.asking or self.said.text() == LOOKING):
            self.said.setText(LOOKING if self.adapted.asking else "")
        ready = self.ready()
        for button in (self.start_button, self.queue_button, self.copy_button):
            button.setEnabled(ready)
        self.check_button.setEnabled(bool(self.draft.counts) and self._survey is None)
        self.time.look(ready)

    def config(self) -> dict[str, Any]:
        """The config as it stands."""
        return copy.deepcopy(self.draft.config)

    def start(self) -> None:
        """Hand the training in and go to it."""
        record = self._submit()
        if record is not None:
            self.accept()
            self.started.emit(record)

    def add_to_queue(self) -> None:
        """Hand the training in; the next one gets a name of its own."""
        record = self._submit()
        if record is None:
            return
        waits = record.state == "queued" and any(
            r.lane == record.lane and r.id != record.id for r in self._session.jobs.at_work
        )
        self.said.setText(f"{record.title} {'waits its turn' if waits else 'starts now'}.")
        self.started.emit(record)

    def _submit(self) -> JobRecord | None:
        if not self.settings.settle() or not self.ready():
            self._enable()
            return None
        self.problem_bar.clear()
        self._session.save()
        payload = {"config": self.config(), "resume": False}
        device = str(self.draft.get("training.device", "auto"))
        title = f"Train {self._folder().name}"
        record = self._session.jobs.submit(f"{JOBS}:train", payload, title=title, device=device)
        self.draft.hand_in()
        return record

    def copy_command(self) -> None:
        """Save the config beside the runs; the command that trains it goes to the clipboard."""
        if not self.settings.settle():
            return
        folder = self._folder()
        text = self.draft.text().encode()
        file = folder.with_name(f"{folder.name}.toml")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.exists() and file.read_bytes() != text:
                file = free_name(file, "next")
            write_atomically(file, text)
        except OSError as error:
            self.problem_bar.tell(
                Trouble(f"The config could not be written ({error.strerror}).", file)
            )
            return
        QGuiApplication.clipboard().setText(f"harstudio train {shlex.quote(str(file))}")
        self.draft.hand_in()  # that command makes this folder; a start gets one of its own
        self.said.setText(f"Copied. The config is {file.name}, beside the runs.")

    def check_data(self) -> None:
        """Turn to the samples as the network sees them."""
        if not self.settings.settle():
            return
        self.pages.setCurrentIndex(1)
        self._buttons.hide()
        card = self.draft.card or {}
        self.check.begin(self.config(), str(card.get("title") or self.draft.get("network.name")))
