"""MMFF's picture stream: a backbone, two branches of self-attention, one told by the skeleton.

X. Zhu et al.: Skeleton Sequence and RGB Frame Based Multi-Modality Feature Fusion Network for
Action Recognition, TOMM 2022 (MMFF), section 3.4 and figure 4.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from harstudio.networks.blocks.picture_attention import SelfAttention, skeleton_attention

FEATURES = 256  # of each attention branch


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
        self.channels = FEATURES * branches
        self.classifier = nn.Linear(self.channels, num_classes)

    def attend(self, features: Tensor, focus: Tensor | None) -> Seen:
        """features (N, C, h, w) of the backbone, focus (N, 4) or None where nobody was seen."""
        own = tuple(attention(features) for attention in self.attention)
        told = None
        if self.told:
            if focus is None:
                focus = features.new_full((len(features), 4), torch.nan)
            told = skeleton_attention(focus, *features.shape[2:])
        return Seen(features, own, told)

    def embed(self, seen: Seen) -> Tensor:
        """(N, 256 x branches): the mean over each self-attended map, the maximum over the map that
        the skeleton points to, each through its own linear layer.

        Figure 4 shows the mean for self-attention; the text of section 3.5 says the maximum, which
        is kept for the other branch.
        """
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
