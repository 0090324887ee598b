"""Two sides on one clock: errors beside what they were taken for, two runs, two classes."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton, QWidget

from driving import until
from harstudio.errors import DataError, MissingError
from harstudio.labels.project import Project
from harstudio.resources import resource
from harstudio.results import Picture
from harstudio.runs.answers import StoredAnswers, save_answers
from harstudio.runs.folder import RunFolder
from harstudio.settings import Settings
from harstudio.studio.beside.asked import ComparedClip
from harstudio.studio.beside.finding import find_path
from harstudio.studio.beside.follower import Follower
from harstudio.studio.beside.side import Side
from harstudio.studio.beside.side_view import Pictures
from harstudio.studio.evaluation.misclassified import (
    BY_CENTRE,
    BY_SURENESS,
    Choice,
    chosen,
    read_errors,
    typical_of,
)
from harstudio.studio.recognition.looked_at import LookedAt
from harstudio.studio.session import Session
from harstudio.studio.team.rules import BLIND
from harstudio.studio.transport import Transport
from made_runs import write_run
from studio.made_recognition import made_recognition

SECOND = 1_000_000_000
SECONDS = 90  # a worker imports torch first, on a busy machine
CLASSES = ("wave", "clap", "throw")
# (recording of the demo, shown, said, confidence, subject, view)
ANSWERS = (
    ("wave-s01", 0, 1, 0.6, 1, 1), ("wave-s02", 0, 1, 0.9, 2, 1), ("clap-s01", 1, 1, 0.7, 1, 1),
    ("clap-s02", 1, 1, 0.8, 2, 2), ("throw-s01", 2, 0, 0.7, 1, 2), ("throw-s02", 2, 2, 0.5, 2, 2),
    ("kick-s01", 2, 2, 0.4, 1, 1),
)  # fmt: skip


def demo(name: str) -> Path:
    return resource("demo") / "recordings" / f"{name}.harrec"


def document(answers: tuple[Any, ...] = ANSWERS) -> dict[str, Any]:
    """An evaluation of clips of the demo."""
    matrix = np.zeros((3, 3), dtype=int)
    for one in answers:
        matrix[one[1], one[2]] += 1
    return {
        "network": "st-gcn", "part": "test", "clips": len(answers), "top1": 0.5,
        "confusion": matrix.tolist(), "per_class": {name: {} for name in CLASSES},
        "samples": [
            {"path": str(demo(name)), "recording": name, "start_ns": SECOND // 5,
             "end_ns": (1 + k % 2) * SECOND, "label": label, "predicted": said,
             "confidence": sure, "subject": subject, "view": view}
            for k, (name, label, said, sure, subject, view) in enumerate(answers)
        ],
    }  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that was evaluated and cannot be asked."""
    return write_run(tmp_path / "runs" / "one", evaluation=document())


def keep_features(run: Path, features: np.ndarray) -> None:
    logits = np.eye(3, dtype=np.float32)[[one[2] for one in ANSWERS]]
    labels = np.array([one[1] for one in ANSWERS])
    kept = StoredAnswers(logits, labels, features={"skeleton": features.astype(np.float16)})
    save_answers(RunFolder(run).answers, kept)


# ---- which errors, and what is typical


def names(found: list[Any]) -> list[str]:
    return [one.recording for one in found]


def test_errors_in_each_order_and_by_what_is_chosen(run):
    errors = read_errors(run)
    assert names(errors.wrong) == ["wave-s02", "throw-s01", "wave-s01"]
    assert errors.pairs() == [((0, 1), 2), ((2, 0), 1)]
    hardest = chosen(errors, Choice("hardest"))
    assert names(hardest) == ["wave-s02", "wave-s01", "throw-s01"]
    assert names(chosen(errors, Choice("frequent"))) == names(hardest)
    assert names(chosen(errors, Choice(pair=(2, 0)))) == ["throw-s01"]
    assert names(chosen(errors, Choice(subject=1))) == ["throw-s01", "wave-s01"]
    assert names(chosen(errors, Choice(view=1, subject=2))) == ["wave-s02"]


def test_typical_is_the_nearest_to_the_centre_and_without_features_the_surest(run):
    clip, rule = typical_of(read_errors(run), 2)
    assert (clip.recording, rule) == ("throw-s02", BY_SURENESS)
    features = np.zeros((len(ANSWERS), 2))
    features[5], features[6] = (4.0, 0.0), (0.5, 0.0)
    features[4] = (100.0, 100.0)  # wrong: not counted
    keep_features(run, features)
    errors = read_errors(run)
    three = replace(errors.findings.verdicts[5], recording="third")
    found = replace(errors.findings, verdicts=(*errors.findings.verdicts, three))
    more = np.vstack([errors.features, [[1.0, 0.0]]])
    clip, rule = typical_of(replace(errors, findings=found, features=more), 2)
    assert (clip.recording, rule) == ("third", BY_CENTRE)  # the mean is 1.83
    assert typical_of(errors, 0) is None  # no clip of it was recognised


