"""3D ResNet: residual blocks of 3x3x3 convolutions over a clip.

K. Hara, H. Kataoka, Y. Satoh: Can Spatiotemporal 3D CNNs Retrace the History of 2D CNNs and
ImageNet?, CVPR 2018; table 1, basic blocks with shortcut B (a 1x1x1 convolution where the shape
changes). Parameters keep the names of the published code (3D-ResNets-PyTorch), so that its weights
load.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from harstudio.networks.backbones.cells import RESNET

CHANNELS = 512
LAYERS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}  # blocks in each of the four stages, by depth
WIDTHS = (64, 128, 256, CHANNELS)


class Block(nn.Module):
    """Two 3x3x3 convolutions beside a link (the basic block)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(channels_out)
        self.conv2 = nn.Conv3d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm3d(channels_out)
        self.downsample: nn.Module | None = None
        if stride != 1 or channels_in != channels_out:
            self.downsample = nn.Sequential(
                nn.Conv3d(channels_in, channels_out, 1, stride, bias=False),
                nn.BatchNorm3d(channels_out),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, H, W) -> (N, C', T / stride, H / stride, W / stride)."""
        out = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(out + (x if self.downsample is None else self.downsample(x)))


class ResNet3D(nn.Module):
    """Clip to map: (N, 3, T, H, W) -> (N, 512, t, h, w) after the last stage.

    16 frames of 112x112 give (1, 4, 4). depth: 18 or 34. classes: outputs of the published
    classifier ``fc``; 0 leaves it out. conv1_t_stride: of the first convolution in time, 1 in the
    published code; 2 halves the frames there, and half of the work.
    """

    channels = CHANNELS
    windows = RESNET

    def __init__(self, depth: int, classes: int = 0, conv1_t_stride: int = 2) -> None:
        super().__init__()
        if depth not in LAYERS:
            raise ValueError(f"depth is {depth}; it can be 18 or 34")
        self.conv1 = nn.Conv3d(3, 64, 7, (conv1_t_stride, 2, 2), 3, bias=False)
        self.bn1 = nn.BatchNorm3d(64)
        self.maxpool = nn.MaxPool3d(3, 2, 1)
        channels = 64
        for number, (width, blocks) in enumerate(zip(WIDTHS, LAYERS[depth], strict=True), start=1):
            stage: list[nn.Module] = [Block(channels, width, 1 if number == 1 else 2)]
            stage += [Block(width, width, 1) for _ in range(blocks - 1)]
            self.add_module(f"layer{number}", nn.Sequential(*stage))
            channels = width
        self.fc = nn.Linear(CHANNELS, classes) if classes else None
        for part in self.modules():
            if isinstance(part, nn.Conv3d):
                nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, clip: Tensor) -> Tensor:
        """The map of the last stage, not negative."""
        x: Tensor = self.maxpool(torch.relu(self.bn1(self.conv1(clip))))
        for number in range(1, len(WIDTHS) + 1):
            x = self.get_submodule(f"layer{number}")(x)
        return x

    def pool(self, features: Tensor) -> Tensor:
        """(N, 512, t, h, w) -> (N, 512): the mean over time and space."""
        return features.mean(dim=(2, 3, 4))

    def classify(self, features: Tensor) -> Tensor:
        """(N, 512, t, h, w) -> (N, classes)."""
        return cast("Tensor", self.head(self.pool(features)))

    @property
    def head(self) -> nn.Module:
        """The classifier of what was pooled: (N, 512) -> (N, classes)."""
        return cast("nn.Module", self.fc)
