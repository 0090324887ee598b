"""What a network looked at is painted where and when it looked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from harstudio.recordings.overlay.heat_colors import heat_table
from harstudio.recordings.projection import shares_pixels
from harstudio.results import Box, HeatMap
from harstudio.studio import theme
from harstudio.studio.panes.canvas import View
from harstudio.studio.panes.heat import HeatPicture, joint_color
from studio.made_recognition import made_recognition
from studio.made_recording import made_recording
from studio.session_bench import SessionBench
from studio.test_panes import grabbed, joint_pixel, near, show_frame, show_pane

HEAD = 3
FRAMES = 60


@pytest.fixture
def bench(qtbot, tmp_path, monkeypatch):
    made = SessionBench(qtbot, tmp_path, monkeypatch)
    theme.apply(QApplication.instance(), "dark")
    yield made
    made.close()


def look(bench, stream: str = "color", **options):
    """One window over everything, its map on the frame in the middle; that frame's number."""
    recording = bench.session.recording
    made = made_recognition(recording, picture=stream, windows=1, **options)
    bench.session.show_recognition(made)
    bench.session.explaining.on_joints = ""
    bench.session.explaining.changed.emit()
    heat = made.explanations[0][0]
    return int(np.searchsorted(recording.streams[stream].times_ns, heat.times_ns[0])), heat


def one_cell(bench, heat: HeatMap, row: int, column: int) -> None:
    """The same recognition with a map of which one cell is 1 and all others 0."""
    values = np.zeros_like(heat.values)
    values[0, row, column] = 1
    recognition = bench.session.recognition
    told = (replace(heat, values=values), *recognition.explanations[0][1:])
    bench.session.show_recognition(replace(recognition, explanations=(told,)))


def cell_middle(pane, heat: HeatMap, row: int, column: int) -> tuple[int, int]:
    box, view = heat.boxes[0], pane.canvas.view()
    rows, columns = heat.values.shape[1:]
    x = box.left + (column + 0.5) / columns * (box.right - box.left)
    y = box.top + (row + 0.5) / rows * (box.bottom - box.top)
    return round(view.x + x * view.scale), round(view.y + y * view.scale)


@pytest.mark.parametrize("stream", ["color", "depth", "infrared"])
def test_a_cell_is_painted_over_its_part_of_the_picture(bench, stream):
    bench.show(made_recording(FRAMES))
    pane = show_pane(bench, stream)
    index, heat = look(bench, stream)
    pane.toggle("skeleton").setChecked(False)
    bench.session.explaining.toggle_all()
    show_frame(bench, pane, index)
    plain = grabbed(pane.canvas).astype(int)
    bench.session.explaining.toggle_all()
    bench.session.explaining.on_joints = ""
    one_cell(bench, heat, 2, 7)
    marked = grabbed(pane.canvas).astype(int)
    x, y = cell_middle(pane, heat, 2, 7)
    assert np.abs(marked[y, x] - plain[y, x]).max() > 60
    far_x, far_y = cell_middle(pane, heat, 7, 2)
    if stream == "depth":  # grey below a map: turbo and its colours cannot be told apart
        assert np.ptp(marked[far_y, far_x]) == 0
        assert np.ptp(plain[far_y, far_x]) > 20
    else:
        assert np.array_equal(marked[far_y, far_x], plain[far_y, far_x])


def test_nothing_is_painted_below_the_threshold():
    table = heat_table(0.5, 1.0)
    assert not table[:128].any()
    assert table[255, 3] == 255
    assert np.all(np.diff(table[:, 3].astype(int)) >= 0)


def test_the_opacity_is_at_most_the_one_chosen():
    assert heat_table(0.2, 0.5)[:, 3].max() in (127, 128)


def test_away_from_its_frame_a_map_is_fainter_and_says_when_it_was_seen(bench):
    bench.show(made_recording(FRAMES))
    pane = show_pane(bench, "color")
    pane.toggle("skeleton").setChecked(False)
    index, heat = look(bench)
    one_cell(bench, heat, 2, 7)
    show_frame(bench, pane, index)
    x, y = cell_middle(pane, heat, 2, 7)
    strong = grabbed(pane.canvas)[y, x].astype(int)
    assert "seen at" not in pane.legend.words()
    show_frame(bench, pane, index + 12)
    faint = grabbed(pane.canvas)[y, x].astype(int)
    background = np.array((index + 12, 60, 90))
    assert 0 < np.abs(faint - background).max() < 0.7 * np.abs(strong - background).max()
    assert "seen at 00:01.0" in pane.legend.words()