def test_features_of_another_evaluation_do_not_count(run):
    keep_features(run, np.ones((len(ANSWERS), 2)))
    assert read_errors(run).features is not None
    other = document((*ANSWERS[:-1], ("kick-s01", 2, 1, 0.4, 1, 1)))
    (run / "other").mkdir()
    again = write_run(run / "other" / "run", evaluation=other)
    shutil.copy(RunFolder(run).answers, RunFolder(again).answers)
    assert read_errors(again).features is None


def test_cameras_and_persons_are_told_by_the_data_of_the_run(run):
    bare = document()
    for sample in bare["samples"]:
        sample["view"] = None
    (run / "evaluation.json").write_text(json.dumps(bare))
    known = {key: bare["samples"][0][key] for key in ("recording", "start_ns", "end_ns", "label")}
    twice = {key: bare["samples"][1][key] for key in ("recording", "start_ns", "end_ns", "label")}
    samples = [{**known, "view": 3, "person": "2"}, {**twice, "person": "1"}, twice]
    data = {"path": str(run), "parts": {"test": samples}}
    RunFolder(run).data.write_text(json.dumps(data))
    errors = read_errors(run)
    assert [(one.view, one.person) for one in errors.findings.verdicts[:2]] == [
        (3, "2"),
        (None, ""),
    ]
    assert errors.data == run


def test_a_run_without_clips_says_so(tmp_path):
    with pytest.raises(MissingError, match="not been evaluated"):
        read_errors(write_run(tmp_path / "new"))
    bare = {**document(), "samples": []}
    with pytest.raises(DataError, match="not kept"):
        read_errors(write_run(tmp_path / "bare", evaluation=bare))


def test_a_recording_is_looked_for_below_the_roots(tmp_path):
    there = tmp_path / "new" / "Skeleton" / "a.mat"
    there.parent.mkdir(parents=True)
    there.touch()
    assert find_path(there, []) == there
    assert find_path(Path("/old/data/Skeleton/a.mat"), [tmp_path, tmp_path / "new"]) == there
    assert find_path(Path("Skeleton/a.mat"), [tmp_path / "new"]) == there
    with pytest.raises(MissingError, match="not where it was"):
        find_path(Path("/old/Depth/a.mat"), [tmp_path / "new"])


# ---- one clock


