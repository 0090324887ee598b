"""What Qt has on this machine: window system, OpenGL, sound outputs, fonts.

Runs in a process of its own for ``harstudio diagnose``.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import qVersion
from PySide6.QtGui import QFontDatabase, QGuiApplication, QOffscreenSurface, QOpenGLContext
from PySide6.QtMultimedia import QMediaDevices

GL_VENDOR, GL_RENDERER, GL_VERSION = 0x1F00, 0x1F01, 0x1F02


def report() -> dict[str, Any]:
    """Sections ``qt``, ``opengl``, ``sound`` and ``fonts``; builtins only."""
    app = QGuiApplication.instance() or QGuiApplication(["harstudio"])
    sections = {"qt": _qt(), "opengl": _opengl(), "sound": _sound(), "fonts": _fonts()}
    del app
    return sections


def _qt() -> dict[str, Any]:
    screens = [
        f"{s.size().width()}x{s.size().height()} at {s.devicePixelRatio():g}"
        for s in QGuiApplication.screens()
    ]
    return {
        "version": qVersion(),
        "platform": QGuiApplication.platformName(),
        "screens": screens,
        "color_scheme": QGuiApplication.styleHints().colorScheme().name.lower(),
    }


def _opengl() -> dict[str, Any]:
    context = QOpenGLContext()
    surface = QOffscreenSurface()
    surface.create()
    if not context.create() or not context.makeCurrent(surface):
        return {"available": False}
    functions = context.functions()
    told = {
        "available": True,
        "vendor": functions.glGetString(GL_VENDOR),
        "renderer": functions.glGetString(GL_RENDERER),
        "version": functions.glGetString(GL_VERSION),
    }
    context.doneCurrent()
    return told


def _sound() -> dict[str, Any]:
    default = QMediaDevices.defaultAudioOutput()
    return {
        "outputs": [device.description() for device in QMediaDevices.audioOutputs()],
        "default": None if default.isNull() else default.description(),
    }


def _fonts() -> dict[str, Any]:
    systems = QFontDatabase.WritingSystem
    needed = {
        "latin": systems.Latin,
        "chinese": systems.SimplifiedChinese,
        "japanese": systems.Japanese,
        "korean": systems.Korean,
    }
    return {
        "ui": QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family(),
        "families": len(QFontDatabase.families()),
        **{name: bool(QFontDatabase.families(system)) for name, system in needed.items()},
    }
