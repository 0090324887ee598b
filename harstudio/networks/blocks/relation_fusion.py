"""MMFF's fusion of a picture's cells with the joints of a skeleton.

X. Zhu et al.: Skeleton Sequence and RGB Frame Based Multi-Modality Feature Fusion Network for
Action Recognition, TOMM 2022 (MMFF), section 3.5, "GCN-based fusion module", and figure 6.

As printed, equation 17 multiplies an L x L relation with C x L features element by element, which
cannot be. We read both equations as attention: every position becomes a weighted mean of all
positions. ``relation="mask"`` is the literal product: the mean row of the relation, 1 x L,
weighs the positions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

EMBEDDED = 512
REDUCED = 256
HIDDEN = 512


class RelationFusion(nn.Module):
    """Cells and joints, each with the mean of the other, related and summed up."""

    def __init__(self, picture_channels: int, joint_channels: int, relation: str) -> None:
        super().__init__()
        self.relation = relation
        channels = picture_channels + joint_channels
        self.theta = _embedding(channels)
        self.phi = _embedding(channels)
        self.reduce = nn.Conv1d(channels, REDUCED, 1)
        self.embed = nn.Linear(REDUCED, HIDDEN)

    def forward(self, cells: Tensor, joints: Tensor) -> tuple[Tensor, Tensor]:
        """cells (N, C_r, S), joints (N, C_s, V) -> features (N, 512), relation (N, S + V, S + V).

        Rows of the relation sum to 1; the cells come first.
        """
        combined = combine(cells, joints)
        relation = torch.softmax(self.theta(combined).mT @ self.phi(combined), dim=-1)
        if self.relation == "mask":
            related = combined * relation.mean(dim=1, keepdim=True)
        else:
            related = combined @ relation.mT
        pooled = self.reduce(related).mean(dim=2)
        return functional.leaky_relu(self.embed(pooled), 0.01), relation


def combine(cells: Tensor, joints: Tensor) -> Tensor:
    """Every column with the mean of the other side: (N, C_r, S), (N, C_s, V) -> (N, C_r + C_s,
    S + V). The picture's channels come first in all columns."""
    picture = cells.mean(dim=2, keepdim=True).expand(-1, -1, joints.shape[2])
    skeleton = joints.mean(dim=2, keepdim=True).expand(-1, -1, cells.shape[2])
    return torch.cat(
        (torch.cat((cells, skeleton), dim=1), torch.cat((picture, joints), dim=1)), dim=2
    )


def _embedding(channels: int) -> nn.Conv1d:
    """One convolution of equation 16. Their product has no scale; this start gives it a variance
    near that of the features' squares, so that no row begins at a single position."""
    convolution = nn.Conv1d(channels, EMBEDDED, 1)
    nn.init.normal_(convolution.weight, std=(channels * EMBEDDED**0.5) ** -0.5)
    nn.init.constant_(convolution.get_parameter("bias"), 0.0)
    return convolution