@pytest.mark.parametrize(("value", "said"), [(0, "nothing speaks"), (0.5, "the same everywhere")])
def test_a_map_without_any_difference_says_so(bench, value, said):
    bench.show(made_recording(FRAMES))
    pane = show_pane(bench, "color")
    index, heat = look(bench)
    flat = replace(heat, values=np.full_like(heat.values, value))
    recognition = bench.session.recognition
    bench.session.show_recognition(replace(recognition, explanations=((flat,),)))
    show_frame(bench, pane, index)
    assert said in pane.legend.words()


def test_a_click_on_when_it_was_seen_goes_there(bench):
    bench.show(made_recording(FRAMES))
    pane = show_pane(bench, "color")
    index, _ = look(bench)
    show_frame(bench, pane, index + 12)
    pane.legend.grab()
    area, meaning = pane.legend._links[0]
    assert meaning.link.startswith("seen at")
    middle = area.center().toPoint()
    QTest.mouseClick(pane.legend, Qt.MouseButton.LeftButton, pos=middle)
    bench.qtbot.waitUntil(lambda: pane.shown_index == index, timeout=5000)


def test_maps_lie_on_their_own_stream_and_on_those_that_share_its_pixels(bench):
    recording = made_recording(FRAMES)
    assert shares_pixels(recording, "depth", "infrared")
    assert shares_pixels(recording, "color", "color")
    assert not shares_pixels(recording, "color", "depth")
    assert not shares_pixels(recording, "color", "gone")
    bench.show(recording)
    panes = {name: show_pane(bench, name) for name in ("color", "depth", "infrared")}
    index, _ = look(bench, "depth")
    for pane in panes.values():
        show_frame(bench, pane, index)
    there = {name: pane.attention.patch is not None for name, pane in panes.items()}
    assert there == {"color": False, "depth": True, "infrared": True}


def test_the_square_is_named_after_its_joint_and_how_far_it_moved(bench):
    bench.show(made_recording(FRAMES))
    pane = show_pane(bench, "color")
    index, _ = look(bench)
    show_frame(bench, pane, index)
    pointer = pane.attention.pointer
    assert pane.attention._pointer_words(pointer) == "right hand moved 0.42 m"
    view, box = pane.canvas.view(), pointer.box
    x = round(view.x + box.left * view.scale)
    y = round(view.y + (box.top + box.bottom) / 2 * view.scale)
    strip = grabbed(pane.canvas)[y, x - 3 : x + 4]
    assert any(near(pixel, theme.DARK.accent, 60) for pixel in strip)


def test_a_click_on_a_joint_asks_what_it_attends_to(bench):
    bench.show(made_recording(FRAMES))
    pane = show_pane(bench, "color")
    index, _ = look(bench)
    explaining = bench.session.explaining
    explaining.toggle("relation")
    show_frame(bench, pane, index)
    assert "where right hand attends" in pane.legend.words()
    x, y = joint_pixel(bench, pane, HEAD)
    QTest.mouseClick(pane.canvas, Qt.MouseButton.LeftButton, pos=QPoint(x, y))
    assert explaining.joint == HEAD
    assert "where head attends" in pane.legend.words()
    QTest.mouseClick(pane.canvas, Qt.MouseButton.LeftButton, pos=QPoint(x, y))
    assert explaining.joint is None


def test_weights_make_joints_larger_and_recolour_them(bench):
    bench.show(made_recording(FRAMES))
    pane = show_pane(bench, "color", (1200, 728))
    look(bench)
    explaining = bench.session.explaining
    explaining.on_picture, explaining.on_joints = "", "joints"
    explaining.changed.emit()
    show_frame(bench, pane, 20)
    time_ns = int(bench.session.recording.streams["color"].times_ns[20])
    weights = explaining.weights_of(time_ns, "0", "kinect_v2_25")
    picture = grabbed(pane.canvas)
    for joint in (HEAD, 13, 17):  # none of them hides another
        x, y = joint_pixel(bench, pane, joint)
        assert near(picture[y, x], joint_color(float(weights[joint])).name(), 14)
    assert pane.legend.words() == "evidence for wave, ST-GCN"


