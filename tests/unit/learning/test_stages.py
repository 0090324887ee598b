"""Stages: what the recipe says, what a config changes, what stands still."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from harstudio.errors import UsageError
from harstudio.learning.stages import (
    Plan,
    StagePlan,
    checked_options,
    choose_modalities,
    complete,
    fitting_inputs,
    freeze_all_but,
    plan_training,
)
from harstudio.networks import create_network, network_card
from harstudio.runs.config import parse
from tiny_network import CARD


def plan(**training: Any) -> Plan:
    tables = {"data": {"path": "d"}, "network": {"name": "tiny"}, "training": training}
    return plan_training(parse(tables, base=Path("/")), CARD)


def stage(**keys: Any) -> StagePlan:
    known: dict[str, Any] = {
        "name": "s", "trains": (), "stream": "", "epochs": 10, "learning_rate": 1.0,
        "decay_at": (4, 8), "decay": 0.1, "schedule": "steps", "warmup_epochs": 0,
    }  # fmt: skip
    return StagePlan(**{**known, **keys})


def test_the_recipe_decides_what_the_config_does_not_say() -> None:
    made = plan()
    assert [one.name for one in made.stages] == ["place", "motion", "fusion", "all"]
    assert [one.epochs for one in made.stages] == [2, 1, 1, 2]
    assert made.stages[0].stream == "place"
    assert made.stages[0].decay_at == (1,)
    assert (made.batch_size, made.optimizer) == (4, "adam")


def test_the_config_decides_for_all_stages_or_one() -> None:
    made = plan(epochs=20, learning_rate=0.5, stage={"motion": {"epochs": 3, "decay_at": [2]}})
    assert [one.epochs for one in made.stages] == [20, 3, 20, 20]
    assert {one.learning_rate for one in made.stages} == {0.5}
    assert made.stages[0].decay_at == (10,)  # at the same share as in the recipe: 1 of 2
    assert made.stages[1].decay_at == (2,)


def test_gradients_are_clipped_as_the_recipe_says_unless_the_config_does() -> None:
    card = replace(CARD, recipe=replace(CARD.recipe, clip_norm=20.0))
    tables: dict[str, Any] = {
        "data": {"path": "d"},
        "network": {"name": "tiny"},
        "training": {"clip_norm": 0.0},
    }
    assert plan_training(parse(tables, base=Path("/")), card).clip_norm == 0.0
    del tables["training"]["clip_norm"]
    silent = parse(tables, base=Path("/"))
    assert plan_training(silent, card).clip_norm == 20.0
    assert complete(silent, card, ("skeleton",)).training.clip_norm == 20.0
    assert plan().clip_norm == 0.0


def test_momentum_is_nesterovs_unless_recipe_or_config_say_otherwise() -> None:
    card = replace(CARD, recipe=replace(CARD.recipe, nesterov=False))
    tables: dict[str, Any] = {"data": {"path": "d"}, "network": {"name": "tiny"}}
    silent = parse(tables, base=Path("/"))
    loud = parse({**tables, "training": {"nesterov": True}}, base=Path("/"))
    assert plan_training(silent, CARD).nesterov is True
    assert plan_training(silent, card).nesterov is False
    assert plan_training(loud, card).nesterov is True
    assert complete(silent, card, ("skeleton",)).training.nesterov is False
    assert network_card("dscmt").recipe.nesterov is False


def test_the_rate_falls_as_the_recipe_says_unless_the_config_does() -> None:
    card = replace(CARD, recipe=replace(CARD.recipe, schedule="cosine"))
    tables: dict[str, Any] = {"data": {"path": "d"}, "network": {"name": "tiny"}}
    silent = parse(tables, base=Path("/"))
    made = plan_training(silent, card).stages[0]
    assert made.schedule == "cosine"
    assert made.rate(1) == pytest.approx(made.learning_rate / 2)  # of two epochs
    assert complete(silent, card, ("skeleton",)).training.schedule == "cosine"
    assert complete(silent, CARD, ("skeleton",)).training.schedule == "steps"
    steps = parse({**tables, "training": {"schedule": "steps"}}, base=Path("/"))
    assert plan_training(steps, card).stages[0].schedule == "steps"


def test_some_of_the_stages() -> None:
    assert [one.name for one in plan(stages=["fusion", "place"]).stages] == ["fusion", "place"]
    with pytest.raises(UsageError, match=r"no stage fusoin.*Did you mean fusion"):
        plan(stages=["fusoin"])
    with pytest.raises(UsageError, match="no stage nothing"):
        plan(stage={"nothing": {"epochs": 1}})


@pytest.mark.parametrize("training", [{"epochs": 0}, {"stages": []}])
def test_a_training_that_trains_nothing_is_refused(training: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"Nothing would be trained.*training\.epochs"):
        plan(**training)
    assert plan(stage={"place": {"epochs": 0}}).stages[0].epochs == 0


def test_a_stage_goes_through_once() -> None:
    with pytest.raises(UsageError, match=r"named twice \(training\.stages\)"):
        plan(stages=["place", "fusion", "place"])


def test_rates_in_steps() -> None:
    rates = [stage().rate(epoch, 0.9) for epoch in range(10)]
    assert rates == pytest.approx([1.0] * 4 + [0.1] * 4 + [0.01] * 2)


def test_rates_along_a_cosine() -> None:
    one = stage(schedule="cosine", warmup_epochs=2)
    assert one.rate(0, 0.5) == pytest.approx(0.25)
    assert 0 < one.rate(0) < 0.01
    assert one.rate(2) == pytest.approx(1.0)
    assert one.rate(6) == pytest.approx(0.5)
    assert one.rate(8) == pytest.approx(0.5 * (1 + math.cos(math.pi * 0.75)))
    assert one.rate(9, 0.999) < 1e-3
    falling = [one.rate(epoch) for epoch in range(2, 10)]
    assert falling == sorted(falling, reverse=True)


@pytest.mark.usefixtures("tiny")
def test_the_complete_config_plans_the_same() -> None:
    tables = {
        "data": {"path": "d"},
        "network": {"name": "tiny"},
        "training": {"epochs": 7, "schedule": "cosine", "stage": {"all": {"learning_rate": 0.3}}},
    }
    config = parse(tables, base=Path("/"))
    whole = complete(config, CARD, ("skeleton",))
    assert plan_training(whole, CARD) == plan_training(config, CARD)
    assert whole.network.options == {"dropout": 0.3}
    assert whole.data.modalities == ("skeleton",)
    assert complete(whole, CARD, ("skeleton",)) == whole
    assert parse(whole.to_dict(), base=Path("/")) == whole


@pytest.mark.parametrize(("value", "what"), [("much", "a number"), (True, "a number")])
def test_options_have_the_type_of_their_default(value: Any, what: str) -> None:
    tables = {"data": {"path": "d"}, "network": {"name": "tiny", "dropout": value}}
    with pytest.raises(UsageError, match=f"network.dropout should be {what}"):
        complete(parse(tables, base=Path("/")), CARD, ("skeleton",))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_options_are_finite(value: float) -> None:
    with pytest.raises(UsageError, match=r"network\.dropout should be a finite number"):
        checked_options(CARD, {"dropout": value})


@pytest.mark.parametrize(
    ("wanted", "kinds", "chosen"),
    [
        ((), {"depth", "skeleton", "inertial"}, "depth+inertial"),
        ((), {"color", "depth", "infrared", "skeleton"}, "color+depth"),
        (("depth", "inertial"), set(), "depth+inertial"),
        (("infrared", "color"), set(), "color+infrared"),
        (("color", "depth", "infrared"), set(), "color+depth+infrared"),
        ((), {"skeleton"}, None),
    ],
)
def test_the_inputs_of_a_network_follow_what_is_wanted_or_there(
    wanted: tuple[str, ...], kinds: set[str], chosen: str | None
) -> None:
    assert fitting_inputs(network_card("m-mixer"), {}, wanted, frozenset(kinds)) == chosen


def test_unknown_options_name_the_nearest() -> None:
    tables = {"data": {"path": "d"}, "network": {"name": "tiny", "droput": 0.1}}
    with pytest.raises(UsageError, match="Did you mean dropout"):
        complete(parse(tables, base=Path("/")), CARD, ("skeleton",))


def test_modalities_are_those_that_the_data_have() -> None:
    card = network_card("mmff-lite")
    kinds = frozenset({"depth", "skeleton", "inertial"})
    chosen = choose_modalities(card, (), kinds)
    assert sorted(chosen) == ["depth", "skeleton"]
    assert choose_modalities(card, ("skeleton", "depth"), kinds) == chosen  # in the card's order
    with pytest.raises(UsageError, match="The data have no color"):
        choose_modalities(card, ("color", "skeleton"), kinds)
    with pytest.raises(UsageError, match="no skeleton"):
        choose_modalities(card, (), frozenset({"depth"}))
    with pytest.raises(UsageError, match="Only 8 of 24 recordings have skeleton"):
        choose_modalities(card, (), frozenset({"depth"}), {"skeleton": "8 of 24"})


@pytest.mark.usefixtures("tiny")
def test_what_a_stage_does_not_train_stands_still() -> None:
    network = create_network("tiny", 3, "utd_mhad_20")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    trained = freeze_all_but(network, ("motion",))
    assert {name.partition(".")[0] for name, _ in trained} == {"motion"}
    optimizer = torch.optim.SGD([weight for _, weight in trained], lr=1.0)
    output = network({"skeleton": torch.randn(4, 3, 8, 20, 1)})
    output.logits.sum().backward()
    optimizer.step()
    changed = {
        name.partition(".")[0]
        for name, value in network.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert changed == {"motion"}  # its batch statistics too, nobody else's
    with pytest.raises(UsageError, match="no part legs"):
        freeze_all_but(network, ("legs",))
