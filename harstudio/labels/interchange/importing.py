"""Labels from the files of other tools into a project: one undoable edit a document.

``read_file`` reads and changes nothing, so it can run beside the window; ``put`` writes what it
found into the documents, or hands the edit of a document that is open to whoever has it open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harstudio.errors import HarstudioError, UsageError
from harstudio.labels.interchange import activitynet, clocks, mmaction, registry
from harstudio.labels.interchange.base import (
    Bundle,
    Counted,
    ForeignFormat,
    Labelled,
    Reading,
    flattened,
)
from harstudio.labels.interchange.file_names import stem_of
from harstudio.labels.interchange.incoming import Merged, closeness_ns, merged, snapping
from harstudio.labels.interchange.recording_facts import Facts, Recordings
from harstudio.labels.interchange.times import SECOND_NS
from harstudio.labels.keeping.history import History
from harstudio.labels.label_sets.label_set import Label, LabelSet
from harstudio.labels.model import Document
from harstudio.labels.project import Project
from harstudio.labels.team.policy import GOLD
from harstudio.recordings.frame_grid import FrameGrid

MOST_NAMES = 5  # in a sentence
WHICH = " Say which one it is about: “Recording” in the window, --recording on the command line."


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a file says about one recording of the project, by one annotator."""

    document: Document
    grid: FrameGrid | None
    within_ns: int
    ready: tuple[int, Merged] | None = None  # for the document at that revision (``prepared``)

    @property
    def target(self) -> tuple[str, str]:
        """Recording and annotator of the document it goes to."""
        return self.document.recording, self.document.annotator


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that was read. unknown: labels that the project's label set does not have."""

    path: Path
    format: ForeignFormat
    incoming: tuple[Incoming, ...]
    unknown: LabelSet
    notes: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Put:
    """What became of one document: clips added, there already, put aside."""

    recording: str
    annotator: str
    added: int
    already: int
    aside: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file."""

    path: Path
    format: str
    documents: tuple[Put, ...]
    added_labels: tuple[str, ...]
    unknown_labels: tuple[str, ...]
    notes: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The result in a line."""
        added = sum(one.added for one in self.documents)
        already = sum(one.already for one in self.documents)
        recordings = len({one.recording for one in self.documents})
        people = ", ".join(dict.fromkeys(one.annotator for one in self.documents))
        many = "1 recording" if recordings == 1 else f"{recordings} recordings"
        clips = "1 clip" if added == 1 else f"{added} clips"
        there = f"; {already} were there already" if already else ""
        whose = f" as {people}" if people else ""
        return f"{self.path.name}: {clips} of {many} imported{whose}{there}."


