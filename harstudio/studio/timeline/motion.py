"""How much the bodies move, over time: worked out in a thread, drawn as bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QThreadPool, Signal

from harstudio.errors import HarstudioError
from harstudio.recordings.motion import joint_speeds
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SkeletonStream, StreamKind
from harstudio.studio.timeline.scale import TimeScale

LOUD_SHARE = 99.0  # percentile that fills the row; single jumps of a lost joint do not


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


def motion_of(stream: SkeletonStream) -> Motion:
    """Mean speed of the joints of the body that moves most, frame by frame."""
    speeds = np.asarray(joint_speeds(stream), dtype=np.float32)  # (T, M, V) m/s
    known = np.isfinite(speeds)
    counts = known.sum(axis=2)
    sums = np.where(known, speeds, 0).sum(axis=2)
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
    level = means.max(axis=1, initial=0.0)
    loud = float(np.percentile(level, LOUD_SHARE)) if level.size else 0.0
    if loud > 0:
        level = np.clip(level / loud, 0, 1)
    return Motion(stream.times_ns, level.astype(np.float32))


class MotionLoader(QObject):
    """Works out the motion of a recording in a thread; the newest request wins."""

    ready = Signal(object)  # Motion | None
    _done = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ticket = 0
        self._threads = QThreadPool(self)
        self._threads.setMaxThreadCount(1)
        self._done.connect(self._hand_over)

    def load(self, recording: Recording | None) -> None:
        """Ask for the motion of a recording; ``ready`` tells it, None where there are no joints."""
        self._ticket += 1
        ticket = self._ticket
        self._threads.clear()
        stream = None if recording is None else recording.of_kind(StreamKind.SKELETON)
        if not isinstance(stream, SkeletonStream) or len(stream) < 2:
            self.ready.emit(None)
            return

        def work() -> None:
            try:
                motion = motion_of(stream)
            except HarstudioError:
                motion = None  # the skeleton pane shows the error; the row stays away
            self._done.emit(ticket, motion)

        self._threads.start(work)

    def wait(self) -> None:
        """Until nothing is being worked out."""
        self._threads.waitForDone()

    def _hand_over(self, ticket: int, motion: Motion | None) -> None:
        if ticket == self._ticket:
            self.ready.emit(motion)
