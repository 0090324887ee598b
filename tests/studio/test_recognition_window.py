"""Asking runs in the window: choosing, progress, the answer, what is kept, what goes wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import tomli_w

from driving import until
from harstudio.labels.model import Clip
from harstudio.runs.about import ABOUT
from harstudio.runs.folder import RunFolder
from harstudio.runs.kept_recognitions import answers_folder, kept_answer
from harstudio.settings import data_dir
from harstudio.studio.recognition import recogniser as recogniser_module
from harstudio.studio.recognition.run_choice import take_choice
from trials import write_trial

TESTS = Path(__file__).resolve().parents[1]
FRAMES = 24


@pytest.fixture(autouse=True)
def sample_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers answer without a network."""
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    monkeypatch.setattr(recogniser_module, "PREDICT", "studio.sample_predictions:predict")
    monkeypatch.setattr(recogniser_module, "EXPLAIN", "studio.sample_predictions:explain")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    for name in ("a1_s1_t1", "a1_s1_t2", "a3_s1_t1", "a8_s1_t1", "a9_s1_t1"):
        write_trial(tmp_path / "data", name, FRAMES)
    return tmp_path / "data"


def trial(dataset: Path, name: str) -> Path:
    return dataset / "Skeleton" / f"{name}_skeleton.mat"


def make_run(folder: Path, *, picture: str = "depth", top1: float | None = 0.91) -> Path:
    """A run as far as the window reads it."""
    run = RunFolder(folder)
    run.checkpoints.mkdir(parents=True)
    run.config.write_text('[network]\nname = "mmff-lite"\n', "utf-8")
    prepared = {"version": 1, "topology": "utd_mhad_20", "skeleton": {"frames": 64},
                "picture": {"appearance": picture} if picture else None}  # fmt: skip
    run.preprocessing.write_text(json.dumps(prepared), "utf-8")
    run.data.write_text(json.dumps({"classes": ["a", "b", "c"]}), "utf-8")
    if top1 is not None:
        run.evaluation.write_text(json.dumps({"top1": top1}), "utf-8")
    run.best.write_bytes(b"weights")
    return folder


def write_inputs(folder: Path, inputs: dict[str, dict[str, object]]) -> None:
    """What its network takes, as runs say it now."""
    prepared = {"version": 2, "topology": "utd_mhad_20", "inputs": inputs}
    RunFolder(folder).preprocessing.write_text(json.dumps(prepared), "utf-8")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "runs" / "first")


def open_trial(window, path: Path) -> None:
    window.session.open(path)
    until(lambda: window.session.recording is not None and window.session.recording.path == path)
    until(lambda: window.session.history is not None)


def ask(window, run: Path) -> None:
    window.recognising.recognise(run)
    until(lambda: not window.recognising.recogniser.busy, what="the answer")
    recogniser = window.recognising.recogniser
    until(lambda: window.session.recognition is not None or recogniser.problem)


def test_a_run_tells_what_it_needs_and_whether_it_is_there(tmp_path, dataset, window):
    open_trial(window, trial(dataset, "a1_s1_t1"))
    recording = window.session.recording
    good = take_choice(make_run(tmp_path / "good"))
    assert good.facts(recording) == "mmff-lite · depth + skeleton · 3 classes · tested 0.91"
    color = take_choice(make_run(tmp_path / "color", picture="color", top1=None))
    assert color.lacks(recording) == ""  # the skeletons are there: the network says what it can
    assert color.facts(recording).endswith("not tested · here without colour")
    alone = {
        "picture": {"kind": "clip", "appearance": "color"},
        "thermal": {"appearance": "infrared"},
    }
    write_inputs(tmp_path / "color", alone)
    pictures = take_choice(tmp_path / "color")
    assert pictures.needs == ("color", "infrared")
    assert pictures.lacks(recording) == "needs colour or infrared, which this recording has not"
    write_inputs(tmp_path / "color", {"bones": {"kind": "skeleton"}, "inertial": {"frames": 8}})
    assert take_choice(tmp_path / "color").needs == ("inertial", "skeleton")
    unlearned = make_run(tmp_path / "empty")
    RunFolder(unlearned).best.unlink()
    assert take_choice(unlearned).lacks(recording) == "has learned nothing yet"
    RunFolder(unlearned).preprocessing.write_text("{", "utf-8")
    assert "damaged" in take_choice(unlearned).lacks(recording)


@pytest.fixture
def box(tmp_path, monkeypatch) -> Path:
    """An empty folder in the place of the weights that come with the program."""
    (folder := tmp_path / "box").mkdir()
    for module in ("bundled", "kept_recognitions"):
        monkeypatch.setattr(f"harstudio.runs.{module}.resource", lambda *_: folder)
    return folder


