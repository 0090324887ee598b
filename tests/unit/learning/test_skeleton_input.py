"""The skeleton input: who is taken, what is filled in, how time is fitted, what training does."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from clips import body, recording
from harstudio.errors import DataError
from harstudio.learning.inputs.skeleton import SkeletonInput, make_skeleton, marks, origin_joint
from harstudio.learning.inputs.skeleton_changes import mirrored
from harstudio.learning.inputs.tracks import Tracks, read_tracks
from harstudio.recordings.streams import Body, evenly
from harstudio.skeletons.topology import topology, topology_names
from reference_cases import load_case

SPINE = 2  # of utd_mhad_20
ALL = (0, 10**12)


def pose(seed: int = 0, at: tuple[float, float, float] = (0.1, 0.2, 2.0)) -> NDArray[np.float32]:
    offsets = np.random.default_rng(seed).normal(scale=0.3, size=(20, 3))
    return (offsets + at).astype(np.float32)


def moving(count: int, step: float = 0.01) -> list[list[Body]]:
    """One body that moves along x by a step a frame."""
    return [[body(pose() + np.float32([step * t, 0, 0]))] for t in range(count)]


def read(frames: list[list[Body]], bodies: int = 1, person: str = "", **how: Any) -> Tracks:
    tracks = read_tracks(recording(frames, **how), *ALL, person, bodies, "utd_mhad_20")
    assert tracks is not None
    return tracks


def make(
    tracks: Tracks, rng: np.random.Generator | None = None, **keys: Any
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    settings = SkeletonInput(bodies=tracks.joints.shape[1], **keys)
    return make_skeleton(tracks, settings, marks("utd_mhad_20"), rng)


# ---- reading


def test_the_bodies_with_the_largest_energy() -> None:
    still, ghost = pose(1), np.full((20, 3), 1.0, np.float32)
    frames = [
        [body(ghost, "ghost"), body(still, "calm"), body(pose(2) * (1 + t / 20), "wild")]
        for t in range(9)
    ]
    assert read(frames, 2).persons == ("wild", "calm")
    assert read(frames, 1).persons == ("wild",)
    assert read(frames, 2, person="calm").persons == ("calm", "")
    assert read_tracks(recording(frames), *ALL, "nobody", 2, "utd_mhad_20") is None


def test_a_body_is_its_id_not_its_place() -> None:
    a, b = pose(1), pose(2) + 1
    frames = [[body(a, "a"), body(b, "b")], [body(b, "b"), body(a, "a")]]
    tracks = read(frames, 2)
    one = tracks.persons.index("a")
    np.testing.assert_array_equal(tracks.joints[:, one], [a, a])


def test_only_frames_of_the_clip() -> None:
    times = evenly(30, 30)
    tracks = read_tracks(recording(moving(30)), int(times[7]), int(times[12]), "", 1, "utd_mhad_20")
    assert tracks is not None
    assert tracks.times_ns.tolist() == times[7:12].tolist()
    np.testing.assert_allclose(tracks.joints[0, 0], moving(8)[7][0].joints)


def test_a_lost_joint_is_where_it_was_at_the_nearest_time() -> None:
    frames = moving(6)
    for t in (0, 2, 3):
        frames[t][0].joints[5] = np.nan
    for t in range(6):
        frames[t][0].joints[7] = np.nan
    times = np.array([0, 10, 20, 29, 40, 50], dtype=np.int64) * 1_000_000
    tracks = read(frames, times_ns=times)
    here = tracks.joints[:, 0, 5]
    np.testing.assert_array_equal(here[[0, 2, 3]], here[[1, 1, 4]])
    assert not tracks.joints[:, 0, 7].any(), "never seen: 0"
    assert np.isfinite(tracks.joints).all()


def test_frames_without_anybody_are_left_out() -> None:
    frames: list[list[Body]] = moving(6)
    frames[0], frames[3] = [], []
    tracks = read(frames)
    assert tracks.times_ns.tolist() == evenly(6, 30)[[1, 2, 4, 5]].tolist()
    assert read_tracks(recording([[], []]), *ALL, "", 1, "utd_mhad_20") is None
    blank = [[body(np.full((20, 3), np.nan))]] * 3
    assert read_tracks(recording(blank), *ALL, "", 1, "utd_mhad_20") is None


def test_a_body_that_comes_later_waits_where_it_comes_in() -> None:
    frames = [[body(pose(1), "a")] + ([body(pose(2) + t, "b")] if t > 1 else []) for t in range(4)]
    tracks = read(frames, 2)
    late = tracks.persons.index("b")
    np.testing.assert_array_equal(tracks.joints[0, late], tracks.joints[2, late])
    assert tracks.present[:, late].tolist() == [False, False, True, True]


def test_joints_of_another_topology_are_mapped() -> None:
    kinect = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    made = recording([[body(kinect)]] * 3, name="kinect_v1_20")
    tracks = read_tracks(made, *ALL, "", 1, "utd_mhad_20")
    assert tracks is not None
    head = topology("kinect_v1_20").index("Head")
    np.testing.assert_array_equal(tracks.joints[0, 0, 0], kinect[head])
    with pytest.raises(DataError, match="lack joints of kinect_v2_25"):
        read_tracks(recording([[body(np.zeros((15, 3)))]], name="openni_nite2_15"), *ALL, "", 1,
                    "kinect_v2_25")  # fmt: skip


def test_no_skeleton_at_all() -> None:
    with pytest.raises(DataError, match="no skeleton"):
        read_tracks(recording(None), *ALL, "", 1, "utd_mhad_20")


# ---- making


def test_a_short_clip_is_played_again() -> None:
    tracks = read(moving(7))
    out, times = make(tracks, frames=17)
    assert out.shape == (3, 17, 20, 1)
    assert out.dtype == np.float32
    index = np.arange(17) % 7
    assert times.tolist() == tracks.times_ns[index].tolist()
    np.testing.assert_array_equal(out[..., 0].transpose(1, 2, 0), tracks.joints[index, 0])


def test_a_long_clip_is_cut() -> None:
    tracks = read(moving(30))
    out, times = make(tracks, frames=10)
    assert times.tolist() == tracks.times_ns[10:20].tolist()
    np.testing.assert_array_equal(out[:, 0, :, 0].T, tracks.joints[10, 0])
    starts = {int(make(tracks, np.random.default_rng(k), frames=10)[1][0]) for k in range(40)}
    assert starts <= set(tracks.times_ns[:21].tolist())
    assert len(starts) > 10


def test_resizing_is_linear_in_time() -> None:
    times = np.array([0, 100, 150, 400, 500], dtype=np.int64) * 1_000_000
    frames = [[body(pose() + np.float32([t / 1e9, 0, 0]))] for t in times]
    tracks = read(frames, times_ns=times)
    out, spread = make(tracks, frames=11, fit="resize")
    assert spread.tolist() == (np.arange(11) * 50_000_000).tolist()
    np.testing.assert_allclose(out[0, :, 0, 0] - pose()[0, 0], spread / 1e9, atol=1e-6)
    one, same = make(read(frames[:1], times_ns=times[:1]), frames=4, fit="resize")
    assert (one == one[:, :1]).all()
    assert same.tolist() == [0] * 4


def test_centering() -> None:
    frames = [[body(pose(1) + t * 0.1, "a"), body(pose(2) + 1 + t * 0.1, "b")] for t in range(5)]
    tracks = read(frames, 2)
    apart = tracks.joints[:, 1] - tracks.joints[:, 0]
    plain, clip, frame = (make(tracks, frames=5, center=c)[0] for c in ("none", "clip", "frame"))
    assert np.abs(clip[:, 0, SPINE, 0]).max() == 0
    assert np.abs(clip[:, 4, SPINE, 0]).min() > 0.3
    assert np.abs(frame[:, :, SPINE, 0]).max() == 0
    for out in (plain, clip, frame):
        both = out.transpose(3, 1, 2, 0)
        np.testing.assert_allclose(both[1] - both[0], apart, atol=1e-5)


def test_the_place_of_nobody_is_zero() -> None:
    tracks = read(moving(4), 2)
    assert tracks.persons == ("1", "")
    for rng in (None, np.random.default_rng(0)):
        out, _ = make(tracks, rng, frames=6, center="clip", rotate_deg=30.0, scale=(1.0, 1.2))
        assert out[..., 0].any()
        assert not out[..., 1].any()


@pytest.mark.parametrize("name", ["utd_mhad_20", "kinect_v2_25", "kinect_v1_20", "azure_kinect_32"])
def test_the_origin_is_the_middle_of_the_spine(name: str) -> None:
    assert topology(name).joints[origin_joint(name)].startswith("Spine")


@pytest.mark.parametrize("center", ["none", "clip"])
def test_training_turns_about_the_spine(center: str) -> None:
    tracks = read(moving(8))
    plain, _ = make(tracks, frames=8, center=center)
    turned, _ = make(tracks, np.random.default_rng(5), frames=8, center=center, rotate_deg=30.0)
    assert np.abs(turned - plain).max() > 0.02
    origin = plain[:, 0, SPINE, 0][:, None]
    np.testing.assert_allclose(turned[:, 0, SPINE, 0][:, None], origin, atol=1e-6)
    for t in (0, 7):  # lengths stay
        before = np.linalg.norm(plain[:, t, :, 0] - origin, axis=0)
        after = np.linalg.norm(turned[:, t, :, 0] - origin, axis=0)
        np.testing.assert_allclose(after, before, atol=1e-5)


def test_angles_and_scales_stay_within_their_limits() -> None:
    """The change of MMFF, read back from where it takes the axes."""
    axes = np.zeros((20, 3), np.float32)
    axes[0], axes[1], axes[3] = np.eye(3)
    tracks = read([[body(axes)]] * 2)
    angles, scales = [], []
    for k in range(200):
        out, _ = make(
            tracks, np.random.default_rng(k), frames=2, center="clip", rotate_deg=30.0,
            scale=(1.0, 1.2),
        )  # fmt: skip
        change = out[:, 0, [0, 1, 3], 0]  # columns: where x, y and z go
        scales.append(np.linalg.norm(change, axis=1))
        rotation = change / scales[-1][:, None]
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-5)
        about_y, about_x = np.arcsin(-rotation[2, 0]), np.arctan2(rotation[2, 1], rotation[2, 2])
        angles.append(np.degrees([about_x, about_y]))
        assert abs(rotation[1, 0]) < 1e-6, "nothing about z"
    low, high = np.min(angles, axis=0), np.max(angles, axis=0)
    assert (low >= 0).all()
    assert (low < 3).all()
    assert (high <= 30.001).all()
    assert (high > 27).all()
    least, most = np.min(scales, axis=0), np.max(scales, axis=0)
    np.testing.assert_allclose(least, [1, 1, 1], atol=0.01)
    np.testing.assert_allclose(most, [1.2, 1.2, 1], atol=0.01)


def test_both_ways() -> None:
    axes = np.zeros((20, 3), np.float32)
    axes[0] = (1, 0, 0)
    tracks = read([[body(axes)]] * 2)
    keys: dict[str, Any] = {"frames": 2, "center": "clip", "rotate_deg": 30.0}
    sides = [
        make(tracks, np.random.default_rng(k), rotate_both_ways=True, **keys)[0][2, 0, 0, 0]
        for k in range(60)
    ]
    assert min(sides) < -0.3
    assert max(sides) > 0.3


def test_a_share_of_the_clip() -> None:
    tracks = read(moving(40))
    spans, starts = [], []
    for k in range(60):
        _, times = make(tracks, np.random.default_rng(k), frames=9, fit="resize", crop=(0.5, 0.75))
        spans.append((times[-1] - times[0]) / (tracks.times_ns[1]) + 1)
        starts.append(int(times[0]))
    assert 19.9 < min(spans) < 22
    assert 28 < max(spans) < 30.1
    assert len(set(starts)) > 8
    assert make(tracks, frames=9, fit="resize", crop=(0.5, 0.75))[1][-1] == tracks.times_ns[-1]


# ---- as HCN and 2s-AGCN see it


def test_hcn_resampling_against_published_code() -> None:
    """valid_crop_resize of HCN: the middle 95 % of 77 frames, 32 frames of it."""
    case = load_case("pre_hcn")
    skeleton = case.inputs["skel"].numpy()
    joints = np.ascontiguousarray(skeleton[:, :77].transpose(1, 3, 2, 0))
    tracks = Tracks(joints, evenly(77, 30), ("a", "b"), np.ones((77, 2), np.bool_))
    chosen = SkeletonInput(frames=32, fit="resample", test_crop=0.95)
    out, times = make_skeleton(tracks, chosen, marks("kinect_v2_25"), None)
    case.check(resized=torch.from_numpy(out))
    assert times[0] > evenly(77, 30)[1]
    assert (np.diff(times) > 0).all()
    assert times[-1] < evenly(77, 30)[75]


def test_resampling_is_linear_between_frames() -> None:
    tracks = read(moving(10))
    x = tracks.joints[:, 0, 0, 0]
    for count in (1, 4, 10, 33):
        out, times = make(tracks, frames=count, fit="resample")
        at = [(k + 0.5) * 10 / count - 0.5 for k in range(count)]
        np.testing.assert_allclose(out[0, :, 0, 0], np.interp(at, np.arange(10), x), atol=1e-6)
        np.testing.assert_allclose(
            times, np.interp(at, np.arange(10), tracks.times_ns), atol=2, rtol=0
        )
    one, same = make(read(moving(1)), frames=5, fit="resample")
    assert (one == one[:, :1]).all()
    assert same.tolist() == [0] * 5


@pytest.mark.parametrize(
    ("share", "kept"), [(1.0, 20), (0.95, 20), (0.9, 18), (0.5, 10), (0.01, 2)]
)
def test_testing_takes_the_middle(share: float, kept: int) -> None:
    tracks = read(moving(20))
    _, times = make(tracks, frames=kept, test_crop=share)
    skipped = (20 - kept) // 2
    assert times.tolist() == tracks.times_ns[skipped : 20 - skipped].tolist()
    drawn, all_times = make(tracks, np.random.default_rng(0), frames=20, test_crop=share)
    assert all_times.tolist() == tracks.times_ns.tolist(), "training does not know it"
    assert drawn.shape[1] == 20
    for count in (1, 2, 3):
        assert make(read(moving(count)), frames=4, test_crop=share)[0].shape == (3, 4, 20, 1)


def by_two_turns(
    joints: NDArray[Any], base: int, spine: int, left: int, right: int
) -> NDArray[Any]:
    """2s-AGCN's two turns of (..., 3), by angle and axis (Rodrigues), for the first pose."""
    out = joints.astype(np.float64)
    for start, end, to in ((base, spine, (0, 0, 1)), (left, right, (1, 0, 0))):
        v = out[0, 0, end] - out[0, 0, start]
        axis = np.cross(v, to)
        angle = np.arccos(v @ np.array(to) / np.linalg.norm(v))
        a = np.cos(angle / 2)
        b, c, d = -axis / np.linalg.norm(axis) * np.sin(angle / 2)
        turn = np.array(
            [
                [a * a + b * b - c * c - d * d, 2 * (b * c + a * d), 2 * (b * d - a * c)],
                [2 * (b * c - a * d), a * a + c * c - b * b - d * d, 2 * (c * d + a * b)],
                [2 * (b * d + a * c), 2 * (c * d - a * b), a * a + d * d - b * b - c * c],
            ]
        )
        out = out @ turn.T
    return out


