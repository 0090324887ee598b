"""How what is live looks: value ranges and the floor, taken as soon as there is something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from harstudio.errors import HarstudioError
from harstudio.live.growing import GrowingRecording
from harstudio.recordings.streams import Body, SkeletonStream, StreamKind
from harstudio.studio.looks import SAMPLES, Looks, value_range

LOOKED_AT = 30  # skeletons
LEAVES_NS = 1_500_000_000  # so long away, and a colour is for somebody else


class Seats:
    """Which colour a person has: sensors give whoever comes back another identity, so a place
    that somebody left long enough ago is taken by the next."""

    def __init__(self) -> None:
        self._seats: list[tuple[str, int]] = []  # body id, when it was seen last

    def see(self, ids: Sequence[str], time_ns: int) -> None:
        """These people are there now. Somebody alone is the first, whoever was there before."""
        if len(ids) == 1:
            self._seats = [(ids[0], time_ns)]
            return
        for body in ids:
            at = next((k for k, seat in enumerate(self._seats) if seat[0] == body), None)
            if at is None:
                gone = (k for k, seat in enumerate(self._seats) if time_ns - seat[1] > LEAVES_NS)
                at = next(gone, len(self._seats))
            self._seats[at : at + 1] = [(body, time_ns)]

    def of(self, body: str) -> int:
        """0 for the first."""
        return next((k for k, seat in enumerate(self._seats) if seat[0] == body), 0)


@dataclass(frozen=True, slots=True)
class LiveLooks(Looks):
    """Looks whose people come and go."""

    seats: Seats = field(default_factory=Seats)

    def person(self, body_id: str) -> int:
        return self.seats.of(body_id)


def live_looks(recording: GrowingRecording, before: LiveLooks) -> LiveLooks:
    """From the frames that are kept; ranges that are known stay, so that colours do."""
    ranges = dict(before.ranges)
    for name, stream in recording.streams.items():
        if stream.kind in SAMPLES and len(stream) and name not in ranges:
            ranges[name] = value_range(stream)
    joints = _joints(recording)
    if not joints:
        return LiveLooks(ranges, (), before.center, before.floor_m, before.seats)
    floor = float(np.percentile([one[:, 1].min() for one in joints], 10))
    top = float(np.percentile([one[:, 1].max() for one in joints], 90))
    x, _, z = np.median(np.concatenate(joints), axis=0)
    center = (float(x), (floor + top) / 2, float(z))
    return LiveLooks(ranges, (), center, floor, before.seats)


def _joints(recording: GrowingRecording) -> list[np.ndarray]:
    """Of the last second."""
    skeleton = recording.of_kind(StreamKind.SKELETON)
    found: list[np.ndarray] = []
    if not isinstance(skeleton, SkeletonStream):
        return found
    first = max(recording.oldest(skeleton.name), len(skeleton) - LOOKED_AT)
    for index in range(first, len(skeleton)):
        try:
            bodies = skeleton.frame(index).bodies
        except HarstudioError:  # let go of meanwhile
            continue
        places = (body.joints[np.isfinite(body.joints).all(axis=1)] for body in bodies)
        found += [one for one in places if len(one)]
    return found


def away_from(center: tuple[float, float, float], body: Body) -> float:
    """Metres from the place that is looked at, along the floor; 0 where the body is nowhere."""
    places = body.joints[np.isfinite(body.joints).all(axis=1)]
    if not len(places):
        return 0.0
    x, _, z = np.median(places, axis=0)
    return float(np.hypot(x - center[0], z - center[2]))
