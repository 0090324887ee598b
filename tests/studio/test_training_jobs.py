"""What the Train workspace says of a run that a job of this window works on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QApplication

from driving import until
from harstudio.jobs.record import JobRecord
from harstudio.settings import data_dir
from harstudio.studio.jobs.service import Jobs
from harstudio.studio.training.page import TrainPage
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
