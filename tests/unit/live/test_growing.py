"""A recording that is still growing is read like any other."""

from __future__ import annotations

import numpy as np
import pytest

from harstudio.errors import DataError
from harstudio.live.growing import GrowingRecording
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import Body, SkeletonFrame, StreamKind

FRAME_NS = 33_000_000
SPECS = (
    StreamSpec("depth", StreamKind.DEPTH, width=4, height=3),
    StreamSpec("skeleton", StreamKind.SKELETON, topology="kinect_v2_25"),
    StreamSpec("inertial", StreamKind.INERTIAL, channels=("ax",), rate_hz=30),
)


def grown(frames: int) -> GrowingRecording:
    recording = GrowingRecording("live", SPECS, {}, keep_ns=20 * FRAME_NS)
    for k in range(frames):
        body = Body("1", np.full((25, 3), k, np.float32), np.full(25, 2, np.uint8))
        recording.grow("depth", k * FRAME_NS, np.full((3, 4), k, np.uint16))
        recording.grow("skeleton", k * FRAME_NS, SkeletonFrame((body,)))
        recording.grow("inertial", k * FRAME_NS, np.array([k], np.float32))
    return recording


def test_frames_keep_their_index_and_old_ones_are_let_go_of() -> None:
    recording = grown(2500)
    depth = recording.streams["depth"]
    assert len(depth) == 2500
    assert int(depth.frame(2499)[0, 0]) == 2499
    assert recording.oldest("depth") == 2479
    found = depth.at(2490 * FRAME_NS + 5)
    assert found is not None
    assert (found.index, int(found.data[0, 0])) == (2490, 2490)
    with pytest.raises(DataError, match="not kept"):
        depth.frame(2478)
    assert depth.nearest(2478 * FRAME_NS) is None
    assert recording.end_ns == 2499 * FRAME_NS
    assert recording.reference is recording.streams["skeleton"]
    assert recording.streams["skeleton"].describe()["bodies"] == 1
    with pytest.raises(ValueError, match="go back"):
        recording.grow("depth", 0, np.zeros((3, 4), np.uint16))


def test_signals_are_interpolated_over_what_is_kept() -> None:
    inertial = grown(100).streams["inertial"]
    times = np.array([98 * FRAME_NS + FRAME_NS // 2, 10 * FRAME_NS])
    told = inertial.interpolate(times)  # type: ignore[attr-defined]
    assert told[0, 0] == pytest.approx(98.5)
    assert np.isnan(told[1, 0])
