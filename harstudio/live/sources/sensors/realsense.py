"""Intel RealSense depth cameras through ``pyrealsense2``, and recordings of its own (.db3).

Colour and depth in millimetres, which the SDK lays on the colour picture (``rs.align``). It gives
pictures as a camera sees them, so they are flipped. No skeleton: the pose stage finds one.
A recording is paced as it was recorded, and no frame of it is left out.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, MissingError
from harstudio.live.sources.sensor_clock import SensorClock
from harstudio.live.sources.sensors.sensor_cameras import picture, sensor_camera
from harstudio.live.sources.source import (
    Captured,
    CaptureSettings,
    SourceBusy,
    SourceEnded,
    SourceFacts,
    SourceLost,
    WrongMode,
)
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import SECOND_NS, StreamKind
from harstudio.skeletons.cameras import Camera

KIND = "realsense"
TITLE = "Intel RealSense"
KINDS = ("color", "depth")
WIDTH, HEIGHT, FPS = 640, 480, 30  # also over USB 2
SUFFIX = ".db3"
FIRST = "0"
SILENT_S = 5.0
BACK_NS = 100_000_000  # streams of a recording are not further out of order
END_MS = 1000  # the SDK does not tell the end of a recording; nothing comes for so long


def find() -> list[SourceFacts]:
    """Every RealSense that is plugged in, or why there is none."""
    try:
        devices = list(_driver().context().query_devices())
    except MissingError as error:
        return [SourceFacts(f"{KIND}:0", TITLE, KINDS, (), False, error.sentence)]
    if not devices:
        reason = "No RealSense is here. Plug it into a USB 3 socket."
        return [SourceFacts(f"{KIND}:0", TITLE, KINDS, (), False, reason)]
    return [_facts(device) for device in devices]


def _facts(device: Any) -> SourceFacts:
    rs = _driver()
    serial = device.get_info(rs.camera_info.serial_number)
    modes = set()
    for sensor in device.query_sensors():
        for profile in sensor.get_stream_profiles():
            if profile.stream_type() == rs.stream.color and profile.is_video_stream_profile():
                video = profile.as_video_stream_profile()
                modes.add((video.width(), video.height(), profile.fps()))
    words = tuple(f"{width}x{height} at {fps} fps" for width, height, fps in sorted(modes))
    return SourceFacts(f"{KIND}:{serial}", device.get_info(rs.camera_info.name), KINDS, words)


def _driver() -> ModuleType:
    try:
        return import_module("pyrealsense2")
    except ImportError as error:
        raise MissingError(
            f"pyrealsense2, the driver of RealSense cameras, is not here ({error}).",
            remedy='Install it: pip install "harstudio[realsense]".',
        ) from error


def open_source(address: str, settings: CaptureSettings) -> RealSense:
    """Open the camera with serial number ``address`` (the first where "" or "0"), or a .db3 file.

    MissingError: no driver, no camera, no file; SourceBusy: another program has it; WrongMode:
    it has no such size or rate; DataError: the file is no recording of the SDK.
    """
    return RealSense("" if address == FIRST else address, settings)


class RealSense:
    """An open camera or recording; see ``Source``."""

    dropped: Mapping[str, int] = MappingProxyType({})  # the driver does not tell

    def __init__(self, address: str, settings: CaptureSettings) -> None:
        self._rs = _driver()
        self._path = Path(address) if address.endswith(SUFFIX) else None
        self._pipeline = self._rs.pipeline()
        self.mirrored = settings.mirror is not False
        profile = self._start(address, settings)
        color = profile.get_stream(self._rs.stream.color).as_video_stream_profile()
        self._size = (color.width(), color.height())
        rate = float(color.fps())
        device = profile.get_device()
        if self._path is not None:
            self.title = f"{self._path.name} ({TITLE} recording)"
        else:
            self.title = device.get_info(self._rs.camera_info.name)
        self.streams = (
            StreamSpec("color", StreamKind.COLOR, *self._size, rate),
            StreamSpec("depth", StreamKind.DEPTH, *self._size, rate),
        )
        camera = self._camera(color.get_intrinsics())
        self.cameras: Mapping[str, Camera] = {"color": camera, "depth": camera}
        self._to_mm = 1000 * _depth_scale(profile)
        self._align = self._rs.align(self._rs.stream.color)
        self._clock = SensorClock()
        self._pace: tuple[int, int] | None = None  # the recording's first stamp, and ours then
        self._newest_ns = 0  # stamp of the recording
        self._seen: dict[str, int] = {}
        self._waiting: list[tuple[int, Captured]] = []
        self._last = time.monotonic()

    def _start(self, address: str, settings: CaptureSettings) -> Any:
        rs, config = self._rs, self._rs.config()
        if self._path is not None:
            if not self._path.is_file():
                raise MissingError("There is no such recording.", path=self._path)
            config.enable_device_from_file(str(self._path), repeat_playback=settings.loop)
        else:
            self._check_there(address)
            if address:
                config.enable_device(address)
            fps = round(settings.fps) or FPS
            size = (settings.width or WIDTH, settings.height or HEIGHT)
            config.enable_stream(rs.stream.color, *size, rs.format.rgb8, fps)
            config.enable_stream(rs.stream.depth, WIDTH, HEIGHT, rs.format.z16, fps)
        try:
            if self._path is not None:  # before it starts, or the first frames may be left out
                resolved = config.resolve(rs.pipeline_wrapper(self._pipeline))
                resolved.get_device().as_playback().set_real_time(False)
            profile = self._pipeline.start(config)
            profile.get_stream(rs.stream.color), profile.get_stream(rs.stream.depth)
        except RuntimeError as error:
            raise self._refused(str(error), settings) from error
        return profile

    def _check_there(self, address: str) -> None:
        """At once; the SDK itself waits 15 s for a camera."""
        number = self._rs.camera_info.serial_number
        there = [device.get_info(number) for device in self._rs.context().query_devices()]
        if not there or (address and address not in there):
            raise MissingError(
                f"There is no RealSense {address}".strip() + ".",
                remedy="Plug it into a USB 3 socket.",
            )

    def _refused(self, said: str, settings: CaptureSettings) -> DataError:
        if self._path is not None:
            return DataError(
                f"This is no recording of colour and depth by the RealSense SDK ({said}).",
                path=self._path,
            )
        if "resolve" in said:
            return WrongMode(
                f"{TITLE} does not give this size and rate ({said}).",
                remedy="Choose one of those listed; on USB 2 there are few.",
                nearest=replace(settings, width=WIDTH, height=HEIGHT, fps=FPS),
            )
        return SourceBusy(
            f"{TITLE} does not open ({said}).",
            remedy="Close other programs that use it, or plug it in again.",
        )

    def _camera(self, given: Any) -> Camera:
        known = given.model in (self._rs.distortion.brown_conrady, self._rs.distortion.none)
        return sensor_camera(
            (given.width, given.height),
            (given.fx, given.fy),
            (given.ppx, given.ppy),
            given.coeffs if known else (),  # the inverse model of its colour camera is near zero
            mirrored=self.mirrored,
        )

    def read(self, timeout_s: float) -> list[Captured]:
        """See ``Source.read``. SourceLost: unplugged or silent for five seconds."""
        if self._path is None:
            return [frame for _, frame in self._next(max(1, round(timeout_s * 1000)))]
        if not self._waiting:
            self._waiting = self._next(END_MS)
        until = time.monotonic() + timeout_s
        ready: list[Captured] = []
        while self._waiting and not ready:
            due_ns, frame = self._waiting[0]
            early_s = (due_ns - time.monotonic_ns()) / SECOND_NS
            if early_s > 0:
                time.sleep(max(0.0, min(early_s, until - time.monotonic())))
            if time.monotonic_ns() >= due_ns:
                self._waiting.pop(0)
                ready.append(frame._replace(captured_ns=time.monotonic_ns()))
            elif time.monotonic() >= until:
                break
        return ready

    def _next(self, timeout_ms: int) -> list[tuple[int, Captured]]:
        """The frames that are new in the next set, and when each is due."""
        try:
            frames = self._pipeline.wait_for_frames(timeout_ms)
        except RuntimeError as error:
            return self._silent(str(error))
        self._last = time.monotonic()
        now = time.monotonic_ns()
        aligned = self._align.process(frames)
        found = []
        for stream, frame in (
            ("color", aligned.get_color_frame()),
            ("depth", aligned.get_depth_frame()),
        ):
            stamp_ns = round(frame.get_timestamp() * 1e6)
            if frame and self._seen.get(stream) != stamp_ns:  # sets hold one frame again
                self._seen[stream] = stamp_ns
                due_ns = self._ours(stream, stamp_ns, now)
                data = self._pixels(stream, np.asanyarray(frame.get_data()))
                found.append((due_ns, Captured(stream, due_ns, now, data)))
        return sorted(found, key=lambda one: one[0])

    def _silent(self, said: str) -> list[tuple[int, Captured]]:
        if self._path is not None:
            raise SourceEnded("The recording is at its end.", path=self._path)
        if "arrive" not in said or time.monotonic() - self._last > SILENT_S:
            raise SourceLost(f"{TITLE} gives no pictures.", remedy="Plug it in again.")
        return []

    def _ours(self, stream: str, stamp_ns: int, now: int) -> int:
        """A camera's stamp on our clock; a recording's, as far from its first one as it was."""
        if self._path is None:
            return self._clock.ours(stream, stamp_ns, now)
        if self._pace is None or stamp_ns < self._newest_ns - BACK_NS:  # it begins, or again
            self._pace, self._newest_ns = (stamp_ns, now), stamp_ns
        self._newest_ns = max(self._newest_ns, stamp_ns)
        return self._pace[1] + stamp_ns - self._pace[0]

    def _pixels(self, stream: str, data: NDArray[Any]) -> NDArray[Any]:
        if stream == "depth" and self._to_mm != 1:
            data = np.minimum(np.rint(data * self._to_mm), 65535).astype(np.uint16)
        return picture(data, self.mirrored)

    def close(self) -> None:
        """See ``Source.close``."""
        self._pipeline.stop()


def _depth_scale(profile: Any) -> float:
    """Metres of one unit of depth; 0.001 where it is within a millionth of it."""
    for sensor in profile.get_device().query_sensors():
        if sensor.is_depth_sensor():
            scale = float(sensor.as_depth_sensor().get_depth_scale())
            return 0.001 if abs(scale - 0.001) < 1e-6 else scale
    return 0.001
