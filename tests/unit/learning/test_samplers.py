"""Frame samplers: parts equal in time or in motion, one frame of each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clips import HEIGHT, WIDTH, at_pixels, body, recording, spread
from harstudio.learning.inputs.clip import ClipInput, make, read
from harstudio.learning.inputs.places import Stretch
from harstudio.learning.inputs.samplers import (
    choices_of,
    chosen,
    motion_passed,
    pick,
    time_passed,
)
from harstudio.learning.inputs.skeleton import SkeletonInput, make_skeleton, marks
from harstudio.learning.inputs.tracks import Tracks, read_tracks

TIMES = np.arange(30) * 33_333_333


def joints_at(places: np.ndarray, joints: int = 2) -> np.ndarray:
    """One body whose joints are where (T,) says along x, every other one the other way round."""
    out = np.zeros((len(places), 1, joints, 3), np.float32)
    out[:, 0, ::2, 0] = places[:, None]
    out[:, 0, 1::2, 0] = -places[:, None]
    return out


def moved(places: np.ndarray) -> np.ndarray:
    return motion_passed(joints_at(places), TIMES[: len(places)], TIMES)


@pytest.mark.parametrize(("count", "frames"), [(40, 4), (41, 4), (7, 7), (3, 5), (1, 2), (100, 16)])
def test_parts_of_time_are_equal(count: int, frames: int) -> None:
    passed = time_passed(count)
    middles = ((np.arange(frames) + 0.5) * count / frames).astype(int)
    assert chosen(passed, frames, None).tolist() == middles.tolist()
    choices = choices_of(passed, frames)
    assert choices[4].tolist() == middles.tolist()
    for part in range(frames):
        first, last = part * count // frames, -(-(part + 1) * count // frames)
        assert ((first <= choices[:, part]) & (choices[:, part] < last)).all()


def test_training_draws_every_part_for_itself() -> None:
    passed = time_passed(16)
    rng = np.random.default_rng(0)
    drawn = np.array([chosen(passed, 4, rng) for _ in range(200)])
    for part in range(4):
        assert set(drawn[:, part]) == set(range(4 * part, 4 * part + 4))
    assert len({tuple(row - row[0]) for row in drawn}) > 20
    choices = choices_of(passed, 4)
    drawn = np.array([pick(choices, rng) for _ in range(200)])
    for part in range(4):
        assert set(drawn[:, part]) == set(range(4 * part, 4 * part + 4))
    assert len({tuple(row - row[0]) for row in drawn}) > 20


def test_frames_lie_where_joints_move() -> None:
    """Still for ten frames, fast for ten, then half as fast for ten."""
    places = np.concatenate([np.zeros(10), np.arange(1, 11), 10 + np.arange(1, 11) / 2])
    frames = chosen(moved(places), 6, None)
    assert ((frames >= 9) & (frames < 20)).sum() == 4
    assert (frames >= 20).sum() == 2
    back = chosen(moved(places[::-1]), 6, None)
    assert sorted(29 - back) == pytest.approx(frames.tolist(), abs=1)


def test_even_motion_is_even_in_time() -> None:
    frames = chosen(moved(np.arange(30.0)), 5, None)
    assert frames.tolist() == pytest.approx([3, 9, 14.5, 20, 26], abs=0.5)


def test_without_motion_all_frames_count_the_same() -> None:
    for places in (np.zeros(30), np.zeros(1)):
        assert moved(places).tolist() == time_passed(30).tolist()


def test_poses_at_other_times_than_the_pictures() -> None:
    """Pictures twice as often as poses, and before and after them."""
    places = np.concatenate([np.zeros(5), np.arange(1.0, 11)])
    times = np.arange(15) * 100_000_000
    pictures = np.arange(-10, 40) * 50_000_000
    frames = chosen(motion_passed(joints_at(places), times, pictures), 4, None)
    assert (pictures[frames] > times[4]).all()
    assert (pictures[frames] < times[14]).all()
    assert np.ptp(np.diff(pictures[frames])) <= 50_000_000


def shown(rng: int | None, people: bool = True, **keys: Any) -> list[int]:
    """Numbers of the frames of a clip of 30 whose person moves only from frame 20 on."""
    pictures = [np.full((HEIGHT, WIDTH, 3), 3 * k, np.uint8) for k in range(30)]
    bodies = []
    for k in range(30):
        joints = at_pixels(spread(20, 10, 60, 70))
        joints[:, 0] += 0.02 * max(0, k - 19)
        bodies.append([body(joints)])
    made = recording(bodies if people else None, pictures={"color": pictures})
    known = read_tracks(made, 0, 10**12, "", 2, "") if people else None
    stretch = Stretch(made, 0, 10**12, known, "utd_mhad_20")
    settings = ClipInput(size=40, resize=48, mean=0.0, std=1 / 255, **keys)
    seen = read(stretch, settings)
    out = make(seen, settings, None if rng is None else np.random.default_rng(rng))
    return [int(k) for k in np.rint(out.values[0, :, 20, 20] / 3)]


def test_clips_by_samplers() -> None:
    assert shown(None, sampling="random", frames=3) == [5, 15, 25]
    moving = shown(None, sampling="motion", frames=3)
    assert min(moving) >= 19
    assert moving == sorted(set(moving))
    for sampling, first in (("random", 0), ("motion", 19)):
        drawn = {tuple(shown(k, sampling=sampling, frames=3)) for k in range(30)}
        assert len(drawn) > 15
        assert all(one == tuple(sorted(one)) and one[0] >= first for one in drawn)
        assert shown(7, sampling=sampling, frames=3) == shown(7, sampling=sampling, frames=3)
    assert shown(None, people=False, sampling="motion", frames=3) == [5, 15, 25]


def test_skeletons_by_samplers() -> None:
    """Frames are those of the recording: none is between two."""
    places = np.concatenate([np.zeros(20), np.arange(1.0, 11)]).astype(np.float32)
    tracks = Tracks(joints_at(places, 20), TIMES, ("1",), np.ones((30, 1), np.bool_))

    def frames(fit: str, rng: int | None = None) -> list[int]:
        settings = SkeletonInput(frames=4, fit=fit, bodies=1)
        drawn = None if rng is None else np.random.default_rng(rng)
        values, times = make_skeleton(tracks, settings, marks("utd_mhad_20"), drawn)
        found = np.searchsorted(TIMES, times)
        assert np.array_equal(values[0, :, 0, 0], places[found])
        return [int(k) for k in found]

    assert frames("random") == [3, 11, 18, 26]
    assert frames("motion") == [20, 23, 25, 28]
    for fit in ("random", "motion"):
        assert len({tuple(frames(fit, k)) for k in range(30)}) > 15
        assert frames(fit, 5) == frames(fit, 5)
