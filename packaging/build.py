#!/usr/bin/env python3
"""Builds the frozen studio in dist/harstudio, then starts it on the demo and looks at it.

    python3 packaging/build.py             build, then try it
    python3 packaging/build.py --only-try  try what was built before

Trying: the program answers `info` and `diagnose`, opens the demo under a virtual display, reports
itself usable and its recording shown, is photographed, and ends with 0 when told to quit.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bootstrap
from virtual_desktop import VirtualDesktop

ROOT = bootstrap.ROOT
FOLDER = ROOT / "dist" / "harstudio"
PROGRAM = FOLDER / ("harstudio.exe" if os.name == "nt" else "harstudio")
SCREENSHOT = ROOT / "screenshots" / "frozen-demo.png"
UNWANTED = ("torch", "matplotlib", "pytest", "IPython")
OPEN_SECONDS = 90.0
GRAB = (
    "import sys; from PySide6.QtGui import QGuiApplication; app = QGuiApplication([]);"
    "sys.exit(not app.primaryScreen().grabWindow(0).save(sys.argv[1]))"
)


class TryError(Exception):
    """The frozen program does not do what it should."""


def build() -> None:
    """Run PyInstaller in the environment of the repository."""
    bootstrap.set_up(tests=sys.platform.startswith("linux"))
    bootstrap.set_up_python(("package",))
    start = time.monotonic()
    command = [str(bootstrap.venv_python()), "-m", "PyInstaller", "--noconfirm"]
    command += ["--log-level", "WARN", "--distpath", str(ROOT / "dist")]
    command += ["--workpath", str(ROOT / "build"), str(ROOT / "packaging" / "harstudio.spec")]
    if subprocess.run(command, cwd=ROOT).returncode != 0:
        raise TryError("PyInstaller failed; its words are above.")
    size = sum(file.stat().st_size for file in FOLDER.rglob("*") if not file.is_symlink())
    print(f"Built {FOLDER} in {time.monotonic() - start:.0f} s, {size / 1e6:.0f} MB", flush=True)


def ask(environment: dict[str, str], *arguments: str) -> dict:
    """The JSON document that the frozen program prints."""
    command = [str(PROGRAM), *arguments, "--json"]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, timeout=120)
    try:
        return json.loads(done.stdout)
    except ValueError:
        words = " ".join(arguments)
        raise TryError(f"`{words}` ended with {done.returncode} and no document.") from None


def try_commands(environment: dict[str, str]) -> None:
    """The parts that need no window."""
    carried = {path.name for path in (FOLDER / "_internal").iterdir()}
    unwanted = carried.intersection(UNWANTED)
    if unwanted:
        raise TryError(f"The program carries {', '.join(sorted(unwanted))}.")
    report = ask(environment, "diagnose")
    if not report["folders"]["resources_complete"]:
        raise TryError(f"Resources are not complete in {report['folders']['resources']}.")
    for section in ("qt", "video", "opencv"):
        if "error" in report[section]:
            raise TryError(f"{section}: {report[section]['error']}")
    print(f"OpenGL: {report['opengl']}; sound: {report['sound']['outputs']}")
    recordings = sorted((FOLDER / "_internal" / "resources" / "demo").rglob("*.harrec"))
    if not recordings:
        raise TryError("The demo project has no recordings.")
    described = ask(environment, "info", str(recordings[0]))
    kinds = [stream["kind"] for stream in described["streams"]]
    print(f"{described['name']}: {', '.join(kinds)}")


def try_window(environment: dict[str, str], home: Path) -> None:
    """The window on the demo, until it has shown its recording; then a picture; then quit."""
    log = home / "data" / "logs" / "studio.log"
    start = time.monotonic()
    studio = subprocess.Popen([str(PROGRAM), "demo"], env=environment)
    try:
        while "start-up: recording" not in said(log) or "start-up: usable" not in said(log):
            if studio.poll() is not None:
                raise TryError(f"The studio ended with {studio.returncode}.")
            if time.monotonic() - start > OPEN_SECONDS:
                raise TryError(f"Not usable within {OPEN_SECONDS:.0f} s. Its log:\n{said(log)}")
            time.sleep(0.05)
        print(f"Recording shown {time.monotonic() - start:.1f} s after the start")
        time.sleep(4)
        photograph(environment)
        subprocess.run(["xdotool", "key", "ctrl+q"], env=environment, check=True)
        if studio.wait(timeout=30) != 0:
            raise TryError(f"The studio ended with {studio.returncode} when told to quit.")
    except subprocess.TimeoutExpired:
        raise TryError("The studio did not end when told to quit.") from None
    finally:
        if studio.poll() is None:
            studio.kill()
            studio.wait()
    print(said(log))
    wrong = [line for line in said(log).splitlines() if " ERROR " in line or " CRITICAL " in line]
    if wrong:
        raise TryError("Errors in the log:\n" + "\n".join(wrong))


def said(log: Path) -> str:
    """What the studio has logged."""
    try:
        return log.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def photograph(environment: dict[str, str]) -> None:
    """The whole virtual screen as a picture; one colour all over is a failure."""
    SCREENSHOT.parent.mkdir(exist_ok=True)
    python = str(bootstrap.venv_python())
    subprocess.run([python, "-c", GRAB, str(SCREENSHOT)], env=environment, check=True, timeout=60)
    if SCREENSHOT.stat().st_size < 50_000:
        raise TryError(f"There is next to nothing to see in {SCREENSHOT}.")
    print(f"Look at {SCREENSHOT}")


def try_it() -> None:
    """Everything above, with settings of its own and, on Linux, a display of its own."""
    with tempfile.TemporaryDirectory(prefix="harstudio-try-") as folder:
        home = Path(folder)
        if not sys.platform.startswith("linux"):
            try_commands({**os.environ, "HARSTUDIO_HOME": folder})
            print("The window was not tried: there is no virtual display on this system.")
            return
        with VirtualDesktop() as desktop:
            environment = {**desktop.environment, "HARSTUDIO_HOME": folder}
            for name in ("PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH"):
                environment.pop(name, None)  # the frozen program has to stand alone
            try_commands(environment)
            try_window(environment, home)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only-try", action="store_true", help="do not build")
    options = parser.parse_args()
    try:
        bootstrap.right_python()
        if not options.only_try:
            build()
        try_it()
    except (TryError, bootstrap.SetupError) as error:
        print(error, file=sys.stderr)
        return 1
    print("The frozen studio works.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
