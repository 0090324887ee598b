"""The annotator: a minute labelled by keys alone, edges by mouse, undo, close, reopen."""

from __future__ import annotations

import statistics
import time

import pytest
from PySide6.QtCore import QPoint

from driving import until
from harstudio.labels.label_sets.label_set import bundled_label_set
from harstudio.labels.project import Project
from harstudio.studio.timeline.rows import NAMES_PX, RULER_PX

AT_REAL_SPEED = 2  # clips of the minute


def own_clips(studio):
    tier = studio.session.document.tier(studio.session.tier_name)
    return [] if tier is None else list(tier.clips)


def as_rows(clips):
    return [(c.start_ns, c.end_ns, c.label) for c in clips]


def as_frames(studio, clips):
    grid = studio.window.labelling.grid
    return [(grid.first_of(c.start_ns), grid.last_of(c.end_ns), c.label) for c in clips]


def assert_where_seen(studio, clips, seen, frames=4):
    """The playhead goes on between looking at it and the key: some frames."""
    made = as_frames(studio, clips)
    assert [label for *_, label in made] == [label for *_, label in seen]
    edges = [
        (a, b) for m, s in zip(made, seen, strict=True) for a, b in zip(m[:2], s[:2], strict=True)
    ]
    assert max(abs(a - b) for a, b in edges) <= frames, (made, seen)


def off_by_ms(made, truth):
    """How far the edges of clips lie from the true ones, the median."""
    off = (abs(getattr(a, edge) - getattr(b, edge)) for a, b in zip(made, truth, strict=True)
           for edge in ("start_ns", "end_ns"))  # fmt: skip
    return statistics.median(off) / 1e6


@pytest.fixture
def untrimmed(studio, demo_project):
    """The demo's minute, open in the Label workspace for a new annotator."""
    project = Project.open(demo_project)
    minute = max(project.recordings(), key=lambda p: sum(f.stat().st_size for f in p.iterdir()))
    studio.session.settings.annotator = "carol"
    studio.started_s = time.monotonic()
    studio.open(minute)
    assert studio.session.project.folder == demo_project
    studio.key("ctrl+2")
    studio.presses = 0
    truth = next(d for d in project.documents(studio.session.recording.name)
                 if d.annotator == "alice")  # fmt: skip
    clips = [clip for tier in truth.tiers for clip in tier.clips]
    return studio, sorted(clips, key=lambda clip: clip.start_ns)


def watch_until(studio, time_ns: int) -> int:
    """Look on while it plays, until the playhead is there; the frame that is seen then."""
    transport = studio.session.transport
    until(lambda: transport.position_ns >= time_ns, seconds=60, what=f"{time_ns} ns")
    return studio.window.labelling.frame()


def test_a_minute_by_keys_alone(untrimmed):
    """Every press counts: playing, the speed, each clip. The first clips are labelled at real
    speed, the others at twice that. Edges lie where the playhead was seen; how far from the true
    ones is told, for it depends on how busy the machine is."""
    studio, truth = untrimmed
    keys = {label.name: label.hotkey for label in studio.window.labelling.labels()}
    began_s = time.monotonic()
    studio.key("space")
    first_s, seen = 0.0, []
    for number, clip in enumerate(truth):
        if number == AT_REAL_SPEED:
            for _ in range(2):
                studio.key(".")
            assert studio.session.transport.rate == 2.0
        first = watch_until(studio, clip.start_ns)
        studio.key(keys[clip.label])
        seen.append((first, watch_until(studio, clip.end_ns), clip.label))
        studio.key(keys[clip.label])
        first_s = first_s or time.monotonic() - studio.started_s
    studio.key("space")
    seconds, presses, made = time.monotonic() - began_s, studio.presses, own_clips(studio)
    assert_where_seen(studio, made, seen)
    assert presses / len(truth) <= 2.5
    slow_ms = off_by_ms(made[:AT_REAL_SPEED], truth[:AT_REAL_SPEED])
    fast_ms = off_by_ms(made[AT_REAL_SPEED:], truth[AT_REAL_SPEED:])
    print(
        f"{presses} presses for {len(truth)} clips: {presses / len(truth):.2f} a clip; "
        f"{seconds:.1f} s; {first_s:.1f} s from opening to the first label; edges within "
        f"{slow_ms:.0f} ms (median of {AT_REAL_SPEED} clips) at real speed, {fast_ms:.0f} ms at "
        "twice that"
    )
    studio.wait(200)
    studio.screenshot("labelled-minute")

    # All of them changed at once, as one step; then every clip taken back, and done again.
    studio.key("ctrl+a")
    studio.key("3")
    assert {clip.label for clip in own_clips(studio)} == {"throw"}
    studio.screenshot("changed-at-once")
    studio.key("ctrl+z")
    assert own_clips(studio) == made
    studio.key("ctrl+z", len(made))
    assert own_clips(studio) == []
    studio.key("ctrl+y", len(made))
    assert own_clips(studio) == made

    # Close, reopen: all there.
    path = studio.session.recording.path
    studio.key("ctrl+w")
    until(lambda: studio.session.recording is None, what="closing")
    studio.open(path)
    assert as_rows(own_clips(studio)) == as_rows(made)


