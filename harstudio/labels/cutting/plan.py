"""What is to be cut, and what each file is called."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Literal

from harstudio.errors import HarstudioError, UsageError
from harstudio.labels.cutting.table import NTU_NAME, Row
from harstudio.labels.keeping.names import safe_name
from harstudio.labels.label_sets.label_set import LabelSet, bundled_label_set
from harstudio.labels.model import Clip, Document, Origin
from harstudio.labels.project import Project
from harstudio.labels.team.policy import GOLD
from harstudio.recordings.formats import scan
from harstudio.recordings.formats.found import Found
from harstudio.recordings.formats.ntu_writer import SampleName

Layout = Literal["ntu", "harrec"]
NTU_CODE = re.compile(r"A(\d{3})")
NTU_CLASSES = 120
MOST = 999  # three digits in a name


@dataclass(frozen=True, slots=True)
class Piece:
    """One clip to be cut.

    recording, person: as the files may name them, by pseudonym where the project says so.
    number: of its label, from 1.
    """

    found: Found
    recording: str
    person: str
    annotator: str
    clip: Clip
    number: int
    name: str

    @property
    def key(self) -> tuple[str, str, str]:
        """As ``Row.key``."""
        return self.recording, self.annotator, self.clip.id


@dataclass(frozen=True, slots=True)
class Plan:
    """pieces: in the order of recordings and time; left_out: sentences about other clips; read:
    recordings whose labels are all known, so that a clip which is not among the pieces is gone."""

    annotator: str
    pieces: tuple[Piece, ...]
    left_out: tuple[str, ...]
    read: frozenset[str]


def make_plan(
    project: Project,
    layout: Layout,
    annotator: str,
    rows: Iterable[Row],
    on_problem: Callable[[HarstudioError], None],
    *,
    seen_by: str = "",
) -> Plan:
    """The clips of one annotator over all recordings, with a name for each.

    annotator: "" for the agreed labels where there are some, else the only annotator; UsageError
    where that says nobody or several. rows: what was cut before, which keeps its name.
    seen_by: only what the policy lets this annotator see, "" for everything.
    """
    there = _read_all(project, seen_by, on_problem)
    documents = there.documents
    chosen = annotator or _only(documents)
    names = {document.annotator for _, document in documents}
    if chosen not in names:
        told = ", ".join(sorted(names)) or "nobody"
        raise UsageError(f"“{chosen}” has labelled nothing here.", remedy=f"There is: {told}.")
    numbers = Numbers(project.label_set, layout)
    known = {row.key: row for row in rows}
    taken = {row.name for row in known.values()}
    hide = project.pseudonyms().shown
    pieces, points, guessed = [], 0, 0
    for found, document in documents:
        if document.annotator != chosen:
            continue
        for clip in _clips(document):
            points += clip.is_point
            guessed += clip.origin is Origin.MODEL
            if clip.is_point or clip.origin is Origin.MODEL or not clip.label:
                continue
            number = numbers.of(clip.label)
            recording = hide(found.name)
            before = known.get((recording, chosen, clip.id))
            if before is not None and (before.label, before.number) == (clip.label, number):
                name = before.name
            else:
                name = _name(layout, found, f"{recording}-{clip.label}", number, taken)
                taken.add(name)
            pieces.append(Piece(found, recording, hide(clip.person), chosen, clip, number, name))
    left_out = []
    if points:
        left_out.append(f"{points} point events have no length and are not cut.")
    if guessed:
        left_out.append(f"{guessed} clips are opinions of a network and are not cut.")
    unread = set(there.damaged)
    if there.hidden and chosen != seen_by:
        unread |= there.hidden
        count = len(there.hidden)
        many = "1 recording" if count == 1 else f"{count} recordings"
        left_out.append(f"{many} with labels of others hidden from {seen_by} were left out.")
    read = {hide(name) for name in there.names} - {hide(name) for name in unread}
    return Plan(chosen, tuple(pieces), tuple(left_out), frozenset(read))


class Numbers:
    """The number of each label in NTU's names.

    A label that is one of NTU's, by name, has NTU's number, so that whoever reads the files calls
    it the same. Other labels have 121, 122, ... in the order of the label set. In the native
    layout, whose files hold the label's name, numbers are places in the label set.
    """

    def __init__(self, label_set: LabelSet, layout: Layout) -> None:
        self._numbers: dict[str, int] = {}
        self._layout = layout
        for label in label_set.labels:
            self.of(label.name)

    def of(self, label: str) -> int:
        """A number from 1 to 999; UsageError when there are no more."""
        if label not in self._numbers:
            known = _ntu_numbers().get(label) if self._layout == "ntu" else None
            first = NTU_CLASSES + 1 if self._layout == "ntu" else 1
            used = set(self._numbers.values())
            number = known or next(k for k in count(first) if k not in used)
            if number > MOST and self._layout == "ntu":
                raise UsageError("NTU's names have no room for so many labels.")
            self._numbers[label] = number
        return self._numbers[label]


@cache
def _ntu_numbers() -> dict[str, int]:
    labels = bundled_label_set("ntu120").labels
    return {one.name: int(one.code[1:]) for one in labels if NTU_CODE.fullmatch(one.code)}


@dataclass(frozen=True, slots=True)
class _Labels:
    """names: of the recordings that are there; documents: those that may be seen; damaged and
    hidden: recordings of which a document cannot or may not be read."""

    names: frozenset[str]
    documents: list[tuple[Found, Document]]
    damaged: set[str]
    hidden: set[str]


def _read_all(
    project: Project, seen_by: str, on_problem: Callable[[HarstudioError], None]
) -> _Labels:
    seen: dict[str, Found] = {}
    for folder in project.recording_folders:
        if folder.exists():
            for found in scan(folder).recordings:
                seen.setdefault(found.name, found)
    labelled = project.labelled(seen)
    there = _Labels(frozenset(seen), [], set(), set())
    for name in sorted(labelled):
        problems: list[HarstudioError] = []
        everybody = project.documents(name, problems.append)
        visible = project.policy.visible(name, seen_by, everybody)
        if problems:
            there.damaged.add(name)
        if len(visible) < len(everybody):
            there.hidden.add(name)
        there.documents.extend((seen[name], document) for document in visible)
        for problem in problems:
            on_problem(problem)
    return there


def _only(documents: list[tuple[Found, Document]]) -> str:
    names = {document.annotator for _, document in documents if any(_clips(document))}
    if GOLD in names:
        return GOLD
    if len(names) == 1:
        return names.pop()
    if not names:
        raise UsageError("Nobody has labelled a clip in this project.")
    raise UsageError(
        f"Several have labelled: {', '.join(sorted(names))}.",
        remedy="Say whose clips are cut with --annotator.",
    )


def _clips(document: Document) -> list[Clip]:
    clips = [clip for tier in document.said for clip in tier.clips]
    return sorted(clips, key=lambda clip: (clip.start_ns, clip.end_ns, clip.id))


def _name(layout: Layout, found: Found, words: str, number: int, taken: set[str]) -> str:
    """The next free one. NTU's counts repetitions of an action by subject, view and setup."""
    if layout == "harrec":
        start = safe_name(words)
        return next(name for k in count(1) if (name := f"{start}-{k}") not in taken)
    match = NTU_NAME.fullmatch(found.name)
    setup = int(match[1]) if match is not None else 1
    subject, view = (_digits(one, found.path) for one in (found.subject or 0, found.view or 1))
    for repetition in range(1, MOST + 1):
        name = SampleName(setup, view, subject, repetition, number).name
        if name not in taken:
            return name
    raise UsageError(
        f"Subject {subject} does A{number:03d} more than {MOST} times, for which NTU's names have "
        "no room.",
        remedy="Use the native layout (harrec).",
    )


def _digits(number: int, path: Path) -> int:
    if not 0 <= number <= MOST:
        raise UsageError(f"NTU's names have no room for the number {number}.", path=path)
    return number
