"""Which project says whether faces of a recording are hidden."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harstudio.errors import DataError
from harstudio.labels.project import Project
from harstudio.labels.team.faces_rule import hides_faces, projects_of, remember


def test_the_project_around_a_recording_decides(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "study", "study")
    recording = project.folder / "recordings" / "deep" / "one.harrec"
    assert not hides_faces(recording)
    project.set_policy(replace(project.policy, blur_faces=True))
    assert hides_faces(recording)
    assert not hides_faces(tmp_path / "elsewhere" / "one.harrec")


def test_a_private_project_decides_for_its_folder(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    project = Project.private_for(tmp_path / "set")
    project.set_policy(replace(project.policy, blur_faces=True))
    assert hides_faces(tmp_path / "set" / "one.avi")


def test_a_damaged_project_is_an_error_and_no_licence(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "study", "study")
    (project.folder / "project.toml").write_text("[policy\n")
    with pytest.raises(DataError):
        hides_faces(project.folder / "recordings" / "one.harrec")


def test_recordings_elsewhere_are_known_once_the_project_was_opened(tmp_path: Path) -> None:
    """The usual lab: the project here, the data on a drive."""
    data = tmp_path / "drive" / "data"
    data.mkdir(parents=True)
    project = Project.create(tmp_path / "study", "study", recording_folders=[data])
    project.set_policy(replace(project.policy, blur_faces=True))
    assert projects_of(data / "one.avi") == []
    remember(project)
    assert hides_faces(data / "deep" / "one.avi")
    assert not hides_faces(tmp_path / "drive" / "two.avi")
    project.set_policy(replace(project.policy, blur_faces=False))
    assert not hides_faces(data / "one.avi")
    assert len(projects_of(data / "one.avi")) == 1
