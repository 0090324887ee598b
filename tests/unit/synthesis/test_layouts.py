"""Samples are what the format readers expect, and the same for the same seed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import PictureType

import harstudio
from harstudio.errors import UsageError
from harstudio.labels.project import Project, is_project
from harstudio.recordings.formats import scan
from harstudio.recordings.streams import StreamKind
from harstudio.resources import resource
from harstudio.synthesis.demo import CLIPS, UNTRIMMED
from harstudio.synthesis.sample import write_sample
from harstudio.synthesis.shooting import CancelledError

KINDS = {StreamKind.COLOR, StreamKind.DEPTH, StreamKind.SKELETON}


@pytest.fixture(scope="module")
def ntu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("ntu")
    steps: list[tuple[int, int]] = []
    report = write_sample(
        out, "ntu", 1, ["bow"], progress=lambda *step: steps.append(step), color_width=320
    )
    assert report.recordings == 1
    assert steps[-1] == (report.frames, report.frames)
    assert len(steps) == report.frames
    return out


def test_ntu_opens_whole(ntu: Path) -> None:
    (found,) = scan(ntu).recordings
    assert found.name == "S001C001P001R001A035"
    with harstudio.open(found.path) as recording:
        assert recording.problems == ()
        assert {stream.kind for stream in recording.streams.values()} == KINDS | {
            StreamKind.INFRARED
        }
        counts = {len(stream) for stream in recording.streams.values()}
        assert len(counts) == 1
        assert recording.action is not None
        assert recording.action.name == "nod head/bow"
        body = recording.streams["skeleton"].frame(3).bodies[0]
        column, row = np.rint(body.depth_px[1]).astype(int)
        depth = recording.streams["depth"].frame(3)
        assert 0 < body.joints[1, 2] * 1000 - depth[row, column] < 250
        assert body.id.startswith("7205759403793")


def test_ntu_video_has_one_key_frame_and_b_frames(ntu: Path) -> None:
    (path,) = ntu.rglob("*_rgb.avi")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert sum(packet.is_keyframe for packet in packets) == 1
    with av.open(str(path)) as container:
        kinds = {PictureType(frame.pict_type) for frame in container.decode(video=0)}
    assert PictureType.B in kinds


def test_skeleton_text_follows_the_grammar(ntu: Path) -> None:
    (path,) = ntu.rglob("*.skeleton")
    lines = path.read_text("ascii").splitlines()
    count = int(lines[0])
    assert lines[1] == "1"
    assert len(lines[2].split()) == 10
    assert lines[3] == "25"
    assert all(len(line.split()) == 12 for line in lines[4:29])
    assert len(lines) == 1 + count * 28
    digits = [len(word.strip("-").replace(".", "").lstrip("0")) for word in lines[4].split()[:3]]
    assert max(digits) == 7 or max(digits) == 6  # a 7th digit may be a 0 that is not written


def test_the_same_seed_gives_the_same_bytes(ntu: Path, tmp_path: Path) -> None:
    write_sample(tmp_path, "ntu", 1, ["A035"], color_width=320)

    def digest(root: Path, pattern: str) -> dict[str, str]:
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in root.rglob(pattern)
        }

    for pattern in ("*.skeleton", "*.png"):
        assert digest(ntu, pattern)
        assert digest(ntu, pattern) == digest(tmp_path, pattern)


def test_utd_opens_whole(tmp_path: Path) -> None:
    write_sample(tmp_path, "utd", 1, ["a25"])
    found, *others = scan(tmp_path).recordings
    assert not others
    with harstudio.open(found.path) as trial:
        assert trial.name == "a25_s1_t1"
        assert trial.action is not None
        assert trial.action.name == "stand to sit"
        assert {stream.kind for stream in trial.streams.values()} == KINDS | {StreamKind.INERTIAL}
        depth, skeleton = trial.streams["depth"], trial.streams["skeleton"]
        assert len(depth) == len(skeleton)
        assert 2.4 <= len(trial.streams["inertial"]) / len(depth) <= 3.5
        picture, body = depth.frame(5), skeleton.frame(5).bodies[0]
        assert picture.shape == (240, 320)
        assert 0.8 < (picture == 0).mean() < 0.99
        on = trial.cameras["depth"].project(body.joints)
        column, row = np.rint(on).astype(int).T
        inside = (column >= 0) & (column < 320) & (row >= 0) & (row < 240)
        hit = picture[row[inside], column[inside]]
        assert (hit > 0).mean() > 0.85
        assert 0 < np.median(body.joints[inside, 2][hit > 0] * 1000 - hit[hit > 0]) < 200


def test_harrec_is_a_project_with_labels(tmp_path: Path) -> None:
    out = tmp_path / "sample"
    report = write_sample(out, "harrec", 1, ["sit-down"], color_width=320)
    project = Project.open(out)
    (path,) = project.recordings()
    with harstudio.open(path) as recording:
        assert len(recording.streams["color"]) == report.frames
        kinds = {stream.kind for stream in recording.streams.values()}
        assert kinds == KINDS | {StreamKind.INFRARED, StreamKind.AUDIO, StreamKind.INERTIAL}
        (document,) = project.documents(recording.name)
        (clip,) = document.tiers[0].clips
        assert clip.label == "sitting down"
        assert 0 < clip.start_ns < clip.end_ns < recording.end_ns
        hips = [
            recording.streams["skeleton"].at(t).data.bodies[0].joints[0, 1]
            for t in (clip.start_ns, clip.end_ns)
        ]
        assert hips[0] - hips[1] > 0.2
    assert project.label_set.find("sitting down") is not None


def test_stopping_says_how_far_it_came(tmp_path: Path) -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(CancelledError, match="after 3 of"):
        write_sample(tmp_path, "ntu", 1, ["bow"], color_width=160, cancelled=cancelled)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []  # nothing half made


@pytest.mark.parametrize(
    ("layout", "subjects", "actions", "views", "width"),
    [
        ("kinetics", 1, [], 1, 0),
        ("ntu", 0, [], 1, 0),
        ("ntu", 1, ["juggle"], 1, 0),
        ("ntu", 1, [], 4, 0),
        ("utd", 1, [], 2, 0),
        ("ntu", 1, [], 1, 333),
    ],
)
def test_nonsense_is_refused_before_anything_is_written(
    tmp_path: Path, layout: str, subjects: int, actions: list[str], views: int, width: int
) -> None:
    out = tmp_path / "out"
    with pytest.raises(UsageError):
        write_sample(out, layout, subjects, actions, 1, views, color_width=width)  # type: ignore[arg-type]
    assert not out.exists()


def test_the_bundled_demo_is_whole_and_small() -> None:
    folder = resource("demo")
    assert is_project(folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert size <= 25_000_000
    project = Project.open(folder)
    names = {path.stem for path in project.recordings()}
    assert names == {UNTRIMMED, *(f"{key}-s{n:02d}" for key in CLIPS for n in (1, 2))}
    alice, bob = (
        {d.annotator: d for d in project.documents(UNTRIMMED)}[who].tiers[0].clips
        for who in ("alice", "bob")
    )
    assert len(bob) == len(alice) - 1
    labels = [{clip.label for clip in clips} for clips in (alice, bob)]
    assert labels[0] - labels[1]
    for path in project.recordings():
        with harstudio.open(path) as recording:
            assert recording.problems == ()
            for stream in recording.streams.values():
                assert len(stream) > 30
            recording.streams["color"].frame(len(recording.streams["color"]) - 1)
    with harstudio.open(folder / "recordings" / f"{UNTRIMMED}.harrec") as minute:
        people = [
            len(minute.streams["skeleton"].frame(k).bodies)
            for k in range(0, len(minute.streams["skeleton"]), 15)
        ]
        assert minute.end_ns > 55e9
        assert {1, 2} <= set(people)
