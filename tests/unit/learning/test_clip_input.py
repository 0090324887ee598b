"""The clip input: which frames, which part of them, what training draws, how values are scaled."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from clips import HEIGHT, WIDTH, at_pixels, body, recording, spread, where
from harstudio.errors import DataError
from harstudio.learning.inputs.clip import ClipInput, Frames, jittered, make, read, starts
from harstudio.learning.inputs.places import Made, Stretch
from harstudio.learning.inputs.tracks import read_tracks
from harstudio.recordings.formats import open_recording
from harstudio.recordings.recording import Recording
from harstudio.results import Box

ALL = (0, 10**12)
PLAIN: dict[str, Any] = {"mean": 0.0, "std": 1 / 255}  # values 0 to 255 as they are
UNIT = HEIGHT / 1080


def settings(**keys: Any) -> ClipInput:
    return ClipInput(**(PLAIN | {"size": 40, "resize": 48} | keys))


def numbered(count: int) -> list[NDArray[Any]]:
    """Pictures that are as grey as their number says."""
    return [np.full((HEIGHT, WIDTH, 3), 3 * k, np.uint8) for k in range(count)]


def stretch(made: Recording) -> Stretch:
    tracks = None
    if "skeleton" in made.streams:
        tracks = read_tracks(made, *ALL, "", 2, "")
    return Stretch(made, *ALL, tracks, "utd_mhad_20")


def prepared(made: Recording, rng: int | None = None, **keys: Any) -> tuple[Frames, Made]:
    chosen = settings(**keys)
    seen = read(stretch(made), chosen)
    return seen, make(seen, chosen, None if rng is None else np.random.default_rng(rng))


def shown_frames(count: int, rng: int | None = None, **keys: Any) -> list[int]:
    """The numbers of the frames that the network sees, told by their grey."""
    _, made = prepared(recording(None, pictures={"color": numbered(count)}), rng, **keys)
    assert made.picture is not None
    grey = made.values[0, :, 20, 20] / 3
    frames = np.rint(grey).astype(int).tolist()
    times = np.rint(made.picture.times_ns * 30 / 1e9).astype(int).tolist()
    assert times == frames
    return [int(k) for k in frames]


# ---- which frames


@pytest.mark.parametrize(
    ("count", "keys", "frames"),
    [
        (20, {"sampling": "uniform", "frames": 4}, [2, 7, 12, 17]),
        (23, {"sampling": "uniform", "frames": 4}, [3, 8, 13, 18]),
        (5, {"sampling": "uniform", "frames": 4}, [0, 1, 2, 3]),
        (3, {"sampling": "uniform", "frames": 5}, [0, 1, 2, 2, 2]),
        (30, {"sampling": "stride", "stride": 8, "frames": 3}, [6, 14, 22]),
        (17, {"sampling": "stride", "stride": 8, "frames": 3}, [0, 8, 16]),
        (10, {"sampling": "stride", "stride": 8, "frames": 4}, [0, 8, 9, 9]),
        (1, {"sampling": "stride", "stride": 8, "frames": 3}, [0, 0, 0]),
        (29, {"sampling": "linspace", "frames": 5}, [0, 7, 14, 21, 28]),
        (2, {"sampling": "linspace", "frames": 4}, [0, 0, 1, 1]),
        (1, {"sampling": "linspace", "frames": 2}, [0, 0]),
        (9, {"sampling": "linspace", "frames": 1}, [0]),
    ],
)
def test_frames_of_testing(count: int, keys: dict[str, Any], frames: list[int]) -> None:
    assert shown_frames(count, **keys) == frames


def test_strides_start_anywhere_in_training() -> None:
    keys = {"sampling": "stride", "stride": 8, "frames": 3}
    seen = {tuple(shown_frames(30, rng=k, **keys)) for k in range(60)}
    assert seen == {(t, t + 8, t + 16) for t in (2, 6, 10)}
    assert {tuple(shown_frames(30, k, sampling="uniform", frames=4)) for k in range(9)} == {
        (4, 11, 18, 25)
    }


@pytest.mark.parametrize("count", [1, 7, 30, 200, 3000])
@pytest.mark.parametrize("stride", [1, 2, 8])
def test_few_starts_with_the_middle_among_them(count: int, stride: int) -> None:
    rows, middle = starts(count, settings(sampling="stride", stride=stride, frames=6))
    assert len(rows) <= 9
    assert (np.diff(rows[:, 0]) > 0).all()
    spare = max(0, count - (5 * stride + 1))
    assert rows[middle, 0] == spare // 2
    assert rows[0, 0] <= stride // 2 + spare // 9
    assert rows[-1, 0] >= spare - stride // 2 - spare // 9
    assert rows.max() < count
    if spare:
        assert (np.diff(rows, axis=1) == stride).all()


class Counting:
    """Frames that know how often they were asked for."""

    def __init__(self, frames: list[NDArray[Any]]) -> None:
        self.frames = frames
        self.asked: list[int] = []

    def read(self, index: int) -> NDArray[Any]:
        self.asked.append(index)
        return self.frames[index]


def test_only_frames_that_can_be_shown_are_decoded_and_kept_small() -> None:
    made = recording(None, pictures={"color": numbered(60)})
    reader = Counting(numbered(60))
    made.streams["color"].reader = reader  # type: ignore[assignment]
    seen, _ = prepared(made, sampling="uniform", frames=6)
    assert reader.asked == [4, 14, 24, 34, 44, 54]
    assert seen.pixels.shape == (6, 48, round(WIDTH * 48 / HEIGHT), 3)
    assert seen.nbytes == seen.pixels.nbytes
    reader.asked.clear()
    prepared(made, sampling="stride", stride=8, frames=4)
    assert len(reader.asked) == len(set(reader.asked)) < 20


# ---- which part


def check_mapping(made: Made, box: Box, size: int, within: float) -> None:
    """The red and the green of every frame tell the place that its box says."""
    across = box.left + (np.arange(size) + 0.5) * (box.right - box.left) / size - 0.5
    down = box.top + (np.arange(size) + 0.5) * (box.bottom - box.top) / size - 0.5
    for frame in made.values.transpose(1, 0, 2, 3):
        assert np.abs(frame[0] - across).max() <= within
        assert np.abs(frame[1] - down[:, None]).max() <= within
        assert frame[2].min() >= 254


def one_box(made: Made) -> Box:
    assert made.picture is not None
    (box,) = {shot.box for shot in made.picture.shots}
    return box


CROPS: dict[str, dict[str, Any]] = {
    "middle": {"crop": "center", "size": 42, "resize": 48},
    "scaled": {"crop": "center", "size": 42, "resize": 48, "train_scale": (0.5, 1.0)},
    "person": {"crop": "person", "crop_px": 500.0, "size": 42},
    "person scaled": {"crop": "person", "crop_px": 500.0, "size": 42, "train_scale": (0.7, 1.0)},
    "person by sides": {
        "crop": "person", "crop_px": 500.0, "size": 42, "train_scale": (0.7, 1.0),
        "train_scale_of": "sides",
    },
    "no room": {"crop": "center", "size": 300, "resize": 256},
}  # fmt: skip


@pytest.mark.parametrize("keys", CROPS.values(), ids=CROPS)
def test_boxes_say_what_is_shown(keys: dict[str, Any]) -> None:
    frames = [[body(at_pixels(spread(90, 60, 150, 150)))]] * 30
    made = recording(frames, pictures={"color": where()})
    for rng in (None, *range(10)):
        _, out = prepared(made, rng, frames=2, **keys)
        box = one_box(out)
        within = 1 + (box.right - box.left) / keys["size"]
        check_mapping(out, box, keys["size"], within)
        assert 0 <= box.left < box.right <= WIDTH
        assert 0 <= box.top < box.bottom <= HEIGHT


def test_the_middle_of_the_picture() -> None:
    _, out = prepared(recording(None, pictures={"color": where()}), size=42, resize=48)
    box = one_box(out)
    side = HEIGHT * 42 / 48
    corners = (box.left, box.top, box.right, box.bottom)
    want = ((WIDTH - side) / 2, (HEIGHT - side) / 2, (WIDTH + side) / 2, (HEIGHT + side) / 2)
    np.testing.assert_allclose(corners, want, atol=HEIGHT / 48)


@pytest.mark.parametrize(
    ("person", "x", "y"),
    [
        ((90, 60, 150, 150), 120, 105),  # around the person
        ((0, 0, 40, 60), 46.5, 46.5),  # moved into the picture
        ((200, 150, 239, 199), WIDTH - 46.5, HEIGHT - 46.5),
        (None, 120, 100),
        ((5000, 5000, 5100, 5100), 120, 100),  # nowhere near
    ],
)
def test_a_square_around_the_person(person: Any, x: float, y: float) -> None:
    frames = None if person is None else [[body(at_pixels(spread(*person)))]] * 30
    made = recording(frames, pictures={"color": where()})
    _, out = prepared(made, crop="person", crop_px=500.0)
    box = one_box(out)
    assert box.right - box.left == box.bottom - box.top == round(500 * UNIT)
    assert (box.left + box.right) / 2 == pytest.approx(x, abs=1)
    assert (box.top + box.bottom) / 2 == pytest.approx(y, abs=1)


def test_the_square_holds_who_moves() -> None:
    """Its middle is that of the box of all frames that are seen, not of one."""
    shifts = np.linspace(0, 80, 30)
    frames = [[body(at_pixels(spread(40 + s, 60, 80 + s, 150)))] for s in shifts]
    made = recording(frames, pictures={"color": where()})
    _, out = prepared(made, crop="person", crop_px=700.0, sampling="linspace", frames=30)
    box = one_box(out)
    assert (box.left + box.right) / 2 == pytest.approx((40 + 160) / 2, abs=1)


def test_the_square_is_never_larger_than_the_picture() -> None:
    _, out = prepared(recording(None, pictures={"color": where()}), crop="person", crop_px=2000.0)
    box = one_box(out)
    assert (box.top, box.bottom, box.right - box.left) == (0, HEIGHT, HEIGHT)


def test_random_crops_stay_within_their_limits() -> None:
    made = recording(None, pictures={"color": where()})
    chosen = settings(size=24, resize=200, train_scale=(0.5, 0.8), frames=1)
    seen = read(stretch(made), chosen)
    areas, ratios, lefts = [], [], []
    for k in range(200):
        box = one_box(make(seen, chosen, np.random.default_rng(k)))
        wide, high = box.right - box.left, box.bottom - box.top
        areas.append(wide * high / (WIDTH * HEIGHT))
        ratios.append(wide / high)
        lefts.append(box.left / max(WIDTH - wide, 1))
    assert 0.49 < min(areas) < 0.53
    assert 0.75 < max(areas) < 0.81
    assert 0.74 < min(ratios) < 0.8
    assert 1.25 < max(ratios) < 1.36
    assert min(lefts) < 0.05
    assert max(lefts) > 0.95


def test_a_random_scale_of_the_sides_distorts_nothing() -> None:
    made = recording(None, pictures={"color": where()})
    chosen = settings(
        size=24, resize=HEIGHT, train_scale=(0.5, 0.8), train_scale_of="sides", frames=1
    )
    seen = read(stretch(made), chosen)
    shares, lefts = [], []
    for k in range(200):
        box = one_box(make(seen, chosen, np.random.default_rng(k)))
        shares.append((box.right - box.left) / WIDTH)
        assert (box.bottom - box.top) / HEIGHT == pytest.approx(shares[-1], abs=0.01)
        lefts.append(box.left / (WIDTH - (box.right - box.left)))
    assert 0.49 < min(shares) < 0.52
    assert 0.78 < max(shares) < 0.81
    assert min(lefts) < 0.05
    assert max(lefts) > 0.95


# ---- what training draws


def test_flips_and_quarter_turns_are_those_of_the_whole_clip() -> None:
    made = recording(None, pictures={"color": where()})
    chosen = settings(frames=3, flip=True, rotate_quarters=True, train_scale=(0.9999, 1.0))
    plain = make(read(stretch(made), chosen), chosen, None).values
    assert (plain[0, :, 0, 0] < plain[0, :, 0, -1]).all(), "nothing is turned in testing"
    seen = set()
    for k in range(80):
        out = make(read(stretch(made), chosen), chosen, np.random.default_rng(k)).values
        corners = out[:2, :, [0, 0, -1, -1], [0, -1, 0, -1]] > 100
        assert (corners == corners[:, :1]).all(), "the same in all frames"
        seen.add(corners[:, 0].tobytes())
    assert len(seen) == 8
    only = settings(frames=2, flip=True)
    mirrored = [
        bool(v[0, 0, 0, 0] > v[0, 0, 0, -1])
        for k in range(60)
        for v in [make(read(stretch(made), only), only, np.random.default_rng(k)).values]
    ]
    assert 15 < sum(mirrored) < 45


def test_clips_are_turned_upside_down_as_a_mirror_does_and_only_where_asked() -> None:
    made = recording(None, pictures={"color": where()})
    chosen = settings(frames=2, flip=True, flip_vertical=True)
    read_once = read(stretch(made), chosen)
    seen = []
    for k in range(120):
        values = make(read_once, chosen, np.random.default_rng(k)).values
        red, green = values[0, 0], values[1, 0]  # where() tells x in red and y in green
        seen.append((bool(red[0, 0] > red[0, -1]), bool(green[0, 0] > green[-1, 0])))
    counts = [seen.count(pair) for pair in product((False, True), repeat=2)]
    assert min(counts) > 15, "both mirrors are drawn apart"
    only = settings(frames=2, flip=True)
    for k in range(20):
        green = make(read(stretch(made), only), only, np.random.default_rng(k)).values[1, 0]
        assert green[0, 0] < green[-1, 0]
    plain = make(read_once, chosen, None).values
    assert plain[1, 0, 0, 0] < plain[1, 0, -1, 0], "nothing is turned in testing"


def test_colour_changes_alike_in_all_frames_and_only_in_colour() -> None:
    made = recording(
        None,
        pictures={"color": where(), "depth": (where()[..., 0].astype(np.uint16) + 50) * 12},
    )
    colors = settings(frames=3, color_jitter=0.4, flip=True)
    seen = read(stretch(made), colors)
    plain, changed = (
        make(seen, settings(frames=3, flip=True, color_jitter=j), np.random.default_rng(1)).values
        for j in (0.0, 0.4)
    )
    assert np.abs(changed - plain).max() > 5
    assert (changed == changed[:, :1]).all()
    depths = settings(frames=3, color_jitter=0.4, flip=True, appearance="depth")
    other = read(stretch(made), depths)
    without = depths.model_copy(update={"color_jitter": 0.0})
    np.testing.assert_array_equal(
        make(other, depths, np.random.default_rng(1)).values,
        make(other, without, np.random.default_rng(1)).values,
    )


def test_jitter_by_its_three_factors() -> None:
    """Brightness, contrast about the mean grey, saturation about each pixel's grey, one by one."""
    pictures = np.random.default_rng(0).integers(60, 180, (2, 4, 5, 3)).astype(np.uint8)
    got = jittered(pictures, 0.1, np.random.default_rng(5))
    bright, contrast, saturation = np.random.default_rng(5).uniform(0.9, 1.1, 3)
    values = pictures.astype(float) * bright
    grey = 0.299 * values[..., 0] + 0.587 * values[..., 1] + 0.114 * values[..., 2]
    values = grey.mean() + (values - grey.mean()) * contrast
    grey = 0.299 * values[..., 0] + 0.587 * values[..., 1] + 0.114 * values[..., 2]
    values = grey[..., None] + (values - grey[..., None]) * saturation
    assert np.abs(got - values).max() <= 0.51


