"""The command line: what it prints, where it prints it, and its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from harstudio import __version__
from harstudio.cli import main
from trials import FRAMES, HEIGHT, JOINTS, WIDTH, write_trial


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str | Path) -> Said:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        code = ended.value.code
        return Said(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run


def assert_one_sentence(said: Said, status: int, *words: str) -> None:
    assert said.status == status
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
    for word in words:
        assert word in said.err


def test_live_refuses_what_would_never_be_told(run: Run) -> None:
    live = ("live", "--headless", "--source", "webcam:0")
    assert_one_sentence(run(*live, "--labels", "wave"), 2, "Add --run")
    assert_one_sentence(
        run(*live, "--run", "joints-any-sensor", "--labels", "right hand wav"),
        2,
        "Did you mean right hand wave?",
    )


def test_help_names_every_command_in_full(run: Run) -> None:
    said = run("--help")
    assert said.status == 0
    for command in ("open", "demo", "info", "scan", "sample", "convert", "predict", "diagnose"):
        assert f"\n  {command} " in said.out
    assert not any(line.endswith("...") for line in said.out.splitlines()[1:])
    assert "qt-report" not in said.out


@pytest.mark.parametrize(
    "command", ["open", "demo", "info", "scan", "sample", "convert", "predict", "diagnose"]
)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    said = run(command, "--help")
    assert said.status == 0
    assert f"Usage: harstudio {command}" in said.out


def test_version(run: Run) -> None:
    assert run("--version").out == f"harstudio {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["fly"], "fly"),
        (["info"], "harstudio info --help"),
        (["open"], "harstudio open --help"),
        (["info", "x", "--jsno"], "--jsno"),
        (["sample", "x", "--layout", "kinect"], "kinect"),
        (["sample", "x", "--subjects", "0"], "--subjects"),
        (["convert", "."], "harstudio convert --help"),
    ],
)
def test_wrong_usage_is_one_sentence_and_status_2(
    run: Run, arguments: list[str], word: str
) -> None:
    assert_one_sentence(run(*arguments), 2, word)


@pytest.mark.parametrize("command", ["info", "scan", "open"])
def test_a_path_that_is_not_there_is_named(run: Run, tmp_path: Path, command: str) -> None:
    missing = tmp_path / "nicht da.mat"
    assert_one_sentence(run(command, missing), 1, str(missing))


def test_scan_wants_a_folder(run: Run, tmp_path: Path) -> None:
    assert_one_sentence(run("scan", write_trial(tmp_path)), 2, "harstudio info")


def test_info_json_is_the_stable_document(run: Run, tmp_path: Path) -> None:
    file = write_trial(tmp_path / "UTD-MHAD 動作", "a3_s2_t4")
    said = run("info", file, "--json")
    assert said.status == 0
    assert said.err == ""
    document = json.loads(said.out)
    assert document["name"] == "a3_s2_t4"
    assert document["format"] == "utd-mhad"
    assert (document["subject"], document["repetition"], document["view"]) == (2, 4, None)
    assert document["action"] == {"code": "a3", "label": 2, "name": document["action"]["name"]}
    assert document["action"]["name"]
    assert document["problems"] == []
    streams = {stream["name"]: stream for stream in document["streams"]}
    assert list(streams) == ["depth", "inertial", "skeleton"]
    ends = {stream["end_ns"] for stream in streams.values()}
    assert ends == {document["duration_ns"]}
    depth, skeleton, inertial = streams["depth"], streams["skeleton"], streams["inertial"]
    assert (depth["width"], depth["height"], depth["frames"]) == (WIDTH, HEIGHT, FRAMES)
    assert (depth["dtype"], depth["unit"]) == ("uint16", "mm")
    assert (skeleton["topology"], skeleton["joints"]) == ("utd_mhad_20", JOINTS)
    assert inertial["channels"] == ["ax", "ay", "az", "gx", "gy", "gz"]
    assert inertial["nominal_rate_hz"] == 50.0


def test_info_for_people(run: Run, tmp_path: Path) -> None:
    said = run("info", write_trial(tmp_path))
    assert said.status == 0
    assert said.out.startswith("a1_s1_t1 (utd-mhad), ")
    assert f"{WIDTH}x{HEIGHT} uint16 mm" in said.out
    assert f"{JOINTS} joints (utd_mhad_20), 1 person" in said.out


def test_info_on_a_damaged_file(run: Run, tmp_path: Path) -> None:
    file = write_trial(tmp_path)
    for other in tmp_path.rglob("*.mat"):
        other.write_bytes(b"MATLAB 5.0 MAT-file, but no more of it")
    said = run("info", file)
    assert said.err.count("\n") == 1 or "problem:" in said.out
    assert "a1_s1_t1_depth.mat" in said.err + said.out
    assert "Traceback" not in said.err


def test_info_on_a_file_of_no_format(run: Run, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("nothing to see")
    assert_one_sentence(run("info", notes), 1, str(notes))


def test_scan_counts_and_goes_on_past_what_is_broken(run: Run, tmp_path: Path) -> None:
    for name in ("a1_s1_t1", "a1_s2_t1", "a27_s8_t4"):
        write_trial(tmp_path, name)
    whole = run("scan", tmp_path, "--json")
    assert whole.status == 0
    assert whole.err == ""
    document = json.loads(whole.out)
    assert document["formats"] == {"utd-mhad": 3}
    assert document["problems"] == []
    first = document["recordings"][0]
    assert set(first) >= {"path", "format", "name", "subject", "view", "action", "streams"}
    assert sorted(first["streams"]) == ["depth", "inertial", "skeleton"]

    (tmp_path / "Skeleton" / "a1_s2_t1_skeleton.mat").unlink()
    lacking = run("scan", tmp_path, "--json")
    assert lacking.status == 1
    document = json.loads(lacking.out)
    assert len(document["recordings"]) == 3
    assert any("a1_s2_t1" in problem["path"] for problem in document["problems"])


def test_scan_for_people_ends_with_the_sum(run: Run, tmp_path: Path) -> None:
    write_trial(tmp_path)
    said = run("scan", tmp_path)
    assert said.out.splitlines()[-1] == "1 recording (1 utd-mhad)"


def test_scan_of_an_empty_folder(run: Run, tmp_path: Path) -> None:
    said = run("scan", tmp_path, "--json")
    assert json.loads(said.out) == {"recordings": [], "problems": [], "formats": {}}


def test_a_mistake_of_ours_is_one_sentence_too(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(_path: Path) -> None:
        raise KeyError("joints")

    monkeypatch.delenv("HARSTUDIO_DEBUG", raising=False)
    monkeypatch.setattr("harstudio.recordings.formats.open_recording", stumble)
    said = run("info", write_trial(tmp_path))
    assert_one_sentence(said, 1, "KeyError", "harstudio diagnose")
    monkeypatch.setenv("HARSTUDIO_DEBUG", "1")
    with pytest.raises(KeyError):
        main(["info", str(tmp_path)])


def test_what_the_system_refuses_is_one_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("harstudio.recordings.formats.open_recording", refuse)
    file = write_trial(tmp_path)
    assert_one_sentence(run("info", file), 1, f"{file}: Permission denied.")


def test_python_m_harstudio_in_a_plain_locale(tmp_path: Path) -> None:
    """A pipe in the C locale gets UTF-8, and a name that is no text still makes valid JSON."""
    folder = tmp_path / "скелет"
    write_trial(folder)
    try:
        write_trial(folder / os.fsdecode(b"\xff\xfe"), "a2_s1_t1")
        expected = 2
    except OSError:  # a file system that wants text
        expected = 1
    command = [sys.executable, "-m", "harstudio", "scan", str(folder), "--json"]
    environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert done.stderr == b""
    document = json.loads(done.stdout.decode("utf-8"))
    assert len(document["recordings"]) == expected
    assert "скелет" in document["recordings"][0]["path"]