@pytest.mark.parametrize("name", ["kinect_v2_25", "utd_mhad_20"])
def test_upright(name: str) -> None:
    known = topology(name)
    base = known.index("SpineBase" if name == "kinect_v2_25" else "HipCenter")
    spine, left, right = (
        origin_joint(name),
        known.index("ShoulderLeft"),
        known.index("ShoulderRight"),
    )
    rng = np.random.default_rng(0)
    joints = rng.normal(size=(6, 2, len(known.joints), 3)).astype(np.float32)
    tracks = Tracks(joints, evenly(6, 30), ("a", "b"), np.ones((6, 2), np.bool_))
    chosen = SkeletonInput(frames=6, center="frame", align=True)
    out, _ = make_skeleton(tracks, chosen, marks(name), None)
    centred = joints - joints[:, :1, spine : spine + 1]
    want = by_two_turns(centred, base, spine, left, right)
    np.testing.assert_allclose(out.transpose(1, 3, 2, 0), want, atol=1e-5)
    across = out[:, 0, right, 0] - out[:, 0, left, 0]
    np.testing.assert_allclose(across / np.linalg.norm(across), [1, 0, 0], atol=1e-5)


def test_what_cannot_be_turned_upright_is_left_as_it_is() -> None:
    known = topology("utd_mhad_20")
    frames = moving(5)
    for bodies in frames:
        for name in ("HipCenter", "ShoulderLeft"):
            bodies[0].joints[known.index(name)] = np.nan
    tracks = read(frames)
    plain, _ = make(tracks, frames=5, center="clip")
    np.testing.assert_array_equal(make(tracks, frames=5, center="clip", align=True)[0], plain)
    point = [[body(np.ones((20, 3)))]] * 3
    assert not make(read(point), frames=3, center="clip", align=True)[0].any()


