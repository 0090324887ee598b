"""The studio dies while a network trains: no process is left, and the training goes on elsewhere
to the very same weights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from driving import ROOT
from harstudio.runs.folder import RunFolder
from harstudio.runs.reading import read_metrics, read_status

CHILD = Path(__file__).with_name("training_child.py")
GONE_S = 15.0


def studio_with_training(project: Path, run: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HARSTUDIO_WARM": "0"}
    command = [sys.executable, str(CHILD), str(project), str(run)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except OSError:
        return False


def command_line(*arguments: str) -> None:
    command = [sys.executable, "-m", "harstudio", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_killed_studio_leaves_no_worker_and_a_run_that_goes_on(demo_project, tmp_path) -> None:
    run = tmp_path / "killed"
    studio = studio_with_training(demo_project, run)
    worker = 0
    for line in studio.stdout:
        told = json.loads(line)
        worker = told["pid"]
        if told["metrics"]["kind"] == "epoch" and told["metrics"]["epoch"] >= 2:
            break
    assert is_alive(worker)
    studio.kill()
    studio.wait()
    killed = time.monotonic()
    while is_alive(worker) and time.monotonic() - killed < GONE_S:
        time.sleep(0.05)
    print(f"worker gone {time.monotonic() - killed:.1f} s after the studio was killed")
    assert not is_alive(worker)
    assert read_status(run)["state"] == "stopped"

    command_line("train", str(RunFolder(run).config), "--resume")
    assert read_status(run)["state"] == "finished"
    again = tmp_path / "again"
    command_line("train", str(RunFolder(run).config), "--set", f'run.folder="{again}"')
    assert RunFolder(run).last.read_bytes() == RunFolder(again).last.read_bytes()
    assert losses(run) == losses(again)


def losses(run: Path) -> list[tuple[int, float]]:
    lines = read_metrics(RunFolder(run).metrics)
    return [(one["epoch"], one["train"]["loss"]) for one in lines if one["kind"] == "epoch"]
