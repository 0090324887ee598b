"""The measures of labelled clips, or of a whole recording where nothing is labelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harstudio.errors import HarstudioError, MissingError
from harstudio.labels.model import Clip
from harstudio.labels.project import Project, is_project
from harstudio.measures.clips import ClipMeasures, measure_clip
from harstudio.recordings.formats import open_recording, scan
from harstudio.recordings.recording import Recording

Hide = Callable[[str], str]


def measure_all(
    path: Path,
    *,
    labels: Sequence[str] = (),
    annotators: Sequence[str] = (),
    recordings: Sequence[str] = (),
    seen_by: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
    on_problem: Callable[[HarstudioError], None] | None = None,
) -> list[ClipMeasures]:
    """Every clip of a project, or of one recording; without labels a recording is one clip.

    labels, annotators, recordings: only these, () for all. seen_by: only what the policy lets this
    annotator see, "" for everything. Recordings and clips that cannot be
    measured are handed to on_problem, else the error is raised. MissingError when nothing is
    left to measure. Names of subjects are replaced where the policy says so.
    """
    project = Project.open(path) if is_project(path) else None
    paths = project.recordings() if project is not None else _recordings(path)
    measured: list[ClipMeasures] = []
    for done, place in enumerate(paths):
        progress(done, len(paths))
        try:
            recording = open_recording(place)
        except HarstudioError as error:
            _tell(error, on_problem)
            continue
        try:
            if not recordings or recording.name in recordings:
                owner = project or Project.find_private(place.parent)
                hide = _hider(owner)
                clips = _clips(owner, recording, seen_by)
                for annotator, clip in clips:
                    wanted = not annotators or annotator in annotators
                    if wanted and (not labels or clip.label in labels):
                        _measure(recording, annotator, clip, hide, measured, on_problem)
        finally:
            recording.close()
    progress(len(paths), len(paths))
    if not measured:
        raise MissingError("There is no clip to measure.", path=path)
    return measured


def shown_names(path: Path) -> Hide:
    """What puts pseudonyms into a text about a project or a recording, where the policy asks
    for them."""
    return _hider(Project.open(path) if is_project(path) else Project.find_private(path.parent))


def _hider(project: Project | None) -> Hide:
    return str if project is None else project.pseudonyms().shown


def _recordings(path: Path) -> list[Path]:
    if path.is_dir():
        found = [one.path for one in scan(path).recordings]
        if found:
            return found
    return [path]


def _clips(
    project: Project | None, recording: Recording, seen_by: str
) -> Iterator[tuple[str, Clip]]:
    documents = [] if project is None else project.documents(recording.name)
    if project is not None:
        documents = project.policy.visible(recording.name, seen_by, documents)
    there = [
        (document.annotator, clip)
        for document in documents
        for tier in document.counted
        for clip in tier.clips
        if not clip.is_point
    ]
    if there:
        yield from there
        return
    label = recording.action.name if recording.action is not None else ""
    yield "", Clip(recording.start_ns, recording.stop_ns, label)


def _measure(
    recording: Recording,
    annotator: str,
    clip: Clip,
    hide: Hide,
    measured: list[ClipMeasures],
    on_problem: Callable[[HarstudioError], None] | None,
) -> None:
    try:
        found = measure_clip(
            recording,
            clip.start_ns,
            clip.end_ns,
            label=clip.label,
            annotator=annotator,
            person=clip.person,
        )
        named = hide(found.recording), hide(found.person)
        measured.append(replace(found, recording=named[0], person=named[1]))
    except HarstudioError as error:
        _tell(error, on_problem)


def _tell(error: HarstudioError, on_problem: Callable[[HarstudioError], None] | None) -> None:
    if on_problem is None:
        raise error
    on_problem(error)
