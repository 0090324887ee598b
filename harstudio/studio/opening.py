"""Opening a path of any kind; runs in a worker thread, knows nothing of the window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harstudio.errors import DataError, HarstudioError, MissingError, UnknownFormatError
from harstudio.labels.project import Project, is_project
from harstudio.labels.team.faces_rule import remember
from harstudio.recordings.formats import ntu, ntu_facts, open_recording, scan, utd_mhad
from harstudio.recordings.recording import Recording
from harstudio.studio.looks import Looks, take_looks
from harstudio.studio.team.rules import TeamFacts, read_facts

ATTEMPTS = 20
TREES = {utd_mhad.NAME: utd_mhad.TREE, ntu.NAME: ntu_facts.TREE}  # a folder for each kind of file


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of a path. recording is None for a project that has none yet."""

    recording: Recording | None
    project: Project
    folder: Path
    warnings: tuple[str, ...] = ()
    looks: Looks = field(default_factory=Looks)
    team: TeamFacts = field(default_factory=TeamFacts)


def load(path: Path, project: Project | None = None, folder: Path | None = None) -> Opened:
    """Open a project, a dataset folder or a recording; HarstudioError with one clear sentence.

    project: the project to stay in, None finds the one that the path belongs to. folder: what
    the library goes on listing, None lists what the path belongs to.
    """
    try:
        opened = _load(path, project, folder)
        if project is None:
            warnings = (*opened.warnings, *opened.project.problems)
            opened = replace(opened, warnings=warnings)
        if project is not None:
            opened.project.read_policy()  # somebody else may have changed it
        remember(opened.project)
        team = read_facts(opened.project)
        opened = replace(opened, team=team, warnings=(*opened.warnings, *team.problems))
        if opened.recording is None:
            return opened
        return replace(opened, looks=take_looks(opened.recording))
    except HarstudioError:
        raise
    except Exception as error:  # a reader's own failure must reach the window, whatever it is
        kind = type(error).__name__
        raise DataError(
            f"It could not be opened ({kind}: {error}).",
            path=path,
            remedy="See whether the file is whole; other recordings still open.",
        ) from error


def _load(path: Path, project: Project | None, folder: Path | None) -> Opened:
    if not path.exists():
        raise MissingError("There is no such file or folder.", path=path)
    if project is None and folder is None:
        if is_project(path):
            return _load_project(path if path.is_dir() else path.parent)
        around = next((parent for parent in path.absolute().parents if is_project(parent)), None)
        inside = None if around is None else _load_inside(Project.open(around), path.absolute())
        if inside is not None:
            return inside
        if path.is_dir():
            return _load_folder(path)
    recording = open_recording(path)
    where = folder or _dataset_folder(recording, path.parent)
    return Opened(recording, project or _private(recording), where, recording.problems)


def _dataset_folder(recording: Recording, folder: Path) -> Path:
    """The root of the dataset that a file in this folder belongs to; else the folder."""
    tree = TREES.get(recording.format)
    return folder if tree is None else tree.root(folder)


def _load_inside(project: Project, path: Path) -> Opened | None:
    """A recording of a project, opened by its own path; None when the project has it not."""
    try:
        recording = open_recording(path)
    except UnknownFormatError:
        return None
    if recording.path in project.recordings():
        return Opened(recording, project, project.folder, recording.problems)
    recording.close()
    return None


def _private(recording: Recording) -> Project:
    """Where labels go without a project: by the folder the recording lies in.

    So they are found again whether the recording or its whole dataset is opened.
    """
    return Project.private_for(recording.path.parent, recording.format)


def _load_project(folder: Path) -> Opened:
    project = Project.open(folder)
    paths = project.recordings()
    if not paths:
        return Opened(None, project, folder, ("This project has no recordings yet.",))
    recording, warnings = _first_that_opens(paths)
    return Opened(recording, project, folder, warnings)


def _load_folder(folder: Path) -> Opened:
    try:
        recording = open_recording(folder)
    except UnknownFormatError:
        found = scan(folder).recordings
        if not found:
            raise
        recording, warnings = _first_that_opens([entry.path for entry in found])
        return Opened(recording, _private(recording), folder, warnings)
    return Opened(recording, _private(recording), folder.parent, recording.problems)


def _first_that_opens(paths: Sequence[Path]) -> tuple[Recording, tuple[str, ...]]:
    """The first whole recording, with a sentence for each damaged one before it."""
    errors: list[HarstudioError] = []
    for path in paths[:ATTEMPTS]:
        try:
            recording = open_recording(path)
        except HarstudioError as error:
            errors.append(error)
        else:
            return recording, (*map(str, errors), *recording.problems)
    raise errors[0]
