"""The person mask: who stays, what goes, where it cannot be known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from clips import CAMERA, body, recording
from harstudio.learning.inputs.person_mask import LOW_REACH_M, REACH_M, person_mask
from harstudio.learning.inputs.places import Stretch
from harstudio.learning.inputs.registered import in_color
from harstudio.learning.inputs.tracks import read_tracks
from harstudio.learning.preprocessing import Preprocessing
from harstudio.recordings.recording import Recording
from harstudio.skeletons.cameras import Camera
from harstudio.skeletons.topology import topology

NAME = "utd_mhad_20"
BAND = (0.4, 0.3)


def upright(x: float, z: float) -> NDArray[np.float32]:
    """All joints on one upright line at (x, z), from 0.6 m below the camera's axis to 0.4 above."""
    height = np.linspace(0.4, -0.6, 20)
    return np.stack([np.full(20, x), height, np.full(20, z)], axis=1).astype(np.float32)


def stretch_of(made: Recording, bodies: int = 1) -> Stretch:
    return Stretch(made, 0, 10**12, read_tracks(made, 0, 10**12, "", bodies, NAME), NAME)


def scene(*bodies: NDArray[np.float32], depth: NDArray[Any] | None = None) -> Recording:
    frames = [[body(joints, str(k)) for k, joints in enumerate(bodies)]] * 3
    shown = np.full((200, 240), 2000, np.uint16) if depth is None else depth
    return recording(frames, pictures={"depth": shown, "infrared": np.full_like(shown, 900)})


def mask_of(made: Recording, band: tuple[float, float] = BAND, bodies: int = 1) -> NDArray[Any]:
    stretch = stretch_of(made, bodies)
    mask = person_mask(stretch, "depth", 0, made.streams["depth"].frame(0), band)
    assert mask is not None
    return mask


def test_it_reaches_as_far_as_it_says() -> None:
    """A person at 2 m and a wall at the same distance: what stays is a stripe around the line."""
    mask = mask_of(scene(upright(0.1, 2.0)))
    row = mask[100]
    middle = CAMERA.cx + CAMERA.fx * 0.1 / 2
    reach = REACH_M * CAMERA.fx / 2
    columns = np.flatnonzero(row)
    assert columns.min() == pytest.approx(middle - reach, abs=1.5)
    assert columns.max() == pytest.approx(middle + reach, abs=1.5)
    rows = np.flatnonzero(mask[:, int(middle)])
    assert rows.min() == pytest.approx(CAMERA.cy - CAMERA.fy * 0.4 / 2 - reach, abs=1.5)
    low = LOW_REACH_M * CAMERA.fx / 2
    assert rows.max() == pytest.approx(CAMERA.cy + CAMERA.fy * 0.6 / 2 + low, abs=1.5)


@pytest.mark.parametrize(
    ("away", "stays"), [(1.55, False), (1.65, True), (2.25, True), (2.35, False), (0.0, False)]
)
def test_only_the_band_stays(away: float, stays: bool) -> None:
    depth = np.full((200, 240), round(1000 * away), np.uint16)
    assert mask_of(scene(upright(0.0, 2.0), depth=depth)).any() == stays


def test_depth_goes_with_the_bones() -> None:
    """An arm that reaches to the camera stays, and nothing of a wall behind it."""
    joints = upright(0.0, 2.5)
    known = topology(NAME)
    for k, name in enumerate(("ShoulderLeft", "ElbowLeft", "WristLeft", "HandLeft")):
        joints[known.index(name)] = (-0.25 * k, 0.3, 2.5 - 0.5 * k)
    x = CAMERA.project(joints[known.index("ElbowLeft")][None])[0]
    at = int(x[1]), int(x[0])
    for away, stays in ((2.0, True), (2.5, False)):
        depth = np.full((200, 240), round(1000 * away), np.uint16)
        assert mask_of(scene(joints, depth=depth))[at] == stays


def test_two_people_at_their_own_distances() -> None:
    depth = np.full((200, 240), 2000, np.uint16)
    depth[:, 120:] = 3500
    made = scene(upright(-0.5, 2.0), upright(0.9, 3.5), depth=depth)
    both = mask_of(made, bodies=2)
    assert both[100, int(CAMERA.cx - CAMERA.fx * 0.25)]
    assert both[100, int(CAMERA.cx + CAMERA.fx * 0.9 / 3.5)]
    assert not both[100, 118:130].any()


def test_where_it_cannot_be_known() -> None:
    depth = np.full((200, 240), 2000, np.uint16)
    bare = recording(None, pictures={"depth": depth})
    assert person_mask(Stretch(bare, 0, 10**12, None), "depth", 0, depth, BAND) is None
    made = scene(upright(0.0, 2.0))
    made.cameras = {}
    assert person_mask(stretch_of(made), "depth", 0, depth, BAND) is None
    point = scene(np.full((20, 3), 2.0, np.float32))
    assert person_mask(stretch_of(point), "depth", 0, depth, BAND) is None


