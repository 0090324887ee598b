"""Topologies: joints, bones, sides."""

from __future__ import annotations

import pytest

from harstudio.errors import UsageError
from harstudio.skeletons.topology import topology, topology_names

COUNTS = {
    "kinect_v2_25": 25, "kinect_v1_20": 20, "utd_mhad_20": 20, "msr_action3d_20": 20,
    "florence3d_15": 15, "openni_nite2_15": 15, "azure_kinect_32": 32, "mediapipe_33": 33,
    "coco_17": 17, "openpose_18": 18, "body_25": 25,
    "common_16": 16,
}  # fmt: skip


def test_all_given_topologies_are_there() -> None:
    assert set(topology_names()) == set(COUNTS)


@pytest.mark.parametrize("name", COUNTS)
def test_joints_and_bones_fit_together(name: str) -> None:
    found = topology(name)
    count = COUNTS[name]
    assert found.name == name
    assert len(found.joints) == len(set(found.joints)) == count
    assert len(found.sides) == count
    joined = {joint for bone in found.bones for joint in bone}
    assert joined <= set(range(count))
    children = [child for child, _ in found.bones]
    if name not in ("mediapipe_33", "coco_17"):
        assert len(children) == len(set(children)) == count - 1
        assert found.root not in children


@pytest.mark.parametrize("name", COUNTS)
def test_sides_are_what_the_names_say(name: str) -> None:
    found = topology(name)
    for left, right in found.left_right:
        assert found.sides[left] == "left"
        assert found.sides[right] == "right"
    for joint, side in zip(found.joints, found.sides, strict=True):
        says = joint.casefold()
        if says.startswith(("l", "left_")) and "left" in says:
            assert side == "left"
        if "right" in says:
            assert side == "right"
        if "spine" in says or says in ("head", "neck", "nose"):
            assert side == "trunk"


@pytest.mark.parametrize("name", COUNTS)
def test_mirroring_twice_is_nothing(name: str) -> None:
    order = topology(name).mirror
    assert [order[k] for k in order] == list(range(len(order)))


def test_joint_by_name() -> None:
    assert topology("utd_mhad_20").index("WristRight") == 10


def test_unknown_topology_names_the_known() -> None:
    with pytest.raises(UsageError, match="kinect_v2_25"):
        topology("kinect_v3")
