"""Training: what a new annotator is told about a clip, and about the whole recording."""

from __future__ import annotations

import numpy as np
import pytest

from harstudio.labels.model import Clip, Document, Tier, TierRules
from harstudio.labels.team.feedback import compare_with_gold, feedback_on, lesson
from harstudio.recordings.frame_grid import FrameGrid

MS = 1_000_000
GRID = FrameGrid(np.arange(100, dtype=np.int64) * 40 * MS, 40 * MS)
POINTS = TierRules(points=True)


def clip(start_ms: int, end_ms: int, label: str = "drink") -> Clip:
    return Clip(start_ms * MS, end_ms * MS, label)


GOLD = Document(
    "r",
    "gold",
    [
        Tier("gold", [clip(400, 1200), clip(1200, 2000, "eat")]),
        Tier("guest", [clip(400, 1200, "wave")], TierRules(person="2")),
        Tier("steps", [clip(480, 480, "step"), clip(900, 900, "stop")], POINTS),
    ],
)


@pytest.mark.parametrize(
    ("placed", "right", "sentence"),
    [
        (clip(400, 1200), True, "Right."),
        (clip(360, 1280), True, "Right; it starts 1 frame early and ends 2 frames late."),
        (clip(400, 720), False, "“drink” is right, but it ends 12 frames early."),
        (clip(440, 1400, "eat"), False, "This is “drink”, not “eat”."),
        (clip(1000, 2000, "eat"), True, "Right; it starts 5 frames early."),
        (clip(2400, 2800), False, "The gold labels have nothing here."),
    ],
)
def test_what_is_said_of_a_clip(placed: Clip, right: bool, sentence: str) -> None:
    found = compare_with_gold(placed, GOLD.tiers[0].clips, GRID)
    assert (found.right, found.sentence) == (right, sentence)
    assert (found.gold is None) is ("nothing" in sentence)


def test_without_frames_in_milliseconds_and_about_whom() -> None:
    said = compare_with_gold(clip(390, 1200), GOLD.tiers[0].clips).sentence
    assert said == "Right; it starts 10 ms early."
    own = Document("r", "bob", [Tier("x", [clip(400, 1200, "wave")], TierRules(person="2"))])
    told = feedback_on(own, own.tiers[0].clips[0].id, GOLD, GRID)
    assert told is not None
    assert told.right
    assert feedback_on(own, "gone", GOLD) is None


@pytest.mark.parametrize(
    ("at_ms", "label", "sentence"),
    [
        (480, "step", "Right."),
        (600, "step", "Right; it is 3 frames late."),
        (840, "step", "This is “stop”, not “step”."),
        (1300, "step", "The gold labels have nothing here."),
    ],
)
def test_point_events(at_ms: int, label: str, sentence: str) -> None:
    placed = clip(at_ms, at_ms, label)
    assert compare_with_gold(placed, GOLD.tiers[2].clips, GRID).sentence == sentence


def test_a_whole_recording() -> None:
    own = Document(
        "r",
        "bob",
        [
            Tier("bob", [clip(400, 1200), clip(1300, 1400, "eat")]),
            Tier("steps", [clip(510, 510, "step")], POINTS),
        ],
    )
    found = lesson(own, GOLD)
    assert (found.right, found.wrong) == (2, 1)
    assert [(c.label, c.start_ns // MS) for c in found.missed] == [
        ("wave", 400),
        ("stop", 900),
        ("eat", 1200),
    ]
    assert found.sentence == "2 of 5 gold clips found, 3 missed, 1 wrong."
