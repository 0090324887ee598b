"""Taking things away from the window under the playhead: by keys, by mouse, with a real worker."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from driving import until
from harstudio.resources import resource
from harstudio.results import Recognition, Window
from harstudio.runs.bundled import find_run
from harstudio.runs.reading import read_data
from harstudio.studio.what_if.answer import Answer
from harstudio.studio.what_if.changes import Area, Changes, group
from harstudio.studio.what_if.chart import Bar
from harstudio.studio.what_if.section import WhatIfSection, hidden_words, stream_words
from harstudio.studio.what_if.what_if import Tool

SECOND = 1_000_000_000
LEFT = Qt.MouseButton.LeftButton
TOLD = {
    "classes": ["wave", "clap", "kick"], "kinds": ["depth", "skeleton"], "can_drop": ["depth"],
    "moved": 0.5, "probabilities": [0.2, 0.7, 0.1], "name": "clap",
    "by_stream": {"skeleton": [0.2, 0.7, 0.1]},
    "before": {"name": "wave", "probabilities": [0.7, 0.2, 0.1],
               "by_stream": {"depth": [0.4, 0.5, 0.1], "skeleton": [0.8, 0.1, 0.1]}},
}  # fmt: skip


def test_changes_are_kept_apart_from_each_other() -> None:
    area = Area("depth", 10, 20, 30, 60)
    changes = Changes().with_kind("depth", dropped=True).with_area(area).with_joints(
        ["HandLeft"], hidden=True
    )  # fmt: skip
    assert changes.payload() == {
        "without": ["depth"], "joints": ["HandLeft"],
        "masked": [{"stream": "depth", "left": 10, "top": 20, "right": 30, "bottom": 60}],
    }  # fmt: skip
    assert changes.with_kind("depth", dropped=False).without_area(0).with_joints(
        ["HandLeft"], hidden=False
    ) == Changes()  # fmt: skip
    assert not Changes()
    names = ("Head", "WristLeft", "ElbowLeft", "AnkleRight", "SpineBase", "nose", "left_index")
    assert group("hands", names) == {"WristLeft", "left_index"}
    assert group("arms", names) == {"WristLeft", "ElbowLeft", "left_index"}
    assert group("head", names) == {"Head", "nose"}


def test_hidden_joints_are_named_by_groups() -> None:
    joints = ("Head", "ElbowLeft", "WristLeft", "HandLeft", "KneeLeft", "AnkleLeft")
    assert hidden_words(frozenset(joints[1:5]), joints) == ["arms", "left knee"]
    assert hidden_words(frozenset(("HandLeft", "WristLeft", "Head")), joints) == ["head", "hands"]


def test_before_and_after_in_words() -> None:
    answer = Answer((0, 1, ""), Changes(), TOLD)
    assert [(one.label, one.before, one.after) for one in answer.ranking()] == [
        (0, 0.7, 0.2), (1, 0.2, 0.7), (2, 0.1, 0.1),
    ]  # fmt: skip
    words = [stream_words(one, answer.classes) for one in answer.by_stream()]
    assert words == ["clap 50 → left out", "wave 80 → clap 70"]
    assert (Bar("wave", "#fff", 0.7, 0.2).words, Bar("wave", "#fff", 0.7, 0.2).change) == (
        "70 → 20", "−50",
    )  # fmt: skip


def test_a_change_is_that_of_the_figures_beside_it() -> None:
    pairs = [(0.993, 0.986), (0.986, 0.974), (0.004, 0.006), (0.35, 0.165)]
    assert [Bar("", "", *pair).change for pair in pairs] == ["", "−2", "", "−19"]


def say_something(window, run: Path) -> None:
    """A recognition of two windows, as the run is asked about them."""
    classes = tuple(read_data(run)["classes"])
    start = window.session.recording.start_ns
    shares = np.full(len(classes), 1 / len(classes), np.float32)
    spans = [(start, start + SECOND), (start + SECOND, start + 2 * SECOND)]
    windows = tuple(Window(a, b, shares) for a, b in spans)
    path = window.session.recording.path
    window.session.show_recognition(
        Recognition(str(run), "late-score", classes, path.stem, str(path), windows, (), 0, 0.1)
    )


@pytest.mark.timeout(300)
def test_a_real_worker_answers_as_things_are_taken_away(window) -> None:
    window.session.open(resource("demo") / "recordings" / "clap-s01.harrec")
    until(lambda: window.session.recording is not None)
    what_if, devices = window.recognising.what_if, set()
    window.recognising.recogniser.ways.ask(device="cpu")
    window.session.jobs.added.connect(lambda record: devices.add(record.device))
    assert not window.commands.run("what_if.mask")  # nothing was recognised yet
    say_something(window, find_run("depth-skeleton"))
    section = window.findChild(WhatIfSection)

    def answered() -> bool:
        return what_if.is_current and not what_if.is_asking

    assert window.commands.run("what_if.turn")
    until(answered, seconds=90, what="the window is read")
    assert section.body.isVisible()
    assert list(section.kinds) == ["depth", "skeleton"]
    assert not section.chart.isVisible()

    assert window.commands.run("what_if.drop_depth")
    until(answered, what="an answer without depth")
    assert what_if.answer.can_drop == ("depth",)
    assert not section.kinds["skeleton"].isEnabled()  # nothing else would be left
    assert section.chart.isVisible()
    assert section.chart.bars[0].label == what_if.answer.told["before"]["name"]
    window.commands.run("what_if.drop_depth")

    window.commands.run("what_if.mask")
    canvas = window.pane_area.docks["depth"].widget().canvas
    until(lambda: canvas.view().scale > 0 and canvas.width() > 100)
    view = canvas.view()

    def at(x: float, y: float) -> QPoint:
        return QPoint(round(view.x + x * view.scale), round(view.y + y * view.scale))

    def drag(start: QPoint, end: QPoint) -> None:
        QTest.mousePress(canvas, LEFT, pos=start)
        QTest.mouseMove(canvas, (start + end) / 2)
        QTest.mouseMove(canvas, end)
        assert what_if.draft is not None
        QTest.mouseRelease(canvas, LEFT, pos=end)

    drag(at(200, 60), at(330, 300))
    (area,) = what_if.changes.masked
    assert np.allclose((area.left, area.top, area.right, area.bottom), (200, 60, 330, 300), atol=4)
    until(answered, what="an answer with a region masked")
    assert what_if.answer.moved > 0
    drag(at(260, 200), at(290, 200))  # carried to the right
    (moved,) = what_if.changes.masked
    assert moved.left > area.left + 20
    assert moved.width == area.width

    window.session.transport.seek(window.session.recording.start_ns + SECOND * 3 // 2)
    until(lambda: answered() and what_if.answer.window[0] >= SECOND, what="the next window")
    assert what_if.answer.changes == what_if.changes

    window.back_out()
    assert what_if.tool is Tool.NONE
    window.back_out()
    assert not what_if.changes
    what_if.change(Changes(joints=frozenset(what_if.joints)))
    until(lambda: what_if.problem, what="nobody is seen")
    assert section.problem.text() == what_if.problem
    window.commands.run("what_if.turn")
    assert devices == {"cpu"}
    assert not section.body.isVisible()
    assert not what_if.changes
