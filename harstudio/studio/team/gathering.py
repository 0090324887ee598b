"""Reading what everybody says about recordings, to be compared; for worker threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from harstudio.errors import HarstudioError
from harstudio.labels.agreement import Compared
from harstudio.labels.agreement.reading import STEP_NS, frames_of, says_something
from harstudio.labels.project import Project
from harstudio.labels.team.after_done import changed_after_done
from harstudio.recordings.frame_grid import FrameGrid


@dataclass(frozen=True, slots=True)
class Wanted:
    """A recording to compare; grid: its frames where they are known already."""

    name: str
    path: Path
    grid: FrameGrid | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """paths: of the recordings compared, by name. hidden: a sentence for whoever may not see
    something of it, and of how many recordings. problems: sentences about what could not be
    read."""

    compared: tuple[Compared, ...] = ()
    paths: dict[str, Path] = field(default_factory=dict)
    hidden: str = ""
    hidden_count: int = 0
    problems: tuple[str, ...] = ()

    @property
    def annotators(self) -> tuple[str, ...]:
        """Everybody who labelled something of it, sorted."""
        return tuple(sorted({d.annotator for one in self.compared for d in one.documents}))


def gather(
    project: Project,
    wanted: Iterable[Wanted],
    annotator: str,
    why_hidden: Callable[[str, bool], str],
    progress: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> Gathered:
    """The documents of recordings that two people at least labelled.

    why_hidden: why an annotator may not see a recording, by its name and whether the own
    document of it is done; "" when that is allowed.
    """
    compared: list[Compared] = []
    paths: dict[str, Path] = {}
    problems: list[str] = []
    hidden, hidden_count = "", 0
    for count, one in enumerate(wanted):
        if cancelled():
            break
        progress(count)
        documents = project.documents(one.name, lambda error: problems.append(str(error)))
        done = any(d.done for d in documents if d.annotator == annotator)
        reason = why_hidden(one.name, done)
        if reason:
            hidden, hidden_count = reason, hidden_count + 1
            continue
        labelled = tuple(d for d in documents if says_something(d))
        if len(labelled) >= 2:
            grid = one.grid or _grid(one.path, problems)
            revised = changed_after_done(project, one.name)
            compared.append(Compared(one.name, labelled, grid, revised=revised))
            paths[one.name] = one.path
    told = tuple(dict.fromkeys(problems))
    return Gathered(tuple(compared), paths, hidden, hidden_count, told)


def _grid(path: Path, problems: list[str]) -> FrameGrid | int:
    try:
        return frames_of(path)
    except HarstudioError as error:
        problems.append(str(error))
        return STEP_NS
