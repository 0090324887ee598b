"""ResNet-50 with its 3x3 convolutions inflated to 3x3x3.

K. He et al.: Deep Residual Learning for Image Recognition, CVPR 2016; inflated as in J. Carreira,
A. Zisserman: Quo Vadis, Action Recognition?, CVPR 2017. The form that MFAS and MMTM use for
NTU RGB+D: the first convolution sees single frames (7x7), the middle one of every block three of
them, and no stride goes over time. Parameters are named as torchvision's ResNet-50; a weight of one
more axis is the picture's at its middle.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from harstudio.networks.backbones.cells import RESNET

CHANNELS = 2048
# (channels inside, blocks, stride over space)
LAYERS = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
EXPANSION = 4


class Bottleneck(nn.Module):
    """1x1x1, 3x3x3, 1x1x1 beside a link."""

    def __init__(self, channels_in: int, inner: int, stride: int) -> None:
        super().__init__()
        channels = EXPANSION * inner
        over = (1, stride, stride)
        self.conv1 = nn.Conv3d(channels_in, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(inner)
        self.conv2 = nn.Conv3d(inner, inner, 3, over, 1, bias=False)
        self.bn2 = nn.BatchNorm3d(inner)
        self.conv3 = nn.Conv3d(inner, channels, 1, bias=False)
        self.bn3 = nn.BatchNorm3d(channels)
        self.downsample: nn.Module | None = None
        if channels_in != channels or stride != 1:
            self.downsample = nn.Sequential(
                nn.Conv3d(channels_in, channels, 1, over, bias=False), nn.BatchNorm3d(channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, H, W) -> (N, C', T, H / stride, W / stride)."""
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class InflatedResNet50(nn.Module):
    """Clip to map: (N, 3, T, H, W) -> (N, 2048, T, H / 32, W / 32), rounded up."""

    channels = CHANNELS
    windows = RESNET

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(3, 64, (1, 7, 7), (1, 2, 2), (0, 3, 3), bias=False)
        self.bn1 = nn.BatchNorm3d(64)
        self.maxpool = nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1))
        channels = 64
        for number, (inner, count, stride) in enumerate(LAYERS, start=1):
            blocks = []
            for index in range(count):
                blocks.append(Bottleneck(channels, inner, 1 if index else stride))
                channels = EXPANSION * inner
            self.add_module(f"layer{number}", nn.Sequential(*blocks))
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def layer(self, number: int, x: Tensor) -> Tensor:
        """One of the four layers; 1 to 4."""
        return cast("Tensor", self.get_submodule(f"layer{number}")(x))

    def middle(self, clip: Tensor) -> Tensor:
        """(N, 3, T, H, W) -> (N, 512, T, h, w): up to the second layer."""
        x = self.maxpool(torch.relu(self.bn1(self.conv1(clip))))
        return self.layer(2, self.layer(1, x))

    def forward(self, clip: Tensor) -> Tensor:
        """The map of the last layer, not negative."""
        return self.layer(4, self.layer(3, self.middle(clip)))