@pytest.mark.parametrize("name", topology_names())
def test_every_skeleton_can_be_turned(name: str) -> None:
    known = topology(name)
    joints = np.random.default_rng(1).normal(size=(4, 1, len(known.joints), 3)).astype(np.float32)
    tracks = Tracks(joints, evenly(4, 30), ("a",), np.ones((4, 1), np.bool_))
    chosen = SkeletonInput(frames=4, bodies=1, center="clip", align=True)
    out, _ = make_skeleton(tracks, chosen, marks(name), None)
    at = marks(name)
    before = np.linalg.norm(joints[:, 0] - joints[0, 0, at.origin], axis=-1)
    np.testing.assert_allclose(np.linalg.norm(out[..., 0], axis=0), before, atol=1e-4)
    if min(at.left, at.right) >= 0:
        across = out[:, 0, at.right, 0] - out[:, 0, at.left, 0]
        np.testing.assert_allclose(across / np.linalg.norm(across), [1, 0, 0], atol=1e-4)


def test_making_is_fast() -> None:
    """Under half a millisecond a sample at 64 frames; the best of many, for a busy machine."""
    tracks = read(moving(70), 2)
    rng, best = np.random.default_rng(0), 1.0
    for _ in range(50):
        before = time.perf_counter()
        make(tracks, rng, frames=64, center="clip", rotate_deg=30.0, scale=(1.0, 1.2))
        best = min(best, time.perf_counter() - before)
    assert best < 0.5e-3


