"""The studio as a program of its own: driven from outside, and killed without warning."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from driving import until, wait
from harstudio.labels.model import Document
from harstudio.labels.project import Project
from harstudio.settings import Settings, save_settings

CHILD = Path(__file__).with_name("labelling_child.py")
Rows = list[list[object]]


def first_recording(project: Project) -> str:
    return project.recordings()[0].name.removesuffix(".harrec")


def rows_of(document: Document) -> Rows:
    return [
        [clip.id, clip.start_ns, clip.end_ns, clip.label]
        for tier in document.tiers
        for clip in tier.clips
    ]


def clips_on_disk(folder: Path) -> Rows:
    """What somebody finds who opens the project now."""
    project = Project.open(folder)
    history = project.history(first_recording(project), "dora")
    try:
        return rows_of(history.document)
    finally:
        history.close()


def test_driven_from_outside_and_killed(launch, demo_project, home):
    """Started by its command line, labelled through the window manager, ended by SIGKILL."""
    save_settings(Settings(annotator="dora"))
    studio = launch("open", demo_project)
    studio.wait_for_window()
    named = "– HARStudio"
    until(lambda: named in studio.xdotool("getwindowname", studio.window), what="it is shown")
    assert any(demo_project.glob("labels/*/dora.lock")), "the document is open"
    wait(3000)
    studio.key("1", "Right", "Right", "Right", "1")
    studio.key("Right", "2", "Right", "Right", "2")
    until(lambda: any(demo_project.glob("labels/*/dora.j*")), what="the first clip is kept")
    wait(500)
    studio.kill()
    assert [row[3] for row in clips_on_disk(demo_project)] == [
        label.name for label in Project.open(demo_project).label_set.labels[:2]
    ]


def kill_while_labelling(project: Path, seed: int) -> tuple[Rows, int]:
    """What the window showed last, and how many edits it showed, before it was killed."""
    command = [sys.executable, str(CHILD), str(project), str(seed)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    seen: list[str] = []
    reader = threading.Thread(target=lambda: seen.extend(child.stdout))
    reader.start()
    end = time.monotonic() + 30
    while not seen and time.monotonic() < end and child.poll() is None:
        time.sleep(0.01)
    time.sleep(random.Random(seed).uniform(0, 1.5))
    assert child.poll() is None, "the studio ended by itself"
    child.kill()
    child.wait(timeout=20)
    reader.join(timeout=20)
    child.stdout.close()
    whole = [line for line in seen if line.endswith("\n")]
    assert whole, "the window showed no edit within 30 s"
    return json.loads(whole[-1]), len(whole)


def check_after_kill(folder: Path, shown: Rows) -> None:
    """On the disk stands what was shown, or that and the one edit that was in work."""
    project = Project.open(folder)
    history = project.history(first_recording(project), "dora")
    try:
        kept = rows_of(history.document)
        assert len({row[0] for row in kept}) == len(kept), "a clip was doubled"
        if kept == shown:
            return
        before = history.document.copy()
        next(history.look_back().newest_first()).edit.inverse().apply(before)
        assert rows_of(before) == shown, f"shown {shown}, kept {kept}"
    finally:
        history.close()


@pytest.mark.timeout(120)
def test_a_killed_window_loses_nothing_it_showed(demo_project):
    shown, _ = kill_while_labelling(demo_project, seed=7)
    check_after_kill(demo_project, shown)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_twenty_kills_of_the_real_window(demo_project):
    edits = 0
    for seed in range(20):
        shown, count = kill_while_labelling(demo_project, seed)
        check_after_kill(demo_project, shown)
        edits += count
    print(f"20 kills, {edits} edits shown, none lost, none doubled")