def test_a_key_is_held_as_long_as_the_action_lasts(untrimmed):
    studio, _ = untrimmed
    labels = list(studio.window.labelling.labels())
    studio.key("space")
    seen = []
    for label, begin_s, end_s in ((labels[0], 0.3, 1.0), (labels[1], 1.2, 1.9)):
        first = watch_until(studio, round(begin_s * 1e9))
        studio.hold(label.hotkey)
        studio.wait(500)
        last = watch_until(studio, round(end_s * 1e9))
        studio.let_go(label.hotkey)
        seen.append((first, last, label.name))
    studio.key(labels[2].hotkey)  # a tap begins, another key goes on, the same key ends
    studio.wait(300)
    studio.key(labels[3].hotkey)
    studio.wait(300)
    studio.key(labels[3].hotkey)
    studio.key("space")
    made = own_clips(studio)
    assert_where_seen(studio, made[:2], seen)
    assert [clip.label for clip in made[2:]] == [label.name for label in labels[2:4]]
    assert made[2].end_ns == made[3].start_ns


def test_one_of_many_labels_is_found_by_its_letters(untrimmed):
    """With the 120 labels of NTU RGB+D most have no key: a few letters and Enter."""
    studio, _ = untrimmed
    studio.window.labelling.label_sets.use(bundled_label_set("ntu120"))
    studio.presses = 0
    for letters in ("wri", "stop"):
        for key in ("/", *letters, "enter", "shift+right", "enter"):  # Enter alone ends the clip
            studio.key(key)
    made = [clip.label for clip in own_clips(studio)]
    assert made == ["writing", "cross hands in front (say stop)"]
    print(f"{studio.presses - len(made)} presses for {len(made)} clips of 120 labels")


def test_in_and_out_points_and_relabelling(untrimmed):
    studio, _ = untrimmed
    labels = list(studio.window.labelling.labels())
    grid = studio.window.labelling.grid
    studio.key("i")
    studio.key("right", 9)
    studio.key("o")
    studio.screenshot("in-and-out")
    studio.key(labels[0].hotkey)
    (clip,) = own_clips(studio)
    assert grid.count(clip.start_ns, clip.end_ns) == 10
    studio.key(labels[2].hotkey)
    assert [c.label for c in own_clips(studio)] == [labels[2].name]
    studio.key("ctrl+right")
    assert grid.count(own_clips(studio)[0].start_ns, own_clips(studio)[0].end_ns) == 11
    studio.key("backspace")
    assert own_clips(studio) == []
    studio.key("ctrl+z", 4)
    assert own_clips(studio) == []
    studio.key("ctrl+y", 2)
    assert [c.label for c in own_clips(studio)] == [labels[2].name]


def test_an_edge_is_dragged_and_undone_in_one_step(untrimmed):
    studio, _ = untrimmed
    label = next(iter(studio.window.labelling.labels()))
    studio.session.transport.seek(studio.window.labelling.grid.start_of(300))
    studio.key("i")
    studio.key("shift+right", 12)
    studio.key("o")
    studio.key(label.hotkey)
    (before,) = own_clips(studio)
    timeline = studio.window.timeline
    row = next(row for row in timeline.rows if row.editable)
    y = RULER_PX + row.clip_top() + 8
    edge = round(NAMES_PX + timeline.scale.x(before.end_ns)) - 2
    studio.drag(timeline.viewport(), QPoint(edge, y), QPoint(edge + 60, y))
    (after,) = own_clips(studio)
    assert after.start_ns == before.start_ns
    assert after.end_ns > before.end_ns
    studio.screenshot("edge-dragged")
    studio.key("ctrl+z")
    assert own_clips(studio) == [before]


def test_typing_in_a_field_makes_no_labels(untrimmed):
    studio, _ = untrimmed
    studio.key("ctrl+f")
    for letter in "1wave 2":
        studio.key("space" if letter == " " else letter)
    assert own_clips(studio) == []
    assert not studio.session.transport.playing
    assert studio.window.library.search.text() == "1wave 2"
