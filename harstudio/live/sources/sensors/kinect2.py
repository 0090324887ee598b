"""Kinect v2 (Xbox One, Kinect for Windows 2) through Microsoft's SDK, by ``kinect-next``.

Windows only. Colour 1920x1080, depth and infrared 512x424, and the SDK's own bodies: 25 joints,
six people. The SDK gives a mirror image and metres that fit it, so nothing is flipped. libfreenect2
has a C++ interface alone, which Python cannot call without a compiled part; it is not used.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np

from harstudio.errors import MissingError
from harstudio.live.sources.modes import check_mode
from harstudio.live.sources.sensor_clock import SensorClock
from harstudio.live.sources.source import Captured, CaptureSettings, SourceFacts, SourceLost
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import Body, SkeletonFrame, StreamKind
from harstudio.skeletons.cameras import Camera
from harstudio.skeletons.fit import fit_camera

KIND = "kinect2"
TITLE = "Kinect v2"
TOPOLOGY = "kinect_v2_25"
JOINTS = 25
FPS = 30
COLOR_SIZE, DEPTH_SIZE = (1920, 1080), (512, 424)
KINDS = ("color", "depth", "infrared", "skeleton")
MODES = (f"{COLOR_SIZE[0]}x{COLOR_SIZE[1]} at {FPS} fps",)
START_MS = 5000  # after it was opened the first frame takes up to three seconds
SILENT_S = 5.0
ELSEWHERE = (
    "Kinect v2 is read through Microsoft's SDK, which there is for Windows alone; libfreenect2 "
    "has a C++ interface alone."
)


def find() -> list[SourceFacts]:
    """The one Kinect v2 that the SDK knows, or why there is none."""
    try:
        sensor = _open(_driver())
    except MissingError as error:
        return [SourceFacts(f"{KIND}:0", TITLE, KINDS, MODES, False, error.sentence)]
    sensor.close()
    return [SourceFacts(f"{KIND}:0", TITLE, KINDS, MODES)]


def _driver() -> ModuleType:
    try:
        return import_module("kinect_next")
    except ImportError as error:
        if sys.platform != "win32":
            raise MissingError(ELSEWHERE, remedy="Use it on Windows.") from error
        raise MissingError(
            f"kinect-next, which speaks with the SDK of Kinect v2, is not here ({error}).",
            remedy='On Windows install Kinect for Windows SDK 2.0 and "harstudio[kinect-v2]".',
        ) from error


def _open(driver: ModuleType) -> Any:
    """The SDK's sensor after its first frame, which alone tells that one is plugged in."""
    kinds = driver.StreamType
    wanted = kinds.COLOR | kinds.DEPTH | kinds.INFRARED | kinds.BODY
    try:
        sensor = driver.KinectSensor(wanted)
    except driver.KinectError as error:
        if sys.platform != "win32":
            raise MissingError(ELSEWHERE, remedy="Use it on Windows.") from error
        raise MissingError(
            f"Kinect v2 does not open ({str(error).rstrip('.')}).",
            remedy="Install Kinect for Windows SDK 2.0; plug the sensor into its power supply and "
            "into a USB 3 socket.",
        ) from error
    try:
        sensor.wait_for_frames(START_MS)
    except driver.KinectError as error:
        sensor.close()
        raise MissingError(
            f"The SDK is here, but no Kinect v2 gives pictures ({error}).",
            remedy="Plug the sensor into its power supply and into a USB 3 socket.",
        ) from error
    return sensor


def open_source(address: str, settings: CaptureSettings) -> Kinect2:
    """Open the Kinect v2; the SDK knows one, so the address says nothing.

    MissingError: no driver, no SDK or no sensor; WrongMode: another size than 1920x1080.
    """
    check_mode(settings, TITLE, COLOR_SIZE, FPS)
    driver = _driver()
    return Kinect2(driver, _open(driver))


