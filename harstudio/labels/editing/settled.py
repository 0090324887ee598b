"""Which proposals of a document are open, and which may be put there: what the annotator labelled
or rejected is settled."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice

from harstudio.labels.model import Clip, Document, Tier


def proposals_tier(document: Document) -> Tier | None:
    """The tier of proposals, None before the first ones."""
    return next((tier for tier in document.tiers if tier.rules.proposals), None)


def open_proposals(document: Document) -> list[Clip]:
    """Those that nobody has settled, by time: not rejected, and not covered by half by clips that
    the annotator made."""
    tier = proposals_tier(document)
    if tier is None:
        return []
    own = _Own(document)
    return [clip for clip in tier.clips if not clip.rejected and not own.settles(clip)]


def rejected_proposals(document: Document) -> list[Clip]:
    """Those that the annotator said no to, by time."""
    tier = proposals_tier(document)
    return [] if tier is None else [clip for clip in tier.clips if clip.rejected]


@dataclass(frozen=True, slots=True)
class Admitted:
    """The clips that may be proposed. covered, rejected: how many may not, because the annotator
    has labelled half of them already, or said no to that label there."""

    clips: tuple[Clip, ...]
    covered: int
    rejected: int


def admitted(document: Document, clips: Iterable[Clip]) -> Admitted:
    """Which of some clips may be proposed; point events never are."""
    own, refused = _Own(document), rejected_proposals(document)
    taken, covered, rejected = [], 0, 0
    for clip in clips:
        if clip.is_point:
            continue
        if own.settles(clip):
            covered += 1
        elif any(_as_rejected(clip, other) for other in refused):
            rejected += 1
        else:
            taken.append(clip)
    return Admitted(tuple(taken), covered, rejected)


class _Own:
    """The clips that the annotator made, to ask quickly what they cover."""

    def __init__(self, document: Document) -> None:
        clips = (
            replace(clip, person=clip.person or tier.rules.person) if tier.rules.person else clip
            for tier in document.said
            if not tier.rules.points
            for clip in tier.clips
        )
        self._clips = sorted(clips, key=lambda c: c.start_ns)
        self._reach: list[int] = []  # where all clips up to each one end at the latest
        reach = -(1 << 62)
        for clip in self._clips:
            reach = max(reach, clip.end_ns)
            self._reach.append(reach)

    def settles(self, clip: Clip) -> bool:
        """Whether they cover at least half of a clip, those about somebody else left out."""
        covered, free_from = 0, clip.start_ns
        first = bisect_left(self._reach, clip.start_ns + 1)
        for own in islice(self._clips, first, None):
            if own.start_ns >= clip.end_ns:
                break
            if own.person and clip.person and own.person != clip.person:
                continue
            start_ns, end_ns = max(own.start_ns, free_from), min(own.end_ns, clip.end_ns)
            if end_ns > start_ns:
                covered, free_from = covered + end_ns - start_ns, end_ns
        return 2 * covered >= clip.duration_ns


def same(one: Clip, other: Clip) -> bool:
    """Whether they say the same of about the same time: one covers half of the other."""
    return _alike(one, other) and 2 * _common_ns(one, other) >= min(
        one.duration_ns, other.duration_ns
    )


def _as_rejected(clip: Clip, rejected: Clip) -> bool:
    """Whether a clip says what was rejected: what they share is half of what they cover."""
    common = _common_ns(clip, rejected)
    covered = clip.duration_ns + rejected.duration_ns - common
    return _alike(clip, rejected) and 2 * common >= covered


def _alike(one: Clip, other: Clip) -> bool:
    """Whether the same label is told, of persons that may be one."""
    return one.label == other.label and (
        one.person == other.person or "" in (one.person, other.person)
    )


def _common_ns(one: Clip, other: Clip) -> int:
    return min(one.end_ns, other.end_ns) - max(one.start_ns, other.start_ns)
