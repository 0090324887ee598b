"""The people of a stretch: whose joints were where, with nothing left open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError
from harstudio.learning.inputs.kept import Kept
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import Body, SkeletonFrame, SkeletonStream, StreamKind
from harstudio.skeletons.maps import convert_joints, joint_map


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """The bodies of one clip, nothing left open.

    joints: (T, M, V, 3) float32 metres, camera coordinates; T are the frames in which anybody was
    seen; a joint that was not is where it was at the nearest time, else 0. times_ns: (T,) int64.
    persons: (M,) ids, "" for a place that nobody takes (its joints are 0). present: (T, M) bool.
    bodies: (T,) tuples with the bodies as recorded, None where absent.
    """

    joints: NDArray[np.float32]
    times_ns: NDArray[np.int64]
    persons: tuple[str, ...]
    present: NDArray[np.bool_]
    bodies: tuple[tuple[Body | None, ...], ...] = ()

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return self.joints.nbytes + self.times_ns.nbytes + self.present.nbytes

    def bare(self) -> Tracks:
        """Without the bodies as recorded, which nobody needs once pictures are read."""
        return replace(self, bodies=())


def read_tracks(
    recording: Recording,
    start_ns: int,
    end_ns: int,
    person: str,
    bodies: int,
    wanted: str,
    kept: Kept | None = None,
) -> Tracks | None:
    """The bodies with the largest energy in ``[start_ns, end_ns)``; None where nobody is seen.

    Energy: the sum over the axes of the standard deviation of all joints over all frames in which
    the body is seen (Shahroudy et al. 2016). A body is who has one id. person: this body alone.
    wanted: the topology to give, "" for that of the recording; joints of another are mapped. kept:
    frames that were read before. DataError where the recording has no skeletons, or joints that
    cannot be mapped.
    """
    stream = recording.of_kind(StreamKind.SKELETON)
    if not isinstance(stream, SkeletonStream):
        raise DataError("There is no skeleton in this recording.", path=recording.path)
    wanted = wanted or stream.topology
    if stream.topology != wanted and joint_map(stream.topology, wanted).missing:
        raise DataError(
            f"Its {stream.topology} skeletons lack joints of {wanted}.", path=recording.path
        )
    first, last = np.searchsorted(stream.times_ns, (start_ns, end_ns))
    frames = skeleton_frames(stream, start_ns, end_ns, kept)
    found: dict[str, list[tuple[int, Body]]] = {}
    for t, frame in enumerate(frames):
        for body in frame.bodies:
            if not person or body.id == person:
                found.setdefault(body.id, []).append((t, body))
    if stream.topology != wanted:
        found = {name: _mapped(seen, stream.topology, wanted) for name, seen in found.items()}
    stacks = {name: np.stack([body.joints for _, body in seen]) for name, seen in found.items()}
    chosen = sorted(found, key=lambda name: -_energy(stacks[name]))[:bodies]
    if not any(np.isfinite(stacks[name]).any() for name in chosen):
        return None
    return _assemble(
        stream.times_ns[first:last], {name: (found[name], stacks[name]) for name in chosen}, bodies
    )


def skeleton_frames(
    stream: SkeletonStream, start_ns: int, end_ns: int, kept: Kept | None = None
) -> list[SkeletonFrame]:
    """The frames in ``[start_ns, end_ns)``; those that ``kept`` has are not read again."""
    first, last = np.searchsorted(stream.times_ns, (start_ns, end_ns))
    indices = range(int(first), int(last))
    if kept is None:
        return [stream.frame(k) for k in indices]
    times = stream.times_ns[first:last].tolist()
    return [
        kept.get(time_ns, (stream.name, k), partial(stream.frame, k))
        for k, time_ns in zip(indices, times, strict=True)
    ]


def _mapped(seen: list[tuple[int, Body]], source: str, wanted: str) -> list[tuple[int, Body]]:
    """The same body with other joints; pixels that the sensor gave are of its own joints only."""
    joints = np.stack([body.joints for _, body in seen])
    states = np.stack([body.tracking for _, body in seen])
    joints, states = convert_joints(joints, states, source, wanted)
    return [(t, Body(body.id, joints[k], states[k])) for k, (t, body) in enumerate(seen)]


def _energy(joints: NDArray[np.float32]) -> float:
    points = joints.reshape(-1, 3)
    known = points[np.isfinite(points).all(axis=1)]
    return float(known.std(axis=0).sum()) if len(known) else -1.0


Chosen = dict[str, tuple[list[tuple[int, Body]], NDArray[np.float32]]]


def _assemble(times_ns: NDArray[np.int64], chosen: Chosen, places: int) -> Tracks:
    joints_count = next(iter(chosen.values()))[1].shape[1]
    joints = np.full((len(times_ns), places, joints_count, 3), np.nan, dtype=np.float32)
    present = np.zeros((len(times_ns), places), dtype=np.bool_)
    rows: list[list[Body | None]] = [[None] * places for _ in times_ns]
    for m, (seen, stack) in enumerate(chosen.values()):
        at = [t for t, _ in seen]
        joints[at, m] = stack
        present[at, m] = np.isfinite(stack).any(axis=(1, 2))
        for t, body in seen:
            rows[t][m] = body
    kept = np.flatnonzero(present.any(axis=1))
    joints, times_ns = joints[kept], times_ns[kept]
    _fill(joints, times_ns)
    persons = (*chosen, *([""] * (places - len(chosen))))
    bodies = tuple(tuple(rows[t]) for t in kept)
    return Tracks(joints, times_ns.copy(), persons, present[kept], bodies)


def _fill(joints: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
    """Put missing joints where they were at the nearest time, in place; 0 where never seen."""
    known = np.asarray(np.isfinite(joints).all(axis=-1))
    for m, v in np.argwhere(~known.all(axis=0)):
        there = np.flatnonzero(known[:, m, v])
        if not len(there):
            joints[:, m, v] = 0
            continue
        gaps = np.flatnonzero(~known[:, m, v])
        joints[gaps, m, v] = joints[there[nearest(times_ns[there], times_ns[gaps])], m, v]


def nearest(times_ns: NDArray[np.int64], wanted_ns: NDArray[np.int64]) -> NDArray[np.intp]:
    """For every wanted time the index of the nearest of the sorted times; the earlier of two."""
    right = np.clip(np.searchsorted(times_ns, wanted_ns), 1, max(1, len(times_ns) - 1))
    left = right - 1
    right = np.minimum(right, len(times_ns) - 1)
    nearer = wanted_ns - times_ns[left] <= times_ns[right] - wanted_ns
    return np.where(nearer, left, right)


def bodies_at(tracks: Tracks, time_ns: int) -> list[Body | None]:
    """(M) the body of every place at a time; one that is away is taken from its nearest frame, None
    where nobody ever is."""
    rows = _rows_at(tracks, time_ns)
    return [tracks.bodies[at][m] if at >= 0 else None for m, at in enumerate(rows)]


Sights = tuple[tuple[str, int], ...]


def sights_at(tracks: Tracks, time_ns: int) -> Sights:
    """Which bodies ``bodies_at`` gives: (id, time of the frame that it is taken from) of each."""
    return tuple(
        (tracks.persons[m], int(tracks.times_ns[at]))
        for m, at in enumerate(_rows_at(tracks, time_ns))
        if at >= 0
    )


def _rows_at(tracks: Tracks, time_ns: int) -> list[int]:
    """Of every place the frame nearest in time in which somebody takes it; -1 where nobody does."""
    rows, wanted = [], np.array([time_ns])
    for m in range(tracks.present.shape[1]):
        there = np.flatnonzero(tracks.present[:, m])
        rows.append(int(there[nearest(tracks.times_ns[there], wanted)[0]]) if len(there) else -1)
    return rows
