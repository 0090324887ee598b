"""The annotator: a minute labelled by keys alone, edges by mouse, undo, close, reopen."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint

from driving import until
from harstudio.labels.project import Project
from harstudio.studio.timeline.rows import NAMES_PX, RULER_PX


def own_clips(studio):
    tier = studio.session.document.tier(studio.session.tier_name)
    return [] if tier is None else list(tier.clips)


def as_rows(clips):
    return [(c.start_ns, c.end_ns, c.label) for c in clips]


@pytest.fixture
def untrimmed(studio, demo_project):
    """The demo's minute, open in the Label workspace for a new annotator."""
    project = Project.open(demo_project)
    minute = max(project.recordings(), key=lambda p: sum(f.stat().st_size for f in p.iterdir()))
    studio.session.settings.annotator = "carol"
    studio.open(minute)
    assert studio.session.project.folder == demo_project
    studio.key("ctrl+2")
    truth = next(d for d in project.documents(studio.session.recording.name)
                 if d.annotator == "alice")  # fmt: skip
    return studio, [clip for tier in truth.tiers for clip in tier.clips]


def go_to(studio, frame: int) -> None:
    """Move the playhead there by keys alone, as an annotator who looks does."""
    while (distance := frame - studio.session.frame_index()) != 0:
        step = "right" if distance > 0 else "left"
        studio.key(f"shift+{step}" if abs(distance) >= 10 else step)


def test_a_minute_by_keys_alone(untrimmed):
    studio, truth = untrimmed
    assert own_clips(studio) == []
    grid = studio.window.labelling.grid
    keys = {label.name: label.hotkey for label in studio.window.labelling.labels()}
    truth = sorted(truth, key=lambda c: c.start_ns)
    presses = 0
    for position, clip in enumerate(truth):
        go_to(studio, grid.first_of(clip.start_ns))
        studio.key(keys[clip.label])
        following = truth[position + 1].start_ns if position + 1 < len(truth) else None
        presses += 1
        if following != clip.end_ns:
            go_to(studio, grid.last_of(clip.end_ns))
            studio.key(keys[clip.label])
            presses += 1
    made = own_clips(studio)
    assert as_rows(made) == [
        (grid.snap_start(c.start_ns), grid.snap_end(c.end_ns), c.label) for c in truth
    ]
    print(f"label presses per clip: {presses / len(truth):.2f} ({len(truth)} clips)")
    studio.wait(200)
    studio.screenshot("labelled-minute")

    # Every one of them can be taken back, and done again.
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


def test_labelling_while_it_plays(untrimmed):
    studio, _ = untrimmed
    labels = list(studio.window.labelling.labels())
    studio.key("space")
    studio.wait(300)
    studio.key(labels[0].hotkey)
    studio.wait(400)
    studio.key(labels[1].hotkey)
    studio.wait(400)
    studio.key(labels[1].hotkey)
    studio.key("space")
    first, second = own_clips(studio)
    assert (first.label, second.label) == (labels[0].name, labels[1].name)
    assert first.end_ns == second.start_ns
    assert 0.2e9 < first.duration_ns < 1.2e9


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
