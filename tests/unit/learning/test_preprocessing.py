"""Preprocessing: made for a card, kept in a file, the same wherever it is used."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clips import at_pixels, body, recording, spread, where
from harstudio.errors import DataError, MissingError, UsageError
from harstudio.learning.modalities import match_modalities
from harstudio.learning.preprocessing import TABLES, Preprocessing
from harstudio.networks import list_networks, network_card
from harstudio.networks.inputs import input_shapes
from harstudio.recordings.formats import open_recording
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import Body, SampledStream
from harstudio.resources import resource
from harstudio.results import Box, NetworkCard, Recipe

SKELETON = {"frames": 24, "bodies": 2, "center": "clip", "rotate_deg": 30.0, "scale": (1.0, 1.2)}
PICTURE = {"size": 40, "mean": (0.5, 0.5, 0.5), "std": 0.25, "crop": "joints"}
CARD = NetworkCard(
    name="two",
    title="Two",
    paper="",
    authors="",
    year=2022,
    branches={"skeleton": ("skeleton",), "picture": ("color", "depth", "infrared")},
    streams={"skeleton": ("skeleton",), "picture": ("picture",)},
    preprocessing={"skeleton": SKELETON, "picture": PICTURE},
    recipe=Recipe(()),
)
JOINTS = dataclasses.replace(
    CARD, name="joints", branches={"skeleton": ("skeleton",)}, preprocessing={"skeleton": SKELETON}
)
PICTURES = dataclasses.replace(
    CARD,
    name="pictures",
    branches={"picture": ("color", "depth")},
    preprocessing={"picture": PICTURE},
)
EVERY = dataclasses.replace(
    CARD,
    name="every",
    branches={
        "skeleton": ("skeleton",),
        "picture": ("color",),
        "clip": ("color",),
        "near": ("depth",),
        "dynamic": ("infrared",),
        "regions": ("color",),
        "inertial": ("inertial",),
    },
    streams={},
    preprocessing={
        "skeleton": {
            "frames": 7,
            "fit": "resample",
            "test_crop": 0.9,
            "align": True,
            "scale_to": "torso",
            "turn_deg": 90.0,
            "scale_all": (0.5, 2.0),
            "flip": True,
            "jitter_m": 0.1,
            "joint_dropout": 0.3,
            "frame_drop": 0.5,
            "speed": (0.5, 2.0),
        },
        "picture": {
            "size": 16,
            "frames": 2,
            "flip": True,
            "light": (0.2, 2.0),
            "blur_px": 2.0,
            "train_scales": (1.0, 0.5),
        },
        "clip": {"size": 16, "frames": 5, "sampling": "stride", "train_scale": (0.5, 1.0)},
        "near": {
            "kind": "clip",
            "size": 16,
            "frames": 4,
            "crop": "person",
            "flip": True,
            "person_band_m": (0.5, 5.0),
            "background": 0.5,
            "depth_shift_mm": 200.0,
            "depth_holes": 0.3,
        },
        "dynamic": {"size": 16, "segments": 2, "train_scales": (1.0, 0.8), "flip": True},
        "regions": {"size": 30, "frames": 3, "flip": True, "person_band_m": (0.3, 0.3)},
        "inertial": {"frames": 9, "crop": (0.5, 1.0), "scale": (0.9, 1.1)},
    },
)
SHAPES = {
    "skeleton": (3, 7, 20, 2), "picture": (3, 2, 16, 16), "focus": (2, 4), "clip": (3, 5, 16, 16),
    "near": (3, 4, 16, 16), "dynamic": (3, 2, 16, 16), "regions": (3, 30, 30), "inertial": (6, 9),
}  # fmt: skip


def everything(frames: list[list[Body]] | None = None) -> Recording:
    """A recording with all kinds of stream that networks take."""
    frames = frames or [[body(at_pixels(spread(90, 60, 150, 150) + t % 7))] for t in range(30)]
    grey = where()[..., 0].astype(np.uint16)
    moving = [np.roll(grey, 3 * t, axis=1) for t in range(len(frames))]
    pictures = {"color": where(), "depth": (grey + 3) * 16, "infrared": moving}
    signal = np.random.default_rng(0).normal(size=(60, 6))
    return recording(frames, pictures=pictures, inertial=signal)


def made(**pictures: Any) -> Recording:
    """A body that moves, with colour and depth."""
    pixels = spread(90, 60, 150, 150)
    frames = [[body(at_pixels(pixels + np.array([t % 7, t])), "7")] for t in range(20)]
    depth = (where()[..., 0].astype(np.uint16) + 3) * 16
    return recording(frames, pictures={"color": where(), "depth": depth} | pictures)


def prepared(card: NetworkCard = CARD, modalities: tuple[str, ...] = (), **tables: Any) -> Any:
    return Preprocessing.for_card(card, "utd_mhad_20", modalities, tables)


def box_of(prepared: Any) -> Box:
    (shot,) = prepared.placement.pictures["picture"].shots
    return shot.box


# ---- made for a card


def test_a_card_and_what_a_person_wants_instead() -> None:
    own = prepared(skeleton={"frames": 12}, picture={"std": [0.2, 0.3, 0.4]})
    assert own.skeleton.frames == 12
    assert own.skeleton.rotate_deg == 30
    assert own.inputs["picture"].std == (0.2, 0.3, 0.4)
    assert own.inputs["picture"].appearance == "color"
    assert own.kinds == ("color", "skeleton")
    assert prepared(modalities=("skeleton", "depth")).inputs["picture"].appearance == "depth"
    assert "picture" not in prepared(JOINTS).inputs
    assert prepared(PICTURES, ("depth",)).kinds == ("depth",)


def test_no_place_for_a_second_person_where_there_never_is_one() -> None:
    def bodies(most: int, **own: int) -> int:
        tables = {"skeleton": own}
        made = Preprocessing.for_card(CARD, "utd_mhad_20", (), tables, most_bodies=most)
        assert made.skeleton is not None
        return made.skeleton.bodies

    assert [bodies(0), bodies(1), bodies(2), bodies(6)] == [2, 1, 2, 2]
    assert bodies(1, bodies=2) == 2


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        (
            {"skeleton": {"frmes": 3}},
            r"\[preprocessing.skeleton\] has no key frmes. Did you",
        ),
        ({"skeletn": {}}, "two has no input skeletn to prepare. Did you mean skeleton"),
        ({"skeleton": {"frames": "64"}}, r"\] frames is '64'. Input should be a valid integer"),
        ({"skeleton": {"frames": 0}}, "frames is 0. Input should be greater"),
        ({"skeleton": {"bodies": 3}}, "bodies is 3. Input should be 1 or 2"),
        (
            {"skeleton": {"fit": "loop"}},
            "fit is 'loop'. Input should be 'repeat', 'resize', 'resample'",
        ),
        ({"picture": {"size": True}}, "size is True"),
        ({"picture": {"std": 0}}, "std is 0"),
        ({"picture": {"scale": 1}}, r"\[preprocessing.picture\] has no key scale"),
        (
            {"picture": {"appearance": "depth"}},
            "The input picture shows color, not depth. Choose it with modalities",
        ),
    ],
)
def test_what_is_wrong_is_named(tables: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        prepared(**tables)


def test_modalities_find_their_branches() -> None:
    assert match_modalities(CARD) == {"skeleton": "skeleton", "picture": "color"}
    assert match_modalities(CARD, ("infrared", "skeleton"))["picture"] == "infrared"
    swapped = dataclasses.replace(
        CARD,
        branches={"one": ("color", "infrared", "depth"), "two": ("depth", "infrared", "color")},
    )
    assert match_modalities(swapped, ("depth", "color")) == {"one": "color", "two": "depth"}
    assert match_modalities(swapped, ("depth", "infrared")) == {"one": "depth", "two": "infrared"}
    with pytest.raises(UsageError, match="two needs color or depth or infrared for its picture"):
        match_modalities(CARD, ("skeleton",))
    with pytest.raises(UsageError, match="two has no branch for depth"):
        match_modalities(CARD, ("skeleton", "color", "depth"))
    with pytest.raises(UsageError, match="has no branch for color"):
        match_modalities(CARD, ("skeleton", "color", "color"))


# ---- reading and making


def test_inputs_and_where_they_come_from() -> None:
    clip = made()
    times = clip.streams["skeleton"].times_ns
    own = prepared()
    raw = own.read(clip, int(times[2]), int(times[14]))
    out = own.make(raw)
    shapes = {name: value.shape for name, value in out.inputs.items()}
    assert shapes == {"skeleton": (3, 24, 20, 2), "picture": (3, 40, 40), "focus": (4,)}
    assert {value.dtype for value in out.inputs.values()} == {np.dtype(np.float32)}
    place = out.placement
    assert place.times_ns["skeleton"].tolist() == np.tile(times[2:14], 2).tolist()
    assert place.persons == ("7", "")
    picture = place.pictures["picture"]
    assert (picture.stream, picture.times_ns.tolist()) == ("color", [times[8]])
    (pointer,) = picture.pointers
    assert pointer is not None
    assert pointer.person == "7"
    assert raw.nbytes > raw.seen["picture"].nbytes


def test_prediction_sees_what_testing_saw(tmp_path: Path) -> None:
    """Read again, from the run's file, by another object: the same to the last bit."""
    own = prepared(modalities=("depth", "skeleton"))
    own.save(tmp_path / "preprocessing.json")
    again = Preprocessing.load(tmp_path / "preprocessing.json")
    assert again == own
    for rng in (None, 3):
        one, other = (
            p.make(p.read(made(), 0, 10**9), None if rng is None else np.random.default_rng(rng))
            for p in (own, again)
        )
        assert one.inputs.keys() == other.inputs.keys()
        for name, value in one.inputs.items():
            np.testing.assert_array_equal(value, other.inputs[name])


