"""Keeps the computer and its screens awake while visitors are shown something.

Linux: ``org.freedesktop.ScreenSaver.Inhibit`` on the session's bus (KDE, GNOME, Xfce, Cinnamon),
else ``systemd-inhibit``; on X11 also the server's own saver (MIT-SCREEN-SAVER 1.1,
``XScreenSaverSuspend``). Windows: ``SetThreadExecutionState``. macOS: ``caffeinate``. All of them
end with the program, however it ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import logging
import os
import select
import shutil
import subprocess
import sys
from typing import Any

from PySide6.QtGui import QGuiApplication

logger = logging.getLogger(__name__)
WHO, WHY = "HARStudio", "Demo mode is on"
BUSES = (  # service, path: the same interface under two roofs
    ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver"),
    ("org.freedesktop.ScreenSaver", "/ScreenSaver"),
)
BUS = "harstudio demo mode"  # a connection of our own: with it goes what it asked for
UNTIL_CLOSED = ("sh", "-c", "echo held; exec cat")
ES_CONTINUOUS, ES_SYSTEM, ES_DISPLAY = 0x80000000, 0x1, 0x2
ANSWER_MS, ANSWER_S = 1000, 1.0
NOTHING = (
    "Nothing on this computer lets demo mode keep the screen on; switch its saver off by hand."
)


class Awake:
    """``keep`` and ``let_go``, any number of times. means: what holds it, "" for nothing."""

    def __init__(self) -> None:
        self.means: tuple[str, ...] = ()
        self._on_bus = False
        self._display: tuple[Any, Any, Any] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def keep(self) -> None:
        """From now on; what could be had stands in ``means``."""
        if self.means:
            return
        if sys.platform == "win32":
            self.means = self._windows(ES_CONTINUOUS | ES_SYSTEM | ES_DISPLAY)
        elif sys.platform == "darwin":
            self.means = self._caffeinate()
        else:
            self.means = (self._screen_saver() or self._systemd()) + self._x11()
        logger.info("kept awake by %s", ", ".join(self.means) or "nothing")

    def let_go(self) -> None:
        """Sleep as before."""
        if sys.platform == "win32" and self.means:
            self._windows(ES_CONTINUOUS)
        if self._on_bus:
            from PySide6.QtDBus import QDBusConnection

            QDBusConnection.disconnectFromBus(BUS)
        if self._display is not None:
            xlib, saver, display = self._display
            saver.XScreenSaverSuspend(display, 0)
            xlib.XCloseDisplay(display)
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.communicate(timeout=5)
        self._display = self._process = None
        self._on_bus = False
        self.means = ()

    # ---- by system

    def _windows(self, flags: int) -> tuple[str, ...]:
        kernel: Any = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
        return ("SetThreadExecutionState",) if kernel.SetThreadExecutionState(flags) else ()

    def _caffeinate(self) -> tuple[str, ...]:
        try:
            self._process = subprocess.Popen(["caffeinate", "-d", "-i", "-w", str(os.getpid())])
        except OSError as error:
            logger.warning("caffeinate: %s", error)
            return ()
        return ("caffeinate",)

    def _screen_saver(self) -> tuple[str, ...]:
        from PySide6.QtDBus import QDBus, QDBusConnection, QDBusInterface

        bus = QDBusConnection.connectToBus(QDBusConnection.BusType.SessionBus, BUS)
        if bus.isConnected():
            for service, path in BUSES:
                saver = QDBusInterface(service, path, service, bus)
                saver.setTimeout(ANSWER_MS)
                answer = saver.call(QDBus.CallMode.Block, "Inhibit", WHO, WHY)
                if answer.type() == answer.MessageType.ReplyMessage:
                    self._on_bus = True
                    return (service,)
        QDBusConnection.disconnectFromBus(BUS)
        return ()

    def _systemd(self) -> tuple[str, ...]:
        """Its child reads our pipe until that is closed."""
        program = shutil.which("systemd-inhibit")
        if program is None:
            return ()
        asked = (f"--who={WHO}", f"--why={WHY}", "--what=idle:sleep")
        try:
            process = subprocess.Popen(
                [program, *asked, *UNTIL_CLOSED], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except OSError as error:
            logger.warning("systemd-inhibit: %s", error)
            return ()
        said = process.stdout
        assert said is not None  # noqa: S101 -- it was asked for
        if not select.select([said], [], [], ANSWER_S)[0] or not said.readline():  # no logind
            process.kill()
            process.communicate()
            return ()
        self._process = process
        return ("systemd-inhibit",)

    def _x11(self) -> tuple[str, ...]:
        if QGuiApplication.platformName() != "xcb":
            return ()
        names = (ctypes.util.find_library("X11"), ctypes.util.find_library("Xss"))
        if None in names:
            return ()
        xlib, saver = ctypes.CDLL(names[0]), ctypes.CDLL(names[1])
        xlib.XOpenDisplay.restype = ctypes.c_void_p
        xlib.XOpenDisplay.argtypes = [ctypes.c_char_p]
        xlib.XCloseDisplay.argtypes = [ctypes.c_void_p]
        xlib.XFlush.argtypes = [ctypes.c_void_p]
        saver.XScreenSaverSuspend.argtypes = [ctypes.c_void_p, ctypes.c_int]
        display = xlib.XOpenDisplay(None)
        if not display:
            return ()
        first, error = ctypes.c_int(), ctypes.c_int()
        saver.XScreenSaverQueryExtension.argtypes = [
            ctypes.c_void_p, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int),
        ]  # fmt: skip
        if not saver.XScreenSaverQueryExtension(display, first, error):
            xlib.XCloseDisplay(display)
            return ()
        xlib.XForceScreenSaver.argtypes = [ctypes.c_void_p, ctypes.c_int]
        xlib.XForceScreenSaver(display, 0)  # a saver that is on already goes
        saver.XScreenSaverSuspend(display, 1)
        xlib.XFlush(display)
        self._display = xlib, saver, display
        return ("XScreenSaverSuspend",)
