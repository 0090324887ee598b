"""Answers of earlier sessions: the one about a recording is found, whatever lies beside it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harstudio.files import mark
from harstudio.resources import resource
from harstudio.results import Recognition, Window
from harstudio.runs.folder import RunFolder, stamp
from harstudio.runs.kept_recognitions import OF, answers_folder, kept_answer, marks, why_old
from harstudio.runs.recognitions import SUFFIX, save_recognition


def said_of(path: Path) -> Recognition:
    share = np.array([0.25, 0.75], dtype=np.float32)
    return Recognition(
        run="run",
        network="network",
        classes=("wave", "clap"),
        recording=path.stem,
        path=str(path),
        windows=(Window(0, 1_000_000_000, share, {}),),
        segments=(),
        label=1,
        confidence=0.75,
    )


def test_an_answer_is_found_by_what_it_is_about(tmp_path: Path) -> None:
    run, first, longer = tmp_path / "run", tmp_path / "t1.mat", tmp_path / "t10.mat"
    elsewhere = tmp_path / "other" / "t1.mat"
    run.mkdir()
    folder = answers_folder(run)
    assert folder == run / "recognitions"
    assert kept_answer(run, first, "t1") is None
    folder.mkdir()
    save_recognition(folder / f"t10{SUFFIX}", said_of(longer))
    save_recognition(folder / f"t1{SUFFIX}", said_of(elsewhere))
    save_recognition(folder / f"t1-2{SUFFIX}", said_of(first))
    (folder / f"t1-1{SUFFIX}").write_bytes(b"no archive")
    for path in (first, longer, elsewhere):
        found = kept_answer(run, path, path.stem)
        assert found is not None
        assert found.path == str(path)
    assert kept_answer(run, tmp_path / "t.mat", "t") is None


def test_an_answer_is_old_when_files_are_others(tmp_path: Path) -> None:
    """Also where they are older ones."""
    run, path = RunFolder(tmp_path / "run"), tmp_path / "t1.mat"
    run.best.parent.mkdir(parents=True)
    run.best.write_bytes(b"weights")
    path.write_bytes(b"recording")
    of = marks(stamp(run.path), mark(path))
    said = replace(said_of(path), run=str(run.path), asked={OF: of})
    assert why_old(said, mark(path)) == ""
    assert "learned on" in why_old(replace(said, asked={}), mark(path))
    os.utime(path, (1, 1))
    assert why_old(said, mark(path)) == "The recording has changed since the run said this."
    os.utime(run.best, (1, 1))
    assert why_old(said, mark(path)) == "The run has learned on since it said this."


def test_runs_of_one_name_that_cannot_be_written_do_not_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    box = answers_folder(resource("weights") / "joints-any-sensor")
    folders = {answers_folder(tmp_path / name / "joints-any-sensor") for name in ("a", "b")}
    assert len(folders | {box}) == 3
    assert box.name == "joints-any-sensor"
