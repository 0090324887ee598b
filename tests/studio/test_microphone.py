"""Sound of the microphone: blocks that join, and the machine's clock where they cannot."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from harstudio.live.streams import LiveStream
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import SECOND_NS, StreamKind
from harstudio.studio.live.recording.microphone import (
    BLOCK,
    RATE,
    Microphone,
    SoundBlocks,
    microphone_spec,
)

SPEC = StreamSpec("audio", StreamKind.AUDIO, sample_rate=RATE, channels=("mono",))


def test_blocks_join_though_they_are_read_unevenly_and_a_stop_is_seen():
    stream = LiveStream.create(SPEC)
    try:
        blocks = SoundBlocks(stream)
        sent = np.arange(RATE, dtype=np.int16)
        data, at = sent.tobytes(), 0
        for size in (1, 3, 40_001, 10_000, len(data)):  # also half samples; a busy window
            part = data[at : at + size]
            at += len(part)
            late_ns = 30_000_000 if size == 10_000 else 0
            blocks.take(part, 5 * SECOND_NS + at // 2 * SECOND_NS // RATE + late_ns)
        first = [stream.read(k) for k in range(stream.newest() + 1)]
        blocks.take(data[:200], 60 * SECOND_NS)
        after = stream.read(stream.newest())
    finally:
        stream.close()
    assert np.array_equal(np.concatenate([frame.data[:, 0] for frame in first]), sent)
    for frame, following in itertools.pairwise(first):
        end_ns = frame.time_ns + len(frame.data) * SECOND_NS // RATE
        assert abs(following.time_ns - end_ns) <= 1
        assert len(frame.data) <= BLOCK
    assert abs(after.time_ns + 100 * SECOND_NS // RATE - 60 * SECOND_NS) <= 1


@pytest.mark.no_qt_log  # Qt's sound plugins report every server that is not there
def test_hears_the_device_that_is_there(qtbot):
    spec = microphone_spec()
    microphone = Microphone()
    failed = []
    microphone.failed.connect(failed.append)
    stream = LiveStream.create(SPEC)
    try:
        microphone.start(stream)
        if spec is None:
            assert "microphone" in failed[0]
            assert not microphone.on
            pytest.skip("no microphone here")
        qtbot.waitUntil(lambda: stream.newest() >= 5, timeout=15_000)
    finally:
        microphone.stop()
        stream.close()
