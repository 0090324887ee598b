"""Networks of one picture: a backbone, the mean over its map, one linear layer.

ResNet-18, -34, -50: K. He, X. Zhang, S. Ren, J. Sun: Deep Residual Learning for Image Recognition,
CVPR 2016. Xception: F. Chollet: Xception: Deep Learning with Depthwise Separable Convolutions,
CVPR 2017.

The picture is the middle frame of the clip, cut out around the people, as MMFF takes it. ResNets
train as MMNet trains its ResNet-18 (published code: SGD at 0.1, momentum 0.9 by Nesterov, decay of
weights 1e-4, 80 epochs of batches of 64), Xception as MMFF trains its picture stream (Adam at
1e-4, a tenth every 10 epochs; 30 epochs are our choice); both begin with ImageNet weights where
they are given. Of several frames the logits are averaged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from harstudio.networks.backbones import xception
from harstudio.networks.backbones.resnet import ResNet
from harstudio.networks.blocks.frames import each_frame
from harstudio.networks.network import Batch, FeatureMap, Network, Output, watched
from harstudio.results import Kind, NetworkCard, Recipe, Stage

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HALF = (0.5, 0.5, 0.5)
GRAD_CAM = "Grad-CAM picture"

RESNET_RECIPE = Recipe(
    stages=(Stage("picture", ("picture",), epochs=80, learning_rate=0.1, decay_at=(10, 50)),),
    optimizer="sgd",
    weight_decay=1e-4,
    batch_size=64,
)
XCEPTION_RECIPE = Recipe(stages=(Stage("picture", ("picture",), decay_at=(10, 20)),))


def _card(
    name: str, title: str, source: tuple[str, str, int],
    size: int, mean: tuple[float, ...], std: tuple[float, ...], recipe: Recipe,
) -> NetworkCard:  # fmt: skip
    paper, authors, year = source
    return NetworkCard(
        name=name,
        title=title,
        paper=paper,
        authors=authors,
        year=year,
        branches={"picture": ("color", "depth", "infrared")},
        streams={"picture": ("picture",)},
        preprocessing={
            "picture": {
                "size": size,
                "mean": mean,
                "std": std,
                "frame_position": 0.5,
                "crop": "joints",
            }
        },
        recipe=recipe,
        explains={GRAD_CAM: Kind.HEAT_MAP},
    )


HE = ("Deep Residual Learning for Image Recognition", "K. He, X. Zhang, S. Ren, J. Sun", 2016)
CHOLLET = ("Xception: Deep Learning with Depthwise Separable Convolutions", "F. Chollet", 2017)

DEPTHS = {"resnet18": 18, "resnet34": 34, "resnet50": 50}
CARDS = (
    *(
        _card(name, f"ResNet-{depth}", HE, 224, IMAGENET_MEAN, IMAGENET_STD, RESNET_RECIPE)
        for name, depth in DEPTHS.items()
    ),
    _card("xception", "Xception", CHOLLET, 299, HALF, HALF, XCEPTION_RECIPE),
)


class PictureStream(nn.Module):
    """A backbone with a classifier of its own."""

    def __init__(self, backbone: nn.Module, channels: int, num_classes: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.classifier = nn.Linear(channels, num_classes)

    def forward(self, picture: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, C, h, w); (N, 3, F, H, W) of several frames -> (N, C, F, h, w)."""
        several = picture.dim() == 5
        features: Tensor = each_frame(self.backbone, picture) if several else self.backbone(picture)
        return features

    def pool(self, features: Tensor) -> Tensor:
        """The mean over places and frames: (N, C, ..., h, w) -> (N, C)."""
        return features.flatten(2).mean(dim=2)

    def classify(self, pooled: Tensor) -> Tensor:
        """(N, C) -> logits (N, K)."""
        logits: Tensor = self.classifier(pooled)
        return logits


class PictureNetwork(Network):
    """The stream alone."""

    def __init__(self, backbone: nn.Module, channels: int, num_classes: int) -> None:
        super().__init__()
        self.picture = PictureStream(backbone, channels, num_classes)

    def fused(self, batch: Batch, explain: bool) -> Output:
        """Takes ``picture``; one stream."""
        features = self.picture(batch["picture"])
        maps = {}
        if explain:
            features = watched(features)
            maps[GRAD_CAM] = FeatureMap(Kind.HEAT_MAP, "picture", features)
        pooled = self.picture.pool(features)
        logits = self.picture.classify(pooled)
        told: dict[str, Any] | None = {} if explain else None
        return Output(logits, {"picture": logits}, {"picture": pooled}, explanation=told, maps=maps)

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        """The same: it has one stream."""
        return self.fused(batch, explain)


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh network of one picture."""
    if card.name == "xception":
        return PictureNetwork(xception.Xception(), xception.CHANNELS, num_classes)
    backbone = ResNet(DEPTHS[card.name])
    return PictureNetwork(backbone, backbone.channels, num_classes)
