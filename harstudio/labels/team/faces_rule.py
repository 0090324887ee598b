"""Whether the project that a recording belongs to wants faces hidden."""

from __future__ import annotations

from pathlib import Path

from harstudio.labels.project import Project, is_project


def hides_faces(recording: Path) -> bool:
    """By the recording's path: the project around it, else the user's own for its folder.

    DataError when that project's file is damaged: then nobody knows, and nothing is shown.
    """
    path = recording.absolute()
    around = next((parent for parent in path.parents if is_project(parent)), None)
    project = Project.find_private(path.parent) if around is None else Project.open(around)
    return project is not None and project.policy.blur_faces
