"""Bodies move as bodies do, and differently for every action."""

from __future__ import annotations

import numpy as np
import pytest

from harstudio.errors import UsageError
from harstudio.synthesis import subject as s
from harstudio.synthesis.demo import SEED, untrimmed_take
from harstudio.synthesis.inertial import feel
from harstudio.synthesis.kinematics import bend, swing, turn
from harstudio.synthesis.scripts import SCRIPTS, code, find_scripts, perform
from harstudio.synthesis.shooting import RATE_HZ, frame_count
from harstudio.synthesis.subject import PARENTS, make_subject
from harstudio.synthesis.take import Take
from harstudio.synthesis.tracks import Track, minimum_jerk

GROUND = (s.ANKLE_L, s.FOOT_L, s.ANKLE_R, s.FOOT_R)


def joints_of(take: Take) -> np.ndarray:
    """(T, M, 25, 3) metres in the world."""
    return np.array(
        [[b.joints for b in take.skeletons(k / RATE_HZ)] for k in range(frame_count(take))]
    )


def acted(key: str, number: int = 1, seed: int = 0, repetition: int = 1) -> Take:
    pair = [make_subject(number, seed), make_subject(number + 1, seed)]
    return perform(SCRIPTS[key], pair, [seed, number, repetition])


@pytest.fixture(scope="module")
def everything() -> dict[str, np.ndarray]:
    return {key: joints_of(acted(key)) for key in SCRIPTS}


def test_at_least_twelve_ntu_actions_and_two_people() -> None:
    ntu = find_scripts((), "ntu")
    assert len(ntu) >= 12
    for needed in (1, 7, 8, 9, 10, 23, 24, 28, 35, 43, 50, 58):
        assert needed in {script.ntu for script in ntu}
    assert {script.key for script in ntu if script.people == 2} == {"punch", "handshake"}


def test_bones_keep_their_length(everything: dict[str, np.ndarray]) -> None:
    parents = np.array(PARENTS[1:])
    for key, joints in everything.items():
        bones = np.linalg.norm(joints[:, :, 1:] - joints[:, :, parents], axis=-1)
        assert np.ptp(bones, axis=0).max() < 1e-9, key


def test_nobody_sinks_into_the_floor(everything: dict[str, np.ndarray]) -> None:
    for key, joints in everything.items():
        assert joints[:, :, GROUND, 1].min() > 0.0, key
        assert joints[..., 1].min() > -0.04, key


def test_standing_feet_do_not_slide(everything: dict[str, np.ndarray]) -> None:
    for key in ("drink", "clap", "wave", "phone", "bow", "sit-down"):
        ankles = everything[key][:, 0, [s.ANKLE_L, s.ANKLE_R]]
        assert np.ptp(ankles, axis=0).max() < 0.005, key


def test_motion_is_smooth_and_human(everything: dict[str, np.ndarray]) -> None:
    for key, joints in everything.items():
        assert np.isfinite(joints).all(), key
        speed = np.linalg.norm(np.diff(joints, axis=0), axis=-1) * RATE_HZ
        assert speed.max() < 20, key
        assert speed[..., s.WRIST_R].max() > 0.05, key
        step = np.abs(np.diff(speed, axis=0)).max() * RATE_HZ
        assert step < 350, key


def test_sitting_is_low_and_falling_is_lower(everything: dict[str, np.ndarray]) -> None:
    sitting, rising, fallen = (
        everything[key][:, 0, s.SPINE_BASE, 1] for key in ("sit-down", "stand-up", "fall")
    )
    assert sitting[0] > 0.8 > 0.65 > sitting[-1]
    assert rising[0] < 0.65 < 0.8 < rising[-1]
    assert fallen[-1] < 0.25
    assert everything["fall"][-1, 0, s.HEAD, 1] < 0.35


def test_hands_meet_where_they_should(everything: dict[str, np.ndarray]) -> None:
    shaking = everything["handshake"]
    gap = np.linalg.norm(shaking[:, 0, s.HAND_R] - shaking[:, 1, s.HAND_R], axis=-1)
    assert gap.min() < 0.09 < 0.5 < gap[0]
    clapping = everything["clap"][:, 0]
    apart = np.linalg.norm(clapping[:, s.HAND_L] - clapping[:, s.HAND_R], axis=-1)
    assert apart.min() < 0.09
    drinking = everything["drink"][:, 0]
    near = np.linalg.norm(drinking[:, s.HAND_R] - drinking[:, s.HEAD], axis=-1)
    other = np.linalg.norm(drinking[:, s.HAND_L] - drinking[:, s.HEAD], axis=-1)
    assert min(near.min(), other.min()) < 0.25


def test_the_same_seed_gives_the_same_motion() -> None:
    assert np.array_equal(joints_of(acted("throw")), joints_of(acted("throw")))
    other = joints_of(acted("throw", seed=1))
    same = joints_of(acted("throw"))
    assert other.shape != same.shape or np.abs(other - same).max() > 0.05
    again = joints_of(acted("throw", repetition=2))
    assert again.shape != same.shape or np.abs(again - same).max() > 0.01


def test_labels_match_what_moves() -> None:
    take = acted("wave")
    (done,) = take.performed
    assert done.action == "hand waving"
    joints = joints_of(take)[:, 0]
    speed = np.linalg.norm(np.diff(joints[:, [s.HAND_L, s.HAND_R]], axis=0), axis=-1) * RATE_HZ
    moving = np.flatnonzero(speed.max(axis=1) > 0.25) / RATE_HZ
    assert moving[0] == pytest.approx(done.start, abs=0.25)
    assert moving[-1] == pytest.approx(done.end, abs=0.3)
    assert 0 < done.start < done.end < take.end


