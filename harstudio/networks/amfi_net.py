"""AMFI-Net: a clip and a skeleton sequence.

X. Zhao, C. Tang, H. Hu, W. Wang, S. Qiao, A. Tong: Attention mechanism based multimodal feature
fusion network for human action recognition, JVCIR 2025; equations 1 to 21.

Two streams of 512 features: AGCN of nine blocks and one more from 256 to 512 channels (equation 6),
and 3D ResNet-18 (equation 5). Their features are associated, weighted, and a gate lets the skeleton
decide how much of each it takes (``blocks.confidence_fusion``). Choices beside those told there:

- The skeleton has 16 frames, as the clip has: with 300 the printed 5.67 G multiply-adds would be
  30 G. All of the recording is resized to them. The block from 256 to 512 channels halves time as
  the blocks do in which channels double.
- The first convolution of the clip goes by two frames (``conv1_t_stride``); by one, the clip alone
  would need 8.3 G.
- Epochs of the first stage, momentum and the batch size are not printed; they are those of
  2s-AGCN. Both streams are frozen under the fusion, their batch statistics too.
- Joints are centred and aligned as in 2s-AGCN. Quarter turns and vertical flips of the
  picture are off (``rotate_quarters``, ``flip_vertical``): they would hide which way is down. The
  random scale is 0.7 to 1.

A missing modality: the stream that is there answers by the head it was trained with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from harstudio.networks.backbones.agcn import AGCN
from harstudio.networks.backbones.cells import Windows, windows_of
from harstudio.networks.backbones.graphs import (
    GRAPHS,
    LINK_NAMES,
    LINKED,
    skeleton_stream,
    told_links,
)
from harstudio.networks.backbones.resnet3d import ResNet3D
from harstudio.networks.blocks.confidence_fusion import ConfidenceFusion, gate_loss
from harstudio.networks.blocks.plain_fusion import RULES, PlainFusion
from harstudio.networks.clip_networks import GRAD_CAM, PERSON_CLIP, SEEN
from harstudio.networks.network import SALIENCY, Batch, FeatureMap, Gaze, Network, Output, watched
from harstudio.results import Kind, NetworkCard, Option, Recipe, Stage

FEATURES = 512  # of each stream
BODIES = 2
FRAMES = 16
# AGCN as the paper draws it: channels in and out, and the stride in time, of every block.
BLOCKS = (
    (3, 64, 1), (64, 64, 1), (64, 64, 1),
    (64, 128, 2), (128, 128, 1), (128, 128, 1),
    (128, 256, 2), (256, 256, 1), (256, 256, 1),
    (256, FEATURES, 2),
)  # fmt: skip
PUBLISHED = "agcn"
FULL = "full"

OPTIONS = {
    "fusion": Option(
        FULL,
        "How the features meet: association, weighting and gate, or one of the plain schemes of "
        "table 3.",
        (FULL, *RULES),
    ),
    "association": Option(
        True, "Of the full fusion: every feature is related with all others.", (True, False)
    ),
    "weighting": Option(
        True,
        "Of the full fusion: features are weighted; without it the associated ones go on.",
        (True, False),
    ),
    "gate": Option(
        True,
        "Of the full fusion: a gate takes a share of each stream; without it they are summed.",
        (True, False),
    ),
    "decision": Option(
        "skeleton", "Which stream the gate asks.", ("skeleton", "color"), title="Gate asks",
    ),
    "gate_loss": Option(
        "resolved",
        "Equation 20 with the sign that makes the gate prefer the stream it asks, or as printed.",
        ("resolved", "literal"),
        title="Loss of the gate",
    ),
    "gate_weight": Option(
        1.5, "How much the gate's loss counts (lambda of equation 21).",
        title="Weight of gate's loss",
    ),
    "skeleton_backbone": Option(
        PUBLISHED,
        "The graph network of the skeleton. All but AGCN keep their own channels and are brought "
        "to 512 by a 1x1 convolution.",
        GRAPHS,
    ),
    "conv1_t_stride": Option(
        2, "Frames by which the first convolution of the clip goes; the published code has 1.",
        (1, 2),
        title="First stride in time",
    ),
    "dropout": Option(0.0, "Share of features dropped in blocks of AGCN or ST-GCN in training."),
}  # fmt: skip


def _alone(stream: str) -> Stage:
    trains = (stream, f"heads.{stream}")
    return Stage(stream, trains, stream, epochs=50, learning_rate=0.1, decay_at=(30, 40))


CARD = NetworkCard(
    name="amfi-net",
    title="AMFI-Net",
    paper="Attention mechanism based multimodal feature fusion network for human action "
    "recognition",
    authors="X. Zhao, C. Tang, H. Hu, W. Wang, S. Qiao, A. Tong",
    year=2025,
    branches={"skeleton": ("skeleton",), "clip": SEEN},
    streams={"skeleton": ("skeleton",), "clip": ("clip",)},
    preprocessing={
        "skeleton": {
            "frames": FRAMES,
            "fit": "resize",
            "bodies": BODIES,
            "center": "frame",
            "align": True,
        },
        "clip": PERSON_CLIP,
    },
    recipe=Recipe(
        stages=(
            _alone("skeleton"),
            _alone("clip"),
            Stage("fusion", ("fusion",), epochs=6, learning_rate=0.01, decay_at=(3,)),
        ),
        optimizer="sgd",
        weight_decay=5e-4,
        batch_size=64,
    ),
    options=OPTIONS,
)

SHARE, WEIGHTS, GATE, ASSOCIATION = "modality share", "feature weights", "gate", "association"


def adapt(card: NetworkCard, options: Mapping[str, Any]) -> NetworkCard:
    """What is told depends on the modules of the fusion and on the skeleton's backbone."""
    full = options["fusion"] == FULL
    told = {
        SALIENCY: (Kind.JOINT_WEIGHTS, True),
        GRAD_CAM: (Kind.HEAT_MAP, True),
        **dict.fromkeys(LINK_NAMES, (Kind.RELATION, options["skeleton_backbone"] in LINKED)),
        SHARE: (Kind.MODALITY_SHARE, full and options["gate"]),
        GATE: (Kind.MATRIX, full and options["gate"]),
        WEIGHTS: (Kind.MODALITY_SHARE, full and options["weighting"]),
        ASSOCIATION: (Kind.MATRIX, full and options["association"]),
    }
    return replace(card, explains={name: kind for name, (kind, there) in told.items() if there})