def read_file(
    project: Project,
    path: Path,
    *,
    format: str = "",  # noqa: A002 -- as --format
    annotator: str = "",
    nobody: str = "imported",
    recording: str = "",
    fps: float = 0.0,
    known: Recordings | None = None,
) -> ReadFile:
    """Read a label file for a project; nothing is changed.

    annotator: whose labels they become, "" for whom the file names, and ``nobody`` where it
    names none. recording: which one it is about, "" for what the file tells; of a file about
    several only this one is read. Raises DataError or UsageError when the file cannot be read as a
    whole; recordings that the project does not have are among the problems, and agreed labels that
    were not asked for.
    """
    known = known or Recordings(project)
    known_format = registry.by_name(format) if format else registry.detect(path)
    wanted = known.named(recording) if recording else ""
    if recording and not wanted:
        raise UsageError(f"There is no recording “{recording}” in the project.", path=path)
    reading = Reading(annotator or nobody, project.label_set, wanted, known.grid_of, fps)
    bundle = registry.read(path, reading, known_format.NAME)
    notes, problems = [*bundle.notes], []
    alone = len(bundle.recordings) == 1
    bundle, said = _by(_filled(bundle), annotator)
    notes += said
    found: list[Incoming] = []
    others: list[str] = []
    for labelled in bundle.recordings:
        told = labelled.recording
        name = wanted if wanted and alone else _name_of(labelled, known, known_format, path, alone)
        if wanted and name != wanted:
            others.append(told)
            continue
        if not name:
            problem = (
                f"{path}: The project has no recording “{told:.80}”; its labels were left out."
            )
            problems.append(problem + WHICH * alone)
            continue
        if not wanted and told not in (name, known.shown(name)):
            notes.append(f"What the file says of “{told}” was taken for the recording “{name}”.")
        for one in _of_recording(labelled, name, known, known_format, fps):
            if one.document.annotator == GOLD and GOLD not in (annotator, nobody):
                problems.append(
                    f"{path}: The agreed labels ({GOLD}) of “{name}” were left out; they come in "
                    f"only when they are asked for, as those of the annotator {GOLD}."
                )
                continue
            notes += _late(one, known.facts(name))
            found.append(one)
    if wanted and others and not found:
        raise UsageError(
            f"The file is about several recordings ({', '.join(others[:MOST_NAMES])}), and none of "
            f"them is “{wanted}”.",
            path=path,
            remedy="Import it without naming a recording, or split it.",
        )
    if others:
        notes.append(f"Only “{wanted}” was read; the file is about {len(others)} others too.")
    return ReadFile(
        path,
        known_format,
        tuple(found),
        _unknown(found, bundle.label_set, project.label_set),
        flattened(notes),
        tuple(problems + known.problems),
    )


def put(
    project: Project,
    read: ReadFile,
    *,
    add_labels: bool = False,
    opened: Callable[[str, str], History | None] = lambda _recording, _annotator: None,
) -> Imported:
    """Write what was read into the project's documents.

    add_labels: labels that the label set does not have come into it. opened: the history of a
    document that the caller has open, by recording and annotator. A document that somebody else
    has open, or that is damaged, is a problem; the others go on.
    """
    notes, problems = [*read.notes], [*read.problems]
    unknown = tuple(label.name for label in read.unknown.labels)
    added_labels: tuple[str, ...] = ()
    if add_labels and unknown:
        project.set_label_set(_with(project.label_set, read.unknown.labels))
        added_labels, unknown = unknown, ()
    elif unknown:
        notes.append(f"Not in the label set of the project: {', '.join(unknown)}.")
    documents: list[Put] = []
    for one in read.incoming:
        target = one.target
        try:
            done = _put_one(project, read, one, opened(*target))
        except HarstudioError as error:
            problems.append(str(error))
            continue
        documents.append(Put(*target, done.added, done.already, done.aside))
        if done.replaced:
            notes.append(
                f"{target[0]}: annotations of dependent tiers, kept of an earlier file, were "
                f"replaced by those of this one ({done.replaced})."
            )
        if done.aside:
            notes.append(
                f"{target[0]}: {done.aside} clips overlap labels that are there; they lie in a "
                "tier “… (imported)”."
            )
    return Imported(
        read.path,
        read.format.NAME,
        tuple(documents),
        added_labels,
        unknown,
        flattened(notes),
        tuple(problems),
    )


def prepared(read: ReadFile, document: Document) -> ReadFile:
    """The same with the edit of one document worked out, which ``put`` then only has to do.

    document: a copy of one that is open, to be used beside its window; what the file says is put
    into it, so that it fits the next file. Where the open one was changed meanwhile ``put`` works
    the edit out again.
    """
    incoming = []
    for one in read.incoming:
        if one.target == (document.recording, document.annotator):
            done = _merged(read, one, document)
            one = replace(one, ready=(document.revision, done))
            if done.edit is not None:
                done.edit.apply(document)
                document.revision += 1
        incoming.append(one)
    return replace(read, incoming=tuple(incoming))


def _merged(read: ReadFile, one: Incoming, document: Document) -> Merged:
    snapped = snapping(read.format, one.grid)
    return merged(document, one.document, f"Import {read.path.name}", one.within_ns, snapped)


