"""Edits as data: each can be applied, inverted, merged with the next and written to a journal.

An edit says exactly what it changes (a clip before and after), so it fits only the document it
was made for: applied to another one it raises ``EditError`` and changes nothing. Inside a group
clips may overlap for a moment; only the result must be whole.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

from harstudio.errors import UsageError
from harstudio.labels.model import PLAIN, Clip, Document, Tier, TierRules, typed


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
        tier = _tier(document, self.tier)
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
        tier = _tier(document, self.tier)
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


@dataclass(frozen=True, slots=True)
class AddTier(Step):
    """A new empty tier at a place among the others; an index past the end puts it last."""

    name: str
    index: int = 1 << 30
    rules: TierRules = PLAIN
    kind: ClassVar[str] = "add-tier"

    @property
    def title(self) -> str:
        return f"Add tier “{self.name}”"

    def inverse(self) -> Step:
        return RemoveTier(self.name, self.index, self.rules)

    def change(self, document: Document) -> None:
        if document.tier(self.name) is not None:
            raise EditError(f"There is a tier “{self.name}” already.")
        document.tiers.insert(self.index, Tier(self.name, rules=self.rules))

    def to_dict(self) -> dict[str, Any]:
        return _tier_dict(self)

    @classmethod
    def _from_dict(cls, data: Any) -> AddTier:
        return cls(typed(data, "name", str), typed(data, "index", int), _rules(data, "rules"))


@dataclass(frozen=True, slots=True)
class RemoveTier(Step):
    """An empty tier goes; ``clip_edits.remove_tier`` removes one with its clips."""

    name: str
    index: int
    rules: TierRules = PLAIN
    kind: ClassVar[str] = "remove-tier"

    @property
    def title(self) -> str:
        return f"Delete tier “{self.name}”"

    def inverse(self) -> Step:
        return AddTier(self.name, self.index, self.rules)

    def change(self, document: Document) -> None:
        tier = _tier(document, self.name)
        if tier.clips:
            raise EditError(f"The tier “{self.name}” is not empty.")
        if tier.rules != self.rules:
            raise EditError(f"The tier “{self.name}” was changed meanwhile.")
        document.tiers.remove(tier)

    def to_dict(self) -> dict[str, Any]:
        return _tier_dict(self)

    @classmethod
    def _from_dict(cls, data: Any) -> RemoveTier:
        return cls(typed(data, "name", str), typed(data, "index", int), _rules(data, "rules"))


@dataclass(frozen=True, slots=True)
class ChangeTier(Step):
    """A tier gets another name or other rules; its clips must fit them."""

    before: str
    after: str
    before_rules: TierRules = PLAIN
    after_rules: TierRules = PLAIN
    kind: ClassVar[str] = "change-tier"

    @property
    def title(self) -> str:
        if self.before != self.after:
            return f"Rename tier to “{self.after}”"
        return f"Change tier “{self.after}”"

    def inverse(self) -> Step:
        return ChangeTier(self.after, self.before, self.after_rules, self.before_rules)

    def change(self, document: Document) -> None:
        tier = _tier(document, self.before)
        if tier.rules != self.before_rules:
            raise EditError(f"The tier “{self.before}” was changed meanwhile.")
        if self.before != self.after and document.tier(self.after) is not None:
            raise EditError(f"There is a tier “{self.after}” already.")
        tier.name, tier.rules = self.after, self.after_rules

    def check(self, document: Document) -> None:
        tier = document.tier(self.after)
        if tier is not None:
            check_tier(tier)

    def to_dict(self) -> dict[str, Any]:
        rules = {
            "before_rules": self.before_rules.to_dict(),
            "after_rules": self.after_rules.to_dict(),
        }
        return {"kind": self.kind, "before": self.before, "after": self.after} | rules

    @classmethod
    def _from_dict(cls, data: Any) -> ChangeTier:
        names = typed(data, "before", str), typed(data, "after", str)
        return cls(*names, _rules(data, "before_rules"), _rules(data, "after_rules"))


@dataclass(frozen=True, slots=True)
class MarkDone(Step):
    """The annotator says that the recording is finished, or that it is not."""

    done: bool
    kind: ClassVar[str] = "mark-done"

    @property
    def title(self) -> str:
        return "Mark as done" if self.done else "Mark as not done"

    def inverse(self) -> Step:
        return MarkDone(not self.done)

    def change(self, document: Document) -> None:
        if document.done is self.done:
            raise EditError(f"It is marked as {'done' if self.done else 'not done'} already.")
        document.done = self.done

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "done": self.done}

    @classmethod
    def _from_dict(cls, data: Any) -> MarkDone:
        return cls(typed(data, "done", bool))


@dataclass(frozen=True, slots=True)
class Keep(Step):
    """What a foreign file held besides is kept for the way back; "" is nothing."""

    format: str
    before: str
    after: str
    kind: ClassVar[str] = "keep"

    @property
    def title(self) -> str:
        return f"Keep what else the {self.format} file held"

    def inverse(self) -> Step:
        return Keep(self.format, self.after, self.before)

    def change(self, document: Document) -> None:
        if document.kept.get(self.format, "") != self.before:
            raise EditError(f"What the {self.format} file held besides was changed meanwhile.")
        document.kept.pop(self.format, None)
        if self.after:
            document.kept[self.format] = self.after

    def to_dict(self) -> dict[str, Any]:
        texts = {"format": self.format, "before": self.before, "after": self.after}
        return {"kind": self.kind} | texts

    @classmethod
    def _from_dict(cls, data: Any) -> Keep:
        return cls(*(typed(data, key, str) for key in ("format", "before", "after")))


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
    edit.kind: edit
    for edit in (
        AddClip, RemoveClip, ChangeClip, AddTier, RemoveTier, ChangeTier, MarkDone, Keep, Group,
    )
}  # fmt: skip

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
    _check_clips(tier, tier.clips[max(index - 1, 0) : index + 2], (clip,))


def check_tier(tier: Tier) -> None:
    """EditError when a clip does not fit the tier's rules."""
    _check_clips(tier, tier.clips, tier.clips)


def _check_clips(tier: Tier, following: Sequence[Clip], kinds: Iterable[Clip]) -> None:
    rules = tier.rules
    for clip in kinds:
        if clip.is_point is not rules.points:
            what = "a point event" if clip.is_point else "a clip with a length"
            raise EditError(f"“{clip.label}” is {what} and does not fit into “{tier.name}”.")
    if rules.overlap or rules.points:
        return
    for left, right in pairwise(following):
        if right.start_ns < left.end_ns:
            raise EditError(f"“{left.label}” and “{right.label}” would overlap in “{tier.name}”.")


def _tier_dict(edit: AddTier | RemoveTier) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": edit.kind, "name": edit.name, "index": edit.index}
    rules = edit.rules.to_dict()
    return data | {"rules": rules} if rules else data


def _rules(data: Any, key: str) -> TierRules:
    return TierRules.from_dict(typed(data, key, dict, {}))
