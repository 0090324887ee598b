"""Which clips lack an input, and what the network then learns from them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy

import pair_network
from harstudio.learning.loop.lacking import dispensable, draw, parts, without
from harstudio.learning.loop.stepping import Stepper
from harstudio.learning.stages import plan_training
from harstudio.networks import network_card
from harstudio.runs.config import parse

CPU = torch.device("cpu")
NAMES = ("skeleton", "inertial")


def test_a_clip_lacks_the_same_whatever_the_batch() -> None:
    all_of_them = draw(0.4, NAMES, 3, 7, range(400))
    assert all_of_them[17:30] == draw(0.4, NAMES, 3, 7, range(17, 30))
    assert all_of_them != draw(0.4, NAMES, 3, 8, range(400))
    counts = {name: all_of_them.count(name) for name in ("", *NAMES)}
    assert counts[""] == pytest.approx(240, abs=30)
    assert counts["skeleton"] == pytest.approx(80, abs=25)


def test_networks_say_what_they_can_do_without() -> None:
    assert dispensable(network_card("mmff-lite")) == ("skeleton", "picture")
    assert dispensable(network_card("st-gcn")) == ()


def test_nobody_is_alone_in_a_part() -> None:
    assert parts(["", "a", "", "a", "b"]) == {"": [0, 2, 4], "a": [1, 3]}
    assert parts(["a", "a", ""]) == {"a": [0, 1, 2]}
    assert parts(["a", "b"]) == {"b": [0, 1]}
    assert parts([""]) == {"": [0]}


def test_what_comes_with_an_input_goes_with_it() -> None:
    inputs = {name: torch.zeros(1) for name in ("picture", "focus", "skeleton")}
    assert set(without(inputs, "picture")) == {"skeleton"}
    assert set(without(inputs, "")) == set(inputs)


def test_the_loss_is_the_mean_over_all_clips() -> None:
    """Each part as if the network had been asked with the inputs that it has."""
    pair_network.install()
    try:
        torch.manual_seed(0)
        network = pair_network.create(pair_network.CARD, 3, "utd_mhad_20", {})
        network.card = pair_network.CARD
        tables = {"data": {"path": "d"}, "network": {"name": "pair"}}
        tables["training"] = {"clip_norm": 0.0, "optimizer": "sgd"}
        plan = plan_training(parse(tables, base=Path("/")), pair_network.CARD)
        made = Stepper(network, plan, CPU, print)
        made.begin(plan.stages[-1])
        for part in network.modules():
            if isinstance(part, torch.nn.BatchNorm1d | torch.nn.Dropout):
                part.eval()
        inputs = {"skeleton": torch.randn(6, 3, 8, 20, 1), "inertial": torch.randn(6, 6, 16)}
        labels = torch.tensor([0, 1, 2, 0, 1, 2])
        lacks = ["", "skeleton", "", "skeleton", "inertial", "inertial"]
        rows = {name: [n for n, one in enumerate(lacks) if one == name] for name in set(lacks)}
        total = sum(
            cross_entropy(
                network(without({k: v[those] for k, v in inputs.items()}, name)).logits,
                labels[those],
                reduction="sum",
            )
            for name, those in rows.items()
        )
        weights = [network.fusion[2].weight, network.skeleton.hidden.weight]
        wanted = torch.autograd.grad(total / 6, weights)
        loss, _ = made.step(inputs, labels, 0.0, places=range(6), lacks=lacks)
        assert float(loss) == pytest.approx(float(total.detach()) / 6, rel=1e-6)
        for weight, gradient in zip(weights, wanted, strict=True):
            assert weight.grad is not None
            torch.testing.assert_close(weight.grad, gradient)
    finally:
        pair_network.remove()
