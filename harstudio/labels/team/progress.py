"""How far labelling has come: what is there, what is missing, and the time it took."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from harstudio.errors import HarstudioError
from harstudio.labels.keeping.recovery import journal_path, load
from harstudio.labels.keeping.versions import log_path
from harstudio.labels.label_sets.attributes import Attribute, missing
from harstudio.labels.model import Clip, Document
from harstudio.labels.project import Project
from harstudio.labels.team.assignments import Assignments

PAUSE_S = 120.0  # a longer gap between two edits is not work

Progressed = Callable[[int, int], None]  # recordings read, recordings in all


@dataclass(frozen=True, slots=True)
class Progress:
    """One annotator's labels of one recording; all 0 where they are assigned and not begun.

    clips, points: how many; labelled_ns: the time that clips cover, each moment once;
    duration_ns: of the recording, None where it is not known. doubts: clips with a question;
    missing: clips without a required attribute. active_ns: time spent, from edit to edit, gaps
    above 120 s left out. problem: why the document cannot be read, "" when it can.
    """

    recording: str
    annotator: str
    clips: int = 0
    points: int = 0
    labelled_ns: int = 0
    duration_ns: int | None = None
    done: bool = False
    doubts: int = 0
    missing: int = 0
    active_ns: int = 0
    problem: str = ""

    @property
    def begun(self) -> bool:
        """Whether anything was labelled, or found to be done."""
        return bool(self.clips or self.points or self.done)

    @property
    def share(self) -> float | None:
        """The labelled share of the recording in [0, 1]; None where it is not known."""
        if not self.duration_ns:
            return None
        return min(self.labelled_ns / self.duration_ns, 1.0)


@dataclass(frozen=True, slots=True)
class Total:
    """Several rows of progress together.

    documents: rows; begun, done: how many of them. share: of the recordings whose duration is
    known; None without any.
    """

    documents: int
    begun: int
    done: int
    clips: int
    points: int
    labelled_ns: int
    share: float | None
    doubts: int
    missing: int
    active_ns: int

    @classmethod
    def of(cls, rows: Iterable[Progress]) -> Total:
        """The sum of rows."""
        rows = list(rows)
        known = [row for row in rows if row.duration_ns]
        duration = sum(row.duration_ns or 0 for row in known)
        covered = sum(min(row.labelled_ns, row.duration_ns or 0) for row in known)
        return cls(
            documents=len(rows),
            begun=sum(row.begun for row in rows),
            done=sum(row.done for row in rows),
            clips=sum(row.clips for row in rows),
            points=sum(row.points for row in rows),
            labelled_ns=sum(row.labelled_ns for row in rows),
            share=covered / duration if duration else None,
            doubts=sum(row.doubts for row in rows),
            missing=sum(row.missing for row in rows),
            active_ns=sum(row.active_ns for row in rows),
        )


@dataclass(frozen=True, slots=True)
class LabelCount:
    """How often a label is used, and for how long: lengths of its clips in ns."""

    clips: int
    points: int
    total_ns: int
    shortest_ns: int
    median_ns: int
    longest_ns: int


@dataclass(frozen=True, slots=True)
class ProjectProgress:
    """Rows by recording and annotator; labels: those of the set first, in its order, all used
    ones after them. problems: sentences about documents that cannot be read."""

    rows: tuple[Progress, ...]
    labels: Mapping[str, LabelCount]
    problems: tuple[str, ...] = ()

    @property
    def total(self) -> Total:
        return Total.of(self.rows)

    def by_annotator(self) -> dict[str, Total]:
        """The rows of each annotator together, by name."""
        names = sorted({row.annotator for row in self.rows})
        return {name: Total.of(row for row in self.rows if row.annotator == name) for name in names}


def measure_progress(
    project: Project,
    durations: Mapping[str, int] | None = None,
    assignments: Assignments | None = None,
    progress: Progressed | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ProjectProgress:
    """Read every document of a project; not for the GUI thread. One that holds proposals only is
    as if it were not there.

    durations: in ns by name of recording (see ``durations_of``). assignments: rows for what is
    assigned and not begun. cancelled: asked between recordings; what was read until then is
    given.
    """
    durations, assignments = durations or {}, assignments or Assignments()
    names = sorted({*project.labelled_recordings(), *assignments.by_recording})
    rows: list[Progress] = []
    lengths: dict[str, list[int]] = {label.name: [] for label in project.label_set.labels}
    for number, name in enumerate(names):
        if cancelled is not None and cancelled():
            break
        if progress is not None:
            progress(number, len(names))
        found = []
        for annotator, path in project.document_paths(name):
            row, document = _of_file(name, annotator, path, project.label_set.attributes)
            if not _only_proposed(row, document):
                found.append(row)
            for clip in _clips(document):
                lengths.setdefault(clip.label, []).append(clip.duration_ns)
        there = {row.annotator for row in found}
        found += [Progress(name, who) for who in assignments.annotators(name) if who not in there]
        rows += (replace(row, duration_ns=durations.get(name)) for row in found)
    rows.sort(key=lambda row: (row.recording, row.annotator))
    problems = tuple(row.problem for row in rows if row.problem)
    labels = {label: _count(one) for label, one in lengths.items()}
    return ProjectProgress(tuple(rows), labels, problems)


def progress_of(document: Document, attributes: Sequence[Attribute] = ()) -> Progress:
    """The row of one document, without duration and time spent."""
    clips = _clips(document)
    return Progress(
        document.recording,
        document.annotator,
        clips=sum(not clip.is_point for clip in clips),
        points=sum(clip.is_point for clip in clips),
        labelled_ns=_covered(clips),
        done=document.done,
        doubts=sum(clip.unsure for clip in clips),
        missing=sum(bool(missing(clip, attributes)) for clip in clips) if attributes else 0,
    )


def active_ns(path: Path) -> int:
    """Time spent on the document at a path, as its version log and its journal tell.

    The sum of the gaps between one edit and the next, those above 120 s and those of a clock
    that was set back left out. 0 where nothing tells.
    """
    times: dict[tuple[int, str], float] = {}  # a line may be there twice
    for file in (log_path(path), journal_path(path)):
        try:
            lines = file.read_bytes().splitlines()
        except OSError:
            continue
        for line in lines:
            try:
                body = json.loads(line)["body"]
                key = int(body["revision"]), str(body["at"])
                times.setdefault(key, datetime.datetime.fromisoformat(key[1]).timestamp())
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
    gaps = (after - before for before, after in pairwise(times.values()))
    return round(1e9 * sum(gap for gap in gaps if 0 < gap <= PAUSE_S))


def durations_of(
    project: Project,
    names: Iterable[str],
    progress: Progressed | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> dict[str, int]:
    """Durations in ns of recordings by name, from opening each; those that fail are left out."""
    from harstudio.recordings.formats import open_recording  # every format; only needed here

    wanted = set(names)
    found: dict[str, int] = {}
    places = [(name, path) for name, path in project.recording_paths().items() if name in wanted]
    for number, (name, path) in enumerate(places):
        if cancelled is not None and cancelled():
            break
        if progress is not None:
            progress(number, len(places))
        try:
            with open_recording(path) as recording:
                found[name] = recording.stop_ns - recording.start_ns
        except (HarstudioError, OSError):
            continue
    return found


def _of_file(
    recording: str, annotator: str, path: Path, attributes: Sequence[Attribute]
) -> tuple[Progress, Document]:
    spent = active_ns(path)
    try:
        document = load(path, recording, annotator).document
    except HarstudioError as error:
        row = Progress(recording, annotator, active_ns=spent, problem=str(error))
        return row, Document(recording, annotator)
    return replace(progress_of(document, attributes), active_ns=spent), document


def _only_proposed(row: Progress, document: Document) -> bool:
    """Whether nothing but proposals is there: the annotator has not begun."""
    begun = row.begun or bool(row.problem)
    return not begun and any(tier.rules.proposals for tier in document.tiers)


def _clips(document: Document) -> list[Clip]:
    return [clip for tier in document.counted for clip in tier.clips]


def _covered(clips: Iterable[Clip]) -> int:
    """The time in at least one clip."""
    covered, until = 0, None
    for clip in sorted(clips, key=lambda clip: clip.start_ns):
        start = clip.start_ns if until is None else max(clip.start_ns, until)
        if clip.end_ns > start:
            covered += clip.end_ns - start
            until = clip.end_ns
    return covered


def _count(lengths: Sequence[int]) -> LabelCount:
    clips = sorted(length for length in lengths if length)
    if not clips:
        return LabelCount(0, len(lengths), 0, 0, 0, 0)
    middle = (clips[(len(clips) - 1) // 2] + clips[len(clips) // 2]) // 2
    return LabelCount(
        len(clips), len(lengths) - len(clips), sum(clips), clips[0], middle, clips[-1]
    )
