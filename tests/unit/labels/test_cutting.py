"""Clips cut to files: the same frames under new names, whole or not at all."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harrec_files import START_NS, frame_time, write_recording
from harstudio.errors import ConflictError, DataError, UsageError
from harstudio.jobs.context import Stopped
from harstudio.labels.cutting import cut as cutting
from harstudio.labels.cutting.cut import cut_clips
from harstudio.labels.cutting.job import cut as cut_job
from harstudio.labels.cutting.plan import make_plan
from harstudio.labels.cutting.table import read_rows
from harstudio.labels.editing.edits import AddClip, AddTier, ChangeClip, MarkDone, RemoveClip
from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.model import Clip, Origin, TierRules
from harstudio.labels.project import Project
from harstudio.labels.team.policy import Policy
from harstudio.recordings.formats import open_recording, scan
from harstudio.recordings.recording import Recording
from harstudio.resources import resource
from job_context import Heard

RECORDING = "S1 動作"
SPANS = {"clapping": [(3, 15)], "drink water": [(20, 29), (29, 41)], "my own": [(41, 45)]}


def frames(first: int, stop: int) -> tuple[int, int]:
    """The times of frames of the skeleton, which is the reference."""
    return frame_time(first) + 7, frame_time(stop) + 7


def say(project: Project, annotator: str, *clips: Clip, rules: TierRules | None = None) -> None:
    history = project.history(RECORDING, annotator)
    tier = "t" if rules is None else "points"
    history.do(AddTier(tier, 0, rules) if rules else AddTier(tier, 0))
    for clip in clips:
        history.do(AddClip(tier, clip))
    history.save()
    history.close()


@pytest.fixture
def project(tmp_path) -> Project:
    """45 frames with jitter on a wall clock, four clips."""
    labels = LabelSet.of("mine", ("clapping", "my own", "drink water"))
    project = Project.create(tmp_path / "project", "p", label_set=labels)
    write_recording(project.folder / "recordings" / "a.harrec")
    clips = [Clip(*frames(*span), label) for label, spans in SPANS.items() for span in spans]
    say(project, "alice", *clips)
    return project


def same_frames(
    source: Recording, cut: Recording, first: int, stop: int, exact: bool, step: int = 1
) -> None:
    """Joints and depth to the bit, colour as near as its codec is."""
    bodies, own = source.streams["skeleton"], cut.streams["skeleton"]
    assert len(own) == len(cut.streams["depth"]) == len(cut.streams["color"]) == stop - first
    for k in range(stop - first):
        before, after = bodies.frame(first + k).bodies, own.frame(k).bodies
        assert [body.id for body in before] == [body.id for body in after]
        for one, two in zip(before, after, strict=True):
            assert np.array_equal(one.joints, two.joints, equal_nan=True)
            assert np.array_equal(one.tracking, two.tracking)
            if one.depth_px is not None and two.depth_px is not None:
                assert np.allclose(one.depth_px, two.depth_px, atol=1e-4)
        if k % step:
            continue
        depth = source.streams["depth"].frame(first + k)
        assert np.array_equal(depth, cut.streams["depth"].frame(k))
        color = source.streams["color"].frame(first + k).astype(int)
        assert np.abs(color - cut.streams["color"].frame(k)).mean() < 6
        if exact:
            infrared = source.streams["infrared"].frame(first + k)
            assert np.array_equal(infrared, cut.streams["infrared"].frame(k))


@pytest.mark.parametrize("layout", ["ntu", "harrec"])
def test_cut_opened_and_compared(project, tmp_path, layout):
    out = tmp_path / "out"
    done = cut_clips(project, out, layout)
    assert (done.written, done.failures) == (4, [])
    found = scan(out)
    assert len(found.recordings) == 4
    assert not found.problems
    rows = {row.name: row for row in read_rows(out)}
    by_name = {one.name: one for one in found.recordings}
    assert set(by_name) == set(rows)
    with open_recording(project.recordings()[0]) as source:
        for name, row in rows.items():
            first, stop = next(s for s in SPANS[row.label] if frames(*s)[0] == row.start_ns)
            with open_recording(by_name[name].path) as cut:
                same_frames(source, cut, first, stop, exact=layout == "harrec")
                if layout == "harrec":
                    times = source.streams["depth"].times_ns[first:stop]
                    own = cut.streams["depth"].times_ns
                    assert np.array_equal(np.diff(own), np.diff(times))
                    assert 0 <= cut.start_ns < 8
                    assert "audio" in cut.streams
                    assert ("inertial" in cut.streams) is (row.label != "my own")
                    sound = cut.streams["audio"]
                    assert abs(sound.end_ns - (row.end_ns - row.start_ns)) < 40_000_000
            assert by_name[name].action.name in (row.label, "action 121")
    assert not (out / ".part").exists()
    assert LabelSet.load(out / "labels.toml").labels == project.label_set.labels


def test_names_tell_who_and_what(project, tmp_path):
    """NTU's number for what NTU knows by that name, else from 121 on."""
    out = tmp_path / "out"
    cut_clips(project, out, "ntu")
    names = sorted(row.name for row in read_rows(out))
    assert names == [
        "S001C002P003R001A001",
        "S001C002P003R001A010",
        "S001C002P003R001A121",
        "S001C002P003R002A001",
    ]
    with (out / "clips.csv").open(encoding="utf-8", newline="") as file:
        first = next(csv.DictReader(file))
    assert first["recording"] == RECORDING
    assert first["label"] == "clapping"
    lines = (out / "list_rgb.txt").read_text("utf-8").splitlines()
    assert lines[2] == "nturgb+d_rgb/S001C002P003R001A121_rgb.avi 120"
    assert (out / "list_depth.txt").read_text("utf-8").splitlines()[1].endswith(" 12 9")
    cut_clips(project, tmp_path / "native", "harrec")
    assert (tmp_path / "native" / f"{RECORDING}-drink water-2.harrec").is_dir()


