"""One person's joints over a stretch of a recording, evenly sampled, gaps closed, noise removed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SECOND_NS, SkeletonStream, StreamKind
from harstudio.skeletons.maps import convert_joints
from harstudio.skeletons.topology import topology

TOPOLOGY = "common_16"
CUT_OFF_HZ = 6.0  # low pass for human movement: Winter 2009, Biomechanics, chapter 3
LONGEST_GAP_S = 0.25
FEWEST_FRAMES = 8


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Joints of one person. times_s: (T,) from the stretch's start, evenly spaced at rate_hz.

    joints: (T, 16, 3) float64 metres on the joints of ``common_16``, y up; a joint that was
    missing for more than a quarter of a second is NaN throughout. seen: the share of frames in
    which the person was there.
    """

    times_s: NDArray[np.float64]
    rate_hz: float
    joints: NDArray[np.float64]
    person: str = ""
    seen: float = 1.0

    def joint(self, name: str) -> NDArray[np.float64]:
        """(T, 3) metres of a joint of ``common_16``."""
        found: NDArray[np.float64] = self.joints[:, topology(TOPOLOGY).index(name)]
        return found


def motion_of(recording: Recording, start_ns: int, end_ns: int, person: str = "") -> Motion:
    """The motion in ``[start_ns, end_ns)``. person: a body id; "" for who is seen most.

    DataError where there is no skeleton, nobody, or too little to measure.
    """
    found = (s for s in recording.streams.values() if s.kind is StreamKind.SKELETON)
    stream = next((s for s in found if isinstance(s, SkeletonStream)), None)
    if stream is None:
        raise DataError("There is no skeleton to measure.", path=recording.path)
    first, last = np.searchsorted(stream.times_ns, [start_ns, end_ns])
    bodies = [(k, stream.frame(k).bodies) for k in range(int(first), int(last))]
    counts = Counter(body.id for _, there in bodies for body in there)
    person = person or (counts.most_common(1)[0][0] if counts else "")
    taken = [(k, body) for k, there in bodies for body in there if body.id == person]
    if len(taken) < FEWEST_FRAMES:
        who = f"“{person}”" if person else "Anybody"
        raise DataError(
            f"{who} is seen in {len(taken)} frames there; at least {FEWEST_FRAMES} are needed.",
            path=recording.path,
            remedy="Measure a longer clip, or another person.",
        )
    joints = np.stack([body.joints for _, body in taken])
    tracking = np.stack([body.tracking for _, body in taken])
    common, states = convert_joints(joints, tracking, stream.topology, TOPOLOGY)
    common[states == 0] = np.nan
    times_s = stream.times_ns[[k for k, _ in taken]] / SECOND_NS - start_ns / SECOND_NS
    grid, rate_hz = even_grid(times_s, stream.period_ns / SECOND_NS)
    even = np.stack([_even(times_s, common[:, v], grid) for v in range(common.shape[1])], axis=1)
    return Motion(grid, rate_hz, smooth(even, rate_hz), person, len(taken) / max(len(bodies), 1))


def even_grid(times_s: NDArray[np.float64], period_s: float) -> tuple[NDArray[np.float64], float]:
    """Evenly spaced times from the first to the last, about a period apart, and their rate."""
    steps = max(1, round((times_s[-1] - times_s[0]) / period_s))
    grid = np.linspace(times_s[0], times_s[-1], steps + 1)
    return grid, float(steps / (times_s[-1] - times_s[0]))


def _even(
    times_s: NDArray[np.float64], points: NDArray[np.float32], grid: NDArray[np.float64]
) -> NDArray[np.float64]:
    known = np.isfinite(points).all(axis=-1)
    if known.sum() < 2:
        return np.full((len(grid), 3), np.nan)
    at = times_s[known]
    gaps = np.diff(np.concatenate([[times_s[0]], at, [times_s[-1]]]))
    if gaps.max() > LONGEST_GAP_S:
        return np.full((len(grid), 3), np.nan)
    return np.stack([np.interp(grid, at, points[known, axis]) for axis in range(3)], axis=-1)


def smooth(joints: NDArray[np.float64], rate_hz: float) -> NDArray[np.float64]:
    """(T, ...) without what is faster than people move: a Butterworth low pass of fourth order
    without lag (second order forwards and backwards); as it is where T or the rate is too small.
    """
    from scipy.signal import butter, filtfilt

    if rate_hz <= 2.2 * CUT_OFF_HZ or len(joints) <= 12:
        return joints
    numerator, denominator = butter(2, CUT_OFF_HZ, fs=rate_hz)
    smoothed: NDArray[np.float64] = filtfilt(numerator, denominator, joints, axis=0)
    return smoothed
