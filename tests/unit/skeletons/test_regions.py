"""The joints of MMNet's regions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harstudio.errors import UsageError
from harstudio.skeletons.regions import REGIONS, mosaic_joints
from harstudio.skeletons.topology import topology, topology_names


def test_published_joints() -> None:
    assert mosaic_joints(topology("openpose_18")) == (0, 4, 7, 10, 13)
    assert mosaic_joints(topology("kinect_v2_25")) == (3, 11, 7, 18, 14)


@pytest.mark.parametrize("name", topology_names())
def test_every_skeleton_has_them_on_the_right_sides(name: str) -> None:
    skeleton = topology(name)
    joints = mosaic_joints(skeleton)
    assert len(set(joints)) == len(REGIONS)
    assert [skeleton.sides[joint] for joint in joints] == [
        "trunk", "right", "left", "right", "left",
    ]  # fmt: skip


def test_a_skeleton_without_ankles_or_feet_is_told() -> None:
    whole = topology("florence3d_15")
    names = tuple(name.replace("Ankle", "Shin") for name in whole.joints)
    with pytest.raises(UsageError, match="no joint for the right ankle"):
        mosaic_joints(replace(whole, joints=names))
