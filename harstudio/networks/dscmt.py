"""DSCMT: a dynamic image of colour and one of depth, related by a transformer.

Z. Liu, J. Cheng, L. Liu, Z. Ren, Q. Zhang, C. Song: Dual-stream cross-modality fusion transformer
for RGB-D action recognition, Knowledge-Based Systems 255, 2022. A dynamic image holds a whole clip
in one picture (approximate rank pooling; H. Bilen et al.: Dynamic Image Networks for Action
Recognition, CVPR 2016). Equations 1 to 10 are those of a survey; what it lost
(equation 1, the excitation's output, all sizes) comes from the published code.

Choices where paper and code differ or are silent:

- Every layer has its own two MEMs (67.10 M parameters with the three heads); ``share_mem`` uses
  one pair in all layers as the code does (60.39 M).
- The position code is added in every MEM and MIM, to the values too, as printed;
  ``position = "once"`` adds it before the first layer only, as the code does. The code's mask is
  wrong; ours is the plain code of DETR, rows and columns counted from 1.
- The heads of single streams learn beside the fusion without changing it, because the code has
  their losses commented out; ``aux_weight`` lets that share of their gradient into the streams.
- Without BEF a block ends with its first sum and normalisation.
- The paper's final score is the sum of two trainings, this one and one on raw frames
  (``input = "frame"``: ``segments`` frames spread over the clip, by default its middle one). These
  are two runs; nothing here adds up their scores.
- Several segments go through everything one by one, and their logits are averaged, as in the code.
- As in the code classifiers learn five times as fast as the rest and biases twice as fast (those of
  classifiers ten times); biases and batch normalisation have no weight decay. The code gives
  attention's output weights a bias's rate and leaves the biases of its inputs untrained, by a slip
  in counting; ours are a weight and a bias.

"visual looks at depth, layer 1", the reverse and the other layers: how much all cells of the first
stream attended to each cell of the second (the mean over heads), 1 for the cell most attended to.
"visual looks at depth, heads": the same of the last layer, each head by itself and as it is, the
mean over segments; a row sums to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from harstudio.errors import UsageError
from harstudio.networks.backbones.cells import Windows, windows_of
from harstudio.networks.backbones.resnet import ResNet
from harstudio.networks.blocks.frames import each_frame
from harstudio.networks.blocks.mutual_attention import WIDTH, CrossModalTransformer, Told
from harstudio.networks.network import Batch, FeatureMap, Gaze, Network, Output, watched
from harstudio.networks.shown import shown
from harstudio.results import Kind, NetworkCard, Option, Recipe, Stage

STREAMS = ("visual", "depth")
HEAD_DROPOUT = 0.5
HEAD_STD = 0.001
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet
DYNAMIC = {
    "kind": "dynamic",
    "size": 224,
    "segments": 1,
    "mean": MEAN,
    "std": STD,
    "resize": 256,
    "train_scales": (1.0, 0.875, 0.75, 0.66),
    "flip": True,
}
FRAMES = {
    "kind": "clip",
    "size": 224,
    "frames": 1,
    "sampling": "uniform",
    "mean": MEAN,
    "std": STD,
    "crop": "center",
    "resize": 256,
    "train_scale": (0.4356, 1.0),
    "flip": True,
}

OPTIONS = {
    "input": Option(
        "dynamic",
        "What the streams see: dynamic images (the motion model) or raw frames (the appearance "
        "model).",
        ("dynamic", "frame"),
    ),
    "segments": Option(
        1, "Equal parts of a clip that give one picture each; their logits are averaged."
    ),
    "backbone": Option("resnet50", "What sees the pictures.", ("resnet50", "resnet18", "resnet34")),
    "layers": Option(4, "Layers of the transformer."),
    "mem": Option(True, "Each stream attends to itself first.", (True, False), title="MEM"),
    "mim": Option(True, "Each stream attends to the other.", (True, False), title="MIM"),
    "bef": Option(True, "Each block ends by weighing its features.", (True, False), title="BEF"),
    "share_mem": Option(
        False,
        "All layers share their MEMs, as published code does.",
        (False, True),
        title="Share MEMs",
    ),
    "position": Option(
        "every",
        "Where positions are told: in every block, or once at first.",
        ("every", "once"),
        title="Positions told",
    ),
    "dropout": Option(0.3, "Share dropped in the transformer in training."),
    "aux_weight": Option(
        0.0, "How much the losses of the single streams' heads count.", title="Weight of heads"
    ),
}

RECIPE = Recipe(
    stages=(
        Stage(
            "all", ("visual", "depth", "fusion"),
            epochs=60, learning_rate=1e-3, decay_at=(25, 50),
        ),
    ),
    optimizer="sgd",
    nesterov=False,
    weight_decay=5e-4,
    batch_size=64,
    clip_norm=20.0,
    rates=(
        ("*.classifier.weight", 5.0, 1.0),
        ("*.classifier.bias", 10.0, 0.0),
        ("*.bn?.*", 1.0, 0.0),
        ("*.downsample.1.*", 1.0, 0.0),
        ("*.reduce.1.*", 1.0, 0.0),
        ("*bias", 2.0, 0.0),
    ),
)  # fmt: skip

LOOKS = ("visual looks at depth", "depth looks at visual")


def explains(options: Mapping[str, Any]) -> dict[str, Kind]:
    """What a network with these options tells."""
    told: dict[str, Kind] = {}
    if options["mim"]:
        for looks in LOOKS:
            for layer in range(1, options["layers"] + 1):
                told[f"{looks}, layer {layer}"] = Kind.HEAT_MAP
            told[f"{looks}, heads"] = Kind.MATRIX
    if options["bef"] and (options["mem"] or options["mim"]):
        told |= {f"{name} excitation": Kind.MATRIX for name in STREAMS}
    if options["input"] == "dynamic":
        told |= {f"{name} dynamic image": Kind.PICTURE for name in STREAMS}
    return told | {f"Grad-CAM {name}": Kind.HEAT_MAP for name in STREAMS}


CARDS = (
    NetworkCard(
        name="dscmt",
        title="DSCMT",
        paper="Dual-stream cross-modality fusion transformer for RGB-D action recognition",
        authors="Z. Liu, J. Cheng, L. Liu, Z. Ren, Q. Zhang, C. Song",
        year=2022,
        branches={
            "visual": ("color", "infrared", "depth"),
            "depth": ("depth", "infrared", "color"),
        },
        streams={name: (name,) for name in STREAMS},
        preprocessing=dict.fromkeys(STREAMS, DYNAMIC),
        recipe=RECIPE,
        options=OPTIONS,
        explains=explains({key: option.default for key, option in OPTIONS.items()}),
    ),
)


def adapt(card: NetworkCard, options: Mapping[str, Any]) -> NetworkCard:
    """The inputs and explanations of these options; ValueError for less than one segment."""
    segments = options["segments"]
    if segments < 1:
        raise ValueError(f"{segments} segments are too few")
    if options["input"] == "dynamic":
        table = {**DYNAMIC, "segments": segments}
    else:
        table = {**FRAMES, "frames": segments}
    return replace(card, preprocessing=dict.fromkeys(STREAMS, table), explains=explains(options))


class PictureStream(nn.Module):
    """One ResNet, the reduction of its map to 512 channels, and a head of its own."""

    def __init__(self, depth: int, num_classes: int) -> None:
        super().__init__()
        self.backbone = ResNet(depth)
        self.reduce = nn.Sequential(
            nn.Conv2d(self.backbone.channels, WIDTH, 1, bias=False), nn.BatchNorm2d(WIDTH)
        )
        self.dropout = nn.Dropout(HEAD_DROPOUT)
        self.classifier = head(num_classes)

    def forward(self, picture: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, C, 1, h, w); (N, 3, S, H, W) -> (N, C, S, h, w)."""
        return each_frame(self.backbone, picture if picture.dim() == 5 else picture[:, :, None])

    def embed(self, features: Tensor) -> Tensor:
        """What ``forward`` gives -> (N * S, 512, h, w), a clip's segments one after the other."""
        folded = features.transpose(1, 2).flatten(0, 1)
        # In other layouts batch normalisation in evaluation mode gives a wrong gradient for a
        # single clip (PyTorch 2.13), where that gradient is of a tensor with odd strides.
        reduced: Tensor = self.reduce(folded.clone(memory_format=torch.channels_last))
        return reduced

    def classify(self, pooled: Tensor) -> Tensor:
        """(N * S, 512) -> (N * S, K)."""
        logits: Tensor = self.classifier(self.dropout(pooled))
        return logits


