"""Settling disagreements: the gold labels, made of what annotators said, as edits.

Gold is a document like others. Which disagreements were settled is kept in it, so that settling
can be left, taken up again and undone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from harstudio.labels.agreement import Compared, Disagreement
from harstudio.labels.agreement.frames import stretches, tracks
from harstudio.labels.editing.edits import Edit
from harstudio.labels.model import Clip, Document, Tier, TierRules, new_id
from harstudio.labels.team.differences import edit_between
from harstudio.labels.team.policy import GOLD

KEPT = "settled"  # the name under which it is kept in the gold document
Mark = tuple[str, int, int]  # person, start_ns, end_ns


def mark_of(disagreement: Disagreement) -> Mark:
    """What identifies a disagreement within its recording."""
    return disagreement.person, disagreement.start_ns, disagreement.end_ns


def settled(gold: Document) -> set[Mark]:
    """The disagreements that were settled; those of a damaged record count as open."""
    try:
        rows = json.loads(gold.kept.get(KEPT) or "[]")
        return {(str(person), int(start), int(end)) for person, start, end in rows}
    except (ValueError, TypeError):
        return set()


def take(
    gold: Document,
    disagreement: Disagreement,
    source: Document,
    *,
    slack_ns: int = 0,
) -> Edit | None:
    """What one annotator said over a disagreement goes into gold, which counts it as settled.

    Clips that the annotator has go on across its ends are joined with what gold has there, when
    no more than slack_ns lies between. None when gold is like that already.
    """
    then = gold.copy()
    span = disagreement.start_ns, disagreement.end_ns
    _paint(then, disagreement.person, span, source, slack_ns)
    _mark(then, settled(then) | {mark_of(disagreement)})
    return edit_between(gold, then, f"Settle as {source.annotator} says")


def keep(gold: Document, disagreement: Disagreement) -> Edit | None:
    """A disagreement counts as settled with what gold says now; None when it does already."""
    then = gold.copy()
    _mark(then, settled(then) | {mark_of(disagreement)})
    return edit_between(gold, then, "Settle as it stands")


def take_agreed(gold: Document, compared: Compared, *, slack_ns: int = 0) -> Edit | None:
    """Everything that all annotators say alike goes into gold; None when it is there already.

    Stretches over which they differ stay as they are.
    """
    then = gold.copy()
    names = sorted(document.annotator for document in compared.documents)
    first = next(one for one in compared.documents if one.annotator == names[0])
    for stretch in stretches(compared):
        if not stretch.disputed:
            span = stretch.start_ns, stretch.end_ns
            _paint(then, stretch.person, span, first, slack_ns)
    return edit_between(gold, then, "Take what all agree on")


def about_one(gold: Document, tier_name: str) -> Document:
    """Gold to be compared with labels in the tier of that name; a copy.

    Where gold has clips in one tier alone, and that names no person, it is taken for the same
    tier, whatever the two are called.
    """
    used = [tier for tier in gold.tiers if tier.clips and not tier.rules.points]
    if len(used) != 1 or used[0].rules.person:
        return gold
    tiers = [Tier(tier_name, t.clips, t.rules) if t is used[0] else t for t in gold.tiers]
    return replace(gold, tiers=tiers)


def tier_name(gold: Document, person: str) -> str:
    """The tier of gold that is about a person, there already or not."""
    tier = _tier(gold, person)
    return (person or GOLD) if tier is None else tier.name


def _mark(gold: Document, marks: Iterable[Mark]) -> None:
    gold.kept[KEPT] = json.dumps(sorted(marks), ensure_ascii=False, separators=(",", ":"))


def _paint(
    gold: Document, person: str, span: tuple[int, int], source: Document, slack_ns: int
) -> None:
    """The stretch of the person's tier becomes what the source says there."""
    said = [
        clip
        for clip in tracks(source).get(person, ())
        if clip.start_ns < span[1] and clip.end_ns > span[0]
    ]
    tier = _tier(gold, person)
    if tier is None:
        if not said:
            return
        rules = TierRules(person=person, overlap=_overlap(source, person))
        tier = Tier(person or GOLD, rules=rules)
        gold.tiers.append(tier)
    clips = list(_without(tier.clips, *span))
    for clip in said:
        clips = _joined(clips, clip, span, slack_ns)
    gold.tiers[gold.tiers.index(tier)] = _filled(tier, clips)


def _tier(gold: Document, person: str) -> Tier | None:
    for tier in gold.tiers:
        own = "" if tier.name == gold.annotator else tier.name
        if (tier.rules.person or own) == person and not tier.rules.points:
            return tier
    return None


def _overlap(source: Document, person: str) -> bool:
    own = (t for t in source.tiers if (t.rules.person or t.name) == person or not person)
    return any(tier.rules.overlap for tier in own)


def _without(clips: Sequence[Clip], start_ns: int, end_ns: int) -> Iterator[Clip]:
    """The clips with a stretch cut out of them; the left part keeps the identity."""
    for clip in clips:
        if clip.end_ns <= start_ns or clip.start_ns >= end_ns:
            yield clip
            continue
        before, after = clip.start_ns < start_ns, clip.end_ns > end_ns
        if before:
            yield replace(clip, end_ns=start_ns)
        if after:
            yield replace(clip, start_ns=end_ns, id=new_id() if before else clip.id)


def _joined(clips: list[Clip], said: Clip, span: tuple[int, int], slack_ns: int) -> list[Clip]:
    """The clips with the part of ``said`` that lies in the span."""
    made = Clip(
        max(said.start_ns, span[0]),
        min(said.end_ns, span[1]),
        said.label,
        said.person,
        comment=said.comment,
        attributes=said.attributes,
    )
    rest = []
    for clip in clips:
        same = clip.label == made.label
        if same and said.start_ns < span[0] and 0 <= made.start_ns - clip.end_ns <= slack_ns:
            made = replace(clip, end_ns=made.end_ns)
        elif same and said.end_ns > span[1] and 0 <= clip.start_ns - made.end_ns <= slack_ns:
            made = replace(made, end_ns=clip.end_ns)
        else:
            rest.append(clip)
    return [*rest, made]


def _filled(tier: Tier, clips: Iterable[Clip]) -> Tier:
    filled = Tier(tier.name, rules=tier.rules)
    for clip in clips:
        filled.insert(clip)
    return filled
