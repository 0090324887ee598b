"""MFFM: a video's map and a skeleton's features, selected by channel and by place.

G. Liu, X. Li, Y. Wu, Z. Zheng: Dual-stream fusion action recognition model based on cross-modal
co-sensing (CC-DFARM), section 2.6, equations 19 to 23; the dynamic feature fusion of D-Net.

Choices: equation 19 needs maps of equal shape, and the paper does not say how a skeleton gets one:
the video's map goes through a 1x1x1 convolution, the skeleton's features through a linear layer and
are the same at every place.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Selection(NamedTuple):
    """fused: (N, C, t, h, w). channels: (N, 2 C) in [0, 1], the video's first (w_ch). places: (N,
    1, t, h, w) in [0, 1] (w_sp)."""

    fused: Tensor
    channels: Tensor
    places: Tensor


class MFFM(nn.Module):
    """Fuses a map (N, C_v, t, h, w) with features (N, C_s)."""

    def __init__(self, visual: int, skeleton: int, channels: int = 512) -> None:
        super().__init__()
        self.visual = nn.Conv3d(visual, channels, 1)
        self.skeleton = nn.Linear(skeleton, channels)
        self.select = nn.Conv3d(2 * channels, 2 * channels, 1, bias=False)
        self.reduce = nn.Conv3d(2 * channels, channels, 1, bias=False)
        self.visual_places = nn.Conv3d(channels, 1, 1)
        self.skeleton_places = nn.Conv3d(channels, 1, 1)

    def forward(self, visual: Tensor, skeleton: Tensor) -> Selection:
        """Equations 19 to 23."""
        one: Tensor = self.visual(visual)
        two: Tensor = self.skeleton(skeleton)[..., None, None, None]
        both = torch.cat((one, two.expand_as(one)), dim=1)
        channels = torch.sigmoid(self.select(both.mean(dim=(2, 3, 4), keepdim=True)))
        reduced = self.reduce(channels * both)
        places = torch.sigmoid(self.visual_places(one) + self.skeleton_places(two))
        return Selection(places * reduced, channels.flatten(1), places)
