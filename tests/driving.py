"""Hands on the studio: keys, mouse and screenshots, from inside and from outside."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEventLoop, QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

import leaks

ROOT = Path(__file__).resolve().parents[1]
SCREENSHOTS = Path(os.environ.get("HARSTUDIO_SCREENSHOTS") or ROOT / "screenshots")
KEYS = {
    "space": Qt.Key.Key_Space,
    "left": Qt.Key.Key_Left,
    "right": Qt.Key.Key_Right,
    "up": Qt.Key.Key_Up,
    "down": Qt.Key.Key_Down,
    "enter": Qt.Key.Key_Return,
    "escape": Qt.Key.Key_Escape,
    "backspace": Qt.Key.Key_Backspace,
    "home": Qt.Key.Key_Home,
    "end": Qt.Key.Key_End,
    "pgdown": Qt.Key.Key_PageDown,
    "tab": Qt.Key.Key_Tab,
}
MODIFIERS = {
    "ctrl": Qt.KeyboardModifier.ControlModifier,
    "shift": Qt.KeyboardModifier.ShiftModifier,
    "alt": Qt.KeyboardModifier.AltModifier,
}


def wait(milliseconds: int) -> None:
    """Run the event loop for a while. (vispy puts a busy loop in the place of QTest.qWait.)"""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def until(condition: Callable[[], Any], seconds: float = 20.0, what: str = "") -> Any:
    """Run the event loop until the condition holds; its value. Fails after ``seconds``."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        wait(10)
    raise AssertionError(f"not within {seconds} s: {what or condition}")


class StudioUnderTest:
    """The real window and the hands on it."""

    def __init__(self, window: Any, session: Any) -> None:
        self.window = window
        self.session = session
        self.presses = 0

    def open(self, path: Path) -> Any:
        """Open a recording or project the way the window does; the recording."""
        before = self.session.recording
        self.session.open(path)
        until(
            lambda: self.session.recording is not None and self.session.recording is not before,
            what=f"opening {path}",
        )
        leaks.settle()
        return self.session.recording

    def key(self, text: str, times: int = 1) -> None:
        """Press a key as a person does, e.g. "space", "ctrl+z", "7"; goes where the focus is."""
        *held, name = text.lower().split("+") if text != "+" else ["+"]
        modifier = Qt.KeyboardModifier.NoModifier
        for part in held:
            modifier |= MODIFIERS[part]
        for _ in range(times):
            target = QApplication.activePopupWidget() or QApplication.focusWidget() or self.window
            if name in KEYS:
                QTest.keyClick(target, KEYS[name], modifier)
            else:
                QTest.keyClick(target, name, modifier)
            self.presses += 1
            wait(5)

    def hold(self, letter: str) -> None:
        """Press the key of a letter or digit and keep it down."""
        QTest.keyPress(QApplication.focusWidget() or self.window, letter)
        self.presses += 1

    def let_go(self, letter: str) -> None:
        """Release a key that is held."""
        QTest.keyRelease(QApplication.focusWidget() or self.window, letter)
        wait(5)

    def click(
        self,
        widget: QWidget,
        x: int | None = None,
        y: int | None = None,
        button: Qt.MouseButton = Qt.MouseButton.LeftButton,
    ) -> None:
        """Click a widget, in its middle unless told where."""
        place = widget.rect().center() if x is None or y is None else QPoint(x, y)
        QTest.mouseClick(widget, button, Qt.KeyboardModifier.NoModifier, place)
        wait(5)

    def drag(self, widget: QWidget, start: QPoint, end: QPoint, steps: int = 8) -> None:
        """Press at ``start``, move in steps, let go at ``end``."""
        left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        QTest.mousePress(widget, left, none, start)
        for step in range(1, steps + 1):
            QTest.mouseMove(widget, start + (end - start) * step / steps)
            wait(10)
        QTest.mouseRelease(widget, left, none, end)
        wait(10)

    def wait(self, milliseconds: int) -> None:
        """Let the studio run."""
        wait(milliseconds)

    def resize(self, width: int, height: int) -> None:
        """Give the window a size, without a frame so that a whole screen will do, and wait."""
        self.window.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.window.showNormal()
        self.window.move(0, 0)
        self.window.resize(width, height)
        wait(200)

    def screenshot(self, name: str) -> Path:
        """Save what the window shows, everything in it, as screenshots/NAME.png."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        file = SCREENSHOTS / f"{name}.png"
        wait(50)
        screen = self.window.screen()
        frame = self.window.geometry()
        picture = screen.grabWindow(0, frame.x(), frame.y(), frame.width(), frame.height())
        assert picture.save(str(file)), f"cannot save {file}"
        return file


class Launched:
    """A studio that runs as a program of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.window = ""

    def xdotool(self, *arguments: str) -> str:
        """Run xdotool; what it printed."""
        command = ["xdotool", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        return done.stdout.strip()

    def wait_for_window(self, seconds: float = 30.0) -> str:
        """Wait for the visible main window; its X identity."""

        def found() -> str:
            code = self.process.poll()
            assert code is None, f"the studio ended with {code}"
            lines = self.xdotool("search", "--onlyvisible", "--name", "HARStudio").split()
            return lines[0] if lines else ""

        self.window = until(found, seconds, "the studio's window")
        self.xdotool("windowactivate", "--sync", self.window)
        return self.window

    def key(self, *keys: str) -> None:
        """Type keys into whatever has the focus, in xdotool's names."""
        self.xdotool("key", "--clearmodifiers", *keys)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.process.kill()
        self.process.wait(timeout=20)
