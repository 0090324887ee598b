"""The edit that turns one document into another."""

from __future__ import annotations

from difflib import SequenceMatcher

from harstudio.labels.editing.edits import (
    AddClip,
    AddTier,
    ChangeClip,
    ChangeTier,
    Edit,
    Group,
    Keep,
    MarkDone,
    RemoveClip,
    RemoveTier,
)
from harstudio.labels.model import Clip, Document, Tier


def edit_between(now: Document, then: Document, title: str) -> Edit | None:
    """One edit that gives ``now`` the tiers, clips and marks of ``then``; None for equal ones.

    A clip that only changed is changed, not replaced: its identity stays.
    """
    staying = _staying([tier.name for tier in now.tiers], [tier.name for tier in then.tiers])
    before = {tier.name: tier for tier in now.tiers}
    after = {tier.name: tier for tier in then.tiers}
    edits: list[Edit] = []
    for tier in now.tiers:
        target = after[tier.name] if tier.name in staying else None
        edits += _removed(tier, target)
    for index in range(len(now.tiers) - 1, -1, -1):
        tier = now.tiers[index]
        if tier.name not in staying:
            edits.append(RemoveTier(tier.name, index, tier.rules))
    for index, tier in enumerate(then.tiers):
        if tier.name not in staying:
            edits.append(AddTier(tier.name, index, tier.rules))
        elif tier.rules != before[tier.name].rules:
            rules = before[tier.name].rules, tier.rules
            edits.append(ChangeTier(tier.name, tier.name, *rules))
    for tier in then.tiers:
        edits += _put(before[tier.name] if tier.name in staying else None, tier)
    if now.done is not then.done:
        edits.append(MarkDone(then.done))
    for name in sorted({*now.kept, *then.kept}):
        texts = now.kept.get(name, ""), then.kept.get(name, "")
        if texts[0] != texts[1]:
            edits.append(Keep(name, *texts))
    return Group(title, tuple(edits)) if edits else None


def _staying(before: list[str], after: list[str]) -> set[str]:
    """Tiers that need not be moved: those of a longest run that both have in one order."""
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return {name for block in blocks for name in before[block.a : block.a + block.size]}


def _by_id(tier: Tier | None) -> dict[str, Clip]:
    return {} if tier is None else {clip.id: clip for clip in tier.clips}


def _removed(tier: Tier, target: Tier | None) -> list[Edit]:
    """The clips of a tier that its later self has not."""
    there = _by_id(target)
    return [RemoveClip(tier.name, clip) for clip in tier.clips if clip.id not in there]


def _put(source: Tier | None, tier: Tier) -> list[Edit]:
    """The clips of a tier that are new in it, or differ from those it had."""
    had = _by_id(source)
    edits: list[Edit] = []
    for clip in tier.clips:
        old = had.get(clip.id)
        if old is None:
            edits.append(AddClip(tier.name, clip))
        elif old is not clip and old != clip:
            edits.append(ChangeClip(tier.name, old, clip))
    return edits
