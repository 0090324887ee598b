"""The picture input: where the crop lies, what it shows, where the focus is."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from clips import HEIGHT, WIDTH, at_pixels, body, recording, spread, where
from harstudio.errors import DataError
from harstudio.learning.inputs.picture import PictureInput, Still, Stills, box_of_people, make, read
from harstudio.learning.inputs.places import Stretch
from harstudio.learning.inputs.tracks import read_tracks
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import Body, evenly
from harstudio.results import Box

UNIT = HEIGHT / 1080
PLAIN = {"mean": 0.0, "std": 1 / 255}  # the network gets the values 0 to 255 as they are
BOXES = {
    "inside": (90.0, 60.0, 150.0, 150.0),
    "left": (3.0, 60.0, 60.0, 150.0),
    "beyond the right": (200.0, 80.0, 260.0, 170.0),
    "beyond two edges": (-30.0, -20.0, 40.0, 90.0),
    "beyond the bottom": (100.0, 150.0, 130.0, 230.0),
}


class Shown(NamedTuple):
    """What the network gets, and where both lie in the stream's picture."""

    picture: NDArray[np.float32]
    focus: NDArray[np.float32]
    box: Box
    focus_box: Box | None


def make_picture(one: Still, chosen: PictureInput, rng: np.random.Generator | None) -> Shown:
    made = make(one, chosen, rng)
    assert made.picture is not None
    assert made.focus is not None
    (shot,), (pointer,) = made.picture.shots, made.picture.pointers
    return Shown(made.values, made.focus, shot.box, pointer.box if pointer else None)


def settings(**keys: Any) -> PictureInput:
    return PictureInput(**(PLAIN | keys))


def still(
    box: tuple[float, float, float, float] | None = BOXES["inside"],
    chosen: PictureInput | None = None,
    picture: NDArray[Any] | None = None,
    frames: list[list[Body]] | None = None,
) -> Still:
    """The still of a body that fills the box, in a picture that tells where its pixels lie."""
    chosen = chosen or settings()
    if frames is None and box is not None:
        frames = [[body(at_pixels(spread(*box)))]] * 30
    shown = where() if picture is None else picture
    made = recording(frames, pictures={chosen.appearance: shown})
    seen = read_whole(made, chosen)
    assert isinstance(seen, Still)
    return seen


def read_whole(made: Recording, chosen: PictureInput) -> Still | Stills:
    tracks = None
    if "skeleton" in made.streams:
        tracks = read_tracks(made, 0, 10**10, "", 2, "")
    return read(Stretch(made, 0, 10**10, tracks), chosen)


def check_mapping(shown: Shown, size: int) -> None:
    """Every pixel of the input shows the place that the box says it shows, to within a pixel."""
    box, picture = shown.box, shown.picture
    across = box.left + (np.arange(size) + 0.5) * (box.right - box.left) / size - 0.5
    down = box.top + (np.arange(size) + 0.5) * (box.bottom - box.top) / size - 0.5
    inside = picture[2] > 254.5
    expected = np.outer((down > -1) & (down < HEIGHT), (across > -1) & (across < WIDTH))
    reach = 2 + int(size / min(box.right - box.left, box.bottom - box.top))
    disputed = cv2.dilate((inside != expected).astype(np.uint8), np.ones((3, 3)))
    edge = cv2.morphologyEx(
        expected.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((2 * reach + 1, 2 * reach + 1))
    )
    assert not (disputed & (1 - edge)).any(), "black beyond the picture, and only there"
    sure = cv2.dilate(expected.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1))) == 0
    assert not picture[:, sure].any()
    y, x = np.nonzero(inside)
    assert len(x) > size
    assert np.abs(picture[0][y, x] - across[x]).max() < 1
    assert np.abs(picture[1][y, x] - down[y]).max() < 1


# ---- crops


@pytest.mark.parametrize("size", [48, 224])
@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
def test_the_crop_shows_what_its_box_says(
    box: tuple[float, float, float, float], size: int
) -> None:
    chosen = settings(size=size)
    one = still(box, chosen)
    check_mapping(make_picture(one, chosen, None), size)
    for k in range(12):
        check_mapping(make_picture(one, chosen, np.random.default_rng(k)), size)


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
def test_in_testing_the_margin_is_the_same_on_all_sides(
    box: tuple[float, float, float, float],
) -> None:
    crop = make_picture(still(box), settings(), None).box
    half = 100 * UNIT
    want = (box[0] - half, box[1] - half, box[2] + half, box[3] + half)
    np.testing.assert_allclose((crop.left, crop.top, crop.right, crop.bottom), want, atol=1)