# ---- what training changes beside MMFF's turns


def lengths(out: NDArray[Any]) -> NDArray[Any]:
    """(bones, T) lengths of the first body's bones in (3, T, V, M)."""
    child, parent = np.array(topology("utd_mhad_20").bones).T
    return np.asarray(np.linalg.norm(out[:, :, child, 0] - out[:, :, parent, 0], axis=0).T)


def test_a_turn_about_the_vertical_axis() -> None:
    tracks, angles = read(moving(5)), []
    plain, _ = make(tracks, frames=5, center="clip")
    for k in range(60):
        out, _ = make(tracks, np.random.default_rng(k), frames=5, center="clip", turn_deg=40.0)
        np.testing.assert_allclose(lengths(out), lengths(plain), atol=1e-5)
        np.testing.assert_allclose(out[1], plain[1], atol=1e-6)
        before, after = (np.arctan2(v[2, 0, 4, 0], v[0, 0, 4, 0]) for v in (plain, out))
        angles.append(np.degrees((after - before + np.pi) % (2 * np.pi) - np.pi))
    assert -40 <= min(angles) < -35
    assert 35 < max(angles) <= 40


def test_with_align_the_vertical_axis_is_z() -> None:
    tracks = read(moving(5))
    keys: dict[str, Any] = {"frames": 5, "center": "clip", "align": True}
    plain, out = make(tracks, **keys)[0], make(tracks, np.random.default_rng(1), turn_deg=90.0,
                                               **keys)[0]  # fmt: skip
    np.testing.assert_allclose(out[2], plain[2], atol=1e-5)
    assert np.abs(out[0] - plain[0]).max() > 0.1


