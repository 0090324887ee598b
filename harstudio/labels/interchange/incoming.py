"""What a foreign file says, as one undoable edit of a document; what is there is left alone."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from harstudio.labels.editing.edits import AddClip, AddTier, Edit, Group, Keep, MarkDone
from harstudio.labels.editing.proposals import proposals_tier, propose_also
from harstudio.labels.interchange import elan
from harstudio.labels.interchange.base import ForeignFormat
from harstudio.labels.interchange.elan_joining import joined
from harstudio.labels.interchange.rows import POINTS, free_name
from harstudio.labels.interchange.times import MS_NS
from harstudio.labels.model import Clip, Document, Origin, TierRules
from harstudio.recordings.frame_grid import FrameGrid

IDENTITY = re.compile("[0-9a-f]{32}")  # of a clip
ASIDE = " (imported)"  # where clips go that overlap those that are there


@dataclass(frozen=True, slots=True)
class Merged:
    """The edit, None where everything was there already, and what becomes of the clips.

    replaced: annotations of dependent tiers, kept of an earlier file, that this one has too.
    """

    edit: Edit | None
    added: int
    already: int
    aside: int
    replaced: int


def merged(
    document: Document,
    incoming: Document,
    title: str,
    within_ns: int = MS_NS,
    snapped: Callable[[Clip], Clip] = lambda clip: clip,
) -> Merged:
    """Put what a file says beside what is in a document.

    A clip that is there already (same label, person and place, to within_ns) is skipped, so that
    a file imported twice changes nothing. One that would overlap another in a tier without
    overlap goes to a tier "... (imported)". Marks of being done come only with a document that
    was empty. What a network said is proposed where the document or the file holds labels of a
    person. snapped: puts ends where frames are.
    """
    incoming, guessed = _without_guesses(document, incoming)
    edits: list[Edit] = []
    same: dict[str, str] = {}  # identities: of a clip that is skipped, and of the one there
    added = aside = 0
    tiers = {tier.name: _Row(tier.rules, tier.clips) for tier in document.said}
    proposed = {tier.name for tier in document.tiers if tier.rules.proposals}
    for tier in incoming.tiers:
        if tier.name in proposed:  # what a file says is no proposal
            tier = replace(tier, name=free_name(tier.name, [*tiers, *proposed]))
        tier = replace(tier, rules=replace(tier.rules, proposals=False))
        beside = tier.name + ASIDE
        if tier.name not in tiers:
            tiers[tier.name] = _Row(tier.rules, ())
            edits.append(AddTier(tier.name, len(document.tiers) + len(edits), tier.rules))
        own = tiers[tier.name]
        untold = tier.name in (incoming.annotator, incoming.annotator + POINTS)  # no tiers there
        free = [row for name, row in tiers.items() if untold or name in (tier.name, beside)]
        unmatched = [_Unmatched(row.clips, within_ns) for row in free]
        for clip in map(snapped, tier.clips):
            there = next((found for one in unmatched if (found := one.take(clip))), None)
            if there is not None:
                same[clip.id] = there.id
                continue
            name = tier.name
            if not own.takes(clip):
                name = _aside_name(tiers, beside, clip)
                if name not in tiers:
                    rules = TierRules(tier.rules.person, points=clip.is_point, overlap=True)
                    tiers[name] = _Row(rules, ())
                    edits.append(AddTier(name, len(document.tiers) + len(edits), rules))
                aside += 1
            tiers[name].add(clip)
            edits.append(AddClip(name, clip))
            added += 1
    fresh = not any(tier.clips for tier in document.said)
    if incoming.done and fresh and not document.done:
        edits.append(MarkDone(True))
    keeping, replaced = _keeping(document, incoming, same)
    edits += keeping
    proposing = _proposing(document, edits, map(snapped, guessed), title, within_ns)
    edits += proposing
    proposed_now = sum(isinstance(step, AddClip) for edit in proposing for step in edit.steps())
    edit = Group(title, tuple(edits)) if edits else None
    already = len(same) + len(guessed) - proposed_now
    return Merged(edit, added + proposed_now, already, aside, replaced)


def snapping(known: ForeignFormat, grid: FrameGrid | None) -> Callable[[Clip], Clip]:
    """Ends that a format rounded to milliseconds go back to the frames they came from."""
    if grid is None or known.UNIT != "1 ms":
        return lambda clip: clip

    def snapped(clip: Clip) -> Clip:
        start_ns, end_ns = grid.snap_start(clip.start_ns), grid.snap_end(clip.end_ns)
        start_ns = start_ns if abs(start_ns - clip.start_ns) <= MS_NS // 2 else clip.start_ns
        end_ns = end_ns if abs(end_ns - clip.end_ns) <= MS_NS // 2 else clip.end_ns
        if clip.is_point or end_ns <= start_ns:
            end_ns = start_ns if clip.is_point else max(clip.end_ns, start_ns)
        return replace(clip, start_ns=start_ns, end_ns=end_ns)

    return snapped


def closeness_ns(known: ForeignFormat, grid: FrameGrid | None, fps: float = 0.0) -> int:
    """How far the ends of one clip may lie apart after a way through a format."""
    if known.UNIT != "1 frame":
        return MS_NS
    period_ns = grid.period_ns if grid is not None else round(1e9 / fps) if fps > 0 else 0
    return max(period_ns, MS_NS)


class _Row:
    """The clips of a tier as they will be, to see what fits."""

    def __init__(self, rules: TierRules, clips: Iterable[Clip]) -> None:
        self.rules = rules
        self.clips = list(clips)
        self._spans = sorted((clip.start_ns, clip.end_ns) for clip in self.clips)

    def takes(self, clip: Clip) -> bool:
        """Whether the tier's rules allow it beside those that are there."""
        if clip.is_point is not self.rules.points:
            return False
        if self.rules.points or self.rules.overlap:
            return True
        at = bisect_right(self._spans, (clip.start_ns, clip.end_ns))
        left_free = at == 0 or self._spans[at - 1][1] <= clip.start_ns
        return left_free and (at == len(self._spans) or clip.end_ns <= self._spans[at][0])

    def add(self, clip: Clip) -> None:
        self._spans.insert(
            bisect_right(self._spans, (clip.start_ns, clip.end_ns)), (clip.start_ns, clip.end_ns)
        )


