"""Where clips end up when an edge or a whole clip is pulled: on frames, and in nobody's way."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace

from harstudio.labels.model import Clip, Tier
from harstudio.studio.frame_grid import FrameGrid


@dataclass(frozen=True, slots=True)
class Move:
    """A clip before and after."""

    before: Clip
    after: Clip


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
        touching = both and before is not None and before.end_ns == clip.start_ns
        low = grid.start_of(0)
        if before is not None:
            low = grid.end_of(grid.first_of(before.start_ns)) if touching else before.end_ns
        high = grid.start_of(grid.last_of(clip.end_ns))
        at = min(max(grid.snap_start(to_ns), low), high)
        pairs = [(clip, at, clip.end_ns)]
        pairs += [(before, before.start_ns, at)] if touching else []
    else:
        touching = both and after is not None and after.start_ns == clip.end_ns
        high = grid.end_of(len(grid) - 1)
        if after is not None:
            high = grid.start_of(grid.last_of(after.end_ns)) if touching else after.start_ns
        low = grid.end_of(grid.first_of(clip.start_ns))
        at = min(max(grid.snap_end(to_ns), low), high)
        pairs = [(clip, clip.start_ns, at)]
        pairs += [(after, at, after.end_ns)] if touching else []
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
