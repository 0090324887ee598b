"""What the Train workspace says of a run that a job of this window works on."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QApplication

from driving import until
from harstudio.jobs.record import JobRecord
from harstudio.settings import data_dir
from harstudio.studio import theme
from harstudio.studio.jobs.service import Jobs
from harstudio.studio.training.looks import RunLook
from harstudio.studio.training.page import TrainPage
from harstudio.studio.training.state_line import REMEDIES, UNSAVED, reason_text, state_of
from made_runs import write_run
from studio.handed_in import HandedIn


@pytest.fixture
def page(window) -> TrainPage:
    """Two finished runs, the first of them chosen."""
    for name in ("one", "two"):
        write_run(data_dir() / "runs" / name)
    window.commands.run("view.train")
    until(lambda: window.train_page.runs.model.rowCount() == 2, what="runs are listed")
    return window.train_page


@pytest.fixture
def train(window, monkeypatch) -> Callable[[str], JobRecord]:
    """Hands in a training of a run by its name; the test answers for it."""
    handed = HandedIn(window.session, monkeypatch)
    monkeypatch.setattr(Jobs, "records", property(lambda _jobs: handed.records))

    def start(name: str) -> JobRecord:
        folder = data_dir() / "runs" / name
        return window.training.start({"run": {"folder": str(folder)}}, f"Train {name}")

    return start


def now(window, record: JobRecord, state: str) -> None:
    """The job is in this state."""
    record.state = state
    if state in ("stopped", "failed", "done"):
        window.session.jobs.finished.emit(record)
    else:
        window.session.jobs.changed.emit(record)


def test_a_run_that_starts_is_shown_also_when_the_list_gets_the_focus(window, page, train):
    train("three")
    QApplication.sendEvent(page.runs.list, QFocusEvent(QEvent.Type.FocusIn))  # a dialog closed
    assert window.training.chosen == data_dir() / "runs" / "three"
    assert page.buttons["train.stop"].isVisible()


def row(page: TrainPage, name: str) -> str:
    """What the list says of a run."""
    at = page.runs.model.row_of(data_dir() / "runs" / name)
    return page.runs.model.index(at).data(Qt.ItemDataRole.AccessibleTextRole)


def test_the_list_knows_what_the_job_knows(window, page, train):
    record = train("one")
    assert row(page, "one") == "one, st-gcn · waits"
    for state, told in (("starting", "starting"), ("running", "running"), ("paused", "paused")):
        now(window, record, state)
        assert row(page, "one").startswith(f"one, st-gcn · {told} · 10/10")
    now(window, record, "done")
    assert row(page, "one") == "one, st-gcn · finished"


def test_a_stop_that_ended_in_a_kill_is_a_stop(window, page, train):
    folder = write_run(data_dir() / "runs" / "killed", state="running", pid=2**22 + 1, done=4)
    record = train("killed")
    now(window, record, "running")
    record.ended = time.time()
    now(window, record, "stopped")
    window.training.choose(folder)
    until(lambda: (look := window.training.look()) is not None and look.state == "lost")
    now(window, record, "stopped")
    assert page.state.words.text().startswith("st-gcn · stopped")
    assert page.state.reason.text() == UNSAVED
    until(lambda: row(page, "killed") == "killed, st-gcn · stopped · 4/10")
    assert page.buttons["train.resume"].isVisible()


def test_what_somebody_else_does_with_a_stopped_run_is_told(train):
    record = train("one")
    record.state, record.ended = "stopped", 1000.0
    assert state_of(RunLook(Path("one"), state="running", changed=990.0), record) == "stopped"
    assert state_of(RunLook(Path("one"), state="running", changed=1100.0), record) == "running"


def test_where_the_worker_died_there_is_nothing_to_mend(train):
    record = train("one")
    record.state, record.error = "failed", "The worker was killed (signal 9)."
    look = RunLook(Path("one"), state="lost", total=10)
    assert reason_text(look, record, "failed") == f"{record.error} {REMEDIES['lost']}"
    record.problem = {"message": "The loss is lost."}
    assert reason_text(look, record, "failed").endswith(REMEDIES["failed"])


def test_a_silent_worker_is_told_instead_of_a_time(window, page, train):
    record = train("one")
    now(window, record, "running")
    record.silent_s = 11.0
    now(window, record, "running")
    assert page.state.words.text().endswith(" · silent for 11 s")
    assert theme.current().warn in page.state.words.styleSheet()
    assert "silent for 11 s" in window.status.jobs.text()
    record.silent_s = None
    now(window, record, "running")
    assert "silent" not in page.state.words.text() + window.status.jobs.text()


def test_what_was_told_of_a_run_goes_when_it_goes_on(window, page, train):
    record = train("one")
    record.state, record.error = "failed", "The worker was killed (signal 9)."
    window.session.jobs.finished.emit(record)
    assert window.problem_bar.isVisible()
    train("two")
    assert window.problem_bar.isVisible()
    train("one")
    assert not window.problem_bar.isVisible()


def test_a_lost_heart_beat_is_told_at_once_and_so_is_its_return(window, page, train):
    record = train("one")
    now(window, record, "running")
    record.silent_s = 6.0
    now(window, record, "running")
    bar = window.problem_bar
    since = time.strftime("%H:%M", time.localtime(time.time() - 6))
    assert f"Training one: no heart-beat of its worker since {since}" in bar.sentence.text()
    assert bar.again_button.text() == "End it and go on"
    record.silent_s = None
    now(window, record, "running")
    assert not bar.isVisible()


@pytest.mark.skipif(sys.platform == "win32", reason="stops the worker by a signal of POSIX")
def test_a_worker_that_stands_still_is_ended_and_gone_on_with(window, page, monkeypatch):
    samples = Path(__file__).resolve().parents[1] / "unit" / "jobs"
    monkeypatch.setenv("PYTHONPATH", str(samples))
    monkeypatch.setattr("harstudio.jobs.crew.SILENT_S", 2.0)
    for module in ("training.service", "jobs.desk"):
        monkeypatch.setattr(f"harstudio.studio.{module}.TRAIN", "sample_jobs:in_c")
    pids = []
    window.session.jobs.told.connect(lambda _record, _kind, told: pids.append(told["pid"]))
    folder = data_dir() / "runs" / "hangs"
    record = window.training.start({"run": {"folder": str(folder)}}, "Train hangs")
    until(lambda: pids, what="the job runs")
    os.kill(pids[0], signal.SIGSTOP)
    until(window.problem_bar.isVisible, what="the lost heart-beat is told")
    assert "no heart-beat" in window.problem_bar.sentence.text()
    window.problem_bar.try_again()
    until(lambda: len(pids) == 2, what="another worker goes on")
    assert record.state == "stopped"
    again = window.training.record_of(folder)
    assert (again.payload, again.state) == (record.payload, "running")
    assert not window.problem_bar.isVisible()
    os.kill(pids[1], signal.SIGKILL)  # as the system does where memory is short
    killed = time.monotonic()
    until(window.problem_bar.isVisible, what="the death is told")
    assert time.monotonic() - killed < 2
    assert "killed (signal 9; the system may have been out of memory)" in (
        window.problem_bar.sentence.text()
    )
    assert page.state.words.text().endswith("failed")


@pytest.mark.skipif(sys.platform == "win32", reason="a process is looked for as on POSIX")
def test_a_training_of_somebody_else_that_is_killed_is_told(window, page):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    folder = write_run(data_dir() / "runs" / "elsewhere", state="running", pid=process.pid)
    window.training.choose(folder)
    until(lambda: (look := window.training.look()) is not None and look.state == "running")
    assert not window.problem_bar.isVisible()
    process.kill()
    process.wait()
    until(window.problem_bar.isVisible, what="the death is told")
    assert f"from process {process.pid}: it was killed" in window.problem_bar.sentence.text()
    assert window.problem_bar.again_button.text() == "Resume"


def test_the_command_of_a_finished_run_trains_into_a_free_folder(window, page):
    (data_dir() / "runs" / "one-2").mkdir()
    window.training.choose(data_dir() / "runs" / "one")
    window.commands.run("train.copy_command")
    words = shlex.split(QApplication.clipboard().text())
    assert words[-2:] == ["--set", f'run.folder="{data_dir() / "runs" / "one-3"}"']
