"""Clips that overlap, side by side: each in the topmost lane that is free."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush

from harstudio.labels.model import Clip, Tier

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


def _start(clip: Clip) -> int:
    return clip.start_ns


def _end(clip: Clip) -> int:
    return clip.end_ns
