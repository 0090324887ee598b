"""A desktop for machines without one: Xvfb, a window manager and a sound sink that plays nowhere.

Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCREEN = "1920x1080x24"
START_SECONDS = 30.0


class DesktopError(Exception):
    """The virtual desktop could not be started."""


def display_works(display: str | None = None) -> bool:
    """Whether the X display that DISPLAY names answers."""
    name = os.environ.get("DISPLAY", "") if display is None else display
    local = re.fullmatch(r"(?:unix)?:(\d+)(?:\.\d+)?", name)
    if local is None:
        return bool(name)  # another machine's: let Qt try
    place = f"/tmp/.X11-unix/X{local[1]}"  # noqa: S108 -- where every X server listens
    for address in (place, "\0" + place):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(2)
            with contextlib.suppress(OSError):
                connection.connect(address)
                return True
    return False


def has_display() -> bool:
    """Whether a window could be shown to a person here."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("WAYLAND_DISPLAY")) or display_works()


class VirtualDesktop:
    """Started by ``with``, ended with it; ``environment`` is for the programs that use it."""

    def __init__(self, screen: str = SCREEN, sound: bool = True) -> None:
        self.environment = dict(os.environ)
        self._screen = screen
        self._sound = sound
        self._processes: list[subprocess.Popen[bytes]] = []
        self._folder = Path()

    def __enter__(self) -> VirtualDesktop:
        self._folder = Path(tempfile.mkdtemp(prefix="harstudio-desktop-"))
        self._folder.chmod(0o700)
        try:
            self._start_display()
            self._start_window_manager()
            if self._sound:
                self._try_sound()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_reason: object) -> None:
        for process in reversed(self._processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in reversed(self._processes):
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, *command: str, pass_fds: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
        if shutil.which(command[0]) is None:
            raise DesktopError(
                f"{command[0]} is not installed, and there is no display without it."
            )
        log = (self._folder / f"{command[0]}.log").open("wb")
        with log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                pass_fds=pass_fds,
                start_new_session=True,  # Ctrl+C is for the tests; we end these ourselves
            )
        self._processes.append(process)
        return process

    def _wait(self, name: str, ready: Path) -> None:
        process = self._processes[-1]
        end = time.monotonic() + START_SECONDS
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > end:
                words = (self._folder / f"{name}.log").read_text(errors="replace").strip()
                raise DesktopError(f"{name} did not start: {words[-500:] or 'it said nothing'}")
            time.sleep(0.02)

    def _start_display(self) -> None:
        reads, writes = os.pipe()
        try:
            self._start(
                *("Xvfb", "-displayfd", str(writes), "-screen", "0", self._screen),
                *("-nolisten", "tcp", "+extension", "GLX", "-noreset"),
                pass_fds=(writes,),
            )
        finally:
            os.close(writes)
        with os.fdopen(reads, "rb") as answer:  # Xvfb picks a free number and writes it here
            number = answer.readline().strip().decode()
        if not number:
            words = (self._folder / "Xvfb.log").read_text(errors="replace").strip()
            raise DesktopError(f"Xvfb did not start: {words[-500:] or 'it said nothing'}")
        self.environment["DISPLAY"] = f":{number}"
        for name in ("WAYLAND_DISPLAY", "XAUTHORITY", "QT_QPA_PLATFORM"):
            self.environment.pop(name, None)

    def _start_window_manager(self) -> None:
        ready = self._folder / "openbox-ready"
        self._start("openbox", "--sm-disable", "--startup", f"touch {ready}")
        self._wait("openbox", ready)

    def _try_sound(self) -> None:
        try:
            self._start_sound()
        except DesktopError as error:  # the studio works without sound, and so do its tests
            print(f"No sound on the virtual desktop: {error}", file=sys.stderr, flush=True)

    def _start_sound(self) -> None:
        self.environment["XDG_RUNTIME_DIR"] = str(self._folder)
        address = self._folder / "native"
        outer, home = self.environment, str(self._folder)
        self.environment = {**outer, "HOME": home, "XDG_CONFIG_HOME": home}
        try:
            self._start(
                *("pulseaudio", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"),
                *("--disallow-exit", "-n", "-L", "module-null-sink sink_name=nowhere"),
                *("-L", f"module-native-protocol-unix auth-anonymous=1 socket={address}"),
            )
        finally:
            self.environment = outer
        self._wait("pulseaudio", address)
        self.environment["PULSE_SERVER"] = f"unix:{address}"
