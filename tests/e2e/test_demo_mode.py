"""Demo mode: the demonstrator presses one key, visitors see themselves and what is recognised."""

from __future__ import annotations

import ctypes
import ctypes.util
import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from driving import SCREENSHOTS, until, wait
from harstudio.studio.demo_mode import attract
from harstudio.studio.demo_mode.shown import Scene


def go_live_from(studio, path: Path) -> None:
    studio.window.live.choice.set_source(f"replay:{path}")


def picture_of_the_screen(name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    wait(100)
    QGuiApplication.primaryScreen().grabWindow(0).save(str(SCREENSHOTS / f"{name}.png"))


def test_one_key_shows_visitors_what_they_do_and_a_held_key_leaves(studio, demo_project):
    go_live_from(studio, demo_project / "recordings" / "kick-s01.harrec")
    demo, service = studio.window.demo_mode, studio.window.live
    studio.key("ctrl+6")
    assert demo.on
    stage = demo.stage
    until(lambda: stage.isFullScreen() and stage.isActiveWindow(), what="it is in front")
    assert stage.size() == stage.screen().size()
    until(lambda: demo.live.mirror is not None and demo.live.mirror.figures, 60, "skeletons")
    until(lambda: stage.shown.label, 90, "the first label")
    assert stage.shown.scene is Scene.DOING
    assert stage.shown.recording_s is None
    picture_of_the_screen("demo-mode")
    QTest.keyClick(stage, Qt.Key.Key_Space)  # no key of the studio does anything here
    QTest.keyClick(stage, Qt.Key.Key_Escape)
    wait(300)
    assert demo.on
    assert stage.held.hints
    QTest.keyPress(stage, Qt.Key.Key_Escape)
    until(lambda: not demo.on, what="holding Esc leaves")
    until(lambda: service.state == "off", 60, "what demo mode began has ended")
    until(studio.window.isActiveWindow, what="the operator's window is there again")
    assert not [one for one in QApplication.topLevelWidgets() if one.isVisible() and
                one is not studio.window and one.isWindow()]  # fmt: skip


@pytest.mark.slow
def test_a_recording_plays_while_the_sensor_is_away(studio, demo_project, tmp_path, monkeypatch):
    away = tmp_path / "sensor"
    go_live_from(studio, away)  # as good as unplugged
    monkeypatch.setattr("harstudio.studio.demo_mode.mode.AGAIN_S", 3.0)
    demo = studio.window.demo_mode
    demo.enter()
    until(lambda: demo.stage.shown.recorded, 60, "the recording plays")
    assert demo.stage.shown.sentence
    until(lambda: demo.stage.shown.label, 90, "it is recognised, too")
    picture_of_the_screen("demo-away")
    assert demo.attract.choice.recording == attract.usual_recordings()
    shutil.copytree(demo_project / "recordings" / "kick-s01.harrec", away / "kick-s01.harrec")
    until(lambda: not demo.stage.shown.recorded and demo.live.mirror is not None, 60, "live again")
    until(lambda: not demo.stage.shown.sentence, 20, "nothing is wrong any more")
    demo.leave()
    until(lambda: studio.window.live.state == "off", 60)


class _SaverInfo(ctypes.Structure):
    """XScreenSaverInfo of libXss."""

    _fields_ = [
        ("window", ctypes.c_ulong), ("state", ctypes.c_int), ("kind", ctypes.c_int),
        ("til_or_since", ctypes.c_ulong), ("idle", ctypes.c_ulong), ("mask", ctypes.c_ulong),
    ]  # fmt: skip


@pytest.fixture
def saver_on():
    """The X server's screen saver, set to begin after a second; tells whether it is on."""
    x11, xss = ctypes.util.find_library("X11"), ctypes.util.find_library("Xss")
    if QGuiApplication.platformName() != "xcb" or not (x11 and xss):
        pytest.skip("the X server's screen saver needs X11 and libXss")
    xlib, saver = ctypes.CDLL(x11), ctypes.CDLL(xss)
    xlib.XOpenDisplay.restype = xlib.XDefaultRootWindow.restype = ctypes.c_void_p
    xlib.XOpenDisplay.argtypes = [ctypes.c_char_p]
    display = ctypes.c_void_p(xlib.XOpenDisplay(None))
    root = ctypes.c_void_p(xlib.XDefaultRootWindow(display))
    info = _SaverInfo()

    def on() -> bool:
        saver.XScreenSaverQueryInfo(display, root, ctypes.byref(info))
        return info.state == 1

    xlib.XSetScreenSaver(display, 1, 0, 1, 0)
    xlib.XSync(display, 0)
    yield on
    xlib.XSetScreenSaver(display, 0, 0, 1, 0)
    xlib.XForceScreenSaver(display, 0)
    xlib.XCloseDisplay(display)


def test_the_screen_stays_on(studio, saver_on):
    """The saver of a real X server: it begins without demo mode, and not with it."""
    until(saver_on, 15, "the saver begins")
    awake = studio.window.demo_mode.awake
    awake.keep()
    assert "XScreenSaverSuspend" in awake.means
    until(lambda: not saver_on(), what="the screen is on again")
    wait(2500)
    assert not saver_on()
    awake.let_go()
    assert awake.means == ()
    until(saver_on, 15, "the saver begins again")
