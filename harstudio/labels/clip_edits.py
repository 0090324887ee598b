"""What a person does to clips, as edits: pure functions of a document; nothing is changed here.

The rule for room in a tier: **the clip being placed wins**. What it covers wholly is replaced,
what it covers partly is trimmed, and a clip that it lies within is split around it; a remainder
shorter than a frame goes. Moving an existing clip or edge is gentler: it stops at the neighbours.
Every function returns one edit, hence one undo step, or None when nothing would change.
``minimum_ns`` is one frame period of the reference stream: no clip gets shorter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal

from harstudio.labels.edits import (
    AddClip,
    AddTier,
    ChangeClip,
    Edit,
    EditError,
    Group,
    RemoveClip,
    RemoveTier,
)
from harstudio.labels.model import Clip, Document, Origin, Tier, new_id

Edge = Literal["start", "end"]


def place(document: Document, tier_name: str, clip: Clip, minimum_ns: int = 1) -> Edit:
    """Put a new clip into a tier (made if it is missing); see the rule above."""
    if clip.duration_ns < minimum_ns:
        clip = replace(clip, end_ns=clip.start_ns + minimum_ns)
    add = AddClip(tier_name, clip)
    tier = document.tier(tier_name)
    if tier is None:
        return Group(add.title, (AddTier(tier_name, len(document.tiers)), add))
    room = _make_room(tier, clip.start_ns, clip.end_ns, minimum_ns)
    return Group(add.title, (*room, add)) if room else add


def place_between(
    document: Document, tier_name: str, label: str, a_ns: int, b_ns: int, minimum_ns: int = 1
) -> Edit:
    """A new clip between an in and an out point, in whichever order they were set."""
    start_ns, end_ns = min(a_ns, b_ns), max(a_ns, b_ns)
    clip = Clip(start_ns, max(end_ns, start_ns + max(minimum_ns, 1)), label)
    return place(document, tier_name, clip, minimum_ns)


def split(document: Document, clip_id: str, time_ns: int, minimum_ns: int = 1) -> Edit:
    """Cut a clip in two; the left part keeps the identity. EditError when a part is too short."""
    tier, clip = _find(document, clip_id)
    if min(time_ns - clip.start_ns, clip.end_ns - time_ns) < max(minimum_ns, 1):
        raise EditError(f"“{clip.label}” cannot be split there: a part would be too short.")
    right = replace(clip, start_ns=time_ns, id=new_id())
    left = ChangeClip(tier.name, clip, replace(clip, end_ns=time_ns))
    return Group(f"Split “{clip.label}”", (left, AddClip(tier.name, right)))


def merge_with(document: Document, clip_id: str, side: Literal["previous", "next"]) -> Edit:
    """One clip out of a clip and its neighbour, over the gap too; its label and identity stay."""
    tier, clip = _find(document, clip_id)
    left, right = _neighbours(tier, clip)
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


def move_edge(
    document: Document,
    clip_id: str,
    edge: Edge,
    time_ns: int,
    minimum_ns: int = 1,
    *,
    roll: bool = False,
) -> Edit | None:
    """Move one edge; it stops at the neighbour and a frame before the clip's other edge.

    roll: a neighbour that touches this edge gives or takes the time instead of stopping it.
    """
    tier, clip = _find(document, clip_id)
    left, right = _neighbours(tier, clip)
    minimum_ns = max(minimum_ns, 1)
    if edge == "start":
        rolled = left if roll and left is not None and left.end_ns == clip.start_ns else None
        lowest = rolled.start_ns + minimum_ns if rolled else _end_of(left)
        time_ns = _clamp(time_ns, lowest, max(clip.end_ns - minimum_ns, clip.start_ns))
        changes = [(clip, replace(clip, start_ns=time_ns))]
        if rolled:
            changes.append((rolled, replace(rolled, end_ns=time_ns)))
    else:
        rolled = right if roll and right is not None and right.start_ns == clip.end_ns else None
        highest = rolled.end_ns - minimum_ns if rolled else _start_of(right)
        time_ns = _clamp(time_ns, min(clip.start_ns + minimum_ns, clip.end_ns), highest)
        changes = [(clip, replace(clip, end_ns=time_ns))]
        if rolled:
            changes.append((rolled, replace(rolled, start_ns=time_ns)))
    return _changed(tier, changes, "Move edge")


def move(document: Document, clip_id: str, delta_ns: int) -> Edit | None:
    """Move a clip as it is; it stops at the neighbours and at 0."""
    tier, clip = _find(document, clip_id)
    left, right = _neighbours(tier, clip)
    latest = _start_of(right) - clip.duration_ns
    start_ns = _clamp(clip.start_ns + delta_ns, _end_of(left), latest)
    moved = replace(clip, start_ns=start_ns, end_ns=start_ns + clip.duration_ns)
    return _changed(tier, [(clip, moved)], "Move clip")


def nudge(
    document: Document, clip_id: str, delta_ns: int, edge: Edge | None = None, minimum_ns: int = 1
) -> Edit | None:
    """Move an edge, or the whole clip, by so much; stops as ``move_edge`` and ``move`` do."""
    if edge is None:
        return move(document, clip_id, delta_ns)
    _, clip = _find(document, clip_id)
    time_ns = clip.start_ns if edge == "start" else clip.end_ns
    return move_edge(document, clip_id, edge, time_ns + delta_ns, minimum_ns)


def relabel(document: Document, clip_id: str, label: str) -> Edit | None:
    """Give a clip another label: from then on a person says so, with no model's confidence."""
    _, clip = _find(document, clip_id)
    if clip.label == label:
        return None
    return change(document, clip_id, label=label, origin=Origin.HUMAN, confidence=None)


