"""Whether the project that a recording belongs to wants faces hidden."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from harstudio.errors import HarstudioError
from harstudio.labels.keeping.shared_file import damaged, read_toml, update_toml
from harstudio.labels.model import typed
from harstudio.labels.project import Project, is_project
from harstudio.settings import data_dir

ELSEWHERE_FILE = "recordings-elsewhere.toml"


def hides_faces(recording: Path) -> bool:
    """By the recording's path, whether a project that it belongs to hides faces.

    DataError when such a project's file is damaged: then nobody knows, and nothing is shown.
    """
    return any(project.policy.blur_faces for project in projects_of(recording))


def projects_of(recording: Path) -> list[Project]:
    """The projects that a recording is known to belong to: the one around it, the user's own for
    its folder, and those opened here that list its folder from elsewhere (``remember``)."""
    path = recording.absolute()
    around = next((parent for parent in path.parents if is_project(parent)), None)
    found = [] if around is None else [Project.open(around)]
    private = Project.find_private(path.parent) if around is None else None
    found += [] if private is None else [private]
    for name, folders in _elsewhere().items():
        listed = any(path.resolve().is_relative_to(folder) for folder in folders)
        if listed and Path(name) != around and is_project(Path(name)):
            found.append(Project.open(Path(name)))
    return found


def remember(project: Project) -> None:
    """Keep, for this user, which folders outside its own a project lists recordings from.

    Where that cannot be written nothing is kept; whoever converts is told then.
    """
    home, own = project.folder.resolve(), data_dir().resolve()
    outside = {folder.resolve() for folder in project.recording_folders}
    folders = sorted(str(folder) for folder in outside if not folder.is_relative_to(home))
    if not folders or home.is_relative_to(own):  # the user's own ones are found by their folder
        return
    name = str(project.folder)
    with contextlib.suppress(HarstudioError, OSError):
        if _elsewhere().get(name) != folders:
            own.mkdir(parents=True, exist_ok=True)
            update_toml(own / ELSEWHERE_FILE, lambda data: _put(data, name, folders))


def _put(data: dict[str, Any], name: str, folders: list[str]) -> None:
    data["projects"] = typed(data, "projects", dict, {}) | {name: folders}


def _elsewhere() -> dict[str, list[str]]:
    """Folders of recordings by project; DataError when the file is damaged."""
    path = data_dir() / ELSEWHERE_FILE
    try:
        projects = typed(read_toml(path), "projects", dict, {})
        for name in projects:
            if not all(isinstance(one, str) for one in typed(projects, name, list)):
                raise ValueError(f"“{name}” must have a list of folders")
    except ValueError as error:
        raise damaged(path, error) from error
    return dict(projects)
