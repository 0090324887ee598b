"""Heads are hidden, by joints alone; where none is known, everything is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harstudio.recordings.faces import HOLD_NS, FaceMask, coarse, head_joints
from harstudio.recordings.overlay.ground import ground_of
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import (
    ArrayReader,
    Body,
    PictureStream,
    SkeletonFrame,
    SkeletonStream,
    StreamKind,
    evenly,
)
from harstudio.skeletons.cameras import Camera
from harstudio.skeletons.topology import topology, topology_names

NAMES = topology("kinect_v2_25").joints
HEAD = NAMES.index("Head")
WIDTH, HEIGHT = 480, 270
CAMERA = Camera(WIDTH, HEIGHT, fx=270.0, fy=270.0, cx=240.0, cy=135.0)
FRAMES = 90


def body(x_m: float, *, head: bool = True, name: str = "1") -> Body:
    """Somebody 3 m away: joints down a line, the head 0.7 m above the camera's axis."""
    joints = np.zeros((25, 3), dtype=np.float32)
    joints[:, 0] = x_m + np.linspace(-0.2, 0.2, 25)
    joints[:, 1] = np.linspace(-0.9, 0.45, 25)
    joints[:, 2] = 3.0
    joints[HEAD] = (x_m, 0.7, 3.0) if head else np.nan
    return Body(name, joints, np.full(25, 2, dtype=np.uint8))


def recording(people: list[tuple[Body, ...]], kind: StreamKind = StreamKind.COLOR) -> Recording:
    rng = np.random.default_rng(1)
    shape = (HEIGHT, WIDTH, 3) if kind == StreamKind.COLOR else (HEIGHT, WIDTH)
    noise = rng.integers(0, 256, shape, dtype=np.uint8)
    times = evenly(FRAMES, 30.0)
    pictures = PictureStream(
        "picture", kind, times, ArrayReader([noise] * FRAMES), width=WIDTH, height=HEIGHT,
        dtype="uint8",
    )  # fmt: skip
    skeleton = SkeletonStream(
        "skeleton", times, ArrayReader([SkeletonFrame(bodies) for bodies in people]),
        topology="kinect_v2_25", joints=25, max_bodies=2,
    )  # fmt: skip
    streams = {"picture": pictures, "skeleton": skeleton}
    return Recording("r", "made", Path("r"), streams, cameras={"picture": CAMERA})


def changed(made: Recording, time_ns: int) -> np.ndarray:
    """(H, W) bool: pixels that are not as recorded."""
    frame = made.streams["picture"].frame(0)
    masked = FaceMask(made, "picture").masked(frame, time_ns)
    assert (masked.shape, masked.dtype) == (frame.shape, frame.dtype)
    return (masked != frame).reshape(HEIGHT, WIDTH, -1).any(axis=2)


def head_pixels(x_m: float) -> tuple[slice, slice]:
    """The 0.12 m around the head's joint."""
    u, v = CAMERA.project(np.array([x_m, 0.7, 3.0]))
    reach = round(0.12 * 270 / 3)
    return slice(round(v) - reach, round(v) + reach), slice(round(u) - reach, round(u) + reach)


@pytest.mark.parametrize("kind", [StreamKind.COLOR, StreamKind.INFRARED])
def test_every_head_is_hidden_and_the_rest_stays(kind: StreamKind) -> None:
    made = recording([(body(-0.6), body(0.5, name="2"))] * FRAMES, kind)
    hidden = changed(made, made.streams["skeleton"].times_ns[40])
    for x_m in (-0.6, 0.5):
        assert hidden[head_pixels(x_m)].mean() > 0.98  # noise may equal its cell by chance
    assert hidden.mean() < 0.1
    assert not hidden[HEIGHT // 2 :].any()


def test_a_moving_head_is_hidden_between_the_frames_of_the_skeleton() -> None:
    walk = [(body(-1 + 2 * k / FRAMES),) for k in range(FRAMES)]
    made = recording(walk)
    times = made.streams["skeleton"].times_ns
    between = int(times[30] + times[31]) // 2
    assert changed(made, between)[head_pixels(-1 + 2 * 30.5 / FRAMES)].mean() > 0.98


def test_a_head_that_was_lost_is_hidden_where_it_was_and_then_everything_is() -> None:
    made = recording([(body(0),) if k < 30 else () for k in range(FRAMES)])
    last = int(made.streams["skeleton"].times_ns[29])
    soon, later = changed(made, last + HOLD_NS // 2), changed(made, last + HOLD_NS + 1)
    assert soon[head_pixels(0)].mean() > 0.98
    assert soon.mean() < 0.3 < 0.98 < later.mean()
    assert changed(made, last).sum() < soon.sum()  # it grew


def test_a_head_that_the_sensor_only_guessed_is_not_known() -> None:
    seen, guessed = body(0), body(0)
    guessed.joints[HEAD, 0] = 0.8  # where nobody is
    guessed.tracking[HEAD] = 1
    made = recording([(seen,) if k < 30 else (guessed,) for k in range(FRAMES)])
    last = int(made.streams["skeleton"].times_ns[29])
    soon = changed(made, last + HOLD_NS // 2)
    assert soon[head_pixels(0)].mean() > 0.98
    assert soon.mean() < 0.3
    assert changed(made, last + HOLD_NS + 1).mean() > 0.98


def test_one_head_without_a_place_hides_everything() -> None:
    made = recording([(body(-0.6), body(0.5, head=False, name="2"))] * FRAMES)
    assert changed(made, 0).mean() > 0.98
    assert FaceMask(made, "picture").whole(0)


def test_somebody_who_comes_later_hides_nothing_before() -> None:
    both = (body(0), body(0.5, head=False, name="2"))
    made = recording([(body(0),) if k < 40 else both for k in range(FRAMES)])
    times = made.streams["skeleton"].times_ns
    assert changed(made, times[35]).mean() < 0.1
    assert changed(made, times[45]).mean() > 0.98


def test_without_a_skeleton_or_its_place_in_the_picture_everything_is_hidden() -> None:
    made = recording([(body(0),)] * FRAMES)
    made.cameras = {}
    assert changed(made, 0).mean() > 0.98
    made.streams = {"picture": made.streams["picture"]}
    assert changed(made, 0).mean() > 0.98


def test_a_video_shows_no_face_either() -> None:
    made = recording([(body(0),)] * FRAMES)
    frame = made.streams["picture"].frame(40)
    plain, hidden = (ground_of(made, hide_faces=h).paint(40).pixels for h in (False, True))
    assert np.array_equal(plain[::2, ::2], frame)
    differs = (hidden[::2, ::2] != frame).any(axis=2)
    assert differs[head_pixels(0)].mean() > 0.98
    assert differs.mean() < 0.1


def test_a_coarse_picture_has_few_cells() -> None:
    picture = np.random.default_rng(2).integers(0, 60_000, (424, 512), dtype=np.uint16)
    assert len(np.unique(coarse(picture))) <= 16 * 14


def test_every_topology_has_a_head() -> None:
    for name in topology_names():
        joints = topology(name).joints
        found = {joints[k].lower() for k in head_joints(name)}
        words = ("head", "nose", "eye", "mouth", "ear_", "earl", "earr", "_ear", "rear", "lear")
        assert found == {j.lower() for j in joints if any(word in j.lower() for word in words)}
        assert found, name
