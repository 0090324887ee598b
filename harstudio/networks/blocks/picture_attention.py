"""Where a network looks in one picture: self-attention, and attention told by the skeleton.

X. Zhu et al.: Skeleton Sequence and RGB Frame Based Multi-Modality Feature Fusion Network for
Action Recognition, TOMM 2022 (MMFF), section 3.4.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """Equation 11: one 1x1 convolution and a sigmoid say how much each place counts."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, 1, h, w) in [0, 1]."""
        return torch.sigmoid(self.conv(features))


def skeleton_attention(focus: Tensor, height: int, width: int) -> Tensor:
    """The mask of equation 15 at the size of the map: (N, 4) -> (N, 1, height, width) in [0, 1].

    focus: the square around the joint that moved most: left, top, right, bottom as shares of the
    picture. The printed mask is 1 inside and 0 outside; a cell of the map has the share of its
    area that lies inside. Where the square misses the picture, the cell nearest to its middle is
    1; where focus is NaN, nobody was seen and everything is 1.
    """
    known = torch.isfinite(focus).all(dim=1)[:, None, None]
    left, top, right, bottom = torch.nan_to_num(focus, 0.0, 0.0, 0.0).unbind(dim=1)
    down, along = _covered(top, bottom, height), _covered(left, right, width)
    mask = down[:, :, None] * along[:, None, :]
    nearest = (
        _nearest((top + bottom) / 2, height)[:, :, None]
        * _nearest((left + right) / 2, width)[:, None, :]
    )
    missed = mask.amax(dim=(1, 2), keepdim=True) <= 0
    mask = torch.where(missed, nearest, mask)
    return torch.where(known, mask, torch.ones_like(mask))[:, None]


def _covered(start: Tensor, end: Tensor, cells: int) -> Tensor:
    """(N,), (N,) -> (N, cells): which share of each cell of [0, 1] lies in [start, end]."""
    edges = torch.arange(cells + 1, device=start.device, dtype=start.dtype) / cells
    low = torch.maximum(start[:, None], edges[:-1])
    high = torch.minimum(end[:, None], edges[1:])
    return (high - low).clamp(min=0) * cells


def _nearest(place: Tensor, cells: int) -> Tensor:
    """(N,) in shares -> (N, cells): 1 for the cell that holds the place, or is nearest to it."""
    index = (place * cells).floor().clamp(0, cells - 1)
    return (index[:, None] == torch.arange(cells, device=place.device)).to(place.dtype)
