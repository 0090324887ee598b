"""The same jobs in the process of the command line."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sample_runs import until

from harstudio.errors import DataError, HarstudioError
from harstudio.jobs import foreground
from harstudio.jobs.context import Stopped
from harstudio.jobs.protocol import MessageError

POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")


class Notes:
    """A reporter that takes notes."""

    def __init__(self) -> None:
        self.taken: list[tuple[Any, ...]] = []
        self.on_progress: Callable[[], None] = lambda: None

    def progress(self, done: float, total: float, text: str) -> None:
        self.taken.append((done, total, text))
        self.on_progress()

    def tell(self, kind: str, payload: dict[str, Any]) -> None:
        self.taken.append((kind, payload))

    def log(self, sentence: str) -> None:
        self.taken.append((sentence,))

    def stopping(self) -> None:
        self.taken.append(("stopping",))


@pytest.fixture(autouse=True)
def threads_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a job of many threads sets is put back."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))


def test_a_job_reports_and_returns() -> None:
    notes = Notes()
    result = foreground.run(
        "sample_jobs:echo", {"a": (1,)}, reporter=notes, threads=2, device="cpu"
    )
    assert result["payload"] == {"a": [1]}
    assert (result["threads"], result["omp"], result["device"]) == (2, "2", "cpu")
    assert result["pid"] == os.getpid()
    assert notes.taken == [
        ("begun",),
        ("metrics", {"loss": 0.5, "classes": ["a", "b"], "best": None}),
        (1.0, 2.0, "half"),
        (2.0, 2.0, "whole"),
    ]


def test_errors_come_as_they_are() -> None:
    with pytest.raises(DataError, match=r"The third line is no number"):
        foreground.run("sample_jobs:raises", {"what": "ours"})
    with pytest.raises(ValueError, match="do not fit"):
        foreground.run("sample_jobs:raises", {"what": "value"})
    with pytest.raises(HarstudioError, match="sample_jobs has no job nothing"):
        foreground.run("sample_jobs:nothing", {})


def test_what_a_worker_would_refuse_is_refused_here() -> None:
    with pytest.raises(MessageError, match=r"metrics\.train\.loss is a numpy\.float64"):
        foreground.run("sample_jobs:tells", {"what": "numpy"})
    with pytest.raises(MessageError, match=r"result\.run is a pathlib"):
        foreground.run("sample_jobs:returns", {"what": "path"})


def test_what_a_job_prints_is_not_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    foreground.run("builtins:print", {})
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "{}" in printed.err


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_job_save(number: signal.Signals, tmp_path: Path) -> None:
    before = signal.getsignal(number)
    notes = Notes()
    notes.on_progress = lambda: os.kill(os.getpid(), number)
    kept = tmp_path / "step"
    result = foreground.run("sample_jobs:steps", {"path": str(kept)}, reporter=notes)
    assert result == {"step": 0}
    assert kept.exists()
    until(lambda: ("stopping",) in notes.taken)
    assert signal.getsignal(number) is before


@POSIX
def test_a_job_that_was_stopped_and_has_no_result_raises(tmp_path: Path) -> None:
    notes = Notes()
    notes.on_progress = lambda: os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(Stopped):
        foreground.run("sample_jobs:steps", {"keep": False}, reporter=notes)


PROGRAM = """
import sys, json
from harstudio.cli_jobs import run_job
out = sys.stdout
def heard(kind, payload):
    print(kind, file=out, flush=True)
try:
    print(run_job(sys.argv[1], json.loads(sys.argv[2]), title="Training", heard=heard))
except KeyboardInterrupt:
    print("interrupted")
"""


@POSIX
def test_control_c_twice_interrupts_a_job_that_does_not_ask() -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "sample_jobs:stubborn", "{}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    assert program.stderr is not None
    with program:
        assert program.stdout.readline() == "device\n"
        program.send_signal(signal.SIGINT)
        assert program.stderr.readline().startswith("Stopping; what was reached is saved.")
        program.send_signal(signal.SIGINT)
        assert program.stdout.read() == "interrupted\n"
        assert program.wait(5) == 0


@POSIX
def test_a_terminal_shows_a_bar_and_a_pipe_only_sentences() -> None:
    import pty

    command = [sys.executable, "-c", PROGRAM, "sample_jobs:steps", '{"steps": 60}']
    piped = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    assert piped.stdout == "{'step': 60}\n"
    assert piped.stderr == ""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    shown = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    with shown:
        with contextlib.suppress(OSError):  # the other end is closed
            while chunk := os.read(ours, 65536):
                seen += chunk
        assert shown.stdout is not None
        assert shown.stdout.read() == b"{'step': 60}\n"
    os.close(ours)
    assert b"Training: step" in seen
    assert b"%" in seen
