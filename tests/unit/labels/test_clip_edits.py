"""Clip edits: the rule for room in a tier, limits at neighbours, one undo step each."""

from __future__ import annotations

import copy
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harstudio.labels.editing import bulk_edits, clip_edits
from harstudio.labels.editing.edge_moves import closed_gap, moved_clip, moved_edge
from harstudio.labels.editing.edits import Edit, EditError
from harstudio.labels.editing.gaps import gap_at, gaps
from harstudio.labels.model import Clip, Document, Origin, Tier, TierRules
from harstudio.recordings.frame_grid import FrameGrid

FRAME = 10


def made(*clips: tuple[int, int, str]) -> Document:
    tier = Tier("t", [Clip(a, b, label, id=label) for a, b, label in clips])
    return Document("r", "alice", [tier])


def rows(document: Document) -> list[tuple[int, int, str]]:
    return [(c.start_ns, c.end_ns, c.label) for c in document.tiers[0].clips]


def after(document: Document, edit: Edit | None) -> list[tuple[int, int, str]]:
    """What an edit makes of a document; taking it back must give the same document."""
    assert edit is not None
    changed = copy.deepcopy(document)
    edit.apply(changed)
    result = rows(changed)
    edit.inverse().apply(changed)
    assert changed == document
    return result


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (200, 300, [(0, 100, "a"), (100, 200, "b"), (200, 300, "new")]),
        (50, 100, [(0, 50, "a"), (50, 100, "new"), (100, 200, "b")]),
        (50, 150, [(0, 50, "a"), (50, 150, "new"), (150, 200, "b")]),
        (0, 200, [(0, 200, "new")]),
        (0, 195, [(0, 195, "new")]),  # five nanoseconds of b are less than a frame
        (20, 40, [(0, 20, "a"), (20, 40, "new"), (40, 100, "a"), (100, 200, "b")]),
        (5, 40, [(5, 40, "new"), (40, 100, "a"), (100, 200, "b")]),
        (150, 150, [(0, 100, "a"), (100, 150, "b"), (150, 160, "new"), (160, 200, "b")]),
    ],
)
def test_a_placed_clip_wins(start: int, end: int, expected: list[tuple[int, int, str]]) -> None:
    document = made((0, 100, "a"), (100, 200, "b"))
    edit = clip_edits.place(document, "t", Clip(start, max(end, start + 1), "new"), FRAME)
    assert after(document, edit) == expected
    assert edit.title == "Label “new”"


def test_the_first_clip_makes_its_tier() -> None:
    document = Document("r", "alice")
    edit = clip_edits.place(document, "alice", Clip(0, 5, "a"), FRAME)
    edit.apply(document)
    assert rows(document) == [(0, 10, "a")]
    edit.inverse().apply(document)
    assert document.tiers == []


times = st.integers(0, 60)


@given(st.lists(st.tuples(times, times, st.sampled_from("abc")), max_size=12))
def test_placing_never_overlaps_and_paints_its_span(
    placings: list[tuple[int, int, str]],
) -> None:
    document = Document("r", "alice")
    painted: dict[int, str] = {}
    for a, b, label in placings:
        start, end = min(a, b), max(a, b, min(a, b) + 1)
        clip_edits.place(document, "t", Clip(start, end, label), 1).apply(document)
        painted |= dict.fromkeys(range(start, end), label)
        clips = document.tiers[0].clips
        assert all(x.end_ns <= y.start_ns for x, y in pairwise(clips))
        assert len({c.id for c in clips}) == len(clips)
        assert {t: c.label for c in clips for t in range(c.start_ns, c.end_ns)} == painted


def test_split_and_merge_undo_each_other() -> None:
    document = made((0, 100, "a"), (200, 300, "b"))
    assert after(document, clip_edits.split(document, "a", 40, FRAME))[:2] == [
        (0, 40, "a"),
        (40, 100, "a"),
    ]
    for time in (0, 5, 95, 100, 150):
        with pytest.raises(EditError, match="too short"):
            clip_edits.split(document, "a", time, FRAME)
    assert after(document, clip_edits.merge_with(document, "a", "next")) == [(0, 300, "a")]
    assert after(document, clip_edits.merge_with(document, "b", "previous")) == [(0, 300, "b")]
    with pytest.raises(EditError, match="no next clip"):
        clip_edits.merge_with(document, "b", "next")


def test_a_person_who_relabels_takes_over_from_the_model() -> None:
    document = Document("r", "alice", [Tier("t")])
    proposal = Clip(0, 10, "a", origin=Origin.MODEL, confidence=0.7, id="p")
    document.tiers[0].clips.append(proposal)
    edit = bulk_edits.relabel(document, ["p"], "b")
    assert edit is not None
    edit.apply(document)
    clip = document.tiers[0].clips[0]
    assert (clip.label, clip.origin, clip.confidence, clip.id) == ("b", Origin.HUMAN, None, "p")
    assert bulk_edits.relabel(document, ["p"], "b") is None


def test_deleting_is_one_step() -> None:
    document = made((0, 100, "a"), (100, 200, "b"), (200, 300, "c"))
    assert after(document, clip_edits.delete(document, "a", "c")) == [(100, 200, "b")]
    edit = clip_edits.remove_tier(document, "t")
    gone = copy.deepcopy(document)
    edit.apply(gone)
    assert gone.tiers == []
    edit.inverse().apply(gone)
    assert gone == document


def test_a_clip_that_is_gone_is_said_so() -> None:
    with pytest.raises(EditError, match="gone"):
        clip_edits.delete(made(), "a")


