"""ST-GCN on joints.

S. Yan, Y. Xiong, D. Lin: Spatial Temporal Graph Convolutional Networks for Skeleton-Based Action
Recognition, AAAI 2018. The backbone, then the mean over time, joints and persons and one 1x1
convolution as classifier. Because both are linear, the classifier read at every position says how
much each joint at each moment spoke for a class: the explanation costs one 1x1 convolution.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harstudio.networks.backbones.graphs import skeleton_stream
from harstudio.networks.graph_network import GraphNetwork
from harstudio.networks.network import Network
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


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh ST-GCN."""
    return GraphNetwork(skeleton_stream("st-gcn", num_classes, topology, **options))