def head(num_classes: int) -> nn.Linear:
    """A classifier that begins near indifference, as published."""
    layer = nn.Linear(WIDTH, num_classes)
    nn.init.normal_(layer.weight, std=HEAD_STD)
    nn.init.zeros_(layer.bias)
    return layer


class Fusion(CrossModalTransformer):
    """The transformer of these options with its classifier."""

    def __init__(self, num_classes: int, options: Mapping[str, Any]) -> None:
        super().__init__(
            options["layers"], options["dropout"],
            mem=options["mem"], mim=options["mim"], bef=options["bef"],
            share_mem=options["share_mem"], every=options["position"] == "every",
        )  # fmt: skip
        self.classifier = head(num_classes)


class DSCMT(Network):
    """The two streams and the transformer: child modules ``visual``, ``depth`` and ``fusion``."""

    heads_apart = True  # with ``aux_weight`` on purpose less so

    def __init__(self, num_classes: int, options: Mapping[str, Any]) -> None:
        super().__init__()
        depth = int(options["backbone"].removeprefix("resnet"))
        self.visual = PictureStream(depth, num_classes)
        self.depth = PictureStream(depth, num_classes)
        self.fusion = Fusion(num_classes, options)
        self.aux_weight: float = options["aux_weight"]

    def windows(self, name: str) -> Windows:
        """Those of the backbone that sees the input."""
        return windows_of(self.visual.backbone)

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        """``visual`` or ``depth``: the mean of its reduced map by its own head."""
        part = self.visual if stream == "visual" else self.depth
        seen = part(batch[stream])
        maps, gaze = self._asked(batch, {stream: seen}) if explain else ({}, None)
        if explain:
            seen = maps[f"Grad-CAM {stream}"].values
        pooled = part.embed(seen).mean(dim=(2, 3))
        logits, features = (of_clips(x, len(seen)) for x in (part.classify(pooled), pooled))
        return Output(logits, {stream: logits}, {stream: features}, explanation=gaze, maps=maps)

    def fused(self, batch: Batch, explain: bool) -> Output:
        """Takes ``visual`` and ``depth``, with as many segments each."""
        parts = {"visual": self.visual, "depth": self.depth}
        seen = {name: part(batch[name]) for name, part in parts.items()}
        maps, gaze = self._asked(batch, seen) if explain else ({}, None)
        if explain:
            seen = {name: maps[f"Grad-CAM {name}"].values for name in parts}
        count, segments = len(seen["visual"]), seen["visual"].shape[2]
        if seen["depth"].shape[2] != segments:
            raise UsageError(
                f"visual has {segments} segments and depth {seen['depth'].shape[2]}.",
                remedy="Give both inputs the same number.",
            )
        embedded = {name: part.embed(seen[name]) for name, part in parts.items()}
        pooled = {name: value.mean(dim=(2, 3)) for name, value in embedded.items()}
        by_stream = {
            name: of_clips(part.classify(self._let_through(pooled[name])), count)
            for name, part in parts.items()
        }
        pooled["fusion"], told = self.fusion(*embedded.values(), explain=explain)
        if gaze is not None:
            sizes = [value.shape[2:] for value in embedded.values()]
            gaze |= relations(told, sizes, count, across=bool(len(self.fusion.interact)))
        logits = of_clips(self.fusion.classifier(pooled["fusion"]), count)
        features = {name: of_clips(value, count) for name, value in pooled.items()}
        return Output(logits, by_stream, features, explanation=gaze, maps=maps)

    def _let_through(self, features: Tensor) -> Tensor:
        """The same numbers; of their gradient the share ``aux_weight``."""
        apart = features.detach()
        return apart if self.aux_weight == 0 else torch.lerp(apart, features, self.aux_weight)

    def _asked(
        self, batch: Batch, seen: Mapping[str, Tensor]
    ) -> tuple[dict[str, FeatureMap], dict[str, Gaze]]:
        """The streams' maps to watch, and the dynamic images that they saw."""
        maps, gaze = {}, {}
        for name, features in seen.items():
            maps[f"Grad-CAM {name}"] = FeatureMap(Kind.HEAT_MAP, name, watched(features))
            table = self.card.preprocessing[name]
            if table["kind"] == "dynamic":
                gaze[f"{name} dynamic image"] = shown(name, batch[name], table)
        return maps, gaze


