"""RealSense with the SDK itself: its software device writes a recording, which is played."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harstudio.errors import DataError, MissingError
from harstudio.live.sources.sensors import realsense
from harstudio.live.sources.source import Captured, CaptureSettings, SourceEnded
from harstudio.recordings.streams import StreamKind

WIDTH, HEIGHT, FRAMES = 640, 480, 10

pytestmark = pytest.mark.skipif(
    sys.platform == "darwin" and importlib.util.find_spec("pyrealsense2") is None,
    reason="pyrealsense2 has no wheels for macOS",
)


def color_of(number: int) -> np.ndarray[Any, Any]:
    color = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    color[:, : WIDTH // 2] = (number, 10, 200)
    return color


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames of colour and depth (1000 mm + number), 30 a second, by one pinhole camera."""
    import pyrealsense2 as rs

    path = tmp_path_factory.mktemp("realsense") / "made.db3"
    device = rs.software_device()
    lens = rs.intrinsics()
    lens.width, lens.height = WIDTH, HEIGHT
    lens.fx, lens.fy, lens.ppx, lens.ppy = 610, 611, 321, 238
    lens.model = rs.distortion.brown_conrady
    sensors = []
    depth, color = (rs.stream.depth, rs.format.z16, 2), (rs.stream.color, rs.format.rgb8, 3)
    for uid, (name, (kind, pixels, size)) in enumerate((("Depth", depth), ("Color", color))):
        sensor = device.add_sensor(name)
        video = rs.video_stream()
        video.type, video.fmt, video.bpp, video.uid = kind, pixels, size, uid
        video.width, video.height, video.fps, video.intrinsics = WIDTH, HEIGHT, 30, lens
        profile = sensor.add_video_stream(video).as_video_stream_profile()
        sensors.append((sensor, profile, size))
    sensors[0][0].add_read_only_option(rs.option.depth_units, 0.001)
    aside = rs.extrinsics()
    aside.rotation, aside.translation = [1, 0, 0, 0, 1, 0, 0, 0, 1], [0, 0, 0]
    sensors[0][1].register_extrinsics_to(sensors[1][1], aside)
    recorder = rs.recorder(str(path), device)
    kept = rs.syncer(100)
    for sensor, profile, _ in sensors:
        sensor.open(profile)
        sensor.start(kept)
    for number in range(FRAMES):
        far = np.full((HEIGHT, WIDTH), 1000 + number, np.uint16)
        far[:, :10] = 0
        for (sensor, profile, size), data in zip(sensors, (far, color_of(number)), strict=True):
            frame = rs.software_video_frame()
            frame.pixels, frame.stride, frame.bpp = data, WIDTH * size, size
            frame.timestamp, frame.frame_number = 1000 + number * 100 / 3, number
            frame.domain, frame.profile = rs.timestamp_domain.hardware_clock, profile
            sensor.on_video_frame(frame)
        time.sleep(0.01)  # what is not yet written is left out by the SDK's recorder
    for sensor, _, _ in sensors:
        sensor.stop()
        sensor.close()
    recorder.pause()
    del recorder
    return path


def test_a_recording_gives_every_frame_exactly_at_its_time(recording: Path) -> None:
    source = realsense.open_source(str(recording), CaptureSettings())
    came: dict[str, list[Captured]] = {"color": [], "depth": []}
    with contextlib.closing(source), contextlib.suppress(SourceEnded):
        while True:
            for frame in source.read(0.25):
                came[frame.stream].append(frame)
    assert [spec.kind for spec in source.streams] == [StreamKind.COLOR, StreamKind.DEPTH]
    assert (source.cameras["depth"].fx, source.cameras["depth"].fy) == (610, 611)
    assert (source.cameras["color"].cx, source.cameras["color"].cy) == (WIDTH - 1 - 321, 238)
    assert len(came["color"]) == len(came["depth"]) == FRAMES
    for number, (color, depth) in enumerate(zip(came["color"], came["depth"], strict=True)):
        np.testing.assert_array_equal(color.data, color_of(number)[:, ::-1])
        filled = depth.data[depth.data > 0]
        assert set(filled.tolist()) == {1000 + number}
        assert filled.size > 0.9 * depth.data.size
        assert not depth.data[:, -10:].any()  # the left edge lies right in a mirror
        assert color.time_ns <= color.captured_ns
    for frames in came.values():
        steps = np.diff([frame.time_ns for frame in frames])
        np.testing.assert_allclose(steps, 1e9 / 30, atol=2)


def test_a_recording_begins_again_where_that_is_asked_for(recording: Path) -> None:
    source = realsense.open_source(str(recording), CaptureSettings(loop=True, mirror=False))
    seen: list[Captured] = []
    with contextlib.closing(source):
        while len(seen) < FRAMES + 5:
            seen += [frame for frame in source.read(0.25) if frame.stream == "depth"]
    assert [int(frame.data.max()) for frame in seen] == [
        1000 + number % FRAMES for number in range(len(seen))
    ]
    assert (np.diff([frame.time_ns for frame in seen]) > 0).all()
    assert not source.mirrored
    assert not seen[0].data[:, :10].any()
    assert source.cameras["color"].cx == 321


def test_what_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.db3").write_text("no recording")
    with pytest.raises(DataError, match=r"text\.db3"):
        realsense.open_source(str(tmp_path / "text.db3"), CaptureSettings())
    with pytest.raises(MissingError, match=r"none\.db3"):
        realsense.open_source(str(tmp_path / "none.db3"), CaptureSettings())
