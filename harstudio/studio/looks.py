"""How a recording looks: the value range of its pictures, the order of its people.

Taken once, in the worker thread that opens the recording, before anything is shown, so that
colours stay the same from the first frame to the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from harstudio.errors import HarstudioError
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import Body, PictureStream, SkeletonStream, StreamKind

SAMPLES = {StreamKind.DEPTH: 5, StreamKind.INFRARED: 2}  # infrared may be a video: dear to seek
SHARES = {StreamKind.DEPTH: (1.0, 99.0), StreamKind.INFRARED: (1.0, 99.5)}  # percentiles
DEFAULT_DEPTH_MM = (500, 4500)
MIN_DEPTH_SPAN_MM = 200
ROUND_TO_MM = 50
PEOPLE_STRIDE = 5


@dataclass(frozen=True, slots=True)
class Looks:
    """ranges: (low, high) by picture stream, mm for depth, counts for infrared.

    people: body ids in the order in which they first appear. center: (x, y, z) metres around
    which the people move; floor_m: y of the lowest joints, None without people.
    """

    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    people: tuple[str, ...] = ()
    center: tuple[float, float, float] = (0.0, 0.0, 3.0)
    floor_m: float | None = None

    def person(self, body_id: str) -> int:
        """Which colour a person has: 0 for the first."""
        return self.people.index(body_id) if body_id in self.people else 0


def take_looks(recording: Recording) -> Looks:
    """Sample the pictures, list the people. A frame that cannot be read is left out."""
    ranges = {}
    for stream in recording.streams.values():
        if isinstance(stream, PictureStream) and stream.kind in SAMPLES:
            ranges[stream.name] = value_range(stream)
    skeleton = recording.of_kind(StreamKind.SKELETON)
    if not isinstance(skeleton, SkeletonStream):
        return Looks(ranges)
    bodies = _bodies(skeleton)
    joints = [b.joints[np.isfinite(b.joints).all(axis=1)] for b in bodies[::PEOPLE_STRIDE]]
    joints = [j for j in joints if len(j)]
    people = tuple(dict.fromkeys(body.id for body in bodies))
    if not joints:
        return Looks(ranges, people)
    floor = float(np.percentile([j[:, 1].min() for j in joints], 10))
    x, _, z = np.median(np.concatenate(joints), axis=0)
    top = float(np.percentile([j[:, 1].max() for j in joints], 90))
    return Looks(ranges, people, (float(x), (floor + top) / 2, float(z)), floor)


def value_range(stream: PictureStream) -> tuple[int, int]:
    """From a few frames' percentiles: where a depth or infrared stream's values lie."""
    values = []
    for index in np.unique(np.linspace(0, len(stream) - 1, SAMPLES[stream.kind]).astype(int)):
        if not len(stream):
            break
        try:
            picture = stream.frame(int(index))
        except HarstudioError:
            continue
        values.append(picture[picture > 0][::7])
    found = np.concatenate(values) if values else np.empty(0)
    depth = stream.kind == StreamKind.DEPTH
    if found.size == 0:
        return DEFAULT_DEPTH_MM if depth else (0, 255)
    low, high = (int(v) for v in np.percentile(found, SHARES[stream.kind]))
    if not depth:
        return low, max(high, low + 1)
    low, high = low // ROUND_TO_MM * ROUND_TO_MM, -(-high // ROUND_TO_MM) * ROUND_TO_MM
    spare = max(0, MIN_DEPTH_SPAN_MM - (high - low))
    return max(0, low - spare // 2), high + spare - spare // 2


def _bodies(skeleton: SkeletonStream) -> list[Body]:
    bodies: list[Body] = []
    for index in range(len(skeleton)):
        try:
            bodies.extend(skeleton.frame(index).bodies)
        except HarstudioError:
            continue
    return bodies
