"""The editor of a label set, the example that plays beside, and the list of doubts."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from driving import ROOT, until
from harstudio.labels.editing import clip_edits
from harstudio.labels.label_sets.attributes import Attribute
from harstudio.labels.label_sets.label_set import Example, Label, LabelSet
from harstudio.labels.model import Clip
from harstudio.labels.project import Project
from harstudio.studio.label_set.draft import Draft
from harstudio.studio.label_set.editor import LabelSetEditor
from harstudio.studio.label_set.tree import LabelTree
from harstudio.studio.panels.labels import LabelsPanel
from harstudio.studio.window import MainWindow

SECOND = 1_000_000_000
MINE = 2_600_000_000  # where alice's clip begins


def say(project: Project, recording: str, annotator: str, *clips: Clip) -> None:
    history = project.history(recording, annotator)
    for clip in clips:
        history.do(clip_edits.place(history.document, annotator, clip))
    history.close()


def said(project: Project, recording: str) -> dict[str, list[str]]:
    return {
        document.annotator: [clip.label for tier in document.tiers for clip in tier.clips]
        for document in project.documents(recording)
    }


@pytest.fixture
def small(tmp_path: Path, window: MainWindow) -> MainWindow:
    """The window on a project of two recordings, labelled by bob and now by alice."""
    folder = tmp_path / "p"
    labels = (Label("wave", hotkey="1"), Label("clap", hotkey="2"), Label("drink", hotkey="3"))
    project = Project.create(folder, "p", label_set=LabelSet("made", labels))
    for name in ("clap-s01", "drink-s01"):
        source = ROOT / "resources" / "demo" / "recordings" / f"{name}.harrec"
        shutil.copytree(source, folder / "recordings" / source.name) if source.is_dir() else (
            shutil.copy(source, folder / "recordings" / source.name)
        )
    asked = Clip(0, SECOND, "wave", unsure=True, comment="or a clap?")
    say(project, "clap-s01", "bob", asked, Clip(SECOND, 2 * SECOND, "clap"))
    say(project, "drink-s01", "bob", Clip(0, SECOND, "wave"))
    window.session.settings.annotator = "alice"
    window.session.open(folder)
    until(lambda: window.session.document is not None)
    window.labelling.clips.place("alice", Clip(MINE, MINE + SECOND, "wave"))
    return window


@pytest.fixture
def editor(small: MainWindow) -> LabelSetEditor:
    small.label_desk.edit("wave")
    return small.label_desk.editing.editor


def saved(editor: LabelSetEditor) -> str:
    editor.ask_save()
    until(lambda: not editor.busy)
    return editor.said.text()


def test_steps_of_a_draft_are_taken_back() -> None:
    made = LabelSet.of("made", ["a", "b", "c"])
    draft = Draft(made)
    sentences: list[str] = []
    draft.refused.connect(sentences.append)
    draft.change("a", name="x")
    draft.change("x", hotkey=made.labels[1].hotkey)
    draft.merge(["b", "x"], "x")
    assert draft.rewrites() == [("a", "x"), ("b", "x")]
    draft.change("c", name="b")  # that name is spoken for until it is saved
    assert "save that first" in sentences[-1]
    draft.remove(["c"])
    assert draft.removed() == ["c"]
    draft.add("c")
    assert draft.removed() == ["c"]  # another one of the same name
    for _ in range(5):
        draft.undo()
    assert draft.label_set == made
    assert not draft.unsaved
    assert not draft.rewrites()
    draft.redo()
    assert draft.undo_title == "rename “a”"


def test_the_tree_is_put_in_order_by_keys(qtbot) -> None:
    draft = Draft(LabelSet.of("made", ["a", "b", "c"]))
    tree = LabelTree(draft)
    qtbot.addWidget(tree)
    tree.choose("c")
    QTest.keyClick(tree, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert [la.name for la in draft.label_set.labels] == ["a", "c", "b"]
    assert tree.current_name() == "c"
    tree.filter("b")
    hidden = [tree.topLevelItem(k).isHidden() for k in range(3)]
    assert hidden == [True, True, False]
    QTest.keyClick(tree, Qt.Key.Key_Delete)
    assert [la.name for la in draft.label_set.labels] == ["a", "c"]


def test_a_renamed_label_stays_the_one_that_is_edited(qtbot) -> None:
    made = replace(LabelSet.of("made", ["wave", "clap", "drink"]), groups=("arms", "legs"))
    editor = LabelSetEditor(made)
    qtbot.addWidget(editor)
    tree, name = editor.tree, editor.details.name

    def rename(old: str, new: str) -> None:
        tree.choose(old)
        editor.details.edit_name()
        QTest.keyClicks(name, new)
        QTest.keyClick(name, Qt.Key.Key_Return)
        assert (tree.current_name(), tree.chosen(), name.text()) == (new, [new], new)

    rename("clap", "applaud")
    rename("legs", "feet")
    editor.search.setText("drink")
    rename("drink", "sip")  # which is not what was looked for
    editor.draft.undo()
    assert (tree.current_name(), name.text()) == ("drink", "drink")
    editor.search.clear()
    QTest.keyClick(tree, Qt.Key.Key_Delete)
    assert tree.current_name() == "applaud"  # the nearest, where nothing follows


def test_going_to_a_label_marks_that_one_alone(qtbot) -> None:
    editor = LabelSetEditor(LabelSet.of("made", ["wave", "clap"]))
    qtbot.addWidget(editor)
    editor.tree.topLevelItem(0).setSelected(True)
    editor.tree.setSelectionMode(editor.tree.SelectionMode.MultiSelection)  # as with Ctrl down
    editor.show_label("clap")
    assert editor.tree.chosen() == ["clap"]
    assert editor.details.name.text() == "clap"


def test_a_new_name_is_counted_first_and_reaches_every_document(
    small: MainWindow, editor: LabelSetEditor
) -> None:
    open_one = small.session.history
    editor.details.edit_name()
    QTest.keyClicks(editor.details.name, "hand wave")
    QTest.keyClick(editor.details.name, Qt.Key.Key_Return)
    until(lambda: "hand wave" in editor.said.text())
    assert editor.said.text() == "Saving makes “wave” to “hand wave” in 3 clips in 3 documents."
    assert said(small.session.project, "drink-s01") == {"bob": ["wave"]}
    assert saved(editor).endswith("3 clips in 3 documents rewritten.")
    project = Project.open(small.session.project.folder)
    assert said(project, "drink-s01") == {"bob": ["hand wave"]}
    assert said(project, "clap-s01") == {"alice": ["hand wave"], "bob": ["hand wave", "clap"]}
    assert project.label_set.labels[0].name == "hand wave"
    assert small.labelling.label_set == project.label_set
    until(lambda: small.labelling.others.documents[0].tiers[0].clips[0].label == "hand wave")
    assert small.session.history is open_one  # and its undo goes back to before
    titles = []
    while open_one.can_undo:
        titles.append(open_one.undo_title)
        small.labelling.undo()
    assert titles[0] == "Rename “wave” to “hand wave”"
    assert not any(tier.clips for tier in small.session.document.tiers)
    for _ in titles:
        small.labelling.redo()

    # a document that somebody holds refuses it
    held = Project.open(project.folder).history("drink-s01", "bob")
    editor.draft.merge(["clap"], "hand wave")
    assert "Not saved" in saved(editor)
    assert "bob.json" in editor.said.text()
    held.close()
    assert said(project, "clap-s01")["bob"] == ["hand wave", "clap"]
    assert small.session.document is not None
    assert saved(editor).endswith("1 clip in 1 document rewritten.")

    # what another window saved is not overwritten unless that is wished
    other = Project.open(project.folder)
    other.set_label_set(other.label_set.with_label("jump"))
    editor.draft.add("hop")
    assert "Somebody else changed" in saved(editor)
    editor.mine.click()
    until(lambda: not editor.busy)
    names = [la.name for la in Project.open(project.folder).label_set.labels]
    assert names == ["hand wave", "drink", "hop"]

    # a label that is typed in the window meanwhile
    small.labelling.label_sets.add("skip")
    assert editor.draft.label_set.find("skip") is not None
    editor.draft.add("run")
    small.labelling.label_sets.add("crawl")
    assert editor.theirs.isVisible()
    QTest.keyClick(editor, Qt.Key.Key_Escape)  # put away, not dropped
    small.label_desk.edit("drink")
    assert small.label_desk.editing.editor is editor
    assert editor.draft.label_set.find("run") is not None
    assert editor.close()  # the cross: put away, too
    assert not editor.isVisible()
    small.label_desk.edit("drink")
    assert editor.draft.label_set.find("run") is not None
    editor.cancel.click()
    assert small.label_desk.editing.editor is None
    assert not editor.isVisible()


def test_attributes_are_written_and_refused_in_words(qtbot) -> None:
    editor = LabelSetEditor(LabelSet.of("made", ["wave", "clap"]))
    qtbot.addWidget(editor)
    page = editor.attributes
    page.add()
    page.name.setText("effort")
    page.kind.setCurrentIndex(page.kind.findData("scale"))
    page.write()
    assert "two choices" in editor.said.text()
    page.choices.setPlainText("none\nsome\nmuch\n")
    page.required.setChecked(True)
    page.labels.item(2).setCheckState(Qt.CheckState.Checked)
    assert editor.draft.label_set.attributes == (
        Attribute("effort", "scale", ("none", "some", "much"), required=True, labels=("clap",)),
    )
    page.kind.setCurrentIndex(page.kind.findData("number"))
    page.low.setText("3")
    page.high.setText("1,5")
    page.write()
    assert "less than" in editor.said.text()
    page.low.setText("0,5")
    page.write()
    now = editor.draft.label_set.attributes[0]
    assert (now.kind, now.low, now.high, now.choices) == ("number", 0.5, 1.5, ())
    editor.draft.change("clap", name="applaud")
    assert editor.draft.label_set.attributes[0].labels == ("applaud",)


def test_sets_are_exported_and_taken_back(qtbot, tmp_path: Path) -> None:
    editor = LabelSetEditor(LabelSet.of("made", ["wave", "clap", "drink"]))
    qtbot.addWidget(editor)
    editor.export_file(tmp_path / "set.toml")
    editor.draft.remove(["clap", "drink"])
    editor.import_file(tmp_path / "set.toml")
    assert editor.draft.label_set == editor.draft.kept
    (tmp_path / "bad.toml").write_text("labels = 3")
    editor.import_file(tmp_path / "bad.toml")
    assert "damaged" in editor.said.text()


def test_another_set_puts_this_one_away_and_the_menu_brings_it_back(small: MainWindow) -> None:
    panel = small.findChild(LabelsPanel)
    mine = small.labelling.label_set
    told: list[str] = []
    small.session.message.connect(lambda _tone, sentence: told.append(sentence))

    def choose(start: str) -> None:
        panel._sets.aboutToShow.emit()
        next(a for a in panel._sets.actions() if a.text().startswith(start)).trigger()

    choose("Empty set")
    assert not small.labelling.label_set.labels
    assert told[-1].startswith("3 labels of “made” were put away; the title above")
    choose("made, put away")
    assert small.labelling.label_set == Project.open(small.session.project.folder).label_set == mine
    small.label_desk.edit("wave")
    editor = small.label_desk.editing.editor
    editor.draft.replace_all(LabelSet.of("theirs", ["hop"]))
    assert "3 labels of “made” were put away" in saved(editor)
    choose("made, put away")
    assert small.labelling.label_set == mine


def test_an_example_plays_beside_and_moves_nothing(small: MainWindow) -> None:
    desk, session = small.label_desk, small.session
    session.select(session.document.tiers[-1].clips[0].id)
    desk.take_example()
    example = session.project.label_set.find("wave").example
    assert example == Example("clap-s01", MINE, MINE + SECOND)
    before = session.transport.position_ns
    desk.toggle_example()
    until(lambda: desk.pane.film is not None)
    assert len(desk.pane.film.shots) == 30
    assert all(shot.image is not None for shot in desk.pane.film.shots)
    assert session.transport.position_ns == before
    desk.toggle_sync()
    session.transport.seek(MINE + SECOND // 2)
    assert desk.pane.time_ns() == SECOND // 2
    session.select(None)
    session.transport.seek(MINE + SECOND + SECOND // 10)  # round and round
    assert desk.pane.time_ns() == SECOND // 10
    lost = replace(session.project.label_set.labels[1], example=Example("gone", 0, SECOND))
    labels = (session.project.label_set.labels[0], lost)
    small.labelling.label_sets.use(LabelSet("made", labels))
    desk.show_example("clap")
    until(lambda: "not in the project" in desk.pane.view._words)
    desk.toggle_example()
    assert not desk.example_shown()


def test_a_doubt_is_answered_by_a_clip_of_ones_own(small: MainWindow) -> None:
    desk, session = small.label_desk.doubts, small.session
    desk.show()
    until(lambda: desk.box.list.count() == 1)
    doubt = desk.box.current()
    assert (doubt.annotator, doubt.clip.comment) == ("bob", "or a clap?")
    desk.answer(doubt, "clap", "the hands meet")
    mine = session.document.tier("alice").clips[0]
    assert (mine.label, mine.comment, mine.start_ns) == ("clap", "the hands meet", 0)
    until(lambda: desk.box.current().answers)
    assert "alice says clap: the hands meet" in desk.box.said.text()
    assert said(session.project, "clap-s01")["bob"] == ["wave", "clap"]  # not touched
    small.change_annotator("bob")  # who asked takes the answer
    until(lambda: desk.box.me == "bob" and desk.box.current() is not None)
    assert desk.box.take.count() == 2
    desk.settle(desk.box.current(), "clap")
    clip = session.document.tiers[0].clips[0]
    assert (clip.label, clip.unsure, clip.comment) == ("clap", False, "or a clap?")
    until(lambda: desk.box.list.count() == 0)
    project = session.project
    small.change_annotator("alice")
    project.set_policy(replace(project.policy, blind=True))  # then nobody sees those of others
    desk.read()
    until(lambda: "blind" in desk.box.count.text())
    assert desk.box.list.count() == 0
    desk.box.close()
