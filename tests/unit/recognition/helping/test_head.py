"""The head: learns, knows how sure it is, and what it has not seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harstudio.recognition.helping.auditing import contradicted
from harstudio.recognition.helping.examples import RECORDINGS, Gathered
from harstudio.recognition.helping.features import Stretch
from harstudio.recognition.helping.head import NOTHING, Examples, Head, hold_out, learn
from harstudio.recognition.helping.teaching import SaidClip

WIDTH = 12


def examples(seed: int = 0, spread: float = 0.5, flipped: tuple[int, ...] = ()) -> Examples:
    """Three labels and nothing, in six recordings, two of each in every one."""
    rng = np.random.default_rng(seed)
    names = ("clap", "throw", "wave", NOTHING)
    middles = 2 * np.eye(WIDTH)[: len(names)]
    rows, labels, groups = [], [], []
    for recording in range(6):
        for k, name in enumerate(names):
            for _ in range(2):
                rows.append(middles[k] + rng.normal(scale=spread, size=WIDTH))
                label = names[(k + 1) % 3] if len(labels) in flipped else name
                labels.append(label)
                groups.append(f"room-{recording}")
    return Examples(np.array(rows, dtype=np.float32), tuple(labels), tuple(groups))


def test_it_names_what_it_did_not_learn_from() -> None:
    head, held = learn(examples())
    assert held is not None
    assert held.right(examples().labels).mean() > 0.9
    shares = head.probabilities(examples(1).features)
    assert shares.sum(axis=1) == pytest.approx(1)
    said = np.array(head.classes)[shares.argmax(axis=1)]
    assert (said == np.array(examples(1).labels)).mean() > 0.9


@pytest.mark.parametrize("spread", [0.5, 1.5, 3.0])
def test_it_is_as_sure_as_it_is_right(spread: float) -> None:
    head, _ = learn(examples(spread=spread))
    sure, right = [], []
    for seed in range(1, 6):
        fresh = examples(seed, spread)
        shares = head.probabilities(fresh.features)
        sure += shares.max(axis=1).tolist()
        right += (np.array(head.classes)[shares.argmax(axis=1)] == np.array(fresh.labels)).tolist()
    assert np.mean(sure) == pytest.approx(np.mean(right), abs=0.12)


def test_what_is_like_nothing_labelled_is_new() -> None:
    head = Head(examples(spread=0.25))
    said = [label != NOTHING for label in examples().labels]
    assert np.median(head.novelty(examples(1, 0.25).features[said])) < 0.3
    other = np.full((1, WIDTH), -1.0, dtype=np.float32)
    assert head.novelty(other)[0] > 0.6


def test_rows_that_are_not_there_stay_so() -> None:
    head = Head(examples())
    lost = np.full((1, WIDTH), np.nan, dtype=np.float32)
    assert np.isnan(head.probabilities(lost)).all()
    assert head.novelty(lost)[0] == 1.0


def test_nothing_can_be_held_out_of_one_recording() -> None:
    one = examples()
    alone = Examples(one.features, one.labels, ("room",) * len(one))
    assert hold_out(alone) is None


def test_changed_labels_are_found_the_surest_first() -> None:
    flipped = (2, 17, 33)
    made = examples(flipped=flipped)
    clips = tuple(
        None if label == NOTHING else SaidClip(group, Path(), "", Stretch(k, k + 1), label, str(k))
        for k, (label, group) in enumerate(zip(made.labels, made.groups, strict=True))
    )
    nobody = ("",) * len(made)
    told = contradicted(Gathered(made, clips, nobody, nobody, RECORDINGS))
    assert told.checked == 36
    assert {one.clip_id for one in told.found[:3]} == {str(k) for k in flipped}
    assert all(one.says == examples().labels[int(one.clip_id)] for one in told.found[:3])
