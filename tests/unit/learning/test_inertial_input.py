"""The inertial input: units, time, gaps, what training draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from clips import recording
from harstudio.errors import DataError
from harstudio.learning.inputs.inertial import InertialInput, make, read
from harstudio.learning.inputs.places import Made, Stretch
from harstudio.recordings.formats import open_recording
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SampledStream, StreamKind, evenly

PERIOD = 20_000_000


def signal(count: int = 51) -> NDArray[Any]:
    """Channel c of sample k is k + 100 c."""
    return np.arange(count)[:, None] + 100.0 * np.arange(6)


def prepared(values: NDArray[Any], rng: int | None = None, **keys: Any) -> Made:
    chosen = InertialInput(**keys)
    made = recording(None, inertial=values)
    seen = read(Stretch(made, 0, 10**12, None), chosen)
    return make(seen, chosen, None if rng is None else np.random.default_rng(rng))


def test_linear_in_time_from_the_first_sample_to_the_last() -> None:
    out = prepared(signal(), frames=101)
    assert out.values.shape == (6, 101)
    assert out.values.dtype == np.float32
    assert out.times_ns is not None
    assert out.times_ns.tolist() == (np.arange(101) * PERIOD // 2).tolist()
    steps = np.arange(101) / 2
    for channel in range(6):
        unit = 1 if channel < 3 else np.pi / 180  # degrees a second are told in radians
        np.testing.assert_allclose(
            out.values[channel], (steps + 100 * channel) * unit, rtol=1e-5, atol=1e-5
        )


def test_only_samples_of_the_stretch() -> None:
    made = recording(None, inertial=signal())
    seen = read(Stretch(made, 10 * PERIOD, 20 * PERIOD, None), InertialInput())
    assert seen.values[:, 0].tolist() == list(range(10, 20))
    with pytest.raises(DataError, match="no inertial sample in this clip"):
        read(Stretch(made, 10**11, 10**12, None), InertialInput())


def test_what_is_no_number_is_filled_in() -> None:
    values = signal(11)
    values[4:6, 0] = np.nan
    values[0, 1] = np.inf
    values[:, 2] = np.nan
    out = prepared(values, frames=11).values
    np.testing.assert_allclose(out[0], np.arange(11), atol=1e-5)
    np.testing.assert_allclose(out[1], [101, *range(101, 111)], atol=1e-4)
    assert not out[2].any()


@pytest.mark.parametrize("count", [1, 2])
def test_very_few_samples(count: int) -> None:
    for rng in (None, 3):
        out = prepared(signal(count), rng, frames=7, crop=(0.3, 1.0)).values
        assert out.shape == (6, 7)
        assert (np.diff(out[0]) >= 0).all()
        assert 0 <= out[0].min() <= out[0].max() <= count - 1


def test_uneven_times_count_as_they_are() -> None:
    times = np.array([0, 1, 2, 10], dtype=np.int64) * PERIOD
    stream = SampledStream(
        "inertial", StreamKind.INERTIAL, times, np.tile(times[:, None] / PERIOD, 6),
        channels=("gx", "gy", "gz", "ax", "ay", "az"),
    )  # fmt: skip
    made = Recording("made", "test", Path("made"), {"inertial": stream})
    out = make(
        read(Stretch(made, 0, 10**12, None), InertialInput()), InertialInput(frames=11), None
    )
    np.testing.assert_allclose(out.values[0], np.arange(11), atol=1e-5)
    np.testing.assert_allclose(out.values[5], np.arange(11) * np.pi / 180, atol=1e-5)


def test_channels_are_known_by_their_names() -> None:
    stream = SampledStream(
        "imu", StreamKind.INERTIAL, evenly(9, 50), np.zeros((9, 3)), channels=("ax", "ay", "az")
    )
    made = Recording("made", "test", Path("made"), {"imu": stream})
    with pytest.raises(DataError, match="no channel gx"):
        read(Stretch(made, 0, 10**12, None), InertialInput())
    with pytest.raises(DataError, match="no inertial sensor"):
        read(Stretch(recording([[]]), 0, 10**12, None), InertialInput())


def test_training_takes_a_share_and_scales() -> None:
    shares, factors, starts = [], [], []
    for k in range(200):
        out = prepared(signal(), k, frames=32, crop=(0.5, 0.8), scale=(0.9, 1.1))
        assert out.times_ns is not None
        at = out.times_ns / PERIOD
        shares.append((at[-1] - at[0]) / 50)
        starts.append(at[0])
        assert 0 <= at[0] < at[-1] <= 50
        factor = out.values[0, -1] / at[-1]
        factors.append(factor)
        for channel in range(3):
            np.testing.assert_allclose(
                out.values[channel], (at + 100 * channel) * factor, rtol=1e-4
            )
    assert 0.49 < min(shares) < 0.52
    assert 0.78 < max(shares) < 0.81
    assert 0.89 < min(factors) < 0.92
    assert 1.08 < max(factors) < 1.11
    assert min(starts) < 2
    assert max(starts) > 20


def test_nothing_is_drawn_unless_it_is_asked_for() -> None:
    np.testing.assert_array_equal(prepared(signal()).values, prepared(signal(), 3).values)


def test_a_real_trial(utd_mhad: Path) -> None:
    """Gravity is about one g, and turning is in radians."""
    with open_recording(utd_mhad / "Inertial" / "a1_s1_t1_inertial.mat") as real:
        seen = read(Stretch(real, 0, 10**12, None), InertialInput())
        samples = real.streams["inertial"]
        assert isinstance(samples, SampledStream)
        out = make(seen, InertialInput(frames=len(samples)), None)
    np.testing.assert_allclose(out.values[:3], samples.values[:, :3].T, atol=0.05)
    assert 0.7 < np.median(np.linalg.norm(out.values[:3], axis=0)) < 1.4
    assert 1 < np.abs(out.values[3:]).max() < 20
