"""Clips, tiers and the document that holds them: what people and networks say happened when.

A document belongs to one recording and one annotator. Nothing here changes a document: that is
the business of ``edits`` (as data) and ``history`` (journalled, undoable).
"""

from __future__ import annotations

import enum
import uuid
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

AttributeValue = str | int | float


class Origin(enum.StrEnum):
    """Who said it."""

    HUMAN = "human"
    MODEL = "model"
    IMPORTED = "imported"
    ACCEPTED = "accepted"  # a network proposed it, and a person said yes or mended it


def new_id() -> str:
    """A fresh identity for a clip."""
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Clip:
    """An action between two times: ``[start_ns, end_ns)`` on the recording's clock.

    label is the name of a label in the label set; person the body id or "" for whoever is seen;
    confidence lies in [0, 1], None where nobody gave one. A point event is a clip whose end is
    its start; it lies in a tier of points. attributes: values by name, as the label set's
    ``Attribute`` says (never changed in place). unsure: the annotator asks somebody else; the
    question is the comment. rejected: of a proposal that the annotator said no to; it stays, so
    that it is not proposed again.
    """

    start_ns: int
    end_ns: int
    label: str
    person: str = ""
    confidence: float | None = None
    origin: Origin = Origin.HUMAN
    comment: str = ""
    id: str = field(default_factory=new_id)
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict, hash=False)
    unsure: bool = False
    rejected: bool = False

    def __post_init__(self) -> None:
        if self.end_ns < self.start_ns:
            raise ValueError(
                f"a clip cannot end before it starts: [{self.start_ns}, {self.end_ns})"
            )
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise ValueError(f"confidence must lie in [0, 1], not {self.confidence}")

    @property
    def duration_ns(self) -> int:
        return self.end_ns - self.start_ns

    @property
    def is_point(self) -> bool:
        """Whether it is a point event."""
        return self.end_ns == self.start_ns

    def to_dict(self) -> dict[str, Any]:
        """Builtins for JSON; what has its default is left out."""
        data: dict[str, Any] = {
            "id": self.id,
            "start_ns": self.start_ns,
            "end_ns": self.end_ns,
            "label": self.label,
        }
        if self.person:
            data["person"] = self.person
        if self.confidence is not None:
            data["confidence"] = self.confidence
        if self.origin is not Origin.HUMAN:
            data["origin"] = self.origin.value
        if self.comment:
            data["comment"] = self.comment
        if self.attributes:
            data["attributes"] = dict(self.attributes)
        if self.unsure:
            data["unsure"] = True
        if self.rejected:
            data["rejected"] = True
        return data

    @classmethod
    def from_dict(cls, data: Any) -> Clip:
        """The reverse of ``to_dict``; ValueError when something is missing or of a wrong type."""
        plain = _plain(data)  # most are, and files hold tens of thousands
        if plain is not None:
            return plain
        confidence = typed(data, "confidence", (int, float), None)
        return cls(
            start_ns=typed(data, "start_ns", int),
            end_ns=typed(data, "end_ns", int),
            label=typed(data, "label", str),
            person=typed(data, "person", str, ""),
            confidence=None if confidence is None else float(confidence),
            origin=Origin(typed(data, "origin", str, "human")),
            comment=typed(data, "comment", str, ""),
            id=typed(data, "id", str),
            attributes=_attributes(typed(data, "attributes", dict, {})),
            unsure=typed(data, "unsure", bool, False),
            rejected=typed(data, "rejected", bool, False),
        )


SNAPS = ("frames", "edges", "playhead")


@dataclass(frozen=True, slots=True)
class TierRules:
    """What may lie in a tier, and how it gets there.

    person: whom new clips are about, "" for whoever is seen. points: it holds point events, else
    clips. overlap: whether clips may overlap (points always may). minimum_ns: no clip is made
    shorter; one frame where it is 0. snap: what edges jump to when they are pulled, of SNAPS.
    proposals: it holds what a network proposes and nobody has said (``Document.said``).
    """

    person: str = ""
    points: bool = False
    overlap: bool = False
    minimum_ns: int = 0
    snap: tuple[str, ...] = SNAPS
    proposals: bool = False

    def __post_init__(self) -> None:
        if self.minimum_ns < 0:
            raise ValueError(f"a shortest length cannot be {self.minimum_ns} ns")
        unknown = set(self.snap) - set(SNAPS)
        if unknown:
            raise ValueError(f"clips cannot snap to “{unknown.pop()}”")

    def to_dict(self) -> dict[str, Any]:
        """Builtins for JSON; what has its default is left out."""
        data: dict[str, Any] = {}
        if self.person:
            data["person"] = self.person
        if self.points:
            data["points"] = True
        if self.overlap:
            data["overlap"] = True
        if self.minimum_ns:
            data["minimum_ns"] = self.minimum_ns
        if self.snap != SNAPS:
            data["snap"] = list(self.snap)
        if self.proposals:
            data["proposals"] = True
        return data

    @classmethod
    def from_dict(cls, data: Any) -> TierRules:
        """The reverse of ``to_dict``; ValueError when something is of a wrong type."""
        return cls(
            person=typed(data, "person", str, ""),
            points=typed(data, "points", bool, False),
            overlap=typed(data, "overlap", bool, False),
            minimum_ns=typed(data, "minimum_ns", int, 0),
            snap=tuple(str(snap) for snap in typed(data, "snap", list, SNAPS)),
            proposals=typed(data, "proposals", bool, False),
        )


PLAIN = TierRules()


