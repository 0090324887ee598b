"""Maps of pictures on the points of the 3D view, and squares of what inputs were made from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from harstudio.recordings.overlay.heat_colors import inferno
from harstudio.results import Box, Cut, Picture
from harstudio.studio import theme
from harstudio.studio.panes.scene import Cloud
from studio.made_recording import made_recording
from studio.session_bench import SessionBench
from studio.test_explanations import look, one_cell
from studio.test_panes import grabbed, near, show_frame, show_pane

FRAMES = 60


@pytest.fixture
def bench(qtbot, tmp_path, monkeypatch):
    made = SessionBench(qtbot, tmp_path, monkeypatch)
    theme.apply(QApplication.instance(), "dark")
    yield made
    made.close()


def cloud_of(bench, pane, index: int) -> Cloud:
    """The points on screen at a frame of the depth picture."""
    depth = bench.session.recording.streams["depth"]
    bench.session.transport.seek(int(depth.times_ns[index]))
    bench.qtbot.waitUntil(
        lambda: pane._cloud is not None and pane._cloud_times[0] == depth.times_ns[index],
        timeout=10_000,
    )
    return pane.view._scene.cloud


@pytest.mark.parametrize("stream", ["depth", "color"])
def test_points_have_the_weight_of_the_pixel_that_they_come_from(bench, stream):
    bench.show(made_recording(FRAMES))
    pane = show_pane(bench, "skeleton3d", view="soft")
    index, heat = look(bench, stream)
    one_cell(bench, heat, 4, 6)
    explaining = bench.session.explaining
    explaining.set_strength(1.0, 0.1)
    cloud = cloud_of(bench, pane, index)
    explaining.toggle(heat.name)
    plain = pane.view._scene.cloud
    assert np.array_equal(plain.points, cloud.points)
    camera = bench.session.recording.cameras[stream]
    x, y = camera.project(cloud.points).T
    box = heat.boxes[0]
    wide, tall = (box.right - box.left) / 10, (box.bottom - box.top) / 10
    away = np.hypot((x + 0.5 - box.left) / wide - 6.5, (y + 0.5 - box.top) / tall - 4.5)
    assert near(cloud.colors[away.argmin()], tuple(inferno()[255]), 12)
    assert (cloud.colors[away > 2] == plain.colors[away > 2]).all()
    changed = (cloud.colors != plain.colors).any(axis=1)
    assert changed[away < 0.3].all()


def test_away_from_its_frame_a_map_is_fainter_on_the_points_too(bench):
    bench.show(made_recording(FRAMES))
    pane = show_pane(bench, "skeleton3d", view="soft")
    index, heat = look(bench, "depth")
    one_cell(bench, heat, 4, 6)
    strong = cloud_of(bench, pane, index).colors.astype(int)
    assert "seen at" not in pane.legend.words()
    faint = cloud_of(bench, pane, index + 12).colors.astype(int)
    plain = pane._cloud.colors.astype(int)
    assert 0 < np.abs(faint - plain).max() < 0.7 * np.abs(strong - plain).max()
    assert "seen at 00:01.0" in pane.legend.words()


def test_where_a_camera_looks_from_nobody_knows_the_legend_says_so(bench):
    recording = made_recording(FRAMES)
    bench.show(recording)
    pane = show_pane(bench, "skeleton3d", view="soft")
    index, _ = look(bench, "color")
    del recording.cameras["color"]
    assert cloud_of(bench, pane, index) is pane._cloud
    assert "not on the points: where color looks from is not known" in pane.legend.words()


def test_squares_show_what_an_input_was_made_from_frame_by_frame(bench):
    bench.show(made_recording(FRAMES))
    pane = show_pane(bench, "color")
    pane.toggle("skeleton").setChecked(False)
    index, heat = look(bench)
    times = bench.session.recording.streams["color"].times_ns
    boxes = {index: Box(40, 60, 80, 100), index + 10: Box(120, 90, 160, 130)}
    cuts = tuple(
        Cut(int(times[at]), box, Box(k / 2, 0, (k + 1) / 2, 1), "right hand")
        for k, (at, box) in enumerate(boxes.items())
    )
    mosaic = Picture("mosaic", "mosaic", np.zeros((8, 16, 3), np.uint8), "color", cuts)
    bench.session.explaining.toggle_all()  # no map, and no squares
    recognition = bench.session.recognition
    bench.session.show_recognition(replace(recognition, explanations=((heat, mosaic),)))
    show_frame(bench, pane, index)
    assert pane.attention.inputs == ()
    bench.session.explaining.toggle_all()
    bench.session.explaining.toggle(heat.name)
    for at, box in boxes.items():
        show_frame(bench, pane, at)
        view = pane.canvas.view()
        x, y = round(view.x + box.left * view.scale), round(view.y + (box.top + 20) * view.scale)
        strip = grabbed(pane.canvas)[y, x - 2 : x + 3]
        assert any(near(pixel, "#F2F4F8", 50) for pixel in strip)
        assert [cut.of for cut in pane.attention.inputs[0].cuts] == ["right hand"]
    bench.session.explaining.toggle("mosaic")
    assert pane.attention.inputs == ()