class _Unmatched:
    """Clips of a tier that no clip of the file is known to be yet."""

    def __init__(self, clips: Iterable[Clip], within_ns: int) -> None:
        self._clips = sorted(clips, key=_start)
        self._taken: set[str] = set()
        self._within_ns = within_ns

    def take(self, clip: Clip) -> Clip | None:
        """The clip that is the same, which is not taken again."""
        at = bisect_left(self._clips, clip.start_ns - self._within_ns, key=_start)
        for there in self._clips[at:]:
            if there.start_ns > clip.start_ns + self._within_ns:
                break
            if there.id not in self._taken and self._same(there, clip):
                self._taken.add(there.id)
                return there
        return None

    def _same(self, there: Clip, clip: Clip) -> bool:
        return (
            there.label == clip.label
            and abs(there.end_ns - clip.end_ns) <= self._within_ns
            and (there.person == clip.person or "" in (there.person, clip.person))
        )


def _without_guesses(document: Document, incoming: Document) -> tuple[Document, list[Clip]]:
    """The file's document and, where these labels are a person's, the clips of a network in it."""
    there = [clip for tier in (*document.said, *incoming.tiers) for clip in tier.clips]
    if not any(clip.origin is not Origin.MODEL for clip in there):
        return incoming, []
    told = incoming.copy()
    guessed = []
    for tier in told.tiers:
        guessed += [clip for clip in tier.clips if _is_guess(clip)]
        tier.clips = [clip for clip in tier.clips if not _is_guess(clip)]
    emptied = {tier.name for tier in incoming.tiers if tier.clips}
    told.tiers = [tier for tier in told.tiers if tier.clips or tier.name not in emptied]
    return told, guessed


def _is_guess(clip: Clip) -> bool:
    return clip.origin is Origin.MODEL and not clip.is_point


def _proposing(
    document: Document, edits: list[Edit], guessed: Iterable[Clip], title: str, within_ns: int
) -> list[Edit]:
    """The edit that proposes clips after those edits, none where it is all there already."""
    tier = proposals_tier(document)
    there = _Unmatched(() if tier is None else tier.clips, within_ns)
    new = [clip for clip in guessed if there.take(clip) is None]
    if not new:
        return []
    scratch = document.copy()
    for edit in edits:
        edit.apply(scratch)
    proposing = propose_also(scratch, new, title.removeprefix("Import "))
    return [] if proposing is None else [proposing]


def _aside_name(tiers: dict[str, _Row], beside: str, clip: Clip) -> str:
    row = tiers.get(beside)
    if row is None or row.takes(clip):
        return beside
    fitting = (name for name, one in tiers.items() if name.startswith(beside) and one.takes(clip))
    return next(fitting, free_name(beside, tiers))


def _keeping(
    document: Document, incoming: Document, same: dict[str, str]
) -> tuple[list[Edit], int]:
    """What the file held besides, its references to skipped clips turned to those there."""
    edits: list[Edit] = []
    replaced = 0
    for name, text in incoming.kept.items():
        text = IDENTITY.sub(lambda found: same.get(found[0], found[0]), text)
        before = document.kept.get(name, "")
        if before and name == elan.NAME:
            text, count = joined(before, text)
            replaced += count
        if text != before:
            edits.append(Keep(name, before, text))
    return edits, replaced


def _start(clip: Clip) -> int:
    return clip.start_ns
