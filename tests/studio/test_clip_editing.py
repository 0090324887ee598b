"""Changing clips by keys: split, merge, delete, edges, going from one to the next, tiers."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from harstudio.labels.model import Clip, Origin
from harstudio.recordings.frame_grid import FrameGrid
from studio.label_bench import PLAIN, Bench, make_bench, moving_recording, shown

CTRL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier
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
    assert (copy.origin, copy.confidence) == (Origin.ACCEPTED, None)
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


# ---- several clips, gaps, moves


def test_one_key_changes_all_that_are_selected_and_one_undo_takes_it_back(bench: Bench) -> None:
    bench.add((10, 19, "wave"), (20, 29, "clap"), (40, 49, "throw"))
    before = bench.clips()
    bench.go(0)
    bench.key("Down")
    bench.key("Down", SHIFT)
    assert len(bench.session.selected) == 2
    bench.key("Down", SHIFT)
    bench.key("Up", SHIFT)  # one too many
    assert [bench.document.find(one)[1].label for one in bench.session.selected] == ["clap", "wave"]
    for key, modifiers, changed in (
        ("4", PLAIN, [(10, 19, "cross arms"), (20, 29, "cross arms"), (40, 49, "throw")]),
        ("Period", CTRL, [(11, 20, "wave"), (21, 30, "clap"), (40, 49, "throw")]),
        ("Period", ALT, [(20, 29, "wave"), (30, 39, "clap"), (40, 49, "throw")]),
        ("Backspace", PLAIN, [(40, 49, "throw")]),
    ):
        ids = bench.session.selected or tuple(bench.clip_at(k).id for k in (1, 0))
        bench.session.select(*ids)
        bench.key(key, modifiers)
        assert bench.clips() == changed
        assert "2 clips" in bench.said()
        bench.key("Z", CTRL)
        assert bench.clips() == before


def test_flags_confidence_and_what_is_selected_by_label(bench: Bench) -> None:
    bench.add((10, 19, "wave"), (20, 29, "clap"), (40, 49, "wave"))
    bench.go(12)
    bench.key("A", CTRL | SHIFT)
    bench.key("U", CTRL)
    bench.key("Down", CTRL | SHIFT)
    clips = bench.document.tier("alice").clips
    assert [(c.unsure, c.confidence) for c in clips] == [(True, 0.9), (False, None), (True, 0.9)]
    for _ in range(4):
        bench.key("Down", CTRL | SHIFT)
    bench.session.select(None)
    bench.go(0)
    visited = []
    for key in ("F8", "F8", "Shift F8", "F7", "F9"):
        bench.key(key.removeprefix("Shift "), SHIFT if "Shift" in key else PLAIN)
        visited.append(bench.labelling.frame())
    assert visited == [10, 40, 10, 40, 40]
    assert "lacks a required attribute" in bench.said()
    bench.key("A", CTRL)
    assert len(bench.session.selected) == 3
    bench.session.transport.play()
    assert bench.session.selected == ()


def test_gaps_are_filled_and_closed_by_key(bench: Bench) -> None:
    bench.add((10, 19, "wave"), (40, 49, "clap"))
    bench.go(30)
    bench.key("I", CTRL)
    bench.key("3")
    assert bench.clips() == [(10, 19, "wave"), (20, 39, "throw"), (40, 49, "clap")]
    bench.key("Z", CTRL)
    bench.go(30)
    bench.key("BraceRight")
    assert bench.clips() == [(10, 39, "wave"), (40, 49, "clap")]
    bench.key("Z", CTRL)
    bench.key("BraceLeft")
    assert bench.clips() == [(10, 19, "wave"), (20, 49, "clap")]
    bench.key("BraceLeft")
    assert "There is no gap" in bench.said()


def test_clips_go_to_another_tier_and_are_duplicated(bench: Bench) -> None:
    bench.add((10, 19, "wave"))
    assert bench.labelling.tiers.add("b")
    bench.session.tier_name = "alice"
    bench.go(15)
    bench.key("Down", ALT | SHIFT)
    assert (bench.clips(), bench.clips("b")) == ([(10, 19, "wave")], [(10, 19, "wave")])
    bench.key("D", CTRL)
    assert bench.clips() == [(10, 19, "wave"), (20, 29, "wave")]
    bench.key("Down", ALT)
    assert bench.clips("b") == [(10, 19, "wave"), (20, 29, "wave")]
    assert bench.session.tier_name == "b"
    bench.key("Down", ALT)
    assert "no tier below" in bench.said()


def test_several_clips_are_copied_to_another_recording_and_undo_stays_there(bench: Bench) -> None:
    bench.add((10, 19, "wave"), (30, 34, "clap"))
    before = bench.clips()
    bench.key("A", CTRL)
    bench.key("C", CTRL)
    other = moving_recording(60)
    other.name = "other"
    bench.show(other)
    bench.go(5)
    bench.key("V", CTRL)
    assert bench.clips() == [(5, 14, "wave"), (25, 29, "clap")]
    for _ in range(3):  # one step for both; there is no other, and none leaks in
        bench.key("Z", CTRL)
    assert bench.clips() == []
    bench.key("Y", CTRL)
    assert len(bench.clips()) == 2
    bench.show(moving_recording(300))
    assert bench.clips() == before


def test_the_selected_clip_plays_once(bench: Bench) -> None:
    bench.add((30, 59, "wave"))
    bench.session.select(bench.clip_at(0).id)
    bench.labelling.playing.play()
    assert bench.session.transport.playing
    bench.pass_time(0.5)
    assert bench.session.transport.playing
    bench.pass_time(0.6)
    assert not bench.session.transport.playing
    assert bench.labelling.frame() == 59
    assert bench.session.selection == bench.clip_at(0).id


def test_going_to_what_others_see_differently(qtbot, tmp_path: Path) -> None:
    recording = moving_recording(60)
    grid = FrameGrid(recording.reference.times_ns, recording.reference.period_ns)
    theirs = Clip(grid.start_of(10), grid.end_of(19), "wave", id="theirs")
    made = shown(qtbot, make_bench(tmp_path / "p", recording, {"bob": [theirs]}))
    made.add((7, 29, "wave"), (40, 49, "clap"), (55, 56, "clap"))
    visited = []
    for _ in range(4):
        made.key("F10")
        visited.append((made.labelling.frame(), made.said()))
    assert visited == [  # three frames too early are no disagreement, a short clip is one
        (20, "alice: wave, bob: nothing"),
        (40, "alice: clap, bob: nothing"),
        (55, "alice: clap, bob: nothing"),
        (55, "Everybody agrees on all after this."),
    ]
    assert not made.session.transport.playing
    assert made.session.transport.loop is None
    made.session.close()
