"""Azure Kinect through ``pyk4a`` in a Python of its own, because it needs an older numpy.

``harstudio/live/sources/sensors/azure_adapter.py`` runs there and is read here. Colour 1280x720 (or
more) and depth in millimetres, which the SDK lays on the colour picture. It gives pictures as a
camera sees them, so they are flipped. No skeleton: the pose stage finds one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, HarstudioError, MissingError, UsageError
from harstudio.live.sources.sensor_clock import SensorClock
from harstudio.live.sources.sensors.azure_process import AzureProcess, Message, azure_python
from harstudio.live.sources.sensors.sensor_cameras import picture, sensor_camera
from harstudio.live.sources.source import Captured, CaptureSettings, SourceFacts, WrongMode
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import StreamKind
from harstudio.skeletons.cameras import Camera

KIND = "azure"
TITLE = "Azure Kinect"
KINDS = ("color", "depth")
RESOLUTIONS = {
    (1280, 720): "720P",
    (1920, 1080): "1080P",
    (2560, 1440): "1440P",
    (2048, 1536): "1536P",
}
RATES = (5, 15, 30)
MODES = tuple(f"{width}x{height} at 30 fps" for width, height in RESOLUTIONS)
FIND_S = 10.0
START_S = 20.0  # the depth engine starts slowly
US = 1000


def find() -> list[SourceFacts]:
    """Every Azure Kinect that is plugged in, or why there is none."""
    try:
        with AzureProcess(azure_python(), ["find"]) as process:
            count = int(process.wait_for("found", FIND_S).header["devices"])
        if not count:
            raise MissingError(
                f"No {TITLE} is here.", remedy="Plug it into USB 3 and its power supply."
            )
    except HarstudioError as error:
        return [SourceFacts(f"{KIND}:0", TITLE, KINDS, MODES, False, error.sentence)]
    return [
        SourceFacts(f"{KIND}:{k}", f"{TITLE} ({k + 1})" if k else TITLE, KINDS, MODES)
        for k in range(count)
    ]


def open_source(address: str, settings: CaptureSettings) -> Azure:
    """Open Azure Kinect number ``address`` (0 where empty).

    UsageError: no number; WrongMode: a size or rate that it has not; MissingError: no interpreter,
    no driver in it, no sensor; SourceBusy: another program has it.
    """
    if address and not address.isdecimal():
        raise UsageError(f'"{address}" is no number of an {TITLE}.', remedy="The first is 0.")
    size = (settings.width or 1280, settings.height or 720)
    fps = round(settings.fps) or 30
    if size not in RESOLUTIONS or fps not in RATES:
        raise WrongMode(
            f"{TITLE} gives no {size[0]}x{size[1]} at {fps} fps.",
            remedy=f"Choose {', '.join(MODES)}; 5 and 15 fps are there, too.",
            nearest=replace(settings, width=1280, height=720, fps=30.0),
        )
    told = ["open", address or "0", RESOLUTIONS[size], str(fps)]
    return Azure(AzureProcess(azure_python(), told), settings.mirror is not False)


class Azure:
    """An open Azure Kinect; see ``Source``."""

    title = TITLE

    def __init__(self, process: AzureProcess, mirrored: bool) -> None:
        self._process, self.mirrored = process, mirrored
        try:
            opened = process.wait_for("opened", START_S).header
            matrix = np.array(opened["matrix"], dtype=np.float64)
            self._size = size = (int(opened["width"]), int(opened["height"]))
            camera = sensor_camera(
                size,
                (matrix[0, 0], matrix[1, 1]),
                (matrix[0, 2], matrix[1, 2]),
                [float(value) for value in opened["distortion"]],
                mirrored=mirrored,
            )
        except BaseException:
            process.close()
            raise
        self.cameras: Mapping[str, Camera] = {"color": camera, "depth": camera}
        rate = float(opened["fps"])
        self.streams = (
            StreamSpec("color", StreamKind.COLOR, *size, rate),
            StreamSpec("depth", StreamKind.DEPTH, *size, rate),
        )
        self._clock = SensorClock()

    def read(self, timeout_s: float) -> list[Captured]:
        """See ``Source.read``. SourceLost: unplugged, silent, or its process ended."""
        message = self._process.next(timeout_s)
        if message is None or message.header["kind"] != "frames":
            return []
        return [self._captured(message, name) for name in message.arrays]

    def _captured(self, message: Message, name: str) -> Captured:
        arrived_ns = message.arrived_ns
        ours = self._clock.ours(name, message.times_us[name] * US, arrived_ns)
        data = message.arrays[name]
        pixels = _decoded(data, self._size) if name == "color" else data
        return Captured(name, ours, arrived_ns, picture(pixels, self.mirrored))

    @property
    def dropped(self) -> Mapping[str, int]:
        """See ``Source``."""
        return dict.fromkeys(("color", "depth"), self._process.dropped)

    def close(self) -> None:
        """See ``Source.close``."""
        self._process.close()


def _decoded(data: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """(H, W, 3) uint8 RGB of a JPEG."""
    found = cv2.imdecode(data.reshape(-1), cv2.IMREAD_COLOR_RGB)
    if found is None or found.shape[:2] != size[::-1]:
        raise DataError(f"{TITLE} sent a colour picture that is damaged.")
    return found
