"""Edits as data: each can be applied, inverted, merged with the next and written to a journal.

An edit says exactly what it changes (a clip before and after), so it fits only the document it
was made for: applied to another one it raises ``EditError`` and changes nothing. Inside a group
clips may overlap for a moment; only the result must be whole.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

from harstudio.errors import UsageError
from harstudio.labels.model import Clip, Document, Tier, typed


class EditError(UsageError):
    """The edit does not fit the document; nothing was changed."""


class Edit(ABC):
    """A change of a document."""

    kind: ClassVar[str]

    @property
    @abstractmethod
    def title(self) -> str:
        """What it does, for "Undo ..."."""

    @abstractmethod
    def inverse(self) -> Edit:
        """The edit that takes it back."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Builtins for JSON, with "kind"."""

    @abstractmethod
    def steps(self) -> tuple[Step, ...]:
        """The single changes it consists of, in order; empty when it changes nothing."""

    def apply(self, document: Document) -> None:
        """Change the document, wholly or (EditError) not at all."""
        done: list[Step] = []
        try:
            for step in self.steps():
                step.change(document)
                done.append(step)
            for step in done:
                step.check(document)
        except EditError:
            for step in reversed(done):
                step.inverse().change(document)
            raise

    def merge(self, following: Edit) -> Edit | None:
        """Both in one, for edits of one gesture: same title and a clip in common; else None."""
        first, second = _net(self), _net(following)
        if self.title != following.title or first is None or second is None:
            return None
        if not first.keys() & second.keys():
            return None
        net = dict(first)
        for clip_id, (before, after) in second.items():
            net[clip_id] = (net[clip_id][0] if clip_id in net else before, after)
        edits = tuple(step for change in net.values() for step in _as_steps(*change))
        if len(edits) == 1 and edits[0].title == self.title:
            return edits[0]
        return Group(self.title, edits)

    @staticmethod
    def from_dict(data: Any) -> Edit:
        """The reverse of ``to_dict``; ValueError when it is not an edit."""
        kind = typed(data, "kind", str)
        if kind not in KINDS:
            raise ValueError(f"“{kind}” is no kind of edit")
        return KINDS[kind]._from_dict(data)

    @classmethod
    @abstractmethod
    def _from_dict(cls, data: Any) -> Edit: ...


class Step(Edit):
    """An edit that is one single change."""

    def steps(self) -> tuple[Step, ...]:
        return (self,)

    @abstractmethod
    def inverse(self) -> Step: ...

    @abstractmethod
    def change(self, document: Document) -> None:
        """Change the document without looking at overlaps; EditError when it does not fit."""

    def check(self, document: Document) -> None:
        """EditError when what this step put there overlaps its neighbours."""


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
        tier = _tier(document, self.tier)
        if document.find(self.clip.id) is not None:
            raise EditError("This clip is in the document already.")
        tier.clips.insert(bisect_right(tier.clips, self.clip.start_ns, key=_start), self.clip)

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
        tier = _tier(document, self.tier)
        del tier.clips[_index(tier, self.clip)]

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
        tier = _tier(document, self.tier)
        del tier.clips[_index(tier, self.before)]
        tier.clips.insert(bisect_right(tier.clips, self.after.start_ns, key=_start), self.after)

    def check(self, document: Document) -> None:
        _check_neighbours(document, self.tier, self.after)

    def to_dict(self) -> dict[str, Any]:
        before, after = self.before.to_dict(), self.after.to_dict()
        return {"kind": self.kind, "tier": self.tier, "before": before, "after": after}

    @classmethod
    def _from_dict(cls, data: Any) -> ChangeClip:
        before, after = Clip.from_dict(data.get("before")), Clip.from_dict(data.get("after"))
        return cls(typed(data, "tier", str), before, after)


@dataclass(frozen=True, slots=True)
class AddTier(Step):
    """A new empty tier at a place among the others; an index past the end puts it last."""

    name: str
    index: int = 1 << 30
    kind: ClassVar[str] = "add-tier"

    @property
    def title(self) -> str:
        return f"Add tier “{self.name}”"

    def inverse(self) -> Step:
        return RemoveTier(self.name, self.index)

    def change(self, document: Document) -> None:
        if document.tier(self.name) is not None:
            raise EditError(f"There is a tier “{self.name}” already.")
        document.tiers.insert(self.index, Tier(self.name))

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "name": self.name, "index": self.index}

    @classmethod
    def _from_dict(cls, data: Any) -> AddTier:
        return cls(typed(data, "name", str), typed(data, "index", int))