def change(document: Document, clip_id: str, **values: Any) -> Edit | None:
    """Change fields of a clip that are no times: person, comment, confidence, origin, label."""
    tier, clip = _find(document, clip_id)
    return _changed(tier, [(clip, replace(clip, **values))], "Change clip")


def delete(document: Document, *clip_ids: str) -> Edit:
    """Remove clips, as one step."""
    edits = tuple(
        RemoveClip(tier.name, clip) for tier, clip in (_find(document, i) for i in clip_ids)
    )
    return edits[0] if len(edits) == 1 else Group(f"Delete {len(edits)} clips", edits)


def remove_tier(document: Document, name: str) -> Edit:
    """Remove a tier with all its clips, as one step."""
    tier = document.tier(name)
    if tier is None:
        raise EditError(f"There is no tier “{name}”.")
    gone = RemoveTier(name, document.tiers.index(tier))
    clips: Iterable[Edit] = (RemoveClip(name, clip) for clip in tier.clips)
    return Group(gone.title, (*clips, gone))


def _make_room(tier: Tier, start_ns: int, end_ns: int, minimum_ns: int) -> tuple[Edit, ...]:
    edits: list[Edit] = []
    for old in tier.clips:
        if old.end_ns <= start_ns or end_ns <= old.start_ns:
            continue
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


def _changed(tier: Tier, changes: list[tuple[Clip, Clip]], title: str) -> Edit | None:
    edits = tuple(ChangeClip(tier.name, a, b) for a, b in changes if a != b)
    if not edits:
        return None
    return edits[0] if len(edits) == 1 else Group(title, edits)


def _find(document: Document, clip_id: str) -> tuple[Tier, Clip]:
    found = document.find(clip_id)
    if found is None:
        raise EditError("This clip is gone.")
    return found


def _neighbours(tier: Tier, clip: Clip) -> tuple[Clip | None, Clip | None]:
    index = tier.clips.index(clip)
    left = tier.clips[index - 1] if index > 0 else None
    right = tier.clips[index + 1] if index + 1 < len(tier.clips) else None
    return left, right


def _start(clip: Clip) -> int:
    return clip.start_ns


def _end_of(clip: Clip | None) -> int:
    return 0 if clip is None else clip.end_ns


def _start_of(clip: Clip | None) -> int:
    return 1 << 62 if clip is None else clip.start_ns


def _clamp(value: int, lowest: int, highest: int) -> int:
    return max(lowest, min(value, highest))
