"""Videos with overlays: every picture at its time, skeletons where the body is, nothing half."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from harstudio.errors import DataError, MissingError, UsageError
from harstudio.recordings.overlay.drawing import SIDES, Canvas, SkeletonBrush, draw_box
from harstudio.recordings.overlay.ground import ground_of
from harstudio.recordings.overlay.video import write_overlay_video
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import (
    SECOND_NS,
    ArrayReader,
    Body,
    PictureStream,
    SkeletonFrame,
    SkeletonStream,
    Stream,
    StreamKind,
)
from harstudio.skeletons.cameras import Camera
from harstudio.skeletons.topology import topology

CAMERA = Camera(320, 240, fx=285.0, fy=285.0, cx=160.0, cy=120.0)
TIMES = np.array([0, 33, 80, 100, 170, 200], dtype=np.int64) * 1_000_000  # a varying rate
KINECT = topology("kinect_v2_25")


def body_at(index: int, tracking: int = 2, name: str = "1") -> Body:
    joints = np.zeros((25, 3), dtype=np.float32)
    joints[:, 0] = np.linspace(-0.4, 0.4, 25)
    joints[:, 1] = np.cos(np.arange(25)) * 0.5 + 0.01 * index
    joints[:, 2] = 2.0
    return Body(name, joints, np.full(25, tracking, dtype=np.uint8))


def recording(kinds: tuple[StreamKind, ...], *, camera: bool = True) -> Recording:
    """Gray colour, flat depth, infrared, one person, as many as are asked for."""
    count = len(TIMES)
    made: dict[str, Stream[object]] = {}
    shapes = {
        StreamKind.COLOR: (np.full((240, 320, 3), 90, dtype=np.uint8), "uint8"),
        StreamKind.DEPTH: (np.full((240, 320), 2500, dtype=np.uint16), "uint16"),
        StreamKind.INFRARED: (np.full((240, 320), 900, dtype=np.uint16), "uint16"),
    }
    for kind, (picture, dtype) in shapes.items():
        if kind in kinds:
            reader = ArrayReader([picture.copy() for _ in range(count)])
            made[str(kind)] = PictureStream(
                str(kind), kind, TIMES, reader, width=320, height=240, dtype=dtype
            )
    if StreamKind.SKELETON in kinds:
        frames = ArrayReader([SkeletonFrame((body_at(k),)) for k in range(count)])
        made["skeleton"] = SkeletonStream(
            "skeleton", TIMES, frames, topology="kinect_v2_25", joints=25, max_bodies=1
        )
    cameras = {name: CAMERA for name in made if name != "skeleton"} if camera else {}
    return Recording("made", "made", Path("made"), made, cameras=cameras)


def frames_of(file: Path) -> list[tuple[int, np.ndarray]]:
    with av.open(str(file)) as container:
        return [
            (round((f.pts or 0) * f.time_base * SECOND_NS), f.to_ndarray(format="rgb24"))
            for f in container.decode(video=0)
        ]


ALL = (StreamKind.COLOR, StreamKind.DEPTH, StreamKind.INFRARED, StreamKind.SKELETON)


def test_every_picture_keeps_its_own_time(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "out.mp4"
    assert write_overlay_video(recording(ALL), file) == 0
    times = [time_ns for time_ns, _ in frames_of(file)]
    assert np.abs(np.array(times) - TIMES).max() < 12_000  # the steps of the mp4 clock
    assert [path.name for path in file.parent.iterdir()] == ["out.mp4"]


def test_without_overlays_the_picture_is_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "out.mp4"
    write_overlay_video(recording(ALL), file)
    for _, picture in frames_of(file):
        assert np.abs(picture.astype(int) - 90).max() <= 4


def test_the_skeleton_lies_where_the_body_is(tmp_path: Path) -> None:
    file = tmp_path / "out.mp4"
    write_overlay_video(recording(ALL), file, overlays=["skeleton"])
    for index, (_, picture) in enumerate(frames_of(file)):
        scale = picture.shape[0] / 240
        for u, v in (CAMERA.project(body_at(index).joints) + 0.5) * scale - 0.5:
            spot = picture[round(v) - 1 : round(v) + 2, round(u) - 1 : round(u) + 2].astype(int)
            assert np.abs(spot - 90).max() > 40, "no joint is drawn here"
        assert np.abs(picture[:40, :40].astype(int) - 90).max() <= 6, "nothing is drawn there"


@pytest.mark.parametrize("name", ["depth", "infrared", "color"])
def test_any_picture_stream_can_be_chosen(tmp_path: Path, name: str) -> None:
    file = tmp_path / "out.mp4"
    write_overlay_video(recording(ALL), file, overlays=["skeleton", "time"], stream=name)
    pictures = [picture for _, picture in frames_of(file)]
    assert len(pictures) == len(TIMES)
    corner = pictures[3][:60, :200].astype(int)
    assert corner.max() - corner.min() > 100, "the time stands in the corner"


def test_missing_depth_is_black_and_the_rest_coloured() -> None:
    made = recording((StreamKind.DEPTH,))
    picture = made.streams["depth"].frame(0)
    picture[:, :160] = 0
    picture[120:, 160:] = 1000
    canvas = ground_of(made).paint(0)
    assert canvas.pixels[:, :300].max() == 0
    near, far = canvas.pixels[400, 500], canvas.pixels[100, 500]
    assert near.max() > 0
    assert far.max() > 0
    assert not np.array_equal(near, far)


def test_a_recording_of_joints_alone_gets_a_stage(tmp_path: Path) -> None:
    file = tmp_path / "out.mp4"
    write_overlay_video(recording((StreamKind.SKELETON,)), file)
    _, picture = frames_of(file)[2]
    drawn = (picture.max(axis=2) > 100).nonzero()
    height, width = picture.shape[:2]
    assert drawn[1].min() > 0.05 * width
    assert drawn[1].max() < 0.95 * width
    assert drawn[0].min() > 0.02 * height
    assert drawn[0].max() < 0.98 * height
    assert drawn[0].max() - drawn[0].min() > 0.4 * height


def draw(body: Body, person_before: str = "") -> np.ndarray:
    """(480, 640, 3) RGB of one body on black; ``person_before`` was seen first."""
    seen = [SkeletonFrame((body_at(0, 0, person_before),))] if person_before else []
    frames = [*seen, SkeletonFrame((body,))]
    times = np.arange(len(frames), dtype=np.int64) * SECOND_NS
    stream = SkeletonStream(
        "skeleton", times, ArrayReader(frames), topology="kinect_v2_25", joints=25, max_bodies=1
    )
    brush = SkeletonBrush(stream, lambda b: CAMERA.project(b.joints).astype(np.float32), 1)
    canvas = Canvas(np.zeros((480, 640, 3), dtype=np.uint8), 2.0)
    for time_ns in times:
        canvas.pixels[:] = 0
        brush.draw(canvas, int(time_ns))
    return canvas.pixels


def count_of(picture: np.ndarray, color: tuple[int, int, int]) -> int:
    return int((picture == color).all(axis=2).sum())


def test_left_right_and_the_second_person_have_their_colours() -> None:
    first = draw(body_at(0))
    assert min(count_of(first, SIDES[side]) for side in ("left", "right", "trunk")) > 20
    second = draw(body_at(0), person_before="somebody")
    assert count_of(second, SIDES["left"]) == count_of(second, SIDES["right"]) == 0
    assert count_of(second, (0xCC, 0x79, 0xA7)) > 60


def test_inferred_bones_have_gaps_and_lost_joints_are_hollow() -> None:
    tracked, inferred, lost = (draw(body_at(0, state)) for state in (2, 1, 0))
    lit = [int((picture.max(axis=2) > 80).sum()) for picture in (tracked, inferred, lost)]
    assert lit[0] > 1.15 * lit[1] > 1.15 * lit[2] > 0
    head = KINECT.index(KINECT.joints[3])
    u, v = np.rint((CAMERA.project(body_at(0).joints)[head] + 0.5) * 2 - 0.5).astype(int)
    assert tracked[v, u].max() > 80
    assert lost[v, u].max() < 20  # hollow, but for its soft rim


def test_joints_far_outside_do_no_harm() -> None:
    body = body_at(0)
    body.joints[5] = (1e6, -1e6, 0.1)
    body.joints[6] = np.nan
    assert draw(body).max() > 0


def test_a_frame_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    made = recording((StreamKind.COLOR,))

    class Torn(ArrayReader[np.ndarray]):
        def read(self, index: int) -> np.ndarray:
            if index == 2:
                raise DataError("torn")
            return super().read(index)

    made.streams["color"].reader = Torn([np.full((240, 320, 3), 90, np.uint8)] * len(TIMES))
    assert write_overlay_video(made, tmp_path / "out.mp4") == 1
    assert len(frames_of(tmp_path / "out.mp4")) == len(TIMES) - 1


def test_stopping_leaves_nothing(tmp_path: Path) -> None:
    asked = iter([False, False, True])
    write_overlay_video(recording(ALL), tmp_path / "out.mp4", cancelled=lambda: next(asked))
    assert list(tmp_path.iterdir()) == []


def test_progress_ends_at_all(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_overlay_video(recording(ALL), tmp_path / "o.mp4", progress=lambda *p: seen.append(p))
    assert seen == [(k + 1, len(TIMES)) for k in range(len(TIMES))]


def test_what_cannot_be_done_is_said(tmp_path: Path) -> None:
    file = tmp_path / "out.mp4"
    with pytest.raises(UsageError, match="There are: skeleton, time"):
        write_overlay_video(recording(ALL), file, overlays=["skelton"])
    with pytest.raises(UsageError, match="There are: color, depth, infrared"):
        write_overlay_video(recording(ALL), file, stream="thermal")
    with pytest.raises(MissingError, match="no camera"):
        write_overlay_video(recording(ALL, camera=False), file, overlays=["skeleton"])
    with pytest.raises(MissingError, match="no skeleton"):
        write_overlay_video(recording((StreamKind.DEPTH,)), file, overlays=["skeleton"])
    with pytest.raises(MissingError, match="neither pictures nor a skeleton"):
        write_overlay_video(recording(()), file)
    assert list(tmp_path.iterdir()) == []


def test_a_box_is_dashed_where_it_was_seen_in_another_frame() -> None:
    sides = {}
    for dashed in (False, True):
        canvas = Canvas(np.zeros((200, 300, 3), np.uint8))
        draw_box(canvas, np.array([40, 40, 260, 160], np.float32), (255, 255, 255), dashed=dashed)
        sides[dashed] = [canvas.pixels[40, 60:240, 0] > 128, canvas.pixels[60:140, 260, 0] > 128]
    assert all(side.all() for side in sides[False])
    assert all(0.2 < side.mean() < 0.8 for side in sides[True])
