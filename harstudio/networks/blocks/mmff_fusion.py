"""The ways in which MMFF's picture meets its skeleton.

X. Zhu et al.: Skeleton Sequence and RGB Frame Based Multi-Modality Feature Fusion Network for
Action Recognition, TOMM 2022 (MMFF), section 3.5 and table 6. The widths that the paper does not
print (512) are those that its printed sizes leave room for.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from harstudio.networks.blocks.relation_fusion import HIDDEN, RelationFusion


class CrossAttention(nn.Module):
    """Section 3.5: the fusion of the form with a graph network."""

    def __init__(self, channels: int, joint_channels: int, num_classes: int, relation: str) -> None:
        super().__init__()
        self.relate = RelationFusion(channels, joint_channels, relation)
        self.classifier = nn.Linear(HIDDEN, num_classes)

    def forward(self, cells: Tensor, joints: Tensor) -> tuple[Tensor, Tensor]:
        """cells (N, C, S), joints (N, C_s, T', V, M) -> features (N, 512), relation (N, L, L).

        Of the joints the mean over persons, as ST-GCN pools them, then the strongest moment.
        """
        related: tuple[Tensor, Tensor] = self.relate(cells, joints.mean(dim=4).amax(dim=2))
        return related


class Concatenation(nn.Module):
    """Section 3.5: the fusion of the form with Bi-LSTM.

    Both streams' features side by side, the skeleton's first, divided by their length (L2 norm),
    then three linear layers with a leaky ReLU and a ReLU between them; the last is ``classifier``.
    """

    def __init__(self, skeleton_features: int, picture_features: int, num_classes: int) -> None:
        super().__init__()
        self.embed = nn.Linear(skeleton_features + picture_features, HIDDEN)
        self.hidden = nn.Linear(HIDDEN, HIDDEN)
        self.classifier = nn.Linear(HIDDEN, num_classes)

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        """Features of both (N, D) -> (N, 512)."""
        both = torch.cat((features["skeleton"], features["picture"]), dim=1)
        embedded = functional.leaky_relu(self.embed(functional.normalize(both, dim=1)), 0.01)
        return torch.relu(self.hidden(embedded))


class SumFusion(nn.Module):
    """Table 6, "sum fusion": both streams' features to one size, summed, then classified."""

    def __init__(self, skeleton_features: int, picture_features: int, num_classes: int) -> None:
        super().__init__()
        self.skeleton = nn.Linear(skeleton_features, HIDDEN)
        self.picture = nn.Linear(picture_features, HIDDEN)
        self.classifier = nn.Linear(HIDDEN, num_classes)

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        """Features of both (N, D) -> (N, 512)."""
        total = self.skeleton(features["skeleton"]) + self.picture(features["picture"])
        return functional.leaky_relu(total, 0.01)


class DecisionFusion(nn.Module):
    """Table 6, "decision fusion": a weighted sum of probabilities. ``balance`` is learned; its
    sigmoid is the skeleton's weight, one half at first."""

    def __init__(self) -> None:
        super().__init__()
        self.balance = nn.Parameter(torch.zeros(()))

    def forward(self, logits: Mapping[str, Tensor]) -> Tensor:
        """Logits of both (N, K) -> (N, K), the logarithm of the summed probabilities."""
        share = functional.logsigmoid
        return torch.logaddexp(
            torch.log_softmax(logits["skeleton"], dim=1) + share(self.balance),
            torch.log_softmax(logits["picture"], dim=1) + share(-self.balance),
        )
