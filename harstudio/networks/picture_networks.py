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

from harstudio.networks.backbones.cells import Windows, windows_of
from harstudio.networks.backbones.resnet import ResNet
from harstudio.networks.backbones.xception import Xception
from harstudio.networks.blocks.frames import each_frame
from harstudio.networks.network import Batch, FeatureMap, Network, OneStream, Output, watched
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


class PictureNetwork(OneStream):
    """A backbone with its own classifier: child module ``picture``."""

    def __init__(self, picture: ResNet | Xception) -> None:
        super().__init__()
        self.picture = picture

    def windows(self, name: str) -> Windows:
        """Those of the backbone that sees the input."""
        return windows_of(self.picture)

    def fused(self, batch: Batch, explain: bool) -> Output:
        """Takes ``picture``; one stream. Of several frames the features are averaged."""
        picture = batch["picture"]
        several = picture.dim() == 5
        features = each_frame(self.picture, picture) if several else self.picture(picture)
        if explain:
            features = watched(features)
        pooled = features.flatten(2).mean(dim=2)
        logits = self.picture.head(pooled)
        return Output(
            logits=logits,
            logits_by_stream={"picture": logits},
            features={"picture": pooled},
            explanation={} if explain else None,
            maps={GRAD_CAM: FeatureMap(Kind.HEAT_MAP, "picture", features)} if explain else {},
        )


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh network of one picture."""
    if card.name == "xception":
        return PictureNetwork(Xception(num_classes))
    return PictureNetwork(ResNet(DEPTHS[card.name], num_classes))