def test_in_training_the_crop_starts_at_one_of_the_corners() -> None:
    left, top, right, bottom = BOXES["inside"]
    one, seen, gains = still(BOXES["inside"]), set(), []
    for k in range(120):
        crop = make_picture(one, settings(), np.random.default_rng(k)).box
        at_left, at_top = abs(crop.left - left) <= 1, abs(crop.top - top) <= 1
        assert at_left or abs(crop.right - right) <= 1
        assert at_top or abs(crop.bottom - bottom) <= 1
        seen.add((at_left, at_top))
        gains.append(crop.right - crop.left - (right - left))
        gains.append(crop.bottom - crop.top - (bottom - top))
    assert len(seen) == 4
    assert 100 * UNIT - 0.1 <= min(gains) < 115 * UNIT
    assert 285 * UNIT < max(gains) <= 300 * UNIT + 2


def test_the_whole_picture_where_nobody_is_known() -> None:
    whole = (0, 0, WIDTH, HEIGHT)
    far = [[body(at_pixels(spread(5000, 5000, 5100, 5100)))]] * 30
    for one, chosen in (
        (still(None), settings()),
        (still(BOXES["left"], settings(crop="none")), settings(crop="none")),
        (still(frames=far), settings()),
    ):
        for rng in (None, np.random.default_rng(0)):
            shown = make_picture(one, chosen, rng)
            box = shown.box
            assert (box.left, box.top, box.right, box.bottom) == whole
            check_mapping(shown, 224)
    assert np.isnan(make_picture(still(None), settings(), None).focus).all()


def test_only_what_a_crop_can_need_is_kept() -> None:
    one = still(BOXES["left"])
    assert one.pixels.nbytes < where().nbytes * 0.8
    assert one.pixels.flags.owndata or one.pixels.base.nbytes == one.pixels.nbytes


def test_a_stray_joint_does_not_widen_the_crop() -> None:
    pixels = spread(*BOXES["inside"])
    pixels[7] = (4000, 100)
    crop = make_picture(still(frames=[[body(at_pixels(pixels))]] * 30), settings(), None).box
    assert crop.right - crop.left < 100


# ---- the focus


def reaching(joint: int, toward: tuple[float, float, float]) -> list[list[Body]]:
    """Thirty frames in which one joint moves in a straight line."""
    start = at_pixels(spread(*BOXES["inside"]))
    return [[body(start + np.eye(20)[:, [joint]] * np.array(toward) * t / 29)] for t in range(30)]


@pytest.mark.parametrize("toward", [(0.2, 0.1, 0.0), (0.0, 0.0, 0.6)], ids=["across", "away"])
def test_the_focus_is_around_the_joint_that_moved_most(toward: tuple[float, float, float]) -> None:
    frames = reaching(9, toward)
    one = still(frames=frames)
    assert (one.joint, one.person) == (9, "1")
    middle = frames[15][0].joints[9]
    np.testing.assert_allclose(
        one.moved_m, np.linalg.norm(middle - frames[0][0].joints[9]), atol=1e-6
    )
    for rng in (None, *map(np.random.default_rng, range(8))):
        shown = make_picture(one, settings(), rng)
        left, top, right, bottom = shown.focus * 224
        assert one.focus is not None
        x, y = round((left + right) / 2 - 0.5), round((top + bottom) / 2 - 0.5)
        if 0 <= x < 224 and 0 <= y < 224:
            np.testing.assert_allclose(shown.picture[:2, y, x] + 0.5, one.focus, atol=1)
        assert shown.focus_box is not None
        box, around = shown.box, shown.focus_box
        assert shown.focus[2] - shown.focus[0] == pytest.approx(0.25, abs=1e-5)
        assert around.right - around.left == pytest.approx(0.25 * (box.right - box.left))
        assert around.right - around.left == pytest.approx(around.bottom - around.top)


