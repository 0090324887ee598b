"""Write takes as UTD-MHAD is distributed: depth, skeleton and inertial .mat files, colour avi."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

from harstudio.recordings.formats.ntu_writer import avi
from harstudio.synthesis.inertial import feel
from harstudio.synthesis.sensor import masked
from harstudio.synthesis.shooting import Shot, whole_or_nothing
from harstudio.synthesis.take import Take

# Joints of UTD-MHAD (head, shoulder centre, spine, hip centre, arms, legs) in the Kinect v2's.
FROM_KINECT_V2 = (3, 20, 1, 0, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)
FIRST_THIGH_ACTION = 22  # from a22 on the inertial sensor sits on the thigh
INERTIAL_RATE_HZ = 88.0  # the real files hold about three samples a depth frame
NO_BODY = np.zeros((20, 3))


def write_utd(
    out: Path, action: int, subject: int, trial: int, take: Take, shots: Iterator[Shot],
    seed: list[int],
) -> list[Path]:  # fmt: skip
    """One trial; returns its four files."""
    name = f"a{action}_s{subject}_t{trial}"
    folders = {kind: out / kind for kind in ("RGB", "Depth", "Skeleton", "Inertial")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    color = folders["RGB"] / f"{name}_color.avi"
    depth: list[NDArray[np.uint16]] = []
    joints: list[NDArray[np.float64]] = []
    with (
        whole_or_nothing(color),
        avi(color, (640, 480), "mpeg4", {"qmin": "2", "qmax": "4"}) as put,
    ):
        for shot in shots:
            put(shot.color)
            depth.append(masked(shot.depth, margin=0))
            bodies = shot.bodies.bodies
            last = joints[-1] if joints else NO_BODY
            seen = bodies[0].joints[list(FROM_KINECT_V2)] if bodies else last
            joints.append(seen.astype(np.float64))
    place = "thigh" if action >= FIRST_THIGH_ACTION else "wrist"
    inertial = feel(take, place, seed, INERTIAL_RATE_HZ).astype(np.float64)
    variables = {
        "Depth": ("depth", "d_depth", np.stack(depth, axis=-1)),
        "Skeleton": ("skeleton", "d_skel", np.stack(joints, axis=-1)),
        "Inertial": ("inertial", "d_iner", inertial),
    }
    paths = [color]
    for kind, (suffix, variable, values) in variables.items():
        path = folders[kind] / f"{name}_{suffix}.mat"
        savemat(path, {variable: values}, format="5", do_compression=True)
        paths.append(path)
    return paths
