"""UTD-MHAD: the real dataset where it is at hand, and made trials with every damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import harstudio
from dataset_files import write_mat, write_trial, write_video
from harstudio.errors import DataError
from harstudio.recordings.formats import scan
from harstudio.recordings.projection import project_joints


def test_the_document_of_a_real_trial(utd_mhad: Path) -> None:
    path = utd_mhad / "Depth" / "a1_s1_t1_depth.mat"
    with harstudio.open(path) as recording:
        document = recording.describe()
    end = {"start_ns": 0, "end_ns": 1566666667}
    depth = {"name": "depth", "kind": "depth", "frames": 48, "rate_hz": 30.0, **end,
             "width": 320, "height": 240, "dtype": "uint16", "unit": "mm"}  # fmt: skip
    skeleton = {"name": "skeleton", "kind": "skeleton", "frames": 48, "rate_hz": 30.0, **end,
                "topology": "utd_mhad_20", "joints": 20, "bodies": 1, "unit": "m"}  # fmt: skip
    inertial = {"name": "inertial", "kind": "inertial", "frames": 160, "rate_hz": 101.49,
                "nominal_rate_hz": 50.0, **end,
                "channels": ["ax", "ay", "az", "gx", "gy", "gz"]}  # fmt: skip
    streams = {stream["name"]: stream for stream in document.pop("streams")}
    assert streams == {"depth": depth, "skeleton": skeleton, "inertial": inertial}
    assert document.pop("path").endswith("a1_s1_t1_skeleton.mat")
    assert document == {
        "name": "a1_s1_t1", "format": "utd-mhad", "duration_ns": 1566666667,
        "subject": 1, "view": None, "repetition": 1,
        "action": {"code": "a1", "label": 0, "name": "right arm swipe to the left"},
        "problems": [],
    }  # fmt: skip


def test_every_file_of_a_real_trial_opens_the_same(utd_mhad: Path) -> None:
    documents = []
    for path in sorted(utd_mhad.glob("*/a9_s4_t3_*.mat")):
        with harstudio.open(path) as recording:
            documents.append(recording.describe())
    assert len(documents) == 3
    assert documents[0] == documents[1] == documents[2]


def test_all_861_real_trials_are_found_whole(utd_mhad: Path) -> None:
    result = scan(utd_mhad)
    assert result.formats == {"utd-mhad": 861}
    assert result.problems == ()
    assert {found.streams for found in result.recordings} == {("skeleton", "depth", "inertial")}
    names = [found.name for found in result.recordings]
    assert len(set(names)) == 861
    assert not {"a8_s1_t4", "a23_s6_t4", "a27_s8_t4"} & set(names)
    assert names[:2] == ["a1_s1_t1", "a1_s1_t2"]
    assert names[-1] == "a27_s8_t3"


@pytest.mark.parametrize("trial", ["a1_s1_t1", "a13_s5_t2", "a22_s8_t3", "a27_s3_t1"])
def test_real_joints_lie_on_the_person(utd_mhad: Path, trial: str) -> None:
    with harstudio.open(utd_mhad / "Skeleton" / f"{trial}_skeleton.mat") as recording:
        depth, skeleton = recording.streams["depth"], recording.streams["skeleton"]
        shares = {1: [], -1: []}
        away = []
        for t in range(0, len(skeleton), 6):
            body, picture = skeleton.frame(t).bodies[0], depth.frame(t)
            for side in shares:
                pixels = recording.cameras["depth"].project(body.joints * [side, 1, 1])
                u, v = np.clip(np.rint(pixels).astype(int).T, 0, [[319], [239]])
                under = picture[v, u]
                shares[side].append(np.mean(under > 0))
                if side == 1:
                    away.append(np.abs(under - body.joints[:, 2] * 1000.0)[under > 0])
    assert np.mean(shares[1]) > 0.85
    assert np.mean(shares[1]) > np.mean(shares[-1])
    assert np.median(np.concatenate(away)) < 110


def test_streams_begin_and_end_together(tmp_path: Path) -> None:
    paths = write_trial(tmp_path, frames=10, samples=33)
    write_video(tmp_path / "RGB" / "a3_s2_t1_color.avi", 12, 640, 480)
    with harstudio.open(paths["inertial"]) as recording:
        assert list(recording.streams) == ["color", "depth", "inertial", "skeleton"]
        assert {s.end_ns for s in recording.streams.values()} == {300_000_000}
        assert {s.start_ns for s in recording.streams.values()} == {0}
        color = recording.streams["color"]
        assert len(color) == 12
        assert color.rate_hz == pytest.approx(11 / 0.3)
        assert color.frame(5).shape == (480, 640, 3)
        assert (recording.streams["depth"].frame(3) == 903).all()
        assert recording.problems == ()
        body = recording.streams["skeleton"].frame(0).bodies[0]
        x, y, z = body.joints[4]
        np.testing.assert_allclose(
            project_joints(recording, "color", body)[4],
            [320 + 531.15 * (x + 0.025) / z, 240 - 531.15 * y / z],
            rtol=1e-5,
        )


@pytest.mark.parametrize("flat", [True, False])
def test_flat_or_in_folders(tmp_path: Path, flat: bool) -> None:
    root = tmp_path / "Datensätze" / "骨格"
    paths = write_trial(root, flat=flat)
    with harstudio.open(paths["depth"]) as recording:
        assert len(recording.streams) == 3
        assert recording.problems == ()
    assert scan(tmp_path).formats == {"utd-mhad": 1}


def test_nested_folders_and_capitals(tmp_path: Path) -> None:
    paths = write_trial(tmp_path)
    inner = tmp_path / "Depth" / "Depth"
    inner.mkdir()
    shutil.move(paths["depth"], inner / paths["depth"].name)
    with harstudio.open(paths["skeleton"]) as recording:
        assert "depth" in recording.streams
    with harstudio.open(inner / paths["depth"].name) as recording:
        assert "skeleton" in recording.streams
    assert len(scan(tmp_path).recordings) == 1


def test_a_missing_modality_is_told_where_others_have_it(tmp_path: Path) -> None:
    write_trial(tmp_path)
    paths = write_trial(tmp_path, "a3_s2_t2")
    paths["depth"].unlink()
    with harstudio.open(paths["skeleton"]) as recording:
        assert list(recording.streams) == ["inertial", "skeleton"]
        assert len(recording.problems) == 1
        assert "depth" in recording.problems[0]
    result = scan(tmp_path)
    assert len(result.recordings) == 2
    assert len(result.problems) == 1
    assert "a3_s2_t2 has no depth" in result.problems[0].message


WRONG = {
    "another variable": {"d_other": np.zeros((20, 3, 5))},
    "wrong shape": {"d_skel": np.zeros((20, 2, 5))},
    "wrong joints": {"d_skel": np.zeros((25, 3, 5))},
    "no frames": {"d_skel": np.zeros((20, 3, 0))},
    "complex": {"d_skel": np.zeros((20, 3, 5), complex)},
    "text": {"d_skel": np.array(["text"])},
}


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_file_leaves_the_others(tmp_path: Path, how: str) -> None:
    paths = write_trial(tmp_path)
    write_mat(paths["skeleton"], **WRONG[how])
    with harstudio.open(paths["skeleton"]) as recording:
        assert list(recording.streams) == ["depth", "inertial"]
        assert len(recording.problems) == 1
        assert str(paths["skeleton"]) in recording.problems[0]
        assert recording.duration_ns == 300_000_000
    result = scan(tmp_path)
    assert len(result.recordings) == 1
    assert [problem.path for problem in result.problems] == [paths["skeleton"]]


@pytest.mark.parametrize("modality", ["depth", "skeleton", "inertial"])
def test_a_cut_file_leaves_the_others(tmp_path: Path, modality: str) -> None:
    paths = write_trial(tmp_path)
    data = paths[modality].read_bytes()
    paths[modality].write_bytes(data[: len(data) // 2])
    with harstudio.open(paths["skeleton"]) as recording:
        assert modality not in recording.streams
        assert len(recording.streams) == 2
        assert str(paths[modality]) in recording.problems[0]


def test_unequal_lengths_are_matched_and_told(tmp_path: Path) -> None:
    paths = write_trial(tmp_path, frames=10)
    write_mat(paths["skeleton"], d_skel=np.ones((20, 3, 8)))
    with harstudio.open(paths["depth"]) as recording:
        assert "10 frames and the skeleton 8" in recording.problems[0]
        ends = {stream.end_ns for stream in recording.streams.values()}
        assert ends == {round(7e9 / 30)}


def test_one_frame(tmp_path: Path) -> None:
    paths = write_trial(tmp_path)
    write_mat(paths["skeleton"], d_skel=np.ones((20, 3)))
    write_mat(paths["depth"], d_depth=np.full((24, 32), 700, np.uint16))
    with harstudio.open(paths["depth"]) as recording:
        assert len(recording.streams["skeleton"]) == len(recording.streams["depth"]) == 1
        assert (recording.streams["depth"].frame(0) == 700).all()
        assert recording.duration_ns == 0


def test_inertial_alone_has_its_own_rate(tmp_path: Path) -> None:
    paths = write_trial(tmp_path, samples=51)
    paths["depth"].unlink()
    paths["skeleton"].unlink()
    with harstudio.open(paths["inertial"]) as recording:
        assert recording.duration_ns == 1_000_000_000
        assert recording.streams["inertial"].rate_hz == pytest.approx(50)


def test_depth_kept_as_double_comes_as_millimetres(tmp_path: Path) -> None:
    paths = write_trial(tmp_path)
    values = np.full((24, 32, 10), 1234.0)
    values[0, 0] = np.nan
    values[0, 1] = 70000
    write_mat(paths["depth"], d_depth=values)
    with harstudio.open(paths["depth"]) as recording:
        picture = recording.streams["depth"].frame(9)
        assert picture.dtype == np.uint16
        assert picture[0, :3].tolist() == [0, 65535, 1234]


def test_lost_joints(tmp_path: Path) -> None:
    paths = write_trial(tmp_path)
    values = np.ones((20, 3, 10))
    values[:, :, 2] = 0
    values[4, 1, 3] = np.nan
    write_mat(paths["skeleton"], d_skel=values)
    with harstudio.open(paths["depth"]) as recording:
        skeleton = recording.streams["skeleton"]
        assert skeleton.frame(2).bodies == ()
        body = skeleton.frame(3).bodies[0]
        assert np.isnan(body.joints[4]).all()
        assert body.tracking[4] == 0
        assert body.tracking[5] == 2


def test_damaged_depth_is_told_when_it_is_looked_at(tmp_path: Path) -> None:
    paths = write_trial(tmp_path)
    noise = np.random.default_rng(0).integers(0, 4000, (48, 64, 10)).astype(np.uint16)
    write_mat(paths["depth"], d_depth=noise)
    data = bytearray(paths["depth"].read_bytes())
    data[len(data) // 2] ^= 0xFF
    paths["depth"].write_bytes(data)
    with harstudio.open(paths["depth"]) as recording:
        assert len(recording.streams["depth"]) == 10
        with pytest.raises(DataError, match="a3_s2_t1_depth"):
            recording.streams["depth"].frame(0)
        assert recording.streams["skeleton"].frame(0).bodies


def test_color_of_a_trial_that_cannot_be_decoded(tmp_path: Path) -> None:
    paths = write_trial(tmp_path)
    (tmp_path / "RGB").mkdir()
    color = tmp_path / "RGB" / "a3_s2_t1_color.avi"
    color.write_bytes(b"RIFF....AVI ")
    with harstudio.open(color) as recording:
        assert recording.path == paths["skeleton"]
        assert str(color) in recording.problems[0]
        assert len(recording.streams) == 3


def test_nothing_readable_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a1_s1_t1_depth.mat"
    path.write_bytes(b"")
    with pytest.raises(DataError, match=r"a1_s1_t1_depth\.mat"):
        harstudio.open(path)