def test_the_same_generator_gives_the_same_and_another_gives_another() -> None:
    frames = [[body(at_pixels(spread(90, 60, 150, 150)))]] * 30
    made = recording(frames, pictures={"color": where()})
    keys = {"train_scale": (0.5, 1.0), "flip": True, "color_jitter": 0.4, "sampling": "stride"}
    one, same, other = (prepared(made, k, **keys)[1].values for k in (4, 4, 5))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 5
    test, again = (prepared(made, None, **keys)[1].values for _ in range(2))
    np.testing.assert_array_equal(test, again)


# ---- values


def test_min_max_of_the_whole_clip() -> None:
    made = recording(None, pictures={"color": numbered(20)})
    _, out = prepared(made, scaling="min-max", sampling="linspace", frames=5)
    grey = out.values[:, :, 3, 3]
    np.testing.assert_allclose(grey, [np.rint(np.linspace(0, 19, 5)) / 19] * 3, atol=1e-6)
    still = recording(None, pictures={"color": np.full((HEIGHT, WIDTH, 3), 77, np.uint8)})
    _, flat = prepared(still, scaling="min-max", frames=3)
    assert not flat.values.any(), "one value throughout is 0, not a division by it"


def jet(place: int) -> list[int]:
    bgr = cv2.applyColorMap(np.array([[place]], dtype=np.uint8), cv2.COLORMAP_JET)
    return [int(v) for v in bgr[0, 0, ::-1]]


