"""libfreenect's C interface by ctypes: one Kinect v1, its colour and its depth in millimetres.

Written for version 0.5 (libfreenect.h). The library is found by name, or at $HARSTUDIO_FREENECT.
It may call ``exit``; only capture processes load it.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple

from harstudio.errors import MissingError
from harstudio.live.sources.source import SourceBusy, SourceLost

VARIABLE = "HARSTUDIO_FREENECT"
NAMES = ("libfreenect.so.0.5", "libfreenect.so.0", "libfreenect.0.dylib", "freenect.dll")
WIDTH, HEIGHT, FPS = 640, 480, 30
TICKS_PER_S = 60_000_000  # the sensor's counter of 32 bits runs at 60 MHz

MEDIUM = 1  # FREENECT_RESOLUTION_MEDIUM: 640x480
RGB = 0  # FREENECT_VIDEO_RGB
REGISTERED = 4  # FREENECT_DEPTH_REGISTERED: mm, each at the pixel of the colour picture
ELEVEN_BIT = 0  # FREENECT_DEPTH_11BIT: the sensor's own values, all that fakenect has
CAMERA = 2  # FREENECT_DEVICE_CAMERA: neither motor nor microphones
LOG_ERROR = 1
INTERRUPTED = -10  # LIBUSB_ERROR_INTERRUPTED: a signal came; nothing is wrong


class FrameMode(ctypes.Structure):
    """freenect_frame_mode."""

    _fields_ = (
        ("reserved", ctypes.c_uint32),
        ("resolution", ctypes.c_int),
        ("format", ctypes.c_int32),
        ("bytes", ctypes.c_int32),
        ("width", ctypes.c_int16),
        ("height", ctypes.c_int16),
        ("data_bits_per_pixel", ctypes.c_int8),
        ("padding_bits_per_pixel", ctypes.c_int8),
        ("framerate", ctypes.c_int8),
        ("is_valid", ctypes.c_int8),
    )


class TimeValue(ctypes.Structure):
    """struct timeval."""

    _fields_ = (("seconds", ctypes.c_long), ("microseconds", ctypes.c_long))


FrameCallback = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32)
LogCallback = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p)


class RawFrame(NamedTuple):
    """One frame as the library gave it. stream: "color" or "depth". ticks: of the sensor.

    data: bytes of (480, 640, 3) RGB, or of (480, 640) uint16: see ``Freenect.depth_format``.
    """

    stream: str
    ticks: int
    data: bytes


def load() -> ctypes.CDLL:
    """The library; MissingError: it is not here, with how to get it."""
    given = os.environ.get(VARIABLE)
    if given:
        try:
            return _declared(ctypes.CDLL(given))
        except OSError as error:
            raise MissingError(
                f"libfreenect cannot be loaded ({error}).",
                path=Path(given),
                remedy=f"Set {VARIABLE} to the library's file, or unset it.",
            ) from error
    found = ctypes.util.find_library("freenect")
    for name in (*NAMES, found):
        if name:
            try:
                return _declared(ctypes.CDLL(name))
            except OSError:
                continue
    raise MissingError(
        "libfreenect, the driver of Kinect v1, is not here.",
        remedy="Debian and Ubuntu: apt-get install libfreenect0.5; macOS: brew install "
        f"libfreenect; elsewhere build it and set {VARIABLE} to its file.",
    )


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    """With types of what is called; an int argument would cut pointers to 32 bits."""
    pointer, whole = ctypes.c_void_p, ctypes.c_int
    for name in ("find_video_mode", "find_depth_mode", "get_depth_mode"):
        getattr(library, f"freenect_{name}").restype = FrameMode
    library.freenect_init.argtypes = (ctypes.POINTER(pointer), pointer)
    library.freenect_open_device.argtypes = (pointer, ctypes.POINTER(pointer), whole)
    library.freenect_process_events_timeout.argtypes = (pointer, ctypes.POINTER(TimeValue))
    library.freenect_set_log_level.argtypes = (pointer, whole)
    library.freenect_set_log_callback.argtypes = (pointer, LogCallback)
    library.freenect_select_subdevices.argtypes = (pointer, whole)
    for name in ("num_devices", "shutdown", "start_video", "start_depth"):
        getattr(library, f"freenect_{name}").argtypes = (pointer,)
    for name in ("stop_video", "stop_depth", "close_device"):
        getattr(library, f"freenect_{name}").argtypes = (pointer,)
    for name in ("video", "depth"):
        getattr(library, f"freenect_set_{name}_mode").argtypes = (pointer, FrameMode)
        getattr(library, f"freenect_set_{name}_callback").argtypes = (pointer, FrameCallback)
    return library


class Freenect:
    """The library's context, and one opened device."""

    def __init__(self) -> None:
        self._library = load()
        self._context, self._device = ctypes.c_void_p(), ctypes.c_void_p()
        self._said: deque[str] = deque(maxlen=3)
        self._frames: list[RawFrame] = []
        self.depth_format = REGISTERED  # or ELEVEN_BIT
        self._kept: list[Any] = []  # callbacks, which the library only points to
        if self._library.freenect_init(ctypes.byref(self._context), None) < 0:
            raise MissingError(
                "libfreenect does not start: it cannot use USB here.",
                remedy="Allow this computer or container to use its USB devices.",
            )
        log = LogCallback(self._log)
        self._kept.append(log)
        self._library.freenect_set_log_level(self._context, LOG_ERROR)
        self._library.freenect_set_log_callback(self._context, log)
        self._library.freenect_select_subdevices(self._context, CAMERA)

    def _log(self, _context: int | None, _level: int, text: bytes | None) -> None:
        self._said.append((text or b"").decode("utf-8", "replace").strip())

    def devices(self) -> int:
        """How many are plugged in."""
        return max(0, int(self._library.freenect_num_devices(self._context)))

    def open(self, index: int) -> None:
        """Open a device and start both streams. SourceBusy, MissingError: it cannot be opened."""
        if self.devices() <= index:
            raise MissingError(
                f"There is no Kinect v1 number {index}." if index else "No Kinect v1 is here.",
                remedy="Plug it into USB and its own power supply into the mains.",
            )
        library = self._library
        opened = library.freenect_open_device(self._context, ctypes.byref(self._device), index)
        if opened < 0:
            raise self._refused()
        known = range(library.freenect_get_depth_mode_count())  # asking for another may abort
        formats = {library.freenect_get_depth_mode(k).format for k in known}
        self.depth_format = REGISTERED if REGISTERED in formats else ELEVEN_BIT
        for name, mode in (
            ("video", library.freenect_find_video_mode(MEDIUM, RGB)),
            ("depth", library.freenect_find_depth_mode(MEDIUM, self.depth_format)),
        ):
            callback = self._callback("color" if name == "video" else "depth", mode.bytes)
            getattr(library, f"freenect_set_{name}_callback")(self._device, callback)
            started = getattr(library, f"freenect_set_{name}_mode")(self._device, mode)
            if started < 0 or getattr(library, f"freenect_start_{name}")(self._device) < 0:
                raise self._refused()

    def _callback(self, stream: str, size: int) -> Any:
        def arrived(_device: int | None, data: int, ticks: int) -> None:
            self._frames.append(RawFrame(stream, ticks, ctypes.string_at(data, size)))

        callback = FrameCallback(arrived)
        self._kept.append(callback)
        return callback

    def _refused(self) -> SourceBusy | MissingError:
        said = " ".join(self._said)
        if "ACCESS" in said or "Permission" in said:
            return MissingError(
                f"Kinect v1 may not be opened by this account ({said}).",
                remedy="Install the library's udev rules, or join the group plugdev, and plug "
                "the sensor in again.",
            )
        return SourceBusy(
            f"Kinect v1 does not open ({said or 'the library says no more'}).",
            remedy="Close other programs that use it, and plug it in again.",
        )

    def frames(self, timeout_s: float) -> list[RawFrame]:
        """What came since the last call; waits at most so long. SourceLost: it was unplugged."""
        seconds, part = divmod(max(0.0, timeout_s), 1)
        wait = TimeValue(int(seconds), int(part * 1e6))
        told = self._library.freenect_process_events_timeout(self._context, ctypes.byref(wait))
        if told < 0 and told != INTERRUPTED:
            raise SourceLost("Kinect v1 is gone.", remedy="Plug it in again, with its power.")
        came, self._frames = self._frames, []
        return came

    def close(self) -> None:
        """Let go of the device and of the library's context."""
        if self._device:
            self._library.freenect_stop_video(self._device)
            self._library.freenect_stop_depth(self._device)
            self._library.freenect_close_device(self._device)
            self._device = ctypes.c_void_p()
        if self._context:
            self._library.freenect_shutdown(self._context)
            self._context = ctypes.c_void_p()