def test_the_3d_view_has_the_weights_and_their_meaning(bench):
    bench.show(made_recording(FRAMES))
    pane = show_pane(bench, "skeleton3d", view="soft")
    look(bench)
    explaining = bench.session.explaining
    explaining.on_joints = "joints"
    explaining.changed.emit()
    assert set(pane.view._scene.weights) == {"0"}
    assert pane.legend.words().endswith("evidence for wave, ST-GCN")
    explaining.toggle_joints()
    assert pane.view._scene.weights == {}
    assert "evidence" not in pane.legend.words()


def test_every_frame_of_a_clip_has_its_map_where_it_was_cut_out(bench):
    bench.show(made_recording(FRAMES))
    pane = show_pane(bench, "color")
    pane.toggle("skeleton").setChecked(False)
    recognition = made_recognition(bench.session.recording, picture="color", windows=1, more=True)
    bench.session.show_recognition(recognition)
    explaining = bench.session.explaining
    explaining.toggle("Grad-CAM clip")
    explaining.on_joints = ""
    clip = next(one for one in recognition.explanations[0] if one.name == "Grad-CAM clip")
    times = bench.session.recording.streams["color"].times_ns
    hottest = []
    for at in (0, 3, 9, len(clip.times_ns) - 1):
        index = int(np.searchsorted(times, clip.times_ns[at]))
        for later in range(4 if at < len(clip.times_ns) - 1 else 1):  # until the next one follows
            show_frame(bench, pane, index + later)
            assert pane.attention.patch.time_ns == clip.times_ns[at]
            assert pane.attention.patch.box == clip.boxes[at]
            assert pane.attention.on_frame
            assert "seen at" not in pane.legend.words()
        show_frame(bench, pane, index)
        box, cell = clip.boxes[at], np.unravel_index(clip.values[at].argmax(), (7, 7))
        x = box.left + (cell[1] + 0.5) / 7 * (box.right - box.left)
        y = box.top + (cell[0] + 0.5) / 7 * (box.bottom - box.top)
        view = pane.canvas.view()
        seen = grabbed(pane.canvas)[round(view.y + y * view.scale), round(view.x + x * view.scale)]
        assert not near(seen, (index, 60, 90), 60)
        hottest.append(x)
    assert np.all(np.diff(hottest) > 0)  # the warm place wanders to the right


@pytest.mark.parametrize("kind", ["color", "skeleton3d"])
def test_links_are_lines_between_joints_also_where_there_is_no_picture(bench, kind):
    without = () if kind == "color" else ("color", "depth", "infrared")
    recording = made_recording(FRAMES)
    recognition = made_recognition(recording, windows=1, more=True)
    links = next(one for one in recognition.explanations[0] if one.name == "learned links")
    bench.show(made_recording(FRAMES, without=without))
    options = {} if kind == "color" else {"view": "soft"}
    pane = show_pane(bench, kind, **options)
    bench.session.show_recognition(replace(recognition, explanations=((links,),)))
    explaining = bench.session.explaining
    explaining.choose_joint(7)
    if kind == "color":
        show_frame(bench, pane, 30)
        assert pane.legend.words().startswith("learned links, AGCN\nwhere ")
        a, b = (np.array(joint_pixel(bench, pane, joint)) for joint in (7, HEAD))
        canvas = pane.canvas
    else:
        bench.session.transport.seek(bench.session.recording.start_ns + 500_000_000)
        assert pane.view._scene.links["0"][-1][:2] == (7, HEAD)
        assert pane.legend.words().startswith("learned links, AGCN\nwhere ")
        grabbed(pane.view)  # lays it out
        body = pane.view._scene.people[0][1]
        placed = pane.orbit.project(body.joints, pane.view.width(), pane.view.height())
        a, b = placed[7], placed[HEAD]
        canvas = pane.view
    explaining.toggle("learned links")
    plain = grabbed(canvas).astype(int)
    explaining.toggle("learned links")
    linked = grabbed(canvas).astype(int)
    middle = np.rint(a + 0.4 * (b - a)).astype(int)
    around = np.s_[middle[1] - 2 : middle[1] + 3, middle[0] - 2 : middle[0] + 3]
    weight = explaining.links(bench.session.transport.position_ns)[0].links[-1][2]
    color = joint_color(weight).name()
    assert any(near(pixel, color, 90) for pixel in linked[around].reshape(-1, 3))
    assert not any(near(pixel, color, 90) for pixel in plain[around].reshape(-1, 3))


