"""Joints in pictures and joints over time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harstudio.recordings.motion import joint_positions, joint_speeds
from harstudio.recordings.projection import project_joints
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import (
    ArrayReader,
    Body,
    PictureStream,
    SkeletonFrame,
    SkeletonStream,
    StreamKind,
    evenly,
)
from harstudio.skeletons.cameras import Camera

CAMERA = Camera(320, 240, 285.63, 285.63, 160, 120)
KINDS = {"color": StreamKind.COLOR, "depth": StreamKind.DEPTH, "infrared": StreamKind.INFRARED}


def body(name: str = "7", at: float = 0.0, joints: int = 20, **pixels: np.ndarray) -> Body:
    points = np.full((joints, 3), (at, 0.1, 2), dtype=np.float32)
    return Body(name, points, np.full(joints, 2, np.uint8), **pixels)


def skeletons(frames: list[list[Body]], times: np.ndarray | None = None) -> SkeletonStream:
    steps = evenly(len(frames), 30) if times is None else times
    reader = ArrayReader([SkeletonFrame(tuple(bodies)) for bodies in frames])
    most = max(len(bodies) for bodies in frames)
    return SkeletonStream("skeleton", steps, reader, topology="utd_mhad_20", joints=20,
                          max_bodies=most)  # fmt: skip


def recording(**cameras: Camera) -> Recording:
    streams = {
        name: PictureStream(name, kind, evenly(1, 30), ArrayReader([np.zeros((240, 320))]),
                            width=320, height=240, dtype="uint8")
        for name, kind in KINDS.items()
    }  # fmt: skip
    return Recording("r", "test", Path("r"), streams, cameras=cameras)


def test_the_camera_projects() -> None:
    pixels = project_joints(recording(depth=CAMERA), "depth", body(at=0.5))
    assert pixels is not None
    assert pixels.dtype == np.float32
    np.testing.assert_allclose(pixels[0], [160 + 285.63 / 4, 120 - 285.63 * 0.05])


def test_the_sensor_goes_first_and_the_camera_fills_gaps() -> None:
    given = np.full((20, 2), 33, np.float32)
    given[3] = np.inf
    given[4, 1] = np.nan
    one = body(depth_px=given)
    for name in ("depth", "infrared"):
        pixels = project_joints(recording(depth=CAMERA, infrared=CAMERA), name, one)
        assert pixels is not None
        assert (pixels[0] == 33).all()
        assert pixels[3, 0] == pixels[4, 0] == 160
    bare = project_joints(recording(), "depth", one)
    assert bare is not None
    assert np.isnan(bare[3:5]).all()


@pytest.mark.parametrize("name", ["color", "nothing"])
def test_unknown_is_none(name: str) -> None:
    assert project_joints(recording(depth=CAMERA), name, body()) is None


def test_people_keep_their_place() -> None:
    stream = skeletons([[body("a", 1)], [body("b", 2), body("a", 1)], [body("b", 2)], []])
    positions = joint_positions(stream)
    assert positions.shape == (4, 2, 20, 3)
    assert positions.dtype == np.float32
    assert positions[:2, 0, 0, 0].tolist() == [1, 1]
    assert positions[1:3, 1, 0, 0].tolist() == [2, 2]
    assert np.isnan(positions[2, 0]).all()
    assert np.isnan(positions[3]).all()


def test_a_new_person_takes_a_free_place() -> None:
    stream = skeletons([[body("a", 1), body("b", 2)], [body("c", 3), body("b", 2)]])
    positions = joint_positions(stream)
    assert positions[1, :, 0, 0].tolist() == [3, 2]
    assert np.isnan(joint_speeds(stream)[1, 0]).all()
    assert (joint_speeds(stream)[1, 1] == 0).all()


def test_steady_motion_has_its_speed_everywhere() -> None:
    stream = skeletons([[body(at=0.02 * t)] for t in range(10)])
    speeds = joint_speeds(stream)
    assert speeds.shape == (10, 1, 20)
    np.testing.assert_allclose(speeds, 0.6, rtol=1e-4)


def test_gaps_and_lost_joints_have_no_speed() -> None:
    frames = [[body(at=0.02 * t)] for t in range(9)]
    frames[2][0].joints[5] = np.nan
    times = evenly(9, 30)
    times[6:] += 500_000_000
    speeds = joint_speeds(skeletons(frames, times))
    assert np.isnan(speeds[2, 0, 5])
    assert speeds[2, 0, 6] == pytest.approx(0.6, rel=1e-4)
    assert speeds[1, 0, 5] == pytest.approx(0.6, rel=1e-4)
    np.testing.assert_allclose(speeds[4:8, 0, 0], 0.6, rtol=1e-4)


def test_one_frame_has_no_speed() -> None:
    assert np.isnan(joint_speeds(skeletons([[body()]]))).all()
