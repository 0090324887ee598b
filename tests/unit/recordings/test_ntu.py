"""NTU RGB+D samples in every tree people unpack."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import harstudio
from dataset_files import skeleton_text, write_depth_pngs, write_text, write_video
from harstudio.errors import DataError
from harstudio.recordings.formats import scan
from harstudio.recordings.projection import project_joints

NAME = "S001C002P003R001A024"
LISTED = "S001C002P005R002A008"
TREES = {
    "official": ("nturgb+d_skeletons", "nturgb+d_rgb", "nturgb+d_ir", "nturgb+d_depth_masked"),
    "nested": ("nturgbd_skeletons_s001_to_s017/nturgb+d_skeletons",
               "nturgbd_rgb_s001/nturgb+d_rgb", "nturgbd_ir_s001/nturgb+d_ir",
               "nturgbd_depth_masked_s001/nturgb+d_depth_masked"),
    "outer only": ("nturgbd_skeletons_s001_to_s017", "nturgbd_rgb_s001", "nturgbd_ir_s001",
                   "nturgbd_depth_masked_s001"),
    "plain": ("skeletons", "rgb", "ir", "depth_masked"),
    "by setup": ("skeleton/S001", "rgb/S001", "ir/S001", "masked_depth/S001"),
    "flat": (".", ".", ".", "."),
    "non-ASCII": ("骨格/skeletons", "骨格/rgb", "骨格/ir", "骨格/mdepth"),
}  # fmt: skip


def write_sample(root: Path, tree: str, name: str = NAME, frames: int = 12) -> list[Path]:
    places = [root / place for place in TREES[tree]]
    write_text(places[0] / f"{name}.skeleton", skeleton_text([1] * frames))
    write_video(places[1] / f"{name}_rgb.avi", frames)
    write_video(places[2] / f"{name}_ir.avi", frames)
    write_depth_pngs(places[3] / name, frames)
    return [places[0] / f"{name}.skeleton", places[1] / f"{name}_rgb.avi",
            places[2] / f"{name}_ir.avi", places[3] / name]  # fmt: skip


@pytest.mark.parametrize("tree", TREES)
def test_any_file_of_a_sample_opens_all_of_it(tmp_path: Path, tree: str) -> None:
    paths = write_sample(tmp_path, tree)
    for path in [*paths, paths[3] / "MDepth-00000005.png"]:
        with harstudio.open(path) as recording:
            assert recording.problems == ()
            assert list(recording.streams) == ["color", "depth", "infrared", "skeleton"]
            assert recording.path == paths[0]
            assert {len(stream) for stream in recording.streams.values()} == {12}
            ends = {stream.end_ns for stream in recording.streams.values()}
            assert ends == {round(11e9 / 30)}


@pytest.mark.parametrize("tree", TREES)
def test_a_scan_finds_the_same(tmp_path: Path, tree: str) -> None:
    paths = write_sample(tmp_path, tree)
    result = scan(tmp_path)
    assert result.formats == {"ntu": 1}
    assert result.problems == ()
    found = result.recordings[0]
    assert found.path == paths[0]
    assert found.streams == ("skeleton", "color", "depth", "infrared")
    assert (found.name, found.subject, found.view) == (NAME, 3, 2)


def test_what_the_name_tells(tmp_path: Path) -> None:
    with harstudio.open(write_sample(tmp_path, "official")[0]) as recording:
        document = recording.describe()
    assert (document["subject"], document["view"], document["repetition"]) == (3, 2, 1)
    assert document["action"] == {"code": "A024", "label": 23, "name": "kicking something"}
    assert document["streams"][3]["topology"] == "kinect_v2_25"


def test_frames_are_those_of_the_files(tmp_path: Path) -> None:
    with harstudio.open(write_sample(tmp_path, "nested")[0]) as recording:
        depth = recording.streams["depth"].frame(7)
        assert depth.dtype == np.uint16
        assert depth.shape == (424, 512)
        assert (depth == 1007).all()
        color = recording.streams["color"].frame(9)
        assert color.shape == (48, 64, 3)
        assert abs(float(color.mean()) - 92) < 4
        assert recording.streams["infrared"].frame(3).ndim == 2


def test_joints_land_on_their_pixels_by_the_fitted_cameras(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.skeleton"
    write_text(path, skeleton_text([1] * 30))
    write_depth_pngs(tmp_path / NAME, 30, "Depth")
    with harstudio.open(path) as recording:
        body = recording.streams["skeleton"].frame(4).bodies[0]
        camera = recording.cameras["depth"]
        assert np.abs(camera.project(body.joints) - body.depth_px).max() < 0.01
        assert camera.fx == pytest.approx(365.5, abs=0.01)
        np.testing.assert_array_equal(project_joints(recording, "depth", body), body.depth_px)


def test_pixels_follow_pictures_that_were_made_smaller(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.skeleton"
    write_text(path, skeleton_text([1] * 30))
    write_video(tmp_path / f"{NAME}_rgb.avi", 30, width=480, height=270)
    with harstudio.open(path) as recording:
        body = recording.streams["skeleton"].frame(0).bodies[0]
        first = float(path.read_text().splitlines()[4].split()[5])
        assert project_joints(recording, "color", body)[0, 0] == pytest.approx(first / 4, abs=1e-3)
        projected = recording.cameras["color"].project(body.joints)
        assert np.abs(projected - body.color_px).max() < 0.5


def test_pixels_written_for_smaller_pictures_are_left_alone(tmp_path: Path) -> None:
    lines = skeleton_text([1] * 30).splitlines()
    for at, line in enumerate(lines):
        values = line.split()
        if len(values) == 12:
            values[5:7] = (f"{float(value) / 4:.7g}" for value in values[5:7])
            lines[at] = " ".join(values)
    path = tmp_path / f"{NAME}.skeleton"
    write_text(path, "\n".join(lines))
    write_video(tmp_path / f"{NAME}_rgb.avi", 30, width=480, height=270)
    with harstudio.open(path) as recording:
        body = recording.streams["skeleton"].frame(0).bodies[0]
        assert body.color_px[0, 0] == pytest.approx(float(lines[4].split()[5]))
        assert recording.cameras["color"].fx == pytest.approx(1081.4 / 4, rel=1e-3)


def test_masked_and_full_depth_are_two_streams(tmp_path: Path) -> None:
    write_depth_pngs(tmp_path / "nturgb+d_depth_masked" / NAME, 3)
    write_depth_pngs(tmp_path / "nturgb+d_depth" / NAME, 3, "Depth")
    with harstudio.open(tmp_path / "nturgb+d_depth" / NAME) as recording:
        assert list(recording.streams) == ["depth", "depth_masked"]
    assert scan(tmp_path).recordings[0].streams == ("depth",)


def test_a_stream_that_others_have_is_missed(tmp_path: Path) -> None:
    paths = write_sample(tmp_path, "official")
    other = "S001C002P003R001A025"
    write_text(paths[0].with_name(f"{other}.skeleton"), skeleton_text([1] * 12))
    with harstudio.open(paths[0].with_name(f"{other}.skeleton")) as recording:
        assert len(recording.problems) == 3
        assert list(recording.streams) == ["skeleton"]
    result = scan(tmp_path)
    assert len(result.recordings) == 2
    assert len(result.problems) == 3
    assert all(other in problem.message for problem in result.problems)


def test_a_setup_that_was_not_downloaded_is_not_missed(tmp_path: Path) -> None:
    paths = write_sample(tmp_path, "outer only")
    far = paths[0].with_name("S009C002P003R001A025.skeleton")
    write_text(far, skeleton_text([1] * 12))
    with harstudio.open(far) as recording:
        assert recording.problems == ()
    assert scan(tmp_path).problems == ()


def test_listed_samples_are_marked(tmp_path: Path) -> None:
    path = tmp_path / f"{LISTED}.skeleton"
    write_text(path, "2\n0\n0\n")
    with harstudio.open(path) as recording:
        assert any("lists this sample" in problem for problem in recording.problems)
        assert recording.streams["skeleton"].frame(1).bodies == ()
    assert any("lists" in problem.message for problem in scan(tmp_path).problems)


def test_damaged_streams_leave_the_others(tmp_path: Path) -> None:
    paths = write_sample(tmp_path, "official")
    text = paths[0].read_text()
    write_text(paths[0], text[: len(text) // 2])
    paths[1].write_bytes(paths[1].read_bytes()[:40])
    with harstudio.open(paths[2]) as recording:
        assert list(recording.streams) == ["depth", "infrared"]
        assert len(recording.problems) == 2
        assert any(str(paths[0]) in problem and "Line" in problem for problem in recording.problems)
        assert any(str(paths[1]) in problem for problem in recording.problems)


def test_nothing_that_can_be_read_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.skeleton"
    path.write_text("")
    with pytest.raises(DataError, match="empty"):
        harstudio.open(path)


def test_lost_pictures_leave_a_gap_and_are_said(tmp_path: Path) -> None:
    folder = tmp_path / NAME
    write_depth_pngs(folder, 6)
    (folder / "MDepth-00000003.png").unlink()
    with harstudio.open(folder) as recording:
        depth = recording.streams["depth"]
        assert len(depth) == 5
        assert (depth.frame(2) == 1003).all()
        assert depth.times_ns[2] == round(3e9 / 30)
        assert any("1 depth picture" in problem for problem in recording.problems)


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    folder = tmp_path / NAME
    write_depth_pngs(folder, 3)
    broken = folder / "MDepth-00000002.png"
    broken.write_bytes(broken.read_bytes()[:60])
    with harstudio.open(folder) as recording:
        with pytest.raises(DataError, match="MDepth-00000002"):
            recording.streams["depth"].frame(1)
        assert (recording.streams["depth"].frame(2) == 1002).all()


def test_unequal_lengths_are_said(tmp_path: Path) -> None:
    write_depth_pngs(tmp_path / NAME, 3)
    write_text(tmp_path / f"{NAME}.skeleton", skeleton_text([1] * 9))
    with harstudio.open(tmp_path / NAME) as recording:
        assert any("depth 3, skeleton 9" in problem for problem in recording.problems)
