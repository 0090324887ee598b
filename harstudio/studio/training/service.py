"""What a person can do with runs; the page and the commands are made of it."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication

from harstudio.runs.folder import RunFolder
from harstudio.settings import data_dir
from harstudio.studio.training.looks import CAN_GO_ON, RunDetail, RunLook, is_unfinished
from harstudio.studio.training.reader import RunsReader

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.studio.session import Session

TRAIN, EVALUATE = "harstudio.learning.jobs:train", "harstudio.learning.jobs:evaluate"
OPENED_KEPT = 30


class Training(QObject):
    """The runs that are known, the chosen one and the jobs that work on them."""

    runs_changed = Signal()
    chosen_changed = Signal(object)  # Path | None
    read = Signal(object)  # RunDetail of the chosen run
    picked_changed = Signal()
    jobs_changed = Signal()  # a training or evaluation began, went on, waits or ended

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.looks: tuple[RunLook, ...] = ()
        self.detail: RunDetail | None = None
        self._chosen: Path | None = None
        self.picked: tuple[Path, ...] = ()  # chosen at once, to be compared
        self._by_hand = True  # whether the person chose it
        self._shown = False
        self.reader = RunsReader(self)
        self.reader.listed.connect(self._list)
        self.reader.read.connect(self._show)
        session.project_changed.connect(self._watch)
        for signal in (session.jobs.added, session.jobs.changed, session.jobs.finished):
            signal.connect(self._job_changed)
        session.jobs.removed.connect(self._job_removed)
        session.jobs.added.connect(self._choose_new)
        self._watch()

    # ---- what is looked at

    def set_shown(self, shown: bool) -> None:
        """Runs are read only while somebody looks."""
        self._shown = shown
        self._watch()
        self.reader.set_awake(shown)

    def close(self) -> None:
        self.reader.close()

    @property
    def chosen(self) -> Path | None:
        return self._chosen

    def choose(self, path: Path | None) -> None:
        """Show this run."""
        if path != self._chosen:
            self._chosen, self.detail = path, None
            self.reader.choose(path)
            self.chosen_changed.emit(path)

    def pick(self, paths: Sequence[Path]) -> None:
        """These runs are chosen at once, in the order of the list."""
        if tuple(paths) != self.picked:
            self.picked = tuple(paths)
            self.picked_changed.emit()

    def can_compare(self) -> bool:
        return len(self.picked) > 1

    def open_run(self, path: Path) -> None:
        """List a run, or a folder of runs, from now on; remembered."""
        path = path.resolve()
        settings = self.session.settings
        others = [other for other in settings.run_folders if other != str(path)]
        settings.run_folders = [str(path), *others][:OPENED_KEPT]
        self._watch()
        self.choose(path if RunFolder(path).config.is_file() else None)

    def folders(self) -> list[Path]:
        """Where runs are looked for."""
        project = self.session.project
        places = [] if project is None else [project.folder / "runs"]
        places.append(data_dir() / "runs")
        places += [Path(text) for text in self.session.settings.run_folders]
        made = (r for r in self.session.jobs.records if r.job == TRAIN)
        places += [folder for record in made if (folder := run_of(record)) is not None]
        return list(dict.fromkeys(places))

    def new_run_folder(self) -> Path:
        """Where a new run is put unless told otherwise."""
        project = self.session.project
        return (data_dir() if project is None else project.folder) / "runs"

    def _watch(self, *_: object) -> None:
        self.reader.watch(self.folders())

    def look(self, path: Path | None = None) -> RunLook | None:
        """What is known of a run, of the chosen one unless told."""
        path = path or self._chosen
        if self.detail is not None and self.detail.look.path == path:
            return self.detail.look
        return next((look for look in self.looks if look.path == path), None)

    def _list(self, looks: tuple[RunLook, ...]) -> None:
        self.looks = looks
        self.runs_changed.emit()
        if self._chosen is None and looks:
            self.choose(looks[0].path)

    def _show(self, detail: RunDetail) -> None:
        self.detail = detail
        self.read.emit(detail)

    # ---- jobs

    def record_of(self, path: Path | None) -> JobRecord | None:
        """The newest training of a run in this window."""
        return None if path is None else self.newest().get(path)

    def newest(self) -> dict[Path, JobRecord]:
        """The newest training of every run that this window trained."""
        trainings = [r for r in self.session.jobs.records if r.job == TRAIN]
        return {folder: r for r in trainings if (folder := run_of(r)) is not None}

    def at_work(self, path: Path | None) -> JobRecord | None:
        """The training of a run that goes on in this window; also one that waits in the queue."""
        record = self.record_of(path)
        return None if record is None or record.over else record

    def queue(self) -> list[JobRecord]:
        """Trainings that wait for their turn."""
        records = self.session.jobs.records
        return [r for r in records if r.job == TRAIN and not r.over and r.started is None]

    def _job_changed(self, record: JobRecord) -> None:
        if record.job in (TRAIN, EVALUATE):
            self.reader.look_now()
            self.jobs_changed.emit()

    def _job_removed(self, record: JobRecord) -> None:
        self._watch()
        if record.job == TRAIN and record.started is None and run_of(record) == self._chosen:
            self.choose(self.looks[0].path if self.looks else None)  # it never came to be
        self.jobs_changed.emit()

    def _choose_new(self, record: JobRecord) -> None:
        """The run that starts now is the one to look at; one that waits is not."""
        folder = run_of(record)
        if record.job != TRAIN or folder is None:
            return
        self._watch()
        others = [r for r in self.session.jobs.records if r.job == TRAIN and not r.over]
        if others == [record]:
            self.choose(folder)

    # ---- doing

    def start(self, config: Mapping[str, Any], title: str, device: str = "auto") -> JobRecord:
        """Queue a training; config as in config.toml, with absolute paths."""
        payload = {"config": dict(config), "resume": False}
        return self.session.jobs.submit(TRAIN, payload, title=title, device=device)

    def can_resume(self) -> bool:
        look, record = self.look(), self.record_of(self._chosen)
        if record is not None and not record.over:
            return False
        if look is None or not look.state:  # it ended before it had a folder
            return record is not None and record.state in ("failed", "stopped")
        return look.state in CAN_GO_ON

    def resume(self, path: Path | None = None) -> None:
        """Go on with a run that was stopped, failed or lost, from its last checkpoint."""
        path = path or self._chosen
        record = self.record_of(path)
        if record is not None and record.over and path is not None and not is_unfinished(path):
            self.again(record)
        elif path is not None and (record is None or record.over):
            self.session.jobs.submit(
                TRAIN,
                {"config_path": str(RunFolder(path).config), "resume": True},
                title=f"Train {path.name}",
            )

    def again(self, record: JobRecord) -> None:
        """Go on with what a training left, or begin again where it left nothing."""
        folder = run_of(record)
        if folder is not None and is_unfinished(folder):
            self.resume(folder)
        else:
            jobs = self.session.jobs
            jobs.submit(TRAIN, record.payload, title=record.title, device=record.device)

    def can_pause(self) -> bool:
        record = self.at_work(self._chosen)
        return record is not None and record.state in ("running", "paused", "starting")

    def is_paused(self) -> bool:
        record = self.at_work(self._chosen)
        return record is not None and record.state == "paused"

    def toggle_pause(self) -> None:
        record = self.at_work(self._chosen)
        if record is not None:
            jobs = self.session.jobs
            (jobs.resume if record.state == "paused" else jobs.pause)(record.id)

    def can_stop(self) -> bool:
        record = self.at_work(self._chosen)
        return record is not None and record.state != "stopping"

    def stop(self) -> None:
        """Soft: the state is saved, the run can be resumed. One that waits leaves the queue."""
        record = self.at_work(self._chosen)
        if record is not None:
            jobs = self.session.jobs
            (jobs.remove if record.started is None else jobs.stop)(record.id)

    def is_chosen(self) -> bool:
        return self._chosen is not None

    def can_evaluate(self) -> bool:
        look = self.look()
        return look is not None and RunFolder(look.path).checkpoints.is_dir()

    def copy_command(self) -> None:
        """The shell command that does the same training."""
        if self._chosen is not None:
            look = self.look()
            begun = look is not None and look.state in CAN_GO_ON
            taken = not begun and RunFolder(self._chosen).checkpoints.is_dir()
            text = command_line(self._chosen, resume=begun, again=taken)
            QGuiApplication.clipboard().setText(text)
            self.session.message.emit("info", "The command was copied.")

    def open_folder(self) -> None:
        """Show the run's folder in the system's file manager."""
        if self._chosen is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._chosen)))


def run_of(record: JobRecord) -> Path | None:
    """The run folder that a job works on; None where its payload does not tell."""
    payload = record.payload
    if payload.get("run"):
        return _resolved(str(payload["run"]))
    if payload.get("config_path"):
        return _resolved(str(payload["config_path"])).parent
    config = payload.get("config")
    table = config.get("run") if isinstance(config, Mapping) else None
    folder = table.get("folder") if isinstance(table, Mapping) else None
    return _resolved(str(folder)) if folder else None


@lru_cache(maxsize=256)
def _resolved(path: str) -> Path:
    """As the list of runs names it; kept, because a path may lie on a slow disk."""
    return Path(path).resolve()


def command_line(run: Path, *, resume: bool = False, again: bool = False) -> str:
    """The training of a run as a command to paste into a shell of this system.

    resume: goes on with it. again: the same into another folder, which is free now.
    """
    words = ["harstudio", "train", str(RunFolder(run).config)]
    if resume:
        words.append("--resume")
    elif again:
        names = (run.with_name(f"{run.name}-{number}") for number in count(2))
        free = next(folder for folder in names if not folder.exists())
        words += ["--set", f"run.folder={json.dumps(str(free), ensure_ascii=False)}"]
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)