def test_a_file_of_the_first_version_is_read() -> None:
    own = prepared()
    tables = {name: table.model_dump(mode="json") for name, table in own.inputs.items()}
    old = {key: {k: v for k, v in table.items() if k != "kind"} for key, table in tables.items()}
    assert Preprocessing.from_dict({"version": 1, "topology": "utd_mhad_20", **old}) == own


def test_leaving_out_is_as_if_no_recording_had_it() -> None:
    whole, bare = prepared(), prepared().leaving_out(["skeleton"])
    assert bare.kinds == ("color",)
    inputs = bare.make(bare.read(made(), 0, 10**9)).inputs
    alone = whole.leaving_out(["skeleton"])
    without = recording(None, pictures={"color": where()})
    for name, value in alone.make(alone.read(without, 0, 10**9)).inputs.items():
        np.testing.assert_array_equal(value, inputs[name])
    with pytest.raises(UsageError, match="Without color and skeleton nothing is left"):
        whole.leaving_out(["color", "skeleton"])


def test_making_leaves_what_was_read_as_it_is() -> None:
    own = prepared()
    raw = own.read(made(), 0, 10**9)
    first = own.make(raw)
    for k in range(5):
        augmented = own.make(raw, np.random.default_rng(k))
        assert np.abs(augmented.inputs["skeleton"] - first.inputs["skeleton"]).max() > 0.01
        assert np.abs(augmented.inputs["picture"] - first.inputs["picture"]).max() > 0.1
    for name, value in own.make(raw).inputs.items():
        np.testing.assert_array_equal(value, first.inputs[name])


