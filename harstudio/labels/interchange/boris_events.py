"""BORIS's events and our clips: starts and stops paired, modifiers as attributes."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harstudio.labels.interchange.base import Counted, Labelled
from harstudio.labels.interchange.times import SECOND_NS, ms_of
from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.model import AttributeValue, Clip, Document, Origin

RECORDING, ANNOTATOR = "recording", "annotator"  # independent variables of an observation
NONE = "None"  # what BORIS writes where no modifier was chosen
MARK = " (point)"
MOST_NOTES = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """A set of modifiers of a behaviour; number: its value is one."""

    name: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One row. kind: START, STOP, POINT, or STATE where rows of a state only alternate."""

    time_ns: int
    subject: str
    label: str
    kind: str
    modifier: str = ""
    comment: str = ""
    asked: tuple[Asked, ...] = ()


def clips_from(name: str, events: Iterable[Event], notes: list[str]) -> list[Clip]:
    """Clips in the order of their starts; rows without a partner are left out and noted."""
    opened: dict[tuple[str, str, str], Event] = {}
    clips, alone = [], []
    for event in sorted(events, key=lambda event: event.time_ns):
        key = event.subject, event.label, event.modifier
        if event.kind == "POINT":
            clips.append(_clip(event, event.time_ns))
        elif event.kind == "STOP" or (event.kind == "STATE" and key in opened):
            start = opened.pop(key, None)
            if start is None:
                alone.append((event, "stops, but never started"))
            else:
                clips.append(_clip(start, event.time_ns, event.comment))
        else:
            before = opened.get(key)
            if before is not None:
                alone.append((before, "starts, and starts again before it stops"))
            opened[key] = event
    alone += [(event, "starts and never stops") for event in opened.values()]
    for event, what in alone[:MOST_NOTES]:
        who = f" of {event.subject}" if event.subject else ""
        at = f"{event.time_ns / SECOND_NS:.3f} s"
        notes.append(f"“{name}”: {event.label}{who} {what} ({at}); it is left out.")
    if len(alone) > MOST_NOTES:
        notes.append(f"“{name}”: {len(alone) - MOST_NOTES} more events without a partner.")
    return sorted(clips, key=lambda clip: clip.start_ns)


def _clip(event: Event, end_ns: int, comment: str = "") -> Clip:
    comments = dict.fromkeys(part for part in (event.comment, comment) if part)
    return Clip(
        event.time_ns,
        end_ns,
        event.label,
        person=event.subject,
        comment="\n".join(comments),
        attributes=attributes_of(event.modifier, event.asked),
        origin=Origin.IMPORTED,
    )


def attributes_of(text: str, asked: Sequence[Asked]) -> dict[str, AttributeValue]:
    """``low|3`` by the sets of modifiers, or ``name=low|name=3`` where there are none."""
    found: dict[str, AttributeValue] = {}
    for place, part in enumerate(text.split("|") if text else ()):
        value, number = part.strip(), False
        name, _, rest = value.partition("=")
        if place < len(asked):
            name, number = asked[place].name, asked[place].number
        elif rest:
            value, number = rest, True
        else:
            name = f"modifier {place + 1}"
        if value and value != NONE:
            found[name] = _number(value) if number else value
    return found


def _number(text: str) -> AttributeValue:
    """The number that a text is, else the text."""
    try:
        value = float(text)
    except ValueError:
        return text
    if not math.isfinite(value):
        return text
    return int(value) if value.is_integer() and text.lstrip("-").isdigit() else value


def joined(code: str, codes: Container[str] | Iterable[str]) -> str:
    """The label of a code: “clap (point)” is clap's where there is a clap."""
    plain = code.removesuffix(MARK)
    return plain if plain != code and plain in set(codes) else code  # type: ignore[arg-type]


def point_code(label: str, lasting: Container[str]) -> str:
    """The code of a label's point events, which cannot be that of its states."""
    return label + MARK if label in lasting else label


def questions(clips: Iterable[Clip], label_set: LabelSet) -> dict[str, tuple[Asked, ...]]:
    """The attributes that clips of each label have, by name."""
    kinds = {one.name: one.kind == "number" for one in label_set.attributes}
    seen: dict[str, set[str]] = {}
    numbers: dict[str, bool] = {}
    for clip in clips:
        for name, value in clip.attributes.items():
            seen.setdefault(clip.label, set()).add(name)
            numbers[name] = numbers.get(name, True) and not isinstance(value, str)
    return {
        label: tuple(Asked(name, kinds.get(name, numbers[name])) for name in sorted(names))
        for label, names in seen.items()
    }


def modifier_text(clip: Clip, sets: Mapping[str, tuple[Asked, ...]]) -> str:
    """``low|3``, with None where a clip does not answer."""
    asked = sets.get(clip.label, ())
    return "|".join(plain(clip.attributes.get(one.name, NONE)) for one in asked)


def plain(value: AttributeValue) -> str:
    """A value that does not look like the end of one."""
    return str(value).replace("|", "/")


def by_start(document: Document) -> list[Clip]:
    """The clips of all tiers by their start."""
    clips = (clip for tier in document.tiers for clip in tier.clips)
    return sorted(clips, key=lambda clip: clip.start_ns)


def united(document: Document, notes: list[str]) -> list[Clip]:
    """A document's clips by start; those of one person and label that overlap made one.

    BORIS's starts and stops of one behaviour only alternate.
    """
    clips, joined_up = [], 0
    last: dict[tuple[str, str, str], int] = {}
    for clip in by_start(document):
        key = clip.person, clip.label, str(sorted(clip.attributes.items()))
        at = last.get(key)
        if clip.is_point:
            clips.append(clip)
        elif at is not None and ms_of(clip.start_ns) < ms_of(clips[at].end_ns):
            clips[at] = replace(clips[at], end_ns=max(clips[at].end_ns, clip.end_ns))
            joined_up += 1
        else:
            last[key] = len(clips)
            clips.append(clip)
    if joined_up:
        many = (
            f"“{document.recording}”: {{n}} clips overlap another of the same label and person; "
            "BORIS cannot tell them apart, so they are joined."
        )
        notes.append(
            Counted(joined_up, many, many.replace("clips overlap", "clip overlaps"), lost=True)
        )
    return clips


def gathered(told: Iterable[Labelled]) -> tuple[Labelled, ...]:
    """Observations of one recording as one, with a document for each annotator."""
    found: dict[str, Labelled] = {}
    for one in told:
        there = found.get(one.recording)
        found[one.recording] = one if there is None else _merged(there, one)
    return tuple(found.values())


def _merged(one: Labelled, other: Labelled) -> Labelled:
    documents = {document.annotator: document for document in one.documents}
    for document in other.documents:
        known = documents.get(document.annotator)
        if known is None:
            documents[document.annotator] = document
            continue
        for tier in document.tiers:
            names = {own.name for own in known.tiers}
            name, number = tier.name, 2
            while name in names:
                name, number = f"{tier.name} {number}", number + 1
            known.tiers.append(replace(tier, name=name))
    return replace(one, documents=tuple(documents.values()))
