"""Reading from a project what is compared; not for the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from harstudio.errors import HarstudioError
from harstudio.labels.agreement.frames import Compared
from harstudio.labels.model import Document
from harstudio.labels.project import Project
from harstudio.labels.team.after_done import changed_after_done
from harstudio.labels.team.policy import GOLD
from harstudio.recordings.frame_grid import FrameGrid

STEP_NS = 33_333_333  # where a recording is not there to say when its frames are


def says_something(document: Document) -> bool:
    """Whether a document is an opinion: it has clips, or is done without any."""
    return document.done or any(tier.clips for tier in document.said)


def by_a_person(document: Document) -> bool:
    """Whether it is neither the gold document nor what a network said."""
    return document.annotator != GOLD and not document.by_network


def frames_of(path: Path | None) -> FrameGrid | int:
    """The frames of a recording's reference stream; a thirtieth of a second without one.

    HarstudioError when the recording cannot be opened.
    """
    from harstudio.recordings.formats import open_recording  # every format; only needed here

    if path is None:
        return STEP_NS
    with open_recording(path) as recording:
        reference = recording.reference
        if reference is None:
            return STEP_NS
        return FrameGrid(reference.times_ns, reference.period_ns)


def read_compared(
    project: Project,
    recordings: Sequence[str],
    annotators: Iterable[str] | None = None,
    *,
    on_problem: Callable[[HarstudioError], None],
    progress: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[Compared]:
    """What ``measure_all`` compares, one recording at a time.

    annotators: whose documents, by default those of all people. on_problem: is told of
    documents that cannot be read, which are left out, and of recordings whose frames cannot be
    read, which are compared at equal steps. progress: recordings read so far.
    """
    wanted = None if annotators is None else set(annotators)
    paths = project.recording_paths()
    for number, name in enumerate(recordings):
        if cancelled is not None and cancelled():
            return
        documents = tuple(
            document
            for document in project.documents(name, on_problem)
            if says_something(document)
            and (by_a_person(document) if wanted is None else document.annotator in wanted)
        )
        grid: FrameGrid | int = STEP_NS
        if len(documents) > 1:
            try:
                grid = frames_of(paths.get(name))
            except HarstudioError as error:
                on_problem(error)
        if documents:
            revised = changed_after_done(project, name)
            yield Compared(name, documents, grid, revised=revised)
        if progress is not None:
            progress(number + 1)
