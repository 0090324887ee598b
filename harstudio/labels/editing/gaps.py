"""The stretches of a tier that nobody has labelled."""

from __future__ import annotations

from collections.abc import Sequence

from harstudio.labels.model import Clip, Tier
from harstudio.recordings.frame_grid import FrameGrid


def gap_at(tier: Tier | None, time_ns: int, grid: FrameGrid) -> tuple[int, int] | None:
    """The stretch [start_ns, end_ns) around a time that no clip of the tier covers."""
    found = [] if tier is None else tier.clips
    low, high = grid.start_of(0), grid.end_of(len(grid) - 1)
    for start, end in gaps(found, grid):
        if start <= time_ns < end:
            return max(start, low), min(end, high)
    return None


def gaps(clips: Sequence[Clip], grid: FrameGrid) -> list[tuple[int, int]]:
    """Stretches [start_ns, end_ns) of at least a frame without a clip."""
    found, free_from = [], grid.start_of(0)
    for clip in clips:
        if clip.start_ns > free_from:
            found.append((free_from, clip.start_ns))
        free_from = max(free_from, clip.end_ns)
    found.append((free_from, grid.end_of(len(grid) - 1)))
    return [(start, end) for start, end in found if end > start and grid.count(start, end) > 0]
