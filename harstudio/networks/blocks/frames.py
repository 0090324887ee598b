"""A picture's backbone on every frame of a clip."""

from __future__ import annotations

from torch import Tensor, nn


def each_frame(backbone: nn.Module, clip: Tensor) -> Tensor:
    """(N, 3, T, H, W) -> (N, C, T, h, w): every frame by itself, by the same weights."""
    count, channels, frames, height, width = clip.shape
    pictures = clip.transpose(1, 2).reshape(count * frames, channels, height, width)
    maps: Tensor = backbone(pictures)
    return maps.view(count, frames, *maps.shape[1:]).transpose(1, 2)
