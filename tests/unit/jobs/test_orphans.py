"""Workers never outlive the program that started them; Ctrl+C in a terminal ends both well."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sample_runs import alive, until

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")

PROGRAM = """
import json, sys, time
from harstudio.jobs.job_list import JobList

jobs = JobList()
jobs.told.connect(lambda record, kind, payload: print(json.dumps({"told": payload}), flush=True))
record = jobs.submit(sys.argv[1], json.loads(sys.argv[2]), title="Job")
try:
    if sys.argv[3] == "idle":
        while not record.over:
            time.sleep(0.01)
    while not jobs._crew.places:
        time.sleep(0.01)
    print(json.dumps({"pid": jobs._crew.places[0].worker.pid, "state": record.state}), flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    jobs.close()
    print(json.dumps({"state": record.state, "result": record.result}), flush=True)
"""


class Program:
    """A program of its own, in a process group of its own, with one job."""

    def __init__(self, job: str, payload: dict[str, Any], wait: str = "") -> None:
        command = [sys.executable, "-c", PROGRAM, f"sample_jobs:{job}", json.dumps(payload), wait]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, start_new_session=True
        )

    def says(self, key: str) -> Any:
        """The next line with such a key."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said = json.loads(line)
            if key in said:
                return said[key]
        raise AssertionError("the program ended")


@pytest.fixture
def programs() -> Iterator[list[Program]]:
    """Ended afterwards, whatever they do."""
    made: list[Program] = []
    yield made
    for program in made:
        program.process.kill()
        program.process.wait()
        assert program.process.stdout is not None
        program.process.stdout.close()


def test_no_worker_survives_a_killed_program(programs: list[Program], tmp_path: Path) -> None:
    kept = tmp_path / "step"
    running = Program("steps", {"path": str(kept), "tell_at": 1})
    in_c = Program("in_c", {})
    idle = Program("echo", {}, "idle")
    programs += [running, in_c, idle]
    pids = {program: program.says("pid") for program in programs}
    running.says("told")
    in_c.says("told")
    assert all(alive(pid) for pid in pids.values())
    for program in programs:
        program.process.kill()
    killed = time.monotonic()
    until(lambda: not alive(pids[idle]) and not alive(pids[running]), 2)
    assert kept.exists()  # it had the time to save
    until(lambda: not alive(pids[in_c]), 8)
    assert time.monotonic() - killed < 8


def test_control_c_stops_the_job_and_both_processes(
    programs: list[Program], tmp_path: Path
) -> None:
    kept = tmp_path / "step"
    program = Program("steps", {"path": str(kept), "tell_at": 1})
    programs.append(program)
    pid = program.says("pid")
    program.says("told")
    os.killpg(program.process.pid, signal.SIGINT)  # as a terminal does
    assert program.says("result") == {"step": int(kept.read_text())}
    assert program.process.wait(5) == 0
    until(lambda: not alive(pid), 2)


def test_a_closed_terminal_lets_the_job_save(programs: list[Program], tmp_path: Path) -> None:
    kept = tmp_path / "step"
    program = Program("steps", {"path": str(kept), "tell_at": 1})
    programs.append(program)
    pid = program.says("pid")
    program.says("told")
    os.killpg(program.process.pid, signal.SIGHUP)
    assert program.process.wait(5) == -signal.SIGHUP
    until(lambda: not alive(pid), 3)
    assert kept.exists()