def test_the_joint_that_moved_most_of_two_bodies() -> None:
    still_one = body(at_pixels(spread(20, 20, 60, 120), 3.0), "calm")
    frames = [[still_one, *bodies] for bodies in reaching(4, (0.1, 0.3, 0.0))]
    one = still(frames=frames)
    assert (one.joint, one.person) == (4, "1")


def test_a_joint_that_is_not_in_the_picture_is_not_looked_at() -> None:
    frames = reaching(9, (0.2, 0.1, 0.0))
    for bodies in frames:
        bodies[0].joints[3] += np.float32([0, 0, -8]) if bodies is not frames[0] else 0
    assert still(frames=frames).joint == 9, "joint 3 is behind the camera"


# ---- which picture, and what it looks like


def test_the_frame_in_the_middle() -> None:
    made = recording(None, pictures={"color": where()})
    times = evenly(30, 30)
    for share, index in ((0.5, 15), (0.1, 3), (1.0, 29), (0.0, 0)):
        chosen = settings(frame_position=share)
        whole = read_whole(made, chosen)
        assert isinstance(whole, Still)
        assert whole.time_ns == times[index]
    part = read(Stretch(made, int(times[10]), int(times[20]), None), settings())
    assert isinstance(part, Still)
    assert part.time_ns == times[15]
    with pytest.raises(DataError, match="no color in this clip"):
        read(Stretch(made, 10**11, 10**12, None), settings())
    with pytest.raises(DataError, match="no depth in this recording"):
        read(Stretch(made, 0, 10**10, None), settings(appearance="depth"))


def jet(place: int) -> list[int]:
    """Red, green and blue of a place in OpenCV's jet."""
    bgr = cv2.applyColorMap(np.array([[place]], dtype=np.uint8), cv2.COLORMAP_JET)
    return [int(v) for v in bgr[0, 0, ::-1]]


@pytest.mark.parametrize(
    ("millimetres", "place"), [(0, 0), (499, 0), (500, 0), (2500, 128), (4500, 255), (9000, 255)]
)
def test_depth_is_coloured(millimetres: int, place: int) -> None:
    picture = np.full((HEIGHT, WIDTH), millimetres, dtype=np.uint16)
    chosen = settings(appearance="depth")
    shown = make_picture(still(chosen=chosen, picture=picture), chosen, None)
    np.testing.assert_allclose(shown.picture[:, 100, 100], jet(place), atol=1e-3)


def test_infrared_is_spread_from_its_first_to_its_last_percentile() -> None:
    picture = np.linspace(1000, 3000, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.uint16)
    picture[0, 0], picture[-1, -1] = 0, 65535
    chosen = settings(appearance="infrared", crop="none", size=200)
    shown = make_picture(still(None, chosen, picture), chosen, None)
    np.testing.assert_allclose(shown.picture[:, 1, 1], jet(0), atol=3)
    np.testing.assert_allclose(shown.picture[:, 199, 3], jet(255), atol=3)
    red, green, blue = shown.picture[:, 100, 100]
    assert green > 250
    assert abs(red - blue) < 40


