"""Frames in shared memory, between real processes."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import numpy as np
import pytest

from harstudio.errors import DataError, UsageError
from harstudio.live.packing import pack_skeleton, unpack_skeleton
from harstudio.live.ring import Ring
from harstudio.live.streams import LiveStream
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import Body, SkeletonFrame, StreamKind

WRITER = """
import json, sys, numpy as np
from harstudio.live.ring import Ring
ring = Ring.attach(json.loads(sys.argv[1]))
for k in range(int(sys.argv[2])):
    ring.write(np.full(50_000 + k % 7, k % 251, np.uint8), k, k)
"""


def test_every_frame_that_is_read_is_whole_while_another_process_writes() -> None:
    count = 3000
    ring = Ring.create(4, 60_000)
    try:
        command = [sys.executable, "-c", WRITER, json.dumps(ring.address), str(count)]
        writer = subprocess.Popen(command)
        last = seen = -1
        until = time.monotonic() + 60
        while last < count - 1 and time.monotonic() < until:
            newest = ring.wait(last, 0.05)
            if newest == last or (frame := ring.read(newest)) is None:
                continue
            assert frame.sequence > last
            assert frame.time_ns == frame.sequence
            assert len(frame.data) == 50_000 + frame.sequence % 7
            assert (frame.data == frame.sequence % 251).all()
            last, seen = frame.sequence, seen + 1
        assert writer.wait(10) == 0
        assert last == count - 1
        assert seen > 0
        again = Ring.attach(ring.address)  # the writer's end took nothing away
        assert again.newest() == count - 1
        again.close()
    finally:
        ring.close()
    with pytest.raises(DataError, match="gone"):
        Ring.attach({"name": "harstudio-no-such"})


def test_what_is_overwritten_or_not_there_is_none() -> None:
    ring = Ring.create(4, 8)
    try:
        assert ring.newest() == -1
        assert ring.read(0) is None
        for k in range(6):
            assert ring.write(bytes([k]), k, k) == k
        assert ring.read(1) is None
        assert [ring.read(k).data[0] for k in range(ring.oldest(), 6)] == [3, 4, 5]  # type: ignore[union-attr]
        assert ring.read(6) is None
        with pytest.raises(UsageError, match="does not fit"):
            ring.write(bytes(9), 0, 0)
    finally:
        ring.close()


def test_streams_give_back_what_was_put_in() -> None:
    rng = np.random.default_rng(0)
    frames = {
        StreamSpec("color", StreamKind.COLOR, width=32, height=16): rng.integers(
            0, 255, (16, 32, 3), np.uint8
        ),
        StreamSpec("depth", StreamKind.DEPTH, width=32, height=16): rng.integers(
            0, 9000, (16, 32), np.uint16
        ),
        StreamSpec("inertial", StreamKind.INERTIAL, channels=("ax", "ay")): np.array(
            [1.5, -2], np.float32
        ),
        StreamSpec(
            "audio", StreamKind.AUDIO, channels=("left", "right"), sample_rate=48000
        ): rng.integers(-9, 9, (7, 2), np.int16),
    }
    for spec, data in frames.items():
        stream = LiveStream.create(spec)
        other = LiveStream.from_payload(json.loads(json.dumps(stream.to_payload())))
        try:
            assert other.spec == spec
            number = stream.put(data, 5, 6)
            frame = other.read(number)
            assert frame is not None
            assert (frame.time_ns, frame.captured_ns) == (5, 6)
            np.testing.assert_array_equal(frame.data, data)
            assert frame.data.dtype == data.dtype
        finally:
            other.close()
            stream.close()


def test_skeletons_are_exact_as_bytes() -> None:
    joints = np.array([[0.1, np.nan, 3], [1, 2, 3]], np.float32)
    one = Body("72057594037931101", joints, np.array([2, 0], np.uint8))
    two = Body("é", joints, np.array([1, 2], np.uint8), color_px=joints[:, :2])
    back = unpack_skeleton(pack_skeleton(SkeletonFrame((one, two)))).bodies
    assert [body.id for body in back] == [one.id, two.id]
    np.testing.assert_array_equal(back[0].joints, joints)
    np.testing.assert_array_equal(back[1].color_px, joints[:, :2])
    assert back[0].color_px is None
    assert back[1].tracking.tolist() == [1, 2]
    assert unpack_skeleton(pack_skeleton(SkeletonFrame(()))).bodies == ()
    with pytest.raises(DataError):
        unpack_skeleton(b"\x02\x00abc")
