"""The workspace Live without a sensor: rings are real and filled here, so is the reading thread."""

from __future__ import annotations

import time

import numpy as np
import pytest

from driving import until
from harstudio.live.streams import LiveStream
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import Body, SkeletonFrame, StreamKind
from harstudio.results import Box, HeatMap, JointWeights, Recognition, Window
from harstudio.skeletons.cameras import Camera
from harstudio.skeletons.topology import topology
from harstudio.studio.live.looks import LEAVES_NS, Seats
from harstudio.studio.live.preflight.light import light_of
from harstudio.studio.live.preflight.positioning import place_of_message
from harstudio.studio.live.preflight.preflight import (
    BAD,
    GOOD,
    WARN,
    Measured,
    checks,
    light,
    worst,
)
from harstudio.studio.live.reading import Feed
from harstudio.studio.live.service import LiveService
from harstudio.studio.live.told import LiveTold
from harstudio.studio.live.viewing import LiveViewing
from harstudio.studio.panes.color import ColorPane
from harstudio.studio.panes.skeleton3d import Skeleton3DPane

FRAME_NS = 33_333_333
WIDE, TALL = 64, 48
TOPOLOGY = "kinect_v2_25"
COLOR = StreamSpec("color", StreamKind.COLOR, width=WIDE, height=TALL, rate_hz=30.0, dtype="uint8")
BODIES = StreamSpec("skeleton", StreamKind.SKELETON, rate_hz=30.0, topology=TOPOLOGY)


def somebody(name: str = "a") -> SkeletonFrame:
    count = len(topology(TOPOLOGY).joints)
    joints = np.zeros((count, 3), dtype=np.float32)
    joints[:, 1] = np.linspace(-0.8, 0.8, count)
    joints[:, 2] = 3.0
    pixels = np.stack([np.full(count, 30.0), np.linspace(5, 43, count)], axis=1)
    state = np.full(count, 2, dtype=np.uint8)
    return SkeletonFrame((Body(name, joints, state, color_px=pixels.astype(np.float32)),))


class Sensor:
    """Two rings that a test fills frame by frame."""

    def __init__(self) -> None:
        self.start_ns = time.monotonic_ns()
        self.streams = {spec.name: LiveStream.create(spec) for spec in (COLOR, BODIES)}
        camera = Camera(WIDE, TALL, 60.0, 60.0, WIDE / 2, TALL / 2)
        self.feed = Feed(self.streams, {"color": camera}, self.start_ns, "test")

    def picture(self, number: int) -> None:
        data = np.full((TALL, WIDE, 3), number % 250, dtype=np.uint8)
        self.streams["color"].put(data, self.time_of(number), time.monotonic_ns())

    def people(self, number: int) -> None:
        now = self.time_of(number)
        self.streams["skeleton"].put(somebody(), now, now)

    def time_of(self, number: int) -> int:
        return self.start_ns + number * FRAME_NS

    def close(self) -> None:
        for stream in self.streams.values():
            stream.close()


@pytest.fixture
def sensor():
    made = Sensor()
    yield made
    made.close()


@pytest.fixture
def viewing(qtbot, sensor):
    made = LiveViewing(lambda: sensor.feed, lambda: "me")
    yield made
    made.end()
    made.deleteLater()


def shown_pane(qtbot, viewing, pane_type=ColorPane):
    pane = pane_type(viewing)
    qtbot.addWidget(pane)
    pane.resize(320, 240)
    pane.show()
    return pane


def test_the_picture_waits_for_its_skeleton(qtbot, sensor, viewing):
    pane = shown_pane(qtbot, viewing)
    measured: list[float] = []
    viewing.measured.connect(measured.append)
    viewing.begin()
    for number in range(4):
        sensor.picture(number)
    for number in range(3):
        sensor.people(number)  # the pose stage is one picture behind
    until(lambda: viewing.transport.position_ns == 2 * FRAME_NS)
    until(lambda: pane.shown_index is not None and measured)
    shown = int(pane.stream.times_ns[pane.shown_index])
    assert shown == 2 * FRAME_NS
    assert pane.overlay is not None
    assert [body.id for _, body, _ in pane.overlay.figures] == ["a"]
    assert viewing.behind_ns == FRAME_NS
    assert all(0 < ms < 60_000 for ms in measured)
    sensor.people(3)
    until(lambda: viewing.transport.position_ns == 3 * FRAME_NS)


def test_pictures_go_on_where_skeletons_stay_away(qtbot, sensor, viewing):
    pane = shown_pane(qtbot, viewing)
    viewing.begin()
    sensor.picture(0)
    sensor.people(0)
    until(lambda: pane.shown_index is not None)
    sensor.picture(20)  # two thirds of a second without any skeleton
    until(lambda: viewing.transport.position_ns == 20 * FRAME_NS)


