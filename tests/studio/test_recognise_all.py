"""Asking a run about all recordings that are listed; trimming and asking in other ways."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from driving import until
from harstudio.runs.kept_recognitions import answers_folder
from harstudio.runs.recognised.segments import Trimming, find_segments
from harstudio.runs.recognitions import heading
from harstudio.studio.panels.library_answers import RIGHT, WRONG, Said
from harstudio.studio.panels.library_model import DONE
from harstudio.studio.recognition.ways import (
    KEPT,
    Asking,
    Ways,
    read,
    typed_scales,
    typed_seconds,
)
from harstudio.studio.recognition.ways_section import WaysSection
from studio.made_recognition import made_recognition
from trained_runs import write_run
from trials import write_trial

NAMES = ("a1_s1_t1", "a1_s1_t2", "a3_s1_t1", "a8_s1_t1")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    for name in NAMES:
        write_trial(tmp_path / "data", name, 60)
    return tmp_path / "data"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_run(tmp_path / "runs" / "first")
    return tmp_path / "runs" / "first"


def listed(window, dataset: Path):
    """The window with the folder's recordings in its library, the first of them open."""
    window.session.open(dataset)
    until(lambda: window.library.model.rowCount() == len(NAMES), what="the library")
    until(lambda: window.session.recording is not None and window.session.history is not None)
    return window.library.model


def ask_all(window, run: Path) -> list[str]:
    """What messages said meanwhile."""
    told: list[str] = []
    window.session.message.connect(lambda _, text: told.append(text))
    window.recognising.recognise_all(run)
    assert window.recognising.batch.busy
    until(lambda: not window.recognising.batch.busy, 60, "all answers")
    return told


@pytest.mark.timeout(300)
def test_all_that_is_listed_is_asked_one_bad_one_too_and_not_again(window, dataset, run):
    """The whole way with a real network; what was answered stands in the list."""
    (dataset / "Skeleton" / "a3_s1_t1_skeleton.mat").write_bytes(b"no more")
    model = listed(window, dataset)
    window.library.search.setText("a1 a3")  # no such words together
    assert not model.listed()
    window.library.search.setText("-a8")
    ask_all(window, run)
    said = {Path(path).name[:8]: one for path, one in window.recognising.batch.said.items()}
    assert set(said) == {"a1_s1_t1", "a1_s1_t2", "a3_s1_t1"}
    assert said["a3_s1_t1"].error
    file = answers_folder(run) / "a1_s1_t2.recognition.npz"
    kept = heading(file)
    assert said["a1_s1_t2"] == Said("first", kept.name, kept.confidence)
    until(lambda: model.said == window.recognising.batch.said, what="the library's answers")
    window.library.search.setText("said:nothing")
    assert {found.name for found in model.listed()} == {"a3_s1_t1", "a8_s1_t1"}
    until(lambda: window.session.recognition is not None, what="that of the open recording")
    assert not window.session.recognition.explanations
    before = file.stat().st_mtime_ns
    window.library.search.setText("")
    (told,) = (text for text in ask_all(window, run) if "recognised" in text)
    assert told == "3 of 4 recordings are recognised, 2 were before, 1 could not be."
    assert file.stat().st_mtime_ns == before
    model.sort_by_said(True)
    sure = [model.said[str(found.path)].confidence for found in model.listed()[:3]]
    assert sure == sorted(sure)
    assert window.recognising.how_many() == "all 4"
    explain_one(window)
    find_again(window)
    window.recognising.recogniser.ways.ask(window_s=0.5)
    ask_all(window, run)
    until(lambda: window.session.recognition.asked["window_s"] == 0.5, what="the new answer")


def explain_one(window) -> None:
    """What was asked without explanations is explained window by window."""
    window.recognising._show_panel()
    looked_at = window.recognising.panel.looked_at
    until(lambda: looked_at.ask.isVisible(), what="the button that explains")
    looked_at.ask.click()
    until(lambda: window.session.recognition.explanations, 60, "the explanation")
    until(lambda: not looked_at.ask.isVisible() and looked_at.buttons)


def find_again(window) -> None:
    """What lies in the run's folder is listed when another session looks."""
    batch = window.recognising.batch
    said = {path: one for path, one in batch.said.items() if one.label}
    batch.said = {}
    batch._run = None
    batch._look()
    until(lambda: batch.said == said, what="what lies in the run's folder")
    until(lambda: dict(window.library.model.said) == said)


def test_what_is_said_is_shown_when_one_is_done(window, dataset, monkeypatch):
    """Blind annotation: recording by recording, whichever is open."""
    model, batch = listed(window, dataset), window.recognising.batch
    window.recognising._show_panel()
    batch.said = {str(found.path): Said("first", "wave", 0.5) for found in model.listed()}
    batch.changed.emit()
    assert len(model.said) == 4
    team = window.session.team
    monkeypatch.setattr(team, "why_hidden", lambda _name, done: "" if done else "blind")
    team.changed.emit()
    assert not model.said
    model.set_states({"a1_s1_t2": DONE})
    (path,) = model.said
    assert "a1_s1_t2" in path
    assert "marked as done" in window.recognising._some_hidden()


