"""What the library lists: recordings of a folder or project, and how far they are labelled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from harstudio.errors import HarstudioError
from harstudio.labels.model import Document
from harstudio.labels.project import Project, is_project
from harstudio.recordings.formats import open_recording, scan
from harstudio.recordings.formats.found import Found
from harstudio.studio.panels.library_model import DONE, IN_PROGRESS, LABELLED, UNLABELLED

FINISHED_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Contents:
    """problems: sentences that name the file. by_project: whose labels the recordings have."""

    recordings: tuple[Found, ...]
    problems: tuple[str, ...] = ()
    by_project: tuple[tuple[Project, tuple[Found, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class States:
    """How far recordings are labelled, by name; problems: sentences that name the file."""

    states: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def list_contents(
    folder: Path, progress: Callable[[int], None], cancelled: Callable[[], bool]
) -> Contents:
    """Everything in a project or in a folder with its subfolders; HarstudioError when none of
    it can be read."""
    if is_project(folder):
        return _project_contents(Project.open(folder), progress, cancelled)
    result = scan(folder, progress=progress, cancelled=cancelled)
    problems = tuple(f"{problem.path}: {problem.message}" for problem in result.problems)
    by_project = []
    for parent in sorted({found.path.parent for found in result.recordings}):
        private = Project.find_private(parent)  # looking makes none
        if private is not None:
            inside = tuple(found for found in result.recordings if found.path.parent == parent)
            by_project.append((private, inside))
    return Contents(result.recordings, problems, tuple(by_project))


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
    found = tuple(recordings)
    return Contents(found, tuple(problems), ((project, found),))


def label_states(
    by_project: Sequence[tuple[Project, Sequence[Found]]],
    annotator: str,
    alone: bool,
    _progress: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> States:
    """The states of the labelled ones; opens these to know how long they are.

    annotator: who looks. alone: told of the own labels alone, not of those of others.
    """
    states: dict[str, str] = {}
    problems: list[str] = []
    for project, recordings in by_project:
        labelled = project.labelled(found.name for found in recordings)
        for found in recordings:
            if cancelled():
                break
            if found.name in labelled:
                documents = project.documents(found.name, lambda e: problems.append(str(e)))
                if alone:
                    documents = [d for d in documents if d.annotator == annotator]
                length = partial(_duration_ns, found.path)
                states[found.name] = state_of(documents, length, annotator)
    return States(states, tuple(problems))


def _duration_ns(path: Path) -> int | None:
    """How long a recording is; None when it cannot be opened, which is told when it is opened."""
    try:
        recording = open_recording(path)
    except HarstudioError:
        return None
    duration_ns = recording.duration_ns
    recording.close()
    return duration_ns


def state_of(
    documents: Iterable[Document], duration_ns: Callable[[], int | None], annotator: str = ""
) -> str:
    """Unlabelled without clips; labelled when the clips of anybody reach the last fifth; done
    when the annotator says so.

    documents: of all annotators. duration_ns is only asked for when there are clips; where it is
    not known, any clip counts as labelled.
    """
    documents = tuple(documents)
    if any(d.done and d.annotator == annotator for d in documents):
        return DONE
    ends = [c.end_ns for d in documents for tier in d.said for c in tier.clips]
    if not ends:
        return UNLABELLED
    length = duration_ns()
    return LABELLED if length is None or max(ends) >= FINISHED_SHARE * length else IN_PROGRESS
