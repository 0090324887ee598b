"""Labelling by keys, through the window's own shortcuts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from harstudio.labels.editing.edits import AddTier
from harstudio.labels.model import TierRules
from studio.label_bench import PLAIN, Bench, make_bench, moving_recording, shown

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def test_points_and_label_make_a_clip(bench: Bench) -> None:
    bench.go(10)
    bench.key("I")
    bench.go(19)
    bench.key("O")
    bench.key("2")
    assert bench.clips() == [(10, 19, "clap")]
    assert bench.said() == "clap, 0.333 s"
    clip, grid = bench.clip_at(0), bench.labelling.grid
    assert (clip.start_ns, clip.end_ns) == (grid.start_of(10), grid.start_of(20))
    assert bench.labelling.mark_in_ns is None
    assert bench.session.selection == clip.id


def test_out_point_alone_begins_where_the_clip_before_ended(bench: Bench) -> None:
    bench.add((5, 9, "wave"))
    bench.go(24)
    bench.key("O")
    bench.key("3")
    assert bench.clips() == [(5, 9, "wave"), (10, 24, "throw")]


def test_in_point_alone_ends_at_the_playhead(bench: Bench) -> None:
    bench.go(10)
    bench.key("I")
    bench.go(14)
    bench.key("1")
    assert bench.clips() == [(10, 14, "wave")]


def test_points_win_over_the_selection(bench: Bench) -> None:
    bench.add((0, 9, "wave"))
    bench.session.select(bench.clip_at(0).id)
    bench.go(20)
    bench.key("I")
    bench.go(29)
    bench.key("O")
    bench.key("2")
    assert bench.clips() == [(0, 9, "wave"), (20, 29, "clap")]


def test_a_label_key_relabels_the_selected_clip(bench: Bench) -> None:
    bench.add((10, 19, "wave"))
    before = bench.clip_at(0)
    bench.session.select(before.id)
    bench.key("2")
    assert bench.clips() == [(10, 19, "clap")]
    assert bench.clip_at(0).id == before.id
    bench.key("Z", CTRL)
    assert bench.clip_at(0) == before


def test_one_key_opens_and_closes_while_it_plays(bench: Bench) -> None:
    bench.session.transport.play()
    bench.pass_time(1.0)
    bench.key("4")
    assert bench.labelling.open_clip.label == "cross arms"
    assert bench.clips() == []
    bench.pass_time(0.5)
    start, end = bench.labelling.open_span()
    assert (start, end) == (bench.labelling.grid.start_of(30), bench.labelling.grid.start_of(46))
    assert "the same key ends it" in bench.said()
    bench.key("4")
    assert bench.said() == "cross arms, 0.533 s"
    assert bench.clips() == [(30, 45, "cross arms")]
    assert bench.labelling.open_clip is None
    assert bench.session.transport.playing


def test_another_key_starts_the_next_clip_at_once(bench: Bench) -> None:
    bench.session.transport.play()
    bench.key("1")
    bench.pass_time(1.0)
    bench.key("2")
    bench.pass_time(1.0)
    bench.key("2")
    assert bench.clips() == [(0, 29, "wave"), (30, 60, "clap")]
    assert bench.clip_at(0).end_ns == bench.clip_at(1).start_ns


def test_esc_drops_the_open_clip(bench: Bench) -> None:
    bench.session.transport.play()
    bench.key("1")
    bench.pass_time(1.0)
    bench.key("Escape")
    assert bench.labelling.open_clip is None
    bench.pass_time(1.0)
    assert bench.clips() == []


def test_esc_backs_out_of_one_thing_at_a_time(bench: Bench) -> None:
    bench.add((0, 9, "wave"))
    bench.session.select(bench.clip_at(0).id)
    bench.go(20)
    bench.key("I")
    bench.key("Escape")
    assert bench.labelling.mark_in_ns is None
    assert bench.session.selection is not None
    bench.key("Escape")
    assert bench.session.selection is None
    assert not bench.labelling.something_to_cancel()


def test_a_wrong_first_key_is_corrected_at_once(bench: Bench) -> None:
    bench.go(12)
    bench.key("1")
    bench.key("2")
    bench.go(20)
    bench.key("2")
    assert bench.clips() == [(12, 20, "clap")]


def test_going_back_before_the_open_clip_begins_it_there(bench: Bench) -> None:
    bench.go(50)
    bench.key("1")
    bench.go(40)
    bench.key("1")
    assert bench.clips() == []
    bench.go(60)
    bench.key("1")
    assert bench.clips() == [(40, 60, "wave")]


def test_a_minute_of_contiguous_actions_takes_about_one_press_a_clip(qtbot, tmp_path: Path) -> None:
    made = shown(qtbot, make_bench(tmp_path / "project", moving_recording(1800)))
    keys = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "A", "B"]
    made.session.transport.play()
    for key in keys:
        made.key(key)
        made.pass_time(5.0)
    made.key(keys[-1])
    clips = made.clips()
    assert [label for _, _, label in clips] == list(made_labels(made, keys))
    assert [first for first, _, _ in clips] == list(range(0, 1800, 150))
    assert all(one[1] + 1 == other[0] for one, other in pairwise(clips))
    assert clips[-1][1] == 1799
    assert made.presses / len(clips) < 1.1
    made.session.close()


def made_labels(bench: Bench, keys: list[str]) -> Iterator[str]:
    for key in keys:
        label = bench.labelling.label_of_key(key)
        assert label is not None
        yield label.name


def test_the_selection_is_let_go_when_the_playhead_leaves_it(bench: Bench) -> None:
    bench.add((0, 9, "wave"))
    bench.session.select(bench.clip_at(0).id)
    bench.session.transport.play()
    bench.pass_time(0.1)
    assert bench.session.selection is not None
    bench.pass_time(0.5)
    assert bench.session.selection is None
    bench.key("2")
    assert bench.clips() == [(0, 9, "wave")]
    assert bench.labelling.open_clip.label == "clap"


def test_a_clip_selected_elsewhere_while_it_plays_stays_selected(bench: Bench) -> None:
    bench.add((200, 219, "wave"))
    bench.session.transport.play()
    bench.pass_time(0.1)
    bench.session.select(bench.clip_at(0).id)
    bench.pass_time(0.5)
    bench.key("2")
    assert bench.clips() == [(200, 219, "clap")]


@pytest.mark.parametrize("how", ["close", "open another"])
def test_the_open_clip_is_not_lost(bench: Bench, how: str) -> None:
    bench.go(10)
    bench.key("1")
    bench.go(20)
    if how == "close":
        bench.session.close()
    else:
        other = moving_recording(30)
        other.name = "other"
        bench.show(other)
    assert bench.labelling.open_clip is None
    history = bench.project.history("moving", "alice")
    clips = history.document.tier("alice").clips
    history.close()
    assert [(round(c.start_ns * 3e-8), round(c.end_ns * 3e-8)) for c in clips] == [(10, 21)]


def test_edges_stand_on_frames_of_an_uneven_stream(bench: Bench) -> None:
    recording = moving_recording(40)
    stream = recording.streams["skeleton"]
    times = stream._source_times_ns.copy()
    times[20:] += 500_000_000  # frames are missing before the 20th
    times[5] += 7_000_000
    stream._source_times_ns = times
    stream.align(offset_ns=0)
    bench.show(recording)
    grid = bench.labelling.grid
    bench.session.transport.seek(int(times[5]) + 3_000_000)
    bench.key("I")
    bench.session.transport.seek(int(times[19]) - 4_000_000)
    bench.key("O")
    bench.key("1")
    clip = bench.clip_at(0)
    assert clip.start_ns == times[5]
    assert clip.end_ns == times[19] + grid.period_ns  # not the frame after the gap
    assert bench.clips() == [(5, 19, "wave")]


def test_edges_follow_a_stream_that_is_aligned_by_eye(bench: Bench) -> None:
    bench.session.recording.streams["skeleton"].align(offset_ns=5_000_000)
    bench.go(10)
    bench.key("1")
    bench.go(19)
    bench.key("1")
    times = bench.session.recording.reference.times_ns
    assert bench.clip_at(0).start_ns == times[10]
    assert times[10] == 333_333_333 + 5_000_000


def test_placing_covers_what_lies_there_and_undo_brings_it_back(bench: Bench) -> None:
    bench.add((0, 99, "wave"))
    before = list(bench.document.tier("alice").clips)
    bench.go(40)
    bench.key("2")
    bench.go(59)
    bench.key("2")
    assert bench.clips() == [(0, 39, "wave"), (40, 59, "clap"), (60, 99, "wave")]
    bench.key("Z", CTRL)
    assert bench.document.tier("alice").clips == before
    bench.key("Y", CTRL)
    assert len(bench.clips()) == 3


def test_without_a_recording_it_says_why(bench: Bench) -> None:
    bench.session.close()
    bench.key("1")
    assert bench.messages[-1] == ("warn", "Open a recording to label it.")


def test_without_a_history_it_says_why(bench: Bench) -> None:
    history, bench.session.history = bench.session.history, None
    bench.key("1")
    assert bench.messages[-1][0] == "warn"
    assert "could not be opened" in bench.said()
    bench.session.history = history


def test_read_only_labels_are_not_changed_and_it_says_why(bench: Bench) -> None:
    bench.add((10, 19, "wave"))
    writable = bench.session.history
    bench.session.history = bench.project.history("moving", "alice", read_only=True)
    bench.go(12)
    for key, modifiers in (("2", None), ("Backspace", None), ("B", CTRL), ("Right", CTRL)):
        bench.messages.clear()
        bench.key(key, modifiers or PLAIN)
        assert bench.clips() == [(10, 19, "wave")]
        assert bench.messages[-1][0] == "warn"
        assert "read-only" in bench.said()
    assert bench.labelling.open_clip is None
    bench.session.history = writable


def test_every_letter_of_the_player_stays_free(bench: Bench) -> None:
    taken = {key for command in bench.commands for key in command.shortcuts}
    assert {"I", "O"} <= taken
    assert not taken & {"F", "J", "K", "L", "Space", "Left", "Right"}
    labels = [c for c in bench.commands if c.id.startswith("label.key_")]
    assert len(labels) == 10 + 26 - 6


def test_new_labels_are_kept_with_the_project(bench: Bench) -> None:
    bench.labelling.label_sets.add("juggle")
    assert bench.labelling.label_set.find("juggle").hotkey == "C"
    assert bench.project.open(bench.project.folder).label_set.find("juggle") is not None
    bench.go(3)
    bench.key("C")
    assert bench.labelling.open_clip.label == "juggle"


# ---- holding a key


@pytest.fixture
def held(bench: Bench) -> Bench:
    """The bench while it plays, with one clock for the playhead and the hand."""
    bench.labelling.holding.now_s = lambda: bench.now_ns * 1e-9
    bench.session.transport.play()
    bench.pass_time(1.0)
    return bench


def test_a_held_key_ends_its_clip_when_it_is_let_go(held: Bench) -> None:
    QTest.keyPress(held.window, Qt.Key.Key_2)
    held.pass_time(1.0)
    repeated = QKeyEvent(QEvent.Type.KeyRelease, Qt.Key.Key_2, PLAIN, "2", True)
    QApplication.sendEvent(held.window, repeated)
    QTest.keyRelease(held.window, Qt.Key.Key_Left)  # another finger
    assert held.labelling.open_clip is not None
    QTest.keyRelease(held.window, Qt.Key.Key_2)
    assert held.labelling.open_clip is None
    assert held.clips() == [(30, 60, "clap")]
    assert held.session.transport.playing


def test_a_tap_leaves_the_clip_open_and_so_does_a_key_held_while_nothing_plays(held: Bench) -> None:
    QTest.keyPress(held.window, Qt.Key.Key_2)
    held.pass_time(0.2)
    QTest.keyRelease(held.window, Qt.Key.Key_2)
    assert held.labelling.open_clip.label == "clap"
    held.key("Escape")
    held.session.transport.pause()
    QTest.keyPress(held.window, Qt.Key.Key_3)
    held.now_ns += 2_000_000_000
    QTest.keyRelease(held.window, Qt.Key.Key_3)
    assert held.labelling.open_clip.label == "throw"
    assert held.clips() == []


def test_keys_held_one_after_the_other_make_clips_that_touch(held: Bench) -> None:
    QTest.keyPress(held.window, Qt.Key.Key_1)
    held.pass_time(1.0)
    QTest.keyPress(held.window, Qt.Key.Key_2)
    held.pass_time(0.1)
    QTest.keyRelease(held.window, Qt.Key.Key_1)  # the first finger comes up late
    held.pass_time(0.9)
    QTest.keyRelease(held.window, Qt.Key.Key_2)
    assert held.clips() == [(30, 59, "wave"), (60, 90, "clap")]


def test_a_held_clip_ends_when_the_window_loses_the_keyboard(held: Bench) -> None:
    QTest.keyPress(held.window, Qt.Key.Key_2)
    held.pass_time(1.0)
    QApplication.sendEvent(held.window, QEvent(QEvent.Type.WindowDeactivate))
    assert held.clips() == [(30, 60, "clap")]
    held.pass_time(0.1)
    held.key("2")  # the keyboard repeats it as if it were pressed
    assert held.labelling.open_clip is None
    held.pass_time(1.0)
    held.key("2")
    assert held.labelling.open_clip is not None


# ---- points, and labels by name


def test_a_key_places_a_point_in_a_tier_of_points(bench: Bench) -> None:
    bench.session.history.do(AddTier("steps", 0, TierRules(person="1", points=True)))
    bench.session.tier_name = "steps"
    for frame, key in ((10, "1"), (20, "1"), (20, "1"), (20, "2"), (40, "2")):
        bench.go(frame)
        bench.key(key)
    points = bench.document.tier("steps").clips
    grid = bench.labelling.grid
    assert [(grid.index(c.start_ns), c.label) for c in points] == [
        (10, "wave"), (20, "clap"), (40, "clap"),
    ]  # fmt: skip
    assert all(c.is_point and c.person == "1" for c in points)
    bench.key("Right", CTRL)
    assert (grid.index(bench.clip_at(2, "steps").start_ns), bench.labelling.frame()) == (41, 41)
    bench.go(10)
    bench.session.select(None)
    bench.key("Backspace")
    assert len(bench.document.tier("steps").clips) == 2
    bench.session.transport.play()
    bench.pass_time(0.5)
    bench.key("3")
    assert bench.labelling.open_clip is None
    assert bench.clip_at(1, "steps").label == "throw"


def test_a_label_found_by_name_counts_from_when_it_was_asked_for(bench: Bench) -> None:
    bench.session.transport.play()
    bench.pass_time(1.0)
    bench.key("Slash")
    bench.pass_time(1.0)  # typing takes a second
    for letter in "DRA":
        QTest.keyClick(bench.labels.filter, letter)
    QTest.keyClick(bench.labels.filter, Qt.Key.Key_Return)
    assert bench.labelling.open_clip.label == "draw x"
    bench.pass_time(1.0)
    bench.window.setFocus()
    bench.key("Return")
    assert bench.clips() == [(30, 90, "draw x")]
