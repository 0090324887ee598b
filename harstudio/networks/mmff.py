"""MMFF: one picture and a skeleton sequence.

X. Zhu, Y. Zhu, H. Wang, H. Wen, Y. Yan, P. Liu: Skeleton Sequence and RGB Frame Based
Multi-Modality Feature Fusion Network for Action Recognition, TOMM 2022; the form with ST-GCN.

The skeleton tells the picture where to look (the square around the joint that moved most), the
picture's own attention adds two maps, and the fusion relates every cell of the picture with every
joint. ``mmff-lite`` is the same with a light picture backbone and 64 frames, for one processor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from harstudio.networks.backbones import efficientnet_lite, xception
from harstudio.networks.backbones.st_gcn import CHANNELS as JOINT_CHANNELS
from harstudio.networks.blocks.picture_attention import SelfAttention, skeleton_attention
from harstudio.networks.blocks.relation_fusion import HIDDEN, RelationFusion
from harstudio.networks.network import Batch, Gaze, Network, Output
from harstudio.networks.st_gcn import SkeletonStream
from harstudio.results import Kind, NetworkCard, Option, Recipe, Stage

FEATURES = 256  # of each attention branch
# A light network trains for hundreds of steps, not hundreds of thousands: batch statistics that
# move as slowly as the published 0.01 would still be those of the start.
LITE_MOMENTUM = 0.1

OPTIONS = {
    "fusion": Option(
        "cross-attention",
        "How the streams meet: cells related with joints, a weighted sum of decisions, or a sum "
        "of features.",
        ("cross-attention", "decision", "sum"),
    ),
    "self_attention": Option(True, "The picture says itself where to look.", (True, False)),
    "skeleton_attention": Option(
        True, "The joint that moved most says where to look.", (True, False)
    ),
    "relation": Option(
        "softmax",
        "Equation 17: every position becomes a weighted mean of all, or is weighed by one mask.",
        ("softmax", "mask"),
    ),
    "dropout": Option(0.5, "Share of skeleton features dropped in training."),
    "edge_importance": Option(True, "Learn how much each link between joints counts."),
}

RECIPE = Recipe(
    stages=(
        Stage("skeleton", ("skeleton",), "skeleton", decay_at=(10, 20)),
        Stage("picture", ("picture",), "picture", decay_at=(10, 20)),
        Stage("fusion", ("fusion",), decay_at=(10, 20)),
        Stage("fine-tune", ("skeleton", "picture", "fusion"), decay_at=(10, 20)),
    )
)


def _preprocessing(frames: int, size: int, mean: float, std: float) -> dict[str, dict[str, Any]]:
    return {
        "skeleton": {
            "frames": frames,
            "fit": "repeat",
            "bodies": 2,
            "center": "clip",
            "rotate_deg": 30.0,
            "scale": (1.0, 1.2),
        },
        "picture": {
            "size": size,
            "mean": (mean, mean, mean),
            "std": (std, std, std),
            "frame_position": 0.5,
            "crop": "joints",
        },
    }


def _card(
    name: str, title: str, preprocessing: dict[str, dict[str, Any]], options: dict[str, Option]
) -> NetworkCard:
    return NetworkCard(
        name=name,
        title=title,
        paper="Skeleton Sequence and RGB Frame Based Multi-Modality Feature Fusion Network for "
        "Action Recognition",
        authors="X. Zhu, Y. Zhu, H. Wang, H. Wen, Y. Yan, P. Liu",
        year=2022,
        branches={"skeleton": ("skeleton",), "picture": ("color", "depth", "infrared")},
        streams={"skeleton": ("skeleton",), "picture": ("picture",)},
        preprocessing=preprocessing,
        recipe=RECIPE,
        options=options,
        explains={
            "self-attention 1": Kind.HEAT_MAP,
            "self-attention 2": Kind.HEAT_MAP,
            "skeleton attention": Kind.HEAT_MAP,
            "relation": Kind.RELATION,
            "joint saliency": Kind.JOINT_WEIGHTS,
        },
    )


CARDS = (
    _card("mmff-gcn", "MMFF (ST-GCN)", _preprocessing(300, 299, 0.5, 0.5), OPTIONS),
    _card(
        "mmff-lite",
        "MMFF, light",
        # A pixel is (x - 127) / 128 with x in 0..255.
        _preprocessing(64, 224, 127 / 255, 128 / 255),
        {
            **OPTIONS,
            "pretrained": Option(
                "imagenet", "What the picture backbone knows before.", ("imagenet", "none")
            ),
        },
    ),
)


class Seen(NamedTuple):
    """A picture's map (N, C, h, w) with what its attention says of it."""

    features: Tensor
    own: tuple[Tensor, ...]  # two (N, 1, h, w), none where self-attention is off
    told: Tensor | None  # (N, 1, h, w), None where skeleton attention is off

    def detached(self) -> Seen:
        """The same without a way back for gradients."""
        return Seen(self.features.detach(), tuple(m.detach() for m in self.own), self.told)