def put_in(box: Path, name: str, **made) -> Path:
    """A run with the card that bundled weights have."""
    folder = make_run(box / name, **made)
    lists = {key: ["something"] for key in ("serves", "commands", "figures", "limits")}
    card = {"title": "Waving", "summary": "x", "data": "x", "terms": "x", **lists}
    figures = {"top1": 0.875, "ci95": [0.8, 0.9], "clips": 40}
    (folder / ABOUT).write_text(tomli_w.dumps(card | figures), "utf-8")
    return folder


def test_weights_in_the_box_come_after_ones_own(tmp_path, dataset, run, window, box):
    put_in(box, "waving", top1=None)
    write_inputs(put_in(box, "colours"), {"picture": {"appearance": "color"}})
    put_in(box, "damaged").joinpath(ABOUT).write_text("title = 1", "utf-8")
    window.session.settings.run_folders = [str(tmp_path / "runs")]
    open_trial(window, trial(dataset, "a1_s1_t1"))
    window.commands.run("recognise.choose")
    until(window.palette_box.isVisible)
    shown = {one.title: one for one in window.palette_box.shown()}
    assert list(shown)[:2] == ["first", "waving"]
    assert (shown["first"].kind, shown["waving"].kind) == ("Run", "In the box")
    assert shown["waving"].detail == (
        "mmff-lite · depth + skeleton · 3 classes · tested 0.88"
    )  # fmt: skip
    assert "needs colour, which this recording has not" in shown["colours"].detail
    assert not shown["damaged"].enabled
    assert "title" in shown["damaged"].detail
    window.palette_box.close_palette()
    ask(window, box / "waving")
    assert window.session.recognition is not None
    assert not (box / "waving" / "recognitions").exists()
    assert list((data_dir() / "recognitions" / "waving").iterdir())


def test_runs_are_chosen_in_the_palette_those_that_fit_first(tmp_path, dataset, run, window, box):
    make_run(tmp_path / "runs" / "a-newer-one", picture="color")  # has only the skeletons here
    write_inputs(make_run(tmp_path / "runs" / "color"), {"picture": {"appearance": "color"}})
    window.session.settings.run_folders = [str(tmp_path / "runs")]
    open_trial(window, trial(dataset, "a1_s1_t1"))
    window.commands.run("recognise.choose")
    until(window.palette_box.isVisible)
    shown = [(one.title, one.enabled) for one in window.palette_box.shown()]
    assert shown == [
        ("first", True), ("a-newer-one", True), ("color", False), ("Another run…", True),
    ]  # fmt: skip
    window.palette_box.close_palette()


def test_the_answer_stands_in_the_panel_and_on_the_timeline(dataset, run, window):
    open_trial(window, trial(dataset, "a1_s1_t1"))
    panel = window.recognising.panel
    ask(window, run)
    until(window.recognising.is_panel_shown)
    assert panel.label.text() == "right arm swipe to the left"
    assert panel.verdict.text() == "✓ right: recorded as right arm swipe to the left"
    assert next(row.label for row in panel.ranking.rows) == "right arm swipe to the left"
    assert panel.title.toolTip() == str(run)
    assert window.timeline.scores is not None
    assert list(panel.looked_at.buttons) == list(window.session.explaining.kinds())
    history = window.session.history
    transport = window.session.transport
    window.labelling.clips.place(
        window.session.tier_name, Clip(transport.start_ns, transport.stop_ns, "clap")
    )
    assert history is not None
    assert panel.verdict.text().startswith("✗ wrong: ")
    assert panel.verdict.text().endswith(" says clap")


def test_answers_are_shown_again_at_once_when_one_comes_back(dataset, run, window):
    first, other = trial(dataset, "a1_s1_t1"), trial(dataset, "a3_s1_t1")
    open_trial(window, first)
    ask(window, run)
    said = window.session.recognition
    open_trial(window, other)
    assert window.session.recognition is None
    assert window.timeline.scores is None
    open_trial(window, first)
    assert window.session.recognition is said
    assert len(window.session.jobs.records) == 1


def test_answers_that_memory_lets_go_of_are_read_again(dataset, run, window, monkeypatch):
    monkeypatch.setattr(recogniser_module, "MOST_KEPT", 1)
    first, other = trial(dataset, "a1_s1_t1"), trial(dataset, "a3_s1_t1")
    open_trial(window, first)
    ask(window, run)
    said = window.session.recognition
    open_trial(window, other)
    ask(window, run)
    assert list(window.recognising.recogniser._kept) == [(other, run)]
    open_trial(window, first)
    until(lambda: window.session.recognition is not None)
    again = window.session.recognition
    assert again is not said
    assert (again.path, again.label) == (said.path, said.label)
    assert len(window.session.jobs.records) == 2


