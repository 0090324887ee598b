"""Skeletons in memory: a body that stands, raises a hand, and may walk."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harstudio.recordings.streams import ArrayReader, Body, SkeletonFrame, SkeletonStream

RATE = 30
STEP_NS = 1_000_000_000 // RATE
JOINTS = 20
HAND = slice(16, 20)

Places = Callable[[float], np.ndarray]


def stream(
    seconds: float, hand: Places, where: Places | None = None, ids: str = "7"
) -> SkeletonStream:
    """A body that stands as it was drawn by lot, whose hand is moved, and which walks."""
    rng = np.random.default_rng(0)
    body = rng.normal(scale=0.4, size=(JOINTS, 3))
    frames = []
    for k in range(round(seconds * RATE)):
        joints = body + rng.normal(scale=0.002, size=body.shape)
        joints[HAND] += hand(k / RATE)
        if where is not None:
            joints += where(k / RATE)
        tracking = np.full(JOINTS, 2, dtype=np.uint8)
        bodies = tuple(Body(name, joints.astype(np.float32), tracking) for name in ids)
        frames.append(SkeletonFrame(bodies))
    times = np.arange(len(frames), dtype=np.int64) * STEP_NS
    return SkeletonStream(
        "skeleton", times, ArrayReader(frames), topology="utd_mhad_20", joints=JOINTS, max_bodies=2
    )


def raised(*spans: tuple[float, float]) -> Places:
    """The hand goes up within 0.5 s, stays, and comes down within 0.5 s before the end."""

    def at(time: float) -> np.ndarray:
        for start, end in spans:
            if start <= time < end:
                share = min(1.0, (time - start) / 0.5, (end - time) / 0.5)
                return np.array([0.0, 0.8 * share, 0.0])
        return np.zeros(3)

    return at
