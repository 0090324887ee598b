"""Videos that begin later than their recording: nothing is moved to where it was not."""

from __future__ import annotations

import pytest

from harstudio.labels.interchange import clocks, registry
from harstudio.labels.interchange.base import Bundle, Counted, Labelled, Media, Reading, flattened
from harstudio.labels.interchange.rows import Rows
from harstudio.labels.interchange.writing import write_files
from harstudio.labels.model import Clip
from harstudio.recordings.frame_grid import FrameGrid
from made_labels import all_clips, grid

SECOND = 1_000_000_000
LATE = FrameGrid(grid().times_ns + SECOND, grid().period_ns)  # the video's, 10 s from 1 s on
CLIPS = (
    Clip(0, SECOND // 3, "throw"),  # before the video
    Clip(SECOND // 2, 2 * SECOND, "kick"),  # begins before it
    Clip(2 * SECOND, 3 * SECOND, "clap"),
)
WITHOUT_CLOCK = [n for n in registry.names() if n not in ("csv", "elan", "pyskl")]


def written(name: str, folder) -> tuple[list[tuple[str, int, int]], tuple[str, ...]]:
    """What comes back of CLIPS on the recording's clock, and the notes of the export."""
    known = registry.by_name(name)
    rows = Rows("r")
    rows.add("alice", "alice", *CLIPS)
    media = (Media("color", "r.mp4", offset_ns=SECOND, grid=LATE, fps=30.0),)
    labelled = Labelled("r", rows.documents(), 11 * SECOND, media, start_ns=0)
    path = folder / f"r{known.EXTENSIONS[0]}"
    _, notes = write_files(Bundle((labelled,)), path, name)
    (again,) = registry.read(path, Reading(recording="r", grid_of=lambda _name: LATE)).recordings
    again = clocks.for_reading(again, known, media)
    found = [clip for *_, clip in all_clips(Bundle((again,)))]
    return [(one.label, one.start_ns, one.end_ns) for one in found], notes


@pytest.mark.parametrize("name", WITHOUT_CLOCK)
def test_what_lies_before_the_video_is_left_out_and_told(name, tmp_path):
    found, notes = written(name, tmp_path)
    assert found == [("kick", SECOND, 2 * SECOND), ("clap", 2 * SECOND, 3 * SECOND)]
    assert "1 clip lies outside of the video and is left out." in notes
    assert "1 clip reaches out of the video and is cut where it begins or ends." in notes
    assert not any("oint event" in note for note in notes)


def test_elan_says_when_the_video_begins_so_nothing_is_lost(tmp_path):
    found, notes = written("elan", tmp_path)
    whole = [(clip.label, clip.start_ns // 10**6, clip.end_ns // 10**6) for clip in CLIPS]
    assert [(label, a // 10**6, b // 10**6) for label, a, b in found] == whole
    assert not any("left out" in note or "cut" in note for note in notes)


def test_notes_of_many_files_are_added_up():
    parts = [Counted(n, "{n} clips are rounded.", "1 clip is rounded.") for n in (1, 1, 23)]
    assert flattened(["a", *parts, "a"]) == ("a", "25 clips are rounded.")
    assert flattened(parts[:1]) == ("1 clip is rounded.",)
