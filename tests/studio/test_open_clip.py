"""A stretch of a recording, shown from wherever it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from harstudio.errors import MissingError
from harstudio.studio.window import MainWindow
from studio.made_recording import made_recording
from studio.session_bench import SessionBench

SECOND = 1_000_000_000


@pytest.fixture
def bench(qtbot, tmp_path, monkeypatch):
    made = SessionBench(qtbot, tmp_path, monkeypatch)
    yield made
    made.close()


def put(bench: SessionBench, name: str) -> Path:
    """A made recording of one second under a name; its path."""

    def make():
        recording = made_recording(name=name)
        recording.path = bench.folder / name
        return recording

    return bench.add(name, make)


def test_a_clip_of_the_open_recording_loops_at_once(bench, qtbot) -> None:
    path = put(bench, "one.x")
    bench.open(path)
    session = bench.session
    opened = session.recording
    with qtbot.waitSignal(session.clip_shown, timeout=1000):
        session.open_clip(path, SECOND // 5, SECOND // 2)
    assert session.recording is opened
    assert session.transport.loop == (SECOND // 5, SECOND // 2)
    assert session.transport.playing
    assert SECOND // 5 <= session.transport.position_ns < SECOND // 2


def test_another_recording_is_opened_first(bench, qtbot) -> None:
    bench.open(put(bench, "one.x"))
    other = put(bench, "two.x")
    with qtbot.waitSignal(bench.session.clip_shown, timeout=5000):
        bench.session.open_clip(other, SECOND // 10, 99 * SECOND)
    session = bench.session
    assert session.recording.name == "two.x"
    assert session.transport.loop == (SECOND // 10, session.transport.stop_ns)
    assert session.transport.position_ns >= SECOND // 10


def test_a_clip_that_cannot_be_opened_leaves_no_loop_behind(bench, qtbot) -> None:
    bench.open(put(bench, "one.x"))
    session = bench.session
    with qtbot.waitSignal(session.failed, timeout=5000):
        session.open_clip(bench.folder / "gone.x", 1, 2)
    assert isinstance(bench.failures[0], MissingError)
    assert session.transport.loop is None
    bench.open(put(bench, "two.x"))  # opened by hand: it plays from its start, without a loop
    assert session.transport.loop is None
    assert session.transport.position_ns == session.transport.start_ns


def test_the_window_goes_to_review(window: MainWindow, qtbot, tmp_path, monkeypatch) -> None:
    recording = made_recording()
    recording.path = tmp_path / "film.x"
    recording.path.touch()
    monkeypatch.setattr("harstudio.studio.opening.open_recording", lambda path: recording)
    window.set_workspace("view.train")
    with qtbot.waitSignal(window.session.clip_shown, timeout=5000):
        window.session.open_clip(recording.path, 0, SECOND // 3)
    assert window.arrangement.workspace == "view.review"
    assert window.session.transport.loop == (0, SECOND // 3)
