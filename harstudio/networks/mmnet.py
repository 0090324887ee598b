"""MMNet: joints, bones, and a mosaic of picture regions that the joints weigh.

B. X. B. Yu, Y. Liu, X. Zhang, S. Zhong, K. C. C. Chan: MMNet: A Model-Based Multimodal Network for
Human Action Recognition in RGB-D Videos, TPAMI 2022. Two graph networks see joints and bones. A
ResNet sees the mosaic of regions around head, hands and ankles in five frames (equation 11 of the
survey that tells of it); each row of it is multiplied by how strongly the frozen joint network
answered at that joint (``blocks.joint_steering``). The logits of the three are summed.

Choices where paper and code differ or are silent:

- The joint network's answers are spread from 0 to 1 over the clip, so that a prediction does not
  depend on the other clips; ``scale = "batch"`` spreads them over the batch, as the code does.
- No gradient goes from the mosaic's stream into the joint network.
- The regions lie around the sensor's joints where OpenPose's are not there
  (``harstudio.skeletons.regions``).

A missing modality: without a picture joints and bones answer; without a skeleton nothing can, as
there is neither a region nor a weight. With ``weighting = false`` the mosaic needs no skeleton.

"joint weights" are the five joints' strengths, from which the weights of the mosaic's rows come
(1 weighs 255 / 127), on the body that they were read from; "joint intensity" is what they are made
of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from harstudio.networks.backbones.cells import Windows, windows_of
from harstudio.networks.backbones.graphs import GRAPHS, bones, skeleton_stream
from harstudio.networks.backbones.resnet import ResNet
from harstudio.networks.blocks.joint_steering import (
    intensity,
    joint_strength,
    on_joints,
    weigh_regions,
)
from harstudio.networks.network import Batch, FeatureMap, Gaze, Network, Output, watched
from harstudio.networks.shown import shown
from harstudio.results import Kind, NetworkCard, Option, Recipe, Stage
from harstudio.skeletons.regions import mosaic_joints
from harstudio.skeletons.topology import topology as topology_named

OPTIONS = {
    "skeleton_backbone": Option("st-gcn", "What sees joints and bones.", GRAPHS),
    "picture_backbone": Option(
        "resnet18", "What sees the mosaic.", ("resnet18", "resnet34", "resnet50")
    ),
    "weighting": Option(True, "The joint network weighs the regions.", (True, False)),
    "scale": Option(
        "sample",
        "What the joint network's answers are measured by: those of the clip or of the batch.",
        ("sample", "batch"),
        title="Answers measured by",
    ),
    "dropout": Option(0.5, "Share of skeleton features dropped in training."),
    "edge_importance": Option(True, "Learn how much each link between joints counts."),
    "alpha_joint": Option(
        1.0, "Weight of the joints' logits in the sum.", title="Weight of joints"
    ),
    "alpha_bone": Option(1.0, "Weight of the bones' logits in the sum.", title="Weight of bones"),
    "alpha_regions": Option(
        1.0, "Weight of the mosaic's logits in the sum.", title="Weight of regions"
    ),
}


def _stage(stream: str, part: str) -> Stage:
    return Stage(stream, (part,), stream, epochs=80, learning_rate=0.1, decay_at=(10, 50))


CARDS = (
    NetworkCard(
        name="mmnet",
        title="MMNet",
        paper="MMNet: A Model-Based Multimodal Network for Human Action Recognition in RGB-D "
        "Videos",
        authors="B. X. B. Yu, Y. Liu, X. Zhang, S. Zhong, K. C. C. Chan",
        year=2022,
        branches={"skeleton": ("skeleton",), "regions": ("color", "depth", "infrared")},
        streams={
            "joint": ("skeleton",),
            "bone": ("skeleton",),
            "regions": ("skeleton", "regions"),
        },
        preprocessing={
            "skeleton": {"frames": 300, "fit": "repeat", "bodies": 2, "center": "none"},
            "regions": {
                "size": 225,
                "frames": 5,
                "region_px": 96,
                "people": "auto",
                "mean": (0.485, 0.456, 0.406),
                "std": (0.229, 0.224, 0.225),
            },
        },
        recipe=Recipe(
            stages=(_stage("joint", "joint"), _stage("bone", "bone"), _stage("regions", "picture")),
            optimizer="sgd",
            weight_decay=1e-4,
            batch_size=64,
        ),
        options=OPTIONS,
        explains={
            "joint saliency joint": Kind.JOINT_WEIGHTS,
            "joint saliency bone": Kind.JOINT_WEIGHTS,
            "joint weights": Kind.JOINT_WEIGHTS,
            "joint intensity": Kind.JOINT_WEIGHTS,
            "mosaic": Kind.PICTURE,
            "Grad-CAM regions": Kind.HEAT_MAP,
        },
    ),
)


def adapt(card: NetworkCard, options: Mapping[str, Any]) -> NetworkCard:
    """Without weighting the mosaic needs no skeleton, and no weights can be told."""
    if options["weighting"]:
        return card
    gone = ("joint weights", "joint intensity")
    return replace(
        card,
        streams={**card.streams, "regions": ("regions",)},
        explains={name: kind for name, kind in card.explains.items() if name not in gone},
    )


class MMNet(Network):
    """Child modules ``joint``, ``bone`` and ``picture``; the sum has nothing to learn."""

    def __init__(self, num_classes: int, topology: str, options: Mapping[str, Any]) -> None:
        super().__init__()
        settings = {key: options[key] for key in ("dropout", "edge_importance")}
        backbone = options["skeleton_backbone"]
        self.joint = skeleton_stream(backbone, num_classes, topology, **settings)
        self.bone = skeleton_stream(backbone, num_classes, topology, **settings)
        self.picture = ResNet(int(options["picture_backbone"].removeprefix("resnet")), num_classes)
        self.regions = mosaic_joints(topology_named(topology))
        self.weighting: bool = options["weighting"]
        self.scale: str = options["scale"]
        self.alpha = {name: float(options[f"alpha_{name}"]) for name in CARDS[0].streams}

    def windows(self, name: str) -> Windows:
        """Those of the backbone that sees the input."""
        return windows_of(self.picture)

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        """``joint``, ``bone`` or ``regions`` by its own classifier; the joint network weighs the
        regions without learning from it."""
        if stream == "joint":
            return self._graph(stream, self.joint(batch["skeleton"]), explain)
        if stream == "bone":
            return self._graph(stream, self._bones(batch), explain)
        told = None
        if self.weighting:
            with torch.no_grad():
                told = self.joint(batch["skeleton"])
        return self._picture(batch["regions"], told, explain)

    def fused(self, batch: Batch, explain: bool) -> Output:
        """The weighted sum of the three streams' logits; takes ``skeleton`` and ``regions``."""
        joint = self.joint(batch["skeleton"])
        told = joint.detach() if self.weighting else None
        streams = (
            self._graph("joint", joint, explain),
            self._graph("bone", self._bones(batch), explain),
            self._picture(batch["regions"], told, explain),
        )
        by_stream, features, maps = {}, {}, {}
        gaze: dict[str, Gaze] = {}
        for one in streams:
            by_stream.update(one.logits_by_stream)
            features.update(one.features)
            maps.update(one.maps)
            gaze.update(one.explanation or {})
        logits = torch.stack([self.alpha[name] * value for name, value in by_stream.items()])
        return Output(
            logits.sum(dim=0), by_stream, features,
            explanation=gaze if explain else None, maps=maps,
        )  # fmt: skip

    def _bones(self, batch: Batch) -> Tensor:
        features: Tensor = self.bone(bones(batch["skeleton"], self.topology))
        return features

    def _graph(self, stream: str, features: Tensor, explain: bool) -> Output:
        """A graph network's map (N, C, T', V, M) by its classifier."""
        graph = self.joint if stream == "joint" else self.bone
        pooled = graph.pool(features)
        logits = graph.classify(pooled)
        gaze = {f"joint saliency {stream}": graph.saliency(features)} if explain else None
        return Output(logits, {stream: logits}, {stream: pooled}, explanation=gaze)

    def _picture(self, mosaic: Tensor, told: Tensor | None, explain: bool) -> Output:
        """The mosaic (N, 3, H, W), weighed by the joint network's map where that is there."""
        gaze: dict[str, Gaze] = {}
        weighed = mosaic
        if told is not None:
            intensities = intensity(told, self.scale)
            strength = joint_strength(intensities)
            weighed = weigh_regions(mosaic, strength.joints[:, list(self.regions)])
            if explain:
                weights = on_joints(strength, self.regions, told.shape[4])
                gaze["joint weights"] = Gaze(Kind.JOINT_WEIGHTS, "skeleton", weights)
                gaze["joint intensity"] = Gaze(Kind.JOINT_WEIGHTS, "skeleton", intensities)
        features = self.picture(weighed)
        maps = {}
        if explain:
            features = watched(features)
            maps["Grad-CAM regions"] = FeatureMap(Kind.HEAT_MAP, "regions", features)
            gaze["mosaic"] = shown("regions", mosaic, self.card.preprocessing["regions"])
        logits = self.picture.classify(features)
        return Output(
            logits, {"regions": logits}, {"regions": features.mean(dim=(2, 3))},
            explanation=gaze if explain else None, maps=maps,
        )  # fmt: skip


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh MMNet. ImageNet weights of the ResNet are put in by whoever trains it."""
    return MMNet(num_classes, topology, options)
