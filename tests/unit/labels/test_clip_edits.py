"""Clip edits: the rule for room in a tier, limits at neighbours, one undo step each."""

from __future__ import annotations

import copy
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harstudio.labels import bulk_edits, clip_edits
from harstudio.labels.edits import Edit, EditError
from harstudio.labels.model import Clip, Document, Origin, Tier

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