def _put_one(project: Project, read: ReadFile, one: Incoming, history: History | None) -> Merged:
    own = history is None
    if history is None:
        history = project.history(one.document.recording, one.document.annotator)
    try:
        fits = one.ready is not None and one.ready[0] == history.document.revision
        done = one.ready[1] if one.ready and fits else _merged(read, one, history.document)
        if done.edit is not None:
            history.do(done.edit)
    finally:
        if own:
            history.close()
    return done


def _name_of(
    labelled: Labelled, known: Recordings, known_format: ForeignFormat, path: Path, alone: bool
) -> str:
    """The recording of the project that a file speaks of, "" where there is none."""
    names = [labelled.recording]
    if known_format.NAME in (activitynet.NAME, mmaction.NAME):
        names.append(activitynet.twin_of(labelled.recording))
    names += [stem_of(media.path) for media in labelled.media]
    return known.named(*names, *([path.stem] if alone else []))


def _late(one: Incoming, facts: Facts | None) -> Iterable[str]:
    """The sentence about clips that go on after the end of the recording, where there are any."""
    if facts is None or not facts.duration_ns:
        return
    end_ns = facts.start_ns + facts.duration_ns + one.within_ns
    late = sum(clip.end_ns > end_ns for tier in one.document.tiers for clip in tier.clips)
    if late:
        lasts = f"“{one.document.recording}”, which lasts {facts.duration_ns / SECOND_NS:.2f} s"
        many = f"{{n}} clips go on after the end of {lasts}."
        yield Counted(late, many, many.replace("{n} clips go", "1 clip goes"))


def _of_recording(
    labelled: Labelled, name: str, known: Recordings, known_format: ForeignFormat, fps: float
) -> Iterable[Incoming]:
    facts = known.facts(name)
    labelled = clocks.for_reading(labelled, known_format, facts.media if facts else ())
    grid = None if facts is None else facts.grid
    within_ns = closeness_ns(known_format, grid, fps)
    for document in labelled.documents:
        yield Incoming(replace(document, recording=name), grid, within_ns)


def _filled(bundle: Bundle) -> Bundle:
    """Without documents that say nothing."""
    recordings = (
        replace(
            one,
            documents=tuple(
                document
                for document in one.documents
                if document.kept or document.done or any(tier.clips for tier in document.tiers)
            ),
        )
        for one in bundle.recordings
    )
    return replace(bundle, recordings=tuple(one for one in recordings if one.documents))


def _by(bundle: Bundle, annotator: str) -> tuple[Bundle, list[str]]:
    """The bundle by the annotator that was asked for, where that is possible."""
    named = {document.annotator for one in bundle.recordings for document in one.documents}
    if not annotator or named <= {annotator}:
        return bundle, []
    if any(len(one.documents) > 1 for one in bundle.recordings):
        people = ", ".join(sorted(named))
        return bundle, [f"The file names several annotators ({people}); they keep their names."]
    recordings = tuple(
        replace(one, documents=tuple(_renamed(document, annotator) for document in one.documents))
        for one in bundle.recordings
    )
    sentence = f"The file names {', '.join(sorted(named))}; imported as {annotator}, as asked."
    return replace(bundle, recordings=recordings), [sentence]


def _renamed(document: Document, annotator: str) -> Document:
    tiers = [
        replace(tier, name=annotator) if tier.name == document.annotator else tier
        for tier in document.tiers
    ]
    return replace(document, annotator=annotator, tiers=tiers)


def _unknown(found: Sequence[Incoming], told: LabelSet, ours: LabelSet) -> LabelSet:
    """The labels that clips have and the project's set has not, as the file describes them."""
    names = dict.fromkeys(
        clip.label for one in found for tier in one.document.tiers for clip in tier.clips
    )
    fresh = (name for name in names if name.strip() and ours.find(name) is None)
    return LabelSet("", tuple(told.find(name) or Label(name) for name in fresh))


def _with(label_set: LabelSet, labels: Iterable[Label]) -> LabelSet:
    for label in labels:
        label_set = label_set.with_label(label.name, label.code, label.definition)
    return label_set
