"""``webcam:0``: a camera of the system, by OpenCV (V4L2, DirectShow, AVFoundation).

The number is OpenCV's; on Linux a path will do, too ("webcam:/dev/v4l/by-id/..."), which stays the
same whatever else is plugged in. Pictures larger than 640x480 or faster than 30 a second are asked
for as MJPEG: raw they do not fit through USB 2.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harstudio.errors import HarstudioError, MissingError, UsageError
from harstudio.live.sources import v4l2
from harstudio.live.sources.inbox import Inbox
from harstudio.live.sources.modes import check_mode
from harstudio.live.sources.source import (
    Captured,
    CaptureSettings,
    SourceBusy,
    SourceFacts,
    SourceLost,
)
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import SECOND_NS, StreamKind
from harstudio.skeletons.cameras import Camera

if TYPE_CHECKING:
    import cv2

USUAL = (1280, 720, 30.0)
RAW_PIXELS, RAW_FPS = 640 * 480, 30.0
LEAST_HZ = 60.0  # so many pictures a second are always taken
TRIED = 10  # numbers that are tried where the system has no list
FIRST_S, SILENT_S = 8.0, 3.0  # the first picture takes long: light is measured
# OpenCV reads it when it is imported: how long a call waits for a picture from V4L2 (seconds).
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "2")
LATE_NS = SECOND_NS  # a buffer's time is believed where it is not older than that


def find() -> list[SourceFacts]:
    """The cameras of the system; only Windows has to open them for a moment."""
    if sys.platform.startswith("linux"):
        found = v4l2.find_cameras()
    elif sys.platform == "darwin":
        found = _found_by_profiler()
    else:
        found = _found_by_trying()
    none = SourceFacts(
        "webcam:0",
        "Webcam",
        ("color",),
        available=False,
        reason="There is no webcam here. Plug one in.",
    )
    return found or [none]


def open_source(address: str, settings: CaptureSettings) -> Webcam:
    """Open a camera by number or path. MissingError: it is not there or may not be read;
    SourceBusy; WrongMode: it does not give what was asked for; SourceLost: no picture comes."""
    place = _place(address)
    if isinstance(place, Path):
        v4l2.check(place)
    return Webcam(place, settings)


class Webcam:
    """A ``Source``: a thread takes every picture from the driver, the newest are handed on."""

    def __init__(self, place: int | Path, settings: CaptureSettings) -> None:
        """place: a number, on Linux the device."""
        self.title = _title(place)
        self.mirrored = settings.mirror is not False
        self.cameras: Mapping[str, Camera] = {}
        self._place = place
        self._inbox = Inbox()
        self._stop = threading.Event()
        self._camera = _open(place, settings)
        try:
            picture = self._first()
            height, width = picture.shape[:2]
            fps = _rate(self._camera)
            check_mode(settings, self.title, (width, height), fps)
        except BaseException:
            self._camera.release()
            raise
        rate = fps or settings.fps or USUAL[2]
        self.streams = (StreamSpec("color", StreamKind.COLOR, width, height, rate, dtype="uint8"),)
        self._heard_ns = time.monotonic_ns()
        self._least_ns = round(SECOND_NS / max(2 * rate, LEAST_HZ))
        self._thread = threading.Thread(target=self._run, name="webcam", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> Mapping[str, int]:
        return self._inbox.dropped

    def read(self, timeout_s: float) -> list[Captured]:
        """SourceLost: unplugged, or silent for three seconds."""
        frames = self._inbox.take(timeout_s)
        if not frames:
            self._check_alive(time.monotonic_ns() - self._heard_ns)
        return frames

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._camera.release()

    # ---- on the thread

    def _first(self) -> Any:
        until = time.monotonic() + FIRST_S
        while time.monotonic() < until:
            good, picture = self._camera.read()
            if good and picture is not None:
                return picture
            time.sleep(0.02)
        raise SourceLost(
            f"{self.title} gives no picture.",
            remedy="Open its shutter, plug it into another USB port, or choose a smaller size.",
        )

    def _run(self) -> None:
        from harstudio.live.sources.pictures import rgb_of_bgr

        given_ns = 0
        try:
            while not self._stop.is_set():
                good = self._camera.grab()
                now = time.monotonic_ns()
                if not good:
                    self._stop.wait(0.02)
                    continue
                self._heard_ns = now
                if now - given_ns < self._least_ns:  # a driver that storms
                    self._inbox.dropped["color"] += 1
                    continue
                taken = _taken_ns(self._camera, now)
                good, picture = self._camera.retrieve()
                if not good or picture is None:
                    self._inbox.dropped["color"] += 1
                    continue
                given_ns = now
                rgb = rgb_of_bgr(picture, mirror=self.mirrored)
                self._inbox.put(Captured("color", taken, now, rgb))
        except HarstudioError as error:
            self._inbox.fail(error)
        except Exception as error:  # noqa: BLE001 -- OpenCV's own; must not end in silence
            self._inbox.fail(SourceLost(f"{self.title} failed ({error})."))

    def _check_alive(self, silent_ns: int) -> None:
        gone = isinstance(self._place, Path) and not self._place.exists()
        if gone or silent_ns > SILENT_S * SECOND_NS:
            what = "was unplugged" if gone else f"has given no picture for {SILENT_S:g} s"
            raise SourceLost(
                f"{self.title} {what}.", remedy="Plug it in again; it goes on by itself."
            )


def _place(address: str) -> int | Path:
    linux = sys.platform.startswith("linux")
    if not address or address.isdecimal():
        number = int(address or "0")
        return v4l2.DEVICES / f"video{number}" if linux else number
    path = Path(address)
    if linux and path.is_absolute():
        return path
    raise UsageError(f'"webcam:{address}" is no camera.', remedy="Cameras are webcam:0, webcam:1.")


def _open(place: int | Path, settings: CaptureSettings) -> cv2.VideoCapture:
    import cv2

    width, height = settings.width or USUAL[0], settings.height or USUAL[1]
    fps = settings.fps or USUAL[2]
    backend, name = _backend()
    camera = cv2.VideoCapture(place if isinstance(place, int) else str(place), backend)
    if not camera.isOpened():
        camera.release()
        raise _why_not(place, name)
    if width * height > RAW_PIXELS or fps > RAW_FPS:
        camera.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    camera.set(cv2.CAP_PROP_FRAME_WIDTH, width)
    camera.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
    camera.set(cv2.CAP_PROP_FPS, fps)
    camera.set(cv2.CAP_PROP_BUFFERSIZE, 2)
    return camera


def _backend() -> tuple[int, str]:
    import cv2

    if sys.platform == "win32":
        return cv2.CAP_DSHOW, "DirectShow"
    if sys.platform == "darwin":
        return cv2.CAP_AVFOUNDATION, "AVFoundation"
    return cv2.CAP_V4L2, "V4L2"


def _why_not(place: int | Path, backend: str) -> HarstudioError:
    """Why a camera does not open, as far as the system tells."""
    if isinstance(place, Path):
        return v4l2.why_not(place)
    if sys.platform == "darwin":
        return MissingError(
            f"webcam:{place} cannot be opened.",
            remedy="Allow the camera in System Settings, Privacy & Security, and see that it is "
            "plugged in and that no other program uses it.",
        )
    return SourceBusy(
        f"webcam:{place} cannot be opened by {backend}.",
        remedy="See that it is plugged in, that Settings, Privacy, Camera lets desktop apps use "
        "it, and close other programs that use it.",
    )


def _rate(camera: cv2.VideoCapture) -> float:
    """Frames a second by the driver; 0 where it does not tell."""
    import cv2

    rate = float(camera.get(cv2.CAP_PROP_FPS))
    return round(rate, 2) if 1.0 <= rate <= 1000.0 else 0.0


def _taken_ns(camera: cv2.VideoCapture, now_ns: int) -> int:
    """When the picture was taken: V4L2 gives the time of its buffer, mostly on our clock."""
    import cv2

    told = round(float(camera.get(cv2.CAP_PROP_POS_MSEC)) * 1e6)
    return told if sys.platform.startswith("linux") and 0 <= now_ns - told <= LATE_NS else now_ns


def _title(place: int | Path) -> str:
    if isinstance(place, Path):
        return v4l2.readable_name(place) or f"Webcam {place.name}"
    return f"Webcam {place}"


def _found_by_profiler() -> list[SourceFacts]:
    """macOS: its own list, in AVFoundation's order; nothing is opened."""
    command = ["/usr/sbin/system_profiler", "SPCameraDataType", "-json"]
    try:
        told = subprocess.run(command, capture_output=True, timeout=10, check=True).stdout
        names = [str(one["_name"]) for one in json.loads(told)["SPCameraDataType"]]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return _found_by_trying()
    return [SourceFacts(f"webcam:{k}", name, ("color",)) for k, name in enumerate(names)]


def _found_by_trying() -> list[SourceFacts]:
    """Open one after the other until one is not there; two may be missing in between."""
    import cv2

    found: list[SourceFacts] = []
    for number in range(TRIED):
        camera = cv2.VideoCapture(number, _backend()[0])
        there = camera.isOpened()
        camera.release()
        if there:
            found.append(SourceFacts(f"webcam:{number}", f"Webcam {number}", ("color",)))
        elif number >= len(found) + 1:
            break
    return found
