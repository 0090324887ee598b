"""MMTM: a clip and a skeleton that weigh each other's channels at three places.

H. R. V. Joze, A. Shaban, M. L. Iuzzolino, K. Koishida: MMTM: Multimodal Transfer Module for CNN
Fusion, CVPR 2020; its network for NTU RGB+D: an inflated ResNet-50 on 8 frames and HCN on 32, MMTM
(equations 1 to 6) after layer 2 and conv5, after layer 3 and conv6, after layer 4 and fc7; the mean
of both streams' logits.

Choices: recalibrated maps are fed on to the next layers, and both persons share a gate; the
published code goes on with the maps as they were, and weighs only the first person. Gates are
2 * sigmoid as printed (``gain=1``: as the published code). That code steps two optimisers by turns,
the clip's and the skeleton's, each with its own stream's cross-entropy, for 70 epochs of batches of
20; the loss of the mean is never used. Here one step goes down the loss of the mean, which is what
answers, for 30 epochs of batches of 32. It begins with streams that are trained; here they are
trained first, the clip's as the fusion is, HCN for longer and faster.

A stream alone has the gate that neither strengthens nor weakens (half of ``gain``) where it would
meet the other. For a clip that is a second pass through layers 3 and 4, more than half of the
network; see ``Network.opinions``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from harstudio.networks.backbones import hcn, inflated_resnet
from harstudio.networks.backbones.cells import Windows, windows_of
from harstudio.networks.blocks.mmtm import MMTM
from harstudio.networks.cc_dfarm import BRANCHES, CLIP_TABLE, STREAMS
from harstudio.networks.cc_dfarm_fusion import share
from harstudio.networks.hcn import PREPROCESSING as SKELETON_TABLE
from harstudio.networks.network import SALIENCY, Batch, FeatureMap, Gaze, Network, Output, watched
from harstudio.networks.standing_still import standing_still
from harstudio.results import Kind, NetworkCard, Option, Recipe, Stage
from harstudio.skeletons.topology import topology as skeleton_topology

GRAD_CAM = "Grad-CAM clip"
# Channels of the clip's map and of the skeleton's, where they meet.
PLACES = ((512, hcn.BODY_CHANNELS), (1024, hcn.PAIR_CHANNELS), (2048, hcn.CHANNELS))
SHARES = tuple(f"modality share {number}" for number in (1, 2, 3))

CARDS = (
    NetworkCard(
        name="mmtm",
        title="MMTM",
        paper="MMTM: Multimodal Transfer Module for CNN Fusion",
        authors="H. R. V. Joze, A. Shaban, M. L. Iuzzolino, K. Koishida",
        year=2020,
        branches=BRANCHES,
        streams=STREAMS,
        preprocessing={"clip": {**CLIP_TABLE, "frames": 8}, "skeleton": SKELETON_TABLE},
        recipe=Recipe(
            stages=(
                Stage("clip", ("clip", "heads.clip"), "clip", decay_at=(5, 20)),
                Stage(
                    "skeleton", ("skeleton", "heads.skeleton"), "skeleton", epochs=100,
                    learning_rate=1e-3, decay_at=(60, 80),
                ),
                Stage("all", ("clip", "skeleton", "fusion", "heads"), decay_at=(5, 20)),
            ),
            weight_decay=1e-4,
        ),
        options={
            "gain": Option(
                2.0, "What a gate multiplies by at most.", (1.0, 2.0), title="Largest gain"
            ),
            "skeleton_dropout": Option(
                0.4, "Share of HCN's maps or features dropped in training."
            ),
        },
        explains={
            **dict.fromkeys(SHARES, Kind.MODALITY_SHARE),
            GRAD_CAM: Kind.HEAT_MAP,
            SALIENCY: Kind.JOINT_WEIGHTS,
        },
    ),
)  # fmt: skip


class Fusion(nn.Module):
    """Three MMTM, and a classifier of each stream."""

    def __init__(self, num_classes: int, gain: float) -> None:
        super().__init__()
        self.mmtm = nn.ModuleList(MMTM(clip, body, gain=gain) for clip, body in PLACES)
        self.clip = nn.Linear(inflated_resnet.CHANNELS, num_classes)
        self.skeleton = nn.Linear(hcn.CHANNELS, num_classes)

    def meet(
        self, place: int, clip: Tensor, skeleton: Tensor, gaze: dict[str, Gaze] | None
    ) -> tuple[Tensor, Tensor]:
        """(N, C, *) and (N, C', *) -> both recalibrated; what the gates tell goes to ``gaze``."""
        clip, skeleton, own, other = self.mmtm[place](clip, skeleton)
        if gaze is not None:
            gaze[SHARES[place]] = share(own, other)
        return clip, skeleton


class MMTMNetwork(Network):
    """Child modules ``clip``, ``skeleton``, ``fusion``, and ``heads`` of the streams alone."""

    heads_apart = True

    def __init__(self, num_classes: int, topology: str, options: Mapping[str, Any]) -> None:
        super().__init__()
        self.clip = inflated_resnet.InflatedResNet50()
        joints = len(skeleton_topology(topology).joints)
        self.skeleton = hcn.HCN(joints, dropout=options["skeleton_dropout"])
        self.fusion = Fusion(num_classes, options["gain"])
        self.heads = nn.ModuleDict(
            {
                "clip": nn.Linear(inflated_resnet.CHANNELS, num_classes),
                "skeleton": nn.Linear(hcn.CHANNELS, num_classes),
            }
        )
        self.neutral = float(options["gain"]) / 2

    def windows(self, name: str) -> Windows:
        """Those of the backbone that sees the input."""
        return windows_of(self.clip)

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        """``clip`` or ``skeleton``, with neutral gates."""
        maps: dict[str, FeatureMap] = {}
        if stream == "clip":
            late = self._late(self.clip.middle(batch["clip"]))
            if explain:
                late = watched(late)
                maps[GRAD_CAM] = FeatureMap(Kind.HEAT_MAP, "clip", late)
            features = self._pooled(late)
        else:
            bodies = self.skeleton.bodies(batch["skeleton"], maps if explain else None)
            features = self._embedded(bodies)
        logits = self.heads[stream](features)
        return Output(
            logits, {stream: logits}, {stream: features},
            explanation={} if explain else None, maps=maps,
        )  # fmt: skip

    def fused(self, batch: Batch, explain: bool) -> Output:
        """Takes ``clip`` and ``skeleton``; for opinions of single streams see the module."""
        gaze: dict[str, Gaze] | None = {} if explain else None
        maps: dict[str, FeatureMap] = {}
        early = self.clip.middle(batch["clip"])
        bodies = self.skeleton.bodies(batch["skeleton"], maps if explain else None)
        features: dict[str, Tensor] = {}
        if explain or self.opinions or self.heads.training:
            with standing_still(self.clip, self.skeleton):
                features["clip"] = self._pooled(self._late(early))
                features["skeleton"] = self._embedded(bodies)
        by_stream = {name: self.heads[name](value) for name, value in features.items()}
        early, joined = self.fusion.meet(0, early, bodies.transpose(1, 2), gaze)
        late, pair = self.fusion.meet(
            1, self.clip.layer(3, early), self.skeleton.strongest(joined.transpose(1, 2)), gaze
        )
        late = self.clip.layer(4, late)
        if explain:
            late = watched(late)
            maps[GRAD_CAM] = FeatureMap(Kind.HEAT_MAP, "clip", late)
        late, joints = self.fusion.meet(2, late, self.skeleton.embed(pair), gaze)
        pooled = late.mean(dim=(2, 3, 4))
        features["fusion"] = torch.cat((pooled, joints), dim=1)
        logits = (self.fusion.clip(pooled) + self.fusion.skeleton(joints)) / 2
        return Output(logits, by_stream, features, explanation=gaze, maps=maps)

    def _late(self, early: Tensor) -> Tensor:
        """Layer 2's map of a clip alone -> layer 4's."""
        return self.clip.layer(4, self.clip.layer(3, early * self.neutral) * self.neutral)

    def _pooled(self, late: Tensor) -> Tensor:
        """Layer 4's map of a clip alone -> (N, 2048)."""
        return late.mean(dim=(2, 3, 4)) * self.neutral

    def _embedded(self, bodies: Tensor) -> Tensor:
        """The maps (N, M, 128, 4, 4) of a skeleton alone -> (N, 512)."""
        pair = self.skeleton.strongest(bodies * self.neutral)
        return self.skeleton.embed(pair * self.neutral) * self.neutral


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh MMTM network."""
    return MMTMNetwork(num_classes, topology, options)
