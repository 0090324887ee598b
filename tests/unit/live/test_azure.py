"""Azure Kinect: the real adapter in a child process, with a module pyk4a in the device's place."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harstudio.errors import DataError, MissingError
from harstudio.live.sources.sensors import azure
from harstudio.live.sources.sensors.azure_process import VARIABLE, read_message
from harstudio.live.sources.source import Captured, CaptureSettings, SourceBusy, SourceLost

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")

# The names of pyk4a 1.5 that the adapter uses. Four captures, then what MODE says.
STAND_IN = """
import enum, os, sys
import cv2, numpy as np
MODE = {mode!r}
class K4AException(Exception): pass
class K4ATimeoutException(K4AException): pass
ColorResolution = enum.Enum("ColorResolution", "RES_720P RES_1080P")
ImageFormat = enum.Enum("ImageFormat", "COLOR_MJPG COLOR_BGRA32")
DepthMode = enum.Enum("DepthMode", "NFOV_UNBINNED")
FPS = enum.Enum("FPS", "FPS_5 FPS_15 FPS_30")
CalibrationType = enum.Enum("CalibrationType", "DEPTH COLOR")
def connected_device_count(): return 0 if MODE == "none" else 2
class Config:
    def __init__(self, color_resolution, color_format, depth_mode, camera_fps,
                 synchronized_images_only):
        assert color_format is ImageFormat.COLOR_MJPG and camera_fps is FPS.FPS_15
        assert color_resolution is ColorResolution.RES_720P
class Calibration:
    def get_camera_matrix(self, camera):
        assert camera is CalibrationType.COLOR
        return np.array([[605.0, 0, 640.0], [0, 606.0, 360.0], [0, 0, 1]])
    def get_distortion_coefficients(self, camera):
        return np.array([0.5, -2.6, 0.0005, -0.0002, 1.5, 0.38, -2.4, 1.43])
class Capture:
    def __init__(self, number):
        color = np.zeros((720, 1280, 3), np.uint8)
        color[:, :640] = (0, 0, 40 * number)
        self.color = cv2.imencode(".jpg", color)[1].reshape(-1)
        self.transformed_depth = np.full((720, 1280), 1000 + number, np.uint16)
        self.transformed_depth[:, :100] = 0
        self.color_timestamp_usec = self.depth_timestamp_usec = 5_000_000 + number * 66_667
class PyK4A:
    serial, calibration, number = "000123", Calibration(), 0
    def __init__(self, config, device_id): assert device_id == 1
    def start(self):
        print("the driver says something on standard output", flush=True)
        if MODE == "busy": raise K4AException("cannot be opened")
    def get_capture(self, timeout):
        if self.number == 4:
            if MODE == "dies":
                sys.stderr.write("depth engine: no GPU\\n")
                sys.stderr.flush()
                os._exit(3)
            raise K4AException("unplugged")
        if self.number == 2 and MODE == "slow":
            MODE_SEEN.append(1)
            if len(MODE_SEEN) < 3: raise K4ATimeoutException()
        self.number += 1
        return Capture(self.number - 1)
MODE_SEEN = []
"""


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Names an interpreter of its own, in which pyk4a is the stand-in."""

    def make(mode: str) -> None:
        (tmp_path / "modules").mkdir()
        (tmp_path / "modules" / "pyk4a.py").write_text(STAND_IN.format(mode=mode))
        python = tmp_path / "python"
        python.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path}/modules exec {sys.executable} "$@"\n')
        python.chmod(0o755)
        monkeypatch.setenv(VARIABLE, str(python))

    return make


def open_second() -> azure.Azure:
    return azure.open_source("1", CaptureSettings(width=1280, height=720, fps=15))


def test_frames_come_through_the_adapter_exactly(device: Callable[[str], None]) -> None:
    device("slow")
    assert [facts.name for facts in azure.find()] == ["azure:0", "azure:1"]
    source = open_second()
    camera = source.cameras["depth"]
    came: dict[str, list[Captured]] = {"color": [], "depth": []}
    with contextlib.closing(source), pytest.raises(SourceLost, match="unplugged"):
        take_all(source, came)
    assert (camera.fx, camera.cx, camera.cy) == (605, 1279 - 640, 360)
    aside = camera.project(np.array([-0.5, 0.3, 1.0]))
    np.testing.assert_allclose(aside, seen_by_azure(0.5, -0.3), atol=2.0)
    assert len(came["depth"]) == 4
    for number, (color, depth) in enumerate(zip(came["color"], came["depth"], strict=True)):
        assert depth.data.dtype == np.uint16
        assert np.unique(depth.data[:, :-100]).tolist() == [1000 + number]
        assert not depth.data[:, -100:].any()
        assert np.abs(color.data[:, 700:, 0] - 40.0 * number).max() < 4  # JPEG
        assert color.data[:, :600].max() < 4
        assert depth.time_ns <= depth.captured_ns
    steps = np.diff([frame.time_ns for frame in came["depth"]])
    assert (steps > 0).all()


def take_all(source: azure.Azure, came: dict[str, list[Captured]]) -> None:
    while frames := source.read(30.0):
        for frame in frames:
            came[frame.stream].append(frame)


def seen_by_azure(x: float, y: float) -> tuple[float, float]:
    """Where k4a's own model puts a ray, x right and y down, as a pixel of the mirror image."""
    k1, k2, p1, p2, k3, k4, k5, k6 = 0.5, -2.6, 0.0005, -0.0002, 1.5, 0.38, -2.4, 1.43
    r2 = x * x + y * y
    radial = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
    u = 640 + 605 * (x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x))
    v = 360 + 606 * (y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y)
    return 1279 - u, v


@pytest.mark.parametrize(
    ("mode", "error", "words"),
    [
        ("none", MissingError, "power supply"),
        ("busy", SourceBusy, "cannot be opened"),
    ],
)
def test_why_it_does_not_open(
    device: Callable[[str], None], mode: str, error: type[Exception], words: str
) -> None:
    device(mode)
    with pytest.raises(error, match=words):
        open_second()


def test_a_driver_that_dies_is_a_sensor_that_is_lost(device: Callable[[str], None]) -> None:
    device("dies")
    source = open_second()
    with contextlib.closing(source), pytest.raises(SourceLost, match="exit code 3") as lost:
        take_all(source, {"color": [], "depth": []})
    assert "no GPU" in str(lost.value)


def test_without_the_driver_the_way_to_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert "pip install" in azure.find()[0].reason
    monkeypatch.setenv(VARIABLE, sys.executable)  # numpy 2 and no pyk4a
    (facts,) = azure.find()
    assert not facts.available
    assert "pyk4a" in facts.reason


@pytest.mark.parametrize(
    "header",
    [
        {"kind": "frames", "arrays": [{"name": "depth", "dtype": "O", "shape": [1], "time_us": 0}]},
        {
            "kind": "frames",
            "arrays": [{"name": "d", "dtype": "uint8", "shape": [-4], "time_us": 0}],
        },
        {"kind": "frames", "arrays": [{"name": "d", "dtype": "uint8", "shape": [1 << 40]}]},
        ["no header"],
    ],
)
def test_damaged_messages_are_refused(header: Any) -> None:
    text = json.dumps(header).encode()
    with pytest.raises(DataError):
        read_message(io.BytesIO(b"HSA1" + struct.pack("<I", len(text)) + text + bytes(100)))
    with pytest.raises(DataError):
        read_message(io.BytesIO(b"Traceback (most recent call last)"))
