"""Networks of a clip alone: 3D ResNet and I3D.

K. Hara, H. Kataoka, Y. Satoh: Can Spatiotemporal 3D CNNs Retrace the History of 2D CNNs and
ImageNet?, CVPR 2018. J. Carreira, A. Zisserman: Quo Vadis, Action Recognition? A New Model and the
Kinetics Dataset, CVPR 2017. The backbone, the mean over time and space, one linear layer.

Choices: ``resnet3d-18`` and ``resnet3d-34`` see a clip as AMFI-Net does and train as its first
stage does, so that they are its baseline; their first convolution goes by one frame as published
(AMFI-Net's goes by two, ``conv1_t_stride``). I3D sees values from -1 to 1, as its published weights
do, in 32 frames of 224x224, for which its size is printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import nn

from harstudio.networks.backbones.cells import Windows, windows_of
from harstudio.networks.backbones.i3d import I3D
from harstudio.networks.backbones.resnet3d import ResNet3D
from harstudio.networks.network import Batch, FeatureMap, Network, OneStream, Output, watched
from harstudio.results import Kind, NetworkCard, Option, Recipe, Stage

# AMFI-Net, section 3.1: the square of 1000 pixels is printed for pictures 1080 high.
PERSON_CLIP: Mapping[str, Any] = {
    "size": 112,
    "frames": 16,
    "sampling": "uniform",
    "scaling": "min-max",
    "crop": "person",
    "crop_px": 1000,
    "train_scale": (0.7, 1.0),
    "train_scale_of": "sides",
    "flip": True,
    "flip_vertical": False,
    "rotate_quarters": False,
}
WHOLE_CLIP: Mapping[str, Any] = {
    "size": 224,
    "frames": 32,
    "sampling": "linspace",
    "scaling": "mean-std",
    "mean": (0.5, 0.5, 0.5),
    "std": (0.5, 0.5, 0.5),
    "crop": "center",
    "resize": 256,
    "flip": True,
}
SEEN = ("color", "depth", "infrared")
GRAD_CAM = "Grad-CAM clip"


def _recipe(weight_decay: float) -> Recipe:
    stage = Stage("clip", ("clip",), "clip", epochs=50, learning_rate=0.1, decay_at=(30, 40))
    return Recipe(stages=(stage,), optimizer="sgd", weight_decay=weight_decay)


RESNET = NetworkCard(
    name="resnet3d-18",
    title="3D ResNet-18",
    paper="Can Spatiotemporal 3D CNNs Retrace the History of 2D CNNs and ImageNet?",
    authors="K. Hara, H. Kataoka, Y. Satoh",
    year=2018,
    branches={"clip": SEEN},
    streams={"clip": ("clip",)},
    preprocessing={"clip": PERSON_CLIP},
    recipe=_recipe(weight_decay=5e-4),
    options={
        "conv1_t_stride": Option(
            1,
            "Frames by which the first convolution goes; 2 halves the work.",
            (1, 2),
            title="First stride in time",
        ),
        "dropout": Option(0.0, "Share of features dropped in training."),
    },
    explains={GRAD_CAM: Kind.HEAT_MAP},
)

CARDS = (
    RESNET,
    replace(RESNET, name="resnet3d-34", title="3D ResNet-34"),
    replace(
        RESNET,
        name="i3d",
        title="I3D",
        paper="Quo Vadis, Action Recognition? A New Model and the Kinetics Dataset",
        authors="J. Carreira, A. Zisserman",
        year=2017,
        preprocessing={"clip": WHOLE_CLIP},
        recipe=_recipe(weight_decay=1e-7),
        options={"dropout": Option(0.5, "Share of features dropped in training.")},
    ),
)


class ClipNetwork(OneStream):
    """A backbone with its own classifier: child module ``clip``."""

    def __init__(self, clip: ResNet3D | I3D, dropout: float) -> None:
        super().__init__()
        self.clip = clip
        self.dropout = nn.Dropout(dropout)

    def windows(self, name: str) -> Windows:
        """Those of the backbone that sees the input."""
        return windows_of(self.clip)

    def fused(self, batch: Batch, explain: bool) -> Output:
        """Takes ``clip``; one stream."""
        features = self.clip(batch["clip"])
        if explain:
            features = watched(features)
        pooled = self.clip.pool(features)
        logits = self.clip.head(self.dropout(pooled))
        return Output(
            logits=logits,
            logits_by_stream={"clip": logits},
            features={"clip": pooled},
            explanation={} if explain else None,
            maps={GRAD_CAM: FeatureMap(Kind.HEAT_MAP, "clip", features)} if explain else {},
        )


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh network of that name."""
    if card.name == "i3d":
        return ClipNetwork(I3D(num_classes), options["dropout"])
    depth = 34 if card.name == "resnet3d-34" else 18
    clip = ResNet3D(depth, num_classes, options["conv1_t_stride"])
    return ClipNetwork(clip, options["dropout"])
