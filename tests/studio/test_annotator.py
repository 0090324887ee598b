"""Who labels: chosen in the window, told by it; and labels that somebody else has open."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from harstudio.labels.model import Clip
from harstudio.settings import load_settings
from harstudio.studio.dialogs.annotator import AnnotatorBox
from harstudio.studio.window import MainWindow
from studio.made_recording import made_recording

SECOND = 1_000_000_000


@pytest.fixture
def film(window: MainWindow, tmp_path: Path, monkeypatch, qtbot) -> MainWindow:
    """The window with a made recording, labelled by alice."""
    recording = made_recording()
    recording.path = tmp_path / "film.x"
    recording.path.touch()
    monkeypatch.setattr("harstudio.studio.opening.open_recording", lambda path: recording)
    window.session.settings.annotator = "alice"
    with qtbot.waitSignal(window.session.history_changed):
        window.open_path(recording.path)
    assert window.labelling.clips.place("alice", Clip(0, SECOND // 5, "wave"))
    return window


def test_the_window_asks_who_labels(film: MainWindow, qtbot) -> None:
    session = film.session
    assert film.status.annotator.text() == "alice"
    film.commands.run("label.annotator")
    box = film.findChild(AnnotatorBox)
    assert box.name.currentText() == "alice"
    box.name.setCurrentText("  ")
    assert not box.label_button.isEnabled()
    box.accept()
    assert session.annotator == "alice"
    box.name.setCurrentText(" bob ")
    QTest.qWaitForWindowActive(box)
    box.activateWindow()
    qtbot.waitUntil(box.isActiveWindow)
    QTest.keyClick(box.name.lineEdit(), Qt.Key.Key_Return)
    assert session.annotator == "bob"
    assert session.tier_name == "bob"
    assert film.status.annotator.text() == "bob"
    assert session.document.annotator == "bob"
    assert session.document.tiers == []
    assert [d.annotator for d in film.labelling.others.documents] == ["alice"]
    assert load_settings().annotator == "bob"


def test_people_who_labelled_are_offered(film: MainWindow, qtbot) -> None:
    film.change_annotator("bob")
    QTest.mouseClick(film.status.annotator, Qt.MouseButton.LeftButton)
    box = film.findChild(AnnotatorBox)
    assert [box.name.itemText(k) for k in range(box.name.count())] == ["alice", "bob"]
    box.name.setCurrentText("alice")
    box.label_button.click()
    assert [tier.name for tier in film.session.document.tiers] == ["alice"]


def test_labels_that_are_open_elsewhere_can_be_tried_again(film: MainWindow) -> None:
    session, bar = film.session, film.problem_bar
    elsewhere = session.project.history(session.recording.name, "bob")
    film.change_annotator("bob")
    assert session.history is None
    assert "open in another window" in bar.sentence.text()
    assert bar.again_button.isVisible()
    bar.again_button.click()  # too early: it says so again
    assert session.history is None
    assert bar.isVisible()
    elsewhere.close()
    bar.again_button.click()
    assert session.document.annotator == "bob"
    assert bar.isHidden()
    assert film.labelling.writable()


def test_other_problems_offer_no_second_try(window: MainWindow, tmp_path: Path, qtbot) -> None:
    with qtbot.waitSignal(window.session.failed):
        window.open_path(tmp_path / "nothing")
    assert window.problem_bar.isVisible()
    assert not window.problem_bar.again_button.isVisible()


def test_the_status_line_says_that_labels_are_read_only(film: MainWindow) -> None:
    session = film.session
    assert film.status.saved.text() == "journalled"
    session.save()
    assert film.status.saved.text() == "saved"
    writable = session.history
    session.history = session.project.history(session.recording.name, "alice", read_only=True)
    session.history_changed.emit(session.history)
    assert film.status.saved.text() == "read-only"
    session.history = writable
    session.history_changed.emit(writable)
