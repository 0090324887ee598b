"""Several people in the real window: agreement, gold labels by keys, rules of the project."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from driving import until
from harstudio.labels.editing.edits import AddClip, AddTier, Group
from harstudio.labels.model import Clip, Document
from harstudio.labels.project import Project
from harstudio.labels.team.assignments import assign
from harstudio.labels.team.policy import GOLD, Policy
from harstudio.recordings.faces import coarse
from harstudio.studio.label_files.exporting import ExportBox
from harstudio.studio.team.rules import BLIND
from harstudio.studio.window import MainWindow

DEMO = Path(__file__).parents[2] / "resources" / "demo"
RECORDING = "wave-s01"
S = 1_000_000_000
OPINIONS = {
    "alice": [(0.5, 1.5, "hand waving"), (2.0, 3.0, "clapping")],
    "bob": [(0.5, 1.7, "hand waving"), (2.0, 3.0, "pickup")],
}
CONTROL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two recordings of the demo; alice and bob differ about the first."""
    folder = tmp_path / "demo"
    for part in ("project.toml", "labels.toml"):
        folder.mkdir(exist_ok=True)
        shutil.copy(DEMO / part, folder / part)
    for name in (RECORDING, "wave-s02"):
        place = folder / "recordings" / f"{name}.harrec"
        shutil.copytree(DEMO / "recordings" / f"{name}.harrec", place)
    made = Project.open(folder)
    grid = 1_000_000_000 // 30
    for annotator, clips in OPINIONS.items():
        history = made.history(RECORDING, annotator)
        added = [
            AddClip(annotator, Clip(round(a * 30) * grid, round(b * 30) * grid, label))
            for a, b, label in clips
        ]
        history.do(Group("made", (AddTier(annotator), *added)))
        history.close()
    return made


def open_as(window: MainWindow, project: Project, annotator: str, name: str = RECORDING) -> None:
    session = window.session
    session.settings.annotator = annotator
    session.open(project.folder / "recordings" / f"{name}.harrec")
    until(lambda: session.history is not None and session.recording.name == name)


def compare(window: MainWindow) -> None:
    """Go to Compare and wait for its figures."""
    assert window.commands.run("view.compare")
    until(lambda: window.team_desk.comparing.ready)


def rows(document: Document) -> list[tuple[float, float, str]]:
    return [
        (round(c.start_ns / S, 1), round(c.end_ns / S, 1), c.label)
        for tier in document.tiers
        for c in tier.clips
    ]


def test_gold_labels_are_settled_by_keys(window: MainWindow, project: Project) -> None:
    open_as(window, project, "carol")
    compare(window)
    desk, session = window.team_desk, window.session
    said: list[str] = []
    session.message.connect(lambda _level, sentence: said.append(sentence))
    assert len(desk.comparing.disagreements) == 2
    for lengths in ([1.0, 0.2], [0.2, 1.0]):
        desk.panel.longest.click()
        found = desk.comparing.disagreements
        assert [round((one.end_ns - one.start_ns) / S, 1) for one in found] == lengths
    assert desk.gold_strip.isHidden()
    assert window.commands.run("team.settle")
    until(lambda: desk.comparing.disagreement is not None)
    assert session.document.annotator == GOLD
    assert "gold" in desk.gold_strip.sentence.text()
    assert not desk.gold_strip.isHidden()
    assert "gold" in window.status.annotator.text()

    assert window.commands.run("team.take_agreed")
    assert rows(session.document) == [(0.5, 1.5, "hand waving")]
    QTest.keyClick(desk.panel.list, Qt.Key.Key_2)  # bob: it goes on
    assert rows(session.document) == [(0.5, 1.7, "hand waving")]
    assert desk.settling.progress() == (1, 2)
    QTest.keyClick(window, Qt.Key.Key_1, CONTROL_SHIFT)  # alice: clapping
    assert rows(session.document)[1] == (2.0, 3.0, "clapping")
    assert desk.settling.progress() == (2, 2)
    window.labelling.undo()
    assert desk.settling.progress() == (1, 2)

    # The key of disagreements walks the list while it is seen, tells, and does not play.
    desk.comparing.go(0)
    assert window.session.transport.playing
    window.commands.run("label.next_dispute")
    assert (desk.comparing.current, window.session.transport.playing) == (1, False)
    assert "alice: clapping, bob: " in said[-1]

    # A label that nobody gave: the points stand around the disagreement.
    desk.comparing.go(1)
    until(lambda: window.labelling.mark_in_ns is not None)
    window.labelling.press_label("throw")
    window.commands.run("team.keep")
    assert rows(session.document)[1] == (2.0, 3.0, "throw")
    assert desk.settling.progress() == (2, 2)

    # Leaving the workspace leaves gold, and its edits are kept with who made them.
    window.set_workspace("view.label")
    assert session.document.annotator == "carol"
    assert desk.gold_strip.isHidden()
    history = project.history(RECORDING, GOLD, read_only=True)
    assert rows(history.document) == [(0.5, 1.7, "hand waving"), (2.0, 3.0, "throw")]
    assert {version.by for version in history.versions()} == {"carol"}


def test_blind_annotators_see_nothing_until_they_are_done(
    window: MainWindow, project: Project
) -> None:
    project.set_policy(Policy(blind=True, reviewers=("rita",)))
    open_as(window, project, "alice")
    others, desk = window.labelling.others, window.team_desk
    assert others.documents == ()
    assert desk.feedback.sentence.text() == BLIND
    compare(window)
    assert desk.comparing.disagreements == ()
    window.commands.run("team.settle")
    assert not window.session.settles
    window.session.show_recognition(object())
    assert window.session.recognition is None
    assert window.commands.run("team.done")
    assert [d.annotator for d in others.documents] == ["bob"]
    until(lambda: desk.comparing.ready)
    assert len(desk.comparing.disagreements) == 2
    window.change_annotator("rita")
    assert {d.annotator for d in others.documents} == {"alice", "bob"}