def test_one_factor_on_all_axes() -> None:
    tracks, factors = read(moving(5)), []
    plain, _ = make(tracks, frames=5, center="clip")
    for k in range(60):
        out, _ = make(
            tracks, np.random.default_rng(k), frames=5, center="clip", scale_all=(0.8, 1.25)
        )
        factors.append(float(lengths(out)[0, 0] / lengths(plain)[0, 0]))
        np.testing.assert_allclose(out, plain * factors[-1], atol=1e-5)
    assert 0.8 <= min(factors) < 0.85
    assert 1.2 < max(factors) <= 1.2501


@pytest.mark.parametrize("name", topology_names())
def test_a_mirror_exchanges_left_and_right(name: str) -> None:
    known = topology(name)
    out = np.random.default_rng(0).normal(size=(3, 4, len(known.joints), 2)).astype(np.float32)
    seen = mirrored(out, known.mirror)
    for left, right in known.left_right:
        np.testing.assert_array_equal(seen[:, :, left], out[:, :, right] * [[[-1]], [[1]], [[1]]])
    np.testing.assert_array_equal(mirrored(seen, known.mirror), out)


def test_noise_of_that_size() -> None:
    tracks = read(moving(200))
    plain, _ = make(tracks, np.random.default_rng(3), frames=200)
    out, _ = make(tracks, np.random.default_rng(3), frames=200, jitter_m=0.05)
    assert np.std(out - plain) == pytest.approx(0.05, rel=0.03)
    assert abs(np.mean(out - plain)) < 0.003


