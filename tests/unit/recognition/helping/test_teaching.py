"""What may be learned from: people's labels that one may see, and looked-at nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harstudio.labels.editing.edits import AddClip, AddTier
from harstudio.labels.model import Clip, Origin, TierRules
from harstudio.labels.project import Project
from harstudio.labels.suggested import actions
from harstudio.labels.team.policy import GOLD, Policy
from harstudio.recognition.helping.examples import RECORDINGS, Gathered
from harstudio.recognition.helping.features import Stretch
from harstudio.recognition.helping.head import Examples
from harstudio.recognition.helping.teaching import Said, SaidClip, covered, what_people_said
from trials import write_trial

S = 1_000_000_000


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "project", "project")
    write_trial(made.folder / "recordings", "a1_s1_t1", 8)
    return made


RECORDING = "a1_s1_t1"
OVERLAP = TierRules(overlap=True)


def say(project: Project, annotator: str, *clips: Clip, rules: TierRules = OVERLAP) -> None:
    history = project.history(RECORDING, annotator)
    try:
        name = "proposals" if rules.proposals else "actions"
        history.do(AddTier(name, len(history.document.tiers), rules=rules))
        for clip in clips:
            history.do(AddClip(name, clip))
        history.save()
    finally:
        history.close()


def taught(project: Project, annotator: str) -> dict[str, list[str]]:
    def fail(error: Exception) -> None:
        raise error

    found = what_people_said(project, annotator, fail)
    return {one.annotator: [clip.label for clip in one.clips] for one in found}


def test_what_networks_say_teaches_nobody(project: Project) -> None:
    say(project, "ann", Clip(0, S, "wave"), Clip(S, 2 * S, "clap", origin=Origin.MODEL))
    say(project, "ann", Clip(2 * S, 3 * S, "throw", origin=Origin.MODEL), rules=TierRules(
        proposals=True, overlap=True))  # fmt: skip
    assert taught(project, "ann") == {"ann": ["wave"]}


def test_an_accepted_proposal_is_said(project: Project) -> None:
    say(project, "ann", Clip(0, S, "wave", origin=Origin.ACCEPTED))
    assert taught(project, "ann") == {"ann": ["wave"]}


def test_blind_annotators_learn_from_themselves_only(project: Project) -> None:
    say(project, "ann", Clip(0, S, "wave"))
    say(project, "bob", Clip(0, S, "clap"))
    assert taught(project, "ann") == {"ann": ["wave"], "bob": ["clap"]}
    project.set_policy(Policy(blind=True, reviewers=("rea",)))
    assert taught(project, "ann") == {"ann": ["wave"]}
    assert taught(project, "rea") == {"ann": ["wave"], "bob": ["clap"]}


def test_gold_stands_for_the_others(project: Project) -> None:
    say(project, "ann", Clip(0, S, "wave"))
    say(project, "bob", Clip(0, S, "clap"))
    say(project, GOLD, Clip(0, S, "throw"))
    assert taught(project, "ann") == {"ann": ["wave"], GOLD: ["throw"]}


def said(*spans: tuple[float, float], **more: object) -> Said:
    clips = tuple(
        SaidClip("room", Path(), "ann", Stretch(round(a * S), round(b * S)), "wave", str(a))
        for a, b in spans
    )
    return replace(Said("room", Path(), "ann", clips), **more)  # type: ignore[arg-type]


def seconds(stretches: list[Stretch]) -> list[tuple[float, float]]:
    return [(one.start_ns / S, one.end_ns / S) for one in stretches]


def test_nothing_lies_between_clips_and_before_the_first_one() -> None:
    one = said((1, 3), (4, 6))
    assert seconds(one.nothing(0, 60 * S)) == [(0, 1), (3, 4)]
    assert seconds(one.nothing(0, 7 * S)) == [(0, 1), (3, 4), (6, 7)]  # too short for a clip
    assert seconds(said((9, 11)).nothing(0, 60 * S)) == []  # perhaps nobody looked before
    assert seconds(said((9, 11), done=True).nothing(0, 60 * S)) == [(0, 9), (11, 60)]
    assert seconds(said((1, 3), (50, 52)).nothing(0, 60 * S)) == [(0, 1)]


def test_open_proposals_are_not_nothing_and_rejected_ones_are() -> None:
    waiting = said((1, 3), (9, 11), open=(Stretch(5 * S, 7 * S),))
    assert seconds(waiting.nothing(0, 60 * S)) == [(0, 1), (3, 5), (7, 9)]
    no = said((1, 3), rejected=(Stretch(20 * S, 22 * S), Stretch(1 * S, 2 * S)))
    assert seconds(no.nothing(0, 60 * S)) == [(0, 1), (20, 22)]


def test_cover_counts_what_overlaps_once() -> None:
    whole = Stretch(0, 10 * S)
    assert covered(whole, [Stretch(0, 4 * S), Stretch(2 * S, 5 * S)]) == pytest.approx(0.5)
    assert covered(Stretch(0, S, "a"), [Stretch(0, S, "b")]) == 0


def test_what_others_say_about_a_recording_does_not_teach_there() -> None:
    clips = said((1, 3), (4, 6)).clips
    made = Gathered(
        Examples(np.zeros((2, 3), dtype=np.float32), ("wave", "clap"), ("room", "room")),
        clips,
        ("ann", "bob"),
        ("room", "room"),
        RECORDINGS,
    )
    assert made.without("room", "ann").examples.labels == ("wave",)
    assert made.without("hall", "ann").examples.labels == ("wave", "clap")


def test_what_two_people_say_alike_is_one_action() -> None:
    said = [
        ("wave", "", Stretch(0, 10)), ("wave", "", Stretch(1, 11)), ("wave", "", Stretch(20, 30)),
        ("clap", "", Stretch(0, 10)), ("wave", "b", Stretch(0, 10)), ("wave", "", Stretch(8, 18)),
    ]  # fmt: skip
    which = actions(said)
    assert which[0] == which[1]
    assert len(set(which)) == 5
