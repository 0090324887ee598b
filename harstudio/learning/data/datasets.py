"""What a network can learn from: the labelled stretches of a dataset folder or of a project."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from harstudio.errors import DataError, HarstudioError, MissingError, UsageError
from harstudio.labels.model import Clip, Document, Origin
from harstudio.labels.project import Project, is_project
from harstudio.learning.data.looked import Looked, Seen, see
from harstudio.learning.data.samples import Sample
from harstudio.learning.prepared.caches import ABOUT, Cache, damaged, is_cache, told
from harstudio.recordings.formats import open_recording, scan
from harstudio.recordings.formats.ntu_facts import LISTED
from harstudio.recordings.streams import StreamKind
from harstudio.runs.config import nearest

ENOUGH = 0.5  # a kind of stream that this share of the recordings has is one to learn from
NAMED = 3  # recordings that a sentence names, before it says how many more there are

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Samples and what they have in common.

    path: the folder. classes: names, in the order of the labels of the samples. topology: that of
    all skeletons, "" where there are none. kinds: kinds of stream that at least half of the
    recordings have. problems: sentences about what was left out. bodies: how many people one frame
    has at most, 0 where there are no skeletons. annotators: of a project, whose clips could be
    learned, whether or not they were asked for. lacking: by kind of stream, the recordings without
    it.
    """

    path: Path
    classes: tuple[str, ...]
    samples: tuple[Sample, ...]
    topology: str
    kinds: frozenset[str]
    problems: tuple[str, ...] = ()
    bodies: int = 0
    annotators: tuple[str, ...] = ()
    lacking: Mapping[str, frozenset[Path]] = field(default_factory=dict, hash=False)

    def without(self, kinds: Iterable[str], fate: str = "") -> list[str]:
        """Sentences that name the recordings which lack a kind."""
        recordings = {one.path: one.recording for one in self.samples}
        told = []
        for kind in kinds:
            gone = self.lacking.get(kind, frozenset())
            names = [name for path, name in recordings.items() if path in gone]
            if names:
                of = f"{len(names)} of {len(recordings)} recordings"
                told.append(f"{of} without {kind}{fate}: {_listed(names)}.")
        return told

    def with_kinds(self, kinds: Collection[str]) -> Dataset:
        """Only recordings that have all of these kinds; problems tell of the others.

        DataError where none has them.
        """
        gone = frozenset[Path]().union(*(self.lacking.get(kind, ()) for kind in kinds))
        samples = tuple(one for one in self.samples if one.path not in gone)
        if not samples:
            raise DataError(
                f"No recording here has {' and '.join(kinds)}.",
                path=self.path,
                remedy="Name other data.",
            )
        problems = (*self.problems, *self.without(kinds, " left out"))
        return replace(self, samples=samples, problems=problems)

    def scarce(self) -> dict[str, str]:
        """The kinds that too few recordings have, with how many have them: "8 of 24"."""
        paths = {one.path for one in self.samples}
        return {
            kind: f"{len(paths - gone)} of {len(paths)}"
            for kind, gone in self.lacking.items()
            if paths - gone and kind not in self.kinds
        }


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A sample whose label is still a name; order sorts the classes."""

    path: Path
    recording: str
    start_ns: int
    end_ns: int
    name: str
    order: tuple[int, str]
    subject: int | None
    view: int | None
    person: str = ""
    source: str = ""


def collect(
    path: Path | str,
    *,
    classes: Sequence[str] | None = None,
    annotator: str = "",
    first: Sequence[str] = (),
    progress: Progress | None = None,
) -> Dataset:
    """The labelled samples under a path.

    A dataset folder: each recording whose file name tells its action is one sample, from its first
    to its last frame; those whose skeleton the dataset lists as missing are left out. A project, or
    a folder that was labelled without one: each clip that a person made is one. Of several
    annotators of a recording the one with the most clips counts (then the first by name), so that
    no stretch counts twice; ``annotator`` picks one person instead. Of a document the first tier
    with such clips counts. What a model proposed never counts. Prepared data: what they were made
    of, as it was then, without opening a recording.

    classes: those of a trained network, in its order; samples of others are left out. Without, all
    that occur, in the order of the dataset or of the project's label set.
    first: where one of these annotators labelled a recording, nobody else counts there.
    progress: called with recordings done and in all, 0 and 0 while they are still being looked for;
    what it raises ends the collection.
    UsageError, MissingError or DataError where nothing can be learned from the path.
    """
    path = Path(path).expanduser().absolute()
    if is_cache(path):
        return _from_cache(Cache(path), classes, annotator)
    gathered = _Gathered()
    project = Project.open(path) if is_project(path) else None
    if project is None:
        _from_names(path, gathered, annotator, progress)
        if not gathered.stretches:
            project = Project.find_private(path)
    if project is not None:
        _from_documents(project, gathered, annotator, first, progress)
    if not gathered.stretches:
        remedy = _remedy(gathered, annotator)
        raise DataError(_nothing(annotator, project, gathered), path=path, remedy=remedy)
    topology = gathered.topology(path)
    samples, names = _label(gathered, classes, path)
    kinds = gathered.kinds()
    problems = tuple(gathered.problems)
    people = tuple(sorted(gathered.annotators))
    return Dataset(
        path, names, samples, topology, kinds, problems, gathered.bodies, people, gathered.lacking()
    )  # fmt: skip


class _Gathered:
    """What was found on the way through the recordings."""

    def __init__(self) -> None:
        self.stretches: list[_Stretch] = []
        self.problems: list[str] = []
        self.bodies = 0
        self.annotators: set[str] = set()
        self.outside: list[str] = []  # the recording of each clip that lies beyond it
        self.chosen: Counter[str] = Counter()  # recordings where an annotator's clips count
        self.shared = 0  # recordings that several people labelled
        self._kinds: Counter[str] = Counter()
        self._topologies: dict[str, list[str]] = {}
        self._recordings = 0
        self._lacking: dict[str, list[Path]] = {}

    def add(self, seen: Seen, stretches: Iterable[_Stretch]) -> None:
        """Keep the samples of one recording."""
        stretches = list(stretches)
        if not stretches:
            return
        self.stretches += stretches
        self._recordings += 1
        self._kinds.update(seen.kinds)
        for kind in StreamKind:
            if kind not in seen.kinds:
                self._lacking.setdefault(str(kind), []).append(seen.path)
        if seen.topology:
            self._topologies.setdefault(seen.topology, []).append(seen.name)
            self.bodies = max(self.bodies, seen.bodies)

    def kinds(self) -> frozenset[str]:
        """Kinds that enough have to learn from them."""
        enough = ENOUGH * self._recordings
        return frozenset(kind for kind, n in self._kinds.items() if n >= enough)

    def lacking(self) -> dict[str, frozenset[Path]]:
        """By kind, the recordings without it."""
        return {kind: frozenset(paths) for kind, paths in self._lacking.items()}

    def topology(self, path: Path) -> str:
        """The one topology; DataError where there are several."""
        if len(self._topologies) > 1:
            counts = " and ".join(
                f"{_listed(names)} with {name}" for name, names in sorted(self._topologies.items())
            )
            raise DataError(
                f"The skeletons do not have the same joints: {counts}.",
                path=path,
                remedy="Learn from recordings of one kind of camera at a time.",
            )
        return next(iter(self._topologies), "")


def _from_cache(cache: Cache, classes: Sequence[str] | None, annotator: str) -> Dataset:
    """The dataset that prepared data were made of; its recordings where they were then."""
    if annotator not in ("", cache.about["annotator"]):
        raise UsageError(
            f"These data were not prepared of the clips of {annotator}.",
            path=cache.path,
            remedy=f"Prepare them with --set data.annotator={annotator}.",
        )
    gathered, known = _Gathered(), cache.about["dataset"]
    try:
        gathered.problems = [*known["problems"], *cache.changed()]
        names, kinds = tuple(known["classes"]), frozenset(known["kinds"])
        for one in known["samples"]:
            others = {key: value for key, value in one.items() if key not in ("path", "label")}
            name, path = names[one["label"]], cache.source / one["path"]
            order = (one["label"], name)
            gathered.stretches.append(_Stretch(path=path, name=name, order=order, **others))
        lacking = {
            kind: frozenset(cache.source / path for path in paths)
            for kind, paths in known["lacking"].items()
        }
        samples, names = _label(gathered, names if classes is None else classes, cache.path)
        return Dataset(
            cache.path, names, samples, known["topology"], kinds, tuple(gathered.problems),
            known["bodies"], tuple(known["annotators"]), lacking,
        )  # fmt: skip
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise damaged(cache.path / ABOUT, repr(error)) from None


def describe(dataset: Dataset, root: Path) -> dict[str, Any]:
    """A dataset in builtins, as prepared data keep it; paths below root are relative to it."""
    return {
        "classes": list(dataset.classes),
        "samples": [
            {**asdict(sample), "path": told(sample.path, root)} for sample in dataset.samples
        ],
        "topology": dataset.topology,
        "kinds": sorted(dataset.kinds),
        "problems": list(dataset.problems),
        "bodies": dataset.bodies,
        "annotators": list(dataset.annotators),
        "lacking": {
            kind: sorted(told(path, root) for path in paths)
            for kind, paths in dataset.lacking.items()
        },
    }


def _from_names(path: Path, gathered: _Gathered, annotator: str, progress: Progress | None) -> None:
    """Samples of a dataset, whose file names tell the actions."""
    if not path.is_dir():
        raise MissingError("There is no such folder.", path=path, remedy="Name a dataset folder.")
    if annotator:
        return
    found = scan(path, None if progress is None else lambda _: progress(0, 0))
    gathered.problems += [f"{problem.path.name}: {problem.message}" for problem in found.problems]
    named = [one for one in found.recordings if one.action is not None and one.streams]
    looked, whole = Looked(path), False
    try:
        for done, one in enumerate(sorted(named, key=lambda one: _parts(path, one.path))):
            if progress is not None:
                progress(done, len(named))
            try:
                seen = looked.look(one)
            except HarstudioError as error:
                gathered.problems.append(str(error))
                continue
            if seen.listed:
                gathered.problems.append(f"{one.name}: {LISTED}")
            else:
                gathered.add(seen, _whole(seen, one.format))
        whole = True
    finally:
        looked.save(whole=whole)


def _whole(seen: Seen, dataset: str) -> list[_Stretch]:
    """The recording from its first to its last frame."""
    action = seen.action
    if action is None:
        return []
    order = (action.label, f"{dataset} {action.name}")
    return [
        _Stretch(
            seen.path, seen.name, seen.start_ns, seen.end_ns, action.name, order,
            seen.subject, seen.view,
        )
    ]  # fmt: skip


def _from_documents(
    project: Project,
    gathered: _Gathered,
    annotator: str,
    first: Sequence[str],
    progress: Progress | None,
) -> None:
    """Samples of a project, whose label documents tell the actions."""
    places = {label.name: place for place, label in enumerate(project.label_set.labels)}
    paths = sorted(project.recordings(), key=lambda path: _parts(project.folder, path))
    for done, path in enumerate(paths):
        if progress is not None:
            progress(done, len(paths))
        try:
            with open_recording(path) as recording:
                documents = project.documents(recording.name, _note(gathered.problems))
                people = {one.annotator for one in documents if _by_people(one)}
                gathered.annotators |= people
                clips, source = _clips(documents, annotator, first)
                shown = see(recording)
                inside = [
                    one
                    for one in clips
                    if one.start_ns < shown.end_ns and one.end_ns > shown.start_ns
                ]
                gathered.outside += [recording.name] * (len(clips) - len(inside))
                if inside and not annotator:
                    gathered.shared += len(people) > 1
                    gathered.chosen[source] += 1
                gathered.add(
                    shown,
                    [
                        _Stretch(
                            recording.path, recording.name, clip.start_ns, clip.end_ns, clip.label,
                            (places.get(clip.label, len(places)), clip.label),
                            recording.subject, recording.view, clip.person, source,
                        )
                        for clip in inside
                    ],
                )  # fmt: skip
        except HarstudioError as error:
            gathered.problems.append(str(error))
    gathered.problems += [*_choices(gathered), *_outside(gathered)]


def _choices(gathered: _Gathered) -> list[str]:
    """Whose clips count, where several people labelled one recording."""
    if not gathered.shared:
        return []
    what = "1 recording was" if gathered.shared == 1 else f"{gathered.shared} recordings were"
    counts = ", ".join(f"{name} in {n}" for name, n in sorted(gathered.chosen.items()))
    remedy = "data.annotator chooses one person."
    return [f"{what} labelled by several people; who made most clips counts: {counts}. {remedy}"]


def _outside(gathered: _Gathered) -> list[str]:
    if not gathered.outside:
        return []
    what = "1 clip lies" if len(gathered.outside) == 1 else f"{len(gathered.outside)} clips lie"
    return [f"{what} outside the recording, left out: {_listed(sorted(set(gathered.outside)))}."]


def _note(problems: list[str]) -> Callable[[HarstudioError], None]:
    return lambda error: problems.append(str(error))


def _clips(
    documents: Sequence[Document], annotator: str, first: Sequence[str]
) -> tuple[list[Clip], str]:
    """The clips that count, in order of time, and who made them."""
    preferred = [one for one in documents if one.annotator in first and _by_people(one)]
    documents = preferred or documents
    best: list[Clip] = []
    source = ""
    for document in sorted(documents, key=lambda one: one.annotator):
        if annotator and document.annotator != annotator:
            continue
        clips = _by_people(document)
        if len(clips) > len(best):
            best, source = clips, document.annotator
    return sorted(best, key=lambda clip: (clip.start_ns, clip.end_ns)), source


def _by_people(document: Document) -> list[Clip]:
    """The labelled clips of the first tier that has some which no model made."""
    tiers = (
        [
            clip
            for clip in tier.clips
            if clip.origin is not Origin.MODEL and clip.label and not clip.is_point
        ]
        for tier in document.said
    )
    return next((clips for clips in tiers if clips), [])


def _label(
    gathered: _Gathered, classes: Sequence[str] | None, path: Path
) -> tuple[tuple[Sample, ...], tuple[str, ...]]:
    """Samples with labels, and the names of the classes."""
    names = tuple(classes) if classes is not None else _occurring(gathered.stretches)
    if len(set(names)) != len(names):
        raise UsageError("A class is named twice.", remedy="Give each class once.")
    labels = {name: label for label, name in enumerate(names)}
    samples = tuple(
        Sample(
            path=one.path,
            recording=one.recording,
            start_ns=one.start_ns,
            end_ns=one.end_ns,
            label=labels[one.name],
            subject=one.subject,
            view=one.view,
            person=one.person,
            source=one.source,
        )
        for one in gathered.stretches
        if one.name in labels
    )
    if not samples:
        raise DataError(
            "None of its labels is a class that was asked for.",
            path=path,
            remedy=f"The labels are {', '.join(_occurring(gathered.stretches)[:10])}.",
        )
    left_out = Counter(one.name for one in gathered.stretches if one.name not in labels)
    gathered.problems += [
        f"{n} {'sample' if n == 1 else 'samples'} of “{name}” left out: not one of the classes."
        for name, n in sorted(left_out.items())
    ]
    return samples, names


def _occurring(stretches: Sequence[_Stretch]) -> tuple[str, ...]:
    first: dict[str, tuple[int, str]] = {}
    for one in stretches:
        first[one.name] = min(first.get(one.name, one.order), one.order)
    return tuple(sorted(first, key=lambda name: (first[name], name)))


def _parts(root: Path, path: Path) -> tuple[str, ...]:
    """A key that sorts the same wherever the dataset lies."""
    return path.relative_to(root).parts if path.is_relative_to(root) else path.parts


def _listed(names: Sequence[str]) -> str:
    """ "a, b, c and 4 more" """
    shown = ", ".join(names[:NAMED])
    more = len(names) - NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def _nothing(annotator: str, project: Project | None, gathered: _Gathered) -> str:
    if gathered.outside:
        return "Every clip here lies outside its recording."
    if annotator:
        return f"There are no clips of {annotator} here."
    if project is not None:
        return "Nobody labelled a clip here."
    return "No recording here tells which action it shows."


def _remedy(gathered: _Gathered, annotator: str) -> str:
    if annotator and gathered.annotators and annotator not in gathered.annotators:
        return nearest(annotator, sorted(gathered.annotators))
    if gathered.problems:
        return f"First problem: {gathered.problems[0]}"
    return "Label clips first, or name a folder of a dataset whose file names tell the actions."
