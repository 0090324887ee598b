"""The five joints around which MMNet cuts its picture's regions.

B. X. B. Yu, Y. Liu, X. Zhang, S. Zhong, K. C. C. Chan: MMNet: A Model-Based Multimodal Network for
Human Action Recognition in RGB-D Videos, TPAMI 2022. The paper takes OpenPose's nose, wrists and
ankles. A sensor's skeleton has a head and hands instead, and these take their places; where a
skeleton ends in feet without ankles, the feet do.
"""

from __future__ import annotations

from harstudio.errors import UsageError
from harstudio.skeletons.topology import Topology

REGIONS = ("head", "right hand", "left hand", "right ankle", "left ankle")
# For every region the names of joints that stand for it, the best first.
JOINTS = (
    ("Head", "Nose", "nose"),
    ("HandRight", "WristRight", "RWrist", "right_wrist"),
    ("HandLeft", "WristLeft", "LWrist", "left_wrist"),
    ("AnkleRight", "RAnkle", "right_ankle", "FootRight"),
    ("AnkleLeft", "LAnkle", "left_ankle", "FootLeft"),
)


def mosaic_joints(skeleton: Topology) -> tuple[int, ...]:
    """Indices of the five joints of ``REGIONS``, in the order of the mosaic's rows from the top.

    UsageError where the skeleton has no joint for one of them.
    """
    found = []
    for region, names in zip(REGIONS, JOINTS, strict=True):
        there = [name for name in names if name in skeleton.joints]
        if not there:
            raise UsageError(f"{skeleton.title} has no joint for the {region}.")
        found.append(skeleton.index(there[0]))
    return tuple(found)
