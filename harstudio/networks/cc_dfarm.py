"""CC-DFARM: a clip and a skeleton that recalibrate each other inside their networks.

G. Liu, X. Li, Y. Wu, Z. Zheng: Dual-stream fusion action recognition model based on cross-modal
co-sensing, 2025. I3D and HCN; DSFM (equations 9 to 14) after Mixed_5b and conv5, and again after
Mixed_5c and fc7; TIAM (15 to 18) between the positions and the motion of each person; MFFM (19 to
23) before the classifier.

Choices. Places and sizes of both DSFM are those of MSAF's published network for NTU RGB+D, to which
the text fits: blocks of 64 and of 256 channels, lambda 0.5, every person a modality of the first.
Without MFFM the opinion is the mean of both streams' logits, as in MSAF and MMTM. TIAM stands after
the transition layer, joints as channels; ``tiam_layout="pre"`` is before it, where places are a
joint at a moment. Fusion by MMTM (the baseline of table 5) stands at the same two places. The
paper's heat maps and optical flow inside TIAM have no equation and are not here. Momentum 0.9 and
weight decay 1e-4 are not printed. The printed rate of 0.1 is for weights that begin at random; from
an I3D that was trained before, 0.01 spares what it knows (``started_rates`` warns).

A stream alone has I3D or HCN with TIAM, each DSFM replaced by the weight that it gives when all
blocks get the same attention, so that maps keep their size. To tell its opinion beside the fused
one is a second pass through Mixed_5c (1 % of the multiply-adds); see ``Network.opinions``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from harstudio.networks import cc_dfarm_fusion as fusion
from harstudio.networks.backbones import hcn, i3d
from harstudio.networks.backbones.cells import Windows, windows_of
from harstudio.networks.blocks.tiam import TIAM, Interaction, frame_affinity
from harstudio.networks.hcn import PREPROCESSING as SKELETON_TABLE
from harstudio.networks.network import SALIENCY, Batch, FeatureMap, Gaze, Network, Output, watched
from harstudio.networks.standing_still import standing_still
from harstudio.results import Kind, NetworkCard, Option, Recipe, Stage
from harstudio.skeletons.topology import topology as skeleton_topology

FRAMES = 32  # of HCN
GRAD_CAM = "Grad-CAM clip"

# MFAS: 32 frames spread over the clip, 256x256, cropped to 224x224.
CLIP_TABLE: Mapping[str, Any] = {
    "size": 224,
    "frames": 32,
    "sampling": "linspace",
    "scaling": "mean-std",
    "mean": (0.485, 0.456, 0.406),
    "std": (0.229, 0.224, 0.225),
    "crop": "center",
    "resize": 256,
}
BRANCHES = {"clip": ("color", "depth", "infrared"), "skeleton": ("skeleton",)}
STREAMS = {"clip": ("clip",), "skeleton": ("skeleton",)}

DSFM_OPTIONS = {
    "lowest_attention": Option(0.5, "Least weight of a block of channels, lambda of equation 13."),
    "reduction": Option(4, "By how much the shared features are fewer than a block's channels."),
    "dropout": Option(0.5, "Share of features dropped before the classifier in training."),
    "skeleton_dropout": Option(0.4, "Share of HCN's maps or features dropped in training."),
}

CARDS = (
    NetworkCard(
        name="cc-dfarm",
        title="CC-DFARM",
        paper="Dual-stream fusion action recognition model based on cross-modal co-sensing",
        authors="G. Liu, X. Li, Y. Wu, Z. Zheng",
        year=2025,
        branches=BRANCHES,
        streams=STREAMS,
        preprocessing={"clip": CLIP_TABLE, "skeleton": SKELETON_TABLE},
        recipe=Recipe(
            stages=(Stage("all", ("clip", "skeleton", "fusion"), epochs=50, learning_rate=0.1),),
            optimizer="sgd",
            weight_decay=1e-4,
            schedule="cosine",
            started_rates={"clip": 0.01},
        ),
        options={
            "dsfm": Option(
                "both", "At which of the two places the streams recalibrate each other.",
                ("both", "first", "second", "none"),
                title="DSFM",
            ),
            "tiam": Option(
                True, "Positions and motion attend to each other.", (True, False), title="TIAM",
            ),
            "tiam_layout": Option(
                "post", "TIAM after the transition (joints are channels) or before it.",
                ("post", "pre"),
                title="TIAM layout",
            ),
            "mffm": Option(
                True, "Classify selected features of both; else the mean of both opinions.",
                (True, False),
                title="MFFM",
            ),
            "baseline_fusion": Option(
                "none", "What stands in for DSFM: nothing, or MMTM, the baseline of table 5.",
                ("none", "mmtm"),
                title="Instead of DSFM",
            ),
            **DSFM_OPTIONS,
        },
    ),
)  # fmt: skip


class SkeletonStream(hcn.HCN):
    """HCN with TIAM between the positions and the motion of every person."""

    def __init__(
        self, joints: int, classes: int, *, dropout: float, tiam: bool, layout: str
    ) -> None:
        super().__init__(joints, classes, frames=FRAMES, dropout=dropout)
        self.before = layout == "pre"
        self.tiam = TIAM(FRAMES if self.before else joints) if tiam else None

    def look(
        self, skeleton: Tensor, maps: dict[str, FeatureMap] | None = None
    ) -> tuple[Tensor, Interaction | None]:
        """(N, 3, T, V, M) -> a map of every person (N, M, 128, 4, 4), and how TIAM made it, for
        N * M persons; it is asked for reasons where ``maps`` is given, see ``joint_maps``."""
        position, motion = self.joint_maps(skeleton, maps)
        explain, told = maps is not None, None
        if self.tiam is not None and self.before:
            told = self.tiam(position, motion, explain)
            position, motion = told.first, told.second
        position, motion = position.transpose(1, 3), motion.transpose(1, 3)
        if self.tiam is not None and not self.before:
            told = self.tiam(position, motion, explain)
            position, motion = told.first, told.second
        bodies = self.body_map(position, motion)
        return bodies.view(len(skeleton), -1, *bodies.shape[1:]), told

    def bodies(self, skeleton: Tensor, told: dict[str, FeatureMap] | None = None) -> Tensor:
        """(N, 3, T, V, M) -> (N, M, 128, 4, 4), with TIAM. told: see ``joint_maps``."""
        return self.look(skeleton, told)[0]


class CCDFARM(Network):
    """Child modules ``clip`` (I3D), ``skeleton`` and ``fusion``. Without MFFM there are ``heads``,
    the classifiers of the streams alone; with it these are I3D's and HCN's own."""

    heads_apart = True

    def __init__(self, num_classes: int, topology: str, options: Mapping[str, Any]) -> None:
        super().__init__()
        joints = len(skeleton_topology(topology).joints)
        own = num_classes if options["mffm"] else 0
        self.clip = i3d.I3D(own)
        self.skeleton = SkeletonStream(
            joints, own, dropout=options["skeleton_dropout"],
            tiam=options["tiam"], layout=options["tiam_layout"],
        )  # fmt: skip
        self.fusion = fusion.Fusion(num_classes, joints, options)
        self.heads = nn.ModuleDict()
        if not own:
            self.heads["clip"] = nn.Linear(i3d.CHANNELS, num_classes)
            self.heads["skeleton"] = nn.Linear(hcn.CHANNELS, num_classes)

    def windows(self, name: str) -> Windows:
        """Those of the backbone that sees the input."""
        return windows_of(self.clip)

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        """``clip`` or ``skeleton``, with neutral weights where it would meet the other."""
        gaze: dict[str, Gaze] | None = {} if explain else None
        maps: dict[str, FeatureMap] = {}
        if stream == "clip":
            late = self._late(self.clip.mixed_5b(batch["clip"]))
            if explain:
                late = watched(late)
                maps[GRAD_CAM] = FeatureMap(Kind.HEAT_MAP, "clip", late)
            features = self._pooled(late)
        else:
            features = self._embedded(self._look(batch["skeleton"], gaze, maps))
        logits = self._own(stream, features)
        return Output(logits, {stream: logits}, {stream: features}, explanation=gaze, maps=maps)

    def fused(self, batch: Batch, explain: bool) -> Output:
        """Takes ``clip`` and ``skeleton``."""
        gaze: dict[str, Gaze] | None = {} if explain else None
        maps: dict[str, FeatureMap] = {}
        early = self.clip.mixed_5b(batch["clip"])
        bodies = self._look(batch["skeleton"], gaze, maps)
        features: dict[str, Tensor] = {}
        if explain or self.opinions or self.clip.training:
            with standing_still(self.clip, self.skeleton):
                features["clip"] = self._pooled(self._late(early))
                features["skeleton"] = self._embedded(bodies)
        by_stream = {name: self._own(name, value) for name, value in features.items()}
        early, bodies = self.fusion.meet("first", early, bodies, gaze)
        late = self.clip.mixed_5c(early)
        if explain:
            late = watched(late)
            maps[GRAD_CAM] = FeatureMap(Kind.HEAT_MAP, "clip", late)
        joints = self.skeleton.embed(self.skeleton.strongest(bodies))
        late, persons = self.fusion.meet("second", late, joints[:, None], gaze)
        logits, features["fusion"] = self.fusion.decide(
            late, self.clip.pool(late), persons[:, 0], gaze
        )
        return Output(logits, by_stream, features, explanation=gaze, maps=maps)

    def _late(self, early: Tensor) -> Tensor:
        """Mixed_5b's map of a clip alone -> Mixed_5c's."""
        return self.clip.mixed_5c(early * self.fusion.neutral("first"))

    def _pooled(self, late: Tensor) -> Tensor:
        """Mixed_5c's map of a clip alone -> (N, 1024)."""
        return self.clip.pool(late) * self.fusion.neutral("second")

    def _embedded(self, bodies: Tensor) -> Tensor:
        """The maps (N, M, 128, 4, 4) of a skeleton alone -> (N, 512)."""
        strongest = self.skeleton.strongest(bodies * self.fusion.neutral("first"))
        return self.skeleton.embed(strongest) * self.fusion.neutral("second")

    def _look(
        self, skeleton: Tensor, gaze: dict[str, Gaze] | None, maps: dict[str, FeatureMap]
    ) -> Tensor:
        """(N, 3, T, V, M) -> (N, M, 128, 4, 4); where ``gaze`` is asked for, what TIAM tells is
        added to it, and the map of the joint saliency to ``maps``."""
        bodies, interaction = self.skeleton.look(skeleton, None if gaze is None else maps)
        if gaze is not None and interaction is not None and interaction.view is not None:
            affinity = of_seen(frame_affinity(interaction.view, FRAMES), skeleton)
            style = of_seen(interaction.style, skeleton)
            gaze["frame affinity"] = Gaze(
                Kind.MATRIX, "skeleton", affinity, rows="frame", columns="frame that it draws on"
            )
            gaze["TIAM style"] = Gaze(
                Kind.MATRIX, "skeleton", style,
                rows="feature of the positions", columns="feature of the motion",
            )  # fmt: skip
        return bodies

    def _own(self, stream: str, features: Tensor) -> Tensor:
        """The opinion of a stream alone by its own head."""
        logits: Tensor
        if stream in self.heads:
            logits = self.heads[stream](features)
        elif stream == "clip":
            logits = self.clip.head(features)
        else:
            logits = self.skeleton.classify(features)
        return logits


