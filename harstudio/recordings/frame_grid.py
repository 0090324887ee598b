"""Where clips may begin and end: the frames of the reference stream."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class FrameGrid:
    """Frames as half-open stretches of time.

    times_ns: (T,) int64, when each frame begins, T >= 1. period_ns: the usual time between two.
    A frame lasts until the next one begins, or one period where frames are missing after it, so
    that clips over frames 0..9 and 10..19 touch exactly even when the frames come unevenly.
    """

    times_ns: NDArray[np.int64]
    period_ns: int

    def __len__(self) -> int:
        return int(self.times_ns.size)

    def index(self, time_ns: int) -> int:
        """The frame nearest to a time; the first or last beyond the ends."""
        right = int(np.searchsorted(self.times_ns, time_ns))
        if right == 0:
            return 0
        if right == len(self):
            return right - 1
        before, after = int(self.times_ns[right - 1]), int(self.times_ns[right])
        return right if after - time_ns < time_ns - before else right - 1

    def start_of(self, index: int) -> int:
        """When frame ``index`` begins."""
        return int(self.times_ns[min(max(index, 0), len(self) - 1)])

    def end_of(self, index: int) -> int:
        """When frame ``index`` is over."""
        index = min(max(index, 0), len(self) - 1)
        start = int(self.times_ns[index])
        if index + 1 < len(self):
            following = int(self.times_ns[index + 1])
            if 2 * (following - start) <= 3 * self.period_ns:
                return following
        return start + self.period_ns

    def snap_start(self, time_ns: int) -> int:
        """The frame beginning nearest to a time."""
        return self.start_of(self.index(time_ns))

    def snap_end(self, time_ns: int) -> int:
        """The frame end nearest to a time."""
        index = self.index(time_ns)
        ends = [self.end_of(k) for k in (index - 1, index) if k >= 0]
        return min(ends, key=lambda end: abs(end - time_ns))

    def first_of(self, start_ns: int) -> int:
        """The first frame of a clip that starts then."""
        return min(int(np.searchsorted(self.times_ns, start_ns)), len(self) - 1)

    def last_of(self, end_ns: int) -> int:
        """The last frame of a clip that ends then."""
        return max(int(np.searchsorted(self.times_ns, end_ns)) - 1, 0)

    def count(self, start_ns: int, end_ns: int) -> int:
        """How many frames begin in [start_ns, end_ns)."""
        edges = np.searchsorted(self.times_ns, [start_ns, end_ns])
        return int(edges[1] - edges[0])
