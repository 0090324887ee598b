"""Where something is done: away from how the body rests, wherever it walks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harstudio.recognition.helping.cutting import Cutting, cut
from harstudio.recognition.helping.features import Stretch
from harstudio.recordings.streams import ArrayReader, Body, SkeletonFrame, SkeletonStream

RATE = 30
STEP_NS = 1_000_000_000 // RATE
JOINTS = 20
HAND = slice(16, 20)

Places = Callable[[float], np.ndarray]


def stream(seconds: float, hand: Places, where: Places | None = None, ids: str = "7") -> object:
    """A body that stands as it was drawn by lot, whose hand is moved, and which walks."""
    rng = np.random.default_rng(0)
    body = rng.normal(scale=0.4, size=(JOINTS, 3))
    frames = []
    for k in range(round(seconds * RATE)):
        joints = body + rng.normal(scale=0.002, size=body.shape)
        joints[HAND] += hand(k / RATE)
        if where is not None:
            joints += where(k / RATE)
        tracking = np.full(JOINTS, 2, dtype=np.uint8)
        bodies = tuple(Body(name, joints.astype(np.float32), tracking) for name in ids)
        frames.append(SkeletonFrame(bodies))
    times = np.arange(len(frames), dtype=np.int64) * STEP_NS
    return SkeletonStream(
        "skeleton", times, ArrayReader(frames), topology="utd_mhad_20", joints=JOINTS, max_bodies=2
    )


def raised(*spans: tuple[float, float]) -> Places:
    """The hand goes up within 0.5 s, stays, and comes down within 0.5 s before the end."""

    def at(time: float) -> np.ndarray:
        for start, end in spans:
            if start <= time < end:
                share = min(1.0, (time - start) / 0.5, (end - time) / 0.5)
                return np.array([0.0, 0.8 * share, 0.0])
        return np.zeros(3)

    return at


def near(found: list[Stretch], wanted: list[tuple[float, float]]) -> bool:
    return len(found) == len(wanted) and all(
        abs(one.start_ns / 1e9 - start) < 0.3 and abs(one.end_ns / 1e9 - end) < 0.3
        for one, (start, end) in zip(found, wanted, strict=True)
    )


def test_an_action_goes_from_where_the_hand_leaves_to_where_it_is_back() -> None:
    spans = [(1.0, 3.0), (4.0, 6.5), (8.0, 9.5)]
    assert near(cut(stream(11, raised(*spans))), spans)


def test_walking_is_no_action() -> None:
    def along(time: float) -> np.ndarray:
        return np.array([0.8 * time, 0.0, 0.0])

    spans = [(3.0, 5.0)]
    assert near(cut(stream(8, raised(*spans), along)), spans)


def test_a_pose_that_is_kept_long_is_rest() -> None:
    made = stream(14, raised((1.0, 7.0)))
    assert near(cut(made, "", Cutting(kept_s=8.0)), [(1.0, 7.0)])
    moves = cut(made, "", Cutting(least_s=0.2))
    assert near(moves, [(1.0, 1.5), (6.5, 7.0)])


def test_what_is_too_long_is_taken_apart_at_its_pauses() -> None:
    def twice(time: float) -> np.ndarray:
        """Up, a pause of 1.2 s half way down, up again."""
        heights = [0, 0, 0.8, 0.2, 0.2, 0.8, 0, 0]
        height = np.interp(time, [0, 2, 3, 4, 5.2, 6.2, 7.2, 30], heights)
        return np.array([0.0, height, 0.0])

    made = stream(9, twice)
    assert len(cut(made, "", Cutting(usual_s=5.0))) == 1
    assert len(cut(made, "", Cutting(usual_s=2.0))) == 2


def test_of_a_person_only_what_that_one_does() -> None:
    made = stream(5, raised((1.0, 3.0)), ids="ab")
    assert [one.person for one in cut(made, "b")] == ["b"]
    assert cut(made, "c") == []


def test_nobody_moves() -> None:
    assert cut(stream(3, raised())) == []