def test_joints_that_are_missing_all_the_time() -> None:
    tracks, missing = read(moving(6)), []
    plain = tracks.joints.copy()
    for k in range(100):
        out, _ = make(tracks, np.random.default_rng(k), frames=6, joint_dropout=0.25)
        gone = ~out[..., 0].any(axis=0)
        assert (gone == gone[0]).all()
        missing.append(gone[0].mean())
        np.testing.assert_array_equal(
            out[:, :, ~gone[0], 0], plain[:, 0, ~gone[0]].T.swapaxes(1, 2)
        )
    assert np.mean(missing) == pytest.approx(0.25, abs=0.03)
    np.testing.assert_array_equal(tracks.joints, plain)


def test_frames_that_are_lost() -> None:
    tracks = read(moving(100))
    _, times = make(tracks, np.random.default_rng(0), frames=100, frame_drop=0.4)
    kept = np.unique(times)
    assert set(kept.tolist()) < set(tracks.times_ns.tolist())
    assert 45 < len(kept) < 75
    one, _ = make(read(moving(1)), np.random.default_rng(0), frames=4, frame_drop=0.9)
    assert (one == one[:, :1]).all()


def test_two_speeds() -> None:
    """The body moves along x in step with time, so x tells which moment is shown."""
    tracks = read(moving(101))
    for k in range(20):
        rng = np.random.default_rng(k)
        out, times = make(tracks, rng, frames=400, fit="repeat", speed=(0.5, 2.0))
        x = (out[0, :, 0, 0] - tracks.joints[0, 0, 0, 0]) * 100
        np.testing.assert_allclose(x, times / times.max() * x.max(), atol=0.02)
        end = int(times.argmax())
        rates = np.diff(x[: end + 1])
        assert 0.49 < rates.min() <= rates.max() < 2.05
        assert x[0] == pytest.approx(0, abs=1e-3)
        assert x[end] == pytest.approx(100, abs=1e-3)
        assert len(np.unique(np.round(rates, 2))) <= 4


