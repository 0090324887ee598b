"""Tests that drive the real studio on a display with a window manager, by mouse and keyboard.

``studio`` is the real main window in this process, driven by QTest. ``launch`` starts the studio
as a program of its own, driven from outside by xdotool. Both skip, visibly, without a display.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

import leaks
from driving import Launched, StudioUnderTest, until
from harstudio.studio.garbage import GarbageCollector

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True, scope="session")
def garbage(qapp: QApplication) -> GarbageCollector:
    """As in the studio: no thread but this one destroys widgets."""
    return GarbageCollector(qapp)


@pytest.fixture(autouse=True)
def nothing_left_behind(qapp: object) -> Iterator[None]:
    if QGuiApplication.platformName() in ("offscreen", "minimal"):
        pytest.skip("end-to-end tests need a display; packaging/bootstrap.py test brings one")
    yield from leaks.watch()


@pytest.fixture
def demo_project(tmp_path: Path) -> Path:
    """A copy of the demo project that a test may label."""
    return Path(shutil.copytree(ROOT / "resources" / "demo", tmp_path / "demo"))


@pytest.fixture
def studio(qapp: QApplication) -> Iterator[StudioUnderTest]:
    """The real main window, active, without a recording."""
    from harstudio.studio import theme
    from harstudio.studio.session import Session
    from harstudio.studio.window import MainWindow

    theme.apply(qapp, "dark")
    session = Session()
    window = MainWindow(session)
    window.show()
    QTest.qWaitForWindowExposed(window)
    window.activateWindow()
    until(window.isActiveWindow, what="the window is active (is a window manager running?)")
    yield StudioUnderTest(window, session)
    window.close()
    session.close()
    window.deleteLater()
    leaks.settle()


@pytest.fixture
def launch() -> Iterator[Callable[..., Launched]]:
    """Start ``harstudio ARGUMENTS`` as its own process; ended after the test."""
    if shutil.which("xdotool") is None:
        pytest.skip("xdotool is not installed; packaging/bootstrap.py test installs it")
    started: list[Launched] = []

    def start(*arguments: str | Path) -> Launched:
        command = [sys.executable, "-m", "harstudio", *map(str, arguments)]
        process = subprocess.Popen(command, text=True, cwd=ROOT)
        started.append(Launched(process))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.terminate()
            try:
                one.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                one.kill()
