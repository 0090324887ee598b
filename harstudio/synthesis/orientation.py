"""Orientations of bones as a Kinect reports them: y along the bone, in the sensor's frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from harstudio.synthesis import subject as s
from harstudio.synthesis.kinematics import SEGMENTS, Skeleton, swing
from harstudio.synthesis.subject import make_subject, rest_joints
from harstudio.synthesis.viewpoint import Viewpoint

_CARRIED = {
    s.SPINE_BASE: "pelvis", s.SPINE_MID: "abdomen", s.SPINE_SHOULDER: "chest", s.NECK: "neck",
    s.SHOULDER_L: "chest", s.ELBOW_L: "arm_l", s.WRIST_L: "forearm_l", s.HAND_L: "hand_l",
    s.SHOULDER_R: "chest", s.ELBOW_R: "arm_r", s.WRIST_R: "forearm_r", s.HAND_R: "hand_r",
    s.HIP_L: "pelvis", s.KNEE_L: "thigh_l", s.ANKLE_L: "shank_l",
    s.HIP_R: "pelvis", s.KNEE_R: "thigh_r", s.ANKLE_R: "shank_r",
}  # fmt: skip


def _along() -> NDArray[np.float64]:
    """(J, 3, 3) per carried joint: takes y into its bone's direction in the rest pose."""
    rest = rest_joints(make_subject(1, 0))
    turns = []
    for joint in _CARRIED:
        parent = s.PARENTS[joint]
        bone = rest[joint] - rest[parent] if parent >= 0 else np.array((0.0, 1.0, 0.0))
        turns.append(swing(np.array((0.0, 1.0, 0.0)), bone))
    return np.stack(turns)


_JOINTS = list(_CARRIED)
_SEGMENT_OF = [SEGMENTS.index(name) for name in _CARRIED.values()]
_ALONG = _along()


def orientations(skeleton: Skeleton, view: Viewpoint) -> NDArray[np.float32]:
    """(25, 4) quaternions w x y z; 0 0 0 0 for the ends (head, hand tips, thumbs, feet)."""
    turned = view.rotation @ skeleton.rotations[_SEGMENT_OF] @ _ALONG
    quaternions = np.zeros((25, 4), dtype=np.float32)
    quaternions[_JOINTS] = Rotation.from_matrix(turned).as_quat(scalar_first=True)
    return quaternions