def test_the_untrimmed_minute_holds_many_actions_and_a_visit() -> None:
    take = untrimmed_take((make_subject(1, SEED), make_subject(2, SEED)), SEED)
    assert 55 < take.end < 70
    names = [done.action for done in take.performed]
    assert len(names) >= 10
    assert "handshaking" in names
    ends = np.array([(done.start, done.end) for done in take.performed])
    assert (ends[1:, 0] > ends[:-1, 1]).all()
    visitor = take.motions[1]
    away, here = (visitor.skeleton(t).joints[s.SPINE_BASE] for t in (1.0, ends[5].mean()))
    host = take.motions[0].skeleton(float(ends[5].mean())).joints[s.SPINE_BASE]
    assert np.linalg.norm(away - host) > 2 > 1.2 > np.linalg.norm(here - host)


def signature(take: Take) -> np.ndarray:
    """Joints of the first actor about the hips, at 12 moments, turned to face ahead."""
    times = np.linspace(0, take.end, 12)
    joints = np.array([take.motions[0].skeleton(float(time)).joints for time in times])
    placed = joints - joints[:1, :1]
    heading = float(take.motions[0].heading.at(0.0)[0])
    side = -1 if take.motions[0].subject.left_handed else 1
    faced = placed @ turn(0, heading, 0)
    faced[..., 0] *= side  # left-handers mirrored
    if side < 0:
        swap = np.arange(25)
        for left, right in zip((4, 5, 6, 7, 12, 13, 14, 15, 21, 22),
                               (8, 9, 10, 11, 16, 17, 18, 19, 23, 24), strict=True):  # fmt: skip
            swap[[left, right]] = right, left
        faced = faced[:, swap]
    return faced.ravel() / take.motions[0].subject.height


def test_actions_can_be_told_apart_across_subjects() -> None:
    keys = ["drink", "throw", "sit-down", "stand-up", "clap", "wave", "kick", "phone", "bow",
            "fall", "punch", "handshake"]  # fmt: skip
    train, test = (1, 2, 3), (4, 5, 6)
    means = np.stack([np.mean([signature(acted(key, n)) for n in train], axis=0) for key in keys])
    told = [
        keys[int(np.argmin(np.linalg.norm(means - signature(acted(key, n, 0, 2)), axis=1)))] == key
        for key in keys
        for n in test
    ]
    assert np.mean(told) > 0.75  # chance is 1 in 12
    own = [np.linalg.norm(signature(acted("wave", n)) - means[5]) for n in test]
    assert min(own) > 0.05  # and yet nobody acts like the mean


def test_a_still_wrist_feels_gravity_and_a_throw_feels_more() -> None:
    take = acted("throw")
    felt = feel(take, "wrist", [0])
    assert felt.dtype == np.float32
    assert felt.shape == (round(take.end * 50), 6)
    strength = np.linalg.norm(felt[:, :3], axis=1)
    assert np.median(strength[:10]) == pytest.approx(1.0, abs=0.1)
    assert strength.max() > 2.5
    assert np.abs(felt[:, 3:]).max() > 200
    assert np.abs(felt[:10, 3:]).max() < 60


def test_easing_starts_and_ends_at_rest() -> None:
    track = Track((0.0,))
    track.move(1.0, 2.0, (1.0,))
    values = np.array([track.at(t)[0] for t in np.linspace(0, 3, 301)])
    assert values[100] == 0
    assert values[200] == 1
    assert np.abs(np.diff(values)[[99, 100, 199]]).max() < 1e-4
    assert (np.diff(values) >= 0).all()
    assert minimum_jerk(0.5) == 0.5


def test_two_bones_reach_and_keep_their_lengths() -> None:
    root, pole = np.zeros(3), np.array((0.0, 0.0, 1.0))
    middle, end = bend(root, np.array((0.3, -0.2, 0.1)), 0.3, 0.25, pole)
    assert np.linalg.norm(middle) == pytest.approx(0.3)
    assert np.linalg.norm(end - middle) == pytest.approx(0.25)
    assert end == pytest.approx([0.3, -0.2, 0.1])
    _, far = bend(root, np.array((2.0, 0, 0)), 0.3, 0.25, pole)
    assert np.linalg.norm(far) < 0.55


def test_the_smallest_rotation_takes_one_direction_to_the_other() -> None:
    a, b = np.array((0.2, -1.0, 0.3)), np.array((0.7, 0.1, -0.4))
    rotation = swing(a, b)
    assert rotation @ a / np.linalg.norm(a) == pytest.approx(b / np.linalg.norm(b))
    assert rotation @ rotation.T == pytest.approx(np.eye(3))
    opposite = swing(a, -a)
    assert opposite @ a == pytest.approx(-a)


def test_actions_are_found_by_key_code_and_name() -> None:
    assert [x.key for x in find_scripts(["A001", "A058", "wave"], "ntu")] == [
        "drink",
        "handshake",
        "wave",
    ]
    assert find_scripts(["a25"], "utd")[0].key == "sit-down"
    assert find_scripts(["falling"], "")[0].key == "fall"
    assert code(SCRIPTS["drink"], "ntu") == "A001"
    assert code(SCRIPTS["squat"], "") == "a27"
    with pytest.raises(UsageError, match="drink"):
        find_scripts(["juggle"], "ntu")
    with pytest.raises(UsageError):
        find_scripts(["drink"], "utd")
