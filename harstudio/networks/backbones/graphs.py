"""The graph networks by name, each with its own classifier, as one stream of any network.

All take joints over time (N, 3, T, V, M) to a map (N, C, T', V, M) and end alike: the mean over
time, joints and persons, then one linear classifier. Because both are linear, the classifier read
at every position says exactly how much each joint at each moment spoke for a class (class
activation map; B. Zhou et al.: Learning Deep Features for Discriminative Localization, CVPR 2016).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from harstudio.networks.backbones.agcn import AGCN, BLOCKS, told_layers
from harstudio.networks.backbones.ctr_gcn import CTRGCN
from harstudio.networks.backbones.st_gcn import STGCN
from harstudio.networks.blocks.graph import parents_of
from harstudio.networks.network import SALIENCY, Gaze
from harstudio.results import Kind
from harstudio.skeletons.topology import topology as topology_named

GRAPHS = ("st-gcn", "agcn", "ctr-gcn")
LINKED = ("agcn", "ctr-gcn")  # those that learn their links, and tell them
LINKS = "learned links"
LINK_NAMES = tuple(f"{LINKS}, layer {number}" for number in told_layers(len(BLOCKS)))


class GraphStream(nn.Module):
    """What every graph network can do beside ``forward``: (N, 3, T, V, M) -> (N, C, T', V, M).

    channels: C. classifier: the name of the linear layer, as the published code has it.
    """

    channels: int
    classifier: str

    def pool(self, features: Tensor) -> Tensor:
        """(N, C, T', V, M) -> (N, C): the mean over time, joints and persons."""
        return features.mean(dim=(2, 3, 4))

    def classify(self, pooled: Tensor) -> Tensor:
        """(N, C) -> logits (N, K)."""
        layer: nn.Linear | nn.Conv2d = getattr(self, self.classifier)
        return functional.linear(pooled, layer.weight.flatten(1), layer.bias)

    def class_map(self, features: Tensor) -> Tensor:
        """(N, C, T', V, M) -> (N, K, T', V, M); its mean over positions is the logits."""
        return self.classify(features.movedim(1, -1)).movedim(-1, 1)

    def with_links(self, skeleton: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
        """The feature map, and learned links (N, V, V) by the number of the block."""
        return self(skeleton), {}

    def explained(self, skeleton: Tensor) -> tuple[Tensor, dict[str, Gaze]]:
        """The feature map, and all that this network tells of itself by name."""
        features, links = self.with_links(skeleton)
        return features, {SALIENCY: self.saliency(features), **told_links(links)}

    def saliency(self, features: Tensor) -> Gaze:
        """How much each joint at each moment spoke for each class."""
        return Gaze(Kind.JOINT_WEIGHTS, "skeleton", self.class_map(features), per_class=True)


class STGCNStream(STGCN, GraphStream):
    """ST-GCN with its classifier ``fcn``, a 1x1 convolution."""

    classifier = "fcn"

    def __init__(
        self, num_classes: int, topology: str, *, dropout: float = 0.5, edge_importance: bool = True
    ) -> None:
        super().__init__(topology, dropout=dropout, edge_importance=edge_importance)
        self.fcn = nn.Conv2d(self.channels, num_classes, 1)


class AGCNStream(AGCN, GraphStream):
    """AGCN of two bodies with its classifier ``fc``."""

    classifier = "fc"

    def __init__(self, num_classes: int, topology: str, *, dropout: float = 0.0) -> None:
        super().__init__(topology, dropout=dropout)
        self.fc = nn.Linear(self.channels, num_classes)
        nn.init.normal_(self.fc.weight, 0, math.sqrt(2 / num_classes))


class CTRGCNStream(CTRGCN, GraphStream):
    """CTR-GCN of two bodies with its classifier ``fc``; features are dropped before it."""

    classifier = "fc"

    def __init__(self, num_classes: int, topology: str, *, dropout: float = 0.0) -> None:
        super().__init__(topology)
        self.drop_out = nn.Dropout(dropout)
        self.fc = nn.Linear(self.channels, num_classes)
        nn.init.normal_(self.fc.weight, 0, math.sqrt(2 / num_classes))

    def pool(self, features: Tensor) -> Tensor:
        """(N, 256, T', V, M) -> (N, 256): the mean over time, joints and persons."""
        pooled: Tensor = self.drop_out(super().pool(features))
        return pooled


def told_links(links: Mapping[int, Tensor]) -> dict[str, Gaze]:
    """Learned links (N, V, V) by name."""
    return {
        f"{LINKS}, layer {number}": Gaze(Kind.RELATION, "skeleton", values)
        for number, values in links.items()
    }


def skeleton_stream(
    name: str, num_classes: int, topology: str, *, dropout: float | None = None,
    edge_importance: bool = True,
) -> GraphStream:  # fmt: skip
    """A graph network of ``GRAPHS`` with random weights.

    dropout: share of features dropped in training, None as the published code (0.5 in ST-GCN, 0 in
    the others). edge_importance: ST-GCN learns how much each link counts; the others learn their
    links anyway, it does not concern them. KeyError where the name is not known.
    """
    if name == "st-gcn":
        share = 0.5 if dropout is None else dropout
        return STGCNStream(num_classes, topology, dropout=share, edge_importance=edge_importance)
    others = {"agcn": AGCNStream, "ctr-gcn": CTRGCNStream}
    return others[name](num_classes, topology, dropout=dropout or 0.0)


def bones(skeleton: Tensor, topology: str) -> Tensor:
    """(N, 3, T, V, M) joints -> the bone that ends at each joint, child minus parent; 0 at a root.

    Second stream of 2s-AGCN (section 3.4 of the paper). The bones of an absent body are 0 as its
    joints are.
    """
    parents = parents_of(topology_named(topology))
    return skeleton - skeleton.index_select(3, torch.tensor(parents, device=skeleton.device))
