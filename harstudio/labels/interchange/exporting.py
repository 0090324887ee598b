"""Labels of a project into the files of other tools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harstudio.errors import MissingError
from harstudio.labels.interchange import pyskl, registry
from harstudio.labels.interchange.base import Bundle, Labelled, clips_lost
from harstudio.labels.interchange.opinions import one_opinion
from harstudio.labels.interchange.recording_facts import Recordings
from harstudio.labels.interchange.writing import write_files
from harstudio.labels.project import Project


@dataclass(frozen=True, slots=True)
class Exported:
    """What became of an export: the files, how many clips of how many are in them, what could not
    be carried or read."""

    files: tuple[Path, ...]
    clips: int
    total: int
    recordings: int
    notes: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The result in a line."""
        clips = "1 clip" if self.total == 1 else f"{self.total} clips"
        clips = clips if self.clips == self.total else f"{self.clips} of {clips}"
        verb = "was" if self.clips == 1 else "were"
        many = "1 recording" if self.recordings == 1 else f"{self.recordings} recordings"
        where = str(self.files[0]) if len(self.files) == 1 else f"{len(self.files)} files"
        return f"{clips} of {many} {verb} written to {where}."


def read_bundle(
    project: Project,
    *,
    recordings: Sequence[str] = (),
    annotators: Sequence[str] = (),
    beside: Path,
    seen_by: str = "",
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[Bundle, list[str]]:
    """What a project's labels say, and sentences about what could not be read.

    recordings, annotators: only these, all where none is given; MissingError for a recording
    that is not there. beside: the folder that media are named from. seen_by: only what the
    policy lets this annotator see, "" for everything. Where the policy asks for pseudonyms nobody
    is named.
    """
    known = Recordings(project)
    names = [_found(known, name, project) for name in recordings] or project.labelled_recordings()
    found: list[Labelled] = []
    problems: list[str] = []
    hidden = 0
    for number, name in enumerate(names):
        if cancelled is not None and cancelled():
            break
        if progress is not None:
            progress(number, len(names))
        everybody = project.documents(name, lambda error: problems.append(str(error)))
        seen = project.policy.visible(name, seen_by, everybody)
        hidden += len(seen) < len(everybody)
        documents = tuple(
            document
            for document in seen
            if (not annotators or document.annotator in annotators)
            and (document.done or any(tier.clips for tier in document.said))
        )
        if not documents:
            continue
        facts = known.facts(name)
        if facts is None:
            found.append(Labelled(name, documents))
        else:
            media = facts.beside(beside)
            begin_ns = facts.start_ns
            found.append(
                Labelled(
                    name, documents, facts.duration_ns, media, path=facts.path, start_ns=begin_ns
                )
            )
    if hidden and (not annotators or set(annotators) != {seen_by}):
        many = "1 recording" if hidden == 1 else f"{hidden} recordings"
        problems.append(
            f"What others say of {many} is left out: {seen_by} is not done there, and it is "
            "hidden until then."
        )
    bundle = Bundle(tuple(found), project.label_set)
    return project.pseudonyms().bundle(bundle), problems + known.problems


def export(
    project: Project,
    out: Path,
    *,
    format: str = "",  # noqa: A002 -- as --format
    recordings: Sequence[str] = (),
    annotators: Sequence[str] = (),
    seen_by: str = "",
    overwrite: bool = False,
    fps: float = 0.0,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Exported:
    """Write a project's labels; one file, or one a recording into a folder.

    ConflictError where a file is there already and may not be replaced, MissingError where
    nobody labelled anything, UsageError where the format wants to know more. What cannot be read
    is among the problems, and the rest is written. seen_by: as of ``read_bundle``.
    """
    known = registry.by_name(format) if format else registry.by_ending(out)
    bundle, problems = read_bundle(
        project,
        recordings=recordings,
        annotators=annotators,
        beside=(out if out.is_dir() or not out.suffix else out.parent).absolute(),
        seen_by=seen_by,
        progress=progress,
        cancelled=cancelled,
    )
    if not bundle.recordings:
        whose = f" by {', '.join(annotators)}" if annotators else ""
        raise MissingError(f"There are no labels{whose} to export.", path=project.folder)
    if fps > 0:
        bundle = registry.with_rate(bundle, fps)
    told: tuple[str, ...] = ()
    if known is pyskl and not annotators:  # what is trained on
        bundle, told = one_opinion(bundle)
    files, notes = write_files(bundle, out, known.NAME, overwrite=overwrite)
    total = sum(
        len(tier.clips)
        for one in bundle.recordings
        for document in one.documents
        for tier in document.said
    )
    clips = total - clips_lost(notes)
    notes = (*told, *notes)
    return Exported(tuple(files), clips, total, len(bundle.recordings), notes, tuple(problems))


def _found(known: Recordings, name: str, project: Project) -> str:
    found = known.named(name)
    if not found:
        raise MissingError(f"There is no recording “{name}” in the project.", path=project.folder)
    return found