def test_answers_of_an_earlier_session_are_found_and_old_ones_say_so(dataset, run, window):
    first = trial(dataset, "a1_s1_t1")
    open_trial(window, first)
    ask(window, run)
    name = window.session.recording.name
    assert kept_answer(run, first, name) is not None
    assert not window.recognising.recogniser.stale
    assert kept_answer(run, trial(dataset, "a1_s1_t2"), name) is None
    later = answers_folder(run).stat().st_mtime + 60
    os.utime(RunFolder(run).best, (later, later))
    recogniser = window.recognising.recogniser
    recogniser._kept.clear()  # as after a restart
    open_trial(window, trial(dataset, "a3_s1_t1"))
    open_trial(window, first)
    until(lambda: window.session.recognition is not None)
    until(lambda: recogniser.stale)
    assert window.recognising.panel.trouble.text() == "The run has learned on since it said this."
    assert not window.recognising.panel.again.isHidden()


def test_what_cannot_be_recognised_says_why_beside_the_button(dataset, run, window):
    open_trial(window, trial(dataset, "a9_s1_t1"))
    ask(window, run)
    panel = window.recognising.panel
    assert panel.trouble.text().endswith("a9_s1_t1_skeleton.mat: It is damaged.")
    assert window.session.recognition is None
    assert not panel.again.isHidden()


def test_a_question_can_be_given_up_and_ends_with_the_recording(dataset, run, window):
    open_trial(window, trial(dataset, "a8_s1_t1"))
    recogniser, panel = window.recognising.recogniser, window.recognising.panel
    window.recognising.recognise(run)
    until(lambda: recogniser.record is not None and recogniser.record.state == "running")
    until(lambda: panel.progress_words.text() == "looking")
    assert not window.commands["recognise.choose"].enabled()
    panel.stop.click()
    until(lambda: not recogniser.busy)
    assert recogniser.problem == ""
    window.recognising.recognise(run)
    until(lambda: recogniser.record is not None and recogniser.record.state == "running")
    open_trial(window, trial(dataset, "a1_s1_t1"))
    until(lambda: not recogniser.busy)
    assert window.session.recognition is None


def test_another_class_is_explained_for_the_window_under_the_playhead_only(dataset, run, window):
    open_trial(window, trial(dataset, "a1_s1_t1"))
    ask(window, run)
    assert run not in window.training.folders()  # who is asked is not one's own training
    before, opinion = window.session.recognition, window.session.explaining.opinion
    window.session.transport.seek(int(opinion.middles[1]))
    window.recognising.panel.looked_at.class_chosen.emit(2)
    until(lambda: window.session.recognition is not before, what="the explanation")
    after = window.session.recognition
    shapes = [told[0].values.shape[1:] for told in after.explanations]
    assert shapes == [(10, 10), (6, 6), (10, 10)]
    assert after.windows == before.windows
    assert window.recognising.recogniser.target_of(1) == 2
    assert window.recognising.recogniser.target_of(0) is None
    assert window.recognising.panel.looked_at.classes.currentText() == "clap"


def test_the_last_run_is_asked_again_without_a_question(dataset, run, window):
    open_trial(window, trial(dataset, "a1_s1_t1"))
    again = window.commands["recognise.again"]
    assert not again.enabled()
    ask(window, run)
    assert again.title_now() == "Recognise again with first"
    window.commands.run("recognise.put_away")
    assert window.session.recognition is None
    assert window.commands.run("recognise.again")
    until(lambda: window.session.recognition is not None)
    assert window.store.value("recognition/run") == str(run)


def test_commands_show_hide_and_go_to_what_was_looked_at(dataset, run, window):
    open_trial(window, trial(dataset, "a1_s1_t1"))
    commands, explaining = window.commands, window.session.explaining
    assert not commands["recognise.looked_at"].enabled()
    ask(window, run)
    assert commands["recognise.looked_at"].checked()
    patch = explaining.patch(window.session.transport.position_ns)
    commands.run("recognise.to_frame")
    assert window.session.transport.position_ns == patch.time_ns
    commands.run("recognise.next_map")
    assert explaining.on_picture == "self-attention 2"
    commands.run("recognise.joints")
    assert not commands["recognise.joints"].checked()
    commands.run("recognise.looked_at")
    assert not explaining.any_shown()
    assert not commands["recognise.to_frame"].enabled()
    commands.run("view.recognition")
    assert not window.recognising.is_panel_shown()
