"""Edits: applied wholly or not at all, inverted exactly, merged within one gesture."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import pytest

from harstudio.labels.editing.edits import (
    AddClip,
    AddTier,
    ChangeClip,
    Edit,
    EditError,
    Group,
    RemoveClip,
    RemoveTier,
    merged,
)
from harstudio.labels.model import Clip, Document, Origin, Tier

DRINK = Clip(0, 100, "drink", id="a")
WAVE = Clip(100, 200, "wave", person="2", confidence=0.5, origin=Origin.MODEL, comment="ü", id="b")


def document() -> Document:
    return Document("r", "alice", [Tier("hands", [DRINK, WAVE]), Tier("empty")])


EDITS = [
    AddClip("hands", Clip(300, 400, "bow", id="c")),
    AddClip("hands", Clip(200, 201, "touches", id="c")),
    RemoveClip("hands", DRINK),
    ChangeClip("hands", DRINK, replace(DRINK, end_ns=50)),
    ChangeClip("hands", DRINK, replace(DRINK, start_ns=500, end_ns=600)),
    ChangeClip("hands", WAVE, replace(WAVE, label="bow", origin=Origin.HUMAN, confidence=None)),
    AddTier("feet", 0),
    AddTier("feet"),
    RemoveTier("empty", 1),
    Group("clear", (RemoveClip("hands", DRINK), RemoveClip("hands", WAVE), RemoveTier("hands", 0))),
    Group(
        "swap",
        (
            ChangeClip("hands", DRINK, replace(DRINK, start_ns=100, end_ns=200)),
            ChangeClip("hands", WAVE, replace(WAVE, start_ns=0, end_ns=100)),
        ),
    ),
    Group("to other tier", (RemoveClip("hands", DRINK), AddClip("empty", DRINK))),
]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.title)
def test_apply_then_inverse_gives_the_same_document(edit: Edit) -> None:
    changed = document()
    edit.apply(changed)
    assert changed != document()
    again = copy.deepcopy(changed)
    edit.inverse().apply(changed)
    assert changed == document()
    edit.inverse().inverse().apply(changed)
    assert changed == again


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.title)
def test_round_trip_through_json(edit: Edit) -> None:
    assert Edit.from_dict(json.loads(json.dumps(edit.to_dict()))) == edit


MISFITS = [
    AddClip("hands", Clip(50, 150, "overlaps both", id="c")),
    AddClip("hands", Clip(199, 300, "overlaps the last", id="c")),
    AddClip("hands", Clip(0, 1, "overlaps the first", id="c")),
    AddClip("empty", Clip(0, 1, "identity taken", id="a")),
    AddClip("nowhere", Clip(0, 1, "x", id="c")),
    RemoveClip("hands", replace(DRINK, label="stale")),
    RemoveClip("empty", DRINK),
    ChangeClip("hands", DRINK, replace(DRINK, end_ns=101)),
    ChangeClip("hands", WAVE, replace(WAVE, start_ns=99)),
    ChangeClip("hands", replace(DRINK, end_ns=99), replace(DRINK, end_ns=98)),
    AddTier("hands", 0),
    RemoveTier("hands", 0),
    RemoveTier("nowhere", 0),
    Group("second fails", (RemoveClip("hands", DRINK), RemoveClip("hands", DRINK))),
    Group(
        "result overlaps",
        (AddTier("new", 0), ChangeClip("hands", DRINK, replace(DRINK, end_ns=150))),
    ),
]


@pytest.mark.parametrize("edit", MISFITS)
def test_what_does_not_fit_changes_nothing(edit: Edit) -> None:
    untouched = document()
    with pytest.raises(EditError):
        edit.apply(untouched)
    assert untouched == document()


def test_dragging_merges_into_one_edit() -> None:
    both: Edit | None = ChangeClip("hands", DRINK, replace(DRINK, end_ns=90))
    for end_ns in (80, 70, 60):
        before = replace(DRINK, end_ns=end_ns + 10)
        assert both is not None
        both = merged(both, ChangeClip("hands", before, replace(DRINK, end_ns=end_ns)))
    assert both == ChangeClip("hands", DRINK, replace(DRINK, end_ns=60))


def test_dragging_back_leaves_no_steps() -> None:
    there = ChangeClip("hands", DRINK, replace(DRINK, end_ns=90))
    both = merged(there, there.inverse())
    assert both is not None
    assert both.steps() == ()


def test_dragging_over_others_merges_groups() -> None:
    far = replace(DRINK, start_ns=400, end_ns=500)
    first = Group("Move clip", (RemoveClip("hands", WAVE), ChangeClip("hands", DRINK, far)))
    second = Group("Move clip", (AddClip("hands", WAVE), ChangeClip("hands", far, DRINK)))
    one_by_one, at_once = document(), document()
    first.apply(one_by_one)
    both = merged(first, ChangeClip("hands", far, replace(far, start_ns=410, end_ns=510)))
    assert both is not None
    ChangeClip("hands", far, replace(far, start_ns=410, end_ns=510)).apply(one_by_one)
    both.apply(at_once)
    assert at_once == one_by_one
    nothing = merged(first, second)
    assert nothing is not None
    assert nothing.steps() == ()


@pytest.mark.parametrize(
    "following",
    [
        ChangeClip("hands", WAVE, replace(WAVE, end_ns=190)),  # another clip
        ChangeClip("hands", replace(DRINK, end_ns=90), replace(DRINK, end_ns=90, label="x")),
        AddTier("feet", 0),
    ],
)
def test_other_gestures_do_not_merge(following: Edit) -> None:
    assert merged(ChangeClip("hands", DRINK, replace(DRINK, end_ns=90)), following) is None


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"kind": "explode"},
        {"kind": "add-clip", "tier": "hands"},
        {"kind": "add-clip", "tier": 3, "clip": DRINK.to_dict()},
        {"kind": "add-clip", "tier": "hands", "clip": DRINK.to_dict() | {"end_ns": -1}},
        {"kind": "add-clip", "tier": "hands", "clip": DRINK.to_dict() | {"start_ns": True}},
        {"kind": "add-clip", "tier": "hands", "clip": DRINK.to_dict() | {"confidence": 2}},
        {"kind": "add-clip", "tier": "hands", "clip": DRINK.to_dict() | {"origin": "ghost"}},
        {"kind": "group", "title": "x", "edits": [3]},
        {"kind": "change-clip", "tier": "x", "before": DRINK.to_dict(), "after": WAVE.to_dict()},
    ],
)
def test_what_is_no_edit_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Edit.from_dict(data)
