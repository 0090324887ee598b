"""Ten minutes of full HD: as many windows as there should be, and no more memory than for one."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harstudio.recognition.recognise import Question, recognise
from harstudio.recognition.trained import TrainedNetwork, load_run
from harstudio.recognition.windows import Sliding
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import (
    Body,
    PictureStream,
    SkeletonFrame,
    SkeletonStream,
    StreamKind,
    evenly,
)
from job_context import Heard
from trained_runs import write_run

RATE = 30
HEIGHT, WIDTH, JOINTS = 1080, 1920, 20
MIB = 1 << 20


class Shown:
    """Makes every frame when it is asked for, as a decoder does."""

    def __init__(self, make: Callable[[int], Any]) -> None:
        self._make = make
        self.read_frames: list[int] = []

    def read(self, index: int) -> Any:
        self.read_frames.append(index)
        return self._make(index)

    def read_run(self, index: int) -> Iterator[tuple[int, Any]]:
        yield index, self.read(index)

    def close(self) -> None:
        """Nothing is open."""


def picture(index: int) -> np.ndarray:
    shown = np.full((HEIGHT, WIDTH, 3), index % 256, dtype=np.uint8)
    shown[300:800, 800:1100] = 200
    return shown


def people(index: int) -> SkeletonFrame:
    angles = np.linspace(0, 2 * np.pi, JOINTS, endpoint=False)
    joints = np.stack([np.cos(angles), np.sin(angles + index / 30), np.full(JOINTS, 2.5)], axis=1)
    pixels = np.stack([960 + 100 * np.cos(angles), 540 + 250 * np.sin(angles)], axis=1)
    return SkeletonFrame(
        (
            Body(
                "1",
                joints.astype(np.float32),
                np.full(JOINTS, 2, dtype=np.uint8),
                color_px=pixels.astype(np.float32),
            ),
        )
    )


def long_recording(seconds: int) -> Recording:
    times = evenly(seconds * RATE, RATE)
    color = PictureStream(
        "color", StreamKind.COLOR, times, Shown(picture), width=WIDTH, height=HEIGHT, dtype="uint8"
    )
    skeleton = SkeletonStream(
        "skeleton", times, Shown(people), topology="utd_mhad_20", joints=JOINTS, max_bodies=1
    )
    return Recording("long", "made", Path("long"), {"color": color, "skeleton": skeleton})


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainedNetwork:
    folder = tmp_path_factory.mktemp("run")
    tables = {"skeleton": {"frames": 16, "bodies": 1}, "picture": {"size": 64}}
    write_run(folder, "mmff-lite", modalities=("color", "skeleton"), overrides=tables, usual_s=2.5)
    return load_run(folder)


def peak(trained: TrainedNetwork, seconds: int) -> float:
    """Most MiB that were held at once while a recording was recognised and explained."""
    recording = long_recording(seconds)
    tracemalloc.start()
    question = Question(Sliding(window_s=10.0, stride_s=10.0), explain=True)
    said = recognise(trained, recording, Heard(), question)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(said.windows) == seconds // 10
    assert isinstance(recording.streams["color"].reader, Shown)
    assert recording.streams["color"].reader.read_frames == [
        150 + 300 * k for k in range(seconds // 10)
    ]
    return most / MIB


def assert_no_more_memory(trained: TrainedNetwork, seconds: int) -> None:
    short, long = peak(trained, 10), peak(trained, seconds)
    one_picture = HEIGHT * WIDTH * 3 / MIB
    print(f"{short:.1f} MiB for ten seconds, {long:.1f} MiB for {seconds} seconds")
    assert long < short + one_picture


def test_a_long_recording_takes_no_more_memory_than_a_short_one(trained: TrainedNetwork) -> None:
    assert_no_more_memory(trained, 80)


@pytest.mark.slow
def test_ten_minutes_take_no_more_memory_than_ten_seconds(trained: TrainedNetwork) -> None:
    assert_no_more_memory(trained, 600)


@pytest.mark.slow
def test_ten_minutes_with_the_usual_windows(trained: TrainedNetwork) -> None:
    heard = Heard()
    said = recognise(trained, long_recording(600), heard)
    assert len(said.windows) == 957
    assert heard.pauses == 957
    assert said.segments[-1].end_ns == said.windows[-1].end_ns