def test_depth_and_infrared_are_coloured_for_the_clip() -> None:
    depths = [np.full((HEIGHT, WIDTH), mm, np.uint16) for mm in (0, 2500, 9000)]
    _, out = prepared(recording(None, pictures={"depth": depths}), appearance="depth", frames=3)
    for t, place in enumerate((0, 128, 255)):
        np.testing.assert_allclose(out.values[:, t, 9, 9], jet(place), atol=1e-3)
    ramp = np.linspace(0, 1, WIDTH)[None].repeat(HEIGHT, axis=0)
    infrared = [(ramp * most).astype(np.uint16) for most in (1000, 4000)]
    _, out = prepared(
        recording(None, pictures={"infrared": infrared}),
        appearance="infrared", frames=2, size=48, resize=48,
    )  # fmt: skip
    low, high = np.percentile(np.stack(infrared), (1, 99))
    box = one_box(out)
    x = box.left + (np.arange(48) + 0.5) * (box.right - box.left) / 48 - 0.5
    for t, most in enumerate((1000, 4000)):
        value = x / (WIDTH - 1) * most
        places = np.clip((value - low) / (high - low) * 255, 0, 255)
        want = np.array([jet(round(place)) for place in places]).T
        np.testing.assert_allclose(out.values[:, t, 20], want, atol=12)


