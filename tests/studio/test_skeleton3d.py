"""The 3D view's eye, its points and its QPainter version."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtWidgets import QApplication

from harstudio.studio import theme
from harstudio.studio.panes.orbit import PRESETS, Orbit
from harstudio.studio.panes.scene import CloudMaker, grid_lines
from harstudio.studio.panes.skeleton3d_soft import SoftView, splat
from studio.made_recording import joints_at, made_recording
from studio.session_bench import SessionBench
from studio.test_panes import grabbed, near, send_mouse, show_pane, wheel

CENTER = (0.0, 0.0, 2.0)


@pytest.fixture
def bench(qtbot, tmp_path, monkeypatch):
    made = SessionBench(qtbot, tmp_path, monkeypatch)
    theme.apply(QApplication.instance(), "dark")
    yield made
    made.close()


def test_the_front_view_is_the_cameras_own():
    orbit = Orbit(0.0, 0.0, 2.0, CENTER)
    points = np.array([(0, 0, 2), (0.3, 0, 2), (0, 0.3, 2), (0.3, 0, 4)])
    middle, right, up, far = orbit.project(points, 400, 300)
    assert middle == pytest.approx((200, 150), abs=0.01)
    assert right[0] > 210
    assert right[1] == pytest.approx(150, abs=0.01)
    assert up[1] < 140
    assert 200 < far[0] < right[0]


@pytest.mark.parametrize("preset", PRESETS)
def test_the_eye_keeps_its_distance_and_its_right_angles(preset):
    orbit = Orbit(center=CENTER, distance=3.0)
    orbit.look(preset)
    assert orbit.name() == preset
    axes = orbit.axes()
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-9)
    assert orbit.to_eye(np.array([CENTER]))[0] == pytest.approx((0, 0, 3), abs=1e-5)


def test_from_the_side_what_is_far_lies_to_the_side_and_from_above_up():
    orbit = Orbit(center=CENTER)
    orbit.look("side")  # from the right of the picture: what is far lies on the right
    x, _ = orbit.project(np.array([(0, 0, 2.5)]), 400, 400)[0]
    assert x > 220
    orbit.look("top")
    _, y = orbit.project(np.array([(0, 0, 2.5)]), 400, 400)[0]
    assert y < 180


def test_nothing_behind_the_eye_is_seen():
    orbit = Orbit(0.0, 0.0, 1.0, CENTER)
    assert np.isnan(orbit.project(np.array([(0, 0, -5.0)]), 100, 100)).all()


def test_panning_moves_the_scene_with_the_hand():
    orbit = Orbit(30.0, 20.0, 3.0, CENTER)
    point = np.array([(0.0, 0.0, 2.0)])
    before = orbit.project(point, 400, 300)[0]
    orbit.pan(25, -10, 300)
    assert orbit.project(point, 400, 300)[0] - before == pytest.approx((25, -10), abs=0.1)


def test_points_lie_where_the_depth_camera_saw_them():
    recording = made_recording()
    depth, color = recording.streams["depth"], recording.streams["color"]
    maker = CloudMaker(recording, depth, color, (1000, 3000))
    picture = np.zeros((180, 320, 3), np.uint8)
    picture[:, :, 1] = 200
    cloud = maker.make(depth.frame(0), picture)
    camera = recording.cameras["depth"]
    pixels = camera.project(cloud.points)
    assert np.abs(pixels - np.rint(pixels)).max() < 1e-3
    assert set(np.unique(np.rint(cloud.points[:, 2] * 1000))) == {1000.0, 3000.0}
    assert len(cloud.points) == 128 * 105  # the top row has no depth
    assert (cloud.colors == (0, 200, 0)).all(axis=1).mean() > 0.6
    assert (cloud.colors[:, 0] == cloud.colors[:, 1]).any()  # grey where colour does not see


def test_without_a_color_picture_points_are_turbo():
    recording = made_recording()
    maker = CloudMaker(recording, recording.streams["depth"], None, (1000, 3000))
    cloud = maker.make(recording.streams["depth"].frame(0), None)
    assert len(np.unique(cloud.colors, axis=0)) == 2


def test_nearer_points_hide_farther_ones():
    recording = made_recording()
    maker = CloudMaker(recording, recording.streams["depth"], None, (1000, 3000))
    orbit = Orbit(0.0, 0.0, 2.0, CENTER)
    depth = np.full((106, 128), 3000, np.uint16)
    depth[50:56, 60:68] = 1000
    picture = splat(maker.make(depth, None), orbit, 300, 300)
    near_color = maker._turbo[1000]
    assert picture[picture.shape[0] // 2, picture.shape[1] // 2] == near_color


def test_the_soft_view_paints_joints_where_the_orbit_sees_them(bench):
    bench.show(made_recording(without=("color", "depth", "infrared")))
    pane = show_pane(bench, "skeleton3d", view="soft")
    assert isinstance(pane.view, SoftView)
    bench.session.step(6)
    for preset in ("front", "free"):
        pane.look(preset)
        picture = grabbed(pane.view)
        size = (pane.view.width(), pane.view.height())
        for joint, color in ((7, theme.current().skeleton_left), (3, "#F0F0F0")):
            x, y = pane.orbit.project(joints_at(6)[joint][None], *size)[0]
            assert near(picture[round(y - 0.5), round(x - 0.5)], color)


def test_offscreen_goes_on_without_gl(bench):
    bench.show(made_recording())
    if QApplication.platformName() == "offscreen":
        assert show_pane(bench, "skeleton3d").view.kind == "soft"


def test_the_cloud_comes_and_goes_with_its_button(bench):
    bench.show(made_recording())
    pane = show_pane(bench, "skeleton3d", view="soft")
    pane.look("front")
    bench.qtbot.waitUntil(lambda: pane._cloud is not None, timeout=5000)
    canvas_color = theme.current().canvas

    def share() -> float:
        flat = grabbed(pane.view).reshape(-1, 3)
        return float(np.mean([near(pixel, canvas_color, 3) for pixel in flat[::997]]))

    assert share() < 0.5
    pane.toggle("cloud").click()
    assert share() > 0.8


def test_the_mouse_turns_pans_zooms_and_goes_back(bench):
    bench.show(made_recording())
    pane = show_pane(bench, "skeleton3d", view="soft")
    orbit, view, at = pane.orbit, pane.view, QPointF(100, 100)
    send_mouse(view, QEvent.Type.MouseButtonPress, at, Qt.MouseButton.LeftButton)
    send_mouse(view, QEvent.Type.MouseMove, QPointF(150, 120), Qt.MouseButton.LeftButton)
    send_mouse(view, QEvent.Type.MouseButtonRelease, at, Qt.MouseButton.LeftButton)
    assert orbit.azimuth == pytest.approx(PRESETS["free"][0] - 20)
    assert orbit.elevation == pytest.approx(PRESETS["free"][1] + 8)
    wheel(view, at, 3)
    assert orbit.distance < 3.0
    send_mouse(view, QEvent.Type.MouseButtonDblClick, at, Qt.MouseButton.LeftButton)
    assert orbit.name() == "free"
    assert orbit.distance == pytest.approx(3.4)


def test_an_empty_view_says_why(bench):
    bench.show(made_recording(without=("skeleton", "depth")))
    pane = show_pane(bench, "skeleton3d", view="soft")
    assert pane._empty.isVisible()
    assert pane._empty.text() == "This recording has no skeleton and no depth camera."


def test_the_floor_lies_under_the_feet(bench):
    bench.show(made_recording())
    assert bench.session.looks.floor_m == pytest.approx(-0.9, abs=0.01)
    pane = show_pane(bench, "skeleton3d", view="soft")
    lines = grid_lines(pane.view._scene)
    assert len(lines) == 26
    assert np.unique(lines[..., 1]) == pytest.approx([-0.9], abs=0.01)
