"""What was said is found by time; truth is compared however labels are spelt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harstudio.labels.comparing import same_label
from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.model import Clip, Document, Origin, Tier
from harstudio.recordings.recording import Action
from harstudio.results import HeatMap, Kind, Recognition, Relation, Window
from harstudio.runs.recognised.opinion import Opinion
from harstudio.runs.recognised.patches import heat_patch, moved_joint, moved_weights
from harstudio.studio.recognition.class_colors import class_colors
from harstudio.studio.recognition.explaining import Explaining
from harstudio.studio.recognition.ground_truth import GroundTruth, ground_truth_at
from studio.made_recognition import made_recognition
from studio.made_recording import made_recording

SECOND_NS = 1_000_000_000


def said(*rows: list[float]) -> Recognition:
    """Windows of two seconds, one each second."""
    windows = tuple(
        Window(k * SECOND_NS, (k + 2) * SECOND_NS, np.array(row, dtype=np.float32))
        for k, row in enumerate(rows)
    )
    return Recognition("run", "net", ("a", "b", "c"), "r", "r", windows, (), 0, 1.0)


def test_the_window_is_the_one_in_whose_middle_a_time_lies() -> None:
    opinion = Opinion(said([1, 0, 0], [0, 1, 0], [0, 0, 1]))
    found = [opinion.window_at(round(t * SECOND_NS)) for t in (0, 0.9, 1.4, 1.6, 2.4, 3.9)]
    assert found == [0, 0, 0, 1, 1, 2]
    assert opinion.window_at(4 * SECOND_NS) is None
    assert opinion.window_at(-1) is None


def test_gaps_between_windows_have_no_opinion() -> None:
    windows = (
        Window(0, SECOND_NS, np.array([1, 0], dtype=np.float32)),
        Window(5 * SECOND_NS, 6 * SECOND_NS, np.array([0, 1], dtype=np.float32)),
    )
    opinion = Opinion(Recognition("r", "n", ("a", "b"), "r", "r", windows, (), 0, 1.0))
    assert opinion.window_at(3 * SECOND_NS) is None


def test_the_likeliest_come_first_and_the_curve_is_their_mean() -> None:
    opinion = Opinion(said([0.2, 0.7, 0.1], [0.6, 0.3, 0.1]))
    assert opinion.ranking(0, 2) == [(1, pytest.approx(0.7)), (0, pytest.approx(0.2))]
    assert opinion.scores_now(SECOND_NS // 2)[0] == pytest.approx(0.2)
    assert opinion.scores_now(3 * SECOND_NS // 2)[0] == pytest.approx(0.4)
    assert np.isnan(opinion.scores_now(9 * SECOND_NS)).all()
    times, scores = opinion.curve
    assert np.all(np.diff(times) > 0)
    inside = np.isfinite(scores[:, 0])
    assert scores[inside].sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_classes_that_nobody_believes_in_are_no_lines() -> None:
    assert Opinion(said([0.97, 0.02, 0.01], [0.5, 0.49, 0.01])).leading == (0, 1)
    assert Opinion(said([0.04, 0.05, 0.03])).leading == (1,)


def test_a_recognition_without_windows_says_nothing() -> None:
    opinion = Opinion(said())
    assert opinion.window_at(0) is None
    assert opinion.leading == ()


# ---- what was looked at


@pytest.fixture
def explaining(qapp):
    made = Explaining()
    recording = made_recording(60)
    made.take(made_recognition(recording, picture="color", windows=3))
    return made


def test_the_first_map_and_the_joints_are_shown_at_first(explaining) -> None:
    assert explaining.on_picture == "self-attention 1"
    assert explaining.on_joints == "joints"
    assert list(explaining.kinds().values()) == [
        Kind.HEAT_MAP, Kind.HEAT_MAP, Kind.HEAT_MAP, Kind.RELATION, Kind.JOINT_WEIGHTS,
    ]  # fmt: skip


def test_one_map_at_a_time_lies_over_the_picture(explaining) -> None:
    explaining.toggle("relation")
    assert explaining.is_shown("relation")
    assert not explaining.is_shown("self-attention 1")
    assert explaining.is_shown("joints")
    explaining.toggle("relation")
    assert explaining.on_picture == ""
    explaining.toggle_all()
    assert not explaining.any_shown()
    explaining.toggle_all()
    assert explaining.is_shown("self-attention 1")


def test_what_was_hidden_stays_hidden_with_the_next_recording(explaining) -> None:
    explaining.toggle_all()
    explaining.take(None)
    explaining.take(made_recognition(made_recording(60), picture="color"))
    assert not explaining.any_shown()


def test_another_run_whose_maps_have_other_names_shows_its_first(explaining) -> None:
    recognition = made_recognition(made_recording(60), picture="color")
    told = tuple(
        tuple(replace(one, name=f"other {one.name}") for one in window)
        for window in recognition.explanations
    )
    explaining.toggle("relation")
    explaining.take(replace(recognition, explanations=told))
    assert explaining.on_picture == "other self-attention 1"
    assert explaining.on_joints == "other joints"
    explaining.take(replace(recognition, explanations=()))
    assert not explaining.any_shown()


def test_a_map_belongs_to_the_window_under_the_playhead(explaining) -> None:
    middles = explaining.opinion.middles
    patches = [explaining.patch(int(t)) for t in middles]
    times = [patch.time_ns for patch in patches]
    assert times == sorted(set(times))
    assert explaining.patch(int(middles[0])) is patches[0]
    explaining.next_on_picture()
    assert explaining.patch(int(middles[0])) is not patches[0]


def test_a_narrow_mask_is_stretched_and_tells_its_real_range() -> None:
    values = np.linspace(0.49, 0.53, 9, dtype=np.float32).reshape(1, 3, 3)
    heat = HeatMap("m", "m", "color", np.array([0]), values, (None,))
    patch = heat_patch(heat, 0)
    assert patch.values.min() == 0
    assert patch.values.max() == pytest.approx(1)
    assert patch.real(float(patch.values[1, 1])) == pytest.approx(0.51)


def test_an_even_mask_shows_nothing_instead_of_noise() -> None:
    values = np.full((1, 3, 3), 0.5, dtype=np.float32)
    values[0, 0, 0] += 1e-6
    patch = heat_patch(HeatMap("m", "m", "color", np.array([0]), values, (None,)), 0)
    assert not patch.values.any()


def test_a_relation_is_told_for_the_joint_that_moved_most_until_one_is_chosen(explaining) -> None:
    explaining.toggle("relation")
    opinion, time_ns = explaining.opinion, int(explaining.opinion.middles[1])
    moved = opinion.pointed(1).joint
    assert explaining.patch(time_ns).joint == moved
    explaining.choose_joint(3)
    patch = explaining.patch(time_ns)
    relation = opinion.find(1, "relation", Relation)
    assert patch.joint == 3
    assert np.argmax(patch.values) == np.argmax(relation.values[100 + 3, :100])
    explaining.preview_joint(7)
    assert explaining.patch(time_ns).joint == 7
    explaining.preview_joint(None)
    assert explaining.patch(time_ns).joint == 3


def test_weights_reach_the_person_they_are_of(explaining) -> None:
    weights = explaining.weights_of(SECOND_NS, "0", "kinect_v2_25")
    found, at = explaining.joint_weights(SECOND_NS)
    assert np.array_equal(weights, found.values[at, :, 0])
    assert explaining.weights_of(SECOND_NS, "another", "kinect_v2_25") is None


def test_weights_of_other_joints_are_moved_by_name() -> None:
    weights = np.zeros(20, dtype=np.float32)
    weights[11] = 1.0  # right hand of UTD-MHAD
    moved = moved_weights(weights, "utd_mhad_20", "kinect_v2_25")
    assert moved.shape == (25,)
    assert np.flatnonzero(moved).tolist() == [11]  # HandRight of Kinect v2
    assert moved_joint(11, "kinect_v2_25", "utd_mhad_20") == 11
    assert moved_joint(24, "kinect_v2_25", "utd_mhad_20") is None  # thumbs are not there


# ---- the truth


def documents() -> tuple[Document, Document]:
    own = Document("r", "alice", [Tier("alice", [Clip(0, 10, "wave")])])
    model = Clip(20, 30, "kick", origin=Origin.MODEL)
    other = Document("r", "bob", [Tier("bob", [Clip(10, 20, "clap"), model])])
    return own, other


def test_the_truth_is_ones_own_clip_then_that_of_others_then_the_name_of_the_recording() -> None:
    own, other = documents()
    recording = made_recording(2)
    recording.action = Action("a1", 0, "drink")
    found = [ground_truth_at(t, own, [other], recording) for t in (5, 15, 25)]
    assert found == [GroundTruth("wave", "alice"), GroundTruth("clap", "bob"), GroundTruth("drink")]
    assert ground_truth_at(25, own, [other], made_recording(2)) is None


@pytest.mark.parametrize("spelt", ["sit down", "Sit_Down", "sit-down", " sit  down "])
def test_spelling_does_not_make_a_label_wrong(spelt: str) -> None:
    assert same_label("sit down", spelt)
    assert not same_label("stand up", spelt)


def test_classes_have_the_colours_of_their_labels_and_others_differ() -> None:
    labels = LabelSet.of("s", ["wave", "sit down"]).labels
    names = ["Sit_down", "jump", "wave", *(f"x{k}" for k in range(12))]
    colors = class_colors(names, labels)
    assert colors["Sit_down"] == labels[1].color
    assert colors["wave"] == labels[0].color
    assert len(set(colors.values())) == len(names)