def test_values_are_normalised_by_channel() -> None:
    one = still(None)
    plain = make_picture(one, settings(crop="none"), None).picture
    chosen = settings(crop="none", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    shown = make_picture(one, chosen, None).picture
    back = shown * np.array(chosen.std)[:, None, None] + np.array(chosen.mean)[:, None, None]
    np.testing.assert_allclose(back * 255, plain, atol=1e-3)
    assert shown.dtype == np.float32
    lite = make_picture(one, settings(crop="none", mean=127 / 255, std=128 / 255), None).picture
    np.testing.assert_allclose(lite, (plain - 127) / 128, atol=1e-6)


# ---- several frames


def test_several_frames_lie_around_the_one() -> None:
    pictures = []
    for k in range(30):
        picture = where()
        picture[..., 2] = k
        pictures.append(picture)
    made = recording(None, pictures={"color": pictures})
    for count, middle, frames in (
        (2, 0.5, [9, 21]),
        (3, 0.5, [9, 15, 21]),
        (5, 0.5, [9, 12, 15, 18, 21]),
        (3, 0.9, [21, 27, 29]),
    ):
        chosen = settings(frames=count, size=20, frame_position=middle)
        out = make(read_whole(made, chosen), chosen, None)
        assert out.values.shape == (3, count, 20, 20)
        np.testing.assert_allclose(out.values[2, :, 9, 9], frames, atol=1e-4)
        assert out.picture is not None
        assert out.picture.times_ns.tolist() == evenly(30, 30)[frames].tolist()
    single = recording(None, pictures={"color": pictures[:1]})
    chosen = settings(frames=4, size=20)
    assert make(read_whole(single, chosen), chosen, None).values.shape == (3, 4, 20, 20)


@pytest.mark.parametrize("rng", [None, 1, 2])
def test_several_frames_are_cut_out_alike_around_all_their_joints(rng: int | None) -> None:
    frames = [[body(at_pixels(spread(40 + 3 * t, 60, 80 + 3 * t, 150)))] for t in range(30)]
    made = recording(frames, pictures={"color": where()})
    chosen = settings(frames=3, size=64)
    seen = read_whole(made, chosen)
    assert seen.nbytes < 3 * where().nbytes
    out = make(seen, chosen, None if rng is None else np.random.default_rng(rng))
    assert out.picture is not None
    (box,) = {shot.box for shot in out.picture.shots}
    assert box.left <= 40 + 3 * 9
    assert box.right >= 80 + 3 * 21
    if rng is None:
        assert box.left == pytest.approx(67 - 100 * UNIT, abs=1)
        assert box.right == pytest.approx(143 + 100 * UNIT, abs=1)
    across = box.left + (np.arange(64) + 0.5) * (box.right - box.left) / 64 - 0.5
    for k in range(3):
        inside = out.values[2, k] > 254.5
        assert np.abs(out.values[0, k] - across)[inside].max() < 1


def test_every_frame_has_its_own_focus() -> None:
    frames = reaching(9, (0.3, 0.1, 0.0))
    made = recording(frames, pictures={"color": where()})
    chosen = settings(frames=3, size=64)
    out = make(read_whole(made, chosen), chosen, None)
    assert out.picture is not None
    assert out.focus is not None
    assert out.focus.shape == (3, 4)
    box = out.picture.shots[0].box
    for k, t in enumerate((9, 15, 21)):
        pointer = out.picture.pointers[k]
        assert pointer is not None
        assert pointer.joint == 9
        moved = np.linalg.norm(frames[t][0].joints[9] - frames[0][0].joints[9])
        assert pointer.moved_m == pytest.approx(moved, abs=1e-5)
        left = box.left + out.focus[k, 0] * (box.right - box.left)
        assert pointer.box.left == pytest.approx(left, abs=1e-3)
    bare = make(read_whole(recording(None, pictures={"color": where()}), chosen), chosen, None)
    assert bare.focus is not None
    assert bare.focus.shape == (3, 4)
    assert np.isnan(bare.focus).all()


# ---- where nobody is known


def test_the_usual_box_stands_for_that_of_the_joints() -> None:
    box = BOXES["inside"]
    usual = (box[0] / WIDTH, box[1] / HEIGHT, box[2] / WIDTH, box[3] / HEIGHT)
    known = make_picture(still(box), settings(), None)
    chosen = settings(usual_box=usual)
    bare = make_picture(still(None, chosen), chosen, None)
    assert abs(bare.box.left - known.box.left) <= 1
    assert abs(bare.box.bottom - known.box.bottom) <= 1
    assert np.isnan(bare.focus).all()
    seen = make_picture(still(BOXES["left"], chosen), chosen, None)
    assert seen.box == make_picture(still(BOXES["left"]), settings(), None).box


def test_the_box_of_people_is_told_in_shares_of_the_picture() -> None:
    made = recording(
        [[body(at_pixels(spread(*BOXES["inside"])))]] * 30, pictures={"color": where()}
    )
    stretch = Stretch(made, 0, 10**10, read_tracks(made, 0, 10**10, "", 2, ""))
    box = box_of_people(stretch, settings())
    assert box is not None
    edges = (box.left * WIDTH, box.top * HEIGHT, box.right * WIDTH, box.bottom * HEIGHT)
    np.testing.assert_allclose(edges, BOXES["inside"], atol=0.1)
    assert box_of_people(Stretch(made, 0, 10**10, None), settings()) is None
