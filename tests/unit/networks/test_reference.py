"""Backbones against outputs of published reference code, and sizes against what papers print."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from harstudio.networks import create_network, list_networks, network_card
from harstudio.networks.backbones.efficientnet_lite import EfficientNetLite0, SameConvolution
from harstudio.networks.backbones.graphs import GraphStream
from harstudio.networks.backbones.xception import Xception
from harstudio.networks.sizes import describe_networks, example_inputs, measure, size_of
from reference_cases import load_case


@torch.no_grad()
def test_st_gcn() -> None:
    case = load_case("stgcn_ntu25")
    network = create_network("st-gcn", 60)
    stream = network.get_submodule("skeleton")
    assert isinstance(stream, GraphStream)
    case.fill(stream, not_given=["A"])
    torch.testing.assert_close(stream.A, torch.from_numpy(case.outputs["A"]), rtol=0, atol=1e-6)
    features = stream(case.inputs["skeleton"])
    case.check(
        feature=features,
        class_map=stream.class_map(features),
        logits=network.eval()(case.inputs).logits,
    )


@torch.no_grad()
def test_xception() -> None:
    case = load_case("xception_128")
    network = Xception(1000)
    case.fill(network)
    said, features = network.features(case.inputs["small"]), network(case.inputs["small"])
    case.check(features=said, logits=network.classify(features))
    torch.testing.assert_close(features, said.relu())


@pytest.mark.parametrize(("kernel", "stride", "size", "first"), [
    (3, 2, 8, 0), (3, 2, 7, -1), (5, 2, 8, -1), (5, 2, 7, -2), (3, 1, 6, -1), (5, 1, 6, -2),
])  # fmt: skip
@torch.no_grad()
def test_light_convolutions_pad_as_tensorflow_does(
    kernel: int, stride: int, size: int, first: int
) -> None:
    """Of an odd number of added pixels one more comes right and below.

    A kernel that copies its first tap tells where the first window starts: at pixel ``first``.
    """
    convolution = SameConvolution(1, 1, kernel, stride)
    nn.init.zeros_(convolution.weight)
    convolution.weight[0, 0, 0, 0] = 1
    count = -(-size // stride)
    copied = convolution(torch.arange(1.0, size * size + 1).view(1, 1, size, size))[0, 0]
    assert copied.shape == (count, count)
    for i in range(count):
        y, x = first + i * stride, first + (count - 1) * stride
        assert copied[i, -1] == (y * size + x + 1 if y >= 0 and x >= 0 else 0)


# ---- sizes


class Alone(nn.Module):
    """A picture backbone with its own classifier, called as a network is."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, batch: Mapping[str, Tensor], stream: str = "") -> Tensor:
        logits: Tensor = self.backbone.classify(self.backbone(batch["picture"]))
        return logits


def alone(backbone: nn.Module, size: int) -> Any:
    picture = {"picture": torch.zeros(1, 3, size, size, device="meta")}
    return measure(Alone(backbone).to("meta"), picture)  # type: ignore[arg-type]


def test_backbones_have_the_printed_sizes() -> None:
    xception = alone(Xception(1000), 299)
    assert xception.parameters == 22_855_952  # printed 22.86 M
    assert xception.multiply_adds == pytest.approx(8.357e9, rel=1e-3)  # printed 8.42 G
    light = alone(EfficientNetLite0(1000), 224)
    assert light.parameters == 4_652_008  # published 4.65 M
    assert light.multiply_adds == pytest.approx(407e6, rel=0.06)  # published 407 M


def test_st_gcn_has_the_printed_size() -> None:
    size = size_of("st-gcn")
    assert size.parameters == 3_098_832  # printed 3.1 M
    assert size.multiply_adds == pytest.approx(16.229e9, rel=1e-4)  # printed 16.2 G
    # Published 17.09 G with the graph's products; ours come before the channels grow.
    assert size.multiply_adds + size.products == pytest.approx(16.88e9, rel=1e-4)


def test_mmff_has_the_printed_size_but_for_a_classifier_that_it_never_uses() -> None:
    """Printed are 29.1 M and 24.5 G.

    29.07 M is what Xception with its ImageNet classifier, ST-GCN with its classifier and the
    fusion make together. The ImageNet classifier (2.05 M) takes part in nothing and is not here;
    what the printed sum leaves out is the picture's own head, which the first step of training
    needs. The printed 24.5 G are less than the sum of the printed parts (8.42 + 16.2).
    """
    size = size_of("mmff-gcn")
    own_head = 3 * (2048 * 256 + 256) + (768 * 60 + 60)
    self_attention = 2 * (2048 + 1)
    fusion = size.by_part["fusion"] + self_attention  # counted there in print
    imagenet_classifier = 2048 * 1000 + 1000
    assert fusion == pytest.approx(3.117e6, rel=1e-3)
    printed = size.parameters - own_head + imagenet_classifier
    assert printed == 22_855_952 + 3_098_832 + fusion
    assert printed == pytest.approx(29.1e6, rel=2e-3)
    live = size.parameters - own_head - (256 * 60 + 60)
    assert live == pytest.approx(27.0e6, rel=1e-3)
    assert size.multiply_adds == pytest.approx(24.5e9, rel=0.02)


def test_networks_are_described_in_builtins() -> None:
    described = json.loads(json.dumps(describe_networks()))
    assert [entry["name"] for entry in described] == list(list_networks())
    for entry in described:
        card = network_card(entry["name"])
        assert entry["modalities"] == sorted(card.modalities)
        assert entry["num_classes"] == 60
        assert entry["parameters"] > 5e5
        assert entry["multiply_adds"] > 5e6
        assert set(entry["options"]) == set(card.options)


@pytest.mark.parametrize("name", ["st-gcn", "mmff-lite"])
def test_a_size_is_what_the_network_computes(name: str) -> None:
    """The meta device counts as a real one does."""
    card = network_card(name)
    inputs = example_inputs(card)
    inputs["skeleton"] = inputs["skeleton"][:, :, :32]
    network = create_network(name, 60)
    meta = {key: value.to("meta") for key, value in inputs.items()}
    assert measure(network, inputs) == measure(network.to("meta"), meta)