def of_seen(values: Tensor, skeleton: Tensor) -> Tensor:
    """(N * M, r, c), skeleton (N, 3, T, V, M) -> (N, r, c): the mean over persons whose coordinates
    are not all 0; over all where nobody is seen."""
    seen = skeleton.abs().amax(dim=(1, 2, 3)) > 0
    weights = torch.where(seen.any(dim=1, keepdim=True), seen, torch.ones_like(seen))
    weights = weights.to(values.dtype) / weights.sum(dim=1, keepdim=True)
    by_person = values.view(*seen.shape, *values.shape[1:])
    return (by_person * weights[..., None, None]).sum(dim=1)


def adapt(card: NetworkCard, options: Mapping[str, Any]) -> NetworkCard:
    """The parts that there are, and what they tell."""
    told = fusion.explains(options)
    if options["tiam"]:
        told |= {"frame affinity": Kind.MATRIX, "TIAM style": Kind.MATRIX}
    told |= {GRAD_CAM: Kind.HEAT_MAP, SALIENCY: Kind.JOINT_WEIGHTS}
    if options["mffm"]:
        return replace(card, explains=told)
    stages = tuple(
        replace(stage, trains=(*stage.trains, "heads")) if not stage.stream else stage
        for stage in card.recipe.stages
    )
    return replace(card, explains=told, recipe=replace(card.recipe, stages=stages))


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh CC-DFARM."""
    return CCDFARM(num_classes, topology, options)
