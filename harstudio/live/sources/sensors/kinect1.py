"""Kinect v1 (Xbox 360, Kinect for Windows 1) through libfreenect.

Colour 640x480 and depth in millimetres, which the library lays on the colour picture; both at 30
frames a second. The library gives pictures as a camera sees them, so they are flipped. It gives no
skeleton: the pose stage finds one in colour and depth.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import MissingError, UsageError
from harstudio.live.sources.modes import check_mode
from harstudio.live.sources.sensor_clock import SensorClock
from harstudio.live.sources.sensors.freenect import (
    ELEVEN_BIT,
    FPS,
    HEIGHT,
    TICKS_PER_S,
    WIDTH,
    Freenect,
    RawFrame,
)
from harstudio.live.sources.sensors.sensor_cameras import picture, sensor_camera
from harstudio.live.sources.source import Captured, CaptureSettings, SourceFacts, SourceLost
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import SECOND_NS, StreamKind
from harstudio.skeletons.cameras import Camera

KIND = "kinect1"
TITLE = "Kinect v1"
KINDS = ("color", "depth")
MODES = (f"{WIDTH}x{HEIGHT} at {FPS} fps",)
SILENT_NS = 5 * SECOND_NS  # it starts within two
FOCAL_PX = 525.0  # the usual value of its colour camera at 640x480 (ROS, TUM RGB-D); no calibration
COUNTER = 1 << 32
NO_DEPTH = 2047  # of 11 bits
FARTHEST_MM = 10_000  # as the library's own millimetres


def find() -> list[SourceFacts]:
    """Every Kinect v1 that is plugged in, or why there is none."""
    try:
        freenect = Freenect()
    except MissingError as error:
        return [SourceFacts(f"{KIND}:0", TITLE, KINDS, MODES, False, error.sentence)]
    count = freenect.devices()
    freenect.close()
    if not count:
        reason = "No Kinect v1 is here. Plug it into USB and its own power supply into the mains."
        return [SourceFacts(f"{KIND}:0", TITLE, KINDS, MODES, False, reason)]
    return [SourceFacts(f"{KIND}:{k}", _title(k), KINDS, MODES) for k in range(count)]


def open_source(address: str, settings: CaptureSettings) -> Kinect1:
    """Open Kinect v1 number ``address`` (0 where empty).

    UsageError: no number; WrongMode: another size than 640x480; MissingError: no library, no
    sensor; SourceBusy: another program has it.
    """
    if address and not address.isdecimal():
        raise UsageError(f'"{address}" is no number of a Kinect v1.', remedy="The first is 0.")
    check_mode(settings, TITLE, (WIDTH, HEIGHT), FPS)
    return Kinect1(int(address or 0), settings.mirror is not False)


class Kinect1:
    """An open Kinect v1; see ``Source``."""

    dropped: Mapping[str, int] = MappingProxyType({})  # the driver does not tell
    streams = (
        StreamSpec("color", StreamKind.COLOR, WIDTH, HEIGHT, FPS),
        StreamSpec("depth", StreamKind.DEPTH, WIDTH, HEIGHT, FPS),
    )

    def __init__(self, index: int, mirrored: bool) -> None:
        self.title = _title(index)
        self.mirrored = mirrored
        middle = ((WIDTH - 1) / 2, (HEIGHT - 1) / 2)
        camera = sensor_camera((WIDTH, HEIGHT), (FOCAL_PX,) * 2, middle, mirrored=mirrored)
        self.cameras: Mapping[str, Camera] = {"color": camera, "depth": camera}
        self._clock, self._ticks = SensorClock(), Unwrapped()
        self._freenect = Freenect()
        try:
            self._freenect.open(index)
        except BaseException:
            self._freenect.close()
            raise
        self._last_ns = time.monotonic_ns()

    def read(self, timeout_s: float) -> list[Captured]:
        """See ``Source.read``. SourceLost: unplugged, or silent for five seconds."""
        frames = self._freenect.frames(timeout_s)
        now = time.monotonic_ns()
        if frames:
            self._last_ns = now
        elif now - self._last_ns > SILENT_NS:
            raise SourceLost(
                "Kinect v1 gives no pictures.", remedy="Plug it in again, with its power."
            )
        return [self._captured(frame, now) for frame in frames]

    def _captured(self, frame: RawFrame, now: int) -> Captured:
        stamp_ns = self._ticks.total(frame.ticks) * SECOND_NS // TICKS_PER_S
        pixels: NDArray[np.uint8] | NDArray[np.uint16]
        if frame.stream == "color":
            pixels = np.frombuffer(frame.data, np.uint8).reshape(HEIGHT, WIDTH, 3)
        else:
            pixels = np.frombuffer(frame.data, "<u2").reshape(HEIGHT, WIDTH)
            if self._freenect.depth_format == ELEVEN_BIT:
                pixels = raw_to_mm()[np.minimum(pixels, NO_DEPTH)]
        ours = self._clock.ours(frame.stream, stamp_ns, now)
        return Captured(frame.stream, ours, now, picture(pixels, self.mirrored))

    def close(self) -> None:
        """See ``Source.close``."""
        self._freenect.close()


@cache
def raw_to_mm() -> NDArray[np.uint16]:
    """(2048,) millimetres of the sensor's 11-bit values, 0 where there are none.

    Magnenat's fit: 0.1236 m * tan(value / 2842.5 + 1.1863).
    """
    metres = 0.1236 * np.tan(np.arange(NO_DEPTH + 1) / 2842.5 + 1.1863)
    far = (metres <= 0) | (metres * 1000 > FARTHEST_MM)
    far[NO_DEPTH] = True
    return np.where(far, 0, np.rint(metres * 1000)).astype(np.uint16)


class Unwrapped:
    """A counter of 32 bits that begins again every 72 seconds, as one that goes on."""

    def __init__(self) -> None:
        self._total: int | None = None

    def total(self, ticks: int) -> int:
        """Ticks since before the first; frames of two streams may come slightly out of order."""
        if self._total is None:
            self._total = ticks
        step = (ticks - self._total + COUNTER // 2) % COUNTER - COUNTER // 2
        self._total += step
        return self._total


def _title(index: int) -> str:
    return f"{TITLE} ({index + 1})" if index else TITLE
