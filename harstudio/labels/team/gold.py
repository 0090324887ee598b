"""Settling disagreements: the gold labels, made of what annotators said, as edits.

Gold is a document like others. Which disagreements were settled is kept in it, so that settling
can be left, taken up again and undone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace

from harstudio.labels.agreement import Compared, Disagreement, Tracks, person_of
from harstudio.labels.agreement.frames import Stretch, stretches
from harstudio.labels.agreement.segments import POINT_TOLERANCE_NS, match_points
from harstudio.labels.agreement.unseen import groups, point_events, unseen
from harstudio.labels.editing.edits import Edit
from harstudio.labels.model import Clip, Document, Tier, TierRules, new_id
from harstudio.labels.team.differences import edit_between
from harstudio.labels.team.policy import GOLD

KEPT = "settled"  # the name under which it is kept in the gold document
POINTS = "points"  # the tier of point events that are about nobody in particular
Mark = tuple[str, int, int, tuple[tuple[str, str], ...]]  # person, start_ns, end_ns, who says what


@dataclass(frozen=True, slots=True)
class Agreed:
    """edit: what all say alike goes into gold, None when it is there. left: stretches and point
    events of which gold says something else; it stays."""

    edit: Edit | None
    left: int


def mark_of(disagreement: Disagreement) -> Mark:
    """What identifies a disagreement within its recording: changed opinions are another one."""
    opinions = sorted((name, said) for name, said in disagreement.told.items() if name != GOLD)
    return disagreement.person, disagreement.start_ns, disagreement.end_ns, tuple(opinions)


def settled(gold: Document) -> set[Mark]:
    """The disagreements that were settled; those of a damaged record count as open."""
    found: set[Mark] = set()
    try:
        for person, start, end, *opinions in json.loads(gold.kept.get(KEPT) or "[]"):
            if opinions:  # records of the time when they were not kept count as open
                pairs = tuple((str(name), str(said)) for name, said in opinions[0])
                found.add((str(person), int(start), int(end), pairs))
    except (ValueError, TypeError):
        return set()
    return found


def take(
    gold: Document,
    disagreement: Disagreement,
    compared: Compared,
    annotator: str,
    *,
    slack_ns: int = 0,
) -> Edit | None:
    """What one of the annotators compared said over a disagreement goes into gold, which counts
    it as settled.

    Clips that the annotator has go on across its ends are joined with what gold has there, when
    no more than slack_ns lies between. None when gold is like that already.
    """
    then = gold.copy()
    source = next(one for one in compared.documents if one.annotator == annotator)
    start_ns, end_ns = disagreement.start_ns, disagreement.end_ns
    points = disagreement.kind == "points"
    tracks = Tracks(compared.documents, points=points)
    own = tracks.of(source).get(disagreement.person, [])
    one = _one(gold, compared, points=points)
    if points:
        labels = set(disagreement.opinions.values())
        wanted = disagreement.opinions[annotator]
        said = [p for p in own if start_ns <= p.start_ns <= end_ns and p.label == wanted]
        _put_points(then, disagreement.person, said, one, gone=(start_ns, end_ns, labels))
    else:
        overlap = _overlap(source, own)
        span = start_ns, end_ns
        _paint(then, disagreement.person, span, own, slack_ns, one=one, overlap=overlap)
    _mark(then, settled(then) | {mark_of(disagreement)})
    return edit_between(gold, then, f"Settle as {source.annotator} says")


def keep(gold: Document, disagreement: Disagreement) -> Edit | None:
    """A disagreement counts as settled with what gold says now; None when it does already."""
    then = gold.copy()
    _mark(then, settled(then) | {mark_of(disagreement)})
    return edit_between(gold, then, "Settle as it stands")


def take_agreed(gold: Document, compared: Compared, *, slack_ns: int = 0) -> Agreed:
    """Everything that all annotators say alike goes into gold where that says nothing.

    What gold says otherwise stays as it is, and so does what they differ about.
    """
    then = gold.copy()
    documents = sorted(
        (one for one in compared.documents if one.annotator != GOLD), key=lambda d: d.annotator
    )
    among = replace(compared, documents=tuple(documents))
    found = stretches(among)
    differing = [one for one in unseen(among, found) if one.kind == "clips"]
    beside = replace(compared, documents=(*documents, gold))
    tracks, one, left = Tracks(beside.documents), _one(gold, among), 0
    own = tracks.of(documents[0])
    overlap = {person: _overlap(documents[0], clips) for person, clips in own.items()}
    for stretch in stretches(beside):
        (agreed, *others), here = stretch.opinions[:-1], stretch.opinions[-1]
        if any(other != agreed for other in others) or here == agreed:
            continue
        if any(_holds(whole, stretch) for whole in differing):
            continue
        if here:
            left += 1
            continue
        person, span = stretch.person, (stretch.start_ns, stretch.end_ns)
        _paint(then, person, span, own[person], slack_ns, one=one, overlap=overlap[person])
    left += _take_agreed_points(then, among)
    return Agreed(edit_between(gold, then, "Take what all agree on"), left)


def tier_name(gold: Document, person: str, compared: Compared | None) -> str:
    """The tier of gold that is about a person of what is compared, there already or not."""
    tier = _tier(gold, person, one=compared is not None and _one(gold, compared))
    return (person or GOLD) if tier is None else tier.name


def _mark(gold: Document, marks: Iterable[Mark]) -> None:
    gold.kept[KEPT] = json.dumps(sorted(marks), ensure_ascii=False, separators=(",", ":"))


def _holds(whole: Disagreement, stretch: Stretch) -> bool:
    return whole.start_ns <= stretch.start_ns and stretch.end_ns <= whole.end_ns


def _one(gold: Document, compared: Compared, *, points: bool = False) -> bool:
    """Whether all that is compared, and gold, are about one: then gold has one tier for it."""
    return Tracks((*compared.documents, gold), points=points).one


def _paint(
    gold: Document,
    person: str,
    span: tuple[int, int],
    own: Sequence[Clip],
    slack_ns: int,
    *,
    one: bool,
    overlap: bool,
) -> None:
    """The stretch of the person's tier becomes what ``own`` has there."""
    said = [clip for clip in own if clip.start_ns < span[1] and clip.end_ns > span[0]]
    tier = _tier(gold, person, one=one)
    if tier is None:
        if not said:
            return
        tier = Tier(person or GOLD, rules=TierRules(person=person, overlap=overlap))
        gold.tiers.append(tier)
    clips = list(_without(tier.clips, *span))
    for clip in said:
        clips = _joined(clips, clip, span, slack_ns)
    gold.tiers[gold.tiers.index(tier)] = _filled(tier, clips)


