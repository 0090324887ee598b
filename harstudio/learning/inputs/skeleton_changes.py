"""What training changes in joints besides MMFF's turns, and the size and axes that a network gets.

Joints are (T, M, V, 3) float32 in metres, camera coordinates, until they are an input (3, T, V, M).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Joints = NDArray[np.float32]
Times = NDArray[np.int64]


def at_other_speeds(
    joints: Joints, times_ns: Times, limits: tuple[float, float], rng: np.random.Generator
) -> tuple[Joints, Times]:
    """The clip at one rate up to a moment in its middle half, at another one from there.

    Linear between frames; a rate of 2 leaves half as many frames. Times are those of the recording.
    """
    last = len(joints) - 1
    before, after = rng.uniform(min(limits), max(limits), 2)
    turning = rng.uniform(0.25, 0.75) * last
    total = turning / before + (last - turning) / after
    played = np.linspace(0, total, round(total) + 1)
    at = np.interp(played, [0, turning / before, total], [0, turning, last])
    left = np.clip(at.astype(np.intp), 0, max(0, last - 1))
    right = np.minimum(left + 1, last)
    share = at - left
    weight = share.astype(np.float32)[:, None, None, None]
    gaps = np.rint(share * (times_ns[right] - times_ns[left])).astype(np.int64)
    return joints[left] * (1 - weight) + joints[right] * weight, times_ns[left] + gaps


def without_frames(
    joints: Joints, times_ns: Times, share: float, rng: np.random.Generator
) -> tuple[Joints, Times]:
    """Every frame is lost with this chance; one stays."""
    kept = rng.random(len(joints)) >= share
    if not kept.any():
        kept[int(rng.integers(len(joints)))] = True
    return joints[kept], times_ns[kept]


def without_joints(joints: Joints, share: float, rng: np.random.Generator) -> Joints:
    """Every joint of every body is missing in the whole clip with this chance: 0, like a joint
    that was never seen."""
    return np.where(rng.random((*joints.shape[1:3], 1)) < share, np.float32(0), joints)


def shaken(joints: Joints, sigma_m: float, rng: np.random.Generator) -> Joints:
    """Gaussian noise on every coordinate of every joint and frame; a joint never seen stays 0."""
    noise = rng.standard_normal(joints.shape, dtype=np.float32) * np.float32(sigma_m)
    return joints + noise * joints.any(axis=-1, keepdims=True)


def about_vertical(deg: float, axis: int) -> NDArray[np.float64]:
    """(3, 3) a turn about y (axis 1) or z (axis 2) by this angle, right-handed."""
    a = np.deg2rad(deg)
    c, s = np.cos(a), np.sin(a)
    if axis == 1:
        return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def mirrored(values: Joints, mirror: tuple[int, ...]) -> Joints:
    """(3, T, V, M) as a mirror shows them: x turned round, left and right joints exchanged.

    mirror: for every joint the one on the other side (``Topology.mirror``).
    """
    out = values[:, :, list(mirror)]
    np.negative(out[0], out=out[0])
    return out


def torso_length(
    values: Joints, shoulders: tuple[int, int], hips: tuple[int, int], seen: NDArray[np.bool_]
) -> float | None:
    """The median distance of the first body from the middle of its shoulders to that of its hips.

    values: (3, T, V, M). seen: (T,) frames in which all four are known. None where there are none,
    or no such joints (an index of -1), or no length.
    """
    if min(*shoulders, *hips) < 0 or not seen.any():
        return None
    body = values[..., 0][:, seen]
    upper, lower = (body[:, :, list(pair)].mean(axis=2) for pair in (shoulders, hips))
    length = float(np.median(np.linalg.norm(upper - lower, axis=0)))
    return length if length > 1e-3 else None
