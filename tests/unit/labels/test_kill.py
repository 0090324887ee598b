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
from harstudio.labels.editing.edits import AddClip, AddTier
from harstudio.labels.keeping.journal import Record
from harstudio.labels.keeping.versions import unbroken
from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.model import Clip, Document
from harstudio.labels.project import Project

CHILD = Path(__file__).with_name("editing_child.py")
sys.path.insert(0, str(CHILD.parent))
from editing_child import LABELS, state_of  # noqa: E402  # the same digest


@dataclass
class Tally:
    """What the kills did, over all of them."""

    kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    undo_lost: int = 0
    versions_lost: int = 0
    half_renamed: int = 0
    unacknowledged_extra: int = 0
    reported_damage: int = 0
    finished_renamings: int = 0


@dataclass(frozen=True)
class Told:
    """One line of the child."""

    kind: str
    revision: int
    state: str
    undo_steps: int


def run_and_kill(folder: Path, recording: str, seed: int, after_s: float) -> list[Told]:
    """Start the child, kill it so long after it opened; its lines that came through whole."""
    command = [sys.executable, str(CHILD), str(folder), recording, str(seed)]
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
    return [Told(kind, int(number), state, int(steps)) for kind, number, state, steps in whole]


def before(document: Document, record: Record) -> Document:
    """The document as it was one edit ago."""
    document = document.copy()
    record.edit.inverse().apply(document)
    return document


def check(folder: Path, recording: str, told: list[Told], tally: Tally) -> None:
    """Reopen after a kill and compare with what the child acknowledged last."""
    project = Project.open(folder)
    tally.finished_renamings += bool(project.problems)
    history = project.history(recording, "alice")
    revision, state = history.document.revision, state_of(history.document)
    ids = [clip.id for tier in history.document.tiers for clip in tier.clips]
    last = told[-1]
    tally.kills += 1
    tally.acknowledged += sum(line.kind == "edit" for line in told)
    records = tuple(reversed(tuple(history.look_back().newest_first())))
    if (revision, state) == (last.revision, last.state):
        if last.kind != "close":
            tally.undo_lost += len(history._stack.done) != last.undo_steps
    elif state == last.state and last.kind == "close":
        pass  # of what was undone nothing is kept
    elif records and last.state == state_of(before(history.document, records[-1])):
        tally.unacknowledged_extra += 1  # the one edit that was not told yet
    else:
        tally.lost += revision <= last.revision
        tally.doubled += revision > last.revision
        print(last, revision, records[-1:])
    tally.doubled += len(ids) - len(set(ids))
    tally.versions_lost += len(unbroken(records, revision)) != revision
    names = {label.name for label in project.label_set.labels}
    bobs = project.documents(recording)[-1]  # alice may have undone it, or restored older clips
    said = {clip.label for tier in bobs.tiers for clip in tier.clips}
    tally.half_renamed += said != names
    tally.reported_damage += bool(history.problems)
    history._journal.close()  # not saved: the next child finds what this one left
    assert history._lock is not None
    history._lock.release()


def new_project(folder: Path) -> Project:
    """One recording that two have labelled."""
    project = Project.create(folder, "p", label_set=LabelSet.of("set", LABELS))
    history = project.history("r", "bob")
    history.do(AddTier("bob"))
    for number, label in enumerate((*LABELS, *LABELS)):
        history.do(AddClip("bob", Clip(number, number + 1, label)))
    history.close()
    return project


def kill_often(folder: Path, kills: int, seed: int) -> Tally:
    chance = random.Random(seed)
    tally = Tally()
    project = folder
    for number in range(kills):
        if number % 10 == 0:
            project = new_project(folder / f"p{number}").folder
        told = run_and_kill(project, "r", chance.randrange(1 << 30), chance.uniform(0, 0.3))
        check(project, "r", told, tally)
    return tally


def verify(tally: Tally) -> None:
    assert tally.lost == 0, tally
    assert tally.doubled == 0, tally
    assert tally.undo_lost == 0, tally
    assert tally.versions_lost == 0, tally
    assert tally.half_renamed == 0, tally
    assert tally.acknowledged > tally.kills, f"too few edits to prove anything: {tally}"


def test_five_kills(tmp_path: Path) -> None:
    verify(kill_often(tmp_path, 5, seed=time.time_ns()))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_five_hundred_kills(tmp_path: Path) -> None:
    tally = kill_often(tmp_path, 500, seed=1)
    print(tally)
    verify(tally)
