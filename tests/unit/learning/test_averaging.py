"""The mean of the weights, the weights of classes, and halves of precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

from harstudio.learning.loop.averaging import Mean
from harstudio.learning.loop.losses import Losses, balanced_weights
from harstudio.learning.loop.optimizing import Optimizer
from harstudio.learning.stages import plan_training
from harstudio.networks import create_network
from harstudio.networks.network import Network, Output
from harstudio.runs.config import parse
from tiny_network import CARD

pytestmark = pytest.mark.usefixtures("tiny")
CPU = torch.device("cpu")


@pytest.fixture
def network() -> Network:
    torch.manual_seed(1)
    return create_network("tiny", 3, "utd_mhad_20")


def optimizer(network: Network, **training: Any) -> Optimizer:
    tables = {"data": {"path": "d"}, "network": {"name": "tiny"}, "training": training}
    plan = plan_training(parse(tables, base=Path("/")), CARD)
    return Optimizer(network, plan, plan.stages[-1], CPU)


def test_a_mean_is_that_of_its_formula(network: Network) -> None:
    mean = Mean(network, 0.5)
    name, buffer = "fusion.weight", network.place.norm.running_mean
    expected = network.fusion.weight.detach().clone()
    expected_buffer = buffer.clone()
    for number in range(30):
        with torch.no_grad():
            network.fusion.weight += 0.1
            buffer += 1
        network.place.norm.num_batches_tracked += 1
        mean.update()
        share = min(0.5, (1 + number) / (10 + number))
        expected = share * expected + (1 - share) * network.fusion.weight.detach()
        expected_buffer = share * expected_buffer + (1 - share) * buffer
    saved = mean.saved()
    torch.testing.assert_close(saved[name], expected)
    torch.testing.assert_close(saved["place.norm.running_mean"], expected_buffer)
    assert saved["place.norm.num_batches_tracked"] == 30
    own = network.fusion.weight.detach().clone()
    with mean.in_place():
        assert torch.equal(network.fusion.weight, saved[name])
    assert torch.equal(network.fusion.weight, own)
    other = Mean(network, 0.5)
    other.restore(saved, mean.updates)
    mean.update()
    other.update()
    assert torch.equal(mean.saved()[name], other.saved()[name])


def test_classes_count_by_how_few_they_are() -> None:
    labels = np.array([0, 0, 0, 0, 2, 2, 3])
    weights = balanced_weights(labels.tolist(), 5)
    there = compute_class_weight("balanced", classes=np.unique(labels), y=labels)
    np.testing.assert_allclose(weights[[0, 2, 3]], there, rtol=1e-6)
    assert weights[[1, 4]].tolist() == [0, 0]
    assert float(weights[labels].mean()) == pytest.approx(1)
    logits = torch.randn(7, 5, requires_grad=True)
    expected = torch.from_numpy(labels)
    each = -torch.log_softmax(logits, 1)[range(7), expected] * weights[expected]
    losses = Losses(0.0, weights)
    assert float(losses.fused(Output(logits), expected).detach()) == pytest.approx(
        float(each.detach().sum())
    )
    apart = Output(logits, {"place": logits})
    assert float(losses.heads(apart, expected).detach()) == pytest.approx(
        float(each.detach().sum())
    )


def test_adamw_takes_its_decay_from_the_weights(network: Network) -> None:
    before = network.fusion.weight.detach().clone()
    made = optimizer(network, optimizer="adamw", weight_decay=0.1)
    made.begin(0.01)
    network.fusion.weight.grad = torch.zeros_like(before)
    made.update(set())
    torch.testing.assert_close(network.fusion.weight, before * (1 - 0.01 * 0.1))


def test_a_step_that_is_not_finite_is_left_out_in_float16(network: Network) -> None:
    before = network.fusion.weight.detach().clone()
    made = optimizer(network, precision="float16", optimizer="sgd", clip_norm=1.0)
    scale = float(made.scaled(torch.ones(())))
    made.begin(0.1)
    network.fusion.weight.grad = torch.full_like(before, float("inf"))
    made.update(set())
    assert torch.equal(network.fusion.weight, before)
    assert float(made.scaled(torch.ones(()))) == scale / 2
    again = optimizer(network, precision="float16", optimizer="sgd", clip_norm=1.0)
    again.restore(made.state(), made.counters())
    assert float(again.scaled(torch.ones(()))) == scale / 2
    made.begin(0.1)
    network.fusion.weight.grad = torch.full_like(before, scale / 2)
    made.update(set())
    moved = (before - network.fusion.weight).detach().norm()
    assert float(moved) == pytest.approx(0.1 * 1.9, rel=1e-4)  # limited to 1 after it was unscaled
