"""What an inertial sensor strapped to a body feels: from the motion of its segment."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from harstudio.synthesis import subject as s
from harstudio.synthesis.kinematics import SEGMENTS
from harstudio.synthesis.take import GRAVITY, Take

SENSOR_RATE_HZ = 50.0
CHANNELS = ("ax", "ay", "az", "gx", "gy", "gz")
PLACES = {"wrist": (s.WRIST_R, "forearm_r"), "thigh": (s.HIP_R, "thigh_r")}


def feel(
    take: Take, place: str, seed: list[int], rate_hz: float = SENSOR_RATE_HZ
) -> NDArray[np.float32]:
    """(N, 6): acceleration in g with gravity, turning in degrees a second, in the sensor's axes.

    place: "wrist" (right) or "thigh" (right, half-way down). The sensor's y runs up the limb.
    """
    joint, segment = PLACES[place]
    count = max(2, round(take.end * rate_hz))
    fine = 4
    times = np.arange(count * fine) / (rate_hz * fine)
    positions, turns = np.empty((len(times), 3)), np.empty((len(times), 3, 3))
    motion = take.motions[0]
    for row, time in enumerate(times):
        skeleton = motion.skeleton(float(time))
        positions[row] = skeleton.joints[joint]
        if place == "thigh":
            positions[row] = (positions[row] + skeleton.joints[s.KNEE_R]) / 2
        turns[row] = skeleton.rotations[SEGMENTS.index(segment)]
    step = 1 / (rate_hz * fine)
    smooth = gaussian_filter1d(positions, 0.012 / step, axis=0, mode="nearest")
    pull = np.gradient(np.gradient(smooth, step, axis=0), step, axis=0)
    pull[:, 1] += GRAVITY
    rotation = Rotation.from_matrix(turns)
    felt = rotation.inv().apply(pull) / GRAVITY
    turning = (rotation[:-1].inv() * rotation[1:]).as_rotvec() / step
    turning = np.degrees(np.vstack((turning, turning[-1:])))
    turning = gaussian_filter1d(turning, 0.008 / step, axis=0, mode="nearest")
    rng = np.random.default_rng([*seed, 17])
    felt = felt[::fine] + rng.normal(0, 0.008, (count, 3))
    turning = turning[::fine] + rng.normal(0, 0.6, (count, 3))
    whole = np.column_stack((np.clip(felt, -8, 8), np.clip(turning, -1000, 1000)))
    return np.asarray(whole, dtype=np.float32)
