"""Kinect v1 through the real libfreenect interface: Debian's fakenect plays a dump made here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakenect_dump import pictures, write_dump
from harstudio.live.sources.sensors import kinect1
from harstudio.live.sources.sensors.freenect import VARIABLE
from harstudio.live.sources.sensors.kinect1 import Unwrapped, raw_to_mm
from harstudio.live.sources.source import CaptureSettings, WrongMode
from harstudio.live.stage import Stage
from harstudio.live.streams import LiveStream, spec_from_payload
from live_ear import Ear

FAKENECT = next(Path("/usr/lib").glob("*/fakenect/libfreenect.so.0.5"), Path("not installed"))
CAPTURE = "harstudio.live.capturing:capture"
MOMENTS = 8  # what a capture process lets through at once, should the machine hang for a while

needs_fakenect = pytest.mark.skipif(
    shutil.which("apt-get") is None, reason="fakenect is a package of Debian and Ubuntu"
)


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def stage(ear: Ear, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Stage]:
    """The capture process, with fakenect and tmp_path/dump for a sensor."""
    monkeypatch.setenv(VARIABLE, str(FAKENECT))
    monkeypatch.setenv("FAKENECT_PATH", str(tmp_path / "dump"))
    made = Stage("capture", ear)
    yield made
    made.stop()
    made.wait(10.0)


@needs_fakenect
def test_frames_are_exact_and_in_order_and_the_end_of_a_sensor_is_told(
    stage: Stage, ear: Ear, tmp_path: Path
) -> None:
    write_dump(tmp_path / "dump", MOMENTS, first_tick=(1 << 32) - 5_000_000)  # the counter wraps
    stage.run(CAPTURE, {"source": "kinect1:0", "settings": CaptureSettings().to_payload()})
    opened = ear.until("opened")
    assert opened["mirrored"]
    streams = {one["name"]: LiveStream.create(spec_from_payload(one)) for one in opened["streams"]}
    try:
        stage.say("rings", {"streams": [stream.to_payload() for stream in streams.values()]})
        for name, stream in streams.items():
            ear.wait_for(lambda stream=stream: stream.newest() >= MOMENTS - 1)
            frames = [stream.read(number) for number in range(MOMENTS)]
            for number, frame in enumerate(frames):
                color, depth = pictures(number)
                seen = color if name == "color" else raw_to_mm()[depth]
                assert frame is not None
                np.testing.assert_array_equal(frame.data, seen[:, ::-1])
            times = [frame.time_ns for frame in frames if frame is not None]
            assert times == sorted(set(times))
        assert ear.until("source", lambda told: told["state"] == "lost")["remedy"]
    finally:
        for stream in streams.values():
            stream.close()


@needs_fakenect
def test_a_library_that_calls_exit_ends_its_own_process_alone(stage: Stage, ear: Ear) -> None:
    stage.run(CAPTURE, {"source": "kinect1", "settings": CaptureSettings().to_payload()})
    specs = [spec_from_payload(one) for one in ear.until("opened")["streams"]]
    streams = [LiveStream.create(spec) for spec in specs]
    try:
        stage.say("rings", {"streams": [stream.to_payload() for stream in streams]})
        died: dict[str, Any] = ear.until("died")
        assert "ended with exit code 1" in died["sentence"]
        ear.until("opened", count=2)  # and another process has tried again
    finally:
        for stream in streams:
            stream.close()


def test_without_the_library_the_reason_and_the_remedy_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none.so"))
    (facts,) = kinect1.find()
    assert not facts.available
    assert VARIABLE in facts.reason
    with pytest.raises(WrongMode) as wrong:
        kinect1.open_source("", CaptureSettings(width=1280, height=720))
    assert wrong.value.nearest == CaptureSettings(width=640, height=480, fps=30)


def test_eleven_bits_as_millimetres_and_a_counter_that_wraps() -> None:
    assert raw_to_mm()[[0, 600, 1000, 2047]].tolist() == [305, 706, 3779, 0]
    counter = Unwrapped()
    given = [(1 << 32) - 10, 20, 15, 1 << 31]
    told = [counter.total(ticks) for ticks in given]
    assert np.diff(told).tolist() == [30, -5, (1 << 31) - 15]
