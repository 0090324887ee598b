"""What this machine and installation have: for people who ask for help, and for those who help.

Never fails: what cannot be found out is None or a sentence. Qt is asked in a process of its own,
because it ends the process where its platform plugin does not load.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from harstudio import __version__
from harstudio.resources import resource
from harstudio.settings import config_dir, data_dir, settings_path

PACKAGES = (
    "PySide6-Essentials",
    "PySide6-Addons",
    "ai-edge-litert",
    "av",
    "numpy",
    "opencv-python-headless",
    "psygnal",
    "pydantic",
    "pyqtgraph",
    "pysimdjson",
    "safetensors",
    "scipy",
    "tensorboard",
    "torch",
    "typer",
    "vispy",
)
CV2_PACKAGES = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
QT_PATIENCE_S = 60
MIB = 1 << 20


def diagnosis() -> dict[str, Any]:
    """The document of ``harstudio diagnose --json``; builtins only."""
    qt = _safely(_qt)
    document = {
        "harstudio": __version__,
        "frozen": getattr(sys, "frozen", False),
        "python": {"version": platform.python_version(), "path": sys.executable},
        "system": _safely(_system),
        "memory": _safely(_memory),
        "packages": {name: _version(name) for name in PACKAGES},
        "video": _safely(_video),
        "opencv": _safely(_opencv),
        **qt,
        "folders": _safely(_folders),
        "environment": {
            key: value
            for key, value in sorted(os.environ.items())
            if key.startswith(("QT_", "HARSTUDIO_", "LIBGL_", "MESA_"))
            or key in ("DISPLAY", "WAYLAND_DISPLAY", "LANG", "XDG_SESSION_TYPE")
        },
    }
    document["problems"] = list(_problems(document))
    return document


def _safely(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return ask()
    except Exception as error:  # noqa: BLE001 -- a report about failures must not fail itself
        return {"error": f"{type(error).__name__}: {error}"}


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _system() -> dict[str, Any]:
    release = platform.platform()
    if hasattr(platform, "freedesktop_os_release"):
        with contextlib.suppress(OSError):  # not Linux, or a Linux without the file
            release = platform.freedesktop_os_release().get("PRETTY_NAME", release)
    return {"name": release, "machine": platform.machine(), "cores": os.cpu_count()}


def _memory() -> dict[str, Any]:
    """Total and free memory in MiB, None where the system does not tell."""
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        total, free = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return {"total_mib": None, "free_mib": None}
    return {"total_mib": total * page // MIB, "free_mib": free * page // MIB}


def _video() -> dict[str, Any]:
    import av

    names = ("h264", "hevc", "mpeg4", "mjpeg", "ffv1", "vp9", "av1")
    libraries = {name: ".".join(map(str, v)) for name, v in av.library_versions.items()}
    return {
        "decoders": [name for name in names if name in av.codecs_available],
        "h264_encoder": "libx264" in av.codecs_available,
        **libraries,
    }


def _opencv() -> dict[str, Any]:
    import cv2

    installed = [name for name in CV2_PACKAGES if _version(name) is not None]
    lines = cv2.getBuildInformation().splitlines()
    told = {
        key: next((line.split(":", 1)[1].strip() for line in lines if f" {key}:" in line), None)
        for key in ("GUI", "FFMPEG")
    }
    return {
        "version": cv2.__version__,
        "installed": installed,
        "headless": (told["GUI"] or "NONE").upper().startswith("NONE"),
        "ffmpeg": told["FFMPEG"],
    }


def _qt() -> dict[str, Any]:
    """Sections that need Qt: window system, OpenGL, sound, fonts."""
    program = (
        [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "harstudio"]
    )
    environment = dict(os.environ)
    no_display = not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
    if sys.platform.startswith("linux") and no_display:
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    try:
        done = subprocess.run(
            [*program, "qt-report"],
            capture_output=True,
            env=environment,
            timeout=QT_PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"qt": {"error": f"Qt did not answer within {QT_PATIENCE_S} s."}}
    try:
        sections = json.loads(done.stdout)
    except ValueError:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        return {"qt": {"error": f"Qt ended with {done.returncode}: {' '.join(words[-6:])}"}}
    return sections if isinstance(sections, dict) else {}


def _folders() -> dict[str, Any]:
    return {
        "settings": str(settings_path()),
        "settings_folder_writable": os.access(_nearest(config_dir()), os.W_OK),
        "data": str(data_dir()),
        "data_folder_writable": os.access(_nearest(data_dir()), os.W_OK),
        "resources": str(resource()),
        "resources_complete": resource("icons").is_dir() and resource("labels").is_dir(),
    }


def _nearest(folder: Any) -> Any:
    """The folder, or the nearest one above it that is there."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _problems(document: dict[str, Any]) -> Any:
    """Sentences about what will not work."""
    for section in ("qt", "video", "opencv", "folders"):
        error = document.get(section, {}).get("error")
        if error:
            yield f"{section}: {error}"
    opencv = document["opencv"]
    if len(opencv.get("installed", [])) > 1:
        names = " and ".join(opencv["installed"])
        yield f"{names} share one folder; uninstall all of them, then install the headless one."
    elif not opencv.get("headless", True):
        yield "OpenCV brings a Qt of its own; opencv-python-headless does not disturb the studio."
    if document.get("opengl", {}).get("available") is False:
        yield "There is no OpenGL here; the 3D view is drawn without it."
    if document.get("sound", {}).get("outputs") == []:
        yield "There is no sound output; recordings play silently."
    for kind in ("settings", "data"):
        if document["folders"].get(f"{kind}_folder_writable") is False:
            yield f"The {kind} folder cannot be written: {document['folders'][kind]}."
