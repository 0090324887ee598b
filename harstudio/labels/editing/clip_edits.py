"""What a person does to clips, as edits: pure functions of a document; nothing is changed here.

The rule for room in a tier: **the clip being placed wins**. What it covers wholly is replaced,
what it covers partly is trimmed, and a clip that it lies within is split around it; a remainder
shorter than a frame goes. Moving a clip or an edge is gentler (``edge_moves``): it stops at the
neighbours. Several clips at once: ``bulk_edits``.
Every function returns one edit, hence one undo step, or None when nothing would change.
``minimum_ns`` is one frame period of the reference stream: no clip gets shorter.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from harstudio.labels.editing.edge_moves import Side, neighbours
from harstudio.labels.editing.edits import (
    AddClip,
    AddTier,
    ChangeClip,
    Edit,
    EditError,
    Group,
    RemoveClip,
    RemoveTier,
)
from harstudio.labels.model import Clip, Document, Tier, TierRules, new_id


def place(document: Document, tier_name: str, clip: Clip, minimum_ns: int = 1) -> Edit:
    """Put a new clip into a tier (made if it is missing); see the rule above.

    It is about the tier's person where that has one. In a tier of points it becomes the point
    where it starts; where clips may overlap nothing makes room. EditError for a tier of
    proposals: nobody says anything there.
    """
    tier = document.tier(tier_name)
    rules = TierRules() if tier is None else tier.rules
    if rules.proposals:
        raise EditError(f"“{tier_name}” is the tier of proposals; choose one of yours.")
    if rules.person:
        clip = replace(clip, person=rules.person)
    minimum_ns = max(minimum_ns, rules.minimum_ns)
    if rules.points:
        clip = replace(clip, end_ns=clip.start_ns)
    elif clip.duration_ns < minimum_ns:
        clip = replace(clip, end_ns=clip.start_ns + minimum_ns)
    add = AddClip(tier_name, clip)
    if tier is None:
        return Group(add.title, (AddTier(tier_name, len(document.tiers)), add))
    if rules.points or rules.overlap:
        return add
    room = _make_room(tier, clip.start_ns, clip.end_ns, minimum_ns)
    return Group(add.title, (*room, add)) if room else add


def split(document: Document, clip_id: str, time_ns: int, minimum_ns: int = 1) -> Edit:
    """Cut a clip in two; the left part keeps the identity. EditError when a part is too short."""
    tier, clip = find(document, clip_id)
    if tier.rules.points:
        raise EditError(f"“{clip.label}” is a point event and cannot be split.")
    minimum_ns = max(minimum_ns, tier.rules.minimum_ns)
    if min(time_ns - clip.start_ns, clip.end_ns - time_ns) < max(minimum_ns, 1):
        raise EditError(f"“{clip.label}” cannot be split there: a part would be too short.")
    right = replace(clip, start_ns=time_ns, id=new_id())
    left = ChangeClip(tier.name, clip, replace(clip, end_ns=time_ns))
    return Group(f"Split “{clip.label}”", (left, AddClip(tier.name, right)))


def merge_with(document: Document, clip_id: str, side: Side) -> Edit:
    """One clip out of a clip and its neighbour, over the gap too; its label and identity stay."""
    tier, clip = find(document, clip_id)
    if tier.rules.points:
        raise EditError(f"“{clip.label}” is a point event and cannot be merged.")
    left, right = neighbours(tier, clip)
    other = left if side == "previous" else right
    if other is None:
        raise EditError(f"“{clip.label}” has no {side} clip to merge with.")
    comments = dict.fromkeys(c.comment for c in sorted((clip, other), key=_start) if c.comment)
    merged = replace(
        clip,
        start_ns=min(clip.start_ns, other.start_ns),
        end_ns=max(clip.end_ns, other.end_ns),
        comment=" ".join(comments),
    )
    edits = (RemoveClip(tier.name, other), ChangeClip(tier.name, clip, merged))
    return Group(f"Merge “{clip.label}”", edits)


def change(document: Document, clip_id: str, **values: Any) -> Edit | None:
    """Change fields of a clip that are no times: its comment, for one."""
    tier, clip = find(document, clip_id)
    changed = replace(clip, **values)
    return None if changed == clip else ChangeClip(tier.name, clip, changed)


def delete(document: Document, *clip_ids: str) -> Edit:
    """Remove clips, as one step."""
    edits = tuple(
        RemoveClip(tier.name, clip) for tier, clip in (find(document, i) for i in clip_ids)
    )
    return edits[0] if len(edits) == 1 else Group(f"Delete {len(edits)} clips", edits)


def remove_tier(document: Document, name: str) -> Edit:
    """Remove a tier with all its clips, as one step."""
    tier = document.tier(name)
    if tier is None:
        raise EditError(f"There is no tier “{name}”.")
    gone = RemoveTier(name, document.tiers.index(tier), tier.rules)
    clips: Iterable[Edit] = (RemoveClip(name, clip) for clip in tier.clips)
    return Group(gone.title, (*clips, gone))


def _make_room(tier: Tier, start_ns: int, end_ns: int, minimum_ns: int) -> tuple[Edit, ...]:
    edits: list[Edit] = []
    first = bisect_right(tier.clips, start_ns, key=_end)
    last = bisect_left(tier.clips, end_ns, key=_start)
    for old in tier.clips[first:last]:
        parts = [(old.start_ns, start_ns), (end_ns, old.end_ns)]
        rest = [part for part in parts if part[1] - part[0] >= max(minimum_ns, 1)]
        if not rest:
            edits.append(RemoveClip(tier.name, old))
            continue
        kept = replace(old, start_ns=rest[0][0], end_ns=rest[0][1])
        edits.append(ChangeClip(tier.name, old, kept))
        for a_ns, b_ns in rest[1:]:
            edits.append(AddClip(tier.name, replace(old, start_ns=a_ns, end_ns=b_ns, id=new_id())))
    return tuple(edits)


def find(document: Document, clip_id: str) -> tuple[Tier, Clip]:
    """A clip of the document with its tier; EditError when it is gone."""
    found = document.find(clip_id)
    if found is None:
        raise EditError("This clip is gone.")
    return found


def _start(clip: Clip) -> int:
    return clip.start_ns


def _end(clip: Clip) -> int:
    return clip.end_ns
