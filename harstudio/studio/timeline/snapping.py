"""What the edge of a clip jumps to when it is pulled: other clips' edges and the playhead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harstudio.labels.model import TierRules
from harstudio.studio.timeline.lanes import clips_between
from harstudio.studio.timeline.rows import Row
from harstudio.studio.timeline.scale import TimeScale

SNAP_PX = 6


def edges_near(rows: Sequence[Row], time_ns: int, reach_ns: float, but: str) -> Iterator[int]:
    """Starts and ends of the clips of all tiers within reach, without those of one clip."""
    for row in rows:
        for lane in row.lanes:
            for clip in clips_between(lane, time_ns - reach_ns, time_ns + reach_ns):
                if clip.id != but:
                    yield clip.start_ns
                    yield clip.end_ns


def snapped(
    pulled_ns: Iterable[int],
    but: str,
    rules: TierRules,
    rows: Sequence[Row],
    scale: TimeScale,
    playhead_ns: int,
    still_ns: Iterable[int] = (),
) -> tuple[int, int | None]:
    """By how much to move further, and the time to which something has snapped (None: nothing).

    pulled_ns: where the edges would stand. rules: of their tier. still_ns: times that attract
    nothing, because the pull began there.
    """
    reach = SNAP_PX * scale.ns_per_px
    still = set(still_ns)
    best: tuple[float, int, int | None] = (reach, 0, None)
    for pulled in pulled_ns:
        near = list(edges_near(rows, pulled, reach, but)) if "edges" in rules.snap else []
        near += [playhead_ns] if "playhead" in rules.snap else []
        for time_ns in near:
            if time_ns not in still and abs(time_ns - pulled) < best[0]:
                best = (abs(time_ns - pulled), time_ns - pulled, time_ns)
    return best[1], best[2]
