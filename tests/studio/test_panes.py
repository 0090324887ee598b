"""Panes paint what the recording holds: pixels are looked at, not calls."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from harstudio.recordings.projection import project_joints
from harstudio.studio import theme
from harstudio.studio.panes import PANES
from harstudio.studio.panes.depth import depth_colors
from harstudio.studio.panes.pane import fitting
from studio.made_recording import made_recording
from studio.session_bench import SessionBench

LEFT_HAND, RIGHT_HAND, HEAD = 7, 11, 3


@pytest.fixture
def bench(qtbot, tmp_path, monkeypatch):
    made = SessionBench(qtbot, tmp_path, monkeypatch)
    theme.apply(QApplication.instance(), "dark")
    yield made
    made.close()


def show_pane(bench, name: str, size: tuple[int, int] = (640, 388), **options):
    pane = PANES[name](bench.session, **options)
    bench.qtbot.addWidget(pane)
    pane.resize(*size)
    pane.show()
    bench.qtbot.waitExposed(pane)
    return pane


def show_frame(bench, pane, index: int) -> None:
    """Go to a frame of the reference and wait until the pane has it."""
    times = bench.session.recording.reference.times_ns
    bench.session.transport.seek(int(times[index]))
    bench.qtbot.waitUntil(lambda: pane.shown_index == index and not pane.canvas.stale, timeout=5000)


def grabbed(widget) -> np.ndarray:
    """(H, W, 3) uint8 RGB of what the widget paints."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return flat[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def near(pixel, color, tolerance: int = 12) -> bool:
    wanted = QColor(color).getRgb()[:3] if not isinstance(color, tuple) else color
    return bool(np.all(np.abs(pixel.astype(int) - np.array(wanted)) <= tolerance))


def joint_pixel(bench, pane, joint: int, body: int = 0) -> tuple[int, int]:
    recording, canvas = bench.session.recording, pane.canvas
    frame = recording.streams["skeleton"].frame(pane.shown_index)
    points = project_joints(recording, pane.stream.name, frame.bodies[body])
    x, y = canvas.view().to_widget(points[joint])
    return round(float(x) - 0.5), round(float(y) - 0.5)


@pytest.mark.parametrize("name", ["color", "depth", "infrared"])
def test_joints_are_painted_where_they_project(bench, name):
    bench.show(made_recording())
    pane = show_pane(bench, name)
    show_frame(bench, pane, 12)
    picture = grabbed(pane.canvas)
    tokens = theme.current()
    for joint, color in ((LEFT_HAND, tokens.skeleton_left), (RIGHT_HAND, tokens.skeleton_right)):
        x, y = joint_pixel(bench, pane, joint)
        assert near(picture[y, x], color)
    x, y = joint_pixel(bench, pane, HEAD)
    assert near(picture[y, x], theme.DARK.skeleton_trunk)


def test_the_second_person_has_another_color(bench):
    bench.show(made_recording(bodies=2))
    pane = show_pane(bench, "color")
    show_frame(bench, pane, 3)
    x, y = joint_pixel(bench, pane, HEAD, body=1)
    assert near(grabbed(pane.canvas)[y, x], theme.current().person_2)


