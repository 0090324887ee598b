"""A network small enough to train in a test: two streams, a fusion, dropout, batch statistics."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from harstudio import networks
from harstudio.networks.network import Batch, Network, Output
from harstudio.results import NetworkCard, Option, Recipe, Stage
from harstudio.skeletons.topology import topology as topology_of

FRAMES = 8
Tensors = dict[str, Tensor]
NAME = "tiny"


class Stream(nn.Module):
    """Joints over time, flattened, through one hidden layer."""

    def __init__(self, values: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(values)
        self.hidden = nn.Linear(values, 12)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(12, classes)

    def features(self, values: Tensor) -> Tensor:
        hidden: Tensor = self.dropout(torch.relu(self.hidden(self.norm(values.flatten(1)))))
        return hidden


class Tiny(Network):
    """Positions and motions of the joints, each alone and together."""

    most = 0  # clips that "fit into memory" at once; 0 = any number

    def __init__(self, classes: int, joints: int, dropout: float) -> None:
        super().__init__()
        self.place = Stream(3 * FRAMES * joints, classes, dropout)
        self.motion = Stream(3 * (FRAMES - 1) * joints, classes, dropout)
        self.fusion = nn.Linear(24, classes)

    def fused(self, batch: Batch, explain: bool) -> Output:
        logits, features = self.said_by(batch, ("place", "motion"))
        return Output(self.fusion(torch.cat(list(features.values()), 1)), logits, features)

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        logits, features = self.said_by(batch, (stream,))
        return Output(logits[stream], logits, features)

    def said_by(self, batch: Batch, wanted: tuple[str, ...]) -> tuple[Tensors, Tensors]:
        """Logits and features of streams."""
        joints = batch["skeleton"][..., 0]
        if self.most and len(joints) > self.most:
            raise torch.OutOfMemoryError(f"{len(joints)} clips are too many")
        inputs = {"place": joints, "motion": joints[:, :, 1:] - joints[:, :, :-1]}
        parts = {"place": self.place, "motion": self.motion}
        features = {name: parts[name].features(inputs[name]) for name in wanted}
        return {name: parts[name].head(value) for name, value in features.items()}, features


CARD = NetworkCard(
    name=NAME,
    title="Tiny",
    paper="None",
    authors="Nobody",
    year=2026,
    branches={"skeleton": ("skeleton",)},
    streams={"place": ("skeleton",), "motion": ("skeleton",)},
    preprocessing={
        "skeleton": {"frames": FRAMES, "fit": "resize", "bodies": 1, "rotate_deg": 20.0}
    },
    recipe=Recipe(
        stages=(
            Stage("place", ("place",), "place", epochs=2, learning_rate=0.02, decay_at=(1,)),
            Stage("motion", ("motion",), "motion", epochs=1, learning_rate=0.02),
            Stage("fusion", ("fusion",), epochs=1, learning_rate=0.02),
            Stage("all", ("place", "motion", "fusion"), epochs=2, learning_rate=0.01),
        ),
        batch_size=4,
    ),
    options={"dropout": Option(0.3, "Share of features dropped.")},
)
CARDS = (CARD,)


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    return Tiny(num_classes, len(topology_of(topology).joints), **options)


def install() -> None:
    """Make it known, as a lab's own network would be."""
    networks._registry().setdefault(NAME, (CARD, sys.modules[__name__]))


def remove() -> None:
    networks._registry().pop(NAME, None)