@dataclass(frozen=True, slots=True)
class RemoveTier(Step):
    """An empty tier goes; ``clip_edits.remove_tier`` removes one with its clips."""

    name: str
    index: int
    kind: ClassVar[str] = "remove-tier"

    @property
    def title(self) -> str:
        return f"Delete tier “{self.name}”"

    def inverse(self) -> Step:
        return AddTier(self.name, self.index)

    def change(self, document: Document) -> None:
        tier = _tier(document, self.name)
        if tier.clips:
            raise EditError(f"The tier “{self.name}” is not empty.")
        document.tiers.remove(tier)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "name": self.name, "index": self.index}

    @classmethod
    def _from_dict(cls, data: Any) -> RemoveTier:
        return cls(typed(data, "name", str), typed(data, "index", int))


@dataclass(frozen=True, slots=True)
class Group(Edit):
    """Several edits that are done and undone as one."""

    name: str
    edits: tuple[Edit, ...]
    kind: ClassVar[str] = "group"

    @property
    def title(self) -> str:
        return self.name

    def steps(self) -> tuple[Step, ...]:
        return tuple(step for edit in self.edits for step in edit.steps())

    def inverse(self) -> Edit:
        return Group(self.name, tuple(edit.inverse() for edit in reversed(self.edits)))

    def to_dict(self) -> dict[str, Any]:
        edits = [edit.to_dict() for edit in self.edits]
        return {"kind": self.kind, "title": self.name, "edits": edits}

    @classmethod
    def _from_dict(cls, data: Any) -> Group:
        edits = typed(data, "edits", list)
        return cls(typed(data, "title", str), tuple(Edit.from_dict(edit) for edit in edits))


KINDS: dict[str, type[Edit]] = {
    edit.kind: edit for edit in (AddClip, RemoveClip, ChangeClip, AddTier, RemoveTier, Group)
}

_Place = tuple[str, Clip] | None  # tier and clip, None where the clip is not there


def _net(edit: Edit) -> dict[str, tuple[_Place, _Place]] | None:
    """Before and after of each clip by identity; None when tiers come or go."""
    net: dict[str, tuple[_Place, _Place]] = {}
    for step in edit.steps():
        before: _Place = None
        after: _Place = None
        match step:
            case AddClip(tier, clip):
                clip_id, after = clip.id, (tier, clip)
            case RemoveClip(tier, clip):
                clip_id, before = clip.id, (tier, clip)
            case ChangeClip(tier, old, new):
                clip_id, before, after = old.id, (tier, old), (tier, new)
            case _:
                return None
        net[clip_id] = (net[clip_id][0] if clip_id in net else before, after)
    return net


def _as_steps(before: _Place, after: _Place) -> tuple[Step, ...]:
    if before == after:
        return ()
    if before is not None and after is not None and before[0] == after[0]:
        return (ChangeClip(before[0], before[1], after[1]),)
    gone = () if before is None else (RemoveClip(*before),)
    return gone if after is None else (*gone, AddClip(*after))


def _start(clip: Clip) -> int:
    return clip.start_ns


def _tier(document: Document, name: str) -> Tier:
    tier = document.tier(name)
    if tier is None:
        raise EditError(f"There is no tier “{name}”.")
    return tier


def _index(tier: Tier, clip: Clip) -> int:
    index = bisect_left(tier.clips, clip.start_ns, key=_start)
    for place in range(index, len(tier.clips)):
        if tier.clips[place] == clip:
            return place
        if tier.clips[place].start_ns != clip.start_ns:
            break
    raise EditError(f"The clip “{clip.label}” is gone or was changed meanwhile.")


def _check_neighbours(document: Document, name: str, clip: Clip) -> None:
    tier = document.tier(name)
    if tier is None:
        return  # a later step of the group removed it
    try:
        index = _index(tier, clip)
    except EditError:
        return  # a later step of the group changed it, and is checked itself
    for left, right in pairwise(tier.clips[max(index - 1, 0) : index + 2]):
        if right.start_ns < left.end_ns:
            raise EditError(f"“{left.label}” and “{right.label}” would overlap in “{name}”.")
