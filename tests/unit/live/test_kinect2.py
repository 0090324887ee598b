"""Kinect v2 with kinect-next's own data types; only the sensor, which needs Windows, is made up."""

from __future__ import annotations

import sys
from typing import Any

import kinect_next
import numpy as np
import pytest
from kinect_next import JointType, Point2D, Quaternion, TrackingState, Vector3
from kinect_next.models.body import Body, Hand, Joint, JointCollection
from kinect_next.models.color import ColorFrame
from kinect_next.models.depth import DepthFrame
from kinect_next.models.frameset import FrameSet
from kinect_next.models.geometry import Vector4
from kinect_next.models.infrared import InfraredFrame

from harstudio.errors import MissingError
from harstudio.live.sources.sensors import kinect2
from harstudio.live.sources.source import CaptureSettings, SourceLost
from harstudio.skeletons.cameras import Camera
from harstudio.skeletons.topology import topology

PERSON = (1 << 56) + 1  # a float would make it another one
DEPTH = Camera(512, 424, 365.5, 365.5, 254.9, 205.4)
COLOR = Camera(1920, 1080, 1081.4, 1081.4, 959.5, 539.5, translation=np.array([0.052, 0.0, 0.0]))


def body(tracked: bool) -> Body:
    joints = {
        kind: Joint(
            kind,
            Vector3(0.01 * kind, 0.5, 2.0),
            TrackingState(kind % 3),
            Quaternion(0.1, 0.2, 0.3, 0.9),
        )
        for kind in JointType
    }
    hand = Hand(kinect_next.HandState.OPEN, kinect_next.TrackingConfidence.HIGH)
    lean, edges = Point2D(0, 0), kinect_next.FrameEdges.NONE
    tracking = TrackingState.TRACKED
    return Body(PERSON, tracked, False, JointCollection(joints), hand, hand, lean, tracking, edges)


class Mapper:
    """Two pinhole cameras in the place of the SDK's table."""

    def map_camera_point_to_depth_space(self, point: Vector3) -> Point2D:
        return Point2D(*DEPTH.project(np.array(point.as_tuple())).tolist())

    def map_camera_point_to_color_space(self, point: Vector3) -> Point2D:
        return Point2D(*COLOR.project(np.array(point.as_tuple())).tolist())


class Sensor:
    """A ``KinectSensor`` that gives three sets of frames and is then unplugged."""

    mapper = Mapper()

    def __init__(self, streams: kinect_next.StreamType) -> None:
        wanted = kinect_next.StreamType
        assert streams == wanted.COLOR | wanted.DEPTH | wanted.INFRARED | wanted.BODY
        self.given, self.closed = 0, False

    def wait_for_frames(self, timeout_ms: int = 5000) -> FrameSet:
        assert timeout_ms > 0
        self.given += 1
        if self.given == 4:
            raise kinect_next.KinectTimeoutError("Timed out")
        if self.given == 5:
            raise kinect_next.COMOperationError("gone", -1)
        stamp_ns = self.given * 33_366_700
        bgra = np.zeros((1080, 1920, 4), np.uint8)
        bgra[..., 0], bgra[..., 2] = 255, self.given  # blue, red
        frames = FrameSet(relative_time_ns=stamp_ns)
        frames.depth = DepthFrame(np.full((424, 512), self.given, np.uint16), 500, 4500, stamp_ns)
        if self.given < 3:  # in the dark colour comes at half the rate; bodies may miss, too
            frames.color = ColorFrame(bgra, None, stamp_ns)
            frames.infrared = InfraredFrame(np.full((424, 512), 9, np.uint16), stamp_ns)
            frames.bodies = [body(False), body(True)]
            frames.floor_clip_plane = Vector4(0, 1, 0, 1)
        return frames

    def close(self) -> None:
        self.closed = True


def test_frames_bodies_and_cameras_are_the_sdks_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinect_next, "KinectSensor", Sensor)
    (facts,) = kinect2.find()
    assert facts.available
    source = kinect2.open_source("", CaptureSettings())
    came = {frame.stream: frame for frame in source.read(0.1)}
    assert [*came] == ["color", "depth", "infrared", "skeleton"]
    assert {frame.time_ns for frame in came.values()} == {came["depth"].captured_ns}
    assert came["color"].data.shape == (1080, 1920, 3)
    assert came["color"].data[5, 5].tolist() == [2, 0, 255]
    assert came["depth"].data.max() == 2
    (person,) = came["skeleton"].data.bodies  # the one that is tracked
    assert person.id == str(PERSON)
    assert person.tracking.tolist() == [number % 3 for number in range(25)]
    tracked = person.tracking > 0
    expected = np.array([(0.01 * number, 0.5, 2.0) for number in range(25)], np.float32)
    np.testing.assert_array_equal(person.joints[tracked], expected[tracked])
    assert np.isnan(person.joints[~tracked]).all()
    np.testing.assert_array_equal(person.orientations[1], np.float32([0.9, 0.1, 0.2, 0.3]))
    for name, camera in (("depth", DEPTH), ("infrared", DEPTH), ("color", COLOR)):
        there = np.array([[0.3, -0.2, 1.0], [-0.5, 0.6, 3.0]])
        fitted = source.cameras[name].project(there)
        np.testing.assert_allclose(fitted, camera.project(there), atol=0.5)
    assert [frame.stream for frame in source.read(0.1)] == ["depth"]
    assert source.read(0.1) == []
    with pytest.raises(SourceLost, match="gone"):
        source.read(0.1)
    source.close()


def test_joints_are_named_alike() -> None:
    ours = [name.replace("_", "").lower() for name in topology("kinect_v2_25").joints]
    theirs = [kind.name.replace("_", "").lower() for kind in JointType]
    assert ours == theirs


@pytest.mark.skipif(sys.platform == "win32", reason="there the SDK may be installed")
def test_elsewhere_than_on_windows_the_reason_is_told() -> None:
    (facts,) = kinect2.find()
    assert not facts.available
    assert "Windows" in facts.reason
    with pytest.raises(MissingError):
        kinect2.open_source("", CaptureSettings())


def test_no_sensor_is_told_and_the_sdk_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    class Silent(Sensor):
        def __init__(self, streams: kinect_next.StreamType) -> None:
            super().__init__(streams)
            self.given = 3
            made.append(self)

    monkeypatch.setattr(kinect_next, "KinectSensor", Silent)
    (facts,) = kinect2.find()
    assert not facts.available
    assert "power supply" in facts.reason
    assert made[0].closed
