"""The timeline by mouse: scrub, select, pull, zoom."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from harstudio.labels.editing.edge_moves import moved_clip, moved_edge
from harstudio.labels.model import Clip, Origin, Tier
from harstudio.recordings.frame_grid import FrameGrid
from harstudio.studio.timeline.menu import context_menu
from harstudio.studio.timeline.rows import NAMES_PX, RULER_PX, Kind
from studio.label_bench import PLAIN, Bench, moving_recording, wheel

ALT = Qt.KeyboardModifier.AltModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier
SECOND = 1_000_000_000
THEIRS = Clip(0, 2 * SECOND, "box", confidence=0.93, origin=Origin.MODEL)


@pytest.fixture
def others() -> dict[str, list[Clip]]:
    return {"mmff-lite": [THEIRS]}


def entries(bench: Bench, at: QPoint) -> list[str]:
    """Texts of the context menu, without their keys."""
    menu = context_menu(bench.timeline, bench.timeline.hit_at(QPointF(at)))
    texts = [action.text().split("\t")[0] for action in menu.actions() if action.text()]
    menu.deleteLater()
    return texts


# ---- where edges go


def grid_of(frames: int, rate_hz: float = 30.0) -> FrameGrid:
    stream = moving_recording(frames, rate_hz=rate_hz).streams["skeleton"]
    return FrameGrid(stream.times_ns, stream.period_ns)


def clip_over(grid: FrameGrid, first: int, last: int, label: str = "wave") -> Clip:
    return Clip(grid.start_of(first), grid.end_of(last), label)


def test_a_pulled_edge_stands_on_frames_and_stops_in_time() -> None:
    grid = grid_of(100)
    left, clip, right = (clip_over(grid, *span) for span in ((0, 9), (20, 29), (30, 39)))
    tier = Tier("t", [left, clip, right])
    for to_ns in range(-SECOND, 5 * SECOND, 7_654_321):
        for edge in ("start", "end"):
            for both in (True, False):
                moves = moved_edge(tier, clip, edge, to_ns, grid, both)
                after = {m.before.id: m.after for m in moves}
                clips = [after.get(c.id, c) for c in tier.clips]
                for c in clips:
                    assert c.start_ns in grid.times_ns
                    assert grid.end_of(grid.last_of(c.end_ns)) == c.end_ns
                assert all(a.end_ns <= b.start_ns for a, b in zip(clips, clips[1:]))  # noqa: B905, RUF007
                if not both:
                    assert len(moves) == 1


def test_a_moved_clip_keeps_its_frames_and_stays_between_its_neighbours() -> None:
    grid = grid_of(100)
    clips = [clip_over(grid, *span) for span in ((0, 9), (20, 29), (50, 59))]
    tier = Tier("t", clips)
    firsts = set()
    for by_ns in range(-2 * SECOND, 2 * SECOND, 9_999_999):
        (move,) = moved_clip(tier, clips[1], by_ns, grid)
        assert grid.count(move.after.start_ns, move.after.end_ns) == 10
        firsts.add(grid.first_of(move.after.start_ns))
    assert (min(firsts), max(firsts)) == (10, 40)


# ---- the mouse


def test_a_click_on_nothing_goes_there(bench: Bench) -> None:
    at = bench.place(4 * SECOND)
    QTest.mouseClick(bench.timeline.viewport(), Qt.MouseButton.LeftButton, PLAIN, at)
    per_px = bench.timeline.scale.ns_per_px
    assert abs(bench.session.transport.position_ns - 4 * SECOND) <= per_px


def test_the_ruler_scrubs_and_esc_brings_the_playhead_back(bench: Bench) -> None:
    bench.go(15)
    before = bench.session.transport.position_ns
    start, end = QPoint(bench.place(SECOND).x(), 8), QPoint(bench.place(6 * SECOND).x(), 8)
    bench.drag(start, end, release=False)
    per_px = bench.timeline.scale.ns_per_px
    assert abs(bench.session.transport.position_ns - 6 * SECOND) <= per_px
    bench.key("Escape")
    assert bench.session.transport.position_ns == before
    bench.drag(start, end)
    assert abs(bench.session.transport.position_ns - 6 * SECOND) <= per_px


def test_pulling_an_edge_is_one_undo_step_that_restores_exactly(bench: Bench) -> None:
    bench.add((60, 119, "wave"), (150, 200, "clap"))
    before = list(bench.document.tier("alice").clips)
    clip = before[0]
    bench.drag(bench.place(clip.end_ns), bench.place(bench.labelling.grid.start_of(135)))
    first, last, _ = bench.clips()[0]
    assert first == 60
    assert abs(last - 134) <= 1
    assert bench.clip_at(0).end_ns in bench.labelling.grid.times_ns
    bench.key("Z", CTRL)
    assert bench.document.tier("alice").clips == before
    assert bench.session.history.undo_title == "Label “clap”"


def test_the_ghost_changes_nothing_and_esc_backs_out(bench: Bench) -> None:
    bench.add((60, 119, "wave"))
    before, revision = bench.clip_at(0), bench.document.revision
    to = bench.place(bench.labelling.grid.start_of(180))
    bench.drag(bench.place(before.end_ns), to, release=False)
    assert bench.labelling.clips.ghosts[0].after.end_ns > before.end_ns
    assert bench.clip_at(0) == before
    bench.key("Escape")
    assert not bench.labelling.clips.ghosts
    QTest.mouseRelease(bench.timeline.viewport(), Qt.MouseButton.LeftButton, PLAIN, to)
    assert bench.clip_at(0) == before
    assert bench.document.revision == revision


def test_the_pictures_show_the_frame_at_the_pulled_edge(bench: Bench) -> None:
    bench.add((60, 119, "wave"))
    bench.go(20)
    clip = bench.clip_at(0)
    to = bench.place(bench.labelling.grid.start_of(180))
    bench.drag(bench.place(clip.end_ns), to, release=False)
    grid, ghost = bench.labelling.grid, bench.labelling.clips.ghosts[0].after
    assert bench.labelling.frame() == grid.last_of(ghost.end_ns)
    bench.key("Escape")
    assert bench.labelling.frame() == 20


def test_a_shared_edge_moves_both_and_alt_only_one(bench: Bench) -> None:
    bench.add((60, 119, "wave"), (120, 200, "clap"))
    grid = bench.labelling.grid
    bench.session.select(bench.clip_at(0).id)
    bench.drag(bench.place(grid.start_of(120)), bench.place(grid.start_of(100)))
    (_, last, _), (first, _, _) = bench.clips()
    assert last + 1 == first
    assert abs(last - 99) <= 1
    bench.key("Z", CTRL)
    bench.session.select(bench.clip_at(0).id)
    at = grid.start_of(120)
    bench.drag(bench.place(at), bench.place(grid.start_of(100)), modifiers=ALT)
    (_, last, _), (first, _, _) = bench.clips()
    assert abs(last - 99) <= 1
    assert first == 120


def test_a_clip_is_moved_as_it_is(bench: Bench) -> None:
    bench.add((60, 119, "wave"))
    grid = bench.labelling.grid
    bench.drag(bench.place(grid.start_of(90)), bench.place(grid.start_of(150)))
    first, last, _ = bench.clips()[0]
    assert last - first == 59
    assert abs(first - 120) <= 1
    bench.key("Z", CTRL)
    assert bench.clips() == [(60, 119, "wave")]


def test_a_drag_over_nothing_sets_points_and_a_key_labels_them(bench: Bench) -> None:
    grid = bench.labelling.grid
    bench.drag(bench.place(grid.start_of(30)), bench.place(grid.start_of(90)))
    assert bench.labelling.mark_in_ns is not None
    bench.key("3")
    ((first, last, label),) = bench.clips()
    assert (abs(first - 30) <= 1, abs(last - 89) <= 1, label) == (True, True, "throw")


def test_clips_of_others_are_selected_but_not_moved(bench: Bench) -> None:
    row = next(k for k, r in enumerate(bench.timeline.rows) if r.kind is Kind.OTHER)
    start, end = bench.place(SECOND, row), bench.place(5 * SECOND, row)
    bench.drag(start, end)
    assert bench.session.selection == THEIRS.id
    assert "read-only" in bench.said()
    assert bench.labelling.others.documents[0].tiers[0].clips == [THEIRS]
    assert bench.session.history.document.tiers == []
    edge = bench.place(2 * SECOND, row)
    assert bench.timeline.hit_at(QPointF(edge - QPoint(3, 0))).part == "clip"


def test_nothing_can_be_pulled_when_the_labels_are_read_only(bench: Bench) -> None:
    bench.add((60, 119, "wave"))
    writable = bench.session.history
    bench.session.history = bench.project.history("moving", "alice", read_only=True)
    bench.session.history_changed.emit(bench.session.history)
    grid = bench.labelling.grid
    bench.drag(bench.place(grid.start_of(90)), bench.place(grid.start_of(150)))
    assert bench.clips() == [(60, 119, "wave")]
    assert "read-only" in bench.said()
    bench.session.history = writable


def test_double_click_zooms_to_the_clip_and_loops_it(bench: Bench) -> None:
    bench.add((60, 119, "wave"))
    clip = bench.clip_at(0)
    at = bench.place((clip.start_ns + clip.end_ns) // 2)
    QTest.mouseDClick(bench.timeline.viewport(), Qt.MouseButton.LeftButton, PLAIN, at)
    scale = bench.timeline.scale
    assert not scale.fitted
    assert (scale.x(clip.end_ns) - scale.x(clip.start_ns)) / scale.width == pytest.approx(0.6)
    assert bench.session.transport.loop == (clip.start_ns, clip.end_ns)
    assert bench.session.transport.position_ns == clip.start_ns


def test_the_wheel_zooms_around_the_mouse_and_shift_pans(bench: Bench) -> None:
    at = bench.place(3 * SECOND)
    wheel(bench, 8, at)
    scale = bench.timeline.scale
    assert not scale.fitted
    assert abs(bench.place(3 * SECOND).x() - at.x()) <= 1
    wheel(bench, -2, at, SHIFT)
    assert bench.timeline.scale.origin_ns > scale.origin_ns
    assert bench.timeline.scale.ns_per_px == scale.ns_per_px
    wheel(bench, -20, at)
    assert bench.timeline.scale.fitted
    wheel(bench, 8, at, CTRL)
    assert bench.timeline.scale == scale


def test_alt_and_wheel_scrolls_the_rows(bench: Bench) -> None:
    for number in range(9):
        assert bench.labelling.tiers.add(f"tier {number}")
    bar, scale = bench.timeline.verticalScrollBar(), bench.timeline.scale
    assert bar.maximum() > 0
    bar.setValue(0)
    wheel(bench, -1, bench.place(3 * SECOND), ALT)
    assert bar.value() > 0
    assert bench.timeline.scale == scale


def test_the_view_follows_the_playhead_while_it_plays(bench: Bench) -> None:
    bench.timeline.zoom(6, 0)
    bench.session.transport.play()
    for _ in range(60):
        bench.pass_time(0.1)
        x = bench.timeline.scale.x(bench.session.transport.position_ns)
        assert 0 <= x < bench.timeline.scale.width


def test_keys_zoom_and_fit(bench: Bench) -> None:
    bench.key("Equal", CTRL)
    assert not bench.timeline.scale.fitted
    bench.key("0", CTRL)
    assert bench.timeline.scale.fitted


def test_resting_on_a_clip_tells_all_about_it(bench: Bench) -> None:
    row = next(k for k, r in enumerate(bench.timeline.rows) if r.kind is Kind.OTHER)
    at = bench.place(SECOND, row)
    view = bench.timeline.viewport()
    QApplication.sendEvent(view, QHelpEvent(QEvent.Type.ToolTip, at, view.mapToGlobal(at)))
    text = QToolTip.text()
    for part in ("box", "00:00.000 to 00:02.000", "frames 0 to 59 (60)", "mmff-lite",
                 "by a network", "confidence 0.93"):  # fmt: skip
        assert part in text
    QToolTip.hideText()


def test_a_right_click_offers_only_what_works_there(bench: Bench) -> None:
    bench.add((60, 119, "wave"))
    grid = bench.labelling.grid
    bench.go(0)
    on_clip = entries(bench, bench.place(grid.start_of(90)))
    assert "Label as" in on_clip
    assert "Delete clip" in on_clip
    assert "Copy clip to my tier" not in on_clip
    others = entries(bench, bench.place(SECOND, 1))
    assert "Copy clip to my tier" in others
    assert "Delete clip" not in others
    assert "Label as" not in others
    nothing = entries(bench, bench.place(8 * SECOND))
    assert "Go here" in nothing
    assert "Delete clip" not in nothing
    names = QPoint(20, RULER_PX + 10)
    assert "Add tier" in entries(bench, names)
    assert "Delete tier" not in entries(bench, names)


def test_a_tier_is_named_in_place(bench: Bench) -> None:
    bench.key("T", CTRL)
    field = bench.timeline.asking.name
    assert field.isVisible()
    QTest.keyClicks(field, "s1")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert [tier.name for tier in bench.document.tiers] == ["alice", "s1"]
    assert not field.isVisible()
    names = QPoint(20, RULER_PX + 10)
    QTest.mouseClick(bench.timeline.viewport(), Qt.MouseButton.LeftButton, PLAIN, names)
    assert bench.session.tier_name == "alice"


def test_the_names_column_stands_left_of_everything(bench: Bench) -> None:
    assert bench.timeline.hit_at(QPointF(NAMES_PX - 1, RULER_PX + 5)).part == "names"
    assert bench.timeline.hit_at(QPointF(NAMES_PX + 1, RULER_PX - 5)).part == "ruler"
