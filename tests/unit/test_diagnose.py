"""The diagnosis: complete, plain data, and never a crash."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from harstudio import cli_output, diagnose


@pytest.fixture(scope="module")
def document() -> dict[str, object]:
    return diagnose.diagnosis()


def test_all_sections_are_there_and_plain(document: dict[str, object]) -> None:
    sections = {"harstudio", "python", "system", "memory", "packages", "video", "opencv"}
    sections |= {"qt", "opengl", "sound", "fonts", "folders", "environment", "problems"}
    assert set(document) >= sections
    assert json.loads(json.dumps(document)) == document


def test_opencv_is_the_headless_one(document: dict[str, object]) -> None:
    opencv = document["opencv"]
    assert isinstance(opencv, dict)
    assert opencv["headless"] is True
    assert opencv["installed"] == ["opencv-python-headless"]


def test_folders_are_those_of_this_home(home: Path) -> None:
    document = diagnose.diagnosis()
    assert document["folders"]["settings"].startswith(str(home))
    assert document["folders"]["settings_folder_writable"] is True


def test_a_qt_that_aborts_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "no-such-platform")
    document = diagnose.diagnosis()
    assert "no-such-platform" in document["qt"]["error"]
    assert any(problem.startswith("qt: ") for problem in document["problems"])


def test_a_qt_that_hangs_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_arguments: object, **_named: object) -> None:
        raise subprocess.TimeoutExpired("harstudio", 60)

    monkeypatch.setattr(subprocess, "run", hang)
    assert "did not answer" in diagnose.diagnosis()["qt"]["error"]


def test_a_section_that_fails_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> dict[str, object]:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(diagnose, "_opencv", fail)
    document = diagnose.diagnosis()
    assert document["opencv"] == {"error": "RuntimeError: no such thing"}
    assert document["video"]["h264_encoder"] is True


def test_two_opencvs_are_a_problem(document: dict[str, object]) -> None:
    both = {"installed": ["opencv-python", "opencv-python-headless"], "headless": True}
    problems = list(diagnose._problems({**document, "opencv": both}))
    assert any("share one folder" in problem for problem in problems)


def test_for_people(document: dict[str, object], capsys: pytest.CaptureFixture[str]) -> None:
    cli_output.print_diagnosis(document)
    out = capsys.readouterr().out
    assert "h264 encoder: yes" in out
    assert "headless: yes" in out
