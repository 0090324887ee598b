"""Training of annotators: a clip, or a whole document, beside the gold labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harstudio.labels.agreement.segments import (
    IOUS,
    POINT_TOLERANCE_NS,
    match_clips,
    match_points,
    overlap,
)
from harstudio.labels.agreement.tracks import Tracks
from harstudio.labels.model import Clip, Document
from harstudio.recordings.frame_grid import FrameGrid

ENOUGH = IOUS[-1]  # intersection over union of a clip that counts as right
MEANT = IOUS[1]  # and of one that was meant, whatever else it overlaps


@dataclass(frozen=True, slots=True)
class Feedback:
    """right: the label, and the edges well enough. gold: the clip that was meant, if any."""

    right: bool
    sentence: str
    gold: Clip | None


@dataclass(frozen=True, slots=True)
class Lesson:
    """How a whole document does beside the gold one.

    right: clips and point events that match one of gold; wrong: those that match none; missed:
    those of gold that nothing matches, by start.
    """

    right: int
    wrong: int
    missed: tuple[Clip, ...]

    @property
    def sentence(self) -> str:
        """In words."""
        return (
            f"{self.right} of {self.right + len(self.missed)} gold clips found, "
            f"{len(self.missed)} missed, {self.wrong} wrong."
        )


def compare_with_gold(clip: Clip, there: Sequence[Clip], grid: FrameGrid | None = None) -> Feedback:
    """What to tell who placed a clip.

    there: the gold clips, or point events, about the same person. A clip is right when one of
    them has its label and their intersection is half of their union or more; a point event when
    one of its label is within 250 ms. grid: to say distances in frames, without it in ms.
    """
    best = max(there, key=lambda one: _nearness(clip, one), default=None)
    if best is None or not _meets(clip, best):
        return Feedback(False, "The gold labels have nothing here.", None)
    if best.label != clip.label:
        return Feedback(False, f"This is “{best.label}”, not “{clip.label}”.", best)
    off = " and ".join(_off(clip, best, grid))
    if clip.is_point or overlap(clip, best) >= ENOUGH:
        return Feedback(True, f"Right; it {off}." if off else "Right.", best)
    return Feedback(False, f"“{clip.label}” is right, but it {off}.", best)


def lesson(document: Document, gold: Document) -> Lesson:
    """Compare a document with the gold one, as ``compare_with_gold`` does for a clip."""
    right = wrong = 0
    missed: list[Clip] = []
    for points in (False, True):
        tracks = Tracks((document, gold), points=points)
        ours, theirs = tracks.of(document), tracks.of(gold)
        for person in ours.keys() | theirs.keys():
            own, true = ours.get(person, []), theirs.get(person, [])
            matches = match_points(own, true) if points else match_clips(own, true, ENOUGH)
            found = {match.second.id for match in matches}
            right += len(matches)
            wrong += len(own) - len(matches)
            missed += [clip for clip in true if clip.id not in found]
    return Lesson(right, wrong, tuple(sorted(missed, key=lambda clip: clip.start_ns)))


def feedback_on(
    document: Document, clip_id: str, gold: Document, grid: FrameGrid | None = None
) -> Feedback | None:
    """What to tell about a clip of a document; None when it is gone."""
    found = document.find(clip_id)
    if found is not None and found[0].rules.proposals:
        return None  # nobody has said it
    if found is None:
        return None
    tier, clip = found
    tracks = Tracks((document, gold), points=clip.is_point)
    there = tracks.of(gold).get(tracks.person(tier, document.annotator), [])
    return compare_with_gold(clip, there, grid)


def _nearness(clip: Clip, one: Clip) -> tuple[float, float]:
    """Of gold clips that overlap, one of the same label goes before one that overlaps more."""
    if clip.is_point:
        near = -abs(one.start_ns - clip.start_ns)
        return float(_meets(clip, one) and one.label == clip.label), near
    share = overlap(clip, one)
    same = share if one.label == clip.label and share >= MEANT else 0.0
    return same, share


def _meets(clip: Clip, one: Clip) -> bool:
    if clip.is_point:
        return abs(one.start_ns - clip.start_ns) <= POINT_TOLERANCE_NS
    return overlap(clip, one) > 0


def _off(clip: Clip, best: Clip, grid: FrameGrid | None) -> list[str]:
    """What is wrong with the edges: "starts 3 frames early", "ends 1 frame late"."""
    edges = [("is" if clip.is_point else "starts", clip.start_ns, best.start_ns)]
    if not clip.is_point:
        edges.append(("ends", clip.end_ns, best.end_ns))
    found = []
    for verb, own, true in edges:
        if grid is None:
            distance, unit = round(abs(own - true) / 1e6), "ms"
        else:
            # An end is where the next frame begins: both kinds of edges count frames alike.
            distance = grid.count(min(own, true), max(own, true))
            unit = "frame" if distance == 1 else "frames"
        if distance:
            found.append(f"{verb} {distance} {unit} {'early' if own < true else 'late'}")
    return found