def test_augmentation_does_not_change_which_joint_moved() -> None:
    own = prepared()
    raw = own.read(made(), 0, 10**9)
    told = {
        (pointer.joint, pointer.moved_m)
        for k in range(9)
        for pointer in own.make(raw, np.random.default_rng(k))
        .placement.pictures["picture"]
        .pointers
    }
    assert told == {(raw.seen["picture"].joint, raw.seen["picture"].moved_m)}


def test_pictures_alone_use_joints_where_there_are_any() -> None:
    own = prepared(PICTURES)
    raw = own.read(made(), 0, 10**9)
    assert raw.tracks is None
    out = own.make(raw)
    assert sorted(out.inputs) == ["focus", "picture"]
    assert box_of(out).left > 50
    bare = own.make(own.read(recording(None, pictures={"color": where()}), 0, 10**9))
    assert box_of(bare).left == 0
    assert np.isnan(bare.inputs["focus"]).all()


def test_what_is_not_there_is_told() -> None:
    with pytest.raises(DataError, match="Nobody is seen in this clip"):
        prepared(JOINTS).read(made(), 10**11, 10**12)
    with pytest.raises(DataError, match="Body 8 is not seen"):
        prepared(JOINTS).read(made(), 0, 10**9, "8")
    with pytest.raises(DataError, match="no skeleton in this recording"):
        prepared().read(recording(None, pictures={"color": where()}), 0, 10**9)
    with pytest.raises(DataError, match="no infrared in this recording"):
        prepared(modalities=("skeleton", "infrared")).read(made(), 0, 10**9)