def of_clips(values: Tensor, count: int) -> Tensor:
    """(N * S, *) -> (N, *): the mean over each clip's segments."""
    return values.view(count, -1, *values.shape[1:]).mean(dim=1)


def relations(
    layers: Sequence[tuple[Told, Told]], sizes: Sequence[torch.Size], count: int, *, across: bool
) -> dict[str, Gaze]:
    """What the blocks of N * S segments say of N clips: where each stream looked, and of the last
    layer which features counted. sizes: h, w of both streams' maps. across: whether the blocks look
    at the other stream."""
    gaze = {}
    for index, (name, looks) in enumerate(zip(STREAMS, LOOKS, strict=True)):
        other = STREAMS[1 - index]
        for number, told in enumerate(layers if across else (), start=1):
            heads = told[index].attention.mean(dim=2)
            looked = heads.mean(dim=1)
            looked = looked / looked.amax(dim=1, keepdim=True)
            cells = looked.view(count, -1, *sizes[1 - index])
            gaze[f"{looks}, layer {number}"] = Gaze(Kind.HEAT_MAP, other, cells)
            if number == len(layers):
                gaze[f"{looks}, heads"] = Gaze(
                    Kind.MATRIX, other, of_clips(heads, count),
                    rows="head", columns=f"cell of {other}, row by row",
                )  # fmt: skip
        excitation = layers[-1][index].excitation if layers else None
        if excitation is not None:
            gaze[f"{name} excitation"] = Gaze(
                Kind.MATRIX, name, excitation.view(count, -1, excitation.shape[1]),
                rows="segment", columns="feature",
            )  # fmt: skip
    return gaze


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh DSCMT. ImageNet weights of the ResNets are put in by whoever trains it."""
    return DSCMT(num_classes, options)
