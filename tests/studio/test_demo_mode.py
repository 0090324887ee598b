"""The screen for visitors: words, figures, alarm, and the way out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from driving import until, wait
from harstudio.live.session import LiveOptions, LiveSession
from harstudio.live.streams import LiveStream
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import Body, SkeletonFrame, StreamKind
from harstudio.skeletons.topology import topology
from harstudio.studio.demo_mode import showing
from harstudio.studio.demo_mode.acted import LEFT_OUT, TOPOLOGY, acted, key_of
from harstudio.studio.demo_mode.acting import act, alone
from harstudio.studio.demo_mode.doing import NOTHING_KNOWN
from harstudio.studio.demo_mode.hold import HOLD_S
from harstudio.studio.demo_mode.showing import Showing
from harstudio.studio.demo_mode.shown import Figure, Mirror, Scene, Shown
from harstudio.studio.demo_mode.sizes import LABEL_PX, PANEL, Sizes
from harstudio.studio.demo_mode.stage import Stage
from harstudio.studio.live.reading import Feed
from harstudio.studio.live.service import LiveService
from harstudio.studio.live.watch.alarm import Alarm
from harstudio.studio.live.watch.watch import Watch
from harstudio.studio.session import Session

ROOT = Path(__file__).resolve().parents[2]
UTD = [
    one["name"]
    for one in json.loads((ROOT / "resources/datasets/class_names_utd.json").read_text("utf-8"))[
        "classes"
    ]
]
WAVE = Shown(
    Scene.DOING,
    label="right hand wave",
    ranked=(("right hand wave", 0.93), ("draw circle", 0.04), ("throw", 0.02)),
    shares=(("skeleton", 0.64), ("color", 0.36)),
    just_now=("clap", "squat", NOTHING_KNOWN),
    source="kinect2:0 · depth + skeleton",
    fps=30,
    latency_ms=84,
)


@pytest.fixture
def stage(qtbot):
    made = Stage()
    made.resize(1920, 1080)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.hide()
    made.deleteLater()


def pixels(widget) -> np.ndarray:
    """(H, W, 3) uint8 of what it paints."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def test_every_class_is_read_from_five_metres_and_runs_into_nothing(stage):
    """96 px at 1080, whatever the name, and no word is cut off at the right edge."""
    for height in (720, 1080, 2160):
        stage.resize(height * 16 // 9, height)
        for name in (*UTD, "falling", "Purzelbaum"):
            stage.show_words(replace(WAVE, label=name))
            picture = pixels(stage.doing)
            least = round(LABEL_PX * height / 1080)
            assert stage.doing.label_px >= least - 1, f"{name} at {height}"
            edge = picture[:, -round(20 * height / 1080) :]
            assert (edge == PANEL.getRgb()[:3]).all(), f"{name} at {height} runs out of the screen"


def test_words_of_a_gate_stand_in_its_colours_and_the_bar_is_as_long_as_it_is_sure(stage):
    stage.show_words(WAVE)
    picture = pixels(stage.doing).astype(int)
    width = picture.shape[1]

    def longest(color: str) -> int:
        red, green, blue = (int(color[k : k + 2], 16) for k in (1, 3, 5))
        near = np.abs(picture - (red, green, blue)).max(axis=2) < 12
        return int(near.sum(axis=1).max())

    trough = width - 2 * round(42 * 1.0)
    assert longest("#3FB8AF") / trough == pytest.approx(0.93, abs=0.02)
    assert longest("#E69F00") / trough == pytest.approx(0.64, abs=0.03)
    assert longest("#56B4E9") / trough == pytest.approx(0.36, abs=0.03)


def test_the_picture_fills_its_place_and_follows_who_leaves_the_middle(stage):
    picture = np.zeros((480, 1280, 3), np.uint8)
    picture[:, :640, 0], picture[:, 640:, 2] = 200, 200  # red at the left, blue at the right
    points = np.full((25, 2), 1100.0)
    points[:, 1] = 240
    body = Body("1", np.zeros((25, 3), np.float32), np.full(25, 2, np.uint8))
    stage.show_words(WAVE)
    stage.show_mirror(Mirror(picture))
    seen = pixels(stage.mirror)
    middle = seen.shape[1] // 2
    assert seen[900, middle - 60, 0] == 200
    assert seen[900, middle + 60, 2] == 200
    assert (seen[900].max(axis=1) > 0).all()  # no borders
    for _ in range(200):
        stage.show_mirror(Mirror(picture, (Figure(0, body, points, "kinect_v2_25"),)))
    followed = pixels(stage.mirror)
    assert followed[900, middle - 60, 2] == 200  # the picture moved, not the person out of it


def test_esc_must_be_held(stage, qtbot):
    left = []
    stage.left.connect(lambda: left.append(1))
    QTest.keyPress(stage, Qt.Key.Key_Escape)
    again = QKeyEvent(QEvent.Type.KeyRelease, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier,
                      "", True)  # fmt: skip
    QApplication.sendEvent(stage, again)  # a keyboard that repeats: the key is still down
    until(lambda: stage.held.share > 0.2, what="the ring closes")
    assert stage.ring.isVisible()
    QTest.keyRelease(stage, Qt.Key.Key_Escape)
    assert stage.held.share == 0
    assert stage.held.hints
    wait(round(1000 * HOLD_S) + 100)
    assert not left
    QTest.keyPress(stage, Qt.Key.Key_Escape)
    until(lambda: left, what="it is left")
    QTest.keyRelease(stage, Qt.Key.Key_Escape)


def test_the_cursor_goes_after_three_seconds_and_comes_with_the_mouse(stage):
    QTest.mouseMove(stage, stage.rect().center())
    assert stage.cursor().shape() != Qt.CursorShape.BlankCursor
    stage._cursor.setInterval(30)
    stage._show_cursor()
    until(lambda: stage.cursor().shape() == Qt.CursorShape.BlankCursor)


def test_idle_shows_the_actors_and_who_steps_in_is_seen_at_once(stage):
    found = acted(["right hand wave", "squat (two arms stretch out)", "brushing teeth"])
    assert [one.name for one in found] == ["right hand wave", "squat (two arms stretch out)"]
    stage.show_acted(found)
    stage.show_words(replace(WAVE, scene=Scene.IDLE, classes=tuple(UTD)))
    assert stage.idle.isVisible()
    assert not stage.mirror.isVisible()
    before = pixels(stage.idle)
    orange = (np.abs(before.astype(int) - (0xE6, 0x9F, 0x00)).max(axis=2) < 16).sum()
    assert orange > 2000  # right limbs of two figures
    until(lambda: (pixels(stage.idle) != before).any(), what="the figures move")
    stage.show_words(WAVE)
    assert stage.mirror.isVisible()
    assert not stage.idle.isVisible()


def test_what_an_actor_does_is_seen_as_in_a_mirror():
    """A right-handed wave: the hand on the right of the picture, above the shoulder."""
    skeleton = topology(TOPOLOGY)
    points = acted(["right hand wave"])[0].points
    wrist, shoulder = (skeleton.index(j) for j in ("WristRight", "ShoulderRight"))
    top = int(np.nanargmax(points[:, wrist, 1]))
    assert points[top, wrist, 1] > points[top, shoulder, 1]
    assert points[top, wrist, 0] > points[top, skeleton.index("SpineMid"), 0]
    squat = acted(["squat"])[0].points[:, skeleton.index("SpineBase"), 1]
    assert squat.min() < 0.75 * squat[0]


def test_classes_find_their_actor_by_the_names_that_data_sets_use():
    assert all(key_of(name) for name in UTD)
    assert key_of("clapping") == key_of("two hand front clap") == "clap"
    assert key_of("brushing teeth") == ""


def test_figures_are_what_the_actors_do_now():
    """``python -m harstudio.studio.demo_mode.acting`` makes them anew."""
    assert all(key_of(key) == key for key in alone())
    kept = [joint for joint in range(25) if joint not in LEFT_OUT]
    for key in ("wave", "fall", "draw triangle"):
        filmed, kept_points = act(alone()[key]), acted([key])[0].points
        assert filmed.shape == kept_points.shape
        np.testing.assert_allclose(filmed[:, kept] / 1000, kept_points[:, kept], atol=0.002)


def test_an_alarm_is_red_until_somebody_has_seen_it(stage):
    first = Alarm("falling", "14:01:00", 0.9, 1, "falling.harrec")
    alarm = Alarm("falling", "14:03:22", 0.94, 2)
    seen = []
    stage.seen.connect(lambda: seen.append(1))
    QTest.keyClick(stage, Qt.Key.Key_Return)
    assert not seen  # there was nothing to see
    stage.show_words(replace(WAVE, alarm=alarm, alarms=(alarm, first)))
    assert stage.alarm.isVisible()
    assert not stage.doing.isVisible()
    red = pixels(stage).astype(int)
    reddish = (red[..., 0] > 120) & (red[..., 1] < 60) & (red[..., 2] < 60)
    assert reddish.mean() > 0.25
    QTest.keyClick(stage, Qt.Key.Key_Return)
    assert seen
    stage.show_words(WAVE)
    assert stage.doing.isVisible()


def test_sizes_follow_the_height_and_upright_screens_stack():
    assert Sizes(3840, 2160).px(96) == 2 * Sizes(1920, 1080).px(96)
    upright = Sizes(1080, 1920)
    assert upright.column().top() == upright.mirror().height()
    assert upright.column().united(upright.mirror()) == QRect(0, 0, 1080, 1920)


# ---- fed by a live session, whose processes are this test


class Sensor:
    """Rings that are filled here, and a service that reads them."""

    def __init__(self) -> None:
        self.session = Session()
        self.service = LiveService(self.session, lambda: None)
        color = StreamSpec("color", StreamKind.COLOR, width=64, height=48, dtype="uint8")
        bodies = StreamSpec("skeleton", StreamKind.SKELETON, topology=TOPOLOGY)
        self.streams = {one.name: LiveStream.create(one) for one in (color, bodies)}
        feed = Feed(self.streams, {}, time.monotonic_ns())
        self.service.viewing._feed = lambda: feed
        self.service._set_state("starting")
        self.service.viewing.begin()
        self.tell("capture", "opened", {"title": "test camera"})
        self.tell("capture", "source", {"state": "running"})
        self.tell("recogniser", "ready", {"classes": ["wave", "squat", "falling"]})

    def tell(self, stage: str, kind: str, payload: dict) -> None:
        self.service._hear(self.service._ticket, stage, kind, payload)

    def says(self, name: str, share: float = 0.9, **more: object) -> None:
        classes = self.service.told.classes
        label = classes.index(name) if name else -1
        rest = (1 - share) / (len(classes) - 1)
        shares = [share if k == label else rest for k in range(len(classes))]
        now = time.monotonic_ns()
        self.tell("recogniser", "said", {
            "time_ns": now, "probabilities": shares, "label": label, "name": name,
            "confidence": share, "person": "a", "captured_ns": now - 50_000_000, **more,
        })  # fmt: skip

    def frame(self, *, somebody: bool) -> None:
        now = time.monotonic_ns()
        count = len(topology(TOPOLOGY).joints)
        pixels = np.stack([np.full(count, 30.0), np.linspace(12, 32, count)], axis=1)
        joints = np.full((count, 3), 2.0, np.float32)
        body = Body("a", joints, np.full(count, 2, np.uint8), color_px=pixels.astype(np.float32))
        self.streams["color"].put(np.zeros((48, 64, 3), np.uint8), now, now)
        self.streams["skeleton"].put(SkeletonFrame((body,) if somebody else ()), now, now)

    def close(self) -> None:
        self.service.shut()
        for stream in self.streams.values():
            stream.close()
        self.session.close()


@pytest.fixture
def sensor(qapp):
    made = Sensor()
    yield made
    made.close()


def test_a_session_is_told_as_visitors_understand_it(sensor, monkeypatch):
    """Who comes, acts, stands still and goes."""
    monkeypatch.setattr(showing, "AWAY_NS", 400_000_000)
    monkeypatch.setattr(showing, "READ_NS", 500_000_000)
    shows = Showing(sensor.service, sensor.service)
    shows.begin()

    def scene(wanted: Scene, *, somebody: bool) -> Shown:
        def so() -> bool:
            sensor.frame(somebody=somebody)
            return shows.shown.scene is wanted

        until(so, what=f"{wanted}")
        return shows.shown

    assert shows.shown.scene is Scene.STARTING
    assert scene(Scene.DOING, somebody=True).ready
    assert len(shows.mirror.figures) == 1
    sensor.says("wave", shares={"skeleton": 0.7, "color": 0.3})
    shown = shows.shown
    assert (shown.label, shown.known, shown.ranked[0]) == ("wave", True, ("wave", 0.9))
    assert shown.shares == (("skeleton", 0.7), ("color", 0.3))
    assert 50 <= shown.latency_ms < 1000
    sensor.says("", share=0.2)
    assert (shows.shown.label, shows.shown.known) == (NOTHING_KNOWN, False)
    sensor.says("wave")
    sensor.says("", moving=False)
    assert (shows.shown.label, shows.shown.past) == ("wave", True)
    until(lambda: not shows.shown.past, what="it was read")
    for name, label in (("squat", 1), ("wave", 0)):
        now = time.monotonic_ns()
        sensor.tell("recogniser", "segment", {"start_ns": now, "end_ns": now + 9, "label": label,
                                              "name": name, "open": False})  # fmt: skip
    assert shows.shown.just_now == ("wave", "squat")
    scene(Scene.IDLE, somebody=False)
    scene(Scene.DOING, somebody=True)
    sensor.tell("capture", "source", {"state": "lost", "sentence": "It is unplugged.",
                                      "remedy": "Plug it in."})  # fmt: skip
    assert shows.lost
    assert shows.shown.sentence == "It is unplugged. Plug it in."
    shows.end()


def test_an_alarm_rings_until_seen_and_finds_its_recording(sensor):
    watch = Watch(sensor.service, sensor.session.settings, lambda: None)
    watch.set(("falling",), 4)
    now = time.monotonic_ns()
    sensor.tell("recogniser", "alarm", {"name": "falling", "confidence": 0.8, "start_ns": now,
                                        "end_ns": now + 10**9})  # fmt: skip
    assert watch.rings()
    other = {"path": "kept.harrec", "start_ns": 0, "end_ns": 10}
    sensor.tell("recorder", "kept", other)  # the operator kept something else
    assert watch.unseen.file == ""
    mine = {"path": "x/falling.harrec", "start_ns": now - 10**9, "end_ns": now + 10**9}
    sensor.tell("recorder", "kept", mine)
    assert watch.unseen.file == "falling.harrec"
    watch.seen()
    assert not watch.rings()
    assert not watch.sound.sounding
    assert [one.name for one in watch.alarms] == ["falling"]
    watch.shut()


def test_an_alarm_is_kept_once(sensor, tmp_path, monkeypatch):
    """By the session, which the window watches, too."""
    said = []
    monkeypatch.setattr(LiveSession, "say", lambda _session, *what: said.append(what))
    live = LiveSession(LiveOptions("webcam:0", record_folder=tmp_path), sensor.tell)
    sensor.service.live = live
    watch = Watch(sensor.service, sensor.session.settings, lambda: None)
    watch.set(("falling",), 3)
    now = time.monotonic_ns()
    live._hear("recogniser", "ready", {"classes": ["wave", "falling"]})
    live._hear("recogniser", "alarm", {"name": "falling", "confidence": 0.8, "start_ns": now,
                                       "end_ns": now})  # fmt: skip
    live.stop()
    sensor.service._set_state("off")
    assert [kind for stage, kind, _ in said if stage == "recorder"] == ["keep"]
    watch.shut()


TWO = """
import sys
from PySide6.QtCore import QSettings
from harstudio.studio.app import make_application
app = make_application()
from PySide6.QtWidgets import QWidget
from harstudio.studio.demo_mode.displays import Displays
from harstudio.studio.demo_mode.stage import Stage
from harstudio.studio.live.watch.watch import Watch
from harstudio.studio.live.reading import Feed
from harstudio.studio.live.service import LiveService
from harstudio.studio.session import Session
window = QWidget()
window.show()
store = QSettings(sys.argv[1], QSettings.Format.IniFormat)
displays = Displays(window, store)
first = displays.chosen()
assert first is not displays.own(), "visitors get the other display"
stage = Stage()
stage.fill(first, active=False)
assert stage.screen() is first and stage.size() == first.size()
assert displays.choose_next() is displays.own()
assert Displays(window, store).chosen() is displays.own(), "remembered"
"""


def test_visitors_get_the_other_display(tmp_path):
    screens = [
        {"name": "operator", "x": 0, "y": 0, "width": 1280, "height": 720},
        {"name": "visitors", "x": 1280, "y": 0, "width": 1920, "height": 1080},
    ]
    usual = {"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
    file = tmp_path / "screens.json"
    file.write_text(json.dumps({"screens": [one | usual for one in screens]}), "utf-8")
    platform = {"QT_QPA_PLATFORM": f"offscreen:configfile={file}"}
    done = subprocess.run(
        [sys.executable, "-c", TWO, str(tmp_path / "kept.ini")], cwd=ROOT, text=True,
        env=os.environ | platform, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
