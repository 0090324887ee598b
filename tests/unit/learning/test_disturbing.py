"""Conditions: what they change, how much, and always the same of one stretch."""

from __future__ import annotations

import re
from math import erf
from typing import Any

import numpy as np
import pytest

from clips import at_pixels, body, recording, spread
from harstudio.errors import UsageError
from harstudio.learning.evaluating.disturbing import CONDITIONS, applies, disturb
from harstudio.learning.preprocessing import Preprocessing
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SkeletonFrame
from harstudio.resources import resource
from harstudio.skeletons.topology import topology, topology_names

CLIP = {"kind": "clip", "size": 24, "frames": 4, "resize": 40}


def made(frames: int = 12, name: str = "one") -> Recording:
    pixels = spread(90, 60, 150, 150)
    bodies = [[body(at_pixels(pixels + np.array([t % 7, t])), "7")] for t in range(frames)]
    rng = np.random.default_rng(0)
    depth = np.zeros((frames, 200, 240), np.uint16)
    depth[:, 55:155, 85:165] = rng.integers(1950, 2050, (frames, 100, 80))
    shine = (np.full((200, 240), 40) + np.arange(240)).astype(np.uint8)
    pictures = {
        "color": [*rng.integers(0, 256, (frames, 200, 240, 3)).astype(np.uint8)],
        "depth": [*depth],
        "infrared": [np.roll(shine, 3 * t) for t in range(frames)],
    }
    out = recording(bodies, pictures=pictures, inertial=rng.normal(size=(40, 6)))
    out.name = name
    return out


def own(*kinds: str) -> Preprocessing:
    tables: dict[str, Any] = {
        kind: {"frames": 9} if kind in ("skeleton", "inertial") else CLIP | {"appearance": kind}
        for kind in kinds
    }
    return Preprocessing.from_dict({"version": 2, "topology": "utd_mhad_20", "inputs": tables})


END = 10**12
EVERY = ("skeleton", "color", "depth", "infrared", "inertial")


@pytest.mark.parametrize("name", CONDITIONS)
def test_it_changes_its_streams_and_no_others_and_always_alike(name: str) -> None:
    whole = own(*EVERY)
    under = whole.disturbed(name)
    as_it_is, first, again, other = (
        one.make(one.read(made(name=label), 0, 10**12)).inputs
        for one, label in ((whole, "one"), (under, "one"), (under, "one"), (under, "two"))
    )
    for kind in EVERY:
        np.testing.assert_array_equal(first[kind], again[kind])
        same = np.array_equal(as_it_is[kind], first[kind])
        assert same != (kind in CONDITIONS[name].kinds), kind
        assert applies(name, own(kind)) == (kind in CONDITIONS[name].kinds)
    if name.startswith("joint-noise") or name == "occluded-joints":
        assert not np.array_equal(first["skeleton"], other["skeleton"])


def test_a_condition_is_of_one_evaluation_and_kept_nowhere() -> None:
    whole = own("skeleton")
    assert whole.disturbed("half-rate").to_dict() == whole.to_dict()
    assert whole.disturbed("half-rate").disturbance == "half-rate"
    with pytest.raises(UsageError, match="no condition rain"):
        whole.disturbed("rain")
    with pytest.raises(UsageError, match="no condition rain"):
        applies("rain", whole)


def joints_of(recording: Recording) -> Any:
    stream = recording.streams["skeleton"]
    frames = [stream.frame(k) for k in range(len(stream))]
    assert all(isinstance(frame, SkeletonFrame) for frame in frames)
    return np.stack([frame.bodies[0].joints for frame in frames])


@pytest.mark.parametrize("sigma", ["0.02", "0.05"])
def test_noise_is_as_large_as_its_name_says(sigma: str) -> None:
    clip = made(200)
    off = joints_of(disturb(clip, f"joint-noise-{sigma}", 0, END)) - joints_of(clip)
    assert off.std() == pytest.approx(float(sigma), rel=0.03)
    assert np.abs(np.corrcoef(off[:-1].ravel(), off[1:].ravel())[0, 1]) < 0.03


def test_hidden_joints_are_hidden_all_the_time() -> None:
    clip = made()
    gone = np.isnan(joints_of(disturb(clip, "occluded-joints", 0, END))).any(axis=-1)
    assert (gone == gone[0]).all()
    assert gone[0].sum() == 6  # of 20
    later = np.isnan(joints_of(disturb(clip, "occluded-joints", 10**9, END))).any(axis=-1)
    assert (later[0] != gone[0]).any(), "another stretch, other joints"


