"""ResNet: a picture through four layers of residual blocks.

K. He, X. Zhang, S. Ren, J. Sun: Deep Residual Learning for Image Recognition, CVPR 2016; table 1
and equations 1 and 2. A bottleneck strides in its 3x3 convolution, as the weights in use today
do, not in its first 1x1. Parameters keep the names of torchvision, so that its weights load.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harstudio.networks.backbones.cells import RESNET

# depth -> (blocks of each layer, whether they are bottlenecks)
LAYERS = {
    18: ((2, 2, 2, 2), False),
    34: ((3, 4, 6, 3), False),
    50: ((3, 4, 6, 3), True),
}
WIDTHS = (64, 128, 256, 512)
WIDER = 4  # how much wider a bottleneck is at its end


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a link."""

    def __init__(self, channels_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = shortcut(channels_in, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, width, H / stride, W / stride)."""
        out = torch.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return torch.relu(out + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions beside a link; four times wider at the end."""

    def __init__(self, channels_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width * WIDER, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width * WIDER)
        self.downsample = shortcut(channels_in, width * WIDER, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, 4 width, H / stride, W / stride)."""
        out = torch.relu(self.bn1(self.conv1(x)))
        out = torch.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return torch.relu(out + (x if self.downsample is None else self.downsample(x)))


def shortcut(channels_in: int, channels_out: int, stride: int) -> nn.Sequential | None:
    """Shortcut B: a 1x1 convolution where the size changes, None where it does not."""
    if channels_in == channels_out and stride == 1:
        return None
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 1, stride, bias=False), nn.BatchNorm2d(channels_out)
    )


class ResNet(nn.Module):
    """Picture to map: (N, 3, H, W) -> (N, channels, h, w) after ``layer4``; 224x224 gives 7x7.

    depth: 18, 34 (512 channels) or 50 (2048). classes: outputs of the published classifier ``fc``;
    0 leaves it out. ValueError for another depth.
    """

    windows = RESNET

    def __init__(self, depth: int, classes: int = 0) -> None:
        super().__init__()
        if depth not in LAYERS:
            raise ValueError(f"a ResNet of {depth} layers is not known")
        counts, bottleneck = LAYERS[depth]
        self.channels = WIDTHS[-1] * (WIDER if bottleneck else 1)
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        channels = 64
        for number, (count, width) in enumerate(zip(counts, WIDTHS, strict=True), start=1):
            blocks: list[nn.Module] = []
            for index in range(count):
                stride = 2 if number > 1 and index == 0 else 1
                made = (Bottleneck if bottleneck else BasicBlock)(channels, width, stride)
                blocks.append(made)
                channels = width * (WIDER if bottleneck else 1)
            self.add_module(f"layer{number}", nn.Sequential(*blocks))
        self.fc = nn.Linear(channels, classes) if classes else None
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, picture: Tensor) -> Tensor:
        """The map after the last layer."""
        # Channels last in memory: less time on a processor, the same numbers.
        x: Tensor = picture.contiguous(memory_format=torch.channels_last)
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        for number in range(1, len(WIDTHS) + 1):
            x = self.get_submodule(f"layer{number}")(x)
        return x

    @property
    def head(self) -> nn.Module:
        """The classifier of what was pooled: (N, channels) -> (N, classes)."""
        assert self.fc is not None, "made without its classifier"  # noqa: S101
        return self.fc

    def classify(self, features: Tensor) -> Tensor:
        """(N, channels, h, w) -> (N, classes)."""
        logits: Tensor = self.head(features.mean(dim=(2, 3)))
        return logits
