"""The annotator with help: a minute labelled by accepting, changing and rejecting proposals."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from driving import StudioUnderTest, until
from harstudio.labels.agreement.segments import overlap
from harstudio.labels.model import Clip, Origin
from harstudio.labels.project import Project

MINUTE = "untrimmed-minute"
SAME = 0.5  # intersection over union from which on a proposal is the clip that is meant
AT_REAL_SPEED = 2  # proposals, as in the test without help; the others are seen at twice that
PATIENCE_S = 300
FAR_MS = 300  # an edge that is further off would be mended
MENDING = 2  # presses: the clip, the edge


@pytest.fixture
def minute(studio: StudioUnderTest, demo_project: Path):
    """The demo's minute, open for a new annotator, and what happens in it when."""
    studio.session.settings.annotator = "carol"
    studio.open(demo_project / "recordings" / f"{MINUTE}.harrec")
    studio.key("ctrl+2")
    documents = Project.open(demo_project).documents(MINUTE)
    truth = next(one for one in documents if one.annotator == "alice")
    return studio, sorted((c for t in truth.said for c in t.clips), key=lambda c: c.start_ns)


class Annotator:
    """Knows what happens when, and looks at the minute once, from its start to its end."""

    def __init__(self, studio: StudioUnderTest, truth: Sequence[Clip]) -> None:
        self.studio, self.truth = studio, truth
        self.transport, self.proposals = studio.session.transport, studio.window.proposals
        self.keys = {label.name: label.hotkey for label in studio.window.labelling.labels()}
        self.did = dict.fromkeys(("accepted", "changed", "rejected", "added"), 0)

    def ask(self) -> float:
        """For suggestions, by the key; how long they take, seconds."""
        looping, began_s = self.studio.window.helping.looping, time.monotonic()
        self.studio.key("alt+s")
        until(lambda: looping.job.busy, PATIENCE_S, "the question")
        until(lambda: not looping.job.busy, PATIENCE_S, "the suggestions")
        assert (looping.job.problem, looping.problems) == ("", ())
        until(self.proposals.open, PATIENCE_S, "the proposals")
        return time.monotonic() - began_s

    def decide(self, clip: Clip) -> None:
        """Press the one key for a proposal while it plays, when half of it was seen. Who comes too
        late, on a busy machine, clicks it on the ruler and sees it again."""
        middle_ns = (clip.start_ns + clip.end_ns) // 2
        until(lambda: self.transport.position_ns >= middle_ns, 60, "half of it")
        while (now := self.proposals.current()) is None or now.id != clip.id:
            self.transport.seek(middle_ns)
            self.studio.presses += 1
            self.studio.wait(1)
        meant = max(self.truth, key=lambda one: overlap(one, clip))
        if overlap(meant, clip) < SAME:
            what, key = "rejected", "backspace"
        elif meant.label == clip.label:
            what, key = "accepted", "enter"
        else:
            what, key = "changed", self.keys[meant.label]
        self.did[what] += 1
        self.studio.key(key)
        until(lambda: not self.proposals.is_open(clip.id), what=f"{clip.label} {what}")

    def add(self, clip: Clip) -> None:
        """What nobody proposed, as one does without help: go there, play, key, key, stop."""
        self.transport.seek(max(0, clip.start_ns - 300_000_000))
        self.studio.presses += 1  # a click on the ruler
        self.did["added"] += 1
        self.studio.key("space")
        for time_ns in (clip.start_ns, clip.end_ns):
            until(lambda at=time_ns: self.transport.position_ns >= at, seconds=60)
            self.studio.key(self.keys[clip.label])
        self.studio.key("space")


@pytest.mark.timeout(600)
def test_a_minute_with_proposals(minute) -> None:
    """Every press counts: asking, playing, the speed, each decision. The whole minute is played
    once and nothing is gone to, so that what nobody proposed is seen, too."""
    studio, truth = minute
    session, annotator = studio.session, Annotator(studio, truth)
    transport = session.transport
    studio.presses = 0
    asked_s = annotator.ask()
    studio.window.timeline.setFocus()
    studio.presses += 1  # a click on the timeline
    began_s = time.monotonic()
    studio.key("space")
    assert transport.playing
    for number, clip in enumerate(list(annotator.proposals.open())):
        if number == AT_REAL_SPEED:
            studio.key(".", 2)
            assert transport.rate == 2.0
        annotator.decide(clip)
    until(lambda: not transport.playing, 60, "the end of the minute")
    assert annotator.proposals.open() == []
    made = said(studio)
    for clip in truth:
        if max((overlap(one, clip) for one in made), default=0.0) < SAME:
            annotator.add(clip)
    seconds, presses, made = time.monotonic() - began_s, studio.presses, said(studio)
    pairs = [(max(made, key=lambda one, c=clip: overlap(one, c)), clip) for clip in truth]
    right = sum(one.label == clip.label and overlap(one, clip) >= SAME for one, clip in pairs)
    off_ms = [
        abs(getattr(one, edge) - getattr(clip, edge)) / 1e6
        for one, clip in pairs
        for edge in ("start_ns", "end_ns")
    ]
    far = sum(off > FAR_MS for off in off_ms)
    print(
        f"{presses} presses for {len(truth)} clips: {presses / len(truth):.2f} a clip "
        f"({', '.join(f'{n} {what}' for what, n in annotator.did.items())}); {right} of "
        f"{len(truth)} labels right; edges off {np.median(off_ms):.0f} ms (median), "
        f"{np.quantile(off_ms, 0.9):.0f} ms (90 %), {max(off_ms):.0f} ms (most); {far} of "
        f"{len(off_ms)} by more than {FAR_MS} ms, with {MENDING} presses for each "
        f"{(presses + MENDING * far) / len(truth):.2f} a clip; {seconds:.1f} s for the whole "
        f"minute, after {asked_s:.1f} s of waiting for the suggestions"
    )
    assert right == len(truth)
    assert presses / len(truth) <= 1.8
    assert np.median(off_ms) <= 300
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
