"""Tiers on the timeline: lanes, points, rules, clips that go from one to another."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from harstudio.labels.editing.edits import AddClip, AddTier, Group
from harstudio.labels.model import Clip, TierRules
from harstudio.studio.timeline.lanes import partitioned
from harstudio.studio.timeline.rows import RULER_PX, Kind
from harstudio.studio.timeline.strips import Strip
from harstudio.studio.timeline.tier_box import TierBox
from studio.label_bench import PLAIN, Bench, move

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
SECOND = 1_000_000_000


def fill(bench: Bench, name: str, rules: TierRules, *spans: tuple[int, int, str]) -> list[Clip]:
    """A tier of clips by first frame, frame after the last and label."""
    grid = bench.labelling.grid
    clips = [Clip(grid.start_of(a), grid.start_of(b), label) for a, b, label in spans]
    steps = [AddClip(name, clip) for clip in clips]
    index = len(bench.document.tiers)
    bench.session.history.do(Group("fill", (AddTier(name, index, rules), *steps)))
    bench.session.tier_name = name
    return clips


def row_of(bench: Bench, name: str) -> int:
    return next(k for k, row in enumerate(bench.timeline.rows) if row.title == name)


def click(bench: Bench, at: QPoint, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
    QTest.mouseClick(bench.timeline.viewport(), Qt.MouseButton.LeftButton, modifiers, at)


# ---- lanes


def test_lanes_hold_no_overlap_and_are_as_few_as_can_be() -> None:
    random.seed(3)
    clips = []
    for _ in range(300):
        start = random.randrange(1000)
        clips.append(Clip(start, start + random.randrange(1, 60), "wave"))
    clips.sort(key=lambda clip: clip.start_ns)
    lanes = partitioned(clips)
    assert sorted(c.id for lane in lanes for c in lane) == sorted(c.id for c in clips)
    for lane in lanes:
        assert all(a.end_ns <= b.start_ns for a, b in pairwise(lane))
    deepest = max(sum(c.start_ns <= t < c.end_ns for c in clips) for t in range(1060))
    assert len(lanes) == deepest


def test_overlapping_clips_stand_in_lanes_and_are_hit_there(bench: Bench) -> None:
    rules = TierRules(overlap=True)
    spans = ((0, 60, "wave"), (30, 90, "clap"), (60, 120, "box"))
    wave, clap, box = fill(bench, "objects", rules, *spans)
    row = bench.timeline.rows[row_of(bench, "objects")]
    assert [[c.label for c in lane] for lane in row.lanes] == [["wave", "box"], ["clap"]]
    x = bench.place(bench.labelling.grid.start_of(45)).x()
    for lane, clip in ((0, wave), (1, clap)):
        at = QPointF(x, RULER_PX + row.clip_top(lane) + 5)
        assert bench.timeline.hit_at(at).clip == clip
    bench.session.select(clap.id)
    bench.key("Backspace")
    assert len(bench.timeline.rows[row_of(bench, "objects")].lanes) == 1
    assert box in bench.document.tier("objects").clips


def test_edits_leave_the_arrays_as_if_they_were_made_anew(bench: Bench) -> None:
    bench.add((0, 9, "wave"), (20, 39, "clap"), (40, 59, "box"))
    timeline, tier = bench.timeline, bench.document.tier("alice")
    assert len(timeline.stage.book.strips(tier)[0]) == 3
    bench.session.select(bench.clip_at(1).id)
    bench.key("3")
    bench.key("Left", CTRL)
    bench.key("Z", CTRL)
    bench.session.select(bench.clip_at(0).id)
    bench.key("Backspace")
    kept, fresh = timeline.stage.book.strips(tier)[0], Strip.of(tier.clips, timeline.stage.paint)
    for name in ("starts_ns", "ends_ns", "colors", "signs"):
        assert getattr(kept, name).tolist() == getattr(fresh, name).tolist()


# ---- points


def test_a_point_is_hit_near_it_dragged_and_stays_a_point(bench: Bench) -> None:
    (point, _) = fill(bench, "events", TierRules(points=True), (60, 60, "wave"), (150, 150, "clap"))
    grid, row = bench.labelling.grid, row_of(bench, "events")
    at = bench.place(point.start_ns, row)
    assert bench.timeline.hit_at(QPointF(at + QPoint(5, 0))).clip == point
    assert bench.timeline.hit_at(QPointF(at + QPoint(20, 0))).clip is None
    bench.drag(at, bench.place(grid.start_of(100), row))
    moved = bench.document.tier("events").find(point.id)
    assert moved.is_point
    assert abs(grid.index(moved.start_ns) - 100) <= 1


# ---- several clips


def test_ctrl_click_shift_click_and_a_frame_select_several(bench: Bench) -> None:
    bench.add((0, 29, "wave"), (40, 69, "clap"), (80, 109, "box"), (120, 149, "push"))
    ids = [clip.id for clip in bench.document.tier("alice").clips]
    grid, session = bench.labelling.grid, bench.session
    middles = [bench.place(grid.start_of(f)) for f in (15, 55, 95, 135)]
    click(bench, middles[0])
    click(bench, middles[2], CTRL)
    assert session.selected == (ids[2], ids[0])
    click(bench, middles[2], CTRL)
    assert session.selected == (ids[0],)
    click(bench, middles[2], SHIFT)
    assert set(session.selected) == set(ids[:3])
    top, low = bench.place(grid.start_of(75)), bench.place(grid.start_of(160))
    bench.drag(top - QPoint(0, 6), low + QPoint(0, 6), modifiers=SHIFT)
    assert set(session.selected) == set(ids[2:])
    assert bench.labelling.mark_in_ns is None


# ---- pulling


def test_an_edge_snaps_to_edges_of_other_tiers_and_ctrl_to_frames_alone(bench: Bench) -> None:
    bench.add((10, 49, "wave"))
    fill(bench, "other", TierRules(), (100, 130, "clap"))
    grid, clip = bench.labelling.grid, bench.clip_at(0)
    bench.session.select(clip.id)
    start, beside = bench.place(clip.end_ns), bench.place(grid.start_of(100)) + QPoint(4, 0)
    bench.drag(start, beside, release=False)
    assert bench.labelling.drag.snap_ns == grid.start_of(100)
    assert bench.labelling.clips.ghosts[0].after.end_ns == grid.start_of(100)
    move(bench.timeline.viewport(), beside, CTRL)
    assert bench.labelling.drag.snap_ns is None
    assert bench.labelling.clips.ghosts[0].after.end_ns > grid.start_of(100)
    bench.key("Escape")


def test_a_clip_is_dragged_into_another_tier_and_undo_brings_it_back(bench: Bench) -> None:
    bench.add((60, 119, "wave"))
    fill(bench, "events", TierRules(points=True))
    fill(bench, "s2", TierRules())
    clip, grid = bench.clip_at(0), bench.labelling.grid
    start = bench.place(grid.start_of(90))
    bench.drag(start, bench.place(grid.start_of(90), row_of(bench, "events")))
    assert bench.clip_at(0) == clip  # points take no clips
    bench.drag(start, bench.place(grid.start_of(90), row_of(bench, "s2")))
    assert bench.document.tier("s2").clips == [clip]
    assert bench.document.tier("alice").clips == []
    assert (bench.session.tier_name, bench.session.selection) == ("s2", clip.id)
    bench.key("Z", CTRL)
    assert bench.document.tier("alice").clips == [clip]


# ---- making and changing tiers


def box_of(bench: Bench) -> TierBox:
    """The dialog, once the keys go there."""
    box = next(box for box in bench.window.findChildren(QWidget, "tier_box") if box.isVisible())
    box.activateWindow()
    assert QTest.qWaitForWindowActive(box)
    return box


def test_a_tier_of_points_for_a_person_is_made_by_keys(bench: Bench) -> None:
    bench.add((0, 29, "wave"))
    bench.key("T", CTRL | SHIFT)
    box = box_of(bench)
    QTest.keyClicks(box.name, "falls")
    QTest.keyClick(box.name, Qt.Key.Key_Tab)
    QTest.keyClicks(box.person, "s2")
    QTest.keyClick(box.holds, Qt.Key.Key_End)
    QTest.keyClick(box.decide_button, Qt.Key.Key_Space)
    made = bench.document.tier("falls")
    assert (made.rules.points, made.rules.person) == (True, "s2")
    assert bench.session.tier_name == "falls"
    assert bench.timeline.rows[row_of(bench, "falls")].note == "s2"


def test_rules_that_clips_do_not_fit_are_refused_where_they_are_chosen(bench: Bench) -> None:
    bench.add((0, 29, "wave"))
    bench.labelling.tiers.ask_rules()
    box = box_of(bench)
    box.holds.setCurrentText("point events")
    box.decide_button.click()
    assert box.isVisible()
    assert "does not fit" in box.problem.text()
    box.holds.setCurrentIndex(0)
    box.name.setText("hands")
    box.decide_button.click()
    assert [tier.name for tier in bench.document.tiers] == ["hands"]
    assert bench.session.tier_name == "hands"
    bench.key("Z", CTRL)
    assert (bench.document.tiers[0].name, bench.session.tier_name) == ("alice", "alice")


def test_a_tier_is_moved_up_and_undo_moves_it_back(bench: Bench) -> None:
    bench.add((0, 29, "wave"))
    fill(bench, "s2", TierRules())
    bench.commands.run("tier.move_up")
    assert [tier.name for tier in bench.document.tiers] == ["s2", "alice"]
    assert [row.title for row in bench.timeline.rows if row.kind is Kind.OWN] == ["s2", "alice"]
    assert not bench.commands["tier.move_up"].enabled()
    bench.key("Z", CTRL)
    assert [tier.name for tier in bench.document.tiers] == ["alice", "s2"]


@pytest.fixture
def others() -> dict[str, list[Clip]]:
    return {}
