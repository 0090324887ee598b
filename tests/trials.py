"""Writes small UTD-MHAD trials: the plainest recordings that have pictures, joints and signals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import scipy.io

FRAMES, HEIGHT, WIDTH, JOINTS = 12, 240, 320, 20


def write_trial(root: Path, name: str = "a1_s1_t1", frames: int = FRAMES) -> Path:
    """One trial in the three folders of the dataset; the depth file's path.

    A flat person stands two metres away and raises the right hand.
    """
    for folder in ("Depth", "Skeleton", "Inertial"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    depth = np.zeros((HEIGHT, WIDTH, frames), dtype=np.uint16)
    depth[60:220, 130:190] = 2000
    skeleton = np.zeros((JOINTS, 3, frames))
    angles = np.linspace(0, 2 * np.pi, JOINTS, endpoint=False)
    skeleton[:, 0] = (0.3 * np.cos(angles))[:, None]
    skeleton[:, 1] = (0.6 * np.sin(angles))[:, None] + np.linspace(0, 0.2, frames)
    skeleton[:, 2] = 2.0
    inertial = np.tile(np.sin(np.linspace(0, 3, 4 * frames))[:, None], (1, 6))
    file = root / "Depth" / f"{name}_depth.mat"
    scipy.io.savemat(file, {"d_depth": depth})
    scipy.io.savemat(root / "Skeleton" / f"{name}_skeleton.mat", {"d_skel": skeleton})
    scipy.io.savemat(root / "Inertial" / f"{name}_inertial.mat", {"d_iner": inertial})
    return file
