"""What a network proposes, in the annotator's own document: put there, accepted, rejected.

Proposals lie in one tier with ``rules.proposals``, as clips of origin ``model``; so putting,
accepting and rejecting are edits like any others: journalled and undoable. What is in that tier
nobody has said (``Document.said``). A rejected proposal stays there, so that it is not proposed
again; one that the annotator's own clips cover by half is settled and no longer open.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace

from harstudio.labels.editing.clip_edits import find
from harstudio.labels.editing.edits import (
    AddClip,
    AddTier,
    ChangeClip,
    Edit,
    EditError,
    Group,
    RemoveClip,
)
from harstudio.labels.editing.proposed import (
    MENDED,
    SOURCE,
    Proposed,
    as_said,
    proposal,
    proposed,
)
from harstudio.labels.editing.settled import (
    Admitted,
    admitted,
    open_proposals,
    proposals_tier,
    rejected_proposals,
    same,
)
from harstudio.labels.model import Clip, Document, Origin, Tier, TierRules, new_id

__all__ = [
    "PROPOSALS",
    "Admitted",
    "Proposed",
    "accept",
    "admitted",
    "as_said",
    "clear",
    "open_proposals",
    "proposal",
    "proposals_tier",
    "propose",
    "propose_also",
    "proposed",
    "reject",
    "rejected_proposals",
]

PROPOSALS = "proposals"  # what the tier is called
RULES = TierRules(overlap=True, proposals=True)


# ---- edits


def propose(document: Document, clips: Iterable[Clip], source: str) -> Edit | None:
    """Put proposals in the place of the open ones; None when that changes nothing. One of the
    same label and edges as before stays the same clip. Open ones whose edges the annotator moved
    stay, and what says the same as one of them does not come.

    source: the run that proposes; a clip that tells its own keeps it. Left out is what
    ``admitted`` leaves out.
    """
    taken = [_as_proposal(clip, source) for clip in admitted(document, clips).clips]
    mended = [clip for clip in open_proposals(document) if MENDED in clip.attributes]
    taken = [clip for clip in taken if not any(same(clip, one) for one in mended)]
    tier = proposals_tier(document)
    name = _free_name(document) if tier is None else tier.name
    edits: list[Edit] = [] if tier is not None else [AddTier(name, len(document.tiers), RULES)]
    there = [] if tier is None else [clip for clip in tier.clips if not clip.rejected]
    there = [clip for clip in there if clip not in mended]
    staying = {_what(clip): clip for clip in there}
    put: list[Edit] = []
    for clip in taken:
        old = staying.pop(_what(clip), None)
        if old is None:
            put.append(AddClip(name, clip))
        elif not _equal(old, new := replace(clip, id=old.id)):
            put.append(ChangeClip(name, old, new))
    gone = {clip.id for clip in staying.values()}
    edits += [RemoveClip(name, clip) for clip in there if clip.id in gone]
    if not put and not gone:
        return None
    return Group(f"Propose {_many(len(taken))} by {source}", (*edits, *put))


def propose_also(document: Document, clips: Iterable[Clip], source: str) -> Edit | None:
    """Put proposals beside the open ones; those that say the same of the same time give way. None
    when that changes nothing. source and what is left out: as for ``propose``."""
    mended = [clip for clip in open_proposals(document) if MENDED in clip.attributes]
    admissible = admitted(document, clips).clips
    taken = [clip for clip in admissible if not any(same(clip, one) for one in mended)]
    if not taken:
        return None
    tier = proposals_tier(document)
    name = _free_name(document) if tier is None else tier.name
    made = (AddTier(name, len(document.tiers), RULES),) if tier is None else ()
    there = [] if tier is None else [clip for clip in tier.clips if not clip.rejected]
    gone = [RemoveClip(name, one) for one in there if any(same(one, new) for new in taken)]
    put = [AddClip(name, _as_proposal(clip, source)) for clip in taken]
    return Group(f"Propose {_many(len(put))} by {source}", (*made, *gone, *put))


def clear(document: Document) -> Edit | None:
    """The open proposals go; what was rejected stays so. None when there are none."""
    tier = proposals_tier(document)
    clips = [] if tier is None else [clip for clip in tier.clips if not clip.rejected]
    if tier is None or not clips:
        return None
    gone = tuple(RemoveClip(tier.name, clip) for clip in clips)
    return Group(f"Clear {_many(len(gone))}", gone)


def accept(
    document: Document,
    ids: Sequence[str],
    tier_name: str,
    label: str = "",
    minimum_ns: int = 1,
    *,
    nowhere_else: bool = False,
) -> Edit:
    """Proposals become clips that a person said: origin ``accepted``, in the tier of that name.

    label: another one than was proposed, "" for the proposed one. A proposal about a person goes
    to the tier of that person where there is one, and never into that of somebody else: then to
    the first that is about nobody in particular, else to a new one. nowhere_else: into the named
    tier or not at all. Each takes the longest stretch that is free in its tier; the surest first,
    and of several those without room stay open. EditError when none has room, when one is no
    proposal, or the tier cannot hold clips.
    """
    found = [_open(document, clip_id) for clip_id in ids]
    found.sort(key=lambda one: -(one[1].confidence or 0.0))
    edits: list[Edit] = []
    taken: dict[str, list[tuple[int, int]]] = {}  # by tier
    new_tiers: dict[str, Edit] = {}
    crowded: list[tuple[Clip, str]] = []
    for source, clip in found:
        name = tier_name if nowhere_else else _tier_for(document, clip, tier_name)
        tier = document.tier(name)
        rules = TierRules(clip.person if name != tier_name else "") if tier is None else tier.rules
        if tier is None:
            new_tiers[name] = AddTier(name, len(document.tiers), rules)
        if rules.points or rules.proposals:
            what = "point events" if rules.points else "proposals"
            raise EditError(f"“{name}” is a tier of {what}; choose one of clips.")
        if _about_another(rules, clip):
            raise EditError(
                f"“{clip.label}” is about {clip.person}; “{name}” is about {rules.person}."
            )
        own = [] if tier is None or rules.overlap else _spans(tier.clips, clip)
        busy = [] if rules.overlap else [*own, *taken.get(name, [])]
        start_ns, end_ns = _longest_free(clip, busy)
        if end_ns - start_ns < max(minimum_ns, rules.minimum_ns, 1):
            crowded.append((clip, name))
            continue
        taken.setdefault(name, []).append((start_ns, end_ns))
        said = replace(
            as_said(clip),
            start_ns=start_ns,
            end_ns=end_ns,
            label=label or clip.label,
            person=rules.person or clip.person,
        )
        edits += [RemoveClip(source.name, clip), AddClip(name, said)]
    if not edits:
        if not crowded:
            raise EditError("There is no proposal to accept.")
        clip, name = crowded[0]
        raise EditError(f"“{clip.label}” has no room in “{name}”: it is labelled there already.")
    first = next(edit.clip.label for edit in edits if isinstance(edit, AddClip))
    several = len(edits) > 2
    title = f"Accept {_many(len(edits) // 2)}" if several else f"Accept “{first}”"
    return Group(title, (*new_tiers.values(), *edits))


def reject(document: Document, ids: Sequence[str]) -> Edit:
    """Say no to proposals: they stay, and are not proposed there again. EditError when one is no
    open proposal."""
    edits = tuple(
        ChangeClip(tier.name, clip, replace(clip, rejected=True))
        for tier, clip in (_open(document, clip_id) for clip_id in ids)
    )
    if not edits:
        raise EditError("There is no proposal to reject.")
    one = edits[0].before.label
    return Group(f"Reject “{one}”" if len(edits) == 1 else f"Reject {_many(len(edits))}", edits)


# ---- helpers


def _as_proposal(clip: Clip, source: str) -> Clip:
    told = {SOURCE: source, **clip.attributes}
    return replace(clip, id=new_id(), origin=Origin.MODEL, attributes=told, rejected=False)


def _what(clip: Clip) -> tuple[int, int, str, str]:
    return clip.start_ns, clip.end_ns, clip.label, clip.person


def _equal(one: Clip, other: Clip) -> bool:
    return one == other and one.attributes == other.attributes


def _open(document: Document, clip_id: str) -> tuple[Tier, Clip]:
    tier, clip = find(document, clip_id)
    if not tier.rules.proposals or clip.rejected:
        raise EditError(f"“{clip.label}” is no open proposal.")
    return tier, clip


def _tier_for(document: Document, clip: Clip, tier_name: str) -> str:
    """The tier of the person whom the clip is about, else the one that was named; where that is
    about somebody else, one that is not, of a new name where there is none."""
    named = document.tier(tier_name)
    if not clip.person or (named is not None and named.rules.person == clip.person):
        return tier_name
    tiers = [tier for tier in document.said if not tier.rules.points]
    about = next((tier.name for tier in tiers if tier.rules.person == clip.person), None)
    if about is not None or named is None or not _about_another(named.rules, clip):
        return about or tier_name
    anybodys = (tier.name for tier in tiers if not tier.rules.person)
    return next(anybodys, None) or _free_name(document, clip.person)


def _about_another(rules: TierRules, clip: Clip) -> bool:
    return bool(rules.person and clip.person) and rules.person != clip.person


def _spans(clips: Sequence[Clip], within: Clip) -> list[tuple[int, int]]:
    """Of clips that do not overlap, those that overlap one."""
    first = bisect_left(clips, within.start_ns + 1, key=lambda c: c.end_ns)
    last = bisect_left(clips, within.end_ns, key=lambda c: c.start_ns)
    return [(clip.start_ns, clip.end_ns) for clip in clips[first:last]]


def _longest_free(clip: Clip, busy: Iterable[tuple[int, int]]) -> tuple[int, int]:
    free_from, best = clip.start_ns, (clip.start_ns, clip.start_ns)
    for start_ns, end_ns in (*sorted(busy), (clip.end_ns, clip.end_ns)):
        until = min(start_ns, clip.end_ns)
        if until - free_from > best[1] - best[0]:
            best = free_from, until
        free_from = max(free_from, end_ns)
    return best


def _free_name(document: Document, wanted: str = PROPOSALS) -> str:
    name, number = wanted, 2
    while document.tier(name) is not None or name == document.annotator:
        name, number = f"{wanted} {number}", number + 1
    return name


def _many(count: int) -> str:
    return f"{count} proposal" if count == 1 else f"{count} proposals"
