"""The annotator with help: a minute labelled by accepting, changing and rejecting proposals."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from driving import ROOT, StudioUnderTest, until
from harstudio.labels.agreement.segments import overlap
from harstudio.labels.model import Clip, Origin
from harstudio.labels.project import Project
from harstudio.runs.suggestions import load_suggestions

MINUTE = "untrimmed-minute"
RUN = "joints-any-sensor"
SAME = 0.5  # intersection over union from which on a proposal is the clip that is meant
PATIENCE_S = 300
SPEED = 4.0  # as in the test without help


@pytest.fixture
def helped(studio: StudioUnderTest, demo_project: Path):
    """The demo's minute, open for a new annotator, with what was suggested for it: learned from
    what others say about the other recordings, nothing from this one."""
    project = Project.open(demo_project)
    studio.session.settings.annotator = "carol"
    studio.open(demo_project / "recordings" / f"{MINUTE}.harrec")
    studio.key("ctrl+2")
    truth = next(d for d in project.documents(MINUTE) if d.annotator == "alice")
    clips = sorted((c for tier in truth.said for c in tier.clips), key=lambda c: c.start_ns)
    suggest(studio, demo_project)
    return studio, clips


def suggest(studio: StudioUnderTest, project: Path) -> None:
    """Ask in a worker, and propose what is answered."""
    path = studio.session.recording.path
    record = studio.session.jobs.submit(
        "harstudio.recognition.helping.jobs:suggest",
        {
            "project": str(project),
            "run": str(ROOT / "resources" / "weights" / RUN),
            "annotator": "carol",
            "recordings": [str(path)],
        },
        title="Suggest",
        device="cpu",
    )
    over = ("done", "failed", "stopped", "crashed")
    until(lambda: record.state in over, PATIENCE_S, "the suggestions")
    assert record.state == "done", record.error
    assert record.result["problems"] == []
    (file,) = (project / "suggestions").rglob(f"{MINUTE}.json")
    assert studio.window.proposals.put(load_suggestions(file).clips, RUN)


class Annotator:
    """Knows what happens when, and looks at every proposal once from its start to its end."""

    def __init__(self, studio: StudioUnderTest, truth: Sequence[Clip]) -> None:
        self.studio, self.truth = studio, truth
        self.keys = {label.name: label.hotkey for label in studio.window.labelling.labels()}
        self.watched_ns = 0
        self.did = dict.fromkeys(("accepted", "changed", "rejected", "added"), 0)

    def f12(self) -> None:
        QTest.keyClick(QApplication.focusWidget() or self.studio.window, Qt.Key.Key_F12)
        self.studio.presses += 1

    def decide(self) -> None:
        """Watch the proposal in hand once, then press the one key for it."""
        proposals, transport = self.studio.window.proposals, self.studio.session.transport
        clip, before = proposals.current(), len(proposals.open())
        self.watched_ns += clip.duration_ns
        end_s = time.monotonic() + clip.duration_ns / 1e9 / SPEED
        until(lambda: time.monotonic() >= end_s, seconds=60)
        assert transport.playing
        assert transport.loop == (clip.start_ns, clip.end_ns)
        meant = max(self.truth, key=lambda one: overlap(one, clip))
        if overlap(meant, clip) < SAME:
            what, key = "rejected", "backspace"
        elif meant.label == clip.label:
            what, key = "accepted", "enter"
        else:
            what, key = "changed", self.keys[meant.label]
        self.did[what] += 1
        self.studio.key(key)
        until(lambda: len(proposals.open()) < before, what=f"{clip.label} {what}")

    def add(self, clip: Clip) -> None:
        """What nobody proposed, as one does without help: go there, play, key, key, stop."""
        transport = self.studio.session.transport
        transport.seek(max(0, clip.start_ns - 300_000_000))
        self.studio.presses += 1  # a click on the ruler
        self.watched_ns += clip.duration_ns
        self.did["added"] += 1
        self.studio.key("space")
        for time_ns in (clip.start_ns, clip.end_ns):
            until(lambda at=time_ns: transport.position_ns >= at, seconds=60)
            self.studio.key(self.keys[clip.label])
        self.studio.key("space")


@pytest.mark.timeout(600)
def test_a_minute_with_proposals(helped) -> None:
    """Every press counts, from the first proposal to the last clip."""
    studio, truth = helped
    window, session = studio.window, studio.session
    annotator = Annotator(studio, truth)
    for _ in range(3):
        studio.key(".")
    assert session.transport.rate == SPEED
    studio.presses, began_s = 0, time.monotonic()
    annotator.f12()
    while window.proposals.open():
        annotator.decide()
    studio.wait(50)
    assert session.selection is None
    assert session.transport.loop is None
    assert not session.transport.playing
    made = said(studio)
    for clip in truth:
        if max((overlap(one, clip) for one in made), default=0.0) < SAME:
            annotator.add(clip)
    seconds, presses, made = time.monotonic() - began_s, studio.presses, said(studio)
    pairs = [(max(made, key=lambda one, c=clip: overlap(one, c)), clip) for clip in truth]
    right = sum(one.label == clip.label and overlap(one, clip) >= SAME for one, clip in pairs)
    off_ms = statistics.median(
        abs(getattr(one, edge) - getattr(clip, edge)) / 1e6
        for one, clip in pairs
        for edge in ("start_ns", "end_ns")
    )
    length_s = (session.transport.stop_ns - session.transport.start_ns) / 1e9
    print(
        f"{presses} presses for {len(truth)} clips: {presses / len(truth):.2f} a clip "
        f"({', '.join(f'{n} {what}' for what, n in annotator.did.items())}); {right} of "
        f"{len(truth)} labels right, edges within {off_ms:.0f} ms (median); {seconds:.1f} s at "
        f"{SPEED:g}x, {annotator.watched_ns / 1e9:.1f} s of {length_s:.1f} s watched"
    )
    assert right == len(truth)
    assert presses / len(truth) <= 1.6
    assert off_ms <= 300
    assert {clip.origin for clip in made} <= {Origin.ACCEPTED, Origin.HUMAN}
    studio.screenshot("minute-with-proposals")

    # Nothing of it is lost by closing, and every decision can be taken back.
    path = session.recording.path
    studio.key("ctrl+z")
    studio.key("ctrl+y")
    studio.key("ctrl+w")
    until(lambda: session.recording is None, what="closing")
    studio.open(path)
    assert [(c.start_ns, c.end_ns, c.label) for c in said(studio)] == [
        (c.start_ns, c.end_ns, c.label) for c in made
    ]


def said(studio: StudioUnderTest) -> list[Clip]:
    tier = studio.session.document.tier(studio.session.tier_name)
    return [] if tier is None else list(tier.clips)