def test_cutting_again_follows_the_labels(project, tmp_path):
    out = tmp_path / "out"
    cut_clips(project, out, "ntu")
    kept = out / "nturgb+d_rgb" / "S001C002P003R001A010_rgb.avi"
    before = kept.stat().st_mtime_ns
    history = project.history(RECORDING, "alice")
    clips = {clip.start_ns: clip for clip in history.document.tiers[0].clips}
    changed = clips[frames(20, 29)[0]]
    history.do(ChangeClip("t", changed, replace(changed, start_ns=frames(22, 29)[0])))
    history.do(RemoveClip("t", clips[frames(41, 45)[0]]))
    history.save()
    history.close()
    done = cut_clips(project, out, "ntu")
    assert (done.written, done.there_already, done.removed) == (1, 2, 1)
    assert kept.stat().st_mtime_ns == before
    found = scan(out)
    assert not found.problems
    counts = {row.name: row.frames for row in read_rows(out)}
    assert counts == {
        "S001C002P003R001A010": 12,
        "S001C002P003R001A001": 7,
        "S001C002P003R002A001": 12,
    }
    assert {one.name for one in found.recordings} == set(counts)


@pytest.mark.parametrize("layout", ["ntu", "harrec"])
@pytest.mark.parametrize("raises", [False, True])
def test_a_stopped_cut_leaves_whole_clips_and_goes_on(project, tmp_path, layout, raises):
    """By ``cancelled`` and by what a job's pause point raises, in the middle of a clip."""
    out, asked = tmp_path / "out", 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        if asked > 18 and raises:
            raise Stopped
        return asked > 18

    if raises:
        with pytest.raises(Stopped):
            cut_clips(project, out, layout, cancelled=cancelled)
    else:
        done = cut_clips(project, out, layout, cancelled=cancelled)
        assert done.stopped
        assert "goes on" in done.summary()
    there = len(read_rows(out))
    assert there < 4
    assert not (out / ".part").exists()
    found = scan(out)
    assert len(found.recordings) == there
    assert not found.problems
    again = cut_clips(project, out, layout)
    assert (again.written, again.there_already) == (4 - there, there)
    assert len(scan(out).recordings) == 4


def test_files_without_a_row_are_cut_again(project, tmp_path):
    """As a process leaves it that was killed between the files and the row."""
    out = tmp_path / "out"
    cut_clips(project, out, "ntu")
    whole = (out / "clips.csv").read_bytes()
    lines = whole.splitlines(keepends=True)
    (out / "clips.csv").write_bytes(b"".join(lines[:3]) + lines[3][:20])
    shutil.rmtree(out / "nturgb+d_depth", ignore_errors=True)
    torn = out / "nturgb+d_rgb" / "S001C002P003R002A001_rgb.avi"
    torn.write_bytes(b"RIFF")
    (out / ".part").mkdir()
    done = cut_clips(project, out, "ntu")
    assert (done.written, done.there_already) == (2, 2)
    assert (out / "clips.csv").read_bytes() == whole
    assert torn.stat().st_size > 1000


