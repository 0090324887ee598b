"""Where clips end up when an edge or a whole clip is pulled: on frames, and in nobody's way."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harstudio.labels.edits import ChangeClip, Edit, Group
from harstudio.labels.model import Clip, Tier
from harstudio.recordings.frame_grid import FrameGrid


@dataclass(frozen=True, slots=True)
class Move:
    """A clip before and after."""

    before: Clip
    after: Clip


def as_edit(tier: str, moves: Sequence[Move]) -> Edit | None:
    """The moves as one edit, None where nothing moved."""
    edits = tuple(ChangeClip(tier, m.before, m.after) for m in moves if m.before != m.after)
    if not edits:
        return None
    return edits[0] if len(edits) == 1 else Group("Move edge", edits)


def neighbours(tier: Tier, clip: Clip) -> tuple[Clip | None, Clip | None]:
    """The clips before and after one of a tier."""
    at = bisect_left(tier.clips, clip.start_ns, key=lambda c: c.start_ns)
    before = tier.clips[at - 1] if at > 0 else None
    after = tier.clips[at + 1] if at + 1 < len(tier.clips) else None
    return before, after


def moved_edge(
    tier: Tier, clip: Clip, edge: str, to_ns: int, grid: FrameGrid, both: bool = True
) -> tuple[Move, ...]:
    """The clip with its "start" or "end" at the frame nearest to ``to_ns``.

    A neighbour that touches the edge comes along where ``both`` says so. The edge stops where
    one of them would lose its last frame, or at a neighbour that stays.
    """
    before, after = neighbours(tier, clip)
    if edge == "start":
        low = grid.start_of(0)
        touching = (
            before if both and before is not None and before.end_ns == clip.start_ns else None
        )
        if touching is not None:
            low = grid.end_of(grid.first_of(touching.start_ns))
        elif before is not None:
            low = before.end_ns
        at = min(max(grid.snap_start(to_ns), low), grid.start_of(grid.last_of(clip.end_ns)))
        pairs = [(clip, at, clip.end_ns)]
        pairs += [] if touching is None else [(touching, touching.start_ns, at)]
    else:
        high = grid.end_of(len(grid) - 1)
        touching = after if both and after is not None and after.start_ns == clip.end_ns else None
        if touching is not None:
            high = grid.start_of(grid.last_of(touching.end_ns))
        elif after is not None:
            high = after.start_ns
        at = min(max(grid.snap_end(to_ns), grid.end_of(grid.first_of(clip.start_ns))), high)
        pairs = [(clip, clip.start_ns, at)]
        pairs += [] if touching is None else [(touching, at, touching.end_ns)]
    if any(end <= start for _, start, end in pairs):  # clips off the grid, shorter than a frame
        return (Move(clip, clip),)
    return tuple(Move(c, replace(c, start_ns=start, end_ns=end)) for c, start, end in pairs)


def moved_clip(tier: Tier, clip: Clip, by_ns: int, grid: FrameGrid) -> tuple[Move, ...]:
    """The clip with as many frames as before, moved to whole frames between its neighbours."""
    before, after = neighbours(tier, clip)
    frames = max(1, grid.count(clip.start_ns, clip.end_ns))
    lowest = 0 if before is None else grid.first_of(before.end_ns)
    last = len(grid) - 1 if after is None else grid.last_of(after.start_ns)
    if after is not None and grid.end_of(last) > after.start_ns:
        last -= 1
    highest = last - frames + 1
    if highest < lowest:
        return (Move(clip, clip),)
    first = min(max(grid.index(clip.start_ns + by_ns), lowest), highest)
    end = grid.end_of(first + frames - 1)
    return (Move(clip, replace(clip, start_ns=grid.start_of(first), end_ns=end)),)
