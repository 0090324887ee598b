"""Where clips end up when an edge or whole clips are pulled: on frames, and in nobody's way.

The rules of the tier say what holds them: where clips may overlap no neighbour does; a tier
without "frames" in its snaps lets edges stand anywhere; no clip gets shorter than ``minimum_ns``,
or one frame. A point event has no edges: pulling one moves the point.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harstudio.labels.editing.edits import ChangeClip, Edit, EditError, Group
from harstudio.labels.editing.proposed import as_mended
from harstudio.labels.model import Clip, Tier
from harstudio.recordings.frame_grid import FrameGrid

Side = Literal["previous", "next"]


@dataclass(frozen=True, slots=True)
class Move:
    """A clip before and after."""

    before: Clip
    after: Clip


def as_edit(tier: str, moves: Sequence[Move], title: str = "Move edge") -> Edit | None:
    """The moves as one edit, None where nothing moved. title: what several are called."""
    edits = tuple(ChangeClip(tier, m.before, m.after) for m in moves if m.before != m.after)
    if not edits:
        return None
    return edits[0] if len(edits) == 1 else Group(title, edits)


def told_mended(tier: Tier, moves: Sequence[Move]) -> list[Move]:
    """The moves; proposals tell that the annotator moved their edges."""
    if not tier.rules.proposals:
        return list(moves)
    return [Move(m.before, as_mended(m.after) if m.after != m.before else m.after) for m in moves]


def neighbours(tier: Tier, clip: Clip) -> tuple[Clip | None, Clip | None]:
    """The clips before and after one of a tier, in the order of their starts."""
    at = bisect_left(tier.clips, clip.start_ns, key=_start)
    while at < len(tier.clips) and tier.clips[at].id != clip.id:
        at += 1
    before = tier.clips[at - 1] if at > 0 else None
    after = tier.clips[at + 1] if at + 1 < len(tier.clips) else None
    return before, after


def moved_edge(
    tier: Tier, clip: Clip, edge: str, to_ns: int, grid: FrameGrid, both: bool = True
) -> tuple[Move, ...]:
    """The clip with its "start" or "end" at the frame nearest to ``to_ns``.

    A neighbour that touches the edge comes along where ``both`` says so. The edge stops where
    one of them would become too short, or at a neighbour that stays.
    """
    rules = tier.rules
    if rules.points:
        return moved_clip(tier, clip, to_ns - clip.start_ns, grid)
    before, after = (None, None) if rules.overlap else neighbours(tier, clip)
    if edge == "start":
        touching = before if both and before and before.end_ns == clip.start_ns else None
        low = grid.start_of(0) if before is None else before.end_ns
        if touching is not None:
            low = _earliest_end(touching.start_ns, tier, grid)
        high = _latest_start(clip.end_ns, tier, grid)
        wanted = grid.snap_start(to_ns) if "frames" in rules.snap else to_ns
    else:
        touching = after if both and after and after.start_ns == clip.end_ns else None
        high = grid.end_of(len(grid) - 1) if after is None else after.start_ns
        if touching is not None:
            high = _latest_start(touching.end_ns, tier, grid)
        low = _earliest_end(clip.start_ns, tier, grid)
        wanted = grid.snap_end(to_ns) if "frames" in rules.snap else to_ns
    at = min(max(wanted, low), high)
    pairs = [(clip, at, clip.end_ns) if edge == "start" else (clip, clip.start_ns, at)]
    if touching is not None:
        pulled = (touching.start_ns, at) if edge == "start" else (at, touching.end_ns)
        pairs.append((touching, *pulled))
    if low > high or any(end <= start for _, start, end in pairs):
        return (Move(clip, clip),)  # too short already, and no room to grow
    return tuple(Move(c, replace(c, start_ns=start, end_ns=end)) for c, start, end in pairs)


def moved_clip(tier: Tier, clip: Clip, by_ns: int, grid: FrameGrid) -> tuple[Move, ...]:
    """The clip with as many frames as before, moved to whole frames between its neighbours."""
    if "frames" in tier.rules.snap:
        frames = grid.index(clip.start_ns + by_ns) - grid.index(clip.start_ns)
        return moved_clips(tier, (clip,), frames, grid)
    alone = tier.rules.overlap or tier.rules.points
    before, after = (None, None) if alone else neighbours(tier, clip)
    low = grid.start_of(0) if before is None else before.end_ns
    high = grid.end_of(len(grid) - 1) if after is None else after.start_ns
    start = max(min(clip.start_ns + by_ns, high - clip.duration_ns), low)
    return (Move(clip, replace(clip, start_ns=start, end_ns=start + clip.duration_ns)),)


def moved_clips(
    tier: Tier, clips: Iterable[Clip], frames: int, grid: FrameGrid
) -> tuple[Move, ...]:
    """Clips of a tier moved together by whole frames, as far as the others of the tier let them.

    Each keeps its number of frames.
    """
    clips = tuple(clips)
    chosen = {clip.id for clip in clips}
    alone = tier.rules.overlap or tier.rules.points
    back, on = -len(grid), len(grid)  # how far all of them can go
    for clip in clips:
        first, last = _frames(clip, grid)
        lowest, highest = 0, len(grid) - 1
        before, after = (None, None) if alone else neighbours(tier, clip)
        if before is not None and before.id not in chosen:
            lowest = grid.first_of(before.end_ns)
        if after is not None and after.id not in chosen:
            highest = grid.last_of(after.start_ns)
            if grid.end_of(highest) > after.start_ns:
                highest -= 1
        back, on = max(back, lowest - first), min(on, highest - last)
    by = min(max(frames, min(back, 0)), max(on, 0))
    return tuple(_moved(clip, by, grid) for clip in clips)


def _moved(clip: Clip, frames: int, grid: FrameGrid) -> Move:
    if frames == 0:
        return Move(clip, clip)
    first, last = _frames(clip, grid)
    start = grid.start_of(first + frames)
    end = start if clip.is_point else grid.end_of(last + frames)
    return Move(clip, replace(clip, start_ns=start, end_ns=end))


def _frames(clip: Clip, grid: FrameGrid) -> tuple[int, int]:
    """The first and last frame of a clip; of a point the one it stands in."""
    if clip.is_point:
        frame = grid.index(clip.start_ns)
        return frame, frame
    first = grid.first_of(clip.start_ns)
    return first, max(first, grid.last_of(clip.end_ns))


def closed_gap(tier: Tier, clip: Clip, side: Side) -> tuple[Move, ...]:
    """The clip drawn out to its previous or next neighbour. EditError where there is no gap."""
    if tier.rules.points:
        raise EditError(f"“{clip.label}” is a point event; points have no gaps to close.")
    if side == "next":
        at = bisect_left(tier.clips, clip.end_ns, key=_start)
        after = tier.clips[at] if at < len(tier.clips) else None
        grown = None if after is None else replace(clip, end_ns=after.start_ns)
    else:
        before = _ends_last(tier, clip)
        grown = None if before is None else replace(clip, start_ns=before.end_ns)
    if grown is None:
        raise EditError(f"“{clip.label}” has no {side} clip to be drawn out to.")
    if grown == clip:
        raise EditError(f"There is no gap between “{clip.label}” and the {side} clip.")
    return (Move(clip, grown),)


def _ends_last(tier: Tier, clip: Clip) -> Clip | None:
    """Of the clips that end before this one starts the one that ends last."""
    if not tier.rules.overlap:
        return neighbours(tier, clip)[0]
    ended = [other for other in tier.clips if other.end_ns <= clip.start_ns]
    return max(ended, key=lambda other: other.end_ns, default=None)


def _earliest_end(start_ns: int, tier: Tier, grid: FrameGrid) -> int:
    """Where a clip that starts then may end at the earliest."""
    minimum = tier.rules.minimum_ns
    if "frames" not in tier.rules.snap:
        return start_ns + (minimum or grid.period_ns)
    frame = max(grid.first_of(start_ns), grid.last_of(start_ns + minimum))
    while frame + 1 < len(grid) and grid.end_of(frame) < start_ns + minimum:
        frame += 1
    return grid.end_of(frame)


def _latest_start(end_ns: int, tier: Tier, grid: FrameGrid) -> int:
    """Where a clip that ends then may start at the latest."""
    minimum = tier.rules.minimum_ns
    if "frames" not in tier.rules.snap:
        return end_ns - (minimum or grid.period_ns)
    return grid.start_of(min(grid.last_of(end_ns), grid.last_of(end_ns - minimum + 1)))


def _start(clip: Clip) -> int:
    return clip.start_ns
