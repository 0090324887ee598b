"""Opening the recording of a side: where it is now, and by which rules it may be seen.

Runs in a worker thread; makes nothing and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harstudio.errors import MissingError
from harstudio.labels.project import Project, is_project
from harstudio.labels.team.faces_rule import remember
from harstudio.recordings.formats import open_recording
from harstudio.recordings.recording import Recording
from harstudio.studio.looks import Looks, take_looks
from harstudio.studio.team.rules import TeamFacts, read_facts

DEEPEST = 4  # folders of the old path that are looked for below a root


@dataclass(frozen=True, slots=True)
class Found:
    """A recording with its looks, and the project that lays down how it may be seen."""

    path: Path
    recording: Recording
    looks: Looks
    project: Project | None
    facts: TeamFacts
    done: bool  # whether the annotator's own labels of it are done


def find_path(path: Path, roots: Sequence[Path]) -> Path:
    """Where a recording is now: at its path, else below one of the roots by the end of its path.

    MissingError where it is at none of them.
    """
    if path.is_absolute() and path.exists():
        return path
    parts = path.parts[1:] if path.is_absolute() else path.parts
    for kept in range(min(DEEPEST, len(parts)), 0, -1):
        for root in roots:
            there = root.joinpath(*parts[-kept:])
            if there.exists():
                return there.absolute()
    raise MissingError(
        "The recording is not where it was.",
        path=path,
        remedy="Open its folder or project (Ctrl+Shift+O); it is looked for there too.",
    )


def find(path: Path, roots: Sequence[Path], open_project: Project | None, who: str) -> Found:
    """Open a recording to look at it; HarstudioError where that is not possible.

    open_project: asked first whether the recording is its own. who: the annotator who looks.
    """
    path = find_path(path, roots)
    project = _project_of(path, open_project)
    facts = TeamFacts()
    if project is not None:
        remember(project)
        facts = read_facts(project)
    recording = open_recording(path)
    done = False
    if project is not None and project.policy.hides(recording.name, who, done=False):
        own = [one for one in project.documents(recording.name) if one.annotator == who]
        done = any(one.done for one in own)
    return Found(path, recording, take_looks(recording), project, facts, done)


def _project_of(path: Path, open_project: Project | None) -> Project | None:
    if open_project is not None and path in open_project.recordings():
        open_project.read_policy()  # somebody else may have changed it
        return open_project
    for folder in path.parents:
        if is_project(folder):
            around = Project.open(folder)
            return around if path in around.recordings() else None
    return Project.find_private(path.parent)