@pytest.mark.parametrize("seed", range(30))
def test_whatever_the_joints_are(seed: int) -> None:
    rng = np.random.default_rng(seed)
    joints = rng.normal((0, 0, 2), rng.choice([0.3, 3, 1e4]), (20, 3)).astype(np.float32)
    joints[rng.random(20) < 0.3] = np.nan
    depth = rng.integers(0, 65536, (200, 240)).astype(np.uint16)
    mask = person_mask(stretch_of(scene(joints, depth=depth)), "depth", 0, depth, BAND)
    assert mask is None or not (mask & (depth == 0)).any()


TABLES: dict[str, dict[str, Any]] = {
    "clip": {"size": 200, "frames": 2, "resize": 200},
    "picture": {"size": 32, "crop": "none"},
    "dynamic": {"size": 200, "resize": 200},
    "regions": {"size": 32, "frames": 2},
}


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("appearance", ["depth", "infrared"])
def test_every_kind_of_picture_forgets_the_room(kind: str, appearance: str) -> None:
    """Another room behind the person changes nothing, but does where nothing is masked."""
    joints = np.random.default_rng(1).normal((0, 0, 2), (0.2, 0.3, 0.05), (20, 3))
    rooms = []
    for seed in (1, 2):
        depth = np.random.default_rng(seed).integers(2600, 4000, (3, 200, 240)).astype(np.uint16)
        depth[:, 60:150, 100:140] = 2000 + 10 * np.arange(3)[:, None, None]
        shine = (depth // 8).astype(np.uint16)
        frames = [[body(joints + 0.01 * t)] for t in range(3)]
        rooms.append(recording(frames, pictures={"depth": [*depth], "infrared": [*shine]}))
    for band, same in ((BAND, True), (None, False)):
        table = {"kind": kind, "appearance": appearance, "person_band_m": band} | TABLES[kind]
        own = Preprocessing.from_dict({"version": 2, "topology": "", "inputs": {kind: table}})
        seen = [own.make(own.read(one, 0, 10**12)).inputs[kind] for one in rooms]
        assert np.array_equal(*seen) == same


COLOR = Camera(480, 400, 420.0, 420.0, 250.0, 190.0, translation=np.array((0.05, 0.0, 0.0)))


@pytest.mark.parametrize("away", [1.2, 2.5, 4.0])
def test_where_the_colour_camera_sees_it(away: float) -> None:
    """A plate at some distance: its corners in colour are those that the camera projects."""
    mask = np.zeros((200, 240), np.bool_)
    mask[60:120, 80:150] = True
    depth = np.full((200, 240), round(away * 1000), np.uint16)
    seen = in_color(mask, depth, CAMERA, COLOR)
    corners = np.array([(80.0, 60.0), (150.0, 120.0)])
    flat = (corners - (CAMERA.cx, CAMERA.cy)) / CAMERA.fx * away
    (left, top), (right, bottom) = COLOR.project(
        np.column_stack([flat[:, 0], -flat[:, 1], np.full(2, away)])
    )
    assert seen.shape == (400, 480)
    rows, columns = np.nonzero(seen)
    for found, want in zip(
        (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1),
        (left, right, top, bottom), strict=True,
    ):  # fmt: skip
        assert found == pytest.approx(want, abs=3)
    assert seen.sum() == pytest.approx((right - left) * (bottom - top), rel=0.04), "no gaps"
    assert not in_color(np.zeros_like(mask), depth, CAMERA, COLOR).any()


def test_colour_needs_depth_and_both_cameras() -> None:
    frames = [[body(upright(0.0, 2.0))]] * 3
    color = np.full((400, 480, 3), 200, np.uint8)
    pictures = {"color": color, "depth": np.full((200, 240), 2000, np.uint16)}
    table = {"appearance": "color", "size": 200, "crop": "none", "person_band_m": BAND}
    own = Preprocessing.from_dict({"version": 2, "topology": "", "inputs": {"picture": table}})

    def shown(made: Recording) -> float:
        return float((own.make(own.read(made, 0, 10**12)).inputs["picture"] > 0).mean())

    whole = recording(frames, pictures=pictures)
    whole.cameras = {"color": COLOR, "depth": CAMERA}
    assert 0.05 < shown(whole) < 0.4
    for cameras in ({"color": COLOR}, {"depth": CAMERA}, {"color": CAMERA, "depth": CAMERA}):
        whole.cameras = cameras
        assert shown(whole) == 1
    without = recording(frames, pictures={"color": color})
    without.cameras = {"color": COLOR}
    assert shown(without) == 1
