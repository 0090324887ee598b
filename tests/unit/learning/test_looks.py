"""What training changes in pictures: light, blur, mirrors, crops, depth and what is behind."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from clips import at_pixels, body, recording, spread, where
from harstudio.learning.inputs.backgrounds import random_depth
from harstudio.learning.inputs.clip import ClipInput
from harstudio.learning.inputs.looks import changed_kept, darker, draw_look
from harstudio.learning.preprocessing import KINDS, Prepared, Preprocessing
from harstudio.recordings.recording import Recording

PLAIN = {"mean": 0.0, "std": 1.0, "size": 60}
TABLES: dict[str, dict[str, Any]] = {
    "picture": PLAIN | {"crop": "none", "focus_share": 0.2},
    "clip": PLAIN | {"frames": 3, "resize": 60},
    "dynamic": PLAIN | {"resize": 60},
    "regions": PLAIN | {"frames": 2, "region_px": 200.0},
    "skeleton": {"frames": 5},
}


def made() -> Recording:
    pixels = spread(60, 40, 190, 170)
    frames = [[body(at_pixels(pixels + np.array([t, 0])))] for t in range(8)]
    depth = np.zeros((200, 240), np.uint16)
    depth[40:180, 80:160] = 2000 + np.arange(80)
    color = [np.roll(where(), 5 * t, axis=1) for t in range(8)]
    return recording(frames, pictures={"color": color, "depth": depth})


def own(*kinds: str, **keys: Any) -> Preprocessing:
    tables = {
        kind: TABLES[kind] | ({"flip": keys["flip"]} if kind == "skeleton" else keys)
        for kind in kinds
    }
    return Preprocessing.from_dict({"version": 2, "topology": "utd_mhad_20", "inputs": tables})


def drawn(prepared: Preprocessing, seed: int | None) -> Prepared:
    rng = None if seed is None else np.random.default_rng(seed)
    return prepared.make(prepared.read(made(), 0, 10**12), rng)


CHANGES: tuple[dict[str, Any], ...] = (
    {"flip": True}, {"light": (0.2, 0.5)}, {"blur_px": 4.0},
    {"appearance": "depth", "background": 1.0}, {"appearance": "depth", "depth_holes": 0.5},
    {"appearance": "depth", "depth_shift_mm": 300.0}, {"train_scales": (1.0, 0.6)},
)  # fmt: skip
CASES = [
    pytest.param(kind, keys, id=f"{kind}-{list(keys)[-1]}")
    for kind in ("picture", "clip", "dynamic", "regions")
    for keys in CHANGES
    if keys.keys() <= KINDS[kind].settings.model_fields.keys()
]


@pytest.mark.parametrize(("kind", "keys"), CASES)
def test_in_training_alone_and_always_alike(kind: str, keys: dict[str, Any]) -> None:
    plain, changed = own(kind, appearance=keys.get("appearance", "color")), own(kind, **keys)
    np.testing.assert_array_equal(
        drawn(changed, None).inputs[kind], drawn(plain, None).inputs[kind]
    )
    different = 0
    for seed in range(8):
        one, same, without = (drawn(p, seed).inputs[kind] for p in (changed, changed, plain))
        np.testing.assert_array_equal(one, same)
        assert np.isfinite(one).all()
        different += not np.array_equal(one, without)
    assert 1 <= different <= 8
    assert len({drawn(changed, seed).inputs[kind].tobytes() for seed in range(8)}) >= 2


def test_everything_flips_together() -> None:
    """The mirrored picture, its focus and the joints are those of the mirrored recording."""
    kinds = ("skeleton", "picture", "clip", "regions")
    flipped = 0
    for seed in range(12):
        one, plain = (drawn(own(*kinds, flip=flip), seed).inputs for flip in (True, False))
        if np.array_equal(one["skeleton"], plain["skeleton"]):
            for name, values in one.items():
                np.testing.assert_array_equal(values, plain[name])
            continue
        flipped += 1
        for name in ("picture", "clip"):
            np.testing.assert_array_equal(one[name], plain[name][..., ::-1])
        np.testing.assert_allclose(one["focus"][[0, 2]], 1 - plain["focus"][[2, 0]], atol=1e-6)
        np.testing.assert_array_equal(one["focus"][[1, 3]], plain["focus"][[1, 3]])
        np.testing.assert_allclose(one["skeleton"][0].sum(), -plain["skeleton"][0].sum(), rtol=1e-4)
    assert 2 <= flipped <= 10


def test_a_mosaic_exchanges_its_rows() -> None:
    """Of 5 rows of 12 pixels and 2 columns of 30: hands and ankles change places."""
    seeds = [
        k for k in range(12)
        if not np.array_equal(*(drawn(own("regions", flip=f), k).inputs["regions"]
                                for f in (True, False)))
    ]  # fmt: skip
    assert 2 <= len(seeds) <= 10
    one, plain = (drawn(own("regions", flip=f), seeds[0]) for f in (True, False))
    rows, other = (p.inputs["regions"].reshape(3, 5, 12, 2, 30) for p in (one, plain))
    # the mosaic is scaled down from pieces of 96 pixels: seams mix a little
    np.testing.assert_allclose(
        rows[:, :, 2:-2], other[:, [0, 2, 1, 4, 3], 2:-2, :, ::-1], atol=0.02
    )
    place, before = (p.placement.pictures["regions"].shots for p in (one, plain))
    for shot, old in zip(place, before, strict=True):
        row, was = round(shot.part.top * 5), round(old.part.top * 5)
        assert (row, shot.box) == ((0, 2, 1, 4, 3)[was], old.box)
        assert int(shot.part.left * 2) == int(old.part.left * 2)


def test_light_is_light() -> None:
    """Half the light of a byte: (v / 255) ** 2.2 halves."""
    values = np.arange(256, dtype=np.uint8)
    dark = darker(values, 0.5).astype(float)
    np.testing.assert_allclose((dark / 255) ** 2.2, (values / 255) ** 2.2 / 2, atol=0.005)
    assert (darker(values, 1.0) == values).all()
    for seed in range(10):
        inputs = drawn(own("clip", light=(0.25, 0.5)), seed).inputs["clip"]
        plain = drawn(own("clip"), seed).inputs["clip"]
        factor = (inputs.sum() / plain.sum()) ** 2.2
        assert 0.245 < factor < 0.505


def test_blur_is_gaussian_and_all_frames_alike() -> None:
    for seed in range(6):
        plain = drawn(own("clip"), seed).inputs["clip"]
        out = drawn(own("clip", blur_px=3.0), seed).inputs["clip"]
        sigma = 3.0 * draw_look(np.random.default_rng(shared(seed))).blur
        if sigma < 0.1:
            continue
        for t in range(3):
            want = cv2.GaussianBlur(plain[:, t].transpose(1, 2, 0), (0, 0), sigma)
            np.testing.assert_allclose(out[:, t].transpose(1, 2, 0), want, atol=2.1 / 255)


def shared(seed: int) -> int:
    return int(np.random.default_rng(seed).integers(1 << 63))


def silhouette() -> NDArray[np.uint8]:
    places = np.zeros((4, 50, 60), np.uint8)
    places[:, 10:45, 20:40] = np.arange(95, 115)
    return places


def depth_settings(**keys: Any) -> ClipInput:
    return ClipInput(appearance="depth", depth_mm=(500.0, 4500.0), **keys)


@pytest.mark.parametrize("seed", range(12))
def test_a_room_behind_the_person(seed: int) -> None:
    look, places = draw_look(np.random.default_rng(seed)), silhouette()
    out = changed_kept(places, depth_settings(background=1.0), look)
    there = places > 0
    np.testing.assert_array_equal(out[there], places[there])
    assert (out > 0).all()
    assert (out == out[0]).all(), "the same room in all frames"
    wall = out[0][~there[0]]
    assert len(np.unique(wall)) > 5
    room = random_depth(50, 60, 2200.0, np.random.default_rng(seed))
    assert room.shape == (50, 60)
    assert np.isfinite(room).all()
    assert 1000 < np.median(room) < 6000


def test_how_often_there_is_a_room() -> None:
    places = silhouette()
    rooms = [
        (changed_kept(places, depth_settings(background=0.3),
                       draw_look(np.random.default_rng(k))) > 0).all()
        for k in range(200)
    ]  # fmt: skip
    assert 0.2 < np.mean(rooms) < 0.4


def test_all_depths_move_alike() -> None:
    places, moves = silhouette(), []
    for k in range(40):
        look = draw_look(np.random.default_rng(k))
        out = changed_kept(places, depth_settings(depth_shift_mm=200.0), look).astype(int)
        assert (out[places == 0] == 0).all()
        step = (out - places)[places > 0]
        assert (step == step[0]).all()
        moves.append(step[0])
    most = round(200 * 255 / 4000)
    assert -most <= min(moves) < -most / 2
    assert most / 2 < max(moves) <= most


def test_holes_of_that_share() -> None:
    places, shares = np.full((2, 100, 120), 90, np.uint8), []
    for k in range(40):
        look = draw_look(np.random.default_rng(k))
        out = changed_kept(places, depth_settings(depth_holes=0.4), look)
        assert (out[0] == out[1]).all()
        shares.append(1 - (out > 0).mean())
    assert max(shares) <= 0.42
    assert 0.1 < np.mean(shares) < 0.25


def test_a_picture_is_cut_to_a_share_of_its_sides() -> None:
    sides = set()
    for seed in range(30):
        (shot,) = (
            drawn(own("picture", train_scales=(1.0, 0.5)), seed).placement.pictures["picture"].shots
        )
        box = shot.box
        assert 0 <= box.left <= box.right <= 240
        assert 0 <= box.top <= box.bottom <= 200
        sides.add(((box.right - box.left) / 240, (box.bottom - box.top) / 200))
    assert sides == {(1.0, 1.0), (1.0, 0.5), (0.5, 1.0), (0.5, 0.5)}


@pytest.mark.parametrize("appearance", ["color", "infrared"])
def test_something_else_where_the_mask_took_the_room(appearance: str) -> None:
    kept = np.zeros((3, 40, 60, 3), np.uint8)
    kept[:, 10:35, 20:40] = 90
    kept[:, 12, 22] = (0, 5, 0)  # dark, but the person's
    kept = kept if appearance == "color" else kept[..., 0].copy()
    there = kept > 0 if kept.ndim == 3 else kept.any(axis=-1)
    look = draw_look(np.random.default_rng(0))
    settings = ClipInput(appearance=appearance, background=1.0, person_band_m=(0.4, 0.3))
    out = changed_kept(kept, settings, look)
    np.testing.assert_array_equal(out[there], kept[there])
    assert (out[~there] > 0).all()
    assert np.ptp(out[~there].astype(int)) > 30
    whole = ClipInput(appearance=appearance, background=1.0)
    np.testing.assert_array_equal(changed_kept(kept, whole, look), kept)