@pytest.mark.parametrize("name", topology_names())
def test_an_arm_of_every_skeleton(name: str) -> None:
    known = topology(name)
    joints = np.random.default_rng(0).normal(size=(len(known.joints), 3))
    sides = set()
    for start in range(8):
        under = disturb(recording([[body(joints)]], name=name), "occluded-arm", start, END)
        gone = np.flatnonzero(np.isnan(joints_of(under)[0]).any(axis=-1)).tolist()
        assert 2 <= len(gone) <= 6
        sides |= {known.sides[k] for k in gone}
        assert len({known.sides[k] for k in gone}) == 1
        assert any("lbow" in known.joints[k] for k in gone)
        assert not any(part in known.joints[k].lower() for k in gone for part in ("foot", "hip"))
    assert sides == {"left", "right"}


@pytest.mark.parametrize(("name", "every"), [("half-rate", 2), ("third-rate", 3)])
def test_fewer_frames(name: str, every: int) -> None:
    clip = made(12)
    times = clip.streams["skeleton"].times_ns
    under = disturb(clip, name, int(times[5]), END)
    for kind in ("skeleton", "color", "depth", "infrared"):
        kept = under.streams[kind].times_ns
        assert kept.tolist() == times[5 % every :: every].tolist()
    np.testing.assert_array_equal(joints_of(under), joints_of(clip)[5 % every :: every])
    np.testing.assert_array_equal(
        under.streams["color"].frame(1), clip.streams["color"].frame(5 % every + every)
    )
    assert under.streams["inertial"] is clip.streams["inertial"]


@pytest.mark.parametrize(("name", "factor"), [("dark-0.5", 0.5), ("dark-0.25", 0.25)])
def test_less_light(name: str, factor: float) -> None:
    clip = made(2)
    under = disturb(clip, name, 0, END)
    for kind, gamma in (("color", 2.2), ("infrared", 1.0)):
        light, dark = ((r.streams[kind].frame(0) / 255.0) ** gamma for r in (clip, under))
        np.testing.assert_allclose(dark, light * factor, atol=0.006)
        assert under.streams[kind].frame(0).dtype == clip.streams[kind].frame(0).dtype


def test_out_of_focus() -> None:
    """An edge becomes as wide as a Gaussian of a hundredth of the height."""
    edge = np.zeros((400, 300), np.uint8)
    edge[:, 150:] = 240
    under = disturb(recording(None, pictures={"infrared": edge}), "blur", 0, END)
    row = under.streams["infrared"].frame(0)[200] / 240
    at = np.arange(300) - 149.5
    want = [0.5 * (1 + erf(x / 4 / 2**0.5)) for x in at]
    np.testing.assert_allclose(row, want, atol=0.01)


def test_another_room_behind_people_without_a_background() -> None:
    clip = made(3)
    under = disturb(clip, "background", 0, END)
    rooms = []
    for k in range(3):
        before, after = (one.streams["depth"].frame(k) for one in (clip, under))
        there = before > 0
        np.testing.assert_array_equal(after[there], before[there])
        assert (after > 0).all()
        rooms.append(np.where(there, 0, after))
    np.testing.assert_array_equal(rooms[0], rooms[1])
    assert np.ptp(rooms[0][~there]) > 1000
    assert np.percentile(rooms[0][~there], 90) > 2500, "most of it is behind the person"
    others = [disturb(made(1, str(k)), "background", 0, END) for k in range(4)]
    assert len({one.streams["depth"].frame(0).tobytes() for one in others}) > 1


def test_another_room_where_there_was_one() -> None:
    """People are then found by their skeleton, and nothing happens where there is none."""
    joints = at_pixels(spread(100, 70, 140, 150))
    depth = np.full((200, 240), 3000, np.uint16)
    depth[70:150, 100:140] = 2000
    clip = recording([[body(joints)]] * 2, pictures={"depth": depth})
    after = disturb(clip, "background", 0, END).streams["depth"].frame(1)
    assert (after[75:145, 105:135] == 2000).all()
    assert (after[:40] != 3000).mean() > 0.95
    bare = recording(None, pictures={"depth": depth})
    same = disturb(bare, "background", 0, END).streams["depth"].frame(1)
    np.testing.assert_array_equal(same, depth)


def test_a_mask_makes_up_for_another_room() -> None:
    """With the person mask most of the picture is as it was without the room."""
    changes = []
    for band in (None, (0.45, 0.3)):
        table = CLIP | {"appearance": "depth", "person_band_m": band}
        prepared = Preprocessing.from_dict(
            {"version": 2, "topology": "", "inputs": {"clip": table}}
        )
        plain, under = (
            one.make(one.read(made(), 0, END)).inputs["clip"]
            for one in (prepared, prepared.disturbed("background"))
        )
        changes.append(np.abs(plain - under).mean())
    assert changes[1] < 0.15 * changes[0]


def test_the_documents_list_every_condition_with_its_kinds() -> None:
    page = (resource().parent / "docs" / "reference" / "preprocessing.md").read_text("utf-8")
    section = page.partition("## Conditions")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([\w.-]+)` \| (.+?) \| ", section, re.MULTILINE)
    assert rows == [(name, ", ".join(one.kinds)) for name, one in CONDITIONS.items()]
