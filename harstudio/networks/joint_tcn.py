"""joint-tcn: a small convolutional network over time on joints and their motion.

After T. S. Kim, A. Reiter: Interpretable 3D Human Action Analysis with Temporal Convolutional
Networks, CVPR Workshops 2017; layers and what is chosen here stand in ``backbones.joint_tcn``. The
mean over time and one linear classifier follow; because both are linear, the classifier read at
every step says how much it spoke for a class (class activation map). The joint saliency is of the
layer before joints meet: derivative times how far a joint is from what is usual (HiResCAM,
``explaining``).

The recipe is ours, chosen on people of UTD-MHAD's training part (``docs/results.md``): 48 frames,
turned about the vertical and the horizontal axis, scaled, cut at both ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harstudio.networks.backbones.joint_tcn import JointTCN
from harstudio.networks.blocks.stream import Stream
from harstudio.networks.network import SALIENCY, Batch, FeatureMap, Gaze, Network, OneStream, Output
from harstudio.results import Kind, NetworkCard, Option, Recipe, Stage
from harstudio.skeletons.topology import topology as skeleton_topology

PREPROCESSING: Mapping[str, Any] = {
    "frames": 48,
    "fit": "resize",
    "bodies": 2,
    "center": "clip",
    "crop": (0.8, 1.0),
    "rotate_deg": 15.0,
    "rotate_both_ways": True,
    "turn_deg": 20.0,
    "scale_all": (0.85, 1.15),
}

CARDS = (
    NetworkCard(
        name="joint-tcn",
        title="Temporal CNN (joints)",
        paper="Interpretable 3D Human Action Analysis with Temporal Convolutional Networks",
        authors="T. S. Kim, A. Reiter",
        year=2017,
        branches={"skeleton": ("skeleton",)},
        streams={"skeleton": ("skeleton",)},
        preprocessing={"skeleton": PREPROCESSING},
        recipe=Recipe(
            stages=(Stage("skeleton", ("skeleton",), "skeleton", epochs=80, learning_rate=2e-3),),
            schedule="cosine",
            clip_norm=5.0,
        ),
        options={"dropout": Option(0.2, "Share of features dropped in training.")},
        explains={SALIENCY: Kind.JOINT_WEIGHTS, "skeleton importance": Kind.IMPORTANCE},
    ),
)


class JointNetwork(OneStream):
    """The stream alone: child module ``skeleton``, as in late fusion, so that weights fit both."""

    def __init__(self, joints: int, num_classes: int, dropout: float) -> None:
        super().__init__()
        backbone = JointTCN(joints, dropout=dropout)
        self.skeleton = Stream(backbone, backbone.channels, backbone.channels, num_classes)

    def fused(self, batch: Batch, explain: bool) -> Output:
        """Takes ``skeleton``; one stream."""
        told: dict[str, Gaze] | None = None
        maps: dict[str, FeatureMap] = {}
        if explain:
            features, told, maps = self.skeleton.explained("skeleton", batch["skeleton"])
        else:
            features = self.skeleton(batch["skeleton"])
        pooled = self.skeleton.pool(features)
        logits = self.skeleton.classifier(pooled)
        return Output(
            logits, {"skeleton": logits}, {"skeleton": pooled}, explanation=told, maps=maps
        )


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh joint-tcn."""
    joints = len(skeleton_topology(topology).joints)
    return JointNetwork(joints, num_classes, **options)