@dataclass(slots=True)
class Tier:
    """One row of clips, sorted by start, of equal ones by end and identity.

    Clips may touch; whether they may overlap is the rules' business. Clips come and go by
    ``insert`` and ``remove`` only, and only edits call these.
    """

    name: str
    clips: list[Clip] = field(default_factory=list)
    rules: TierRules = PLAIN
    _by_id: dict[str, Clip] = field(default_factory=dict, repr=False, compare=False)

    def at(self, time_ns: int) -> Clip | None:
        """The clip that covers a time; of several the one that began last."""
        return next(self.covering(time_ns), None)

    def covering(self, time_ns: int) -> Iterator[Clip]:
        """Clips that cover a time, the one that began last first."""
        last = bisect_right(self.clips, time_ns, key=_start) - 1
        if not self.rules.overlap:
            last_only = self.clips[max(last, 0) : last + 1]
            yield from (clip for clip in last_only if time_ns < clip.end_ns)
            return
        for index in range(last, -1, -1):
            if time_ns < self.clips[index].end_ns:
                yield self.clips[index]

    def find(self, clip_id: str) -> Clip | None:
        """The clip of that identity."""
        if len(self._by_id) != len(self.clips):
            self._by_id = {clip.id: clip for clip in self.clips}
        return self._by_id.get(clip_id)

    def insert(self, clip: Clip) -> None:
        """Put a clip at its place."""
        if self.clips and order(clip) < order(self.clips[-1]):
            self.clips.insert(bisect_right(self.clips, order(clip), key=order), clip)
        else:  # the usual one
            self.clips.append(clip)
        self._by_id[clip.id] = clip

    def remove(self, index: int) -> None:
        """Take away the clip at a place."""
        self._by_id.pop(self.clips.pop(index).id, None)


@dataclass(slots=True)
class Document:
    """What one annotator says about one recording.

    revision counts every do, undo and redo that ever happened to it. done: the annotator says
    that the recording is finished. kept: what a foreign file held that clips and tiers cannot
    say, by the format's name, as that format's text, for the way back.
    """

    recording: str
    annotator: str
    tiers: list[Tier] = field(default_factory=list)
    revision: int = 0
    done: bool = False
    kept: dict[str, str] = field(default_factory=dict)

    def copy(self) -> Document:
        """Another document of equal content; clips never change and are shared."""
        tiers = [Tier(tier.name, list(tier.clips), tier.rules) for tier in self.tiers]
        kept = dict(self.kept)
        return Document(self.recording, self.annotator, tiers, self.revision, self.done, kept)

    def tier(self, name: str) -> Tier | None:
        """The tier of that name."""
        return next((t for t in self.tiers if t.name == name), None)

    @property
    def said(self) -> list[Tier]:
        """The tiers without those of proposals: what the annotator says. Whatever counts labels,
        compares or passes them on looks at these only."""
        return [tier for tier in self.tiers if not tier.rules.proposals]

    @property
    def by_network(self) -> bool:
        """Whether a network said all of it, as in a file of predictions."""
        clips = [clip for tier in self.said for clip in tier.clips[:1]]  # most tell at once
        if not clips or any(clip.origin is not Origin.MODEL for clip in clips):
            return False
        return all(clip.origin is Origin.MODEL for tier in self.said for clip in tier.clips)

    @property
    def counted(self) -> list[Tier]:
        """The tiers of ``said`` without clips of a network that nobody has accepted: what counts,
        is compared and becomes gold. Only of a document ``by_network`` are such clips its word."""
        return self.said if self.by_network else [_by_people(tier) for tier in self.said]

    def find(self, clip_id: str) -> tuple[Tier, Clip] | None:
        """The clip of that identity with its tier; an identity occurs once in a document."""
        for tier in self.tiers:
            clip = tier.find(clip_id)
            if clip is not None:
                return tier, clip
        return None


def order(clip: Clip) -> tuple[int, int, str]:
    """What the clips of a tier are sorted by."""
    return clip.start_ns, clip.end_ns, clip.id


def _start(clip: Clip) -> int:
    return clip.start_ns


def _by_people(tier: Tier) -> Tier:
    clips = [clip for clip in tier.clips if clip.origin is not Origin.MODEL]
    return tier if len(clips) == len(tier.clips) else Tier(tier.name, clips, tier.rules)


def _plain(data: Any) -> Clip | None:
    """A clip that only says what and when; None for any other data."""
    if type(data) is not dict or len(data) != 4:
        return None
    get = data.get
    start_ns, end_ns, label, clip_id = get("start_ns"), get("end_ns"), get("label"), get("id")
    if type(start_ns) is int and type(end_ns) is int and type(label) is type(clip_id) is str:
        return Clip(start_ns, end_ns, label, id=clip_id)
    return None


def _attributes(data: dict[Any, Any]) -> dict[str, AttributeValue]:
    for name, value in data.items():
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise ValueError(f"the attribute {brief(name)} is {brief(value)}")
    return data


_REQUIRED = object()
LONGEST_TOLD = 80  # characters of a foreign value in an error


def typed(
    data: Any, key: str, kind: type | tuple[type, ...], default: Any = _REQUIRED
) -> Any:  # the type is what ``kind`` says
    """A value of parsed JSON, checked: ValueError when it is missing or of another type."""
    if not isinstance(data, dict):
        raise ValueError(f"an object with “{key}” is missing")
    value = data.get(key, default)
    if value is _REQUIRED:
        raise ValueError(f"“{key}” is missing")
    if value is default:
        return value
    if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
        raise ValueError(f"“{key}” is {brief(value)}")
    return value


def brief(value: object) -> str:
    """A foreign value in a few words: lists that hold each other have no end when written out."""
    if isinstance(value, str):
        return repr(value if len(value) <= LONGEST_TOLD else value[:LONGEST_TOLD] + "…")
    if isinstance(value, int) and value.bit_length() > 64:
        return "a huge number"
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    return f"of the type {type(value).__name__}"