def bodies_at_random(rng: np.random.Generator) -> list[list[Body]]:
    """People who come and go, with joints lost, far away or behind the camera."""
    frames: list[list[Body]] = []
    for _ in range(int(rng.integers(1, 12))):
        people = []
        for name in rng.permutation(4)[: rng.integers(0, 4)]:
            joints = rng.normal((0, 0, 2), rng.choice([0.0, 0.5, 1e4]), (20, 3))
            joints[rng.random(20) < rng.choice([0.0, 0.3, 1.0])] = np.nan
            people.append(body(joints, str(name)))
        frames.append(people)
    return frames


@pytest.mark.parametrize("seed", range(60))
def test_whatever_the_sensor_gives_the_inputs_are_numbers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    own = prepared(
        skeleton={
            "fit": str(rng.choice(["repeat", "resize"])),
            "bodies": int(rng.integers(1, 3)),
            "center": str(rng.choice(["none", "clip", "frame"])),
            "crop": (0.2, 1.0),
        }
    )
    frames = bodies_at_random(rng)
    clip = recording(frames, pictures={"color": where()})
    if not any(np.isfinite(one.joints).any() for people in frames for one in people):
        with pytest.raises(DataError, match="Nobody is seen"):
            own.read(clip, 0, 10**9)
        return
    raw = own.read(clip, 0, 10**9)
    for k in (None, rng):
        inputs = own.make(raw, k).inputs
        assert np.isfinite(inputs["skeleton"]).all()
        assert np.isfinite(inputs["picture"]).all()
        assert np.isfinite(inputs["focus"]).all() or np.isnan(inputs["focus"]).all()


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_seen_every_kind_of_input_is_numbers(seed: int) -> None:
    """One frame or a few, people who come and go, nobody where the joints point."""
    rng = np.random.default_rng(seed)
    frames = bodies_at_random(rng)
    clip = everything(frames)
    signal = clip.streams["inertial"]
    assert isinstance(signal, SampledStream)
    signal.values[rng.random(signal.values.shape) < rng.choice([0.0, 0.3, 1.0])] = np.nan
    own = Preprocessing.for_card(EVERY, "utd_mhad_20")
    if not any(np.isfinite(one.joints).any() for people in frames for one in people):
        with pytest.raises(DataError, match="Nobody is seen"):
            own.read(clip, 0, 10**9)
        own = own.leaving_out(["skeleton"])
    raw = own.read(clip, 0, 10**9)
    for drawn in (None, rng):
        out = own.make(raw, drawn)
        assert "inertial" in out.inputs
        for name, value in out.inputs.items():
            assert (value.dtype, value.shape) == (np.float32, SHAPES[name])
            assert np.isfinite(value).all() or name == "focus"


# ---- every kind of input


