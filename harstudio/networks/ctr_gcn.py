"""CTR-GCN on joints.

Y. Chen, Z. Zhang, C. Yuan, B. Li, Y. Deng, W. Hu: Channel-wise Topology Refinement Graph
Convolution for Skeleton-Based Action Recognition, ICCV 2021. The joint stream of the paper; the
backbone, then the mean over time, joints and persons and a linear classifier.

Choices. What the paper leaves open is as in the published code: the middle of the first body's
spine in the first frame is the origin, from half to all of a clip becomes 64 frames, turned by up
to 0.3 radians. The paper's warm-up of five epochs is no default here; training has an option.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harstudio.networks.backbones.graphs import LINK_NAMES, skeleton_stream
from harstudio.networks.graph_network import GraphNetwork
from harstudio.networks.network import Network
from harstudio.results import Kind, NetworkCard, Option, Recipe, Stage

CARDS = (
    NetworkCard(
        name="ctr-gcn",
        title="CTR-GCN",
        paper="Channel-wise Topology Refinement Graph Convolution for Skeleton-Based Action "
        "Recognition",
        authors="Y. Chen, Z. Zhang, C. Yuan, B. Li, Y. Deng, W. Hu",
        year=2021,
        branches={"skeleton": ("skeleton",)},
        streams={"skeleton": ("skeleton",)},
        preprocessing={
            "skeleton": {
                "frames": 64,
                "fit": "resize",
                "bodies": 2,
                "center": "clip",
                "crop": (0.5, 1.0),
                "test_crop": 0.95,
                "rotate_deg": 17.2,
                "rotate_both_ways": True,
            },
        },
        recipe=Recipe(
            stages=(
                Stage("joints", ("skeleton",), epochs=65, learning_rate=0.1, decay_at=(35, 55)),
            ),
            optimizer="sgd",
            weight_decay=4e-4,
            batch_size=64,
        ),
        options={"dropout": Option(0.0, "Share of features dropped before the classifier.")},
        explains={
            "joint saliency": Kind.JOINT_WEIGHTS,
            **dict.fromkeys(LINK_NAMES, Kind.RELATION),
        },
    ),
)


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh CTR-GCN."""
    return GraphNetwork(skeleton_stream("ctr-gcn", num_classes, topology, **options))
