"""Starting: the window first, then the panes; the demo; what goes to the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QtMsgType
from PySide6.QtTest import QTest

from harstudio.errors import MissingError
from harstudio.settings import data_dir
from harstudio.studio import app, demo
from harstudio.studio.app import Starter, StartUp
from harstudio.studio.background import Task
from harstudio.studio.buttons import Button, ToolButton
from harstudio.studio.demo import own_demo
from harstudio.studio.window import MainWindow


@pytest.fixture
def starters(qtbot) -> Iterator[list[Starter]]:
    made: list[Starter] = []
    yield made
    for starter in made:
        starter.window.close()
        starter.session.deleteLater()
        starter.deleteLater()


def start(starters: list[Starter], qtbot, paths: list[Path], demo: bool = False) -> MainWindow:
    starter = Starter(paths, demo, StartUp())
    starters.append(starter)
    qtbot.addWidget(starter.window)
    starter.start()
    assert not starter.window.is_furnished
    qtbot.waitUntil(lambda: "usable" in starter.start_up.marks, timeout=20_000)
    return starter.window


def test_the_window_stands_before_its_panes(starters: list[Starter], qtbot, utd_mhad: Path) -> None:
    window = start(starters, qtbot, [utd_mhad / "Depth" / "a1_s1_t1_depth.mat"])
    marks = starters[0].start_up.marks
    assert marks["window"] <= marks["usable"]
    qtbot.waitUntil(lambda: window.session.recording is not None, timeout=20_000)
    assert window.session.recording.name == "a1_s1_t1"
    assert "recording" in marks


def test_the_first_start_shows_the_demo(
    starters: list[Starter], qtbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(MainWindow, "open_demo", lambda self: asked.append(self))
    window = start(starters, qtbot, [])
    assert asked == [window]


def test_later_starts_show_what_was_open_lately(
    starters: list[Starter], qtbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MainWindow, "open_demo", lambda self: pytest.fail("not the first start"))
    from harstudio.settings import load_settings, save_settings

    settings = load_settings()
    settings.remember(tmp_path)
    save_settings(settings)
    window = start(starters, qtbot, [])

    def shown() -> list[str]:
        buttons = [b for b in window.welcome.findChildren(ToolButton) if b.isVisible()]
        return [b.text().split()[0] for b in buttons]

    qtbot.waitUntil(lambda: shown() == [tmp_path.name])


def test_enter_presses_a_button_of_the_welcome(
    starters: list[Starter], qtbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(MainWindow, "open_demo", lambda self: asked.append(self))
    window = start(starters, qtbot, [])
    asked.clear()
    window.activateWindow()
    button = next(b for b in window.welcome.findChildren(Button) if b.text() == "Open the demo")
    button.setFocus()
    qtbot.waitUntil(button.hasFocus)
    QTest.keyClick(button, Qt.Key.Key_Return)
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert len(asked) == 2


def test_the_demo_is_copied_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = tmp_path / "demo"
    bundled.mkdir()
    (bundled / "project.toml").write_text('name = "demo"\n')
    monkeypatch.setattr(demo, "resource", lambda *_: bundled)
    own = own_demo()
    assert own == data_dir() / "demo"
    (own / "note.txt").write_text("mine")
    assert own_demo() == own
    assert (own / "note.txt").read_text() == "mine"
    assert not (bundled / "note.txt").exists()


def test_a_missing_demo_is_told(
    starters: list[Starter], qtbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "resource", lambda *_: tmp_path / "nothing")
    with pytest.raises(MissingError, match="not there"):
        own_demo()
    window = start(starters, qtbot, [], demo=True)
    qtbot.waitUntil(window.problem_bar.isVisible)
    assert "demo" in window.problem_bar.sentence.text()


def test_qt_messages_go_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="harstudio.qt"):
        app._qt_message(QtMsgType.QtWarningMsg, None, "a pixmap is null")
        app._qt_message(QtMsgType.QtWarningMsg, None, "pts == AV_NOPTS_VALUE")
    levels = {record.message: record.levelno for record in caplog.records}
    assert levels == {
        "a pixmap is null": logging.WARNING,
        "pts == AV_NOPTS_VALUE": logging.DEBUG,
    }


def test_a_cancelled_task_tells_nothing_that_was_under_way(qtbot) -> None:
    told: list[object] = []
    task = Task(lambda _progress, _cancelled: "result")
    task.finished.connect(told.append)
    task.start()
    while task.running:
        pass
    task.cancel()
    qtbot.wait(20)
    assert told == []
    task.deleteLater()


def test_a_task_tells_progress_and_its_failure(qtbot) -> None:
    def work(progress: Callable[[int], None], _cancelled: object) -> None:
        progress(3)
        raise ValueError("no")

    task = Task(work)
    counts: list[int] = []
    task.progressed.connect(counts.append)
    with qtbot.waitSignal(task.failed) as failed:
        task.start()
    assert isinstance(failed.args[0], ValueError)
    assert counts == [3]
    task.deleteLater()
