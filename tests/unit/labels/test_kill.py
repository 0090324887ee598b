"""SIGKILL at random moments of an editing process: no acknowledged edit lost, none doubled."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

import harstudio
from harstudio.labels.history import History

CHILD = Path(__file__).with_name("editing_child.py")
sys.path.insert(0, str(CHILD.parent))
from editing_child import state_of  # noqa: E402  # the same digest as in the child


@dataclass
class Tally:
    """What the kills did, over all of them."""

    kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    unacknowledged_extra: int = 0
    reported_damage: int = 0


def run_and_kill(path: Path, seed: int, after_s: float) -> list[tuple[str, int, str]]:
    """Start the child, kill it so long after it opened; its lines that came through whole."""
    command = [sys.executable, str(CHILD), str(path), str(seed)]
    lines: list[str] = []
    environment = os.environ | {"PYTHONPATH": str(Path(harstudio.__file__).parent.parent)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment, encoding="utf-8"
    ) as child:
        assert child.stdout is not None
        lines.append(child.stdout.readline())  # it is open now
        killer = threading.Timer(after_s, child.kill)
        killer.start()
        lines += child.stdout  # until the kill
        killer.join()
    assert child.returncode == (1 if os.name == "nt" else -9), "the child ended by itself"
    whole = [line.split() for line in lines if line.endswith("\n")]
    return [(kind, int(revision), state) for kind, revision, state in whole]


def check(path: Path, told: list[tuple[str, int, str]], tally: Tally) -> None:
    """Reopen after a kill and compare with what the child acknowledged last."""
    history = History(path, "r", "alice")
    revision, state = history.document.revision, state_of(history.document)
    ids = [clip.id for tier in history.document.tiers for clip in tier.clips]
    _, last_revision, last_state = told[-1]
    tally.kills += 1
    tally.acknowledged += sum(kind == "edit" for kind, _, _ in told)
    if state != last_state:  # then it may only be the one edit that was not told yet
        tally.lost += revision <= last_revision
        tally.doubled += revision > last_revision + 1
        tally.unacknowledged_extra += revision == last_revision + 1
    tally.doubled += len(ids) - len(set(ids))
    tally.reported_damage += bool(history.problems)
    history._journal.close()  # not saved: the next child finds what this one left
    assert history._lock is not None
    history._lock.release()


def kill_often(folder: Path, kills: int, seed: int) -> Tally:
    chance = random.Random(seed)
    tally = Tally()
    path = folder / "r" / "alice.json"
    for number in range(kills):
        if number % 10 == 0:
            path = folder / f"r{number}" / "alice.json"
        told = run_and_kill(path, chance.randrange(1 << 30), chance.uniform(0, 0.25))
        check(path, told, tally)
    return tally


def verify(tally: Tally) -> None:
    assert tally.lost == 0, tally
    assert tally.doubled == 0, tally
    assert tally.acknowledged > tally.kills, f"too few edits to prove anything: {tally}"


def test_five_kills(tmp_path: Path) -> None:
    verify(kill_often(tmp_path, 5, seed=time.time_ns()))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_hundred_kills(tmp_path: Path) -> None:
    tally = kill_often(tmp_path, 200, seed=1)
    print(tally)
    verify(tally)