def test_faces_are_hidden_from_the_first_picture_on(window: MainWindow, project: Project) -> None:
    project.set_policy(Policy(blur_faces=True))
    open_as(window, project, "alice")
    pane = window.pane_area.docks["color"].widget()
    until(lambda: pane.shown_index is not None)
    stream, index = pane.stream, pane.shown_index
    recorded = stream.frame(index)
    changed = (pane._data != recorded).any(axis=2)
    assert 0.001 < changed.mean() < 0.1
    head = pane.overlay.figures[0][2][3]
    x, y = (round(v) for v in head)
    assert changed[y - 8 : y + 8, x - 8 : x + 8].mean() > 0.9

    window.session.recording.cameras = {}  # nobody knows where a head is now
    window.session.privacy.changed.emit()
    window.session.privacy._masks.clear()
    pane._show_again()
    until(lambda: pane.shown_index is not None)
    assert np.array_equal(pane._data, coarse(recorded))
    assert "hidden" in pane.canvas._caption


def test_my_queue_and_pseudonyms(window: MainWindow, project: Project) -> None:
    project.set_policy(Policy(pseudonyms=True))
    (project.folder / "subjects.toml").write_text('[subjects]\nwave = "P01"\n')
    assign(project.folder, {"wave-s02": ("alice",), RECORDING: ("alice", "bob")})
    window.library.show_folder(project.folder)
    open_as(window, project, "alice")
    library = window.library
    until(lambda: library.model.rowCount() == 2)
    assert library.model.data(library.model.index(0)) == "P01-s01"
    assert "wave" not in window.windowTitle()
    box = ExportBox(window)
    assert box.recordings.itemText(0) == "This one: P01-s01"
    assert box.recordings.itemData(0) == RECORDING
    box.close()
    assert library.queue.count.text() == "0 of 2"
    window.commands.run("team.done")
    until(lambda: library.queue.count.text() == "1 of 2")
    Project.open(project.folder).set_policy(Policy(pseudonyms=True, blind=True))  # another person
    window.commands.run("team.next_assigned")
    until(lambda: window.session.recording.name == "wave-s02")
    assert window.session.team.policy.blind
    window.change_annotator("bob")
    until(lambda: library.queue.count.text() == "0 of 1")


def test_training_tells_after_each_clip(window: MainWindow, project: Project) -> None:
    history = project.history(RECORDING, GOLD)
    clip = Clip(S, 2 * S, "hand waving")
    history.do(Group("gold", (AddTier(GOLD), AddClip(GOLD, clip))))
    history.close()
    project.set_policy(Policy(training=(RECORDING,)))
    open_as(window, project, "dora")
    strip, labelling = window.team_desk.feedback, window.labelling
    assert window.labelling.others.documents == ()
    window.commands.run("team.settle")  # whoever learns neither sees nor changes the gold labels
    assert not window.session.settles
    labelling.mark_range(S, 2 * S)
    labelling.press_label("clapping")
    assert strip.sentence.text() == "This is “hand waving”, not “clapping”."
    labelling.press_label("hand waving")
    assert strip.sentence.text().startswith("Right")
    window.commands.run("team.show_gold")
    assert strip.sentence.text().startswith("Gold: hand waving")
    window.commands.run("team.done")
    assert "1 of 1 gold clips found" in strip.sentence.text()


def test_rules_assignments_and_progress_are_written(
    window: MainWindow, project: Project, tmp_path: Path
) -> None:
    open_as(window, project, "alice")
    desk = window.team_desk
    desk.open_project("rules")
    box = desk._box
    box.rules.boxes["blind"].click()
    until(lambda: Project.open(project.folder).policy.blind)
    desk.open_project("assignments")
    until(lambda: box.assignments.model.rowCount() == 2)
    box.assignments.people.setText("alice, bob")
    box.assignments.double.setValue(100)
    box.assignments.deal()
    until(lambda: window.session.team.assignments.of("bob") == (RECORDING, "wave-s02"))
    desk.open_project("progress")
    until(lambda: len(box.progress.model.rows) == 4)
    box.progress.save_csv(tmp_path / "progress.csv")
    table = (tmp_path / "progress.csv").read_text().splitlines()
    assert len(table) == 3  # nothing of bob, whose labels are hidden
    assert "bob: 0 of 2 done\n" in box.progress.summary.text()
    model = box.progress.model
    shown = [[model.data(model.index(row, k)) for k in (1, 2)] for row in range(4)]
    assert shown[:2] == [["alice", "2"], ["bob", ""]]
    assert table[1].startswith(f"{RECORDING},alice,0,2,")
    box.close()


def test_an_earlier_version_is_looked_at_and_restored(window: MainWindow, project: Project) -> None:
    open_as(window, project, "alice")
    session, before = window.session, rows(window.session.document)
    labelling = window.labelling
    session.select(session.document.tiers[0].clips[0].id)
    labelling.clips.delete()
    window.commands.run("edit.versions")
    box = window.team_desk._versions
    until(lambda: box.list.topLevelItemCount() and box._shown is not None)
    item = box.list.topLevelItem(box.list.topLevelItemCount() - 1)
    item = item.child(item.childCount() - 1) if item.childCount() else item
    box.list.setCurrentItem(item)
    until(lambda: box._shown is not None and len(rows(box._shown[1])) == 2)
    assert "1 clip would come back" in box.difference.text()
    box.restore()
    assert rows(session.document) == before
    assert session.history.undo_title.startswith("Restore")
    QApplication.processEvents()
    box.close()