def test_the_selection_stays_while_answers_come(window, dataset):
    model = listed(window, dataset)
    model.sort_by_said(True)
    view, name = window.library.list, model.listed()[3].name
    view.setCurrentIndex(model.index(3))
    model.set_said({str(model.listed()[3].path): Said("first", "wave", 0.1)})
    assert model.listed()[0].name == name
    assert view.currentIndex().row() == 0
    window.library.search.setText("said:wave")
    view.setCurrentIndex(model.index(0))
    model.set_said({str(found.path): Said("first", "wave", 0.5) for found in model.all_found()})
    assert model.rowCount() == 4
    assert model.listed()[view.currentIndex().row()].name == name


def test_what_a_run_does_not_know_is_not_wrong(window, dataset):
    found = listed(window, dataset).listed()[0]
    assert Said("run", "kick", 0.5).verdict(found) == WRONG
    assert Said("run", "kick", 0.5, classes=("kick", "sit")).verdict(found) == ""
    known = found.action.name
    assert Said("run", "kick", 0.5, classes=("kick", known)).verdict(found) == WRONG
    assert Said("run", known, 0.5, classes=("kick", known)).verdict(found) == RIGHT


def test_the_list_of_runs_says_how_many_have_what_each_needs(window, dataset, run):
    listed(window, dataset)
    recognising = window.recognising
    recognising.recogniser.list_runs()
    until(lambda: recognising.recogniser.choices)
    entries = {entry.title: entry for entry in recognising.entries_for_all()}
    joints, color = entries["joints-any-sensor"], entries["color-skeleton"]
    assert joints.detail.endswith("for all 4")
    titles = list(entries)
    assert titles.index("depth-skeleton") < titles.index("color-skeleton")  # has all that it needs
    assert color.detail.endswith("for all 4 · of 4 a part")
    needs = recognising.recogniser.choice(run) or recognising.recogniser.choices[0]
    pictures = replace(needs, needs=("infrared",))
    assert pictures.facts_for([("depth",)]).endswith("none here has what it needs")


# ---- ways


def test_sliders_trim_at_once_without_asking(window, dataset):
    listed(window, dataset)
    session, ways = window.session, window.recognising.recogniser.ways
    session.show_recognition(made_recognition(session.recording, windows=9, explain=False))
    windows = session.recognition.windows
    section = window.recognising.panel.findChild(WaysSection)
    section.least.setValue(80)
    until(lambda: not session.recognition.segments, what="nothing is sure")
    assert session.recognition.windows is windows
    assert Trimming.of(session.recognition).confidence == 1.0
    section.smooth.setValue(40)
    section.least.setValue(0)
    until(lambda: Trimming.of(session.recognition) == Trimming(smooth_s=2.0), what="smooth")
    assert session.recognition.segments == tuple(find_segments(windows, Trimming(smooth_s=2.0)))
    ways.ask(window_s=0.5)
    assert not ways.asking.was_asked(replace(session.recognition, asked={"window_s": None}))
    section.reset.click()
    assert (ways.asking, ways.trimming) == (Asking(), Trimming())


def test_fields_take_what_can_be_and_say_what_cannot(window, dataset):
    listed(window, dataset)
    window.recognising._show_panel()
    section = window.recognising.panel.findChild(WaysSection)
    window.session.show_recognition(made_recognition(window.session.recording, explain=False))
    section.title.click()
    ways, told = window.recognising.recogniser.ways, []
    window.session.message.connect(lambda _, text: told.append(text))
    for field, text, value in (
        (section.window_s, "1,5 s", {"window_s": 1.5}),
        (section.stride_s, "0.25", {"stride_s": 0.25}),
        (section.scales, "0.7, 1; 1.4", {"scales": (0.7, 1.0, 1.4)}),
    ):
        field.setText("")
        QTest.keyClicks(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)
        assert {name: getattr(ways.asking, name) for name in value} == value
    for field, text in ((section.window_s, "much"), (section.scales, "0"), (section.stride_s, "0")):
        field.setText("")
        QTest.keyClicks(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)
    assert told == [
        "“much” is no number.",
        "A scale lies between 0.01 and 100.",
        "A stride lasts at least 0.001 seconds.",
    ]
    assert section.window_s.text() == "1.5 s"
    kept = Ways(window.session, window.store)
    assert (kept.asking, kept.trimming) == (ways.asking, ways.trimming)
    assert window.store.value(KEPT)


@pytest.mark.parametrize(
    "text", ["", "{", "{}", '{"asking": {"scales": 1}, "trimming": {}}', '{"asking": 3}']
)
def test_ways_that_make_no_sense_are_forgotten(text):
    assert read(text) == (Asking(), Trimming())


def test_what_is_typed():
    assert (typed_seconds(""), typed_seconds("auto"), typed_seconds(" 2 S ")) == (None, None, 2.0)
    assert typed_scales("") == (1.0,)
    with pytest.raises(ValueError, match="no number"):
        typed_seconds("nan")