class PictureStream(nn.Module):
    """Section 3.4: backbone, two branches of self-attention, one of skeleton attention."""

    def __init__(
        self, backbone: nn.Module, channels: int, num_classes: int,
        *, self_attention: bool, told: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        self.backbone = backbone
        self.attention = nn.ModuleList(SelfAttention(channels) for _ in range(2 * self_attention))
        self.told = told
        branches = max(len(self.attention) + told, 1)
        self.reduce = nn.ModuleList(nn.Linear(channels, FEATURES) for _ in range(branches))
        self.classifier = nn.Linear(FEATURES * branches, num_classes)

    def forward(self, picture: Tensor, focus: Tensor | None) -> Seen:
        """picture (N, 3, H, W), focus (N, 4) or None where nobody was seen."""
        features: Tensor = self.backbone(picture)
        own = tuple(attention(features) for attention in self.attention)
        told = None
        if self.told:
            if focus is None:
                focus = features.new_full((len(features), 4), torch.nan)
            told = skeleton_attention(focus, *features.shape[2:])
        return Seen(features, own, told)

    def embed(self, seen: Seen) -> Tensor:
        """(N, 256 x branches): the mean over each self-attended map, the maximum over the map that
        the skeleton points to, each through its own linear layer."""
        pooled = [(mask * seen.features).mean(dim=(2, 3)) for mask in seen.own]
        if seen.told is not None:
            pooled.append((seen.told * seen.features).amax(dim=(2, 3)))
        pooled = pooled or [seen.features.mean(dim=(2, 3))]
        return torch.cat([layer(x) for layer, x in zip(self.reduce, pooled, strict=True)], dim=1)

    def cells(self, seen: Seen) -> Tensor:
        """(N, C, S): the mean of the self-attended maps, then its mean with the map that the
        skeleton points to; S = h * w row by row."""
        maps = []
        if seen.own:
            maps.append(torch.stack(seen.own).mean(dim=0) * seen.features)
        if seen.told is not None:
            maps.append(seen.told * seen.features)
        attended = torch.stack(maps).mean(dim=0) if maps else seen.features
        return attended.flatten(2)


class CrossAttention(nn.Module):
    """Section 3.5: the fusion of the form with ST-GCN."""

    def __init__(self, channels: int, num_classes: int, relation: str) -> None:
        super().__init__()
        self.relate = RelationFusion(channels, JOINT_CHANNELS, relation)
        self.classifier = nn.Linear(HIDDEN, num_classes)

    def forward(self, cells: Tensor, joints: Tensor) -> tuple[Tensor, Tensor]:
        """cells (N, C, S), joints (N, 256, T', V, M) -> features (N, 512), relation (N, L, L).

        Of the joints the mean over persons, as ST-GCN pools them, then the strongest moment.
        """
        related: tuple[Tensor, Tensor] = self.relate(cells, joints.mean(dim=4).amax(dim=2))
        return related


class SumFusion(nn.Module):
    """Table 6, "sum fusion": both streams' features to one size, summed, then classified."""

    def __init__(self, picture_features: int, num_classes: int) -> None:
        super().__init__()
        self.skeleton = nn.Linear(JOINT_CHANNELS, HIDDEN)
        self.picture = nn.Linear(picture_features, HIDDEN)
        self.classifier = nn.Linear(HIDDEN, num_classes)

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        """Features of both (N, D) -> (N, 512)."""
        total = self.skeleton(features["skeleton"]) + self.picture(features["picture"])
        return nn.functional.leaky_relu(total, 0.01)


class DecisionFusion(nn.Module):
    """Table 6, "decision fusion": a weighted sum of probabilities. ``balance`` is learned; its
    sigmoid is the skeleton's weight, one half at first."""

    def __init__(self) -> None:
        super().__init__()
        self.balance = nn.Parameter(torch.zeros(()))

    def forward(self, logits: Mapping[str, Tensor]) -> Tensor:
        """Logits of both (N, K) -> (N, K), the logarithm of the summed probabilities."""
        share = nn.functional.logsigmoid
        return torch.logaddexp(
            torch.log_softmax(logits["skeleton"], dim=1) + share(self.balance),
            torch.log_softmax(logits["picture"], dim=1) + share(-self.balance),
        )


class MMFF(Network):
    """The two streams and their fusion: child modules ``skeleton``, ``picture``, ``fusion``."""

    def __init__(
        self, backbone: nn.Module, channels: int, num_classes: int, topology: str,
        options: Mapping[str, Any],
    ) -> None:  # fmt: skip
        super().__init__()
        self.skeleton = SkeletonStream(
            num_classes, topology,
            dropout=options["dropout"], edge_importance=options["edge_importance"],
        )  # fmt: skip
        self.picture = PictureStream(
            backbone, channels, num_classes,
            self_attention=options["self_attention"], told=options["skeleton_attention"],
        )  # fmt: skip
        self.heads_apart = options["fusion"] != "decision"
        self.fusion: CrossAttention | SumFusion | DecisionFusion
        if options["fusion"] == "decision":
            self.fusion = DecisionFusion()
        elif options["fusion"] == "sum":
            self.fusion = SumFusion(self.picture.classifier.in_features, num_classes)
        else:
            self.fusion = CrossAttention(channels, num_classes, options["relation"])

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        """``skeleton`` or ``picture`` by its own head; a batch without focus is one in which nobody
        was seen, and then the skeleton's mask is 1 everywhere."""
        joints = self.skeleton(batch["skeleton"]) if stream == "skeleton" else None
        seen = None
        if stream == "picture":
            seen = self.picture(batch["picture"], batch.get("focus"))
        features = self._features(joints, seen)
        by_stream = self._classify(features)
        gaze = self._gaze(joints, seen) if explain else None
        return Output(by_stream[stream], by_stream, features, explanation=gaze)

    def fused(self, batch: Batch, explain: bool) -> Output:
        """Takes ``skeleton``, ``picture`` and ``focus``. Where the fusion does not take what the
        heads of single streams say, no gradient goes back from them into it."""
        joints = self.skeleton(batch["skeleton"])
        seen = self.picture(batch["picture"], batch.get("focus"))
        gaze = self._gaze(joints, seen) if explain else None
        if isinstance(self.fusion, CrossAttention):
            features = self._features(joints.detach(), seen.detached())
            by_stream = self._classify(features)
            features["fusion"], relation = self.fusion(self.picture.cells(seen), joints)
            if gaze is not None:
                height, width = seen.features.shape[2:]
                gaze["relation"] = Gaze(Kind.RELATION, "picture", relation, grid=(height, width))
        else:
            features = self._features(joints, seen)
            if isinstance(self.fusion, DecisionFusion):
                by_stream = self._classify(features)
                return Output(self.fusion(by_stream), by_stream, features, explanation=gaze)
            by_stream = self._classify({name: value.detach() for name, value in features.items()})
            features["fusion"] = self.fusion(features)
        logits = self.fusion.classifier(features["fusion"])
        return Output(logits, by_stream, features, explanation=gaze)

    def _features(self, joints: Tensor | None, seen: Seen | None) -> dict[str, Tensor]:
        """(N, D) of every stream that was evaluated."""
        features = {}
        if joints is not None:
            features["skeleton"] = self.skeleton.pool(joints)
        if seen is not None:
            features["picture"] = self.picture.embed(seen)
        return features

    def _classify(self, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """(N, K) of every stream by its own head."""
        by_stream = {}
        if "skeleton" in features:
            by_stream["skeleton"] = self.skeleton.classify(features["skeleton"])
        if "picture" in features:
            by_stream["picture"] = self.picture.classifier(features["picture"])
        return by_stream

    def _gaze(self, joints: Tensor | None, seen: Seen | None) -> dict[str, Gaze]:
        """What the streams tell of themselves."""
        gaze: dict[str, Gaze] = {}
        if joints is not None:
            gaze["joint saliency"] = self.skeleton.saliency(joints)
        if seen is not None:
            for number, mask in enumerate(seen.own, start=1):
                gaze[f"self-attention {number}"] = Gaze(Kind.HEAT_MAP, "picture", mask)
            if seen.told is not None:
                gaze["skeleton attention"] = Gaze(Kind.HEAT_MAP, "focus", seen.told)
        return gaze


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh MMFF. ImageNet weights of the light form are put in by whoever trains it."""
    if card.name == "mmff-lite":
        light = efficientnet_lite.EfficientNetLite0(momentum=LITE_MOMENTUM)
        return MMFF(light, efficientnet_lite.CHANNELS, num_classes, topology, options)
    return MMFF(xception.Xception(), xception.CHANNELS, num_classes, topology, options)
