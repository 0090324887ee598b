"""A camera whose device is a text file: the source "unit.live.file_camera:PATH".

The words in the file say how the camera is: "steady 32" (pixels wide), "storm", "ahead" and "back"
(its clock is set), "hangs", "exits", "crashes". No file: it is not plugged in. PATH.busy: another
program has it. It gives 32 x 24 or 48 x 24 pixels, and 32 where more is asked for.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from harstudio.errors import MissingError
from harstudio.live import capturing
from harstudio.live.sources.source import (
    Captured,
    CaptureSettings,
    SourceBusy,
    SourceLost,
    WrongMode,
)
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import StreamKind

capturing.AGAIN_S, capturing.READ_HANG_S = 0.05, 2.0  # tests wait less than people
CLOCKS = {"ahead": 3600_000_000_000, "back": -3600_000_000_000}


def open_source(address: str, settings: CaptureSettings) -> FileCamera:
    device = Path(address)
    if not device.exists():
        raise MissingError("The camera is not plugged in.", remedy="Plug it in.")
    if Path(f"{device}.busy").exists():
        raise SourceBusy("The camera is in use.", remedy="Close the other program.")
    if settings.width > 48:
        nearest = replace(settings, width=32)
        raise WrongMode(f"It gives 32 pixels, not {settings.width}.", nearest=nearest)
    return FileCamera(device)


class FileCamera:
    title, mirrored = "File camera", True

    def __init__(self, device: Path) -> None:
        self._device = device
        self._width = 48 if "48" in device.read_text() else 32
        self.cameras: dict[str, object] = {}
        self.dropped = {"color": 0}
        self.streams = (StreamSpec("color", StreamKind.COLOR, self._width, 24, dtype="uint8"),)

    def read(self, timeout_s: float) -> list[Captured]:
        try:
            word, *_ = self._device.read_text().split()
        except (OSError, ValueError):
            raise SourceLost("The camera was unplugged.", remedy="Plug it in.") from None
        if word == "hangs":
            time.sleep(1000)
        elif word == "exits":
            os._exit(7)
        elif word == "crashes":
            os.abort()
        elif word != "storm":
            time.sleep(0.025)
        now = time.monotonic_ns()
        picture = np.zeros((24, self._width, 3), np.uint8)
        return [Captured("color", now - 4_000_000 + CLOCKS.get(word, 0), now, picture)]

    def close(self) -> None:
        """Nothing is held."""
