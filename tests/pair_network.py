"""A network of two inputs small enough to train in a test, and data for it: streams, then a fusion
of streams that stand still, then all together."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
import torch
from torch import Tensor, nn

from harstudio import networks
from harstudio.networks.network import Batch, Network, Output
from harstudio.results import NetworkCard, Recipe, Stage
from harstudio.skeletons.topology import topology as topology_of
from small_dataset import write_dataset

NAME = "pair"
FRAMES, SAMPLES = 8, 16


class Stream(nn.Module):
    """Values, flattened, through one hidden layer; counts the clips that it looked at."""

    def __init__(self, values: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(values)
        self.hidden = nn.Linear(values, 10)
        self.dropout = nn.Dropout(0.2)
        self.looked = 0

    def forward(self, values: Tensor) -> Tensor:
        self.looked += len(values)
        hidden: Tensor = self.dropout(torch.relu(self.hidden(self.norm(values.flatten(1)))))
        return hidden


class Pair(Network):
    """``skeleton`` and ``inertial``, each with a head, and a fusion of what both see."""

    heads_apart = True

    def __init__(self, classes: int, joints: int) -> None:
        super().__init__()
        self.skeleton = Stream(3 * FRAMES * joints)
        self.inertial = Stream(6 * SAMPLES)
        self.heads = nn.ModuleDict({name: nn.Linear(10, classes) for name in STREAMS})
        self.fusion = nn.Sequential(nn.BatchNorm1d(20), nn.Dropout(0.2), nn.Linear(20, classes))

    def fused(self, batch: Batch, explain: bool) -> Output:
        seen = {name: self.get_submodule(name)(batch[name]) for name in STREAMS}
        logits = {name: self.heads[name](value.detach()) for name, value in seen.items()}
        return Output(self.fusion(torch.cat(list(seen.values()), 1)), logits, seen)

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        seen = self.get_submodule(stream)(batch[stream])
        logits = self.heads[stream](seen)
        return Output(logits, {stream: logits}, {stream: seen})


STREAMS = ("skeleton", "inertial")
CARD = NetworkCard(
    name=NAME,
    title="Pair",
    paper="None",
    authors="Nobody",
    year=2026,
    branches={name: (name,) for name in STREAMS},
    streams={name: (name,) for name in STREAMS},
    preprocessing={
        "skeleton": {"frames": FRAMES, "fit": "resize", "bodies": 1, "rotate_deg": 20.0},
        "inertial": {"frames": SAMPLES},
    },
    recipe=Recipe(
        stages=(
            *(Stage(name, (name, f"heads.{name}"), name, 2, 0.02) for name in STREAMS),
            Stage("fusion", ("fusion",), epochs=3, learning_rate=0.02),
            Stage("all", (*STREAMS, "heads", "fusion"), epochs=2, learning_rate=0.01),
        ),
        batch_size=5,
    ),
)
CARDS = (CARD,)


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    return Pair(num_classes, len(topology_of(topology).joints))


def install() -> None:
    """Make it known, as a lab's own network would be."""
    networks._registry().setdefault(NAME, (CARD, sys.modules[__name__]))


def remove() -> None:
    networks._registry().pop(NAME, None)


def write_pairs(root: Path) -> Path:
    """Skeletons, and a sensor at the wrist that swings by the action."""
    write_dataset(root, repeats=4)
    folder = root / "Inertial"
    folder.mkdir()
    for subject in range(1, 5):
        for action in range(1, 4):
            for repeat in range(1, 5):
                rng = np.random.default_rng([subject, action, repeat])
                swing = np.sin(np.linspace(0, action * np.pi, 20))[:, None] * np.ones(6)
                scipy.io.savemat(
                    folder / f"a{action}_s{subject}_t{repeat}_inertial.mat",
                    {"d_iner": swing + rng.normal(scale=0.05, size=(20, 6))},
                )
    return root
