"""From what a body does (pelvis, back, head, hands, feet) to its joints and bones.

World: metres, y up, right-handed; an actor with heading 0 faces +z with the left side at +x.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from harstudio.synthesis import subject as s
from harstudio.synthesis.subject import Subject, rest_joints

Vector = NDArray[np.float64]

# Segments carry the skin: name -> (rest origin joint). Order is the order of all (S, ...) arrays.
SEGMENTS = (
    "pelvis", "abdomen", "chest", "neck", "head",
    "arm_l", "forearm_l", "hand_l", "fingers_l", "arm_r", "forearm_r", "hand_r", "fingers_r",
    "thigh_l", "shank_l", "foot_l", "thigh_r", "shank_r", "foot_r",
)  # fmt: skip
SEGMENT_JOINT = (
    s.SPINE_BASE, s.SPINE_BASE, s.SPINE_MID, s.SPINE_SHOULDER, s.NECK,
    s.SHOULDER_L, s.ELBOW_L, s.WRIST_L, s.HAND_L, s.SHOULDER_R, s.ELBOW_R, s.WRIST_R, s.HAND_R,
    s.HIP_L, s.KNEE_L, s.ANKLE_L, s.HIP_R, s.KNEE_R, s.ANKLE_R,
)  # fmt: skip
ARMS = {
    "l": (s.SHOULDER_L, s.ELBOW_L, s.WRIST_L, s.HAND_L, s.TIP_L, s.THUMB_L, 5),
    "r": (s.SHOULDER_R, s.ELBOW_R, s.WRIST_R, s.HAND_R, s.TIP_R, s.THUMB_R, 9),
}
LEGS = {
    "l": (s.HIP_L, s.KNEE_L, s.ANKLE_L, s.FOOT_L, 13),
    "r": (s.HIP_R, s.KNEE_R, s.ANKLE_R, s.FOOT_R, 16),
}
OUTWARD = {"l": 1.0, "r": -1.0}


@dataclass(frozen=True, eq=False)
class Skeleton:
    """One body at one moment.

    joints (25, 3) metres; rotations (19, 3, 3) take rest-pose directions of each segment into
    the world; origins (19, 3) metres where each segment hangs.
    """

    joints: Vector
    rotations: Vector
    origins: Vector


def turn(pitch: float, yaw: float, roll: float) -> Vector:
    """(3, 3) rotation from degrees: pitch leans forward, yaw turns to the left, roll to the right.

    Applied roll first, then pitch, then yaw.
    """
    return np.asarray(Rotation.from_euler("yxz", (yaw, pitch, roll), degrees=True).as_matrix())


def swing(source: Vector, target: Vector) -> Vector:
    """(3, 3) smallest rotation that takes one direction into another."""
    a = source / np.linalg.norm(source)
    b = target / np.linalg.norm(target)
    axis = np.cross(a, b)
    cosine = float(a @ b)
    if cosine < -0.9999:
        other = np.cross(a, (0.0, 0.0, 1.0))
        half_turn = Rotation.from_rotvec(np.pi * other / np.linalg.norm(other))
        return np.asarray(half_turn.as_matrix())
    k = np.array(((0, -axis[2], axis[1]), (axis[2], 0, -axis[0]), (-axis[1], axis[0], 0)))
    return np.asarray(np.eye(3) + k + k @ k / (1.0 + cosine))


def bend(
    root: Vector, target: Vector, upper: float, lower: float, pole: Vector
) -> tuple[Vector, Vector]:
    """Two-bone chain from ``root`` to ``target``: the middle joint and the end it reaches.

    The middle joint lies on the side of ``pole``; a target out of reach is approached.
    """
    way = target - root
    far = float(np.linalg.norm(way))
    u = way / far if far > 1e-9 else np.array((0.0, -1.0, 0.0))
    reach = float(np.clip(far, abs(upper - lower) * 1.02 + 0.04, (upper + lower) * 0.9985))
    along = (upper**2 - lower**2 + reach**2) / (2 * reach)
    aside = np.sqrt(max(upper**2 - along**2, 0.0))
    v = pole - u * float(pole @ u)
    length = float(np.linalg.norm(v))
    if length < 1e-6:
        v = np.cross(u, (1.0, 0.0, 0.0))
        length = float(np.linalg.norm(v))
    return root + u * along + v / length * aside, root + u * reach


class Bones:
    """Rest pose of a subject in metres, and what follows from it."""

    def __init__(self, subject: Subject) -> None:
        self.scale = subject.scale
        self.rest = rest_joints(subject) * subject.scale
        self.hip_height = float(self.rest[s.HIP_L, 1])
        self.ankle_height = float(self.rest[s.ANKLE_L, 1])
        self.arm = self._length(s.SHOULDER_L, s.ELBOW_L, s.WRIST_L)
        self.leg = self._length(s.HIP_L, s.KNEE_L, s.ANKLE_L)

    def _length(self, first: int, middle: int, last: int) -> tuple[float, float]:
        rest = self.rest
        return (
            float(np.linalg.norm(rest[middle] - rest[first])),
            float(np.linalg.norm(rest[last] - rest[middle])),
        )

    def offset(self, joint: int, origin: int) -> Vector:
        """(3,) from one joint to another in the rest pose."""
        return np.asarray(self.rest[joint] - self.rest[origin])
