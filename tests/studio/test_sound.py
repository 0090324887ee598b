"""Sound follows the transport's clock, sample by sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harstudio.recordings.audio import AudioStream
from harstudio.recordings.recording import Recording
from harstudio.studio.sound import NO_DEVICE, Sound
from harstudio.studio.transport import Transport

RATE = 8000
SECOND = 1_000_000_000


class Ramp:
    """Sample k has the value k: what was written tells where it came from."""

    sample_rate, channels, count, path = RATE, 1, 3 * RATE, Path("ramp.wav")

    def samples(self, start, stop):
        return np.arange(start, min(stop, self.count), dtype=np.int16)[:, None]

    def close(self):
        """Nothing is open."""


class FakeSink:
    """A device whose queue runs out when the test says so."""

    def __init__(self) -> None:
        self.queue: list[int] = []
        self.heard: list[int] = []
        self.volume = None
        self.running = False

    def start(self):
        self.running = True
        return self

    def write(self, data: bytes) -> int:
        self.queue += np.frombuffer(data, np.int16).tolist()
        return len(data)

    def bufferSize(self) -> int:  # noqa: N802
        return 2 * RATE // 10

    def bytesFree(self) -> int:  # noqa: N802
        return self.bufferSize() - 2 * len(self.queue)

    def play(self, seconds: float) -> None:
        count = round(seconds * RATE)
        self.heard += self.queue[:count]
        del self.queue[:count]

    def setVolume(self, volume: float) -> None:  # noqa: N802
        self.volume = volume

    def reset(self) -> None:
        self.queue.clear()

    def stop(self) -> None:
        self.running = False

    def deleteLater(self) -> None:  # noqa: N802
        """Python's own."""


class Bench:
    def __init__(self, qtbot, sink) -> None:
        self.now = 0
        self.sink = sink
        self.transport = Transport(now_ns=lambda: self.now)
        self.transport.set_range(0, 3 * SECOND)
        self.sound = Sound(self.transport, sink=lambda *_: sink)
        self.said: list[str] = []
        self.sound.absent.connect(self.said.append)
        stream = AudioStream("audio", Ramp())
        self.sound.set_recording(Recording("r", "made", Path("r"), {"audio": stream}))
        qtbot.waitUntil(lambda: self.sound._decoded_s == 3, timeout=3000)

    def run(self, seconds: float, device: float | None = None) -> None:
        """Let time pass in the studio and (otherwise, if told) in the device."""
        self.sink.play(seconds if device is None else device)
        self.now += round(seconds * SECOND)
        self.transport.tick()
        self.sound.feed()

    def heard_minus_shown_ms(self) -> float:
        return (self.sound.heard_ns() - self.transport.position_ns) / 1e6


@pytest.fixture
def bench(qtbot):
    made = Bench(qtbot, FakeSink())
    yield made
    made.transport.pause()
    made.sound.close()


def test_plays_the_samples_of_the_playhead(bench):
    bench.transport.seek(SECOND)
    bench.transport.play()
    for _ in range(10):
        bench.run(0.02)
    assert bench.sink.heard == list(range(RATE, RATE + round(0.2 * RATE)))
    assert bench.sound.resyncs == 0


def test_a_slow_device_is_caught_up_with(bench):
    bench.transport.play()
    worst = 0.0
    for _ in range(60):
        bench.run(0.02, device=0.018)  # a tenth too slow: 2 ms late each time
        worst = max(worst, abs(bench.heard_minus_shown_ms()))
    assert worst <= 40
    assert bench.sound.resyncs >= 2


def test_a_seek_is_heard_once_the_queue_has_run_out(bench):
    bench.transport.play()
    bench.run(0.05)
    bench.transport.seek(2 * SECOND)
    bench.sound.feed()
    bench.run(0.1)
    bench.run(0.05)
    assert bench.sink.heard[-1] >= 2 * RATE
    assert abs(bench.heard_minus_shown_ms()) <= 40


@pytest.mark.parametrize("rate", [0.5, 2.0, -1.0])
def test_silent_at_other_speeds(bench, rate):
    bench.transport.play()
    bench.run(0.02)
    bench.transport.set_rate(rate)
    assert not bench.sink.running
    assert not bench.sink.queue
    bench.transport.set_rate(1.0)
    assert bench.sink.running


def test_pause_is_silent_at_once(bench):
    bench.transport.play()
    bench.transport.pause()
    assert not bench.sink.running
    assert not bench.sink.queue


def test_silence_after_the_end_of_the_track(bench):
    bench.transport.set_range(0, 4 * SECOND)
    bench.transport.seek(3 * SECOND - SECOND // 20)
    bench.transport.play()
    bench.run(0.05)
    assert bench.sink.queue[-1] == 0


def test_volume_reaches_the_device(bench):
    bench.transport.play()
    bench.sound.set_volume(0.5)
    assert bench.sink.volume == pytest.approx(0.25)
    bench.sound.set_volume(7)
    assert bench.sound.volume == 1.0


def test_without_a_device_it_is_said_once(qtbot):
    bench = Bench(qtbot, None)
    for _ in range(3):
        bench.transport.play()
        bench.transport.pause()
    assert bench.said == [NO_DEVICE]
    bench.sound.close()
