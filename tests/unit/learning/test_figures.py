"""Bootstrap intervals: against drawing clips one by one, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from harstudio.learning.evaluating.figures import (
    bootstrap,
    bootstrap_subjects,
    confusion_matrix,
    interval,
    macro_f1,
    paired_interval,
    reliability,
)


def said(
    rng: np.random.Generator, clips: int, classes: int = 5, right: float = 0.8
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    labels = rng.integers(0, classes, clips)
    other = rng.integers(0, classes, clips)
    return labels, np.where(rng.random(clips) < right, labels, other)


@pytest.mark.parametrize("seed", range(5))
def test_macro_f1_is_that_of_scikit_learn(seed: int) -> None:
    labels, predicted = said(np.random.default_rng(seed), 60, classes=9, right=0.5)
    matrix = confusion_matrix(labels, predicted, 12)  # three classes never occur
    assert macro_f1(matrix) == pytest.approx(f1_score(labels, predicted, average="macro"))


def test_the_bootstrap_against_drawing_clips_one_by_one() -> None:
    rng = np.random.default_rng(1)
    labels, predicted = said(rng, 150)
    told = bootstrap(labels, predicted, 7)
    assert (told["draws"], told["by"]) == (1000, "clip")
    top1, f1 = [], []
    for _ in range(2000):
        drawn = rng.integers(0, 150, 150)
        top1.append(float((labels[drawn] == predicted[drawn]).mean()))
        f1.append(macro_f1(confusion_matrix(labels[drawn], predicted[drawn], 7)))
    assert told["top1"] == pytest.approx(np.percentile(top1, (2.5, 97.5)), abs=0.012)
    assert told["macro_f1"] == pytest.approx(np.percentile(f1, (2.5, 97.5)), abs=0.012)
    assert told == bootstrap(labels, predicted, 7)


def test_subjects_are_drawn_with_all_their_clips() -> None:
    rng = np.random.default_rng(2)
    person = np.repeat(np.arange(8), 30)
    labels = rng.integers(0, 3, 240)
    wrong = rng.random(240) < np.array([0.0, 0.0, 0.0, 0.1, 0.4, 0.6, 0.5, 0.1])[person]
    predicted = np.where(wrong, (labels + 1) % 3, labels)
    told = bootstrap_subjects(labels, predicted, person.tolist(), 3)
    assert told is not None
    means = [float((labels == predicted)[person == k].mean()) for k in range(8)]
    drawn = np.array(means)[rng.integers(0, 8, (4000, 8))].mean(axis=1)
    assert told["top1"] == pytest.approx(np.percentile(drawn, (2.5, 97.5)), abs=0.02)
    by_clip = bootstrap(labels, predicted, 3)["top1"]
    assert told["top1"][1] - told["top1"][0] > 1.5 * (by_clip[1] - by_clip[0])
    assert bootstrap_subjects(labels, predicted, (person % 7).tolist(), 3) is None
    assert bootstrap_subjects(labels, predicted, [None, *person.tolist()[1:]], 3) is None


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    held = {"bootstrap": 0, "wilson": 0, "paired": 0}
    for _ in range(200):
        labels, predicted = said(rng, 200, classes=4, right=0.8)  # 0.8 + 0.2 / 4 are right
        right = int((labels == predicted).sum())
        low, high = bootstrap(labels, predicted, 4, draws=200)["top1"]
        held["bootstrap"] += low <= 0.85 <= high
        low, high = interval(right, 200)
        held["wilson"] += low <= 0.85 <= high
        gained, lost, _ = rng.multinomial(200, (0.08, 0.03, 0.89))
        low, high = paired_interval(int(gained), int(lost), 200)
        held["paired"] += low <= 0.05 <= high
    assert all(0.91 <= many / 200 <= 0.99 for many in held.values()), held


def test_the_interval_of_a_change_by_hand() -> None:
    """Half a clip more in each of the four cells: 10.5 and 4.5 of 102."""
    shares = 10.5 / 102, 4.5 / 102
    change = shares[0] - shares[1]
    half = 1.959964 * ((sum(shares) - change**2) / 102) ** 0.5
    assert paired_interval(10, 4, 100) == pytest.approx([change - half, change + half])
    low, high = paired_interval(0, 0, 430)
    assert -0.007 < low == -high < -0.004
    assert paired_interval(0, 0, 0) == [-1.0, 1.0]


def test_bins_without_clips_have_no_means() -> None:
    scores = np.array([[0.9, 0.1], [0.45, 0.55]], np.float32)
    bins = reliability(scores, np.array([0, 0]))
    assert [one["clips"] for one in bins] == [0] * 8 + [1] + [0] * 4 + [1, 0]
    assert (bins[0]["confidence"], bins[0]["accuracy"]) == (None, None)
    assert (bins[8]["accuracy"], bins[13]["accuracy"]) == (0.0, 1.0)
    assert bins[8]["confidence"] == pytest.approx(0.55)
    assert (bins[0]["low"], bins[-1]["high"]) == (0.0, 1.0)
