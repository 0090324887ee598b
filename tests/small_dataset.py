"""Writes a dataset that can be learned in seconds: each action moves its own joint its own way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import scipy.io

JOINTS = 20
SUBJECTS = 4


def write_dataset(
    root: Path, *, subjects: int = SUBJECTS, actions: int = 3, repeats: int = 2, frames: int = 12
) -> Path:
    """Skeleton trials in the layout of UTD-MHAD."""
    folder = root / "Skeleton"
    folder.mkdir(parents=True)
    for subject in range(1, subjects + 1):
        for action in range(1, actions + 1):
            for repeat in range(1, repeats + 1):
                seed = [subject, action, repeat]
                name = f"a{action}_s{subject}_t{repeat}_skeleton.mat"
                scipy.io.savemat(folder / name, {"d_skel": trial(seed, frames)})
    return root


def trial(seed: list[int], frames: int) -> np.ndarray:
    """(20, 3, T) metres."""
    rng = np.random.default_rng(seed)
    action = seed[1]
    angles = np.linspace(0, 2 * np.pi, JOINTS, endpoint=False)
    joints = np.zeros((JOINTS, 3, frames))
    joints[:, 0] = (0.3 * np.cos(angles))[:, None]
    joints[:, 1] = (0.6 * np.sin(angles))[:, None]
    joints[:, 2] = 2.5
    joints += rng.normal(scale=0.01, size=joints.shape)
    swing = 0.5 * np.sin(np.linspace(0, np.pi, frames))
    joints[3 * action : 3 * action + 3, action % 2] += swing * (1 if action % 4 < 2 else -1)
    return joints
