"""Runs on the disk: what is told about them, and following them while they grow."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from driving import until
from harstudio.studio.training.growth import Growth
from harstudio.studio.training.looks import RunDetail, RunLook, take_look
from harstudio.studio.training.reader import RunsReader
from made_runs import epoch_lines, write_lines, write_run


@pytest.fixture
def reader(qapp) -> Iterator[RunsReader]:
    made = RunsReader()
    yield made
    made.close()


def look_of(folder: Path) -> RunLook:
    return take_look(folder, Growth(), {}, {})


def ended_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_a_killed_training_of_this_computer_is_lost_at_once(tmp_path):
    pid = ended_process()
    look = look_of(write_run(tmp_path / "run", state="running", pid=pid))
    assert look.state == "lost"
    assert f"process {pid}" in look.reason
    assert socket.gethostname() not in look.reason


def test_a_training_that_goes_on_is_not_lost(tmp_path):
    assert look_of(write_run(tmp_path / "run", state="running", pid=os.getpid())).state == "running"


def test_a_training_elsewhere_is_lost_when_its_beat_is_old(tmp_path):
    fresh = write_run(tmp_path / "fresh", state="running", host="far", pid=7)
    assert look_of(fresh).state == "running"
    old = write_run(tmp_path / "old", state="running", host="far", pid=7, beat=time.time() - 100)
    os.utime(old / "status.json", (time.time() - 100,) * 2)
    look = look_of(old)
    assert look.state == "lost"
    assert "process 7 on far" in look.reason


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": 3}', '{"state": "running"}'])
def test_a_damaged_status_is_no_reason_to_fail(tmp_path, text):
    folder = write_run(tmp_path / "run")
    (folder / "status.json").write_text(text)
    (folder / "evaluation.json").write_text(text)
    assert look_of(folder).path == folder


def test_runs_are_listed_and_the_chosen_one_is_followed(qtbot, tmp_path, reader):
    folder = write_run(
        tmp_path / "grows", stages=("a", "b"), epochs=4, done=3, state="running", pid=os.getpid()
    )
    write_run(tmp_path / "deep" / "er" / "other")
    seen: list[RunDetail] = []
    listed: list[tuple[RunLook, ...]] = []
    threads = set()
    reader.read.connect(lambda detail: (seen.append(detail), threads.add(threading.get_ident())))
    reader.listed.connect(listed.append)
    reader.watch([tmp_path])
    reader.choose(folder)
    reader.set_awake(True)
    until(lambda: listed and seen, what="the first look")
    assert {look.name for look in listed[-1]} == {"grows", "other"}
    look = seen[-1].look
    assert (look.done, look.total, look.network, look.state) == (3, 8, "st-gcn", "running")
    assert look.share == 3 / 8
    assert threads == {threading.get_ident()}  # told on the window's thread

    write_lines(folder, epoch_lines(("a", "b"), 4, 3), "a")
    reader.look_now()
    until(lambda: seen[-1].look.done == 4, what="the new epoch")
    assert len(seen[-1].growth.epochs) == 4

    text = (folder / "metrics.jsonl").read_text().splitlines(keepends=True)
    (folder / "metrics.jsonl").write_text("".join(text[:6]))  # resumed from an older checkpoint
    reader.look_now()
    until(lambda: seen[-1].look.done == 2, what="the curves are shorter")


def test_a_run_whose_disk_goes_away_and_comes_back(qtbot, tmp_path, reader):
    folder = write_run(tmp_path / "runs" / "one")
    listed: list[tuple[RunLook, ...]] = []
    reader.listed.connect(listed.append)
    reader.watch([tmp_path / "runs"])
    reader.choose(folder)
    reader.set_awake(True)
    until(lambda: listed and listed[-1])
    (tmp_path / "runs").rename(tmp_path / "gone")
    reader.look_now()
    until(lambda: listed[-1] == (), what="nothing is listed")
    (tmp_path / "gone").rename(tmp_path / "runs")
    reader.look_now()
    until(lambda: listed[-1], what="it is listed again")


def test_nothing_is_read_while_nobody_looks(qtbot, tmp_path, reader):
    write_run(tmp_path / "run")
    reader.watch([tmp_path])
    assert not [t for t in threading.enumerate() if t.name.startswith("harstudio-run")]
    listed: list[object] = []
    reader.listed.connect(listed.append)
    reader.set_awake(True)
    until(lambda: listed)
    reader.set_awake(False)
    qtbot.wait(100)
    shutil.rmtree(tmp_path / "run")
    count = len(listed)
    reader.look_now()
    qtbot.wait(200)
    assert len(listed) == count


def test_facts_of_an_evaluation_that_is_written_later(qtbot, tmp_path, reader):
    folder = write_run(tmp_path / "run")
    seen: list[RunDetail] = []
    reader.read.connect(seen.append)
    reader.choose(folder)
    reader.set_awake(True)
    until(lambda: seen)
    assert seen[-1].look.tested is None
    (folder / "evaluation.json").write_text(json.dumps({"top1": 0.875, "samples": [1] * 10}))
    reader.look_now()
    until(lambda: seen[-1].look.tested == 0.875)
    assert "samples" not in seen[-1].evaluation
