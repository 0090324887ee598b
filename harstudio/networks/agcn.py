"""AGCN on joints, and 2s-AGCN on joints and bones.

L. Shi, Y. Zhang, J. Cheng, H. Lu: Two-Stream Adaptive Graph Convolutional Networks for
Skeleton-Based Action Recognition, CVPR 2019. The network of one stream is section 3.3, bones are
section 3.4: a vector from the joint nearer to the centre to the joint farther away. The two
networks learn apart and their softmax scores are added.

Choices. The network makes bones of joints itself, so that both streams are always of the same
augmented clip. The paper adds softmax scores, the published code adds what comes before the
softmax; here the paper: the logits are the logarithm of the mean probability.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from harstudio.networks.backbones.graphs import (
    LINK_NAMES,
    GraphStream,
    bones,
    skeleton_stream,
)
from harstudio.networks.graph_network import GraphNetwork
from harstudio.networks.network import Batch, Gaze, Network, Output
from harstudio.results import Kind, NetworkCard, Option, Recipe, Stage

OPTIONS = {
    "dropout": Option(
        0.0,
        "Share of features dropped between the convolutions over joints and over time; the paper "
        "says 0.5, the published code 0.",
    ),
}
EPOCHS, DECAY_AT = 50, (30, 40)


EXPLAINS = {"joint saliency": Kind.JOINT_WEIGHTS, **dict.fromkeys(LINK_NAMES, Kind.RELATION)}


def _of(stream: str, name: str) -> str:
    """What a stream of several tells: "learned links joint, layer 1"."""
    what, comma, which = name.partition(",")
    return f"{what} {stream}{comma}{which}"


def _card(
    name: str, title: str, streams: tuple[str, ...], explains: dict[str, Kind]
) -> NetworkCard:
    return NetworkCard(
        name=name,
        title=title,
        paper="Two-Stream Adaptive Graph Convolutional Networks for Skeleton-Based Action "
        "Recognition",
        authors="L. Shi, Y. Zhang, J. Cheng, H. Lu",
        year=2019,
        branches={"skeleton": ("skeleton",)},
        streams=dict.fromkeys(streams, ("skeleton",)),
        preprocessing={
            "skeleton": {
                "frames": 300, "fit": "repeat", "bodies": 2, "center": "frame", "align": True,
            },
        },
        recipe=Recipe(
            stages=tuple(
                Stage(stream, (stream,), stream, EPOCHS, 0.1, DECAY_AT) for stream in streams
            ),
            optimizer="sgd",
            weight_decay=1e-4,
            batch_size=64,
        ),
        options=OPTIONS,
        explains=explains,
    )  # fmt: skip


CARDS = (
    _card(
        "agcn",
        "AGCN",
        ("skeleton",),
        EXPLAINS,
    ),
    _card(
        "2s-agcn",
        "2s-AGCN",
        ("joint", "bone"),
        {
            _of(stream, name): kind
            for stream in ("joint", "bone")
            for name, kind in EXPLAINS.items()
        },
    ),
)


class TwoStreams(Network):
    """2s-AGCN: child modules ``joint`` and ``bone``."""

    def __init__(self, joint: GraphStream, bone: GraphStream) -> None:
        super().__init__()
        self.joint = joint
        self.bone = bone

    def fused(self, batch: Batch, explain: bool) -> Output:
        """Takes ``skeleton``: the logarithm of the mean of both streams' probabilities."""
        both = [self.alone(stream, batch, explain) for stream in self.card.streams]
        by_stream: dict[str, torch.Tensor] = {}
        features: dict[str, torch.Tensor] = {}
        told: dict[str, Gaze] = {}
        for one in both:
            by_stream.update(one.logits_by_stream)
            features.update(one.features)
            told.update(one.explanation or {})
        opinions = [torch.log_softmax(one.logits, dim=1) for one in both]
        logits = torch.logsumexp(torch.stack(opinions), dim=0) - math.log(len(both))
        return Output(logits, by_stream, features, explanation=told if explain else None)

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        """``joint`` or ``bone``; what the bones' network tells of a joint is of the bone that ends
        there."""
        skeleton = batch["skeleton"]
        if stream == "bone":
            skeleton = bones(skeleton, self.topology)
        told: dict[str, Gaze] | None = None
        network: GraphStream = self.joint if stream == "joint" else self.bone
        if explain:
            maps, own = network.explained(skeleton)
            told = {_of(stream, name): gaze for name, gaze in own.items()}
        else:
            maps = network(skeleton)
        pooled = network.pool(maps)
        logits = network.classify(pooled)
        return Output(logits, {stream: logits}, {stream: pooled}, explanation=told)


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh AGCN or 2s-AGCN."""
    streams = [skeleton_stream("agcn", num_classes, topology, **options) for _ in card.streams]
    return TwoStreams(*streams) if card.name == "2s-agcn" else GraphNetwork(*streams)
