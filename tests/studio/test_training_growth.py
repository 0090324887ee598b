"""Metrics as curves."""

from __future__ import annotations

import math

import pytest

from harstudio.studio.training.curves import room_for, with_gaps
from harstudio.studio.training.growth import STEPS_KEPT, Growth, line_of
from made_runs import epoch_lines

STAGES = ("skeleton", "picture", "fusion")


def grown(epochs: int, done: int, stages: tuple[str, ...] = STAGES) -> Growth:
    growth = Growth()
    for at in range(done):
        growth.take(epoch_lines(stages, epochs, at))
    return growth


def test_epochs_of_all_stages_lie_on_one_axis():
    growth = grown(epochs=4, done=9)
    assert [epoch.end for epoch in growth.epochs] == list(range(1, 10))
    assert growth.epochs[8].stage == "fusion"
    assert growth.epochs[8].number == 1
    assert growth.step_at[:3] == [0.5, 1.0, 1.5]
    assert [(b.name, b.start, b.end) for b in growth.bands] == [
        ("skeleton", 0, 4), ("picture", 4, 8), ("fusion", 8, 9),
    ]  # fmt: skip


def test_a_stage_under_way_reaches_as_far_as_its_last_step():
    growth = grown(epochs=4, done=4)
    growth.take(epoch_lines(STAGES, 4, 4)[:1])
    assert (growth.bands[-1].name, growth.end) == ("picture", 4.5)


def test_the_best_is_of_the_last_stage_and_of_the_validation_part():
    growth = grown(epochs=4, done=9)
    accuracy, end, part = growth.best() or (0, 0, "")
    assert (end, part) == (9, "validation")
    assert accuracy == growth.epochs[8].validation_accuracy
    assert accuracy < growth.epochs[3].validation_accuracy  # one stream's; not the network's


def test_without_validation_the_best_is_of_the_training_part():
    growth = Growth()
    growth.take(epoch_lines(("all",), 4, 0, validated=False))
    assert (growth.best() or (0, 0, ""))[2] == "train"
    assert math.isnan(growth.epochs[0].validation_loss)
    assert Growth().best() is None


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"kind": "epoch"},
        {"kind": "step", "loss": "much", "step": 1, "steps": 2},
        {"kind": "step", "loss": 1.0, "step": 1, "steps": 0},
        {"kind": "epoch", "train": [1], "validation": 7, "seconds": None},
    ],
)
def test_damaged_lines_do_no_harm(line):
    growth = grown(epochs=4, done=1)
    growth.take([line])
    assert growth.best() is not None
    assert all(math.isfinite(loss) for loss in growth.step_loss)


def test_steps_are_thinned_but_keep_their_span():
    growth = Growth()
    steps = 2 * STEPS_KEPT
    line = {"kind": "step", "stage": "all", "steps": steps, "loss": 1.0}
    growth.take({**line, "step": step} for step in range(steps))
    assert len(growth.step_at) <= STEPS_KEPT
    assert growth.step_at[0] == 0
    assert growth.step_at[-1] > 0.99


def test_a_copy_does_not_grow():
    growth = grown(epochs=4, done=2)
    kept = growth.copy()
    growth.take(epoch_lines(STAGES, 4, 2))
    assert (len(kept.epochs), len(growth.epochs)) == (2, 3)


def test_curves_are_cut_where_a_stage_begins():
    x, y = with_gaps([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], [2.0, 3.0])
    assert x == [1.0, 2.0, 2.0, 3.0, 3.0, 4.0]
    assert [math.isnan(value) for value in y] == [False, False, True, False, True, False]


def test_an_epoch_in_words():
    assert line_of(grown(4, 1).epochs[0]) == "skeleton 1  loss 0.779, right 0.22, validation 0.20"


@pytest.mark.parametrize(("end", "room"), [(0, 1), (0.2, 1), (3.1, 4), (25, 25), (101, 105)])
def test_the_axis_has_room_and_grows_in_steps(end, room):
    assert room_for(end) == room
