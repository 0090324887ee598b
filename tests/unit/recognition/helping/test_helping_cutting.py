"""Where something is done: away from how the body rests, wherever it walks."""

from __future__ import annotations

import numpy as np

from harstudio.recognition.helping.cutting import Cutting, cut
from harstudio.recognition.helping.features import Stretch
from raised_arms import raised, stream


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
