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
from harstudio.labels.cutting import folder as cut_folder
from harstudio.labels.cutting.cut import cut_clips
from harstudio.labels.cutting.folder import CutFolder, owner
from harstudio.labels.cutting.job import cut as cut_job
from harstudio.labels.cutting.plan import make_plan
from harstudio.labels.cutting.table import Row, read_rows, write_rows
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
SPANS = {"clapping": [(2, 8)], "drink water": [(10, 14), (14, 19)], "my own": [(19, 21)]}


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


@pytest.fixture(scope="module")
def recordings(tmp_path_factory) -> Path:
    """21 frames with jitter on a wall clock."""
    folder = tmp_path_factory.mktemp("made")
    write_recording(folder / "a.harrec", 21)
    return folder


@pytest.fixture
def project(tmp_path, recordings) -> Project:
    """Four clips."""
    labels = LabelSet.of("mine", ("clapping", "my own", "drink water"))
    folder = tmp_path / "project"
    project = Project.create(folder, "p", label_set=labels, recording_folders=[recordings])
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
    assert (out / "list_depth.txt").read_text("utf-8").splitlines()[1].endswith(" 6 9")
    cut_clips(project, tmp_path / "native", "harrec")
    assert (tmp_path / "native" / f"{RECORDING}-drink water-2.harrec").is_dir()


def test_cutting_again_follows_the_labels(project, tmp_path):
    out = tmp_path / "out"
    cut_clips(project, out, "ntu")
    kept = out / "nturgb+d_rgb" / "S001C002P003R001A010_rgb.avi"
    before = kept.stat().st_mtime_ns
    history = project.history(RECORDING, "alice")
    clips = {clip.start_ns: clip for clip in history.document.tiers[0].clips}
    changed = clips[frames(10, 14)[0]]
    history.do(ChangeClip("t", changed, replace(changed, start_ns=frames(11, 14)[0])))
    history.do(RemoveClip("t", clips[frames(19, 21)[0]]))
    history.save()
    history.close()
    done = cut_clips(project, out, "ntu")
    assert (done.written, done.there_already, done.removed) == (1, 2, 1)
    assert kept.stat().st_mtime_ns == before
    found = scan(out)
    assert not found.problems
    counts = {row.name: row.frames for row in read_rows(out)}
    assert counts == {
        "S001C002P003R001A010": 6,
        "S001C002P003R001A001": 3,
        "S001C002P003R002A001": 5,
    }
    assert {one.name for one in found.recordings} == set(counts)


@pytest.mark.parametrize(("layout", "raises"), [("ntu", False), ("harrec", True)])
def test_a_stopped_cut_leaves_whole_clips_and_goes_on(project, tmp_path, layout, raises):
    """By ``cancelled`` and by what a job's pause point raises, in the middle of a clip."""
    out, asked = tmp_path / "out", 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        if asked > 8 and raises:
            raise Stopped
        return asked > 8

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


def killed_in_the_last_row(project, out, layout) -> bytes:
    """What a process leaves that was killed between the files and the row; the whole table."""
    cut_clips(project, out, layout)
    whole = (out / "clips.csv").read_bytes()
    lines = whole.splitlines(keepends=True)
    (out / "clips.csv").write_bytes(b"".join(lines[:-1]) + lines[-1][:30])
    (out / ".claimed").write_text(read_rows_of(whole)[-1]["name"])
    (out / ".part").mkdir()
    return whole


def read_rows_of(table: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(table.decode().splitlines()))


def test_files_without_a_row_are_cut_again(project, tmp_path):
    out = tmp_path / "out"
    whole = killed_in_the_last_row(project, out, "ntu")
    torn = out / "nturgb+d_rgb" / f"{read_rows_of(whole)[-1]['name']}_rgb.avi"
    torn.write_bytes(b"RIFF")
    done = cut_clips(project, out, "ntu")
    assert (done.written, done.there_already, done.failures) == (1, 3, [])
    assert (out / "clips.csv").read_bytes() == whole
    assert torn.stat().st_size > 1000
    assert not {".claimed", ".part"} & {path.name for path in out.iterdir()}


def test_a_folder_belongs_to_one_project(project, tmp_path, recordings):
    """The other one is refused, and nothing of the first is touched."""
    out = tmp_path / "out"
    killed_in_the_last_row(project, out, "harrec")
    before = state(out)
    other = Project.create(tmp_path / "other", "p", recording_folders=[recordings])
    say(other, "alice", Clip(*frames(0, 4), "clapping"))
    with pytest.raises(ConflictError, match="clips of another project"):
        cut_clips(other, out, "harrec")
    assert state(out) == before


def state(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("layout", "name"),
    [("ntu", ".."), ("ntu", "."), ("ntu", "A\\..\\x"), ("harrec", ".part"), ("harrec", "../x")],
)
def test_a_table_cannot_make_other_things_go(project, tmp_path, layout, name):
    """Neither by names of its rows nor by what is claimed, nor through a link."""
    out, mine = tmp_path / "out", tmp_path / "out" / "thesis" / "important.txt"
    row = Row(owner(project), name, layout, RECORDING, "alice", "", "x", 1, 0, 1, 1, "c")
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    write_rows(out, [row])
    with pytest.raises(DataError, match="no name of a clip"):
        cut_clips(project, out, layout)
    write_rows(out, [])
    (out / ".claimed").write_text(f"{name}\nS001C001P001R001A001\n/etc")
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "S001C001P001R001A001").mkdir(parents=True)
    (out / "nturgb+d_depth").symlink_to(elsewhere)
    CutFolder(project, out, layout)
    assert mine.read_text() == "mine"
    assert (elsewhere / "S001C001P001R001A001").is_dir()
    assert not (out / ".claimed").exists()


def test_what_cutting_did_not_make_stays(project, tmp_path):
    """Also where a new clip would have its name; and clips whose labels cannot be read."""
    out = tmp_path / "out"
    out.mkdir()
    write_rows(out, [])
    mine = out / f"{RECORDING}-clapping-1.harrec"
    mine.write_text("mine")
    done = cut_clips(project, out, "harrec")
    assert done.written == 3
    assert "not cut by this project" in done.failures[0]
    assert mine.read_text() == "mine"
    before = state(out)
    folder = CutFolder(project, out, "harrec")
    plan = make_plan(project, "harrec", "alice", folder.rows, print)
    kept, removed, unread = folder.keep(replace(plan, pieces=(), read=frozenset()))
    assert (kept, removed, unread) == (set(), 0, 3)
    assert state(out) == before


def test_labels_that_cannot_be_read_are_not_labels_that_are_gone(project, tmp_path):
    plan = make_plan(project, "ntu", "alice", (), print)
    assert plan.read == {RECORDING}
    say(project, "bob", Clip(*frames(0, 4), "clapping"))
    (path,) = (path for who, path in project.document_paths(RECORDING) if who == "bob")
    path.write_text("{")
    heard: list[object] = []
    assert make_plan(project, "ntu", "alice", (), heard.append).read == frozenset()
    assert heard


def test_whose_clips(project, tmp_path):
    say(project, "bob", Clip(*frames(0, 4), "clapping"))
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


def test_folders_that_are_refused(project, tmp_path, recordings):
    with pytest.raises(UsageError, match="the project's recordings"):
        cut_clips(project, recordings / "cut", "ntu")
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


def test_a_full_disk_is_a_sentence(project, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cut_folder, "append_row", full)
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
    assert len(done) > 8
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
