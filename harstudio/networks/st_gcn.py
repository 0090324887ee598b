"""ST-GCN on joints.

S. Yan, Y. Xiong, D. Lin: Spatial Temporal Graph Convolutional Networks for Skeleton-Based Action
Recognition, AAAI 2018. The backbone, then the mean over time, joints and persons and one 1x1
convolution as classifier. Because both are linear, the classifier read at every position says how
much each joint at each moment spoke for a class: the explanation costs one 1x1 convolution.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harstudio.networks.backbones.graphs import STGCNStream
from harstudio.networks.network import Batch, Network, Output
from harstudio.results import Kind, NetworkCard, Option, Recipe, Stage

OPTIONS = {
    "dropout": Option(0.5, "Share of features dropped in training."),
    "edge_importance": Option(True, "Learn how much each link between joints counts."),
}

CARDS = (
    NetworkCard(
        name="st-gcn",
        title="ST-GCN",
        paper="Spatial Temporal Graph Convolutional Networks for Skeleton-Based Action Recognition",
        authors="S. Yan, Y. Xiong, D. Lin",
        year=2018,
        branches={"skeleton": ("skeleton",)},
        streams={"skeleton": ("skeleton",)},
        preprocessing={
            "skeleton": {"frames": 300, "fit": "repeat", "bodies": 2, "center": "none"},
        },
        recipe=Recipe(
            stages=(
                Stage("joints", ("skeleton",), epochs=80, learning_rate=0.1, decay_at=(10, 50)),
            ),
            optimizer="sgd",
            weight_decay=1e-4,
            batch_size=64,
        ),
        options=OPTIONS,
        explains={"joint saliency": Kind.JOINT_WEIGHTS},
    ),
)


SkeletonStream = STGCNStream


class SkeletonNetwork(Network):
    """ST-GCN alone."""

    def __init__(self, num_classes: int, topology: str, options: Mapping[str, Any]) -> None:
        super().__init__()
        self.skeleton = STGCNStream(num_classes, topology, **options)

    def fused(self, batch: Batch, explain: bool) -> Output:
        """Takes ``skeleton``; one stream."""
        features = self.skeleton(batch["skeleton"])
        pooled = self.skeleton.pool(features)
        logits = self.skeleton.classify(pooled)
        return Output(
            logits=logits,
            logits_by_stream={"skeleton": logits},
            features={"skeleton": pooled},
            explanation={"joint saliency": self.skeleton.saliency(features)} if explain else None,
        )

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        """The same: it has one stream."""
        return self.fused(batch, explain)


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh ST-GCN."""
    return SkeletonNetwork(num_classes, topology, options)
