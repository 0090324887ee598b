"""How large networks are: parameters, and multiply-adds of one clip, without computing anything.

Papers call multiply-adds "FLOPs" and count convolutions and linear layers. Products of two
activations (attention) and with a graph's adjacency are told apart, as ``products``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from harstudio.networks import create_network, list_networks, network_card
from harstudio.networks.inputs import example_inputs
from harstudio.networks.network import Network

CLASSES = 60
LAYERS = ("convolution", "_convolution", "addmm", "mm")  # as torch names what layers do


@dataclass(frozen=True, slots=True)
class Size:
    """parameters: numbers that training changes, without those of ``heads`` (classifiers of single
    streams that the paper does not count). multiply_adds: of convolutions and linear layers for
    one clip. products: multiply-adds of all other matrix products. by_part: parameters of every
    child module."""

    parameters: int
    multiply_adds: int
    products: int
    by_part: dict[str, int]


def measure(network: Network, inputs: dict[str, Tensor], stream: str = "") -> Size:
    """The size of a network on these inputs; works on the meta device, where nothing is held."""
    was_training = network.training
    network.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(inputs, stream=stream)
    network.train(was_training)
    operations = {
        str(operation).rpartition(".")[2]: count // 2
        for operation, count in counter.get_flop_counts()["Global"].items()
    }
    layers = sum(operations.get(name, 0) for name in LAYERS)
    by_part = {
        name: sum(weight.numel() for weight in part.parameters())
        for name, part in network.named_children()
    }
    return Size(
        parameters=sum(
            weight.numel()
            for name, weight in network.named_parameters()
            if name.partition(".")[0] != "heads"
        ),
        multiply_adds=layers,
        products=sum(operations.values()) - layers,
        by_part=by_part,
    )


def size_of(name: str, num_classes: int = CLASSES, **options: Any) -> Size:
    """The size of a registered network at its paper's input sizes."""
    card = network_card(name, options)
    with torch.device("meta"):
        network = create_network(name, num_classes, card.topology, **options)
    return measure(network.to("meta"), example_inputs(card, device="meta"))


def describe_networks() -> list[dict[str, Any]]:
    """What ``harstudio models --json`` prints: one dict of builtins a network."""
    described = []
    for name in list_networks():
        card, size = network_card(name), size_of(name)
        described.append(
            {
                "name": name,
                "title": card.title,
                "paper": card.paper,
                "authors": card.authors,
                "year": card.year,
                "modalities": sorted(card.modalities),
                "branches": {branch: list(allowed) for branch, allowed in card.branches.items()},
                "streams": {stream: list(needs) for stream, needs in card.streams.items()},
                "parameters": size.parameters,
                "multiply_adds": size.multiply_adds,
                "products": size.products,
                "num_classes": CLASSES,
                "topology": card.topology,
                "options": {
                    key: {
                        "title": option.titled(key),
                        "default": option.default,
                        "help": option.help,
                        "choices": list(option.choices),
                    }
                    for key, option in card.options.items()
                },
                "stages": [stage.name for stage in card.recipe.stages],
                "explains": {key: str(kind) for key, kind in card.explains.items()},
            }
        )
    return described
