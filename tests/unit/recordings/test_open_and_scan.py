"""Opening any path, and scanning folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import harstudio
from dataset_files import skeleton_text, write_depth_pngs, write_text, write_trial, write_video
from harstudio.errors import MissingError, UnknownFormatError
from harstudio.recordings.formats import FORMATS, open_recording, scan
from harstudio.recordings.formats.found import Listing

NTU = "S001C001P001R001A0{:02d}"


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.NAME)
def test_every_format_keeps_the_contract(known, tmp_path: Path) -> None:
    nothing = Listing(tmp_path, ("notes.txt",), ("more",))
    claim = known.scanner().visit(nothing)
    assert not claim.files
    assert not claim.folders
    assert not known.scanner().finish().recordings
    (tmp_path / "notes.txt").write_text("x")
    assert not known.recognises(tmp_path / "notes.txt")
    assert not known.recognises(tmp_path / "more")


def test_names_of_formats_are_apart() -> None:
    assert len({known.NAME for known in FORMATS}) == len(FORMATS)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no such file"):
        harstudio.open(tmp_path / "nothing.mat")
    with pytest.raises(MissingError, match="no such folder"):
        scan(tmp_path / "nothing")


def test_an_unknown_file_is_told_what_is_supported(tmp_path: Path) -> None:
    path = tmp_path / "Notizen ü.docx"
    path.write_bytes(b"PK")
    with pytest.raises(UnknownFormatError) as caught:
        harstudio.open(path)
    for word in ("Notizen ü.docx", "UTD-MHAD", "NTU RGB+D", ".harrec", "video"):
        assert word in str(caught.value)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormatError, match="empty"):
        harstudio.open(tmp_path)
    result = scan(tmp_path)
    assert result == type(result)((), (), {})


def test_a_folder_with_nothing_to_open(tmp_path: Path) -> None:
    write_text(tmp_path / "readme.txt", "hello")
    with pytest.raises(UnknownFormatError, match="no recording"):
        harstudio.open(tmp_path)


def test_a_folder_that_holds_one_recording_opens_it(tmp_path: Path) -> None:
    write_trial(tmp_path)
    with harstudio.open(tmp_path) as recording:
        assert recording.name == "a3_s2_t1"


def test_a_folder_of_several_says_how_many(tmp_path: Path) -> None:
    write_trial(tmp_path)
    write_trial(tmp_path, "a3_s2_t2")
    with pytest.raises(UnknownFormatError, match="2 recordings"):
        harstudio.open(tmp_path)


def test_relative_paths_and_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_trial(tmp_path, flat=True)
    monkeypatch.chdir(tmp_path)
    with harstudio.open("a3_s2_t1_depth.mat") as recording:
        assert len(recording.streams) == 3


def test_formats_side_by_side(tmp_path: Path) -> None:
    write_trial(tmp_path / "utd")
    write_text(tmp_path / "ntu" / "skeletons" / f"{NTU.format(1)}.skeleton", skeleton_text([1]))
    write_depth_pngs(tmp_path / "ntu" / "depth" / NTU.format(1), 2, "Depth")
    write_depth_pngs(tmp_path / "some pictures", 3, "frame")
    write_video(tmp_path / "videos" / "walk.mp4", 5)
    result = scan(tmp_path)
    assert result.formats == {"utd-mhad": 1, "ntu": 1, "pictures": 1, "video": 1}
    assert result.problems == ()
    for found in result.recordings:
        with open_recording(found.path) as recording:
            assert recording.name == found.name
            assert recording.format == found.format
            kinds = {str(stream.kind) for stream in recording.streams.values()}
            assert kinds == set(found.streams)


def test_two_copies_under_their_own_roots_are_two(tmp_path: Path) -> None:
    for copy in ("one", "two"):
        write_trial(tmp_path / copy)
        write_text(tmp_path / copy / "skeletons" / f"{NTU.format(1)}.skeleton", "0\n")
    result = scan(tmp_path)
    assert result.formats == {"utd-mhad": 2, "ntu": 2}
    assert result.problems == ()


def test_a_file_twice_under_one_root_is_a_problem(tmp_path: Path) -> None:
    for folder in ("skeletons", "skeleton"):
        write_text(tmp_path / folder / f"{NTU.format(1)}.skeleton", "0\n")
    result = scan(tmp_path)
    assert result.formats == {"ntu": 1}
    assert len(result.problems) == 1


def test_depth_folders_are_not_walked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for k in range(1, 6):
        write_depth_pngs(tmp_path / "nturgb+d_depth_masked" / NTU.format(k), 3)
    listed: list[str] = []
    real = os.scandir

    def spy(path):
        listed.append(str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", spy)
    assert scan(tmp_path).formats == {"ntu": 5}
    assert listed == [str(tmp_path), str(tmp_path / "nturgb+d_depth_masked")]


def test_hidden_files_are_left_alone(tmp_path: Path) -> None:
    write_trial(tmp_path / ".trash")
    write_text(tmp_path / f"._{NTU.format(1)}.skeleton", "0\n")
    assert scan(tmp_path).recordings == ()


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    write_trial(tmp_path / "data")
    (tmp_path / "data" / "again").symlink_to(tmp_path)
    assert scan(tmp_path).formats == {"utd-mhad": 1}


def test_linked_datasets_are_found(tmp_path: Path) -> None:
    write_trial(tmp_path / "far" / "utd")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "utd").symlink_to(tmp_path / "far" / "utd")
    assert scan(tmp_path / "here").formats == {"utd-mhad": 1}


def test_progress_and_cancelling(tmp_path: Path) -> None:
    for k in range(5):
        write_trial(tmp_path / f"set {k}", f"a1_s1_t{k + 1}")
    seen: list[int] = []
    assert len(scan(tmp_path, seen.append).recordings) == 5
    assert seen == sorted(seen)
    assert seen[-1] == 5 + 15 + 15
    seen.clear()
    stopped = scan(tmp_path, seen.append, lambda: len(seen) >= 9)
    assert len(stopped.recordings) == 2
    assert stopped.problems == ()


def test_a_folder_that_cannot_be_read_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_trial(tmp_path / "good")
    (tmp_path / "locked").mkdir()
    real = os.scandir

    def locked(path):
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", locked)
    result = scan(tmp_path)
    assert result.formats == {"utd-mhad": 1}
    assert [problem.path.name for problem in result.problems] == ["locked"]