def test_holding_keeps_the_picture_and_playing_goes_to_the_newest(qtbot, sensor, viewing):
    shown_pane(qtbot, viewing)
    viewing.begin()
    sensor.picture(0)
    sensor.people(0)
    until(lambda: viewing.transport.playing)
    viewing.transport.toggle()
    assert not viewing.transport.playing
    held = viewing.transport.position_ns
    sensor.picture(1)
    sensor.people(1)
    qtbot.wait(120)
    assert viewing.transport.position_ns == held
    viewing.transport.toggle()
    until(lambda: viewing.transport.position_ns == FRAME_NS)


def test_ending_lets_go_of_everything(qtbot, sensor, viewing):
    pane = shown_pane(qtbot, viewing)
    cloud = shown_pane(qtbot, viewing, Skeleton3DPane)
    viewing.begin()
    sensor.picture(0)
    sensor.people(0)
    until(lambda: pane.shown_index is not None and viewing.recording is not None)
    viewing.end()
    assert viewing.recording is None
    assert pane.stream is None
    assert not cloud._has_content
    assert not viewing.running
    viewing.begin()  # and again
    sensor.picture(1)
    sensor.people(1)
    until(lambda: viewing.recording is not None)


def test_the_newest_explanation_lies_over_the_newest_frame(qtbot, sensor, viewing):
    pane = shown_pane(qtbot, viewing)
    viewing.begin()
    sensor.picture(0)
    sensor.people(0)
    until(lambda: pane.shown_index is not None)
    start, end = -20 * FRAME_NS, 0
    joints = len(topology(TOPOLOGY).joints)
    heat = HeatMap(
        "heat", "seen", "color", np.array([start]), np.eye(4, dtype=np.float32)[None],
        (Box(0, 0, WIDE, TALL),),
    )  # fmt: skip
    weights = JointWeights(
        "weights", "counted", TOPOLOGY, np.array([start, end - 1]),
        np.stack([np.zeros((joints, 1)), np.linspace(0, 1, joints)[:, None]]).astype(np.float32),
        ("a",),
    )  # fmt: skip
    told = Recognition(
        "run", "network", ("x", "y"), "live", "live",
        windows=(Window(start, end, np.array([0.9, 0.1], np.float32)),),
        segments=(), label=0, confidence=0.9, explanations=((heat, weights),),
    )  # fmt: skip
    viewing.explaining.take(told)
    now = viewing.transport.position_ns
    patch = viewing.explaining.patch(now)
    assert patch is not None
    assert patch.strength(now, FRAME_NS) == 1.0
    assert viewing.explaining.weights_of(now, "a", TOPOLOGY)[-1] == 1.0
    until(lambda: pane.attention is not None and pane.attention.patch is not None)
    long_after = now + 10_000_000_000
    assert viewing.explaining.patch(long_after) is None


def test_who_is_alone_has_the_colours_of_the_first():
    seats = Seats()
    seats.see(["a", "b"], 0)
    assert [seats.of("a"), seats.of("b")] == [0, 1]
    seats.see(["b"], 100)
    assert seats.of("b") == 0
    seats.see(["c", "b"], 200)
    assert [seats.of("c"), seats.of("b")] == [1, 0]
    seats.see(["c", "d"], 200 + LEAVES_NS + 1)
    assert [seats.of("d"), seats.of("c")] == [0, 1]


