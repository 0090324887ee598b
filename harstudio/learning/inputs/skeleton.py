"""The ``skeleton`` input: from tracks to (3, T, V, M), and the changes of training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from harstudio.learning.inputs import Factor, InputSettings, Share, between, own_draws
from harstudio.learning.inputs.samplers import chosen, motion_passed, time_passed
from harstudio.learning.inputs.skeleton_changes import (
    about_vertical,
    at_other_speeds,
    shaken,
    torso_length,
    without_frames,
    without_joints,
)
from harstudio.learning.inputs.tracks import Tracks
from harstudio.skeletons.topology import topology

ORIGINS = ("SpineMid", "Spine", "SpineNaval", "Torso", "MidHip", "Neck")  # the first that is there
BASES = ("SpineBase", "HipCenter", "Pelvis")
LEFT = ("ShoulderLeft", "LShoulder", "left_shoulder")
RIGHT = ("ShoulderRight", "RShoulder", "right_shoulder")
HIPS = (("HipLeft", "LHip", "left_hip"), ("HipRight", "RHip", "right_hip"))
SHORTEST = 1e-6  # metres that have a direction

Chance = Annotated[float, Field(ge=0, lt=1)]


class SkeletonInput(InputSettings):
    """The table of a skeleton.

    frames: T. fit: ``repeat`` plays a shorter clip again from its start until T frames are full
    and cuts a longer one (its middle in testing, anywhere in training); ``resize`` interpolates
    linearly in time, from the first frame to the last; ``resample`` does so over frame numbers,
    each of the T frames in the middle of its part of the clip (HCN); ``random`` and ``motion`` take
    one frame of each of T parts, any in training and the middle in testing, parts that are equal in
    time or in the way that the joints go (``samplers``). bodies: M, those with the
    largest energy. center: ``clip`` moves the clip so that the middle of the spine of the first
    body in its first frame is the origin (VA-pre), ``frame`` does so with every frame, ``none``
    leaves camera coordinates. align turns the whole clip, by the first body in its first frame:
    first the spine upwards to +z, then the line from the left to the right shoulder to +x (2s-AGCN;
    only the shoulders end up exactly so); a turn whose joints are missing is left out. test_crop:
    in testing, the share of the clip around its middle that is used (HCN: 0.95).

    For a network that serves any sensor: scale_to ``torso`` divides by the first body's own size,
    the median distance in the clip from the middle of the shoulders to that of the hips (metres
    stay where those joints are missing); axes ``xy`` makes z 0, as of a pose without depth.

    Only in training: crop, the least and the largest share of the clip that is used; rotate_deg,
    turns about x and y by up to this angle, from 0 or, with rotate_both_ways, to either side;
    scale, the least and the largest factor on x and on y (MMFF: 30 degrees, 1 to 1.2); turn_deg, a
    turn about the vertical axis (the camera's y, with align z) by up to this angle to either side;
    scale_all, the least and the largest factor on all axes; flip mirrors every other clip and
    exchanges left and right joints; jitter_m, the standard deviation of noise on every coordinate;
    joint_dropout and frame_drop, the chance of every joint to be missing in the whole clip and of
    every frame to be lost; speed, the least and the largest of two rates at which the clip runs;
    flatten, the chance of a clip to lose its depth (z is 0, as with axes ``xy``).
    """

    kind: Literal["skeleton"] = "skeleton"
    frames: int = Field(default=300, ge=1, le=2000)
    fit: Literal["repeat", "resize", "resample", "random", "motion"] = "repeat"
    bodies: Literal[1, 2] = 2
    center: Literal["none", "clip", "frame"] = "none"
    align: bool = False
    test_crop: Share = 1.0
    crop: tuple[Share, Share] = (1.0, 1.0)
    rotate_deg: float = Field(default=0.0, ge=0, le=180)
    rotate_both_ways: bool = False
    scale: tuple[Factor, Factor] = (1.0, 1.0)
    scale_to: Literal["none", "torso"] = "none"
    axes: Literal["xyz", "xy"] = "xyz"
    turn_deg: float = Field(default=0.0, ge=0, le=180)
    scale_all: tuple[Factor, Factor] = (1.0, 1.0)
    flip: bool = False
    flatten: Chance = 0.0
    jitter_m: float = Field(default=0.0, ge=0, le=1)
    joint_dropout: Chance = 0.0
    frame_drop: Chance = 0.0
    speed: tuple[Factor, Factor] = (1.0, 1.0)


def origin_joint(name: str) -> int:
    """The joint that ``center`` moves to the origin: the middle of the spine where there is one."""
    known = topology(name)
    found = next((known.index(joint) for joint in ORIGINS if joint in known.joints), None)
    if found is not None:
        return found
    return next((k for k in (known.center, known.root) if k is not None), 0)


class Marks(NamedTuple):
    """Joints that tell where a body is and how it stands; -1 = its topology has none such."""

    origin: int
    base: int
    left: int
    right: int
    hips: tuple[int, int]


def marks(name: str) -> Marks:
    """The joints by which skeletons of a topology are moved and turned."""
    known = topology(name)

    def find(names: Sequence[str]) -> int:
        return next((known.index(joint) for joint in names if joint in known.joints), -1)

    hips = find(HIPS[0]), find(HIPS[1])
    return Marks(origin_joint(name), find(BASES), find(LEFT), find(RIGHT), hips)


def make_skeleton(
    tracks: Tracks, settings: SkeletonInput, at: Marks, rng: np.random.Generator | None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(3, T, V, M) float32 and the (T,) recording times of its frames; rng None as in testing.

    ``flip`` is not done here: it is drawn with that of the clip's pictures.
    """
    joints, times_ns = tracks.joints, tracks.times_ns
    later = None if rng is None else own_draws(rng)
    if later is not None and settings.joint_dropout:
        joints = without_joints(joints, settings.joint_dropout, later)
    first = joints[0, 0]
    if rng is not None and settings.crop != (1.0, 1.0):
        share = between(settings.crop, rng)
        count = max(1, round(share * len(joints)))
        start = int(rng.integers(len(joints) - count + 1))
        joints, times_ns = joints[start : start + count], times_ns[start : start + count]
    elif rng is None:
        left_out = int((1 - settings.test_crop) * len(joints) / 2)  # on each side, less than half
        kept = slice(left_out, len(joints) - left_out)
        joints, times_ns = joints[kept], times_ns[kept]
    if later is not None and settings.frame_drop:
        joints, times_ns = without_frames(joints, times_ns, settings.frame_drop, later)
    if later is not None and settings.speed != (1.0, 1.0):
        joints, times_ns = at_other_speeds(joints, times_ns, settings.speed, later)
    joints, times_ns = FITS[settings.fit](joints, times_ns, settings.frames, rng)
    if later is not None and settings.jitter_m:
        joints = shaken(joints, settings.jitter_m, later)
    changes = [
        _upright(first, at) if settings.align else None,
        None if later is None else _about_vertical(settings, later),
        _change(settings, rng),
    ]
    out = _move(joints, tracks.persons, settings, at.origin, changes)
    flat = later is not None and settings.flatten > 0 and later.random() < settings.flatten
    if flat or settings.axes == "xy":
        out[2] = 0
    if settings.scale_to == "torso":
        shoulders = at.left, at.right
        known = np.atleast_1d(joints[:, 0, [*shoulders, *at.hips]].any(axis=-1).all(axis=-1))
        length = torso_length(out, shoulders, at.hips, known)
        out /= np.float32(length or 1)
    return out, times_ns


Fitted = tuple[NDArray[np.float32], NDArray[np.int64]]


def _repeat(
    joints: NDArray[np.float32],
    times_ns: NDArray[np.int64],
    count: int,
    rng: np.random.Generator | None,
) -> Fitted:
    spare = len(joints) - count
    start = 0
    if spare > 0:
        start = spare // 2 if rng is None else int(rng.integers(spare + 1))
    index = start + np.arange(count) % min(len(joints), count)
    return joints[index], times_ns[index]


def _resize(
    joints: NDArray[np.float32],
    times_ns: NDArray[np.int64],
    count: int,
    _: np.random.Generator | None,
) -> Fitted:
    since = times_ns - times_ns[0]
    wanted = np.rint(np.linspace(0, since[-1], count)).astype(np.int64)
    if len(joints) == 1:
        return np.repeat(joints, count, axis=0), np.repeat(times_ns, count)
    left = np.clip(np.searchsorted(since, wanted, side="right") - 1, 0, len(joints) - 2)
    span = np.maximum(since[left + 1] - since[left], 1)
    weight = ((wanted - since[left]) / span).astype(np.float32)[:, None, None, None]
    return joints[left] * (1 - weight) + joints[left + 1] * weight, wanted + times_ns[0]


def _resample(
    joints: NDArray[np.float32],
    times_ns: NDArray[np.int64],
    count: int,
    _: np.random.Generator | None,
) -> Fitted:
    frames = len(joints)
    at = np.clip((np.arange(count) + 0.5) * frames / count - 0.5, 0, frames - 1)
    left = np.minimum(at.astype(np.intp), max(0, frames - 2))
    right = np.minimum(left + 1, frames - 1)
    share = at - left
    weight = share.astype(np.float32)[:, None, None, None]
    gaps = np.rint(share * (times_ns[right] - times_ns[left])).astype(np.int64)
    return joints[left] * (1 - weight) + joints[right] * weight, times_ns[left] + gaps


def _random(
    joints: NDArray[np.float32],
    times_ns: NDArray[np.int64],
    count: int,
    rng: np.random.Generator | None,
) -> Fitted:
    index = chosen(time_passed(len(joints)), count, rng)
    return joints[index], times_ns[index]


def _motion(
    joints: NDArray[np.float32],
    times_ns: NDArray[np.int64],
    count: int,
    rng: np.random.Generator | None,
) -> Fitted:
    index = chosen(motion_passed(joints, times_ns, times_ns), count, rng)
    return joints[index], times_ns[index]


FITS = {
    "repeat": _repeat,
    "resize": _resize,
    "resample": _resample,
    "random": _random,
    "motion": _motion,
}


def _upright(pose: NDArray[np.float32], at: Marks) -> NDArray[np.float32]:
    """(3, 3) the turn of ``align`` for the (V, 3) joints of a body; a missing joint is 0."""
    turn = np.eye(3)
    for start, end, axis in ((at.base, at.origin, 2), (at.left, at.right, 0)):
        if min(start, end) >= 0 and pose[start].any() and pose[end].any():
            along = turn @ (pose[end] - pose[start]).astype(np.float64)
            turn = _turn(along, np.eye(3)[axis]) @ turn
    return turn.astype(np.float32)


def _turn(along: NDArray[np.float64], to: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) the shortest turn of one direction to another (Rodrigues); none where there is none:
    a length of 0, or directions that are opposite."""
    length = float(np.linalg.norm(along))
    if length < SHORTEST:
        return np.eye(3)
    along = along / length
    axis, cosine = np.cross(along, to), float(along @ to)
    if cosine < -1 + SHORTEST:
        return np.eye(3)
    x, y, z = axis.tolist()
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + skew + skew @ skew / (1 + cosine))


def _move(
    joints: NDArray[np.float32],
    persons: tuple[str, ...],
    settings: SkeletonInput,
    origin: int,
    changes: Sequence[NDArray[np.float32] | None],
) -> NDArray[np.float32]:
    """Centre, then turn and scale about the middle of the first body: (T, M, V, 3) ->
    (3, T, V, M). changes: (3, 3) each, in their order."""
    per_frame = settings.center == "frame"
    middle = joints[:, 0, origin] if per_frame else joints[:1, 0, origin]
    change = None
    for one in changes:
        if one is not None:
            change = one if change is None else one @ change
    if settings.center != "none" or change is not None:
        joints = joints - middle[:, None, None]
    if change is not None:
        joints = joints @ change.T
        if settings.center == "none":
            joints = joints + middle[:, None, None]
    out = np.ascontiguousarray(joints.transpose(3, 0, 2, 1), dtype=np.float32)
    for m, person in enumerate(persons):
        if not person:
            out[..., m] = 0
    return out


def _about_vertical(
    settings: SkeletonInput, rng: np.random.Generator
) -> NDArray[np.float32] | None:
    """(3, 3) of training: a turn about the vertical axis and one factor; None is none."""
    if settings.turn_deg == 0 and settings.scale_all == (1.0, 1.0):
        return None
    turn = about_vertical(
        rng.uniform(-settings.turn_deg, settings.turn_deg), 2 if settings.align else 1
    )
    return (turn * between(settings.scale_all, rng)).astype(np.float32)


def _change(settings: SkeletonInput, rng: np.random.Generator | None) -> NDArray[np.float32] | None:
    """(3, 3) of training: R = Rz(0) Ry(b) Rx(a), then scales on x and y (MMFF); None is none."""
    if rng is None or (settings.rotate_deg == 0 and settings.scale == (1.0, 1.0)):
        return None
    lowest = -settings.rotate_deg if settings.rotate_both_ways else 0.0
    a, b = np.deg2rad(rng.uniform(lowest, settings.rotate_deg, 2))
    x, y = between(settings.scale, rng), between(settings.scale, rng)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    change: NDArray[Any] = np.diag([x, y, 1.0]) @ about_y @ about_x
    return change.astype(np.float32)