def test_the_bodys_own_size() -> None:
    """Whoever is twice as large and stands elsewhere looks the same."""
    small, large = read(moving(9)), read(moving(9))
    large.joints[:] = large.joints * 2 + 0.5
    keys: dict[str, Any] = {"frames": 9, "center": "clip", "scale_to": "torso"}
    one, other = make(small, **keys)[0], make(large, **keys)[0]
    np.testing.assert_allclose(one, other, atol=1e-5)
    known = topology("utd_mhad_20")
    upper, lower = (
        one[:, :, [known.index(f"{part}{side}") for side in ("Left", "Right")], 0].mean(axis=2)
        for part in ("Shoulder", "Hip")
    )
    np.testing.assert_allclose(np.linalg.norm(upper - lower, axis=0), 1, atol=1e-5)
    flat = make(small, axes="xy", **keys)[0]
    assert not flat[2].any()
    assert np.abs(flat[:2]).max() > 0.5
    for bodies in (frames := moving(4)):
        bodies[0].joints[known.index("HipLeft")] = np.nan
    plain, _ = make(read(frames), frames=4, center="clip")
    np.testing.assert_array_equal(
        make(read(frames), frames=4, center="clip", scale_to="torso")[0], plain
    )


def test_some_clips_lose_their_depth() -> None:
    tracks = read(moving(6))
    drawn = [make(tracks, np.random.default_rng(k), frames=6, flatten=0.3)[0] for k in range(200)]
    flat = [not out[2].any() for out in drawn]
    assert np.mean(flat) == pytest.approx(0.3, abs=0.08)
    assert make(tracks, frames=6, flatten=0.3)[0][2].any()


CHANGES: dict[str, Any] = {
    "turn_deg": 30.0, "scale_all": (0.9, 1.1), "jitter_m": 0.01, "joint_dropout": 0.1,
    "frame_drop": 0.2, "speed": (0.8, 1.25), "flip": True, "flatten": 0.2,
}  # fmt: skip


def test_changes_are_drawn_for_training_only_and_by_the_generator_alone() -> None:
    tracks = read(moving(30))
    keys: dict[str, Any] = {"frames": 20, "center": "clip"}
    np.testing.assert_array_equal(make(tracks, **keys, **CHANGES)[0], make(tracks, **keys)[0])
    first, same, other = (
        make(tracks, np.random.default_rng([1, k]), **keys, **CHANGES)[0] for k in (4, 4, 5)
    )
    np.testing.assert_array_equal(first, same)
    assert np.abs(first - other).max() > 0.01


def test_what_was_drawn_before_stays_the_same() -> None:
    """New changes draw from a generator of their own: crop, turns and scales stay."""
    tracks = read(moving(40))
    keys: dict[str, Any] = {"frames": 20, "center": "clip", "rotate_deg": 30.0, "crop": (0.5, 1.0)}
    one, other = np.random.default_rng(8), np.random.default_rng(8)
    plain, times = make(tracks, one, **keys)
    noisy, again = make(tracks, other, **keys, jitter_m=1e-4)
    assert times.tolist() == again.tolist()
    np.testing.assert_allclose(noisy, plain, atol=2e-3)
    assert one.integers(1 << 40) == other.integers(1 << 40)
