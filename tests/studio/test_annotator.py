"""Who labels: chosen in the window, told by it; and labels that somebody else has open."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from harstudio.labels.editing.edits import AddTier
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


def test_labels_that_are_open_elsewhere_can_be_looked_at(film: MainWindow) -> None:
    session, run = film.session, film.commands.run
    assert not film.commands["file.look_at_labels"].enabled()
    elsewhere = session.project.history(session.recording.name, "bob")
    elsewhere.do(AddTier("bob"))
    film.change_annotator("bob")
    run("file.look_at_labels")
    assert [tier.name for tier in session.document.tiers] == ["bob"]
    assert film.status.saved.text() == "read-only"
    assert not film.labelling.writable()
    elsewhere.do(AddTier("more"))
    elsewhere.close()
    film.problem_bar.again_button.click()
    assert [tier.name for tier in session.document.tiers] == ["bob", "more"]
    assert film.labelling.writable()


def test_who_took_the_labels_over_is_told_and_they_can_be_read_again(film: MainWindow) -> None:
    session = film.session
    session.save()
    lock = session.history.path.with_suffix(".lock")
    lock.write_text('{"pid": 7, "host": "lab-3", "token": "theirs"}')
    assert not film.labelling.clips.place("alice", Clip(SECOND, SECOND * 2, "clap"))
    assert "lab-3" in film.problem_bar.sentence.text()
    lock.unlink()
    film.commands.run("file.reopen_labels")
    assert film.labelling.clips.place("alice", Clip(SECOND, SECOND * 2, "clap"))


def test_edits_that_were_set_aside_are_told_and_put_on_top(film: MainWindow, qtbot) -> None:
    session = film.session
    history, labelling = session.history, film.labelling
    assert labelling.clips.place("alice", Clip(SECOND, SECOND * 2, "clap"))
    copy = history.path.with_suffix(".journal.jsonl").read_bytes()
    labelling.undo()
    session._close_history()
    history.path.with_suffix(".history.jsonl").unlink()  # they come from another computer
    history.path.with_name("alice.journal.conflict-1.jsonl").write_bytes(copy)
    said: list[str] = []
    session.message.connect(lambda _, sentence: said.append(sentence))
    session.reopen_labels()
    assert any("“Put set-aside edits on top” in the File menu" in sentence for sentence in said)
    film.commands.run("file.put_on_top")
    qtbot.waitUntil(lambda: "1 edit put on top" in said[-1])
    labels = [clip.label for tier in session.document.tiers for clip in tier.clips]
    assert "clap" in labels
    labelling.undo()
    film.commands.run("file.put_on_top")
    qtbot.waitUntil(lambda: said[-1] == "No edits were set aside for these labels.")


def test_other_problems_offer_no_second_try(window: MainWindow, tmp_path: Path, qtbot) -> None:
    with qtbot.waitSignal(window.session.failed):
        window.open_path(tmp_path / "nothing")
    assert window.problem_bar.isVisible()
    assert not window.problem_bar.again_button.isVisible()


def test_the_status_line_says_that_labels_are_read_only(film: MainWindow, qtbot) -> None:
    session = film.session
    assert film.status.saved.text() == "journalled"
    with qtbot.waitSignal(session.saved):
        session.save()
    assert film.status.saved.text() == "saved"
    writable = session.history
    session.history = session.project.history(session.recording.name, "alice", read_only=True)
    session.history_changed.emit(session.history)
    assert film.status.saved.text() == "read-only"
    session.history = writable
    session.history_changed.emit(writable)
