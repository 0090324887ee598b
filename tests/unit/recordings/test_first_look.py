"""A scan tells which files are empty, cut off or something else than their names say."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

import codec_matrix
from codec_matrix import MATRIX
from dataset_files import skeleton_text, write_text, write_trial, write_video
from harstudio.errors import DataError
from harstudio.recordings.formats import open_recording, scan
from harstudio.recordings.formats.first_look import look_at_skeleton, look_at_video

NTU = "S001C001P001R001A001"


def cut(path: Path, share: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def told(folder: Path) -> list[tuple[str, str]]:
    return [(problem.path.name, problem.message) for problem in scan(folder).problems]


def write_pngs(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 255, (30, 40, 3), dtype=np.uint8)
    for name in names:
        (folder / name).write_bytes(cv2.imencode(Path(name).suffix, noise)[1].tobytes())


# ---- skeletons


@pytest.mark.parametrize("bodies", [[], [0], [1, 2, 1], [1, 0], [0, 0, 2, 0, 0], [6] * 4])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_whole_skeletons_look_whole(bodies: list[int], newline: str, tmp_path: Path) -> None:
    write_text(tmp_path / "x.skeleton", skeleton_text(bodies, newline=newline))
    look_at_skeleton(tmp_path / "x.skeleton")
    write_text(tmp_path / "x.skeleton", skeleton_text(bodies, newline=newline).rstrip())
    look_at_skeleton(tmp_path / "x.skeleton")


def test_skeletons_cut_anywhere_are_told(tmp_path: Path) -> None:
    path = tmp_path / "x.skeleton"
    text = skeleton_text([1, 2, 1]).rstrip()
    missed = 0
    for length in range(0, len(text) - 1, 7):
        path.write_text(text[:length])
        try:
            look_at_skeleton(path)
        except DataError:
            continue
        missed += 1
    # The end of a frame, and numbers that lack digits, can only be told by reading everything.
    assert missed <= 0.01 * len(text) / 7


def test_a_sample_keeps_what_is_usable(tmp_path: Path) -> None:
    write_text(tmp_path / "nturgb+d_skeletons" / f"{NTU}.skeleton", skeleton_text([1] * 8))
    write_video(tmp_path / "nturgb+d_rgb" / f"{NTU}_rgb.avi", 8)
    assert told(tmp_path) == []
    skeleton = cut(tmp_path / "nturgb+d_skeletons" / f"{NTU}.skeleton", 0.5)
    result = scan(tmp_path)
    assert [found.streams for found in result.recordings] == [("color",)]
    assert [problem.path for problem in result.problems] == [skeleton]
    assert "ends too early" in result.problems[0].message
    with open_recording(result.recordings[0].path) as recording:
        assert list(recording.streams) == ["color"]


def test_a_sample_of_which_nothing_is_left_has_no_streams(tmp_path: Path) -> None:
    write_text(tmp_path / f"{NTU}.skeleton", "hi")
    result = scan(tmp_path)
    assert [(found.name, found.streams) for found in result.recordings] == [(NTU, ())]
    assert len(result.problems) == 1


def test_the_path_stands_once_in_an_error(tmp_path: Path) -> None:
    write_text(tmp_path / f"{NTU}.skeleton", skeleton_text([1] * 8))
    path = cut(tmp_path / f"{NTU}.skeleton", 0.5)
    with pytest.raises(DataError) as caught:
        open_recording(path)
    assert str(caught.value).count(str(path)) == 1
    assert caught.value.path == path
    video = tmp_path / f"{NTU}_rgb.avi"
    video.write_bytes(b"hi")
    with pytest.raises(DataError) as caught:
        open_recording(path)
    assert [str(caught.value).count(str(one)) for one in (path, video)] == [1, 1]


def test_the_path_stands_once_in_an_error_of_a_trial(tmp_path: Path) -> None:
    paths = write_trial(tmp_path)
    for name in ("skeleton", "inertial"):
        paths[name].unlink()
    cut(paths["depth"], 0.02)
    with pytest.raises(DataError) as caught:
        open_recording(paths["depth"])
    assert str(caught.value).count(str(paths["depth"])) == 1


# ---- videos


def test_every_whole_video_looks_whole(tmp_path: Path) -> None:
    for sample in MATRIX:
        assert look_at_video(codec_matrix.write(sample, tmp_path)) == ""


@pytest.mark.parametrize("name", ["h264_b.avi", "h264_b.mp4", "mjpeg.avi"])
def test_a_cut_video_is_a_problem(name: str, tmp_path: Path) -> None:
    sample = next(one for one in MATRIX if one.name == name)
    path = cut(codec_matrix.write(sample, tmp_path), 0.3)
    result = scan(tmp_path)
    assert [problem.path for problem in result.problems] == [path]
    for found in result.recordings:  # an avi can be shown as far as it goes, an mp4 cannot
        with open_recording(found.path) as recording:
            assert len(recording.streams["color"])


@pytest.mark.parametrize("name", ["no.mp4", "no.avi", "no.mkv"])
@pytest.mark.parametrize("content", [b"", b"hi"])
def test_what_is_no_video_is_a_problem(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    result = scan(tmp_path)
    assert result.recordings == ()
    assert [problem.path.name for problem in result.problems] == [name]


def test_colour_of_a_trial_is_looked_at(tmp_path: Path) -> None:
    write_trial(tmp_path)
    color = tmp_path / "RGB" / "a3_s2_t1_color.avi"
    write_video(color, 10)
    assert told(tmp_path) == []
    color.write_bytes(b"hi")
    result = scan(tmp_path)
    assert [problem.path for problem in result.problems] == [color]
    assert result.recordings[0].streams == ("skeleton", "depth", "inertial")


# ---- pictures


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_damaged_picture_is_told_by_scan_and_by_opening(suffix: str, tmp_path: Path) -> None:
    write_pngs(tmp_path, [f"f_{k}{suffix}" for k in range(5)])
    assert told(tmp_path) == []
    damaged = tmp_path / f"f_3{suffix}"
    damaged.write_bytes(damaged.read_bytes()[:200])
    expected = f"1 picture is damaged or cut off: f_3{suffix}."
    assert [message for _, message in told(tmp_path)] == [expected]
    with open_recording(tmp_path) as recording:
        assert recording.problems == (expected,)


def test_pictures_without_numbers_are_told(tmp_path: Path) -> None:
    write_pngs(tmp_path, ["a.png", "b.png"])
    for path in (tmp_path, tmp_path / "a.png"):
        with pytest.raises(DataError, match="differ only by a number"):
            open_recording(path)


def test_opencv_says_nothing_itself(tmp_path: Path) -> None:
    write_pngs(tmp_path, ["1.png", "2.png"])
    (tmp_path / "2.png").write_bytes((tmp_path / "2.png").read_bytes()[:200])
    program = (
        "import sys, harstudio\n"
        "try: harstudio.open(sys.argv[1]).streams['color'].frame(1)\n"
        "except harstudio.errors.DataError: sys.exit(3)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (3, "")


# ---- time


def test_a_large_tree_is_looked_at_quickly(tmp_path: Path) -> None:
    text = skeleton_text([1] * 4).encode()
    for number in range(2000):
        name = f"S001C001P{number // 100:03d}R001A{number % 100 + 1:03d}.skeleton"
        (tmp_path / name).write_bytes(text)
    started = time.perf_counter()
    result = scan(tmp_path)
    assert time.perf_counter() - started < 5.0  # measured: 0.2 s
    assert len(result.recordings) == 2000
