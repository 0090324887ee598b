"""Where something is done: stretches in which a body is away from how it rests.

A pose is told by the distances between all its joints, over the body's size: walking up and down
or turning round does not change it, an arm that is raised does. A body rests in the pose that it
stands still in most often, and in every pose that it keeps for long; an action is a stretch away
from all of these. That needs no labels, and no network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from harstudio.recognition.helping.features import Stretch
from harstudio.recordings.streams import SECOND_NS, SkeletonStream

SMOOTH_S = 0.1
SAMPLE = 400  # still frames of which the most usual pose is taken
LARGEST = 60_000  # frames; of longer recordings every second, third, ... is looked at
ALIKE = 0.03  # of the body's size, root mean square: poses that are no further apart are one
AWAY = 0.03  # what has to be reached somewhere in an action
NOISE = 1.6  # times the distances between still frames of one pose: leaving it
LEAST_AWAY = 0.012
GROW_S = 0.35  # how far an edge is moved to where the motion begins or ends
ENOUGH = 5  # stretches that tell how long they usually are
LONG = 2.0  # times as long as usual: taken apart
QUIET = 2.5  # times the slowest tenth of the frames: still

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Cutting:
    """What counts as an action.

    rest_s: a return to rest that is shorter does not end it.
    least_s: what is shorter is none. kept_s: a pose that is kept for so long is one of rest.
    What lasts more than twice as long as the stretches that are found usually do (as usual_s where
    fewer than five are found, and nothing where that is None) is taken apart where a pose is kept
    for ``pause_s``, the longest pause first.
    """

    rest_s: float = 0.2
    least_s: float = 0.6
    kept_s: float = 1.8
    usual_s: float | None = None
    pause_s: float = 0.5


def cut(stream: SkeletonStream, person: str = "", cutting: Cutting = Cutting()) -> list[Stretch]:
    """The stretches in which a person is away from rest, by start, without overlap.

    person: body id; "" for whoever is seen most. Empty where nobody is seen, or nobody ever moves.
    DataError where the joints are damaged.
    """
    times_ns, joints = _joints(stream, person)
    if len(times_ns) < 4:
        return []
    seconds = (times_ns - times_ns[0]) / SECOND_NS
    period_s = max(float(np.median(np.diff(seconds))), 1e-6)
    poses = _poses(joints, SMOOTH_S / period_s)
    speed = np.sqrt(np.mean(np.gradient(poses, seconds, axis=0) ** 2, axis=1))
    quiet = _quiet(speed)
    rests, noise = _rests(seconds, poses, speed < quiet, cutting.kept_s)
    off = np.min([_distances(poses, rest) for rest in rests], axis=0)
    edge = max(LEAST_AWAY, NOISE * noise)
    high = max(AWAY, edge)
    runs = _joined(_runs(off > edge), seconds, cutting.rest_s)
    runs = [
        (a, b)
        for a, b in runs
        if off[a:b].max() > high and seconds[b - 1] - seconds[a] >= cutting.least_s
    ]
    runs = _taken_apart(runs, speed < quiet, seconds, cutting)
    limit = max(1, round(GROW_S / period_s))
    found: list[Stretch] = []
    before = 0
    for k, (a, b) in enumerate(runs):
        after = runs[k + 1][0] if k + 1 < len(runs) else len(seconds)
        a, b = _grown(speed > quiet, a, b, max(before, a - limit), min(after, b + limit))
        before = b
        end_ns = times_ns[b] if b < len(times_ns) else times_ns[-1] + stream.period_ns
        found.append(Stretch(int(times_ns[a]), int(end_ns), person))
    return found


def _joints(stream: SkeletonStream, person: str) -> tuple[NDArray[np.int64], Floats]:
    """(T,) times and (T, V, 3) joints of the frames in which the person is seen; joints that are
    not are where they were at the time between."""
    step = max(1, -(-len(stream) // LARGEST))
    frames = [(index, stream.frame(index).bodies) for index in range(0, len(stream), step)]
    seen: dict[str, int] = {}
    for _, bodies in frames:
        for body in bodies:
            seen[body.id] = seen.get(body.id, 0) + 1
    rows: list[int] = []
    joints: list[NDArray[np.float32]] = []
    for index, bodies in frames:
        there = [body for body in bodies if not person or body.id == person]
        if there:
            rows.append(index)
            joints.append(max(there, key=lambda body: seen[body.id]).joints)
    times_ns = np.asarray(stream.times_ns[rows], dtype=np.int64)
    places = np.asarray(joints, dtype=np.float64).reshape(len(rows), stream.joints * 3)
    for column in places.T:
        known = np.isfinite(column)
        if known.any():
            column[~known] = np.interp(times_ns[~known], times_ns[known], column[known])
        else:
            column[:] = 0
    return times_ns, places.reshape(len(rows), stream.joints, 3)


def _poses(joints: Floats, sigma: float) -> Floats:
    """(T, V * (V - 1) / 2) distances between the joints, over the body's size."""
    smooth = gaussian_filter1d(joints, sigma, axis=0, mode="nearest").astype(np.float32)
    first, second = np.triu_indices(joints.shape[1], 1)
    apart = np.linalg.norm(smooth[:, first] - smooth[:, second], axis=2)
    size = float(np.median(apart.max(axis=1, initial=0.0)))
    return np.asarray(apart / size if size > 0 else apart)


