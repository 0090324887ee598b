"""The signals pane: what is drawn, the playhead, clicking."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF

from harstudio.recordings.audio import AudioStream
from harstudio.recordings.motion import joint_speeds
from harstudio.recordings.recording import Recording
from harstudio.studio.panes.curves import make_curves
from studio.made_recording import made_recording
from studio.session_bench import SessionBench
from studio.test_panes import show_pane
from studio.test_sound import Ramp

RIGHT_HAND = 11


@pytest.fixture
def bench(qtbot, tmp_path, monkeypatch):
    made = SessionBench(qtbot, tmp_path, monkeypatch)
    yield made
    made.close()


def drawn(bench, **options):
    bench.show(made_recording(**options))
    pane = show_pane(bench, "signals")
    bench.qtbot.waitUntil(lambda: pane._curves is not None, timeout=5000)
    return pane


def test_the_chosen_joint_is_drawn(bench):
    pane = drawn(bench)
    pane.choice.setCurrentText("right hand")
    item = pane._plots[0].listDataItems()[0]
    times, values = item.getOriginalDataset()
    skeleton = bench.session.recording.streams["skeleton"]
    assert times == pytest.approx(skeleton.times_ns / 1e9)
    assert values == pytest.approx(joint_speeds(skeleton)[:, 0, RIGHT_HAND])
    assert pane.detail == "right hand speed, m/s"


def test_by_default_the_fastest_joint_of_either_side(bench):
    pane = drawn(bench)
    assert len(pane._plots[0].listDataItems()) == 2
    assert "right" in pane.detail


def test_inertial_channels_stand_with_their_kind(bench):
    pane = drawn(bench)
    assert [len(plot.listDataItems()) for plot in pane._plots] == [2, 3, 3]


def test_the_playhead_follows(bench):
    pane = drawn(bench)
    bench.session.transport.seek(700_000_000)
    assert [head.value() for head in pane._heads] == pytest.approx([0.7] * 3)


def test_a_click_goes_there(bench):
    pane = drawn(bench)
    box = pane._plots[1].vb
    at = box.mapViewToScene(QPointF(0.4, 0.0))
    pane.seek_to(at)
    assert bench.session.transport.position_ns == pytest.approx(400_000_000, abs=2_000_000)


def test_nothing_to_draw_is_said(bench):
    pane = drawn(bench, without=("skeleton", "inertial"))
    assert pane.empty.isVisible()
    assert pane.empty.text() == "This recording has no skeleton, no inertial sensor and no sound."
    assert not pane.choice.isVisible()


def test_the_sound_is_drawn_as_its_loudest_and_lowest():

    recording = Recording("r", "made", None, {"audio": AudioStream("audio", Ramp())})
    curves = make_curves(recording, lambda: False)
    assert curves.sound[0] == pytest.approx((0.0, 5 / 32768))
    assert np.all(np.diff(curves.sound[:, 1]) > 0)
    assert curves.sound_s[-1] == pytest.approx(3.0, abs=0.01)


def test_switching_recordings_leaves_no_old_curves(bench):
    pane = drawn(bench)
    bench.show(made_recording(name="other", without=("inertial",)))
    bench.qtbot.waitUntil(lambda: pane._curves is not None, timeout=5000)
    assert len(pane._plots) == 1


def test_the_sound_stands_below_the_other_signals(bench):

    recording = made_recording()
    recording.streams["audio"] = AudioStream("audio", Ramp())
    bench.show(recording)
    pane = show_pane(bench, "signals")
    bench.qtbot.waitUntil(lambda: pane._curves is not None, timeout=5000)
    _, values = pane._plots[-1].listDataItems()[0].getOriginalDataset()
    assert values.max() == pytest.approx((3 * 8000 - 1) / 32768, rel=0.01)