def test_light_tells_noise_from_texture():
    random = np.random.default_rng(0)
    flat = np.full((240, 320, 3), 120, dtype=np.uint8)
    flat[:, 160:] = np.where(np.arange(160) // 4 % 2, 200, 40)[None, :, None]  # half is stripes
    assert light_of(flat).noise < 0.5
    noisy = np.clip(flat + random.normal(0, 12, flat.shape[:2])[..., None], 0, 255).astype(np.uint8)
    assert 9 < light_of(noisy).noise < 15
    dark = np.full((240, 320, 3), 12, dtype=np.uint8)
    assert light(light_of(dark)).level == BAD
    white = np.full((240, 320, 3), 254, dtype=np.uint8)
    assert light(light_of(white)).level == WARN


@pytest.mark.parametrize(
    ("box", "whole", "advice"),
    [
        ((0.4, 0.1, 0.6, 0.9), True, ""),
        ((0.4, 0.3, 0.6, 0.55), True, "nearer"),
        ((0.3, 0.02, 0.7, 1.0), False, "back"),
        ((0.02, 0.1, 0.2, 0.9), True, "right"),
        ((0.8, 0.1, 1.0, 0.9), True, "left"),
    ],
)
def test_where_to_stand(box, whole, advice):
    told = {"box": box, "height_share": box[3] - box[1], "whole": whole, "distance_m": 2.5}
    place = place_of_message(told, 640, 480)
    assert advice in place.advice if advice else not place.advice
    pixels = [box[0] * 640, box[1] * 480, box[2] * 640, box[3] * 480]
    assert place_of_message({**told, "box": pixels}, 640, 480).advice == place.advice


def fed() -> LiveTold:
    told = LiveTold()
    told.take("capture", "opened", {"title": "Camera", "streams": [
        {"name": "color", "kind": "color"}, {"name": "skeleton", "kind": "skeleton"},
        {"name": "wrist", "kind": "inertial"}]})  # fmt: skip
    told.take("capture", "source", {"state": "running", "sentence": "", "remedy": ""})
    told.take("capture", "captured", {"streams": {
        "color": {"frames": 30, "dropped": 2, "fps": 29.9},
        "skeleton": {"frames": 30, "dropped": 0, "fps": 29.8},
        "wrist": {"frames": 100, "dropped": 0, "fps": 100.0}}})  # fmt: skip
    told.take("recogniser", "ready", {"network": "joint-tcn", "classes": ["a", "b"]})
    return told


def test_what_is_told_becomes_figures_and_checks():
    told = fed()
    assert (told.capture_fps, told.pose_fps, told.dropped) == (29.9, 29.8, 2)
    place = place_of_message({"box": (0.4, 0.1, 0.6, 0.9), "whole": True}, 640, 480)
    measured = Measured(None, place, 30.0, free_bytes=80 << 30, state="running")
    assert worst(checks(told, measured)) == GOOD
    told.take("capture", "source", {"state": "lost", "sentence": "Unplugged.", "remedy": "Plug."})
    assert not told.captured  # nothing comes: no figure of before stays
    lost = checks(told, measured)[0]
    assert (lost.level, lost.words, lost.remedy) == (BAD, "Unplugged.", "Plug.")
    told.take("pose", "failed", {"sentence": "Fetch it with: harstudio pose install"})
    person = next(one for one in checks(told, measured) if one.name == "Person")
    assert person.action == "live.install_pose"
    told.take("pose", "posed", {"fps": 20.0, "found": 1.0})  # it works again
    assert not told.troubles
    assert told.pose_fps == 20.0


def test_segments_that_go_on_take_their_own_place_and_taught_actions_follow_the_run():
    told = fed()
    for end, still in ((10, True), (20, True), (25, False)):
        told.take("recogniser", "segment", {
            "start_ns": 0, "end_ns": end, "label": 0, "name": "a", "confidence": 0.9,
            "open": still})  # fmt: skip
    told.take("recogniser", "segment", {
        "start_ns": 25, "end_ns": 30, "label": -1, "name": "", "confidence": 0.2,
        "open": True})  # fmt: skip
    assert [(s.start_ns, s.end_ns, s.open) for s in told.segments] == [
        (0, 25, False), (25, 30, True)]  # fmt: skip
    told.take("recogniser", "examples", {"names": ["bow"], "counts": {"bow": 5}, "least": 5})
    assert told.classes == ("a", "b", "bow")
    told.take("recogniser", "said", {
        "time_ns": 1, "probabilities": [0.1, 0.2, 0.7], "label": 2, "name": "bow",
        "confidence": 0.7})  # fmt: skip
    assert told.top(2) == [(2, 0.7), (1, 0.2)]


def test_without_a_source_and_with_one_that_does_not_open(window):
    """Both are said beside what is chosen; nothing stays that would have to be ended."""
    service: LiveService = window.live
    said = []
    window.session.message.connect(lambda _level, sentence: said.append(sentence))
    window.live_desk.catalogue.looked = True  # no driver is asked here
    window.session.settings.live_source = ""
    window.set_workspace("view.live")
    page = window.live_desk.page
    assert page is not None
    assert page.stack.currentIndex() == 0
    until(lambda: not page.chooser.start.isEnabled())
    assert not window.commands.run("live.start")
    service.start()
    assert said == ["Choose a source first."]
    service.choice.set_source("replay:/no/such/recording.harrec")
    window.commands.run("live.start")
    until(lambda: "capture" in service.told.troubles, 60)
    until(lambda: page.notice.isVisible())
    assert "recording.harrec" in page.notice.words.text()
    found = {one.name: one for one in window.live_desk.inspecting.checks}
    assert found["Camera"].level == BAD
    window.commands.run("live.start")
    until(lambda: service.state == "off", 60)
    assert service.live is None