class Kinect2:
    """An open Kinect v2; see ``Source``."""

    title = TITLE
    mirrored = True
    dropped: Mapping[str, int] = MappingProxyType({})  # the driver does not tell
    streams = (
        StreamSpec("color", StreamKind.COLOR, *COLOR_SIZE, FPS),
        StreamSpec("depth", StreamKind.DEPTH, *DEPTH_SIZE, FPS),
        StreamSpec("infrared", StreamKind.INFRARED, *DEPTH_SIZE, FPS),
        StreamSpec("skeleton", StreamKind.SKELETON, rate_hz=FPS, topology=TOPOLOGY),
    )

    def __init__(self, driver: ModuleType, sensor: Any) -> None:
        self._driver, self._sensor = driver, sensor
        self._clock = SensorClock()
        self.cameras: Mapping[str, Camera] = cameras_of(sensor.mapper, driver.Vector3)
        self._last = time.monotonic()

    def read(self, timeout_s: float) -> list[Captured]:
        """See ``Source.read``. SourceLost: unplugged or silent for five seconds."""
        driver = self._driver
        try:
            frames = self._sensor.wait_for_frames(max(1, round(timeout_s * 1000)))
        except driver.KinectTimeoutError as error:
            if time.monotonic() - self._last < SILENT_S:
                return []
            raise SourceLost(f"{TITLE} gives no pictures.", remedy="Plug it in again.") from error
        except driver.KinectError as error:
            raise SourceLost(f"{TITLE} is gone ({error}).", remedy="Plug it in again.") from error
        self._last = time.monotonic()
        return self._captured(frames, time.monotonic_ns())

    def _captured(self, frames: Any, now: int) -> list[Captured]:
        found: list[tuple[str, int, Any]] = []
        if frames.color is not None:
            data = np.ascontiguousarray(frames.color.as_rgb())
            found.append(("color", frames.color.relative_time_ns, data))
        if frames.depth is not None:
            found.append(("depth", frames.depth.relative_time_ns, frames.depth.data))
        if frames.infrared is not None:
            found.append(("infrared", frames.infrared.relative_time_ns, frames.infrared.data))
        if frames.floor_clip_plane is not None:  # comes with the bodies, also where there are none
            found.append(("skeleton", frames.relative_time_ns, skeleton_of(frames.tracked_bodies)))
        return [
            Captured(stream, self._clock.ours(stream, stamp_ns, now), now, data)
            for stream, stamp_ns, data in found
        ]

    def close(self) -> None:
        """See ``Source.close``."""
        self._sensor.close()


def skeleton_of(bodies: Iterable[Any]) -> SkeletonFrame:
    """Bodies of ``kinect_next`` as ours: its 25 joints are those of kinect_v2_25, in that order.

    Joints that are not tracked are NaN; the SDK gives zeros or what it last knew.
    """
    return SkeletonFrame(tuple(_body(body) for body in bodies))


def _body(body: Any) -> Body:
    joints = np.full((JOINTS, 3), np.nan, np.float32)
    tracking = np.zeros(JOINTS, np.uint8)
    turns = np.full((JOINTS, 4), np.nan, np.float32)
    for joint in body.joints:
        place, turn, index = joint.position, joint.orientation, int(joint.joint_type)
        tracking[index] = int(joint.tracking_state)
        if tracking[index]:
            joints[index] = place.x, place.y, place.z
            turns[index] = turn.w, turn.x, turn.y, turn.z
    return Body(str(body.tracking_id), joints, tracking, orientations=turns)


def cameras_of(mapper: Any, vector: Any) -> dict[str, Camera]:
    """Cameras by picture stream, fitted to where the SDK's mapper puts points of the room.

    mapper: a ``CoordinateMapper``; vector: makes its points. A camera that cannot be fitted is
    left out.
    """
    room = [
        (x * z, y * z, z)
        for z in (0.8, 1.5, 2.5, 4.0)
        for x in np.linspace(-0.5, 0.5, 7)
        for y in np.linspace(-0.4, 0.4, 5)
    ]
    points = np.array(room)
    seen = np.full(len(points), 2)
    found = {}
    for name, size, place in (
        ("color", COLOR_SIZE, mapper.map_camera_point_to_color_space),
        ("depth", DEPTH_SIZE, mapper.map_camera_point_to_depth_space),
    ):
        pixels = [place(vector(*map(float, point))) for point in room]
        fit = fit_camera(
            points,
            np.array([(pixel.x, pixel.y) for pixel in pixels]),
            seen,
            width=size[0],
            height=size[1],
            same_frame=name == "depth",
        )
        if fit is not None:
            found[name] = fit.camera
    if "depth" in found:
        found["infrared"] = found["depth"]
    return found
