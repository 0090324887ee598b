"""The single changes of clips: one comes, goes or becomes another."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Any, ClassVar

from harstudio.labels.editing.base import EditError, Step, tier_of
from harstudio.labels.editing.tier_check import check_clips
from harstudio.labels.model import Clip, Document, Tier, order, typed


@dataclass(frozen=True, slots=True)
class AddClip(Step):
    """A new clip."""

    tier: str
    clip: Clip
    kind: ClassVar[str] = "add-clip"

    @property
    def title(self) -> str:
        return f"Label “{self.clip.label}”"

    def inverse(self) -> Step:
        return RemoveClip(self.tier, self.clip)

    def change(self, document: Document) -> None:
        tier = tier_of(document, self.tier)
        if document.find(self.clip.id) is not None:
            raise EditError("This clip is in the document already.")
        tier.insert(self.clip)

    def check(self, document: Document) -> None:
        _check_neighbours(document, self.tier, self.clip)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "tier": self.tier, "clip": self.clip.to_dict()}

    @classmethod
    def _from_dict(cls, data: Any) -> AddClip:
        return cls(typed(data, "tier", str), Clip.from_dict(data.get("clip")))


@dataclass(frozen=True, slots=True)
class RemoveClip(Step):
    """A clip goes; all of it is kept here for undo."""

    tier: str
    clip: Clip
    kind: ClassVar[str] = "remove-clip"

    @property
    def title(self) -> str:
        return f"Delete “{self.clip.label}”"

    def inverse(self) -> Step:
        return AddClip(self.tier, self.clip)

    def change(self, document: Document) -> None:
        tier = tier_of(document, self.tier)
        tier.remove(_index(tier, self.clip))

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "tier": self.tier, "clip": self.clip.to_dict()}

    @classmethod
    def _from_dict(cls, data: Any) -> RemoveClip:
        return cls(typed(data, "tier", str), Clip.from_dict(data.get("clip")))


@dataclass(frozen=True, slots=True)
class ChangeClip(Step):
    """A clip becomes another one of the same identity in the same tier."""

    tier: str
    before: Clip
    after: Clip
    kind: ClassVar[str] = "change-clip"

    def __post_init__(self) -> None:
        if self.before.id != self.after.id:
            raise ValueError("a clip keeps its identity when it changes")

    @property
    def title(self) -> str:
        before, after = self.before, self.after
        if before.label != after.label:
            return f"Relabel to “{after.label}”"
        if before.start_ns != after.start_ns and before.end_ns != after.end_ns:
            return "Move clip"
        if before.start_ns != after.start_ns or before.end_ns != after.end_ns:
            return "Move edge"
        return "Change clip"

    def inverse(self) -> Step:
        return ChangeClip(self.tier, self.after, self.before)

    def change(self, document: Document) -> None:
        tier = tier_of(document, self.tier)
        tier.remove(_index(tier, self.before))
        tier.insert(self.after)

    def check(self, document: Document) -> None:
        _check_neighbours(document, self.tier, self.after)

    def to_dict(self) -> dict[str, Any]:
        before, after = self.before.to_dict(), self.after.to_dict()
        return {"kind": self.kind, "tier": self.tier, "before": before, "after": after}

    @classmethod
    def _from_dict(cls, data: Any) -> ChangeClip:
        before, after = Clip.from_dict(data.get("before")), Clip.from_dict(data.get("after"))
        return cls(typed(data, "tier", str), before, after)


def _index(tier: Tier, clip: Clip) -> int:
    if tier.clips and tier.clips[-1] == clip:  # the usual one
        return len(tier.clips) - 1
    index = bisect_left(tier.clips, order(clip), key=order)
    if index == len(tier.clips) or tier.clips[index] != clip:
        raise EditError(f"The clip “{clip.label}” is gone or was changed meanwhile.")
    return index


def _check_neighbours(document: Document, name: str, clip: Clip) -> None:
    tier = document.tier(name)
    if tier is None:
        return  # a later step of the group removed it
    try:
        index = _index(tier, clip)
    except EditError:
        return  # a later step of the group changed it, and is checked itself
    check_clips(tier, tier.clips[max(index - 1, 0) : index + 2], (clip,))