def test_every_kind_is_the_same_whenever_it_is_made() -> None:
    own = Preprocessing.for_card(EVERY, "utd_mhad_20")
    one, other = (own.read(everything(), 0, 10**9) for _ in range(2))
    assert one.nbytes == other.nbytes > sum(seen.nbytes for seen in one.seen.values())
    for seed in (None, 1, 2):
        first, second, again = (
            own.make(raw, None if seed is None else np.random.default_rng(seed)).inputs
            for raw in (one, other, one)
        )
        assert {name: value.shape for name, value in first.items()} == SHAPES
        for name, value in first.items():
            np.testing.assert_array_equal(value, second[name])
            np.testing.assert_array_equal(value, again[name])
    tested, drawn = own.make(one).inputs, own.make(one, np.random.default_rng(3)).inputs
    for name in SHAPES.keys() - {"focus"}:
        assert np.abs(tested[name] - drawn[name]).max() > 1e-3, name


def test_every_input_tells_when_it_was() -> None:
    own = Preprocessing.for_card(EVERY, "utd_mhad_20")
    clip = everything()
    times = clip.streams["skeleton"].times_ns
    start, end = int(times[5]), int(times[25])
    place = own.make(own.read(clip, start, end)).placement
    assert place.times_ns.keys() == SHAPES.keys() - {"focus"}
    assert place.pictures.keys() == SHAPES.keys() - {"focus", "skeleton", "inertial"}
    for name, at in place.times_ns.items():
        assert at.dtype == np.int64
        assert start <= at.min() <= at.max() < end, name
    assert [len(place.times_ns[name]) for name in ("picture", "clip", "inertial")] == [2, 5, 9]


def test_settings_of_every_kind_survive_their_file(tmp_path: Path) -> None:
    own = Preprocessing.for_card(EVERY, "utd_mhad_20")
    own.save(tmp_path / "preprocessing.json")
    assert Preprocessing.load(tmp_path / "preprocessing.json") == own


def test_regions_need_the_skeleton_too() -> None:
    card = dataclasses.replace(
        CARD, branches={"regions": ("color",)}, preprocessing={"regions": {"size": 30}}
    )
    own = Preprocessing.for_card(card, "")
    assert own.kinds == ("color", "skeleton")
    out = own.make(own.read(everything(), 0, 10**9))
    assert out.inputs["regions"].any()
    assert not own.read(everything(), 0, 10**9).tracks, "the joints are no input of the network"
    with pytest.raises(UsageError, match="Without skeleton nothing is left"):
        own.leaving_out(["skeleton"])
    left = Preprocessing.for_card(EVERY, "utd_mhad_20").leaving_out(["skeleton"])
    assert set(left.inputs) == EVERY.branches.keys() - {"skeleton", "regions"}


def test_colour_and_depth_of_one_sample_are_cut_and_flipped_together() -> None:
    """Through the whole preprocessing, of M-Mixer's clips and of DSCMT's dynamic images."""
    for name, first in (("m-mixer", "color"), ("dscmt", "visual")):
        card = network_card(name)
        tables = {branch: {"size": 24, "resize": 100} for branch in card.branches}
        own = Preprocessing.for_card(card, "utd_mhad_20", ("color", "depth"), tables)
        raw = own.read(recording(None, pictures=in_one_view()), 0, 10**9)
        mirrored = set()
        for k in range(12):
            out = own.make(raw, np.random.default_rng(k))
            one, other = (out.placement.pictures[branch].shots for branch in (first, "depth"))
            assert one == other
            rows = [out.inputs[branch][0].reshape(-1, 24, 24)[0, 12] for branch in (first, "depth")]
            sides = {bool(row[:8].mean() > row[-8:].mean()) for row in rows}
            assert len(sides) == 1
            mirrored |= sides
        assert mirrored == {False, True}


def in_one_view() -> dict[str, Any]:
    """Colour and depth, one frame each, dark on the left and bright on the right."""
    far = where()[..., 0].astype(np.uint16) * 8 + 2000
    return {"color": [where()], "depth": [far]}


# ---- every network


