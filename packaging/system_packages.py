"""The system packages that Qt, OpenGL, sound and the tests need, and how to get them.

Nothing is asked and nothing is downloaded when everything is there. Standard library only.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys

# What PySide6's wheels leave to the system; several names where distributions renamed one.
STUDIO = (
    "libbrotli1",
    "libdbus-1-3",
    "libegl1",
    "libfontconfig1",
    "libfreetype6",
    "libgl1",
    "libgl1-mesa-dri",
    "libglib2.0-0|libglib2.0-0t64",
    "libglx-mesa0",
    "libgssapi-krb5-2",
    "libpulse0",
    "libx11-6",
    "libx11-xcb1",
    "libxcb-cursor0",
    "libxcb-glx0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-randr0",
    "libxcb-render-util0",
    "libxcb-render0",
    "libxcb-shape0",
    "libxcb-shm0",
    "libxcb-sync1",
    "libxcb-util1",
    "libxcb-xfixes0",
    "libxcb-xkb1",
    "libxcb1",
    "libxext6",
    "libxkbcommon-x11-0",
    "libxkbcommon0",
    "libxrandr2",
    "fonts-dejavu-core",
    "fonts-noto-cjk",  # recordings and labels are named in every script
)
# A virtual display, a window manager (without one no window ever gets the focus), hands, a sink,
# and a Kinect v1 that plays files (fakenect).
TESTS = ("libfreenect0.5|libfreenect0.5t64", "openbox", "pulseaudio", "xauth", "xdotool", "xvfb")

ELSEWHERE = {
    "dnf": (
        "dnf install mesa-dri-drivers mesa-libEGL mesa-libGL libxkbcommon-x11 xcb-util-cursor "
        "xcb-util-image xcb-util-keysyms xcb-util-renderutil xcb-util-wm pulseaudio-libs "
        "dejavu-sans-fonts google-noto-sans-cjk-fonts",
        "xorg-x11-server-Xvfb openbox xdotool pulseaudio",
    ),
    "pacman": (
        "pacman -S mesa libxkbcommon-x11 xcb-util-cursor xcb-util-image xcb-util-keysyms "
        "xcb-util-renderutil xcb-util-wm libpulse ttf-dejavu noto-fonts-cjk",
        "xorg-server-xvfb openbox xdotool pulseaudio",
    ),
    "zypper": (
        "zypper install Mesa-dri Mesa-libEGL1 Mesa-libGL1 libxkbcommon-x11-0 libxcb-cursor0 "
        "libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libpulse0 "
        "dejavu-fonts google-noto-sans-cjk-fonts",
        "xorg-x11-server-Xvfb openbox xdotool pulseaudio",
    ),
}


class PackagesError(Exception):
    """System packages are missing and cannot be installed from here."""


def _installed(names: list[str]) -> set[str]:
    """Which of these Debian packages are installed."""
    query = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names]
    done = subprocess.run(query, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    lines = (line.split() for line in done.stdout.splitlines())
    return {parts[0] for parts in lines if parts[-1] == "installed"}


def _venv_packages() -> list[str]:
    """Debian keeps the venv module apart from its own Python."""
    try:
        import ensurepip
        import venv
    except ImportError:
        own = sys.base_prefix == "/usr"
        return [f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"] if own else []
    del ensurepip, venv
    return []


def missing(tests: bool) -> list[str]:
    """Debian packages that are needed and not installed; the name to install of each."""
    wanted = [*STUDIO, *(TESTS if tests else ())]
    there = _installed([name for entry in wanted for name in entry.split("|")])
    lacking = [entry.split("|")[0] for entry in wanted if there.isdisjoint(entry.split("|"))]
    return lacking + _venv_packages()


def _apt(names: list[str]) -> None:
    root = os.geteuid() == 0
    if not root and shutil.which("sudo") is None:
        raise PackagesError(
            "System packages are missing and sudo is not here. Ask somebody who is root to run:\n"
            f"  apt-get install {' '.join(names)}"
        )
    print(f"Installing {len(names)} system packages: {' '.join(names)}", flush=True)
    before = [] if root else ["sudo"]
    before += ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]
    updated = subprocess.run([*before, "update"])  # a broken third-party source must not stop us
    install = [*before, "install", "-y", "--no-install-recommends", *names]
    if subprocess.run(install).returncode != 0:
        hint = "" if updated.returncode == 0 else " (its package lists could not be updated)"
        raise PackagesError(
            f"apt-get could not install the system packages{hint}. Read its words above, then run "
            f"this command again, or install them yourself:\n  apt-get install {' '.join(names)}"
        )


def _say_elsewhere(tests: bool) -> None:
    """On a Linux without apt nothing can be checked: say once what is needed."""
    for tool, (studio, more) in ELSEWHERE.items():
        if shutil.which(tool):
            names = f"{studio} {more}" if tests else studio
            print(f"If the studio does not start, install what Qt needs:\n  sudo {names}")
            return
    print("If the studio does not start, install the xcb, EGL, GL and pulse libraries of Qt 6.")


def ensure(tests: bool) -> None:
    """Have everything that Qt needs here, and with ``tests`` what the tests need as well."""
    if platform.system() != "Linux":
        return  # PySide6's wheels for Windows and macOS bring all of it
    if shutil.which("apt-get") and shutil.which("dpkg-query"):
        names = missing(tests)
        if names:
            _apt(names)
    else:
        _say_elsewhere(tests)
