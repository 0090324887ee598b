#!/usr/bin/env python3
"""Builds the frozen studio in dist/harstudio, then starts it on the demo and looks at it.

    python3 packaging/build.py             build, then try it
    python3 packaging/build.py --only-try  try what was built before

Trying: the program answers `info` and `diagnose`; as a worker it loads torch, runs a job on the
demo and ends with its input; it opens the demo under a virtual display, reports itself usable and
its recording shown, is photographed, and ends with 0 when told to quit.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import bootstrap
from trial import TrialError, try_studio, try_worker

ROOT = bootstrap.ROOT
FOLDER = ROOT / "dist" / "harstudio"
PROGRAM = FOLDER / ("harstudio.exe" if os.name == "nt" else "harstudio")
SCREENSHOT = ROOT / "screenshots" / "frozen-demo.png"
JOB = "harstudio.learning.jobs:survey"
UNWANTED = ("pytest", "IPython")


def build() -> None:
    """Run PyInstaller in the environment of the repository."""
    bootstrap.set_up(tests=sys.platform.startswith("linux"))
    bootstrap.set_up_python(("package", "kinect-v2", "realsense"))
    start = time.monotonic()
    command = [str(bootstrap.venv_python()), "-m", "PyInstaller", "--noconfirm"]
    command += ["--log-level", "WARN", "--distpath", str(ROOT / "dist")]
    command += ["--workpath", str(ROOT / "build"), str(ROOT / "packaging" / "harstudio.spec")]
    if subprocess.run(command, cwd=ROOT).returncode != 0:
        raise TrialError("PyInstaller failed; its words are above.")
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
        raise TrialError(f"`{words}` ended with {done.returncode} and no document.") from None


def try_commands(environment: dict[str, str]) -> None:
    """The parts that need no window."""
    carried = {path.name for path in (FOLDER / "_internal").iterdir()}
    unwanted = carried.intersection(UNWANTED)
    if unwanted:
        raise TrialError(f"The program carries {', '.join(sorted(unwanted))}.")
    report = ask(environment, "diagnose")
    if not report["folders"]["resources_complete"]:
        raise TrialError(f"Resources are not complete in {report['folders']['resources']}.")
    for section in ("qt", "video", "opencv"):
        if "error" in report[section]:
            raise TrialError(f"{section}: {report[section]['error']}")
    recordings = sorted((FOLDER / "_internal" / "resources" / "demo").rglob("*.harrec"))
    if not recordings:
        raise TrialError("The demo project has no recordings.")
    described = ask(environment, "info", str(recordings[0]))
    kinds = [stream["kind"] for stream in described["streams"]]
    print(f"{described['name']}: {', '.join(kinds)}")


def try_it() -> None:
    """Everything above, with settings of its own and, on Linux, on a display of its own."""
    with tempfile.TemporaryDirectory(prefix="harstudio-build-") as home:
        environment = {**os.environ, "HARSTUDIO_HOME": home}
        try_commands(environment)
        demo = FOLDER / "_internal" / "resources" / "demo"
        payload = {"path": str(demo), "protocol": "cross-subject"}
        try_worker([str(PROGRAM), "--worker"], environment, JOB, payload)
    if not sys.platform.startswith("linux"):
        print("The window was not tried: there is no virtual display on this system.")
        return
    try_studio([str(PROGRAM), "demo"], SCREENSHOT, bootstrap.venv_python())


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
    except (TrialError, bootstrap.SetupError) as error:
        print(error, file=sys.stderr)
        return 1
    print("The frozen studio works.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
