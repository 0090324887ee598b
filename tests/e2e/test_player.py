"""The reviewer: open, play, step, scrub, loop, look at every pane."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint

from driving import until, wait

PICTURES = ("color", "depth", "infrared")


def pane(studio, name):
    return studio.window.pane_area.docks[name].widget()


def shown(studio) -> dict[str, int]:
    """Time of the frame on screen, by picture pane."""
    panes = [pane(studio, name) for name in PICTURES]
    return {
        p.pane_id: int(p.stream.times_ns[p.shown_index])
        for p in panes
        if p.stream is not None and p.shown_index is not None
    }


def settled(studio) -> dict[str, int]:
    """The pictures once every pane shows the frame of the playhead."""
    now = studio.session.transport.position_ns

    def all_there():
        times = shown(studio)
        near = [abs(t - now) <= 17_000_000 for t in times.values()]
        return times if len(near) == 3 and all(near) else None

    return until(all_there, what="every pane shows the playhead's frame")


def test_the_demo_plays_on_one_clock(studio, demo_project):
    studio.open(demo_project)
    settled(studio)
    studio.window.activateWindow()
    start = studio.session.transport.position_ns
    studio.key("space")
    studio.session.meter.reset()
    studio.wait(1500)
    assert studio.session.transport.playing
    summary = studio.session.meter.summary()
    studio.key("space")
    assert not studio.session.transport.playing
    moved = studio.session.transport.position_ns - start
    assert 0.9e9 < moved < 2.5e9
    assert summary.due > 25
    assert summary.skew_ns <= 34_000_000
    assert len(set(settled(studio))) == 3
    studio.screenshot("player-demo")


def test_stepping_goes_frame_by_frame_both_ways(studio, demo_project):
    studio.open(demo_project)
    times = studio.session.recording.reference.times_ns
    settled(studio)
    for keys, frame in (("right", 1), ("right", 2), ("shift+right", 12), ("left", 11),
                        ("shift+left", 1), ("left", 0), ("left", 0)):  # fmt: skip
        studio.key(keys)
        assert studio.session.transport.position_ns == times[frame]
        assert set(settled(studio).values()) == {int(times[frame])}
    studio.key("end")
    assert studio.session.frame_index() == len(times) - 1
    studio.key("home")
    assert studio.session.frame_index() == 0


def test_shuttle_and_loop(studio, demo_project):
    studio.open(demo_project)
    transport = studio.session.transport
    studio.key("l")
    studio.key("l")
    assert transport.playing
    assert transport.rate == 2.0
    studio.key("k")
    assert not transport.playing
    studio.key("j")
    studio.wait(100)
    assert transport.rate == -1.0
    studio.key("k")
    assert transport.rate == 1.0
    times = studio.session.recording.reference.times_ns
    transport.seek(int(times[5]))
    studio.key("shift+i")
    transport.seek(int(times[14]))
    studio.key("shift+o")
    assert transport.loop == (times[5], times[14])
    studio.key("space")
    seen = set()
    for _ in range(60):
        studio.wait(15)
        seen.add(studio.session.frame_index())
    studio.key("space")
    assert seen <= set(range(5, 15))
    assert len(seen) >= 7


def test_the_mouse_scrubs_on_bar_and_timeline(studio, demo_project):
    studio.open(demo_project)
    timeline = studio.window.timeline
    viewport = timeline.viewport()
    middle = QPoint(viewport.width() // 2, 8)
    studio.drag(viewport, middle, QPoint(middle.x() + 200, 8))
    first = studio.session.transport.position_ns
    assert first > 0
    studio.drag(viewport, QPoint(middle.x() + 200, 8), middle)
    assert studio.session.transport.position_ns < first
    assert settled(studio)


def test_every_pane_shows_something(studio, demo_project):
    studio.open(demo_project)
    studio.resize(1440, 900)
    studio.session.transport.seek(studio.session.recording.duration_ns // 2)
    settled(studio)
    studio.wait(500)
    panes = dict(studio.window.pane_area.docks)
    assert not panes.pop("example").isVisible()  # until somebody asks for it
    for name, dock in panes.items():
        assert dock.isVisible(), name
        picture = dock.widget().screen().grabWindow(dock.widget().winId()).toImage()
        assert picture.width() >= 160
        colors = {
            picture.pixel(x, y)
            for x in range(0, picture.width(), 7)
            for y in range(0, picture.height(), 7)
        }
        assert len(colors) > 8, f"{name} is blank"


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)])
def test_the_window_fits(studio, demo_project, theme, size):
    studio.window.commands.run(f"view.theme_{theme}")
    studio.resize(*size)
    studio.open(demo_project)
    studio.session.transport.seek(studio.session.recording.duration_ns // 2)
    settled(studio)
    studio.wait(400)
    window = studio.window
    assert (window.width(), window.height()) == size
    inside = window.rect()
    for part in (window.top_bar, window.library, window.transport_bar, window.timeline):
        corner = part.mapTo(window, part.rect().bottomRight())
        assert inside.contains(corner), f"{part.objectName()} is cut off"
    studio.screenshot(f"window-{theme}-{size[0]}x{size[1]}")


def test_palette_and_key_sheet(studio, demo_project):
    studio.open(demo_project)
    studio.key("ctrl+p")
    until(studio.window.palette_box.isVisible, what="the palette opens")
    for letter in "one frame on":
        studio.key("space" if letter == " " else letter)
    studio.screenshot("palette")
    before = studio.session.frame_index()
    studio.key("enter")
    until(lambda: studio.session.frame_index() == before + 1, what="the command ran")
    studio.key("?")
    until(studio.window.sheet.isVisible, what="the key sheet opens")
    studio.screenshot("keys")
    studio.key("escape")
    until(lambda: not studio.window.sheet.isVisible(), what="the key sheet closes")


def test_a_broken_recording_is_explained_and_the_rest_goes_on(studio, demo_project, tmp_path):
    recording = studio.open(demo_project)
    broken = tmp_path / "schräg 壊れた.avi"
    broken.write_bytes(b"RIFF\x10\x00\x00\x00AVI nothing here")
    studio.window.open_path(broken)
    bar = studio.window.problem_bar
    until(bar.isVisible, what="the problem is shown")
    studio.screenshot("problem")
    assert studio.session.recording is recording
    studio.key("right")
    assert studio.session.frame_index() == 1
    studio.key("escape")
    until(lambda: not bar.isVisible(), what="Esc takes the problem away")


def test_library_finds_and_opens(studio, demo_project):
    studio.open(demo_project)
    library = studio.window.library
    until(lambda: library.model.rowCount() == 13, what="the library lists the project")
    first = studio.session.recording.name
    studio.key("pgdown")
    until(lambda: studio.session.recording.name != first, what="the next recording opens")
    studio.key("ctrl+f")
    for letter in "subject:2":
        studio.key(letter)
    until(lambda: 0 < library.list.model().rowCount() < 12, what="the filter narrows the list")
    wait(300)
    studio.screenshot("library-search")


def test_real_trial(studio, utd_mhad: Path):
    """A real Kinect v1 recording: depth, skeleton and inertial data; no colour pane in the way."""
    studio.open(utd_mhad / "Depth" / "a3_s1_t1_depth.mat")
    depth = pane(studio, "depth")
    until(lambda: depth.shown_index is not None, what="the depth picture")
    studio.session.step(20)
    until(lambda: depth.shown_index == 20, what="frame 20")
    studio.wait(300)
    assert not studio.window.pane_area.docks["color"].isVisible()
    studio.screenshot("real-trial")
