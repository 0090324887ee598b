"""How much the bodies move, over time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import HarstudioError
from harstudio.recordings.motion import joint_speeds
from harstudio.recordings.streams import SkeletonStream
from harstudio.studio.timeline.scale import TimeScale

LOUD_SHARE = 99.0  # percentile that fills the row; single jumps of a lost joint do not
AT_ONCE = 512  # frames whose joints are in memory together


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """times_ns: (T,) int64. level: (T,) float32 in [0, 1], mean joint speed against a loud one."""

    times_ns: NDArray[np.int64]
    level: NDArray[np.float32]

    def bars(self, scale: TimeScale, pitch_px: int) -> NDArray[np.float32]:
        """The loudest level within every ``pitch_px`` pixels; (ceil(width / pitch_px),)."""
        count = -(-scale.width // pitch_px)
        edges = scale.origin_ns + np.arange(count + 1) * (pitch_px * scale.ns_per_px)
        at = np.searchsorted(self.times_ns, edges)
        heights = np.zeros(count, dtype=np.float32)
        if self.level.size == 0:
            return heights
        filled = at[1:] > at[:-1]
        padded = np.append(self.level, np.float32(0))
        heights[filled] = np.maximum.reduceat(padded, at)[:-1][filled]
        # Bars between two samples of a magnified recording show the sample before.
        held = ~filled & (at[1:] > 0) & (at[1:] < self.times_ns.size)
        heights[held] = self.level[at[1:][held] - 1]
        return heights


def motion_of(
    stream: SkeletonStream, cancelled: Callable[[], bool] = lambda: False
) -> Motion | None:
    """Mean speed of the joints of the body that moves most, frame by frame.

    None when it was cancelled or the joints cannot be read, which the skeleton's pane tells.
    """
    level = np.zeros(len(stream), dtype=np.float32)
    try:
        for start in range(0, len(stream), AT_ONCE):
            if cancelled():
                return None
            stop = min(start + AT_ONCE, len(stream))
            level[start:stop] = _level(joint_speeds(stream, start, stop))
    except HarstudioError:
        return None
    loud = float(np.percentile(level, LOUD_SHARE)) if level.size else 0.0
    if loud > 0:
        level = np.clip(level / loud, 0, 1)
    return Motion(stream.times_ns, level)


def _level(speeds: NDArray[np.float32]) -> NDArray[np.float32]:
    """(T, M, V) m/s to (T,): the mean over the joints that are known, of the fastest body."""
    known = np.isfinite(speeds)
    counts = known.sum(axis=2)
    sums = np.where(known, speeds, 0).sum(axis=2)
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
    return np.asarray(means.max(axis=1, initial=0.0), dtype=np.float32)