def test_lost_joints_are_hollow_and_without_bones(bench):
    bench.show(made_recording(tracking=0))
    pane = show_pane(bench, "color")
    show_frame(bench, pane, 3)
    picture = grabbed(pane.canvas)
    x, y = joint_pixel(bench, pane, HEAD)
    background = (3, 60, 90)
    assert near(picture[y, x], background)
    ring = picture[y - 5 : y + 6, x - 5 : x + 6].astype(int)
    trunk = np.array(QColor(theme.DARK.skeleton_trunk).getRgb()[:3])
    assert (np.abs(ring - trunk).max(axis=2) < 90).any()
    down_x, down_y = joint_pixel(bench, pane, 2)
    assert near(picture[(y + down_y) // 2, (x + down_x) // 2], background)


def test_the_skeleton_can_be_switched_off(bench):
    bench.show(made_recording())
    pane = show_pane(bench, "color")
    show_frame(bench, pane, 4)
    pane.toggle("skeleton").click()
    x, y = joint_pixel(bench, pane, RIGHT_HAND)
    assert near(grabbed(pane.canvas)[y, x], (4, 60, 90))


def test_the_frame_asked_for_is_the_frame_painted(bench):
    bench.show(made_recording(frames=40))
    pane = show_pane(bench, "color")
    for index in (39, 0, 17, 16, 18):
        show_frame(bench, pane, index)
        assert near(grabbed(pane.canvas)[190, 8], (index, 60, 90), tolerance=1)


def test_depth_is_turbo_between_its_percentiles_and_missing_is_black(bench):
    bench.show(made_recording(without=("skeleton",)))
    pane = show_pane(bench, "depth")
    show_frame(bench, pane, 0)
    picture = grabbed(pane.canvas)
    colors = depth_colors(1000, 3000)
    for pixel, mm in (((30, 50), 1000), ((90, 30), 3000)):
        x, y = pane.canvas.view().to_widget(np.array(pixel))
        assert near(picture[int(y), int(x)], QColor.fromRgb(int(colors[mm])), tolerance=2)
    x, y = pane.canvas.view().to_widget(np.array((30, 0)))
    assert near(picture[int(y), int(x)], (0, 0, 0), tolerance=0)


def test_depth_under_the_cursor_in_mm(bench):
    bench.show(made_recording(without=("skeleton",)))
    pane = show_pane(bench, "depth")
    show_frame(bench, pane, 5)
    hover(pane, (20, 50))
    assert pane.detail == "1000 mm under cursor · x 20, y 50 · frame 5 · 00:00.167"
    hover(pane, (20, 0))
    assert pane.detail.startswith("no depth under cursor")


def test_hover_names_the_joint(bench):
    bench.show(made_recording())
    pane = show_pane(bench, "color")
    show_frame(bench, pane, 5)
    recording = bench.session.recording
    body = recording.streams["skeleton"].frame(5).bodies[0]
    hover(pane, project_joints(recording, "color", body)[RIGHT_HAND])
    assert pane.detail.startswith("right hand · ")
    QApplication.sendEvent(pane.canvas, QEvent(QEvent.Type.Leave))
    assert pane.detail == "320 × 180"


def hover(pane, pixel) -> None:
    x, y = pane.canvas.view().to_widget(np.asarray(pixel, dtype=float))
    send_mouse(pane.canvas, QEvent.Type.MouseMove, QPointF(x, y))


def send_mouse(widget, kind, at: QPointF, button=Qt.MouseButton.NoButton) -> None:
    buttons = button if kind != QEvent.Type.MouseButtonRelease else Qt.MouseButton.NoButton
    none = Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(kind, at, widget.mapToGlobal(at), button, buttons, none)
    QApplication.sendEvent(widget, event)


def wheel(widget, at: QPointF, steps: int) -> None:
    event = QWheelEvent(
        at, widget.mapToGlobal(at), QPoint(0, 0), QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def test_no_frame_is_said_and_the_last_picture_is_grey(bench):
    bench.show(made_recording(frames=30, depth_from=10, without=("skeleton",)))
    pane = show_pane(bench, "depth")
    depth = bench.session.recording.streams["depth"]
    bench.session.transport.seek(int(depth.times_ns[0]))
    bench.qtbot.waitUntil(lambda: pane.shown_index == 0, timeout=5000)
    colored = grabbed(pane.canvas)
    bench.session.transport.seek(0)
    assert pane.canvas.stale
    grey = grabbed(pane.canvas)[20:150, 150:600].astype(int)
    assert np.abs(grey - grey.mean(axis=2, keepdims=True)).max() < 12
    spread = colored[20:150, 150:600].astype(int)
    assert np.abs(spread - spread.mean(axis=2, keepdims=True)).max() > 50
    bench.session.transport.seek(int(depth.times_ns[2]))
    bench.qtbot.waitUntil(lambda: not pane.canvas.stale, timeout=5000)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("color", "This recording has no colour video."),
        ("depth", "This recording has no depth."),
        ("infrared", "This recording has no infrared."),
    ],
)
def test_an_absent_modality_is_said(bench, name, sentence):
    bench.show(made_recording(without=("color", "depth", "infrared")))
    pane = show_pane(bench, name)
    assert pane.canvas._empty == sentence
    assert pane.toggle("skeleton").isHidden()
    flat = grabbed(pane.canvas).reshape(-1, 3)
    assert (flat != flat[0]).any()


def test_a_missing_picture_stays_until_it_is_read(bench, monkeypatch):
    bench.show(made_recording())
    pane = show_pane(bench, "color")
    show_frame(bench, pane, 3)
    cache, found = bench.session.cache, type(bench.session.cache).get
    missing = {8}
    monkeypatch.setattr(
        cache, "get", lambda s, k: None if k in missing else found(cache, s, k), raising=False
    )
    bench.session.transport.seek(int(pane.stream.times_ns[8]))
    assert pane.shown_index == 3
    bench.qtbot.waitUntil(lambda: cache.holds(pane.stream, 8), timeout=5000)
    missing.clear()
    bench.session.frame_ready.emit("color", 8)
    assert pane.shown_index == 8


def test_the_wheel_zooms_at_the_cursor_dragging_pans_double_click_fits(bench):
    bench.show(made_recording())
    canvas = show_pane(bench, "color").canvas
    bench.qtbot.waitUntil(lambda: canvas._picture is not None, timeout=5000)
    at = QPointF(200, 150)
    before = canvas.view().to_picture(at)
    wheel(canvas, at, 6)
    assert canvas.view().zoom > 2.5
    assert canvas.view().to_picture(at) == pytest.approx(before, abs=0.01)
    send_mouse(canvas, QEvent.Type.MouseButtonPress, at, Qt.MouseButton.LeftButton)
    send_mouse(canvas, QEvent.Type.MouseMove, at + QPointF(30, 20), Qt.MouseButton.LeftButton)
    send_mouse(canvas, QEvent.Type.MouseButtonRelease, at, Qt.MouseButton.LeftButton)
    assert canvas.view().to_picture(at + QPointF(30, 20)) == pytest.approx(before, abs=0.01)
    send_mouse(canvas, QEvent.Type.MouseButtonDblClick, at, Qt.MouseButton.LeftButton)
    assert canvas.view().zoom == 1.0


def test_hidden_panes_rest_and_catch_up(bench):
    bench.show(made_recording())
    pane = show_pane(bench, "color")
    show_frame(bench, pane, 2)
    pane.hide()
    bench.session.step(5)
    bench.qtbot.wait(50)
    assert pane.shown_index == 2
    pane.show()
    bench.qtbot.waitUntil(lambda: pane.shown_index == 7, timeout=5000)


def test_every_pane_lives_in_both_themes_and_without_a_recording(bench):
    panes = [show_pane(bench, name) for name in PANES]
    bench.show(made_recording())
    bench.qtbot.wait(300)
    dark = [grabbed(pane) for pane in panes]
    theme.apply(QApplication.instance(), "light")
    light = [grabbed(pane) for pane in panes]
    for one, other in zip(dark, light, strict=True):
        assert other[2, 400].mean() > one[2, 400].mean() + 100
    bench.session.close()
    assert all(not pane.detail for pane in panes)


def test_the_header_leaves_out_what_does_not_fit(qapp):
    metrics = QFontMetrics(qapp.font())
    text = "512 × 424 · frame 12"
    assert fitting(text, metrics, 1000) == text
    assert fitting(text, metrics, metrics.horizontalAdvance(text) - 1) == "512 × 424"
    assert fitting(text, metrics, metrics.horizontalAdvance("512 × 42")) == ""
    words = "speed of the right hand, m/s"
    short = fitting(words, metrics, metrics.horizontalAdvance(words) // 2)
    assert short.startswith("speed")
    assert short.endswith("…")
    assert fitting("", metrics, 100) == ""