@pytest.mark.parametrize("kind", ["color", "depth", "infrared"])
@pytest.mark.parametrize("name", list_networks())
def test_what_networks_ask_for_is_what_they_get(name: str, kind: str) -> None:
    """The cards know the keys of preprocessing, and the shapes are those that they expect."""
    card = network_card(name)
    tables: dict[str, dict[str, Any]] = {}
    for branch in card.branches:
        of = card.kind_of(branch)
        tables[branch] = {} if of in ("skeleton", "inertial") else {"size": 24}
        if of != "regions" and "frames" in card.preprocessing[branch]:
            tables[branch]["frames"] = 6
    modalities = {branch: allowed[0] for branch, allowed in card.branches.items()}
    for branch, allowed in card.branches.items():
        if kind in allowed and kind not in modalities.values():
            modalities[branch] = kind
    wanted = tuple(modalities.values())
    own = Preprocessing.for_card(card, "utd_mhad_20", wanted, tables)
    inputs = own.make(own.read(everything(), 0, 10**9), np.random.default_rng(0)).inputs
    shapes = {name: value.shape for name, value in inputs.items()}
    assert shapes == input_shapes(card, "utd_mhad_20", tables)
    plain = Preprocessing.for_card(card, "utd_mhad_20")  # as published, without another value
    assert list(plain.inputs) == list(card.branches)


def test_the_crop_of_real_trials_holds_the_person(utd_mhad: Path) -> None:
    """Nearly all of the silhouette, and not much more than the box of the margins asks for."""
    own = Preprocessing.for_card(CARD, "utd_mhad_20", ("skeleton", "depth"))
    for trial in ("a1_s1_t1", "a10_s4_t2", "a24_s7_t1", "a27_s2_t3"):
        with open_recording(utd_mhad / "Depth" / f"{trial}_depth.mat") as real:
            raw = own.read(real, 0, real.stop_ns)
            (shot,) = own.make(raw).placement.pictures["picture"].shots
            picture = real.streams["depth"].at(shot.time_ns).data
        y, x = np.nonzero(picture)
        box = shot.box
        inside = (x >= box.left) & (x < box.right) & (y >= box.top) & (y < box.bottom)
        assert inside.mean() > 0.95
        assert (box.right - box.left) * (box.bottom - box.top) < 0.5 * picture.size


# ---- files


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d | {"version": 3}, "version is 3"),
        (lambda d: d | {"topology": 3}, "topology is missing"),
        (lambda d: d | {"topology": "octopus"}, "no skeleton topology named octopus"),
        (lambda d: d | {"inputs": None}, "the inputs are missing"),
        (lambda d: d | {"inputs": {"skeleton": [1]}}, "skeleton is no table"),
        (lambda d: d | {"inputs": {"skeleton": {"frames": -1}}}, "frames is -1"),
        (lambda d: d | {"inputs": {"picture": {"sizes": 1}}}, "no key sizes"),
        (lambda d: d | {"inputs": {"smell": {}}}, "smell is of no known kind"),
        (lambda d: [d], "topology is missing"),
    ],
)
def test_a_damaged_file_is_told(tmp_path: Path, change: Any, says: str) -> None:
    path = tmp_path / "preprocessing.json"
    path.write_text(json.dumps(change(prepared().to_dict())))
    with pytest.raises(DataError, match=says) as told:
        Preprocessing.load(path)
    assert told.value.path == path


def test_no_file_or_no_json(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        Preprocessing.load(tmp_path / "none.json")
    for content in (b"{", b"\xff", b"[" * 100_000, b" " * (2 << 20)):
        (tmp_path / "bad.json").write_bytes(content)
        with pytest.raises(DataError, match="damaged"):
            Preprocessing.load(tmp_path / "bad.json")


@pytest.mark.parametrize("table", TABLES)
def test_the_documents_name_every_key_and_its_default(table: str) -> None:
    page = (resource().parent / "docs" / "reference" / "preprocessing.md").read_text("utf-8")
    section = page.partition(f"## `[preprocessing.{table}]`")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| ", section, re.MULTILINE)
    told = {key: json.loads(default.translate({40: 91, 41: 93})) for key, default in rows}
    defaults = TABLES[table]().model_dump(mode="json", exclude={"kind"})
    assert told == defaults
