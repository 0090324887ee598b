"""Recordings and their streams, without files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SampledStream, StreamKind


def signal(times: list[int], values: list[float]) -> SampledStream:
    return SampledStream(
        "wrist",
        StreamKind.INERTIAL,
        np.array(times, dtype=np.int64),
        np.array(values, dtype=np.float32).reshape(-1, 1),
        channels=("ax",),
    )


def test_a_stream_that_is_not_there_is_told_with_those_that_are() -> None:
    recording = Recording("r", "test", Path("r"), {"wrist": signal([0, 10], [0, 1])})
    with pytest.raises(KeyError, match=r"no stream 'color'; there are: wrist\."):
        recording.streams["color"]
    assert recording.streams.get("color") is None
    assert "color" not in recording.streams
    with pytest.raises(KeyError, match="there are: none"):
        Recording("r", "test", Path("r"), {}).streams["color"]


def test_signals_are_linear_between_samples() -> None:
    stream = signal([0, 100, 200, 300], [0.0, 1.0, -1.0, 3.0])
    asked = np.array([0, 25, 100, 150, 300])
    assert stream.interpolate(asked)[:, 0].tolist() == [0.0, 0.25, 1.0, 0.0, 3.0]


def test_signals_are_unknown_outside_and_across_gaps() -> None:
    times = [0, 100, 200, 300, 400, 1000, 1100, 1200]  # five samples are lost
    stream = signal(times, list(map(float, range(8))))
    values = stream.interpolate(np.array([-1, 400, 700, 1050, 1201]))[:, 0]
    assert np.isnan(values).tolist() == [True, False, True, False, True]
    stream.align(offset_ns=50)
    assert stream.interpolate(np.array([100]))[0, 0] == 0.5


def test_a_signal_of_one_sample_or_none() -> None:
    assert signal([5], [2.0]).interpolate(np.array([4, 5]))[1, 0] == 2.0
    assert np.isnan(signal([], []).interpolate(np.array([4]))).all()