def _tier(gold: Document, person: str, *, one: bool, points: bool = False) -> Tier | None:
    tiers = [tier for tier in gold.said if tier.rules.points is points]
    used = [tier for tier in tiers if tier.clips]
    if one and used:
        return used[0]
    for tier in tiers:
        nobodys = points and not person and tier.name == POINTS
        if nobodys or person_of(tier, gold.annotator) == person:
            return tier
    return None


# ---- point events


def _take_agreed_points(gold: Document, compared: Compared) -> int:
    """Point events that all have, of the first annotator's; how many are of another label."""
    one, left = _one(gold, compared, points=True), 0
    for person, everybody in point_events(compared).items():
        tier = _tier(gold, person, one=one, points=True)
        there = [] if tier is None else tier.clips
        agreed = [next(iter(g.values())) for g in groups(everybody) if len(g) == len(everybody)]
        matched = {match.first.id for match in match_points(agreed, there)}
        new = []
        for point in agreed:
            near = [o for o in there if abs(o.start_ns - point.start_ns) <= POINT_TOLERANCE_NS]
            left += bool(near) and point.id not in matched
            if not near:
                new.append(point)
        _put_points(gold, person, new, one)
    return left


def _put_points(
    gold: Document,
    person: str,
    said: Sequence[Clip],
    one: bool,
    gone: tuple[int, int, Set[str]] | None = None,
) -> None:
    """Copies of point events come into gold. gone: from when to when which labels leave it."""
    tier = _tier(gold, person, one=one, points=True)
    if tier is None:
        if not said:
            return
        name = person or POINTS
        while gold.tier(name) is not None:
            name = f"{name} {POINTS}"
        tier = Tier(name, rules=TierRules(person=person, points=True))
        gold.tiers.append(tier)
    start_ns, end_ns, labels = gone or (0, -1, frozenset())
    stay = [
        point
        for point in tier.clips
        if not (start_ns <= point.start_ns <= end_ns and point.label in labels)
    ]
    gold.tiers[gold.tiers.index(tier)] = _filled(tier, [*stay, *map(_copied, said)])


def _copied(said: Clip) -> Clip:
    return Clip(
        said.start_ns,
        said.end_ns,
        said.label,
        said.person,
        comment=said.comment,
        attributes=said.attributes,
    )


# ---- clips


def _overlap(source: Document, own: Sequence[Clip]) -> bool:
    """Whether the tiers of these clips let clips overlap."""
    ids = {clip.id for clip in own}
    return any(
        tier.rules.overlap for tier in source.said if any(clip.id in ids for clip in tier.clips)
    )


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
    made = replace(
        _copied(said),
        start_ns=max(said.start_ns, span[0]),
        end_ns=min(said.end_ns, span[1]),
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
