"""Changing clips by keys: split, merge, delete, edges, going from one to the next, tiers."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from harstudio.labels.model import Clip, Origin
from studio.label_bench import Bench, make_bench, moving_recording, shown

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def test_split_and_merge(bench: Bench) -> None:
    bench.add((10, 29, "wave"))
    whole = bench.clip_at(0)
    bench.go(20)
    bench.key("B", CTRL)
    assert bench.clips() == [(10, 19, "wave"), (20, 29, "wave")]
    bench.go(10)
    bench.key("M", CTRL)
    merged = bench.clip_at(0)
    assert bench.clips() == [(10, 29, "wave")]
    assert (merged.start_ns, merged.end_ns) == (whole.start_ns, whole.end_ns)
    bench.key("M", CTRL)
    assert "no clip after" in bench.said()


def test_split_at_the_first_frame_is_refused_in_words(bench: Bench) -> None:
    bench.add((10, 29, "wave"))
    bench.go(10)
    bench.key("B", CTRL)
    assert bench.clips() == [(10, 29, "wave")]
    assert "inside the clip" in bench.said()


@pytest.mark.parametrize("key", ["Backspace", "Delete"])
def test_delete_and_undo(bench: Bench, key: str) -> None:
    bench.add((10, 29, "wave"))
    clip = bench.clip_at(0)
    bench.session.select(clip.id)
    bench.key(key)
    assert bench.clips() == []
    assert bench.session.selection is None
    bench.key("Z", CTRL)
    assert bench.clip_at(0) == clip


def test_nudges_move_edges_by_frames_and_stop_at_the_last_frame(bench: Bench) -> None:
    bench.add((10, 12, "wave"))
    bench.session.select(bench.clip_at(0).id)
    bench.key("Right", CTRL)
    bench.key("Left", CTRL | SHIFT)
    assert bench.clips() == [(9, 13, "wave")]
    assert bench.labelling.frame() == 9
    bench.key("Right", CTRL | SHIFT)
    for _ in range(9):
        bench.key("Left", CTRL)
    assert bench.clips() == [(10, 10, "wave")]
    for _ in range(12):
        bench.key("Left", CTRL | SHIFT)
    assert bench.clips() == [(0, 10, "wave")]


def test_nudging_a_shared_edge_moves_both_clips(bench: Bench) -> None:
    bench.add((10, 19, "wave"), (20, 29, "clap"))
    bench.session.select(bench.clip_at(0).id)
    bench.key("Right", CTRL)
    assert bench.clips() == [(10, 20, "wave"), (21, 29, "clap")]
    bench.key("Z", CTRL)
    assert bench.clips() == [(10, 19, "wave"), (20, 29, "clap")]


def test_edges_to_the_playhead(bench: Bench) -> None:
    bench.add((10, 29, "wave"))
    bench.session.select(bench.clip_at(0).id)
    bench.go(15)
    bench.key("BracketLeft")
    bench.go(35)
    bench.key("BracketRight")
    assert bench.clips() == [(15, 35, "wave")]


def test_jumping_from_clip_to_clip(bench: Bench) -> None:
    bench.add((10, 19, "wave"), (30, 39, "clap"), (50, 59, "throw"))
    bench.go(0)
    visited = []
    for key in ("Down", "Down", "Down", "Down", "Up", "Up", "Up"):
        bench.key(key)
        visited.append(bench.labelling.frame())
    assert visited == [10, 30, 50, 50, 30, 10, 10]
    assert bench.session.selection == bench.clip_at(0).id
    assert "no clip before" in bench.said()


def test_going_to_unlabelled_stretches(bench: Bench) -> None:
    bench.add((0, 19, "wave"), (20, 39, "clap"), (60, 299, "throw"))
    bench.go(5)
    bench.key("G", CTRL)
    assert bench.labelling.frame() == 40
    bench.key("G", CTRL)
    assert bench.labelling.frame() == 40
    assert "labelled" in bench.said()
    bench.go(100)
    bench.key("G", CTRL | SHIFT)
    assert bench.labelling.frame() == 40


def test_tiers(bench: Bench) -> None:
    bench.add((0, 9, "wave"))
    assert bench.labelling.tiers.add("objects")
    assert not bench.labelling.tiers.add("objects")
    assert bench.session.tier_name == "objects"
    bench.go(5)
    bench.key("2")
    bench.go(8)
    bench.key("2")
    assert bench.clips("objects") == [(5, 8, "clap")]
    bench.key("Up", CTRL)
    assert bench.session.tier_name == "alice"
    bench.key("Down", CTRL)
    bench.commands.run("tier.remove")
    assert bench.document.tier("objects") is None
    bench.key("Z", CTRL)
    assert bench.clips("objects") == [(5, 8, "clap")]


def test_undo_has_no_limit(bench: Bench) -> None:
    for at in range(0, 120, 2):
        bench.add((at, at, "wave"))
    for _ in range(60):
        bench.key("Z", CTRL)
    assert bench.clips() == []
    for _ in range(60):
        bench.key("Z", CTRL | SHIFT)
    assert len(bench.clips()) == 60


def test_clips_of_others_are_copied_not_changed(qtbot, tmp_path: Path) -> None:
    theirs = Clip(0, 500_000_000, "box", confidence=0.9, origin=Origin.MODEL)
    recording = moving_recording(60)
    made = shown(qtbot, make_bench(tmp_path / "p", recording, {"mmff-lite": [theirs]}))
    made.session.select(theirs.id)
    made.key("2")
    assert "mmff-lite's and read-only" in made.said()
    made.key("Delete")
    assert made.labelling.others.documents[0].tiers[0].clips == [theirs]
    assert made.clips() == []
    made.key("Return")
    assert made.clips() == [(0, 14, "box")]
    copy = made.clip_at(0)
    assert (copy.origin, copy.confidence) == (Origin.HUMAN, None)
    assert made.session.selection == copy.id
    made.session.close()


def test_a_clip_is_copied_to_another_recording(bench: Bench) -> None:
    bench.add((10, 29, "wave"))
    bench.session.select(bench.clip_at(0).id)
    bench.key("C", CTRL)
    other = moving_recording(60)
    other.name = "other"
    bench.show(other)
    bench.go(5)
    bench.key("V", CTRL)
    bench.go(50)
    bench.session.select(None)
    bench.key("V", CTRL)
    assert bench.clips() == [(5, 24, "wave"), (50, 59, "wave")]
    assert bench.clip_at(0).id != bench.clip_at(1).id
