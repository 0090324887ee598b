"""Records: every kind of input comes back as it was, without a copy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clips import HEIGHT, WIDTH, at_pixels, body, recording, spread
from harstudio.learning.inputs import InputSettings
from harstudio.learning.prepared.cache_match import ONLY_MADE, differences
from harstudio.learning.prepared.packing import LAYOUT, pack, unpack
from harstudio.learning.preprocessing import TABLES, Preprocessing, Raw
from harstudio.networks import list_networks, network_card
from harstudio.recordings.recording import Recording
from harstudio.skeletons.topology import topology


def everything(name: str, frames: int = 20) -> Recording:
    """Two people who move, in every kind of stream."""
    rng = np.random.default_rng(0)
    count = len(topology(name).joints)
    bodies = []
    for t in range(frames):
        joints = at_pixels(spread(40, 30, 120, 170, count))
        joints[: count // 2, 0] += 0.01 * t
        bodies.append([body(joints, "a"), body(joints + np.float32(0.3), "b")])
    pictures: dict[str, Any] = {
        "color": [rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8) for _ in range(frames)],
        "depth": [rng.integers(0, 5000, (HEIGHT, WIDTH), np.uint16) for _ in range(frames)],
        "infrared": [rng.integers(0, 60000, (HEIGHT, WIDTH), np.uint16) for _ in range(frames)],
    }
    return recording(bodies, pictures=pictures, name=name, inertial=rng.normal(size=(40, 6)))


def read(preprocessing: Preprocessing) -> Raw:
    return preprocessing.read(everything(preprocessing.topology), 0, 10**12)


def mapped(record: bytes) -> Raw:
    """A record as a cache gives it: of bytes that cannot be written."""
    raw = unpack(np.frombuffer(record, np.uint8))
    assert isinstance(raw, Raw)
    return raw


@pytest.mark.parametrize("name", list_networks())
def test_what_a_network_reads_comes_back(name: str) -> None:
    card = network_card(name)
    preprocessing = Preprocessing.for_card(card, card.topology)
    raw = read(preprocessing)
    record = pack(raw)
    back = mapped(record)
    assert pack(back) == record
    assert back.nbytes == raw.nbytes
    for seed in (None, 1, 2):
        made = [
            preprocessing.make(one, None if seed is None else np.random.default_rng(seed))
            for one in (raw, back)
        ]
        assert made[0].inputs.keys() == made[1].inputs.keys()
        for key, value in made[0].inputs.items():
            assert value.tobytes() == made[1].inputs[key].tobytes()
        assert made[0].placement.pictures == made[1].placement.pictures
        assert made[0].placement.persons == made[1].placement.persons


def test_arrays_are_views_in_place() -> None:
    raw = Raw(seen={"a": None, "b": np.arange(5), "c": np.zeros((0, 3))})  # type: ignore[dict-item]
    record = np.frombuffer(pack(raw), np.uint8)
    back: Any = unpack(record).seen
    assert back["a"] is None
    assert back["c"].shape == (0, 3)
    assert np.shares_memory(back["b"], record)
    with pytest.raises(ValueError, match="read-only"):
        back["b"][0] = 1


def test_equal_arrays_are_kept_once() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, 100_000, np.uint8)
    one, two = (pack({name: pixels.copy() for name in names}) for names in ("a", "ab"))
    assert len(two) < len(one) + 100


@dataclass
class Unknown:
    value: int


@pytest.mark.parametrize("value", [Unknown(1), {1, 2}, np.array(["text"]), np.array([None])])
def test_what_is_not_known_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="cannot hold"):
        pack(value)


def test_damage_is_a_value_error() -> None:
    """Whatever one byte of the head becomes, nothing else is raised, and nothing is run."""
    record = pack(read(Preprocessing.for_card(network_card("mmff-lite"), "utd_mhad_20")))
    head = int.from_bytes(record[:8], "little")
    rng = np.random.default_rng(0)
    for at in range(0, 8 + head, 5):
        broken = bytearray(record)
        broken[at] = rng.integers(256)
        try:
            unpack(np.frombuffer(bytes(broken), np.uint8))
        except ValueError:
            continue
    for size in (0, 4, 8, 20, 8 + head, len(record) - 1):
        with pytest.raises(ValueError):  # noqa: PT011 - any
            unpack(np.frombuffer(record[:size], np.uint8))


def test_the_layout_names_every_field() -> None:
    assert LAYOUT["Box"] == ["left", "top", "right", "bottom"]
    assert LAYOUT["Raw"] == ["tracks", "seen"]
    assert all(LAYOUT.values())


# ---- what may differ

OTHER: dict[str, Any] = {
    "mean": 0.25, "std": 0.3, "size": 50, "usual_box": (0.1, 0.1, 0.6, 0.6), "focus_share": 0.4,
    "frames": 33, "fit": "motion", "center": "frame", "align": True, "test_crop": 0.7,
    "crop": (0.4, 0.6), "scale": (0.5, 0.6), "scale_to": "torso", "axes": "xy", "stride": 3,
    "scale_all": (0.8, 0.9), "speed": (0.5, 0.7), "scaling": "min-max", "train_scales": (0.5, 0.6),
}  # fmt: skip


def other(table: InputSettings, key: str) -> Any:
    """Another value of a key."""
    value = getattr(table, key)
    if key in OTHER:
        return OTHER[key]
    if isinstance(value, tuple):
        return tuple(0.8 * one for one in value)
    return not value if isinstance(value, bool) else value + 0.5


@pytest.mark.parametrize("kind", TABLES)
def test_keys_that_may_differ_change_nothing_that_is_read(kind: str) -> None:
    """With people and, of pictures, without: then the usual box counts."""
    own = TABLES[kind]()
    assert ONLY_MADE[kind] <= set(TABLES[kind].model_fields)
    for key in ONLY_MADE[kind]:
        table = own.model_copy(update={key: other(own, key)})
        assert table != own
        one, two = (Preprocessing("utd_mhad_20", {kind: each}) for each in (own, table))
        assert not differences(one, two), key
        assert pack(read(one)) == pack(read(two)), key
        if kind in ("picture", "clip", "dynamic"):
            bare = recording(None, pictures={"color": everything("utd_mhad_20").streams["color"]
                             .frame(0)})  # fmt: skip
            assert pack(one.read(bare, 0, 10**12)) == pack(two.read(bare, 0, 10**12)), key


def test_all_other_keys_count() -> None:
    for kind, model in TABLES.items():
        own = model()
        for key in set(model.model_fields) - ONLY_MADE[kind] - {"kind"}:
            table = own.model_copy(update={key: "other"})
            found = differences(*(Preprocessing("", {kind: one}) for one in (own, table)))
            assert found, (kind, key)


@pytest.mark.parametrize("kind", TABLES)
def test_the_page_names_the_keys_that_count(kind: str) -> None:
    page = (Path(__file__).parents[3] / "docs/reference/training.md").read_text("utf-8")
    table = page.partition("keys that must be the same |")[2].partition("\n\n")[0]
    row = next(line for line in table.splitlines() if line.startswith(f"| {kind} |"))
    told = set(re.findall(r"`(\w+)`", row))
    assert told == set(TABLES[kind].model_fields) - ONLY_MADE[kind] - {"kind"}


def test_inputs_and_people_count() -> None:
    both = Preprocessing.for_card(network_card("mmff-lite"), "utd_mhad_20")
    picture = Preprocessing("utd_mhad_20", {"picture": both.inputs["picture"]})
    skeleton = Preprocessing("utd_mhad_20", {"skeleton": both.inputs["skeleton"]})
    assert not differences(both, both)
    assert not differences(both, skeleton)
    assert "no picture input picture" in differences(skeleton, both)[0].sentence
    assert "joints of the skeleton" in differences(both, picture)[0].sentence
    other_joints = Preprocessing("kinect_v2_25", both.inputs)
    assert "utd_mhad_20 there, not kinect_v2_25" in differences(both, other_joints)[0].sentence
    assert not differences(both, both.leaving_out(["color"]))
    assert differences(both, both.leaving_out(["skeleton"]))