def test_whose_clips(project, tmp_path):
    say(project, "bob", Clip(*frames(0, 9), "clapping"))
    with pytest.raises(UsageError, match="alice, bob"):
        cut_clips(project, tmp_path / "out", "ntu")
    with pytest.raises(UsageError, match="“carol” has labelled nothing"):
        cut_clips(project, tmp_path / "out", "ntu", "carol")
    assert not (tmp_path / "out").exists()
    say(project, "gold", Clip(*frames(3, 9), "clapping"))
    assert cut_clips(project, tmp_path / "out", "ntu").annotator == "gold"
    bob = cut_clips(project, tmp_path / "out", "ntu", "bob")
    assert (bob.written, bob.removed) == (1, 0)
    assert len(scan(tmp_path / "out").recordings) == 2


def test_what_is_not_cut_is_told(project, tmp_path):
    guess = Clip(*frames(0, 2), "clapping", origin=Origin.MODEL, confidence=0.4)
    say(project, "bob", guess, Clip(START_NS - 10**9, START_NS - 10**8, "clapping"))
    points = TierRules(points=True)
    say(project, "bob", Clip(*frames(5, 5), "clapping"), rules=points)
    project.set_policy(Policy(blur_faces=True))
    done = cut_clips(project, tmp_path / "out", "ntu", "bob")
    assert done.written == 0
    assert "no frames in this clip" in done.failures[0]
    told = " ".join(done.notes)
    assert "1 point events" in told
    assert "1 clips are opinions" in told
    assert "Faces" in told


def test_folders_that_are_refused(project, tmp_path):
    with pytest.raises(UsageError, match="the project's recordings"):
        cut_clips(project, project.folder / "recordings" / "cut", "ntu")
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.doc").write_text("mine")
    with pytest.raises(ConflictError, match="something else"):
        cut_clips(project, other, "ntu")
    assert (other / "thesis.doc").read_text() == "mine"
    out = tmp_path / "out"
    cut_clips(project, out, "ntu")
    with pytest.raises(ConflictError, match="other layout"):
        cut_clips(project, out, "harrec")
    header = (out / "clips.csv").read_text("utf-8").splitlines()[0]
    (out / "clips.csv").write_text(f"{header}\n../../x,ntu,r,a,,l,1,0,1,1,c\n", "utf-8")
    with pytest.raises(DataError, match="no name of a file"):
        cut_clips(project, out, "ntu")


def test_a_full_disk_is_a_sentence(project, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cutting, "append_row", full)
    with pytest.raises(DataError, match=r"No space left on device.*goes on from here"):
        cut_clips(project, tmp_path / "out", "ntu")
    monkeypatch.undo()
    assert cut_clips(project, tmp_path / "out", "ntu").written == 4
    assert not scan(tmp_path / "out").problems


def test_as_a_job(project, tmp_path):
    heard = Heard()
    payload = {"project": str(project.folder), "out": str(tmp_path / "out"), "layout": "harrec"}
    told = cut_job(payload, heard)
    assert told["written"] == 4
    assert told["summary"] == "4 clips of alice cut."
    done = [step[0] for step in heard.steps]
    assert done == sorted(done)
    assert done[-1] == heard.steps[-1][1] == 4
    assert len(done) > 20
    assert "clapping" in heard.steps[0][2]
    with pytest.raises(UsageError, match="to zip"):
        cut_job(payload | {"layout": "zip"}, Heard())


@pytest.mark.slow
def test_the_untrimmed_minute_of_the_demo(tmp_path):
    folder = tmp_path / "demo"
    shutil.copytree(resource("demo"), folder)
    for path in (folder / "recordings").iterdir():
        if "untrimmed" not in path.name:
            shutil.rmtree(path)
    project, out = Project.open(folder), tmp_path / "out"
    done = cut_clips(project, out, "ntu", "alice")
    assert done.written == 13
    assert not done.failures
    found = scan(out)
    rows = {row.name: row for row in read_rows(out)}
    assert not found.problems
    assert len(found.recordings) == 13
    assert all(one.action.name == rows[one.name].label for one in found.recordings)
    with open_recording(project.recordings()[0]) as source:
        for one in found.recordings:
            row = rows[one.name]
            span = np.searchsorted(source.streams["skeleton"].times_ns, [row.start_ns, row.end_ns])
            with open_recording(Path(one.path)) as cut:
                same_frames(source, cut, *map(int, span), exact=False, step=20)


def test_a_blind_annotator_cuts_of_others_only_what_is_done(project):
    say(project, "bob", Clip(*frames(3, 15), "clapping"))
    project.set_policy(Policy(blind=True))
    with pytest.raises(UsageError, match="There is: alice"):
        make_plan(project, "ntu", "bob", (), print, seen_by="alice")
    history = project.history(RECORDING, "alice")
    history.do(MarkDone(True))
    history.close()
    assert len(make_plan(project, "ntu", "bob", (), print, seen_by="alice").pieces) == 1
