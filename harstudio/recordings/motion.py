"""Joints over time: positions as one array, and how fast they move."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.streams import SECOND_NS, SkeletonStream

GAP_PERIODS = 3


def joint_positions(stream: SkeletonStream) -> NDArray[np.float32]:
    """(T, M, V, 3) float32 metres, M bodies at most at a time; NaN where nobody or no joint is.

    A person keeps the place in M for as long as the sensor gives the same id.
    """
    return _tracks(stream, 0, len(stream))[0]


def joint_speeds(
    stream: SkeletonStream, start: int = 0, stop: int | None = None
) -> NDArray[np.float32]:
    """(T, M, V) float32 metres a second, mean of the steps before and after each frame.

    NaN where a joint has no neighbour in time: another id, a lost joint, or a gap of more than
    three periods. start, stop: of which frames, all without them; a person's place in M is told
    from these frames alone.
    """
    stop = len(stream) if stop is None else min(stop, len(stream))
    first, last = max(start - 1, 0), min(stop + 1, len(stream))
    positions, ids = _tracks(stream, first, last)
    speeds = np.full(positions.shape[:3], np.nan, dtype=np.float32)
    if len(positions) < 2:
        return speeds[start - first : stop - first]
    seconds = np.diff(stream.times_ns[first:last]) / SECOND_NS
    whole = (seconds > 0) & (seconds <= GAP_PERIODS * stream.period_ns / SECOND_NS)
    steps = np.diff(positions, axis=0) / np.where(whole, seconds, np.nan)[:, None, None, None]
    steps[(ids[1:] != ids[:-1]) | (ids[1:] < 0)] = np.nan
    before = np.concatenate([np.full_like(steps[:1], np.nan), steps])
    after = np.concatenate([steps, np.full_like(steps[:1], np.nan)])
    before = np.where(np.isnan(before), after, before)
    after = np.where(np.isnan(after), before, after)
    speeds = np.linalg.norm((before + after) / 2, axis=-1)
    return np.asarray(speeds[start - first : stop - first], dtype=np.float32)


def _tracks(
    stream: SkeletonStream, start: int, stop: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(T, M, V, 3) positions and (T, M) numbers of the persons in them, -1 where nobody is."""
    places, count = max(1, stream.max_bodies), stop - start
    positions = np.full((count, places, stream.joints, 3), np.nan, dtype=np.float32)
    persons = np.full((count, places), -1, dtype=np.int64)
    numbers: dict[str, int] = {}
    seats: dict[str, int] = {}
    for t in range(count):
        bodies = stream.frame(start + t).bodies[:places]
        present = {body.id for body in bodies}
        taken = {seats[name] for name in present if name in seats}
        for body in bodies:
            if body.id not in seats:
                seat = next(m for m in range(places) if m not in taken)
                seats = {name: m for name, m in seats.items() if m != seat}
                seats[body.id] = seat
                taken.add(seat)
            seat = seats[body.id]
            positions[t, seat] = body.joints
            persons[t, seat] = numbers.setdefault(body.id, len(numbers))
    return positions, persons
