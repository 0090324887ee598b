"""TIAM: positions and motion of a skeleton attend to each other, over channels and over places.

G. Liu, X. Li, Y. Wu, Z. Zheng: Dual-stream fusion action recognition model based on cross-modal
co-sensing (CC-DFARM), section 2.4, equations 15 to 18. As printed the products do not fit (F is a
transpose that is transposed again); the module is the one of the same name in remote sensing (JAG
2024), whose published code settles it and gives the parameters' names:

    R = g(P), shared by both; E_1 = theta(P_A); E_2 = phi(P_B); L places, C / 2 channels
    Y1 = E_1 E_2^T ("style", channels), Y2 = E_1^T E_2 ("view", places)
    A: P_A + W(softmax_last(Y1^T) R_A softmax_first(Y2))
    B: P_B + W(softmax_last(Y1) R_B softmax_first(Y2^T))
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Interaction(NamedTuple):
    """What TIAM makes of two maps (N, C, H, W).

    style: (N, C / 2, C / 2) softmax(Y1), rows sum to 1: channels of the first to channels of the
    second. view: None unless asked for, else (N, L, L), L = H * W, the softmax of Y2 over its first
    axis: column l tells from which places the first map's place l is made.
    """

    first: Tensor
    second: Tensor
    style: Tensor
    view: Tensor | None


class TIAM(nn.Module):
    """Two maps of equal shape, each made anew from itself as both agree."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(1, channels // 2)
        self.g = _embedding(channels, inner)
        self.theta = _embedding(channels, inner)
        self.phi = _embedding(channels, inner)
        self.W = nn.Sequential(nn.Conv2d(inner, channels, 1), nn.BatchNorm2d(channels))

    def forward(self, first: Tensor, second: Tensor, explain: bool = False) -> Interaction:
        """(N, C, H, W) twice; ``view`` is told where an explanation is asked for."""
        one, two = self.theta(first).flatten(2), self.phi(second).flatten(2)
        channels = one @ two.mT
        style = channels.softmax(dim=2)
        made = channels.mT.softmax(dim=2) @ _gathered(two, one, self.g(first).flatten(2))
        other = style @ _gathered(one, two, self.g(second).flatten(2))
        n, _, height, width = first.shape
        return Interaction(
            first + self.W(made.view(n, -1, height, width)),
            second + self.W(other.view(n, -1, height, width)),
            style,
            (two.mT @ one).softmax(dim=2).mT if explain else None,
        )


def _gathered(to: Tensor, by: Tensor, values: Tensor) -> Tensor:
    """(N, C, L) three times -> (N, C, L): values @ softmax_first(by^T to), never holding L x L
    numbers; rows that lie together in memory take the fast way."""
    one, two, three = (x.mT.contiguous()[:, None] for x in (to, by, values))
    gathered = functional.scaled_dot_product_attention(one, two, three, scale=1.0)
    return gathered[:, 0].mT


def _embedding(channels: int, inner: int) -> nn.Sequential:
    """Equation 15: batch statistics, then a 1x1 convolution."""
    return nn.Sequential(nn.BatchNorm2d(channels), nn.Conv2d(channels, inner, 1))


def frame_affinity(view: Tensor, frames: int) -> Tensor:
    """(N, L, L) -> (N, T, T) for places that are frames by anything: row t tells how much of each
    frame is in frame t; rows sum to 1."""
    things = view.shape[1] // frames
    by_frame = view.reshape(-1, frames, things, frames, things)
    return torch.einsum("nsatb->nts", by_frame) / things
