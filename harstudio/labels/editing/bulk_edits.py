"""What a person does to several clips at once, each as one edit, hence one undo step.

Like ``clip_edits``: pure functions of a document, None when nothing would change, and EditError,
with nothing changed, when one of the clips cannot take it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from harstudio.labels.editing.clip_edits import find, place
from harstudio.labels.editing.edge_moves import as_edit, moved_clips, told_mended
from harstudio.labels.editing.edits import ChangeClip, Edit, EditError, Group, RemoveClip
from harstudio.labels.editing.proposals import accept
from harstudio.labels.model import AttributeValue, Clip, Document, Origin, Tier, new_id
from harstudio.recordings.frame_grid import FrameGrid


def relabel(document: Document, clip_ids: Sequence[str], label: str) -> Edit | None:
    """Another label: from then on a person says so, with no model's confidence. EditError where
    one is a proposal, which nobody has said yet."""
    for tier, clip in (find(document, clip_id) for clip_id in clip_ids):
        if tier.rules.proposals:
            raise EditError(f"“{clip.label}” is a proposal; accept it first.")

    def relabelled(clip: Clip) -> Clip:
        if clip.label == label:
            return clip
        return replace(clip, label=label, origin=Origin.HUMAN, confidence=None)

    return _changed(document, clip_ids, relabelled, f"Relabel {{}} to “{label}”")


def set_person(document: Document, clip_ids: Sequence[str], person: str) -> Edit | None:
    """Whom they are about, "" for whoever is seen."""
    said = f"Person {person} for {{}}" if person else "No person for {}"
    return _changed(document, clip_ids, lambda clip: replace(clip, person=person), said)


def set_confidence(
    document: Document, clip_ids: Sequence[str], confidence: float | None
) -> Edit | None:
    """How sure somebody is, in [0, 1]; None where nobody says."""
    said = "No confidence for {}" if confidence is None else f"Confidence {confidence:g} for {{}}"
    return _changed(document, clip_ids, lambda clip: replace(clip, confidence=confidence), said)


def set_unsure(document: Document, clip_ids: Sequence[str], unsure: bool) -> Edit | None:
    """Whether somebody else is to be asked."""
    said = "Flag {} as unsure" if unsure else "No longer unsure of {}"
    return _changed(document, clip_ids, lambda clip: replace(clip, unsure=unsure), said)


def set_comment(document: Document, clip_ids: Sequence[str], comment: str) -> Edit | None:
    """What is written to them; "" for nothing."""
    said = "Comment on {}"
    return _changed(document, clip_ids, lambda clip: replace(clip, comment=comment), said)


def set_attribute(
    document: Document, clip_ids: Sequence[str], name: str, value: AttributeValue | None
) -> Edit | None:
    """The answer to one question; None takes it away."""

    def answered(clip: Clip) -> Clip:
        others = {key: old for key, old in clip.attributes.items() if key != name}
        return replace(clip, attributes=others if value is None else {**others, name: value})

    said = f"No {name} for {{}}" if value is None else f"{name} {value} for {{}}"
    return _changed(document, clip_ids, answered, said)


def move(document: Document, clip_ids: Sequence[str], frames: int, grid: FrameGrid) -> Edit | None:
    """All of them by whole frames, as far as the clips that stay let every one of them go."""
    chosen = _by_tier(document, clip_ids)
    by = frames
    for tier, clips in chosen:  # one tier may hold the others back
        for done in moved_clips(tier, clips, by, grid)[:1]:
            by = _frames_moved(done.before, done.after, grid)
    moves = [(t, told_mended(t, moved_clips(t, clips, by, grid))) for t, clips in chosen]
    edits = [as_edit(t.name, moved) for t, moved in moves]
    return _one(_said("Move {}", [clip for _, clips in chosen for clip in clips]), edits)


def _frames_moved(before: Clip, after: Clip, grid: FrameGrid) -> int:
    if before == after:
        return 0
    at = grid.index if before.is_point else grid.first_of
    return at(after.start_ns) - at(before.start_ns)


def copy_to_tier(
    document: Document, clip_ids: Sequence[str], tier_name: str, minimum_ns: int = 1,
    *, moving: bool = False,
) -> Edit | None:  # fmt: skip
    """Copies in another tier, over what lies there; moving: they leave the tier they are in.

    minimum_ns as for ``clip_edits.place``. Proposals are accepted by it and take what is free.
    EditError where a clip of a length would go among points, or a point among clips, or where
    only some are proposals.
    """
    chosen = [find(document, clip_id) for clip_id in clip_ids]
    offered = [clip.id for tier, clip in chosen if tier.rules.proposals]
    if len(offered) == len(chosen) > 0:
        return accept(document, offered, tier_name, "", minimum_ns, nowhere_else=True)
    if offered:
        raise EditError("Clips and proposals do not go together; accept the proposals first.")
    gone: list[Edit] = []
    placings: list[tuple[str, Clip]] = []
    for tier, clip in chosen:
        if tier.name == tier_name:
            continue
        if moving:
            gone.append(RemoveClip(tier.name, clip))
        placings.append((tier_name, clip if moving else replace(clip, id=new_id())))
    title = f"{'Move' if moving else 'Copy'} {{}} to “{tier_name}”"
    return _placed(document, gone, placings, minimum_ns, title)


def place_all(
    document: Document, placings: Sequence[tuple[str, Clip]], minimum_ns: int, title: str
) -> Edit | None:
    """New clips by their tiers, as ``clip_edits.place`` puts each. title: "Paste {}"."""
    return _placed(document, [], placings, minimum_ns, title)


def _placed(
    document: Document,
    gone: list[Edit],
    placings: Sequence[tuple[str, Clip]],
    minimum_ns: int,
    title: str,
) -> Edit | None:
    """Each clip finds the tiers as those before it left them."""
    scratch = copy.copy(document)
    scratch.tiers = [Tier(t.name, list(t.clips), t.rules) for t in document.tiers]
    edits = list(gone)
    for edit in gone:
        edit.apply(scratch)
    for tier_name, clip in placings:
        tier = scratch.tier(tier_name)
        if clip.is_point is not (tier is not None and tier.rules.points):
            what = "a point event" if clip.is_point else "a clip with a length"
            raise EditError(f"“{clip.label}” is {what} and does not fit into “{tier_name}”.")
        edit = place(scratch, tier_name, clip, minimum_ns)
        edit.apply(scratch)
        edits.append(edit)
    return _one(_said(title, [clip for _, clip in placings]), edits)


def _changed(
    document: Document, clip_ids: Iterable[str], change: Callable[[Clip], Clip], said: str
) -> Edit | None:
    found = [find(document, clip_id) for clip_id in clip_ids]
    pairs = [(tier.name, clip, change(clip)) for tier, clip in found]
    pairs = [
        pair for pair in pairs if pair[1] != pair[2] or pair[1].attributes != pair[2].attributes
    ]
    edits = [ChangeClip(*pair) for pair in pairs]
    return _one(_said(said, [clip for _, clip, _ in pairs]), edits)


def _one(title: str, edits: Sequence[Edit | None]) -> Edit | None:
    done = tuple(edit for edit in edits if edit is not None)
    return Group(title, done) if done else None


def _said(title: str, clips: Sequence[Clip]) -> str:
    if not clips:
        return ""
    what = f"“{clips[0].label}”" if len(clips) == 1 else f"{len(clips)} clips"
    return title.replace("{}", what, 1)


def _by_tier(document: Document, clip_ids: Iterable[str]) -> list[tuple[Tier, list[Clip]]]:
    found: dict[str, tuple[Tier, list[Clip]]] = {}
    for tier, clip in (find(document, clip_id) for clip_id in clip_ids):
        found.setdefault(tier.name, (tier, []))[1].append(clip)
    return list(found.values())
