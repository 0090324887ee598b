"""Maps between topologies, and mirrored bodies."""

from __future__ import annotations

import numpy as np
import pytest

from harstudio.errors import UsageError
from harstudio.skeletons.maps import convert_joints, joint_map, mirrored
from harstudio.skeletons.topology import topology, topology_names


def body(name: str) -> tuple[np.ndarray, np.ndarray]:
    count = len(topology(name).joints)
    joints = np.random.default_rng(1).normal(size=(4, count, 3)).astype(np.float32)
    return joints, np.full((4, count), 2, dtype=np.uint8)


def test_same_sensor_in_another_order_keeps_every_joint_by_name() -> None:
    joints, states = body("utd_mhad_20")
    turned, _ = convert_joints(joints, states, "utd_mhad_20", "kinect_v1_20")
    for to, name in enumerate(topology("kinect_v1_20").joints):
        same = topology("utd_mhad_20").index(name)
        np.testing.assert_array_equal(turned[:, to], joints[:, same])


def test_there_and_back_is_the_same() -> None:
    joints, states = body("kinect_v1_20")
    there, seen = convert_joints(joints, states, "kinect_v1_20", "utd_mhad_20")
    back, again = convert_joints(there, seen, "utd_mhad_20", "kinect_v1_20")
    np.testing.assert_array_equal(back, joints)
    np.testing.assert_array_equal(again, states)


def test_missing_joints_are_nan_and_not_tracked() -> None:
    joints, states = body("utd_mhad_20")
    turned, seen = convert_joints(joints, states, "utd_mhad_20", "kinect_v2_25")
    missing = joint_map("utd_mhad_20", "kinect_v2_25").missing
    assert missing == ("HandTipLeft", "ThumbLeft", "HandTipRight", "ThumbRight")
    for joint, name in enumerate(topology("kinect_v2_25").joints):
        assert np.isnan(turned[:, joint]).all() == (name in missing)
        assert (seen[:, joint] == 0).all() == (name in missing)


def test_a_mean_of_joints_has_the_lowest_state() -> None:
    joints, states = body("coco_17")
    states[:, 11] = 1
    turned, seen = convert_joints(joints, states, "coco_17", "kinect_v2_25")
    np.testing.assert_allclose(turned[:, 0], joints[:, 11:13].mean(axis=1), rtol=1e-5)
    assert (seen[:, 0] == 1).all()


def test_a_lost_joint_spoils_only_what_it_makes() -> None:
    joints, states = body("coco_17")
    joints[:, 15] = np.nan
    turned, _ = convert_joints(joints, states, "coco_17", "kinect_v2_25")
    assert np.isnan(turned[:, 14]).all()
    assert np.isfinite(turned[:, 18]).all()


def test_the_way_goes_over_other_topologies() -> None:
    joints, states = body("azure_kinect_32")
    turned, _ = convert_joints(joints, states, "azure_kinect_32", "utd_mhad_20")
    wrist = topology("azure_kinect_32").index("WristLeft")
    np.testing.assert_array_equal(turned[:, topology("utd_mhad_20").index("WristLeft")],
                                  joints[:, wrist])  # fmt: skip


def test_no_way_is_said() -> None:
    with pytest.raises(UsageError, match="no map"):
        joint_map("kinect_v2_25", "mediapipe_33")


def test_wrong_shapes_are_said() -> None:
    with pytest.raises(UsageError, match="25, 3"):
        convert_joints(np.zeros((20, 3)), np.zeros(20), "kinect_v2_25", "kinect_v1_20")


def test_mirrored_body_lifts_the_other_hand() -> None:
    joints, states = body("kinect_v2_25")
    turned, _ = mirrored(joints, states, "kinect_v2_25")
    left, right = (topology("kinect_v2_25").index(f"Hand{side}") for side in ("Left", "Right"))
    np.testing.assert_array_equal(turned[:, left, 1:], joints[:, right, 1:])
    np.testing.assert_array_equal(turned[:, left, 0], -joints[:, right, 0])
    np.testing.assert_array_equal(mirrored(turned, states, "kinect_v2_25")[0], joints)


@pytest.mark.parametrize("name", [one for one in topology_names() if one != "common_16"])
def test_every_skeleton_has_the_common_joints(name: str) -> None:
    """The trunk is made of hips and shoulders alone, so that it means the same everywhere."""
    assert joint_map(name, "common_16").missing == ()
    joints, states = body(name)
    common, seen = convert_joints(joints, states, name, "common_16")
    at = topology("common_16").index
    hips = common[:, [at("HipLeft"), at("HipRight")]].mean(axis=1)
    shoulders = common[:, [at("ShoulderLeft"), at("ShoulderRight")]].mean(axis=1)
    np.testing.assert_allclose(common[:, at("SpineBase")], hips, atol=1e-6)
    np.testing.assert_allclose(common[:, at("SpineShoulder")], shoulders, atol=1e-6)
    np.testing.assert_allclose(common[:, at("SpineMid")], (hips + shoulders) / 2, atol=1e-6)
    assert (seen == 2).all()
    own, other = topology(name), topology("common_16")
    for to, row in enumerate(joint_map(name, "common_16").rows):
        if len(row) == 1:
            assert own.sides[row[0][0]] == other.sides[to], "left stays left"
