"""Clips that overlap, side by side: each in the topmost lane that is free."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush

from harstudio.labels.model import Clip, Tier
from harstudio.studio.timeline.scale import TimeScale

Lane = Sequence[Clip]  # sorted, without overlaps


def lanes_of(tier: Tier) -> tuple[Lane, ...]:
    """The lanes of a tier, at least one; only clips of a tier that lets them overlap need more."""
    if tier.rules.points or not tier.rules.overlap:
        return (tier.clips,)
    return tuple(partitioned(tier.clips)) or ((),)


def partitioned(clips: Sequence[Clip]) -> list[list[Clip]]:
    """As few lanes as can be, for clips sorted by start.

    Greedy interval partitioning (Kleinberg and Tardos, Algorithm Design, 2005, 4.1) that takes
    the topmost free lane, so that a clip's place depends only on clips it overlaps by way of.
    """
    lanes: list[list[Clip]] = []
    busy: list[tuple[int, int]] = []  # (end_ns, lane)
    free: list[int] = []
    for clip in clips:
        while busy and busy[0][0] <= clip.start_ns:
            heappush(free, heappop(busy)[1])
        if free:
            lane = heappop(free)
        else:
            lane = len(lanes)
            lanes.append([])
        lanes[lane].append(clip)
        heappush(busy, (clip.end_ns, lane))
    return lanes


class LaneBook:
    """The lanes of all tiers, worked out again where a document has changed."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Tier, int, tuple[Lane, ...]]] = {}

    def lanes(self, tier: Tier, revision: int) -> tuple[Lane, ...]:
        """The lanes of a tier of a document that stands at a revision."""
        if not tier.rules.overlap:
            return lanes_of(tier)
        known = self._known.get(id(tier))
        if known is None or known[0] is not tier or known[1] != revision:
            known = (tier, revision, lanes_of(tier))
            self._known[id(tier)] = known
        return known[2]

    def clear(self) -> None:
        """Forget everything: other documents are shown."""
        self._known.clear()


def lane_of(lanes: Sequence[Lane], clip: Clip) -> int:
    """Where a clip lies; the first lane for one that lies nowhere."""
    for number, lane in enumerate(lanes if len(lanes) > 1 else ()):
        at = bisect_left(lane, clip.start_ns, key=_start)
        if at < len(lane) and lane[at].id == clip.id:
            return number
    return 0


def clips_between(lane: Lane, start_ns: float, end_ns: float) -> Iterator[Clip]:
    """Clips that touch [start_ns, end_ns), and points in it, found by bisection."""
    for at in range(bisect_left(lane, start_ns, key=_end), len(lane)):
        clip = lane[at]
        if clip.start_ns >= end_ns:
            return
        if clip.end_ns > start_ns or clip.is_point:
            yield clip


def clips_to_draw(lane: Lane, scale: TimeScale) -> Iterator[Clip]:
    """Clips in sight, at most one for each pixel column.

    The work grows with the width of the window, not with the number of clips.
    """
    at = bisect_right(lane, scale.origin_ns, key=_end)
    while at < len(lane):
        clip = lane[at]
        if clip.start_ns >= scale.end_ns:
            return
        yield clip
        covered = max(clip.end_ns, scale.time(int(scale.x(clip.start_ns)) + 1))
        at = max(at + 1, bisect_left(lane, covered, key=_end))


def points_to_draw(lane: Lane, scale: TimeScale, reach_px: float) -> Iterator[tuple[Clip, float]]:
    """Points in sight with the pixels up to the next one; at most one for each pixel column.

    reach_px: how far a mark reaches to each side of its time.
    """
    reach = reach_px * scale.ns_per_px
    at = bisect_left(lane, scale.origin_ns - reach, key=_start)
    while at < len(lane) and lane[at].start_ns <= scale.end_ns + reach:
        clip = lane[at]
        column = scale.time(int(scale.x(clip.start_ns)) + 1)
        at = max(at + 1, bisect_left(lane, column, key=_start))
        after = lane[at].start_ns if at < len(lane) else scale.end_ns
        yield clip, (after - clip.start_ns) / scale.ns_per_px


def _start(clip: Clip) -> int:
    return clip.start_ns


def _end(clip: Clip) -> int:
    return clip.end_ns