def _quiet(speed: Floats) -> float:
    """A speed below which a pose is kept."""
    slow = QUIET * float(np.percentile(speed, 10))
    return min(max(slow, 1e-3), _between(np.log(speed + 1e-4)))


def _between(values: Floats) -> float:
    """e to the threshold between two heaps of values (Otsu 1979)."""
    counts, edges = np.histogram(values, 128)
    middles = (edges[1:] + edges[:-1]) / 2
    share = np.cumsum(counts) / max(1, counts.sum())
    mean = np.cumsum(counts * middles) / max(1, counts.sum())
    inner = (share > 0) & (share < 1)
    if not inner.any():
        return float(np.exp(middles[-1]))
    spread = (mean[-1] * share[inner] - mean[inner]) ** 2 / (share[inner] * (1 - share[inner]))
    return float(np.exp(middles[inner][int(np.argmax(spread))]))


def _rests(
    seconds: Floats, poses: Floats, still: NDArray[np.bool_], kept_s: float
) -> tuple[list[Floats], float]:
    """Poses of rest, the most usual one first, and how far still frames of that one are apart."""
    at = np.flatnonzero(still)
    if not at.size:
        at = np.arange(len(poses))
    at = at[:: max(1, at.size // SAMPLE)]
    apart = np.array([_distances(poses[at], poses[k]) for k in at])
    usual = int(np.argmax((apart < ALIKE).sum(axis=1)))
    near = apart[usual][apart[usual] < 2 * ALIKE]
    rests = [poses[at[usual]]]
    for a, b in _runs(uniform_filter1d(still.astype(float), 5) > 0.5):
        if seconds[b - 1] - seconds[a] >= kept_s:
            rests.append(np.median(poses[a:b], axis=0))
    distinct: list[Floats] = []
    for rest in rests:
        if all(_distances(rest[None], other)[0] > ALIKE / 2 for other in distinct):
            distinct.append(rest)
    return distinct, float(np.median(near))


def _distances(poses: Floats, pose: Floats) -> Floats:
    return np.asarray(np.sqrt(np.mean((poses - pose) ** 2, axis=-1)))


Run = tuple[int, int]  # first frame, frame after the last


def _runs(on: NDArray[np.bool_]) -> list[Run]:
    turns = np.diff(np.concatenate([[0], on.astype(np.int8), [0]]))
    starts, stops = np.flatnonzero(turns == 1), np.flatnonzero(turns == -1)
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def _joined(runs: list[Run], seconds: Floats, rest_s: float) -> list[Run]:
    """Runs with less than ``rest_s`` between them are one."""
    found: list[Run] = []
    for a, b in runs:
        if found and seconds[a] - seconds[found[-1][1] - 1] < rest_s:
            found[-1] = found[-1][0], b
        else:
            found.append((a, b))
    return found


def _taken_apart(
    runs: list[Run], still: NDArray[np.bool_], seconds: Floats, cutting: Cutting
) -> list[Run]:
    """Runs that are too long for one action without their longest pauses."""

    def length(run: Run) -> float:
        return float(seconds[run[1] - 1] - seconds[run[0]])

    usual_s = cutting.usual_s
    if len(runs) >= ENOUGH:
        usual_s = float(np.median([length(run) for run in runs]))
    if usual_s is None:
        return runs
    found: list[Run] = []
    waiting = runs[::-1]
    while waiting:
        a, b = run = waiting.pop()
        pauses = [(a + c, a + d) for c, d in _runs(still[a:b])]
        inside = [
            (c, d)
            for c, d in pauses
            if min(length((a, c + 1)), length((d - 1, b))) >= cutting.least_s
            and length((c, d)) >= cutting.pause_s
        ]
        if length(run) <= LONG * usual_s or not inside:
            found.append(run)
            continue
        c, d = max(inside, key=length)
        waiting += [(d, b), (a, c)]
    return found


def _grown(moving: NDArray[np.bool_], a: int, b: int, first: int, last: int) -> Run:
    """A run moved out to where its motion begins and ends, within ``[first, last)``."""
    while a > first and moving[a - 1]:
        a -= 1
    while b < last and moving[min(b, len(moving) - 1)]:
        b += 1
    return a, b
