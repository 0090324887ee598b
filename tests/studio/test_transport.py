"""The transport against a clock of the test's own."""

from __future__ import annotations

import pytest

from harstudio.studio.transport import Transport

SECOND = 1_000_000_000


class FakeClock:
    def __init__(self) -> None:
        self.now = 5 * SECOND

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def transport(qapp, clock) -> Transport:
    made = Transport(now_ns=clock)
    made.set_range(0, 10 * SECOND)
    yield made
    made.pause()


def advance(transport: Transport, clock: FakeClock, seconds: float) -> None:
    clock.now += round(seconds * SECOND)
    transport.tick()


def test_plays_by_the_clock_and_not_by_ticks(transport, clock):
    transport.play()
    for _ in range(3):
        advance(transport, clock, 1 / 3)
    advance(transport, clock, 2.5)
    assert transport.position_ns == round(SECOND / 3) * 3 + round(2.5 * SECOND)


def test_speed_and_backwards(transport, clock):
    transport.seek(4 * SECOND)
    transport.set_rate(0.5)
    transport.play()
    advance(transport, clock, 2)
    assert transport.position_ns == 5 * SECOND
    transport.set_rate(-2.0)
    advance(transport, clock, 1)
    assert transport.position_ns == 3 * SECOND


def test_stops_at_the_last_moment_and_starts_again_from_the_front(transport, clock):
    changes = []
    transport.playing_changed.connect(changes.append)
    transport.seek(9 * SECOND)
    transport.play()
    advance(transport, clock, 3)
    assert transport.position_ns == 10 * SECOND - 1
    assert changes == [True, False]
    transport.play()
    assert transport.position_ns == 0


def test_stops_at_the_front_when_playing_backwards(transport, clock):
    transport.seek(SECOND)
    transport.set_rate(-1.0)
    transport.play()
    advance(transport, clock, 2)
    assert transport.position_ns == 0
    assert not transport.playing


@pytest.mark.parametrize(("rate", "expected_s"), [(1.0, 2.5), (-1.0, 3.5)])
def test_a_loop_keeps_the_beat_across_its_end(transport, clock, rate, expected_s):
    transport.set_loop((2 * SECOND, 4 * SECOND))
    transport.seek(3 * SECOND)
    transport.set_rate(rate)
    transport.play()
    advance(transport, clock, 1.5)
    assert transport.position_ns == expected_s * SECOND
    advance(transport, clock, 2)
    assert transport.position_ns == expected_s * SECOND
    assert transport.playing


def test_seeking_while_playing_goes_on_from_there(transport, clock):
    transport.play()
    transport.seek(7 * SECOND)
    advance(transport, clock, 1)
    assert transport.position_ns == 8 * SECOND


def test_positions_beyond_32_bits_arrive_whole(transport):
    seen = []
    transport.moved.connect(seen.append)
    transport.seek(9_123_456_789)
    assert seen == [9_123_456_789]


def test_stays_within_the_recording(transport):
    transport.seek(-5)
    assert transport.position_ns == 0
    transport.seek(99 * SECOND)
    assert transport.position_ns == 10 * SECOND - 1


def test_nothing_to_play(qapp, clock):
    empty = Transport(now_ns=clock)
    empty.play()
    assert not empty.playing


def test_a_loop_without_length_is_no_loop(transport):
    transport.set_loop((3, 3))
    assert transport.loop is None
