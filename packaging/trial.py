"""Starts the studio on the demo as a person would, waits until it shows, and takes a picture.
Starts its worker as the studio would, and has it run a job.

On a virtual desktop, so that it also works where there is no display. Standard library only.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from virtual_desktop import VirtualDesktop

OPEN_SECONDS = 90.0
LOOK_SECONDS = 2.0  # playing for a while, so that the picture shows a movement
QUIT_SECONDS = 30.0
WORKER_SECONDS = 120.0
LEAST_BYTES = 50_000
PRELOADED = [
    "torch",
    "tensorboard.summary.writer.record_writer",
    "harstudio.live.capturing",
    "harstudio.live.pose.jobs",
    "harstudio.live.recognising.jobs",
    "harstudio.live.recorder.jobs",
    *(["ai_edge_litert.interpreter"] if sys.platform.startswith("linux") else []),
]
MARKS = ("start-up: usable", "start-up: recording")
GRAB = (
    "import sys; from PySide6.QtGui import QGuiApplication; app = QGuiApplication([]);"
    "sys.exit(not app.primaryScreen().grabWindow(0).save(sys.argv[1]))"
)


class TrialError(Exception):
    """The studio does not do what it should."""


def try_studio(command: list[str], picture: Path, python: Path) -> None:
    """Run ``command`` with settings of its own until it has shown a recording; then quit it.

    python: an interpreter with PySide6, which saves the screen as ``picture``.
    """
    with (
        tempfile.TemporaryDirectory(prefix="harstudio-trial-") as home,
        VirtualDesktop() as desktop,
    ):
        environment = {**desktop.environment, "HARSTUDIO_HOME": home}
        for name in ("PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH"):
            environment.pop(name, None)  # a frozen program has to stand alone
        _run(command, environment, Path(home) / "data" / "logs" / "studio.log", picture, python)


def try_worker(
    command: list[str], environment: dict[str, str], job: str, payload: dict[str, Any]
) -> None:
    """Have a worker load torch and what is live, run ``job``, and end with its input.

    In the words of harstudio/jobs/protocol.py.
    """
    asked = {
        "preload": {"modules": PRELOADED},
        "run": {"id": 1, "job": job, "payload": payload, "threads": 1, "device": "cpu"},
    }
    lines = [json.dumps({"v": 1, "kind": kind, "payload": one}) for kind, one in asked.items()]
    start = time.monotonic()
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        late = threading.Timer(WORKER_SECONDS, worker.kill)
        late.start()
        try:
            worker.stdin.write("\n".join([*lines, ""]))
            worker.stdin.flush()
            if not any(_job_is_done(json.loads(line), start) for line in worker.stdout):
                raise TrialError(f"The worker ended with {worker.wait()} before {job} was done.")
            worker.stdin.close()  # so that it ends
            if worker.wait(timeout=QUIT_SECONDS) != 0:
                raise TrialError(f"The worker ended with {worker.returncode} when its input did.")
        finally:
            late.cancel()
            worker.kill()


def _job_is_done(said: dict[str, Any], start: float) -> bool:
    """Print what a worker said of note; TrialError when something failed."""
    kind, told = said["kind"], said["payload"]
    if kind in ("ready", "preloaded", "done"):
        print(f"Worker {kind} {time.monotonic() - start:.1f} s after the start")
    wrong = told["error"] if kind == "failed" else told.get("failed")
    if wrong:
        raise TrialError(f"The worker failed: {wrong}")
    return kind == "done"


def _run(
    command: list[str], environment: dict[str, str], log: Path, picture: Path, python: Path
) -> None:
    start = time.monotonic()
    studio = subprocess.Popen(command, env=environment)
    try:
        while not all(mark in _said(log) for mark in MARKS):
            if studio.poll() is not None:
                raise TrialError(f"The studio ended with {studio.returncode}. {_said(log)}")
            if time.monotonic() - start > OPEN_SECONDS:
                raise TrialError(f"Not usable within {OPEN_SECONDS:.0f} s. {_said(log)}")
            time.sleep(0.05)
        print(f"Its recording was shown {time.monotonic() - start:.1f} s after the start")
        time.sleep(LOOK_SECONDS)
        _photograph(environment, picture, python)
        subprocess.run(["xdotool", "key", "ctrl+q"], env=environment, check=True)
        if studio.wait(timeout=QUIT_SECONDS) != 0:
            raise TrialError(f"The studio ended with {studio.returncode} when told to quit.")
    except subprocess.TimeoutExpired:
        raise TrialError("The studio did not end when told to quit.") from None
    finally:
        if studio.poll() is None:
            studio.kill()
            studio.wait()
    _look_through(_said(log))


def _said(log: Path) -> str:
    """What the studio has logged."""
    try:
        return log.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _photograph(environment: dict[str, str], picture: Path, python: Path) -> None:
    """The whole virtual screen; next to nothing on it is a failure."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    command = [str(python), "-c", GRAB, str(picture)]
    subprocess.run(command, env=environment, check=True, timeout=60)
    if picture.stat().st_size < LEAST_BYTES:
        raise TrialError(f"There is next to nothing to see in {picture}.")
    print(f"Look at {picture}")


def _look_through(words: str) -> None:
    """Times of the start, and whatever went wrong."""
    for line in words.splitlines():
        if "start-up:" in line:
            print(line.partition("start-up:")[2].strip())
    wrong = [line for line in words.splitlines() if " ERROR " in line or " CRITICAL " in line]
    if wrong:
        raise TrialError("Errors in the log:\n" + "\n".join(wrong))
