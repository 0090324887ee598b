"""What the library lists: recordings of a folder or project, and how far they are labelled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harstudio.labels.model import Document
from harstudio.labels.project import Project, is_project
from harstudio.recordings.formats import scan
from harstudio.recordings.formats.found import Found
from harstudio.studio.panels.library_model import IN_PROGRESS, LABELLED, UNLABELLED

FINISHED_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Contents:
    """problems: sentences that name the file. states: by recording name, only labelled ones."""

    recordings: tuple[Found, ...]
    problems: tuple[str, ...] = ()
    states: dict[str, str] = field(default_factory=dict)


def list_contents(
    folder: Path, progress: Callable[[int], None], cancelled: Callable[[], bool]
) -> Contents:
    """Everything in a project or in a folder with its subfolders; HarstudioError when none of
    it can be read."""
    if is_project(folder):
        return _project_contents(Project.open(folder), progress, cancelled)
    result = scan(folder, progress=progress, cancelled=cancelled)
    problems = [f"{problem.path}: {problem.message}" for problem in result.problems]
    states: dict[str, str] = {}
    for parent in {found.path.parent for found in result.recordings}:
        names = [found.name for found in result.recordings if found.path.parent == parent]
        private = Project.find_private(parent)  # looking makes none
        if private is not None:
            states |= _states(private, names, problems, cancelled)
    return Contents(result.recordings, tuple(problems), states)


def _project_contents(
    project: Project, progress: Callable[[int], None], cancelled: Callable[[], bool]
) -> Contents:
    recordings: list[Found] = []
    problems: list[str] = []
    for folder in project.recording_folders:
        if not folder.exists():
            problems.append(f"{folder}: This folder of the project is not there.")
            continue
        result = scan(folder, progress=progress, cancelled=cancelled)
        recordings += result.recordings
        problems += [f"{problem.path}: {problem.message}" for problem in result.problems]
    states = _states(project, [found.name for found in recordings], problems, cancelled)
    return Contents(tuple(recordings), tuple(problems), states)


def _states(
    project: Project,
    names: Sequence[str],
    problems: list[str],
    cancelled: Callable[[], bool],
) -> dict[str, str]:
    states: dict[str, str] = {}
    for name in project.labelled(names):
        if cancelled():
            break
        documents = project.documents(name, lambda error: problems.append(str(error)))
        states[name] = state_of(documents, None)
    return states


def state_of(documents: Iterable[Document], duration_ns: int | None) -> str:
    """Unlabelled without clips; labelled when they reach the last fifth of the recording.

    Where the duration is not known (a recording that is not open), any clip counts as labelled.
    """
    ends = [c.end_ns for d in documents for tier in d.tiers for c in tier.clips]
    if not ends:
        return UNLABELLED
    if duration_ns is None or max(ends) >= FINISHED_SHARE * duration_ns:
        return LABELLED
    return IN_PROGRESS