def test_depth_is_never_mixed_with_what_has_no_distance() -> None:
    rows = np.zeros((HEIGHT, WIDTH), np.uint16)
    rows[:, ::2] = 4000
    seen, _ = prepared(recording(None, pictures={"depth": rows}), appearance="depth", frames=1)
    assert set(np.unique(seen.pixels)) <= {0, round(3500 / 4000 * 255)}


def test_what_is_not_there_is_told() -> None:
    made = recording(None, pictures={"color": where()})
    with pytest.raises(DataError, match="no depth in this recording"):
        prepared(made, appearance="depth")
    with pytest.raises(DataError, match="no color in this clip"):
        read(Stretch(made, 10**11, 10**12, None), settings())


def test_a_real_trial(utd_mhad: Path) -> None:
    """Depth of UTD-MHAD: the square around the person holds nearly all of the silhouette."""
    chosen = settings(appearance="depth", crop="person", crop_px=1000.0, frames=8, size=64)
    with open_recording(utd_mhad / "Depth" / "a1_s1_t1_depth.mat") as real:
        tracks = read_tracks(real, *ALL, "", 2, "")
        seen = read(Stretch(real, *ALL, tracks, "utd_mhad_20"), chosen)
        out = make(seen, chosen, None)
        assert out.values.shape == (3, 8, 64, 64)
        assert out.picture is not None
        assert len(np.unique(out.picture.times_ns)) == 8
        box = one_box(out)
        found = real.streams["depth"].at(out.picture.shots[3].time_ns)
    assert found is not None
    picture = found.data
    y, x = np.nonzero(picture)
    assert ((x >= box.left) & (x < box.right) & (y >= box.top) & (y < box.bottom)).mean() > 0.95
    assert box.right - box.left < 0.75 * picture.shape[1]
