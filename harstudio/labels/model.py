"""Clips, tiers and the document that holds them: what people and networks say happened when.

A document belongs to one recording and one annotator. Nothing here changes a document: that is
the business of ``edits`` (as data) and ``history`` (journalled, undoable).
"""

from __future__ import annotations

import enum
import uuid
from dataclasses import dataclass, field
from typing import Any


class Origin(enum.StrEnum):
    """Who said it."""

    HUMAN = "human"
    MODEL = "model"
    IMPORTED = "imported"


def new_id() -> str:
    """A fresh identity for a clip."""
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Clip:
    """An action between two times: ``[start_ns, end_ns)`` on the recording's clock.

    label is the name of a label in the label set; person the body id or "" for whoever is seen;
    confidence lies in [0, 1], None where nobody gave one.
    """

    start_ns: int
    end_ns: int
    label: str
    person: str = ""
    confidence: float | None = None
    origin: Origin = Origin.HUMAN
    comment: str = ""
    id: str = field(default_factory=new_id)

    def __post_init__(self) -> None:
        if self.end_ns <= self.start_ns:
            raise ValueError(f"a clip must end after it starts: [{self.start_ns}, {self.end_ns})")
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise ValueError(f"confidence must lie in [0, 1], not {self.confidence}")

    @property
    def duration_ns(self) -> int:
        return self.end_ns - self.start_ns

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
        return data

    @classmethod
    def from_dict(cls, data: Any) -> Clip:
        """The reverse of ``to_dict``; ValueError when something is missing or of a wrong type."""
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
        )


@dataclass(slots=True)
class Tier:
    """One row of clips, sorted by start; clips of one tier may touch but not overlap."""

    name: str
    clips: list[Clip] = field(default_factory=list)

    def at(self, time_ns: int) -> Clip | None:
        """The clip that covers a time."""
        return next((c for c in self.clips if c.start_ns <= time_ns < c.end_ns), None)

    def find(self, clip_id: str) -> Clip | None:
        """The clip of that identity."""
        return next((c for c in self.clips if c.id == clip_id), None)


@dataclass(slots=True)
class Document:
    """What one annotator says about one recording.

    revision counts every do, undo and redo that ever happened to it.
    """

    recording: str
    annotator: str
    tiers: list[Tier] = field(default_factory=list)
    revision: int = 0

    def tier(self, name: str) -> Tier | None:
        """The tier of that name."""
        return next((t for t in self.tiers if t.name == name), None)

    def find(self, clip_id: str) -> tuple[Tier, Clip] | None:
        """The clip of that identity with its tier; an identity occurs once in a document."""
        for tier in self.tiers:
            clip = tier.find(clip_id)
            if clip is not None:
                return tier, clip
        return None


_REQUIRED = object()


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
        raise ValueError(f"“{key}” is {value!r}")
    return value
