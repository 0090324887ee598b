"""Dynamic images: the sum by its formula, parts of a clip, crops that colour and depth share."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from clips import HEIGHT, WIDTH, recording, where
from harstudio.errors import DataError
from harstudio.learning.inputs import clip
from harstudio.learning.inputs.dynamic import DynamicInput, make, rank_pooling, read
from harstudio.learning.inputs.places import Made, Stretch
from harstudio.recordings.formats import open_recording
from harstudio.results import Box

PLAIN: dict[str, Any] = {"mean": 0.0, "std": 1 / 255}  # values 0 to 255 as they are
WHOLE: dict[str, Any] = {"size": HEIGHT, "resize": HEIGHT}  # nothing is scaled


def prepared(
    pictures: Sequence[NDArray[Any]], rng: int | None = None, kind: str = "color", **keys: Any
) -> Made:
    chosen = DynamicInput(**(PLAIN | WHOLE | {"appearance": kind} | keys))
    made = recording(None, pictures={kind: list(pictures)})
    seen = read(Stretch(made, 0, 10**12, None), chosen)
    return make(seen, chosen, None if rng is None else np.random.default_rng(rng))


def clip_of(count: int, seed: int = 0) -> list[NDArray[Any]]:
    """Noise, so that every pixel has a course of its own."""
    rng = np.random.default_rng(seed)
    return list(rng.integers(0, 256, (count, HEIGHT, WIDTH, 3)).astype(np.uint8))


def by_the_formula(frames: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """d = sum over t of a_t I_t, a_t = sum over i = t..N of (2i - N - 1) / i, to 0 to 255."""
    count = len(frames)
    total = np.zeros(frames[0].shape)
    for t in range(1, count + 1):
        weight = 0.0
        for i in range(t, count + 1):
            weight += (2 * i - count - 1) / i
        if count == 1:
            weight = 1.0
        total += weight * frames[t - 1].astype(float)
    return (total - total.min()) / (total.max() - total.min()) * 255


def middle(picture: NDArray[Any]) -> NDArray[Any]:
    """The middle square, channels first, as the network sees it."""
    left = (WIDTH - HEIGHT) // 2
    return picture[:, left : left + HEIGHT].transpose(2, 0, 1)


# ---- the sum


@pytest.mark.parametrize("count", [1, 2, 3, 7, 20])
def test_the_formula(count: int) -> None:
    frames = clip_of(count)
    shown = prepared(frames).values
    assert shown.shape == (3, HEIGHT, HEIGHT)
    assert shown.dtype == np.float32
    assert np.abs(shown - middle(by_the_formula(frames))).max() <= 0.501


def test_weights() -> None:
    np.testing.assert_allclose(rank_pooling(1), [1])
    np.testing.assert_allclose(rank_pooling(2), [-0.5, 0.5])
    np.testing.assert_allclose(rank_pooling(3), [-4 / 3, 2 / 3, 2 / 3])
    for count in (2, 5, 100):
        weights = rank_pooling(count)
        assert abs(weights.sum()) < 1e-9
        assert weights[0] < 0 < weights[-1]


def test_what_stands_still_is_one_grey_and_what_comes_is_brighter_than_what_goes() -> None:
    frames = []
    for t in range(10):
        frame = where().copy()
        frame[40:60, 60 : 60 + 2 * t + 2] = 255  # fills from the left
        frame[100:120, 60 : 60 + 2 * t + 2] = 0
        frames.append(frame)
    shown = prepared(frames).values
    still = shown[:, 150:, :]
    assert still.max() == still.min()
    left = (WIDTH - HEIGHT) // 2
    grey = still[0, 0, 0]
    assert shown[0, 50, 75 - left] > grey, "became bright"
    assert shown[0, 110, 75 - left] < grey, "became dark"
    nothing = prepared([where()] * 6)
    assert not nothing.values.any()


def test_reversing_two_frames_negates() -> None:
    """True of two frames only: the weights of three are -4/3, 2/3, 2/3."""
    frames = clip_of(2)
    there, back = prepared(frames).values, prepared(frames[::-1]).values
    assert np.abs(there + back - 255).max() <= 1
    frames = clip_of(3)
    there, back = prepared(frames).values, prepared(frames[::-1]).values
    assert np.abs(there + back - 255).max() > 10


@pytest.mark.parametrize(("count", "parts"), [(9, 2), (7, 3), (4, 4), (2, 5), (1, 3)])
def test_segments_are_dynamic_images_of_equal_parts(count: int, parts: int) -> None:
    frames = clip_of(count)
    shown = prepared(frames, segments=parts).values
    assert shown.shape == (3, parts, HEIGHT, HEIGHT)
    for k in range(parts):
        start = min(k * count // parts, count - 1)
        stop = max((k + 1) * count // parts, start + 1)
        want = middle(by_the_formula(frames[start:stop]))
        assert np.abs(shown[:, k] - want).max() <= 0.501


def test_depth_is_grey_or_coloured() -> None:
    depths = [np.full((HEIGHT, WIDTH), 500, np.uint16) for _ in range(2)]
    depths[1][:, 100:] = 4500
    depths[1][:, 150:] = 0
    shown = prepared(depths, kind="depth").values
    assert (shown == shown[:1]).all()
    left = (WIDTH - HEIGHT) // 2
    assert [shown[0, 9, x - left] for x in (60, 120, 190)] == [0, 255, 0]
    jet = prepared(depths, kind="depth", coloring="jet").values
    assert np.abs(jet[0] - jet[2]).max() > 100


def test_infrared_is_spread_as_in_its_first_frame() -> None:
    ramp = np.linspace(0, 60000, WIDTH)[None].repeat(HEIGHT, axis=0).astype(np.uint16)
    shown = prepared([ramp], kind="infrared").values[0, 9]
    low, high = np.percentile(ramp, (1, 99))
    left = (WIDTH - HEIGHT) // 2
    want = np.clip((ramp[9].astype(float) - low) / (high - low) * 255, 0, 255)
    assert np.abs(shown - want[left : left + HEIGHT]).max() <= 1
    brighter = prepared([ramp // 2, ramp], kind="infrared").values[0, 9]
    gain = np.clip((ramp[9] - low / 2) / (high - low) * 510, 0, 255)
    gain -= np.clip((ramp[9] // 2 - low / 2) / (high - low) * 510, 0, 255)
    want = (gain - gain.min()) / (gain.max() - gain.min()) * 255
    assert np.abs(brighter - want[left : left + HEIGHT]).max() <= 3


def test_no_more_than_a_frame_is_held() -> None:
    frames = [where()] * 200
    made = recording(None, pictures={"color": frames})
    chosen = DynamicInput(**(PLAIN | WHOLE))
    tracemalloc.start()
    read(Stretch(made, 0, 10**12, None), chosen)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 40 * where().nbytes


# ---- crops


def test_where_it_comes_from() -> None:
    out = prepared(clip_of(9), size=100, resize=100)
    assert out.picture is not None
    assert len(out.picture.shots) == 9
    (box,) = {shot.box for shot in out.picture.shots}
    assert box == Box((WIDTH - HEIGHT) / 2, 0, (WIDTH + HEIGHT) / 2, HEIGHT)
    many = prepared([where()] * 300)
    assert many.picture is not None
    times = many.picture.times_ns
    assert len(times) == 64
    assert times[0] == 0
    assert times[-1] == round(299 / 30 * 1e9)


def test_training_crops_at_several_scales() -> None:
    """One frame is its own dynamic image, so that what is shown tells where it lies."""
    scales = (1.0, 0.875, 0.75, 0.66)
    sizes, mirrored, lefts = set(), 0, set()
    for k in range(120):
        out = prepared([where()], k, size=50, train_scales=scales, flip=True)
        assert out.picture is not None
        box = out.picture.shots[0].box
        wide, high = box.right - box.left, box.bottom - box.top
        sizes.add((round(wide / HEIGHT, 2), round(high / HEIGHT, 2)))
        lefts.add(round(box.left))
        x = box.left + (np.arange(50) + 0.5) * wide / 50 - 0.5
        red = out.values[0, 20]
        flipped = bool(red[0] > red[-1])
        mirrored += flipped
        np.testing.assert_allclose(red[::-1] if flipped else red, x, atol=3)
    rounded = [round(s, 2) for s in scales]
    near = {(a, b) for i, a in enumerate(rounded) for j, b in enumerate(rounded) if abs(i - j) <= 1}
    assert sizes == near
    assert 40 < mirrored < 80
    assert len(lefts) > 30


def test_colour_and_depth_are_cut_and_flipped_together() -> None:
    """Also with a clip of the same sample, whatever their other settings."""
    flips = set()
    for k in range(20):
        color = prepared([where()], k, size=50, train_scales=(1.0, 0.7), flip=True)
        depth = [(where()[..., 0].astype(np.uint16) + 20) * 16]
        other = prepared(depth, k, "depth", size=50, train_scales=(1.0, 0.7), flip=True)
        assert color.picture is not None
        assert other.picture is not None
        assert color.picture.shots == other.picture.shots
        flipped = [bool(v[0, 20, 0] > v[0, 20, -1]) for v in (color.values, other.values)]
        chosen = clip.ClipInput(**PLAIN, size=50, flip=True, train_scale=(0.5, 1), frames=2)
        made = recording(None, pictures={"color": where()})
        seen = clip.read(Stretch(made, 0, 10**12, None), chosen)
        values = clip.make(seen, chosen, np.random.default_rng(k)).values
        flipped.append(bool(values[0, 0, 20, 0] > values[0, 0, 20, -1]))
        assert len(set(flipped)) == 1
        flips.update(flipped)
    assert flips == {False, True}


def test_the_same_generator_gives_the_same() -> None:
    frames = clip_of(5)
    keys: dict[str, Any] = {"train_scales": (1.0, 0.8, 0.6), "flip": True}
    one, same, other = (prepared(frames, k, **keys).values for k in (2, 2, 3))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 5
    np.testing.assert_array_equal(prepared(frames).values, prepared(frames).values)


def test_what_is_not_there_is_told() -> None:
    made = recording(None, pictures={"color": where()})
    with pytest.raises(DataError, match="no depth in this recording"):
        read(Stretch(made, 0, 10**12, None), DynamicInput(appearance="depth"))
    with pytest.raises(DataError, match="no color in this clip"):
        read(Stretch(made, 10**11, 10**12, None), DynamicInput())


def test_a_real_trial(utd_mhad: Path) -> None:
    """A right hand that swipes: what moved is where the person is, the rest is one grey."""
    chosen = DynamicInput(**PLAIN, appearance="depth", size=240, resize=240)
    with open_recording(utd_mhad / "Depth" / "a1_s1_t1_depth.mat") as real:
        depth = real.streams["depth"]
        seen = read(Stretch(real, 0, real.stop_ns, None), chosen)
        ever = np.any([depth.frame(k) > 0 for k in range(len(depth))], axis=0)
    shown = make(seen, chosen, None).values[0]
    left = (ever.shape[1] - 240) // 2
    person = ever[:, left : left + 240]
    background = np.median(shown)
    assert (shown[~person] == background).all()
    assert (np.abs(shown[person] - background) > 20).mean() > 0.05