CARDS = (adapt(CARD, {key: option.default for key, option in OPTIONS.items()}),)


class GraphFeatures(nn.Module):
    """Any graph network with a map of 512 channels: its own, then a 1x1 convolution, batch
    statistics and ReLU."""

    def __init__(self, name: str, topology: str, dropout: float) -> None:
        super().__init__()
        self.backbone = skeleton_stream(name, 1, topology, dropout=dropout)
        self.backbone.add_module(self.backbone.classifier, nn.Identity())  # it is in ``heads``
        self.widen = nn.Conv3d(self.backbone.channels, FEATURES, 1, bias=False)
        self.bn = nn.BatchNorm3d(FEATURES)

    def forward(self, skeleton: Tensor) -> Tensor:
        """(N, 3, T, V, M) -> (N, 512, T', V, M)."""
        return self._widened(self.backbone(skeleton))

    def with_links(self, skeleton: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
        """The same, and the learned links (N, V, V) of a network that has such."""
        features, links = self.backbone.with_links(skeleton)
        return self._widened(features), links

    def _widened(self, features: Tensor) -> Tensor:
        return torch.relu(self.bn(self.widen(features)))


class AMFINet(Network):
    """The two streams and their fusion: child modules ``skeleton``, ``clip``, ``fusion``, and
    ``heads`` of the streams alone."""

    heads_apart = True

    def __init__(self, num_classes: int, topology: str, options: Mapping[str, Any]) -> None:
        super().__init__()
        self.skeleton: AGCN | GraphFeatures
        if options["skeleton_backbone"] == PUBLISHED:
            self.skeleton = AGCN(topology, BODIES, blocks=BLOCKS, dropout=options["dropout"])
        else:
            self.skeleton = GraphFeatures(
                options["skeleton_backbone"], topology, options["dropout"]
            )
        self.clip = ResNet3D(18, conv1_t_stride=options["conv1_t_stride"])
        heads = {stream: nn.Linear(FEATURES, num_classes) for stream in ("skeleton", "clip")}
        # As the published AGCN starts its classifier.
        nn.init.normal_(heads["skeleton"].weight, std=math.sqrt(2 / num_classes))
        self.heads = nn.ModuleDict(heads)
        self.fusion: ConfidenceFusion | PlainFusion
        if options["fusion"] == FULL:
            modules = {key: options[key] for key in ("association", "weighting", "gate")}
            first = options["decision"] == "skeleton"
            self.fusion = ConfidenceFusion(FEATURES, num_classes, first_decides=first, **modules)
        else:
            self.fusion = PlainFusion(FEATURES, num_classes, options["fusion"])
        self.decision, self.gate_sign = options["decision"], options["gate_loss"]
        self.gate_weight = float(options["gate_weight"])

    def windows(self, name: str) -> Windows:
        """Those of the backbone that sees the input."""
        return windows_of(self.clip)

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        """``skeleton`` or ``clip`` by its own head."""
        gaze: dict[str, Gaze] | None = {} if explain else None
        features = self._map(stream, batch, gaze)
        pooled = features.mean(dim=(2, 3, 4))
        logits = self.heads[stream](pooled)
        return Output(
            logits, {stream: logits}, {stream: pooled},
            explanation=gaze,
            maps=_maps({stream: features}) if explain else {},
        )  # fmt: skip

    def fused(self, batch: Batch, explain: bool) -> Output:
        """Takes ``skeleton`` and ``clip``; ``losses`` holds the gate's, already weighted."""
        gaze: dict[str, Gaze] | None = {} if explain else None
        maps = {stream: self._map(stream, batch, gaze) for stream in self.heads}
        features = {stream: value.mean(dim=(2, 3, 4)) for stream, value in maps.items()}
        by_stream = {stream: head(features[stream].detach()) for stream, head in self.heads.items()}
        features["fusion"], seen = self.fusion(features["skeleton"], features["clip"])
        if gaze is not None:
            gaze |= _told(seen, self.decision)
        losses = {}
        if "gate" in seen:
            losses["gate"] = self.gate_weight * gate_loss(seen["gate"], self.gate_sign)
        return Output(
            self.fusion.classifier(features["fusion"]), by_stream, features, losses,
            explanation=gaze,
            maps=_maps(maps) if explain else {},
        )  # fmt: skip

    def _map(self, stream: str, batch: Batch, gaze: dict[str, Gaze] | None) -> Tensor:
        """The last map of a stream, (N, 512, T', V, M) or (N, 512, t, h, w); what its backbone
        tells is put into ``gaze``."""
        if gaze is None:
            return cast("Tensor", self.get_submodule(stream)(batch[stream]))
        if stream == "skeleton":
            features, links = self.skeleton.with_links(batch["skeleton"])
            gaze |= told_links(links)
        else:
            features = self.get_submodule(stream)(batch[stream])
        return watched(features)


def _told(seen: Mapping[str, Tensor], decision: str) -> dict[str, Gaze]:
    """The fusion's own account; the columns of a share are in the order of the card's branches."""
    gaze = {}
    if "gate" in seen:
        decides = seen["gate"].mean(dim=1)
        skeleton = decides if decision == "skeleton" else 1 - decides
        gaze[SHARE] = Gaze(Kind.MODALITY_SHARE, "skeleton", _share(skeleton, 1 - skeleton))
        gaze[GATE] = Gaze(
            Kind.MATRIX, "skeleton", seen["gate"][:, None],
            rows=f"share of the {decision}", columns="feature",
        )  # fmt: skip
    if "weights" in seen:
        skeleton, clip = (half.mean(dim=1) for half in seen["weights"].chunk(2, dim=1))
        gaze[WEIGHTS] = Gaze(Kind.MODALITY_SHARE, "skeleton", _share(skeleton, clip))
    if "association" in seen:
        gaze[ASSOCIATION] = Gaze(
            Kind.MATRIX, "skeleton", seen["association"],
            rows="embedded feature", columns="embedded feature that it takes from",
        )  # fmt: skip
    return gaze


def _share(skeleton: Tensor, clip: Tensor) -> Tensor:
    """(N,) of both -> (N, 1, 2), rows sum to 1."""
    both = torch.stack((skeleton, clip), dim=1)[:, None]
    return both / both.sum(dim=2, keepdim=True)


def _maps(maps: Mapping[str, Tensor]) -> dict[str, FeatureMap]:
    """For Grad-CAM."""
    named = {
        "skeleton": (SALIENCY, Kind.JOINT_WEIGHTS),
        "clip": (GRAD_CAM, Kind.HEAT_MAP),
    }
    return {
        named[stream][0]: FeatureMap(named[stream][1], stream, value)
        for stream, value in maps.items()
    }


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh AMFI-Net."""
    return AMFINet(num_classes, topology, options)
