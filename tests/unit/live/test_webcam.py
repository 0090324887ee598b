"""Webcams on Linux: the real OpenCV and its V4L2, on a camera that a preloaded library plays."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from harstudio.errors import MissingError, UsageError
from harstudio.live.sources import open_source, v4l2
from harstudio.live.sources.source import CaptureSettings

CODE = Path(__file__).parent / "v4l2_camera.c"
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Video4Linux")
SCRIPT = """
import os, sys, time
from pathlib import Path
from harstudio.live.sources import v4l2
from harstudio.live.sources.source import *
from harstudio.live.sources.webcam import open_source
device = Path(sys.argv[1])
print(v4l2.look_at(device))
try:
    open_source(str(device), CaptureSettings())
except SourceBusy as error:
    print(error.sentence)
Path(f"{device}.busy").unlink()
try:
    open_source(str(device), CaptureSettings(width=1920, height=1080))
except WrongMode as error:
    print(error.sentence)
    assert (error.nearest.width, error.nearest.fps) == (1280, 30.0)
source = open_source(str(device), CaptureSettings())
frames = []
while len(frames) < 5:
    frames += source.read(5.0)
last = frames[-1]
print(source.streams[0].width, source.mirrored, last.data[360, 320, 0] < 90, last.data[360, 960, 0])
print("age", round((last.captured_ns - last.time_ns) / 1e6))
device.unlink()
try:
    while True:
        source.read(0.2)
except SourceLost as error:
    print(error.sentence)
source.close()
"""


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Path]:
    """A FIFO that gets a byte for each frame, 30 a second, until it is removed."""
    import fcntl  # not on Windows
    import termios

    device = tmp_path / "video0"
    os.mkfifo(device)
    picture = np.full((720, 1280, 3), 60, np.uint8)
    picture[:, :640] = 230  # bright on its left
    cv2.imwrite(f"{device}.jpg", picture)
    end = os.open(device, os.O_RDWR | os.O_NONBLOCK)

    def feed() -> None:
        while device.exists():
            (waiting,) = struct.unpack("i", fcntl.ioctl(end, termios.FIONREAD, bytes(4)))
            if waiting < 4:
                os.write(end, b"f")
            time.sleep(1 / 30)

    feeder = threading.Thread(target=feed)
    feeder.start()
    yield device
    device.unlink(missing_ok=True)
    feeder.join()
    os.close(end)


@LINUX
@pytest.mark.skipif(shutil.which("cc") is None, reason="the camera is compiled")
def test_opencv_reads_a_camera_that_is_busy_asked_for_too_much_and_unplugged(
    camera: Path, tmp_path: Path
) -> None:
    library = tmp_path / "camera.so"
    command = ["cc", "-shared", "-fPIC", str(CODE), "-o", str(library), "-ldl"]
    subprocess.run(command, check=True)
    Path(f"{camera}.busy").touch()
    given = dict(os.environ) | {"LD_PRELOAD": str(library), "V4L2_CAMERA": str(camera)}
    command = [sys.executable, "-c", SCRIPT, str(camera)]
    ran = subprocess.run(command, env=given, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    facts, busy, wrong, picture, age, lost = ran.stdout.splitlines()
    assert "modes=('1280x720 at 30 fps', '640x480 at 30 fps'), available=True" in facts
    assert busy.startswith(f"The camera {camera} is in use by ")
    assert wrong == "Webcam video0 gives no 1920x1080; it gives 1280x720 at 30 fps. That is taken."
    width, mirrored, dark, bright = picture.split()
    assert (width, mirrored, dark) == ("1280", "True", "True")  # what was bright is on the right
    assert int(bright) > 200
    assert int(age.split()[1]) >= 25  # the buffer's own time
    assert lost == "Webcam video0 was unplugged. Plug it in again; it goes on by itself."


@LINUX
def test_a_camera_that_is_not_there_or_not_ours_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(v4l2, "DEVICES", tmp_path)
    with pytest.raises(MissingError, match="There is no camera at all"):
        open_source("webcam:0", CaptureSettings())
    (tmp_path / "video2").touch()
    with pytest.raises(MissingError, match=r"There are webcam:2\."):
        open_source("webcam:0", CaptureSettings())
    (facts,) = v4l2.find_cameras()  # a plain file answers no questions
    assert not facts.available
    assert "does not answer" in facts.reason
    with pytest.raises(UsageError, match="is no camera"):
        open_source("webcam:front", CaptureSettings())
