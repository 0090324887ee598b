"""The label list and the properties of a clip."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from driving import until
from harstudio.labels.label_sets import label_set_edits as edits
from harstudio.labels.label_sets.attributes import Attribute
from harstudio.labels.label_sets.label_set import Label, LabelSet
from harstudio.labels.model import Clip, Origin
from harstudio.studio import theme
from harstudio.studio.panels.clip import EMPTY
from harstudio.studio.panels.label_rows import COUNT_ROLE, LABEL_ROLE, NEW_ROLE
from studio.label_bench import PLAIN, Bench

SECOND = 1_000_000_000
MODEL = Clip(round(0.3 * SECOND), SECOND, "wave", confidence=0.93, origin=Origin.MODEL)
BOB = Clip(round(0.3 * SECOND), SECOND, "clap")


@pytest.fixture
def others() -> dict[str, list[Clip]]:
    return {"mmff-lite": [MODEL], "bob": [BOB]}


@pytest.fixture
def bench_size() -> tuple[int, int]:
    return 1000, 620


def names(bench: Bench) -> list[str]:
    model = bench.labels.model
    return [model.index(k, 0).data(LABEL_ROLE).name for k in range(model.rowCount())]


def facts(bench: Bench) -> dict[str, str]:
    return {name.text(): value.text() for name, value in bench.clip._values if not name.isHidden()}


def write(bench: Bench, text: str) -> None:
    bench.labels.filter.setFocus()
    QTest.keyClicks(bench.labels.filter, text)


def test_all_labels_stand_there_with_keys_and_counts(bench: Bench) -> None:
    bench.add((0, 9, "clap"), (20, 29, "clap"), (40, 49, "wave"))
    assert names(bench)[:3] == ["wave", "clap", "throw"]
    model = bench.labels.model
    assert [model.index(k, 0).data(COUNT_ROLE) for k in range(3)] == [1, 2, 0]
    bench.labelling.undo()
    assert model.index(0, 0).data(COUNT_ROLE) == 0
    assert bench.labels.title.text().startswith("Labels · bench")


def test_typing_filters_and_enter_presses_the_label(bench: Bench) -> None:
    bench.go(10)
    write(bench, "st")
    assert names(bench)[0] == "stand up"
    write(bench, "and u")
    assert names(bench) == ["stand up", "stand u"]
    QTest.keyClick(bench.labels.filter, Qt.Key.Key_Return)
    assert bench.labelling.open_clip.label == "stand up"
    assert bench.labels.filter.text() == ""
    assert not bench.labels.filter.hasFocus()
    assert len(names(bench)) == 12


def test_down_chooses_among_the_found(bench: Bench) -> None:
    write(bench, "dr")
    assert names(bench)[0] == "draw x"
    bench.labels.filter.clear()
    write(bench, "w")
    wanted = names(bench)[1]
    QTest.keyClick(bench.labels.filter, Qt.Key.Key_Down)
    QTest.keyClick(bench.labels.filter, Qt.Key.Key_Return)
    assert bench.labelling.open_clip.label == wanted


def test_a_new_label_is_added_where_it_is_typed(bench: Bench) -> None:
    write(bench, "juggle")
    index = bench.labels.model.index(0, 0)
    assert index.data(NEW_ROLE)
    assert index.data() == "Add “juggle”"
    QTest.keyClick(bench.labels.filter, Qt.Key.Key_Return)
    assert bench.labelling.label_set.find("juggle") is not None
    assert bench.labelling.open_clip.label == "juggle"
    assert names(bench)[-1] == "juggle"


def test_letters_typed_into_the_filter_are_no_label_keys(bench: Bench) -> None:
    bench.labels.filter.setFocus()
    bench.key("1")
    QTest.keyClick(bench.labels.filter, Qt.Key.Key_1)
    QTest.keyClick(bench.labels.filter, Qt.Key.Key_Backspace)
    assert bench.clips() == []
    QTest.keyClick(bench.labels.filter, Qt.Key.Key_Escape)
    assert bench.labels.filter.text() == ""
    assert not bench.labels.filter.hasFocus()


def test_a_click_is_the_same_as_the_key(bench: Bench) -> None:
    bench.add((10, 29, "wave"))
    bench.session.select(bench.clip_at(0).id)
    rows = bench.labels.rows
    at = rows.visualRect(bench.labels.model.index(1, 0)).center()
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, PLAIN, at)
    assert bench.clips() == [(10, 29, "clap")]


def test_another_label_set_is_chosen_and_kept(bench: Bench) -> None:
    bench.labels._list_sets()
    texts = [a.text().split("\t")[0] for a in bench.labels._sets.actions() if a.text()]
    assert texts[:2] == ["Edit labels…", "bench"]
    assert len(texts) >= 6
    chosen = next(a for a in bench.labels._sets.actions() if "UTD" in a.text().upper())
    chosen.trigger()
    assert len(names(bench)) == 27
    assert bench.project.open(bench.project.folder).label_set.name in texts


def test_nothing_selected_says_what_to_do(bench: Bench) -> None:
    assert bench.clip.empty.isVisible()
    assert bench.clip.empty.text() == EMPTY
    assert not bench.clip.comment.isVisible()


def test_properties_of_a_clip_and_what_others_say(bench: Bench) -> None:
    bench.add((9, 29, "wave"))
    bench.session.select(bench.clip_at(0).id)
    assert bench.clip.label.text() == "wave"
    assert facts(bench) == {
        "00:00.300": "0.700 s · 21 f",
        "alice": "by hand",
        "bob": "clap",
        "model": "agrees, 0.93",
    }
    bench.session.select(MODEL.id)
    assert facts(bench)["confidence"] == "0.93"
    assert facts(bench)["mmff-lite"] == "by a network"


def test_the_list_of_labels_gets_its_room_back(bench: Bench) -> None:
    bench.add((9, 29, "wave"))
    before = bench.labels.height()
    bench.session.select(bench.clip_at(0).id)
    until(lambda: bench.labels.height() < before)
    bench.session.select(None)
    until(lambda: bench.labels.height() == before)
    assert bench.clip.height() < 120


def test_the_question_of_a_doubt_is_where_the_keys_go(bench: Bench) -> None:
    bench.add((9, 29, "wave"))
    bench.session.select(bench.clip_at(0).id)
    bench.labelling.properties.toggle_unsure()
    assert "Ctrl+Enter" in bench.said()
    bench.clip.edit()
    assert bench.clip.comment.hasFocus()
    QTest.keyClicks(bench.clip.comment, "is it bending")
    QTest.keyClick(bench.clip.comment, Qt.Key.Key_Return)
    assert bench.clip_at(0).comment == "is it bending"
    bench.clip.edit()  # it is asked: now the label, as with any clip
    assert bench.clip.label.hasFocus()


def test_a_comment_is_written_once_and_can_be_undone(bench: Bench) -> None:
    bench.add((9, 29, "wave"))
    bench.session.select(bench.clip_at(0).id)
    bench.clip.comment.setFocus()
    QTest.keyClicks(bench.clip.comment, "left hand 2")
    revision = bench.document.revision
    QTest.keyClick(bench.clip.comment, Qt.Key.Key_Return)
    assert bench.clip_at(0).comment == "left hand 2"
    assert bench.document.revision == revision + 1
    bench.labelling.undo()
    assert bench.clip_at(0).comment == ""
    assert bench.clip.comment.toPlainText() == ""


def test_a_comment_is_not_lost_when_another_clip_is_selected(bench: Bench) -> None:
    bench.add((9, 29, "wave"), (40, 49, "clap"))
    first, second = bench.clip_at(0), bench.clip_at(1)
    bench.session.select(first.id)
    bench.clip.comment.setFocus()
    QTest.keyClicks(bench.clip.comment, "unsure")
    bench.session.select(second.id)
    assert bench.clip_at(0).comment == "unsure"
    assert bench.clip_at(1).comment == ""
    assert bench.clip.comment.toPlainText() == ""


def test_comments_of_others_cannot_be_written(bench: Bench) -> None:
    bench.session.select(BOB.id)
    assert bench.clip.comment.isReadOnly() or not bench.clip.comment.isVisible()


@pytest.mark.parametrize("name", ["dark", "light"])
def test_labels_in_every_row_can_be_read(bench: Bench, qapp, name: str) -> None:
    theme.apply(qapp, name)
    tokens = theme.current()
    for ink in (tokens.text, tokens.quiet):
        for ground in (tokens.surface, tokens.raised):
            assert theme.contrast(ink, ground) >= 4.5
    assert not bench.labels.grab().isNull()


ASKED = (
    Attribute("hand", "choice", ("left", "right"), required=True),
    Attribute("effort", "scale", ("none", "some", "much")),
    Attribute("heart rate", "number", low=30, high=220, unit="1/min"),
    Attribute("reps", "number", labels=("clap",)),
)


def asking(bench: Bench) -> None:
    """Two clips selected in a set that asks about clips."""
    bench.labelling.label_sets.use(replace(bench.labelling.label_set, attributes=ASKED))
    bench.add((9, 29, "wave"), (40, 49, "clap"))
    bench.session.select(bench.clip_at(1).id, bench.clip_at(0).id)


def test_several_clips_show_what_they_share_and_are_written_at_once(bench: Bench) -> None:
    asking(bench)
    panel, fields = bench.clip, bench.clip.attributes.fields
    assert panel.title.text() == "2 clips"
    assert (panel.label.text(), panel.label.placeholderText()) == ("", "several")
    assert list(fields) == ["hand", "effort", "heart rate"]  # what concerns them all
    revision = bench.document.revision
    panel.confidence.setFocus()
    QTest.keyClicks(panel.confidence, "90 %")
    QTest.keyClick(panel.confidence, Qt.Key.Key_Return)
    assert [bench.clip_at(k).confidence for k in (0, 1)] == [0.9, 0.9]
    assert bench.document.revision == revision + 1
    assert not panel.confidence.hasFocus()
    panel.comment.setFocus()
    QTest.keyClicks(panel.comment, "both")
    bench.session.select(bench.clip_at(0).id)
    assert [bench.clip_at(k).comment for k in (0, 1)] == ["both", "both"]
    bench.labelling.undo()
    bench.labelling.undo()
    assert [bench.clip_at(k).confidence for k in (0, 1)] == [None, None]


def test_attributes_by_the_keyboard_alone(bench: Bench) -> None:
    asking(bench)
    bench.session.select(bench.clip_at(0).id)
    panel, fields = bench.clip, bench.clip.attributes.fields
    missing = panel.findChild(QLabel, "clip_missing")
    assert missing.text() == "Still to answer: hand"
    panel.edit()
    assert fields["hand"].hasFocus()
    QTest.keyClick(fields["hand"], Qt.Key.Key_2)  # no label key: the second choice
    assert bench.clip_at(0).attributes == {"hand": "right"}
    assert not missing.isVisible()
    QTest.keyClick(fields["hand"], Qt.Key.Key_Tab)
    QTest.keyClick(fields["effort"], Qt.Key.Key_Tab)
    number = fields["heart rate"]
    assert number.hasFocus()
    QTest.keyClicks(number, "300")
    QTest.keyClick(number, Qt.Key.Key_Tab)
    assert "between 30 and 220" in bench.said()
    number.setFocus()
    QTest.keyClicks(number, "91,5")
    QTest.keyClick(number, Qt.Key.Key_Return)
    assert bench.clip_at(0).attributes == {"hand": "right", "heart rate": 91.5}
    assert bench.clip_at(0).label == "wave"
    panel.unsure.setFocus()
    QTest.keyClick(panel.unsure, Qt.Key.Key_Space)
    assert bench.clip_at(0).unsure


def test_a_label_is_written_by_name_or_synonym(bench: Bench) -> None:
    asking(bench)
    edited = edits.changed(
        bench.labelling.label_set, "throw", Label("throw", synonyms=("toss",), hotkey="3")
    )
    bench.labelling.label_sets.use(edited)
    field = bench.clip.label
    for text, said in (("juggle", "wave"), ("TOSS", "throw")):
        field.setFocus()
        field.selectAll()
        QTest.keyClicks(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)
        assert bench.clip_at(0).label == said
    assert [bench.clip_at(k).label for k in (0, 1)] == ["throw", "throw"]


def test_groups_fold_and_synonyms_are_found(bench: Bench) -> None:
    label_set = LabelSet(
        "made",
        (Label("wave", parent="arms", synonyms=("hail",), code="A7"), Label("walk")),
        groups=("arms",),
    )
    bench.labelling.label_sets.use(label_set)
    model = bench.labels.model
    texts = [model.index(k, 0).data() for k in range(model.rowCount())]
    assert texts == ["arms", "wave", "walk"]
    heading = bench.labels.rows.visualRect(model.index(0, 0)).center()
    QTest.mouseClick(bench.labels.rows.viewport(), Qt.MouseButton.LeftButton, PLAIN, heading)
    assert model.rowCount() == 2
    for found in ("hai", "a7"):
        bench.labels.filter.setText(found)
        assert names(bench)[0] == "wave"
    bench.labels.filter.clear()
    assert bench.clips() == []