def test_hover_tells_the_weight_under_the_mouse(bench):
    bench.show(made_recording(FRAMES))
    pane = show_pane(bench, "color")
    index, heat = look(bench)
    show_frame(bench, pane, index)
    box = heat.boxes[0]
    cell = (box.right - box.left) / 10
    told = pane.attention.value_text(box.left + 0.5 * cell, box.top + 0.5 * cell)
    assert told == f"attention {heat.values[0, 0, 0]:.2f}"
    assert pane.attention.value_text(box.left - 5, box.top) == ""


def test_another_recording_takes_everything_away(bench):
    bench.show(made_recording(FRAMES))
    pane = show_pane(bench, "color")
    index, _ = look(bench)
    show_frame(bench, pane, index)
    assert pane.legend.isVisible()
    bench.show(made_recording(FRAMES, name="other", without=("color",)))
    assert bench.session.recognition is None
    assert not pane.legend.isVisible()
    bench.session.show_recognition(made_recognition(bench.session.recording, picture="depth"))
    assert pane.attention is None


def test_maps_survive_another_theme_and_size(bench):
    bench.show(made_recording(FRAMES))
    pane = show_pane(bench, "color")
    index, heat = look(bench)
    pane.toggle("skeleton").setChecked(False)
    one_cell(bench, heat, 2, 7)
    show_frame(bench, pane, index)
    theme.apply(QApplication.instance(), "light")
    pane.resize(420, 300)
    x, y = cell_middle(pane, heat, 2, 7)
    assert not near(grabbed(pane.canvas)[y, x], (index, 60, 90), 40)
    theme.apply(QApplication.instance(), "dark")


def test_a_box_that_reaches_beyond_the_picture_is_cut_there():
    values = np.ones((4, 4), dtype=np.float32)
    view = View(2.0, 10.0, 20.0, 1.0)
    visible = QRectF(10, 20, 200, 100)  # a picture of 100 x 50 pixels
    made = HeatPicture().at(values, Box(-20, -20, 40, 40), heat_table(0.1, 1), view, visible, 1.0)
    image, place = made
    assert (place.left(), place.top()) == (10, 20)
    assert (image.width(), image.height()) == (80, 80)


def test_a_box_out_of_sight_is_no_picture():
    values = np.ones((4, 4), dtype=np.float32)
    picture = HeatPicture()
    view, visible = View(1.0, 0.0, 0.0, 1.0), QRectF(0, 0, 100, 100)
    assert picture.at(values, Box(200, 0, 300, 50), heat_table(0.1, 1), view, visible, 1.0) is None


def test_the_same_moment_is_not_coloured_again():
    values, table = np.ones((4, 4), dtype=np.float32), heat_table(0.1, 1)
    picture = HeatPicture()
    view, visible = View(1.0, 0.0, 0.0, 1.0), QRectF(0, 0, 100, 100)
    one = picture.at(values, Box(0, 0, 50, 50), table, view, visible, 1.0)[0]
    again = picture.at(values, Box(0, 0, 50, 50), table, view, visible, 1.0)[0]
    zoomed = View(2.0, 0.0, 0.0, 2.0)
    other = picture.at(values, Box(0, 0, 50, 50), table, zoomed, visible, 1.0)[0]
    assert one is again
    assert other is not one


def test_dragging_the_picture_is_no_click(bench):
    bench.show(made_recording(FRAMES))
    pane = show_pane(bench, "color")
    clicks: list[tuple[float, float]] = []
    pane.canvas.clicked.connect(lambda x, y: clicks.append((x, y)))
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(pane.canvas, left, pos=QPoint(100, 100))
    QTest.mouseRelease(pane.canvas, left, pos=QPoint(160, 120))
    assert clicks == []
    QTest.mouseClick(pane.canvas, left, pos=QPoint(100, 100))
    assert clicks == [pytest.approx(pane.canvas.view().to_picture(QPointF(100, 100)))]
