"""HCN: the positions and the motion of all joints at once.

C. Li, Q. Zhong, D. Xie, S. Pu: Co-occurrence Feature Learning from Skeleton Data for Action
Recognition and Detection with Hierarchical Aggregation, IJCAI 2018; the network with both inputs
of figure 3. The backbone, then one linear layer.

Choices: 32 frames, as MFAS, MMTM and CC-DFARM use it; its published code has 64. Sequences of other
lengths are resized linearly in time. The published rate falls to 0.99 of itself every epoch; here
it falls to as much in three steps. The joint saliency is of the maps before the third convolution,
where joints become channels, place by place (HiResCAM, ``explaining``): their weights differ from
joint to joint, so that Grad-CAM's mean over places would mean nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harstudio.networks.backbones.hcn import HCN
from harstudio.networks.network import SALIENCY, Network
from harstudio.networks.skeleton_network import SkeletonNetwork
from harstudio.results import Kind, NetworkCard, Option, Recipe, Stage
from harstudio.skeletons.topology import topology as skeleton_topology

# As MFAS prepares a skeleton for HCN.
PREPROCESSING: Mapping[str, Any] = {
    "frames": 32,
    "fit": "resample",
    "bodies": 2,
    "center": "frame",
    "crop": (0.5, 1.0),
    "test_crop": 0.95,
}
STEP = 10**-0.5  # 0.99 to the power of 114.6

CARDS = (
    NetworkCard(
        name="hcn",
        title="HCN",
        paper="Co-occurrence Feature Learning from Skeleton Data for Action Recognition and "
        "Detection with Hierarchical Aggregation",
        authors="C. Li, Q. Zhong, D. Xie, S. Pu",
        year=2018,
        branches={"skeleton": ("skeleton",)},
        streams={"skeleton": ("skeleton",)},
        preprocessing={"skeleton": PREPROCESSING},
        recipe=Recipe(
            stages=(
                Stage(
                    "skeleton", ("skeleton",), "skeleton", epochs=400, learning_rate=1e-3,
                    decay_at=(115, 229, 344),
                ),
            ),
            weight_decay=1e-4,
            batch_size=64,
            decay=STEP,
            clip_norm=0.5,
        ),
        options={
            "frames": Option(
                32, "What a sequence is resized to.", (32, 64), title="Sequence length"
            ),
            "dropout": Option(0.5, "Share of maps or features dropped in training."),
        },
        explains={SALIENCY: Kind.JOINT_WEIGHTS},
    ),
)  # fmt: skip


def adapt(card: NetworkCard, options: Mapping[str, Any]) -> NetworkCard:
    """The option decides the frames."""
    table = {**PREPROCESSING, "frames": options["frames"]}
    return replace(card, preprocessing={"skeleton": table})


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh HCN."""
    joints = len(skeleton_topology(topology).joints)
    return SkeletonNetwork(HCN(joints, num_classes, **options))
