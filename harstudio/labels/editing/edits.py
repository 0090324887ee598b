"""Edits as data: each can be applied, inverted, merged with the next and written to a journal.

An edit says exactly what it changes (a clip before and after), so it fits only the document it
was made for: applied to another one it raises ``EditError`` and changes nothing. Inside a group
clips may overlap for a moment; only the result must be whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from harstudio.labels.editing.base import KINDS, Edit, EditError, Step
from harstudio.labels.editing.clip_steps import AddClip, ChangeClip, RemoveClip
from harstudio.labels.editing.tier_check import check_tier
from harstudio.labels.editing.tier_steps import (
    AddTier,
    ChangeTier,
    Keep,
    MarkDone,
    MoveTier,
    RemoveTier,
)
from harstudio.labels.model import Clip, typed

__all__ = [
    "AddClip",
    "AddTier",
    "ChangeClip",
    "ChangeTier",
    "Edit",
    "EditError",
    "Group",
    "Keep",
    "MarkDone",
    "MoveTier",
    "RemoveClip",
    "RemoveTier",
    "Step",
    "check_tier",
    "merged",
]


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


KINDS.update(
    (edit.kind, edit)
    for edit in (
        AddClip, RemoveClip, ChangeClip, AddTier, RemoveTier, ChangeTier, MoveTier, MarkDone, Keep,
        Group,
    )
)  # fmt: skip


def merged(first: Edit, following: Edit) -> Edit | None:
    """Both in one, for edits of one gesture: same title and a clip in common; else None."""
    net, second = _net(first), _net(following)
    if first.title != following.title or net is None or second is None:
        return None
    if not net.keys() & second.keys():
        return None
    for clip_id, (before, after) in second.items():
        net[clip_id] = (net[clip_id][0] if clip_id in net else before, after)
    edits = tuple(step for change in net.values() for step in _as_steps(*change))
    if len(edits) == 1 and edits[0].title == first.title:
        return edits[0]
    return Group(first.title, edits)


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
