"""People in real pictures: where they are, whose arm is the left one, and who is who."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from harstudio.live.pose.finder import PoseFinder
from harstudio.live.pose.people import MainPerson
from harstudio.recordings.streams import SECOND_NS, Body
from harstudio.skeletons.topology import topology
from people_pictures import crowd, portrait

pytestmark = pytest.mark.usefixtures("pose_models")
FRAME_NS = SECOND_NS // 30
JOINTS = topology("kinect_v2_25").joints
UPPER = [JOINTS.index(name) for name in ("Head", "ShoulderLeft", "ShoulderRight")]


def found(picture: np.ndarray, mirrored: bool) -> Body:
    finder = PoseFinder("lite", topology_name="kinect_v2_25", mirrored=mirrored)
    (body,) = finder.find(picture, 0).bodies
    return body


def joint(body: Body, name: str) -> np.ndarray:
    return body.joints[JOINTS.index(name)]


def test_the_persons_own_left_is_left_in_a_mirror_and_out_of_it() -> None:
    """In a mirror image it lies on the left, as Kinect gives it, else on the right."""
    plain, flipped = portrait(), np.ascontiguousarray(portrait()[:, ::-1])
    seen, mirrored = found(plain, mirrored=False), found(flipped, mirrored=True)
    for name in ("Shoulder", "Elbow", "Hip"):
        left, right = joint(seen, f"{name}Left"), joint(seen, f"{name}Right")
        assert left[0] > 0 > right[0]
        left, right = joint(mirrored, f"{name}Left"), joint(mirrored, f"{name}Right")
        assert left[0] < 0 < right[0]
    assert seen.color_px is not None
    assert mirrored.color_px is not None
    assert joint(seen, "Head")[1] > joint(seen, "ShoulderLeft")[1]  # y is up
    shoulder = JOINTS.index("ShoulderLeft")
    across = seen.color_px[shoulder] + mirrored.color_px[shoulder] * (1, -1)
    assert across == pytest.approx([512, 0], abs=25)  # the same shoulder in both pictures


def test_landmarks_turn_shrink_and_move_with_the_person() -> None:
    body = found(portrait(), mirrored=False)
    angle, scale = math.radians(15), 0.6
    turn = scale * np.array(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    )
    place = np.column_stack([turn, [300, 150]])
    turned = cv2.warpAffine(portrait(), place, (700, 700), flags=cv2.INTER_AREA)
    other = found(turned, mirrored=False)
    assert body.color_px is not None
    assert other.color_px is not None
    expected = body.color_px[UPPER] @ turn.T + (300, 150)
    gap = np.linalg.norm(other.color_px[UPPER] - expected, axis=1)
    assert gap.max() < 0.08 * scale * 600
    assert joint(other, "Head")[2] == pytest.approx(joint(body, "Head")[2] * 2, rel=0.5)


def test_people_keep_their_ids_through_a_short_gap_and_no_longer() -> None:
    finder = PoseFinder("lite", topology_name="kinect_v2_25", people=2)
    size, time_ns = (1280, 720), 0

    def see(*people: tuple[float, float, float]) -> dict[str, float]:
        nonlocal time_ns
        time_ns += FRAME_NS
        frame = finder.find(crowd(size, *people), time_ns)
        assert all(body.color_px is not None for body in frame.bodies)
        return {body.id: float(body.color_px[UPPER[0], 0]) for body in frame.bodies}

    large, small = (0, 120, 1.0), (880, 300, 0.7)
    first = see(large, small)
    assert len(first) == 2
    big, little = min(first, key=lambda one: first[one]), max(first, key=lambda one: first[one])
    assert next(iter(first)) == big  # the main person comes first
    assert finder.main is not None
    assert finder.main.id == big
    for step in range(1, 6):  # both walk
        now = see((12 * step, 120, 1.0), (880 - 12 * step, 300, 0.7))
        assert now.keys() == first.keys()
        assert now[big] > first[big]
        assert now[little] < first[little]
    for _ in range(5):
        assert set(see((60, 120, 1.0))) == {big}
    for _ in range(7):  # looked for five times a second
        again = see((60, 120, 1.0), (820, 300, 0.7))
    assert set(again) == {big, little}
    time_ns += 3 * SECOND_NS
    assert see() == {}
    time_ns += 3 * SECOND_NS
    assert set(see(large)).isdisjoint({big, little})


def test_main_person_stays_until_another_is_clearly_nearer_for_a_second() -> None:
    main = MainPerson()
    at = [0]

    def after(seconds: float, ranks: dict[str, float], missed: tuple[str, ...] = ()) -> str:
        at[0] += int(seconds * SECOND_NS)
        return main.choose(ranks, missed, at[0])

    assert after(0, {}) == ""
    assert after(0.1, {"1": 0.5, "2": 0.4}) == "1"
    assert after(5, {"1": 0.5, "2": 0.7}) == "1"  # not clearly
    assert after(5, {"1": 0.5, "2": 0.9}) == "1"
    assert after(0.9, {"1": 0.5, "2": 0.9}) == "1"  # not for long
    assert after(0.1, {"1": 0.5, "2": 0.7}) == "1"
    assert after(0.1, {"1": 0.5, "2": 0.9}) == "1"
    assert after(1.0, {"1": 0.5, "2": 0.9}) == "2"
    assert after(0.1, {"1": 0.9}, missed=("2",)) == "2"  # lost for a moment
    assert after(0.1, {"1": 0.9}) == "1"


def test_a_missing_model_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from harstudio.errors import MissingError

    monkeypatch.setenv("HARSTUDIO_POSE", str(tmp_path))
    with pytest.raises(MissingError, match="harstudio pose install --model lite"):
        PoseFinder("lite")