# ---- several at once, and the rules of tiers


def grid(frames: int = 100) -> FrameGrid:
    return FrameGrid(np.arange(frames, dtype=np.int64) * FRAME, FRAME)


def test_several_clips_move_together_as_far_as_all_can() -> None:
    document = made((0, 20, "a"), (20, 40, "b"), (60, 80, "c"), (100, 120, "d"))
    moved = bulk_edits.move(document, ["a", "b"], 5, grid())
    assert after(document, moved) == [
        (20, 40, "a"), (40, 60, "b"), (60, 80, "c"), (100, 120, "d"),
    ]  # fmt: skip
    assert moved is not None
    assert moved.title == "Move 2 clips"
    assert bulk_edits.move(document, ["a", "c"], -3, grid()) is None  # a stands at the start


def test_one_step_changes_what_several_clips_say() -> None:
    document = made((0, 20, "a"), (20, 40, "b"), (60, 80, "c"))
    ids = ["a", "b", "c"]
    for make, title in (
        (lambda: bulk_edits.relabel(document, ids, "a"), "Relabel 2 clips to “a”"),
        (lambda: bulk_edits.set_person(document, ids, "2"), "Person 2 for 3 clips"),
        (lambda: bulk_edits.set_unsure(document, ["b"], True), "Flag “a” as unsure"),
        (lambda: bulk_edits.set_confidence(document, ids, 0.5), "Confidence 0.5 for 3 clips"),
        (lambda: bulk_edits.set_attribute(document, ids, "side", "left"), "side left for 3 clips"),
    ):
        edit = make()
        assert edit is not None
        assert edit.title == title
        edit.apply(document)
    assert [c.label for c in document.tiers[0].clips] == ["a", "a", "a"]
    assert all(
        c.person == "2" and c.attributes == {"side": "left"} for c in document.tiers[0].clips
    )
    assert bulk_edits.set_person(document, ids, "2") is None
    assert bulk_edits.set_attribute(document, ids, "hand", None) is None


def test_clips_are_copied_and_moved_over_what_another_tier_holds() -> None:
    document = made((0, 20, "a"), (20, 40, "b"))
    other = Tier("u", [Clip(10, 30, "x", id="x")], TierRules(person="7"))
    document.tiers.append(other)
    before = copy.deepcopy(document)
    edit = bulk_edits.copy_to_tier(document, ["a", "b"], "u", FRAME, moving=True)
    assert edit is not None
    edit.apply(document)
    assert rows(document) == []
    assert [(c.start_ns, c.id, c.person) for c in other.clips] == [(0, "a", "7"), (20, "b", "7")]
    edit.inverse().apply(document)
    assert document == before
    edit = bulk_edits.copy_to_tier(document, ["a"], "new", FRAME)
    assert edit is not None
    edit.apply(document)
    assert [(c.label, c.id == "a") for c in document.tier("new").clips] == [("a", False)]


def test_the_rules_of_a_tier_hold_everywhere() -> None:
    points = Tier("p", [Clip(50, 50, "tick", id="tick")], TierRules(points=True))
    long = Tier("l", [Clip(0, 40, "a", id="a"), Clip(40, 80, "b", id="b")],
                TierRules(minimum_ns=30))  # fmt: skip
    loose = Tier("o", [Clip(0, 40, "c", id="c"), Clip(30, 60, "d", id="d")],
                 TierRules(overlap=True))  # fmt: skip
    free = Tier("f", [Clip(3, 17, "e", id="e")], TierRules(snap=()))
    document = Document("r", "alice", [points, long, loose, free])
    for tier, clip in (("l", "tick"), ("p", "a")):
        with pytest.raises(EditError, match="does not fit into"):
            bulk_edits.copy_to_tier(document, [clip], tier)
    for refused in (
        lambda: clip_edits.split(document, "tick", 50),
        lambda: clip_edits.merge_with(document, "tick", "next"),
        lambda: closed_gap(points, points.clips[0], "next"),
        lambda: clip_edits.split(document, "a", 20),  # twenty are too short there
        lambda: closed_gap(long, long.clips[0], "next"),
    ):
        with pytest.raises(EditError):
            refused()
    edge = moved_edge(long, long.clips[0], "end", 0, grid())
    assert [(m.after.start_ns, m.after.end_ns) for m in edge] == [(0, 30), (30, 80)]
    assert moved_edge(loose, loose.clips[0], "end", 50, grid())[0].after.end_ns == 50
    assert moved_edge(points, points.clips[0], "end", 70, grid())[0].after.is_point
    assert moved_edge(free, free.clips[0], "end", 24, grid())[0].after.end_ns == 24
    assert moved_clip(free, free.clips[0], 4, grid())[0].after.start_ns == 7
    assert clip_edits.place(document, "l", Clip(90, 95, "n"), FRAME).steps()[0].clip.end_ns == 120


def test_gaps_are_found_and_closed() -> None:
    document = made((20, 40, "a"), (60, 80, "b"))
    tier = document.tiers[0]
    assert gaps(tier.clips, grid(10)) == [(0, 20), (40, 60), (80, 100)]
    assert gap_at(tier, 45, grid(10)) == (40, 60)
    assert gap_at(tier, 25, grid(10)) is None
    assert closed_gap(tier, tier.clips[0], "next")[0].after.end_ns == 60
    assert closed_gap(tier, tier.clips[1], "previous")[0].after.start_ns == 40
    with pytest.raises(EditError, match="no previous clip"):
        closed_gap(tier, tier.clips[0], "previous")
