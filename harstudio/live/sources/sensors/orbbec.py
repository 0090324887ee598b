"""Orbbec depth cameras (Femto, Gemini, Astra 2) through ``pyorbbecsdk2``.

Colour and depth in millimetres, which the SDK lays on the colour picture (its ``AlignFilter``), as
its own examples do it. Pictures are flipped; no skeleton: the pose stage finds one. Written after
the SDK's documents; only the answer with no camera was ever seen here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import MissingError
from harstudio.live.sources.sensor_clock import SensorClock
from harstudio.live.sources.sensors.sensor_cameras import picture, sensor_camera
from harstudio.live.sources.source import (
    Captured,
    CaptureSettings,
    SourceBusy,
    SourceFacts,
    SourceLost,
    WrongMode,
)
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import StreamKind
from harstudio.skeletons.cameras import Camera

KIND = "orbbec"
TITLE = "Orbbec"
KINDS = ("color", "depth")
SILENT_S = 5.0


def find() -> list[SourceFacts]:
    """Every Orbbec camera that is plugged in, or why there is none."""
    try:
        devices = _devices(_driver())
    except MissingError as error:
        return [SourceFacts(f"{KIND}:0", TITLE, KINDS, (), False, error.sentence)]
    return [
        SourceFacts(
            f"{KIND}:{devices.get_device_serial_number_by_index(k)}",
            devices.get_device_name_by_index(k),
            KINDS,
        )
        for k in range(devices.get_count())
    ]


def _driver() -> ModuleType:
    try:
        driver = import_module("pyorbbecsdk")
    except ImportError as error:
        raise MissingError(
            f"pyorbbecsdk2, the driver of Orbbec cameras, is not here ({error}).",
            remedy="Install it without what it asks for, which is older than HARStudio needs: "
            "pip install --no-deps pyorbbecsdk2.",
        ) from error
    driver.Context.set_logger_level(driver.OBLogLevel.NONE)  # else it writes a folder Log
    return driver


def _devices(driver: ModuleType) -> Any:
    devices = driver.Context().query_devices()
    if not devices.get_count():
        raise MissingError("No Orbbec camera is here.", remedy="Plug it into a USB 3 socket.")
    return devices


def open_source(address: str, settings: CaptureSettings) -> Orbbec:
    """Open the camera with serial number ``address`` (the first where empty or "0").

    MissingError: no driver or no camera; WrongMode: it has no such size or rate; SourceBusy:
    another program has it.
    """
    driver = _driver()
    devices = _devices(driver)
    serials = [devices.get_device_serial_number_by_index(k) for k in range(devices.get_count())]
    first = address in ("", "0")
    if not first and address not in serials:
        raise MissingError(
            f"There is no Orbbec camera {address}.", remedy=f"There is {', '.join(serials)}."
        )
    try:
        device = devices.get_device_by_index(0 if first else serials.index(address))
        pipeline = driver.Pipeline(device)
    except (driver.OBError, RuntimeError) as error:
        raise SourceBusy(
            f"The {TITLE} camera does not open ({error}).",
            remedy="Close other programs that use it, or plug it in again.",
        ) from error
    return Orbbec(driver, pipeline, settings)


class Orbbec:
    """An open Orbbec camera; see ``Source``."""

    dropped: Mapping[str, int] = MappingProxyType({})  # the driver does not tell

    def __init__(self, driver: ModuleType, pipeline: Any, settings: CaptureSettings) -> None:
        self._driver, self._pipeline = driver, pipeline
        self.mirrored = settings.mirror is not False
        self.title = pipeline.get_device().get_device_info().get_name()
        kinds, config = driver.OBSensorType, driver.Config()
        try:
            colors = pipeline.get_stream_profile_list(kinds.COLOR_SENSOR)
            color = colors.get_video_stream_profile(
                settings.width, settings.height, driver.OBFormat.RGB, round(settings.fps)
            )
            depths = pipeline.get_stream_profile_list(kinds.DEPTH_SENSOR)
            config.enable_stream(color)
            config.enable_stream(depths.get_default_video_stream_profile())
            config.set_frame_aggregate_output_mode(
                driver.OBFrameAggregateOutputMode.FULL_FRAME_REQUIRE
            )
            pipeline.start(config)
        except (driver.OBError, RuntimeError) as error:
            asked = settings.width or settings.height or settings.fps
            nearest = replace(settings, width=0, height=0, fps=0.0) if asked else None
            raise WrongMode(
                f"{self.title} does not start ({error}).",
                remedy="Choose another size or rate, or none.",
                nearest=nearest,
            ) from error
        given, lens = color.get_intrinsic(), color.get_distortion()
        size = (int(color.get_width()), int(color.get_height()))
        camera = sensor_camera(
            size,
            (given.fx, given.fy),
            (given.cx, given.cy),
            (lens.k1, lens.k2, lens.p1, lens.p2, lens.k3, lens.k4, lens.k5, lens.k6),
            mirrored=self.mirrored,
        )
        self.cameras: Mapping[str, Camera] = {"color": camera, "depth": camera}
        rate = float(color.get_fps())
        self.streams = (
            StreamSpec("color", StreamKind.COLOR, *size, rate),
            StreamSpec("depth", StreamKind.DEPTH, *size, rate),
        )
        self._align = driver.AlignFilter(align_to_stream=driver.OBStreamType.COLOR_STREAM)
        self._clock = SensorClock()
        self._last = time.monotonic()

    def read(self, timeout_s: float) -> list[Captured]:
        """See ``Source.read``. SourceLost: unplugged or silent for five seconds."""
        try:
            frames = self._pipeline.wait_for_frames(max(1, round(timeout_s * 1000)))
            aligned = self._align.process(frames) if frames else None
        except (self._driver.OBError, RuntimeError) as error:
            gone = f"{self.title} is gone ({error})."
            raise SourceLost(gone, remedy="Plug it in again.") from error
        if aligned is None:
            if time.monotonic() - self._last > SILENT_S:
                raise SourceLost(f"{self.title} gives no pictures.", remedy="Plug it in again.")
            return []
        self._last, now = time.monotonic(), time.monotonic_ns()
        found = (("color", aligned.get_color_frame()), ("depth", aligned.get_depth_frame()))
        return [self._captured(name, frame, now) for name, frame in found if frame]

    def _captured(self, stream: str, frame: Any, now: int) -> Captured:
        shape = (frame.get_height(), frame.get_width())
        pixels: NDArray[Any]
        if stream == "color":
            pixels = np.frombuffer(frame.get_data(), np.uint8).reshape(*shape, 3)
        else:
            pixels = np.frombuffer(frame.get_data(), np.uint16).reshape(shape)
            scale = frame.get_depth_scale()  # mm
            if scale != 1:
                pixels = np.minimum(np.rint(pixels * scale), 65535).astype(np.uint16)
        ours = self._clock.ours(stream, frame.get_timestamp_us() * 1000, now)
        return Captured(stream, ours, now, picture(pixels, self.mirrored))

    def close(self) -> None:
        """See ``Source.close``."""
        self._pipeline.stop()
