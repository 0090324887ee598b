"""The meter's arithmetic, with panes and a clock of the test's own."""

from __future__ import annotations

import pytest

from harstudio.studio.playback_meter import PlaybackMeter
from harstudio.studio.transport import Transport
from studio.made_recording import made_recording

FRAME = 33_333_333


class Bench:
    def __init__(self) -> None:
        self.now = 0
        self.transport = Transport(now_ns=lambda: self.now)
        self.meter = PlaybackMeter(self.transport, now_ns=lambda: self.now)
        self.recording = made_recording(frames=60)
        self.transport.set_range(self.recording.start_ns, self.recording.stop_ns)
        self.meter.set_recording(self.recording)
        for name in ("color", "depth"):
            self.meter.join(name, self.recording.streams[name])

    def run(self, frames: int, late: dict[int, tuple[str, int]] | None = None) -> None:
        """Play frame by frame; late: at step k that pane paints so many frames too old."""
        for step in range(frames):
            index = self.meter._reference.nearest(self.transport.position_ns)
            pane, lag = (late or {}).get(step, ("", 0))
            for name in ("color", "depth"):
                self.meter.painted(name, index - (lag if name == pane else 0))
            self.now += FRAME
            self.transport.tick()


@pytest.fixture
def bench(qapp):
    made = Bench()
    yield made
    made.transport.pause()


def test_everything_on_time(bench):
    bench.transport.play()
    bench.run(31)
    summary = bench.meter.summary()
    assert (summary.due, summary.share_on_time, summary.skew_ns) == (30, 1.0, 0)
    assert summary.fps == pytest.approx(30, rel=0.05)
    assert bench.meter.text() == "30/30 fps"


def test_a_late_pane_costs_its_frame_and_shows_as_difference(bench):
    bench.transport.play()
    bench.run(31, late={4: ("depth", 2), 9: ("color", 1)})
    summary = bench.meter.summary()
    assert (summary.due, summary.on_time) == (30, 28)
    assert summary.skew_ns == pytest.approx(2 * FRAME, abs=3)


def test_a_stall_counts_every_frame_it_swallowed(bench):
    bench.transport.play()
    bench.run(5)
    bench.now += 4 * FRAME
    bench.transport.tick()
    bench.run(6)
    summary = bench.meter.summary()
    assert summary.due - summary.on_time == 4


def test_a_loop_is_no_stall(bench):
    bench.transport.set_loop((0, 50 * FRAME))
    bench.transport.play()
    bench.run(120)
    summary = bench.meter.summary()
    assert summary.share_on_time == 1.0
    assert summary.due >= 114


def test_hidden_panes_are_not_waited_for(bench):
    bench.meter.leave("depth")
    bench.transport.play()
    for _ in range(11):
        index = bench.meter._reference.nearest(bench.transport.position_ns)
        bench.meter.painted("color", index)
        bench.now += FRAME
        bench.transport.tick()
    assert bench.meter.summary().share_on_time == 1.0


def test_nothing_counts_while_paused_or_fast(bench):
    bench.transport.seek(5 * FRAME)
    bench.transport.set_rate(4.0)
    bench.transport.play()
    bench.run(8)
    assert bench.meter.summary().due == 0
    assert bench.meter.text() == ""


def test_what_stood_there_before_a_loop_is_no_difference(bench):
    bench.transport.set_loop((0, 50 * FRAME))
    bench.transport.play()
    bench.run(50)  # the last one wraps
    bench.meter.painted("color", 0)  # depth still shows the end
    bench.now += FRAME // 4
    bench.transport.tick()
    assert bench.meter.summary().skew_ns == 0