def test_a_side_follows_the_clock_through_its_clip_and_leads_it(qapp):
    clock = Transport()
    side = Follower(clock, clock)
    clock.set_range(0, 10 * SECOND)
    side.show_clip(3 * SECOND, 5 * SECOND, 4 * SECOND)
    seen = []
    side.moved.connect(seen.append)
    clock.seek(SECOND // 2)
    clock.seek(6 * SECOND)
    assert seen == [3 * SECOND + SECOND // 2, 4 * SECOND]  # then it waits at its last frame
    side.seek(4 * SECOND)
    assert clock.position_ns == SECOND
    side.play()
    assert clock.playing
    assert side.playing
    side.pause()
    assert not clock.playing


# ---- the rules of a project


@pytest.fixture
def side(qapp):
    session = Session(Settings(annotator="alice"))
    clock = Transport(session)
    made = Side(session, clock, session)
    yield made
    made.shut()
    session.close()


def show_clip(side: Side, path: Path) -> None:
    told = []
    side.ready.connect(lambda: told.append(True))
    side.show_clip(ComparedClip(Path("run"), path, path.stem, 0, SECOND))
    until(lambda: told, what="it is there")


def test_faces_and_names_are_hidden_by_the_rules_of_the_recordings_own_project(side, tmp_path):
    folder = Path(shutil.copytree(resource("demo"), tmp_path / "demo"))
    project = Project.open(folder)
    path = folder / "recordings" / "wave-s01.harrec"
    show_clip(side, path)
    assert side.problem == ""
    assert not side.privacy.hides_faces
    (folder / "subjects.toml").write_text('[subjects]\n"s01" = "P01"\n')
    project.set_policy(replace(project.policy, blur_faces=True, pseudonyms=True))
    show_clip(side, demo("clap-s01"))
    assert not side.privacy.hides_faces
    assert side.team.shown(path.stem) == "wave-s01"
    show_clip(side, path)
    assert side.privacy.hides_faces
    assert side.team.shown(path.stem) == "wave-P01"
    told = made_recognition(side.recording, picture="color", windows=1, more=True)
    (given,) = (one for one in told.explanations[0] if isinstance(one, Picture))
    looked_at = LookedAt(side)
    side.explaining.take(told)
    looked_at.meet(told.classes)
    if not side.explaining.is_shown(given.name):
        side.explaining.toggle(given.name)
    image = looked_at.views[given.name].image
    shown = {image.pixelColor(x, 40).getRgb()[:3] for x in range(image.width())}
    assert len(shown) < 10 < len({tuple(one) for one in given.pixels[40].tolist()})
    looked_at.deleteLater()
    project.set_policy(replace(project.policy, blind=True))
    show_clip(side, demo("clap-s01"))
    show_clip(side, path)
    assert side.problem == BLIND
    assert side.recording is None
    assert side.question is None


def test_a_recording_that_is_gone_is_a_sentence_and_the_next_one_opens(side, tmp_path):
    show_clip(side, tmp_path / "gone.mat")
    assert "not where it was" in side.problem
    assert side.question is None
    show_clip(side, demo("clap-s01"))
    assert side.problem == ""
    assert side.recording.name == "clap-s01"
    assert (side.transport.start_ns, side.length_ns) == (0, SECOND)


def test_a_run_is_asked_only_about_the_recording_that_is_open(side):
    show_clip(side, demo("clap-s01"))
    assert side.question.path == demo("clap-s01")
    side.show_clip(ComparedClip(Path("run"), demo("wave-s01"), "wave-s01", 0, SECOND))
    assert side.question is None  # the one before is still on screen
    until(lambda: side.question is not None, what="it is open")
    assert side.question.path == side.recording.path == demo("wave-s01")
    side.show_clip(None)
    assert side.question is None
    assert side.recording is None


# ---- in the window, with a real network


def press(window: Any, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.NoModifier) -> None:
    window.activateWindow()
    until(window.isActiveWindow)
    QTest.keyClick(window.focusWidget() or window, key, modifier)


@pytest.fixture
def net(tmp_path):
    """A run that was evaluated and can be asked."""
    from trained_runs import write_run as write_network

    folder = tmp_path / "net"
    write_network(folder, topology="kinect_v2_25")
    write_run(tmp_path / "made", evaluation=document())
    shutil.copy(tmp_path / "made" / "evaluation.json", folder)
    return folder


def explained(beside: Any) -> bool:
    return all(one.recognition is not None for one in beside.sides)


def test_enter_opens_the_error_in_hand_and_leaving_lets_go_of_recordings(window, run):
    desk = window.beside_desk
    desk.show_errors(run)
    until(desk.is_shown, what="the page")
    page, (left, right) = desk.page, desk.page.beside.sides
    until(lambda: left.path is not None and right.path is not None, what="both are open")
    assert left.recording.name == "wave-s02"
    page.list.order.setFocus()
    page.list.order.activated.emit(0)  # as a click in the box
    press(window, Qt.Key.Key_Down)  # the one before is still open at the left
    assert page.list.current.recording == "throw-s01"
    press(window, Qt.Key.Key_Return)
    until(lambda: window.session.recording is not None, what="it is opened")
    assert window.session.recording.name == "throw-s01"
    until(lambda: not desk.is_shown(), what="the page is left")
    assert [one.recording for one in (left, right)] == [None, None]
    assert [one.prefetcher for one in (left, right)] == [None, None]


def test_what_was_not_found_is_looked_for_in_the_folder_that_is_opened(window, run, tmp_path):
    told = json.loads((run / "evaluation.json").read_text())
    for one in told["samples"]:
        one["path"] = str(tmp_path / "was" / Path(one["path"]).name)
    (run / "evaluation.json").write_text(json.dumps(told))
    desk = window.beside_desk
    desk.show_errors(run)
    until(desk.is_shown, what="the page")
    (left, right), (view, _) = desk.page.beside.sides, desk.page.beside.views
    until(lambda: left.problem and right.problem, what="nothing is there")
    assert view.title.isVisible()
    assert view.title.text() == "wave"
    assert view.verdict.text().startswith("✗ said to be “clap”")
    (tmp_path / "now").mkdir()
    for name in ("wave-s02", "clap-s02"):
        shutil.copytree(demo(name), tmp_path / "now" / f"{name}.harrec")
    window.session.open(tmp_path / "now")
    until(lambda: left.recording is not None and right.recording is not None, what="found")
    assert left.path == tmp_path / "now" / "wave-s02.harrec"

    left.explaining.set_strength(0.25, 0.5)  # maps beside each other are as strong
    for one in desk.page.beside.views:
        sliders = one.looked_at.opacity.value(), one.looked_at.threshold.value()
        assert sliders == (25, 50)
    told = made_recognition(right.recording, picture="color", windows=1)
    knows = replace(told, classes=tuple(f"class {k}" for k in range(len(told.classes))))
    left.compared = replace(left.compared, said="")
    left.take(knows)
    view.refresh()
    assert view.verdict.text().startswith("said to be “class 0”")
    assert "; does not know “wave”" in view.verdict.text()


def test_pictures_stay_where_they_are_for_a_few_pixels(qtbot):
    panes = [QWidget(), QWidget()]
    pictures = Pictures(panes)
    qtbot.addWidget(pictures)
    for pane in panes:
        pane.show()
    pictures.show()
    for tall, columns in ((310, 1), (290, 1), (240, 2), (310, 2)):  # either is best at 300
        pictures.resize(400, tall)
        assert pictures._placed[1] == columns


@pytest.mark.timeout(300)
def test_errors_side_by_side_are_played_explained_and_left(window, net):
    window.set_workspace("view.train")
    desk, commands = window.beside_desk, window.commands
    assert not commands["beside.errors"].enabled()
    window.train_page.evaluation.show_run(net)
    assert commands["beside.errors"].enabled()
    window.train_page.evaluation.beside.click()
    until(desk.is_shown, what="the page")
    page, beside = desk.page, desk.page.beside
    left, right = beside.sides

    until(lambda: explained(beside), SECONDS, "both explanations")
    assert [one.trouble for one in beside.sides] == ["", ""]
    assert (left.compared.recording, right.compared.recording) == ("wave-s02", "clap-s02")
    assert beside.views[0].title.text() == "wave"
    words = "✗ said to be “clap”, 90\N{NO-BREAK SPACE}% sure"
    assert beside.views[0].verdict.text().startswith(words)
    assert "for clap" in left.recognition.explanations[0][0].meaning
    until(lambda: left.transport.position_ns > left.transport.start_ns, what="it plays")
    assert commands["transport.play"].checked()
    press(window, Qt.Key.Key_Space)
    assert not beside.clock.playing
    window.keys.give("transport.next_frame", "Ctrl+8")
    tips = [button.toolTip() for button in beside.bar.findChildren(QToolButton)]
    assert "One frame on  (Ctrl+8)" in tips
    window.keys.reset()
    assert not window.session.transport.playing
    before = beside.clock.position_ns
    press(window, Qt.Key.Key_Right)
    assert beside.clock.position_ns != before
    assert right.transport.position_ns - right.transport.start_ns <= beside.clock.position_ns

    press(window, Qt.Key.Key_T, Qt.KeyboardModifier.AltModifier)
    assert left.label == 0
    until(lambda: "for wave" in left.recognition.explanations[0][0].meaning, SECONDS)
    assert beside.views[0].for_true.isChecked()

    commands.run("recognise.looked_at")
    assert not any(one.explaining.any_shown() for one in beside.sides)
    commands.run("recognise.looked_at")
    assert all(one.explaining.any_shown() for one in beside.sides)

    press(window, Qt.Key.Key_Down)
    assert page.list.current.recording == "throw-s01"
    until(lambda: left.recording is not None and left.recording.name == "throw-s01")
    assert right.compared is None  # no clip of "wave" was recognised
    assert "No clip of “wave” was recognised" in beside.views[1].problem.text()
    press(window, Qt.Key.Key_Up)
    page.list.subject.setCurrentIndex(1)
    assert names(page.list.rows) == ["throw-s01", "wave-s01"]
    press(window, Qt.Key.Key_Escape)
    assert window.arrangement.workspace == "view.train"
    assert not beside.clock.playing


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_two_classes_of_the_window_under_the_playhead(window, net):
    desk, commands, with_run = window.beside_desk, window.commands, window.recognising.recogniser
    window.session.open(demo("clap-s01"))
    until(lambda: window.session.recording is not None, what="the recording")
    window.set_workspace("view.review")
    assert not commands["beside.classes"].enabled()
    with_run.recognise(net)
    until(lambda: window.session.recognition is not None, SECONDS, "the recognition")
    assert commands["beside.classes"].enabled()
    assert commands["beside.runs"].enabled()
    commands.run("beside.runs")
    until(window.palette_box.isVisible, what="the runs to choose from")
    offered = [one.title for one in window.palette_box.shown()]
    assert "joints-any-sensor" in offered
    assert "net" not in offered  # it is the one that is there already
    window.palette_box.close_palette()
    desk.show_classes(0, 2)
    page, beside = desk.page, desk.page.beside
    left, right = beside.sides
    until(lambda: explained(beside), SECONDS, "both classes")
    assert [one.label for one in beside.sides] == [0, 2]
    assert [view.title.text() for view in beside.views] == ["wave", "throw"]
    assert left.path == right.path == demo("clap-s01")
    assert page.list.isHidden()
    desk.leave()
    assert window.arrangement.workspace == "view.review"
