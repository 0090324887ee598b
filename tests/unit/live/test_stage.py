"""A stage is a real process: spoken to, killed, started again, ended."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from harstudio.live.stage import Stage
from live_ear import Ear

JOBS = str(Path(__file__).parents[1] / "jobs")


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def stage(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("PYTHONPATH", JOBS)
    made = Stage("pose", ear)
    yield made
    made.stop()
    made.wait(10.0)


def test_a_killed_stage_comes_back_and_knows_what_it_was_told(stage: Stage, ear: Ear) -> None:
    stage.run("sample_jobs:listens", {})
    stage.say("labels", {"names": ["wave"]})
    stage.say("example", {"name": "jump"})
    assert ear.until("labels") == {"names": ["wave"]}
    assert ear.until("example") == {"name": "jump"}
    first = stage.pid
    assert first is not None
    os.kill(first, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    assert ear.until("died")["sentence"].startswith("The pose process was killed")
    assert ear.until("labels", count=2) == {"names": ["wave"]}
    assert stage.pid not in (None, first)
    assert [kind for _, kind, _ in ear.told].count("example") == 1  # said once is done once


def test_what_a_person_can_mend_is_told_and_not_tried_again(stage: Stage, ear: Ear) -> None:
    stage.run("sample_jobs:raises", {"what": "ours"})
    failed = ear.until("failed")
    assert failed["sentence"]
    assert failed["remedy"]
    stage.run("sample_jobs:listens", {})  # another job is
    stage.say("labels", {"names": []})
    ear.until("labels")
    stage.stop()
    stage.wait(10.0)
    assert stage.pid is None
