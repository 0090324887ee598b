"""Frame samplers: one frame from each of T equal parts of a stretch.

Parts are equal in time, or in what moves in them. In testing a part gives its middle, in training
any of its frames. Parts of equal time are the sparse sampling of Wang et al. (Temporal Segment
Networks, ECCV 2016) and what Duan et al. (PoseConv3D, CVPR 2022) call uniform sampling. Parts of
equal motion are those of Zhi et al. (MGSampler: An Explainable Sampling Strategy for Video Action
Recognition, ICCV 2021, motion-uniform sampling); there motion is the difference of pictures, here
the way that the joints go, and nothing smooths it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CHOICES = 9  # frames of a part that are kept for training, at most; the fifth is its middle
SMALLEST_M = 1e-6  # a way that is shorter is none

Passed = NDArray[np.float64]


def time_passed(count: int) -> Passed:
    """(F,) how much has passed when a frame is over, where all frames count the same."""
    return np.arange(1.0, count + 1)


def motion_passed(
    joints: NDArray[np.float32], joints_ns: NDArray[np.int64], times_ns: NDArray[np.int64]
) -> Passed:
    """(F,) metres that all joints of all bodies have gone in all when a frame is over.

    joints: (T, M, V, 3) at the times joints_ns. times_ns: (F,) of the frames. A frame counts for
    half of the way to it and half of the way from it, which is linear between poses. As
    ``time_passed`` where nothing moves.
    """
    if len(joints) > 1:
        steps = np.linalg.norm(np.diff(joints.astype(np.float64), axis=0), axis=-1)
        gone = np.concatenate([[0.0], np.cumsum(steps.sum(axis=(1, 2)))])
        at, known = ((t - joints_ns[0]).astype(np.float64) for t in (times_ns, joints_ns))
        ways = np.diff(np.interp(at, known, gone))
        passed = np.cumsum(np.concatenate([ways, [0.0]]) + np.concatenate([[0.0], ways])) / 2
        if passed[-1] > SMALLEST_M:
            return np.asarray(passed)
    return time_passed(len(times_ns))


def choices_of(passed: Passed, frames: int) -> NDArray[np.intp]:
    """(9, T) frames that each part can give; row 4 is the middles."""
    within = (np.arange(CHOICES) + 0.5) / CHOICES
    return _reached(passed, (np.arange(frames) + within[:, None]) / frames)


def chosen(passed: Passed, frames: int, rng: np.random.Generator | None) -> NDArray[np.intp]:
    """(T,) one frame of each part; rng None: its middle."""
    within = np.full(frames, 0.5) if rng is None else rng.random(frames)
    return _reached(passed, (np.arange(frames) + within) / frames)


def pick(choices: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    """(T,) one of the (s, T) choices of each part."""
    rows, frames = choices.shape
    drawn: NDArray[np.intp] = choices[rng.integers(rows, size=frames), np.arange(frames)]
    return drawn


def _reached(passed: Passed, shares: NDArray[np.float64]) -> NDArray[np.intp]:
    """The first frame that is over after a share, in [0, 1), of all has passed."""
    found = np.searchsorted(passed, shares * passed[-1], side="right")
    return np.asarray(np.minimum(found, len(passed) - 1))
