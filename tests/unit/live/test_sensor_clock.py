"""A sensor's clock on ours: delays do not shake it, drift is followed, a jump is taken up."""

from __future__ import annotations

import numpy as np

from harstudio.live.sources.sensor_clock import WINDOW_NS, SensorClock

MS = 1_000_000
PERIOD = 33_366_700
START = 5_000_000_000_000  # of our clock; the sensor began at 0
LEAST = 12 * MS  # from the sensor to us


def arrivals(count: int, ppm: float = 0.0) -> tuple[list[int], list[int]]:
    """Stamps of a sensor whose clock is so many parts in a million slow, and arrivals."""
    late = np.random.default_rng(4).exponential(8 * MS, count).astype(int)
    late[::7] = 0
    stamps = [round(number * PERIOD * (1 - ppm / 1e6)) for number in range(count)]
    return stamps, [START + number * PERIOD + LEAST + int(late[number]) for number in range(count)]


def test_late_frames_keep_their_times() -> None:
    clock = SensorClock()
    stamps, came = arrivals(90)
    told = [clock.ours("depth", stamp, now) for stamp, now in zip(stamps, came, strict=True)]
    np.testing.assert_array_equal(np.diff(told), PERIOD)
    assert told[0] == came[0]  # the first one was as quick as any
    assert all(time <= now for time, now in zip(told, came, strict=True))


def test_drift_is_followed() -> None:
    clock = SensorClock()
    stamps, came = arrivals(3600, ppm=200)  # 24 ms in two minutes
    told = [clock.ours("depth", stamp, now) for stamp, now in zip(stamps, came, strict=True)]
    ideal = START + LEAST + np.arange(3600) * PERIOD
    behind = ideal - np.array(told)
    assert behind.min() > -MS
    assert behind.max() < 200e-6 * WINDOW_NS + MS
    assert (np.diff(told) > 0).all()


def test_a_clock_that_begins_again_is_taken_up_for_all_streams() -> None:
    clock = SensorClock()
    for number in range(10):
        clock.ours("color", 900_000 * MS + number * PERIOD, START + number * PERIOD)
    again = START + 400 * MS
    assert clock.ours("color", 0, again) == again
    assert clock.ours("depth", PERIOD, again + PERIOD + 5 * MS) == again + PERIOD
    assert clock.ours("color", 0, again + 1) == again + 1  # one time twice: still rising
