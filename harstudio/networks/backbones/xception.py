"""Xception: convolutions over channels and over space apart.

F. Chollet: Xception: Deep Learning with Depthwise Separable Convolutions, CVPR 2017; figure 5.
Parameters keep the names of Cadene's published port, so that its weights load.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harstudio.networks.backbones.cells import Window

CHANNELS = 2048

# (channels in, channels out, separable convolutions, stride); all grow in the first convolution
# but the last block, which grows in its last.
BLOCKS = (
    (64, 128, 2, 2), (128, 256, 2, 2), (256, 728, 2, 2),
    *((728, 728, 3, 1),) * 8,
    (728, 1024, 2, 2),
)  # fmt: skip


class SeparableConvolution(nn.Module):
    """3x3 on every channel apart, then 1x1 over channels."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(
            channels_in, channels_in, 3, padding=1, groups=channels_in, bias=False
        )
        self.pointwise = nn.Conv2d(channels_in, channels_out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H, W)."""
        out: Tensor = self.pointwise(self.conv1(x))
        return out


class Block(nn.Module):
    """Two or three separable convolutions beside a link; a stride pools by maximum at the end."""

    def __init__(
        self, channels_in: int, channels_out: int, convolutions: int, stride: int,
        *, first: bool = False, grow_last: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.skip: nn.Module | None = None
        if channels_in != channels_out or stride != 1:
            self.skip = nn.Conv2d(channels_in, channels_out, 1, stride, bias=False)
            self.skipbn = nn.BatchNorm2d(channels_out)
        grows = convolutions - 1 if grow_last else 0
        layers: list[nn.Module] = []
        channels = channels_in
        for index in range(convolutions):
            following = channels_out if index >= grows else channels_in
            layers += [nn.ReLU(), SeparableConvolution(channels, following)]
            layers.append(nn.BatchNorm2d(following))
            channels = following
        if first:  # what comes in has been through a ReLU
            layers.pop(0)
        if stride != 1:
            layers.append(nn.MaxPool2d(3, stride, 1))
        self.rep = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H / stride, W / stride)."""
        out: Tensor = self.rep(x)
        return out + (x if self.skip is None else self.skipbn(self.skip(x)))


class Xception(nn.Module):
    """Picture to map: (N, 3, H, W) -> (N, 2048, h, w); 299x299 gives 10x10.

    classes: outputs of the published classifier ``last_linear``; 0 leaves it out.
    """

    windows = (Window(3, 2, 0), Window(3, 1, 0), *(Window(3, 2, 1),) * 4)

    def __init__(self, classes: int = 0) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, 2, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, 3, bias=False)
        self.bn2 = nn.BatchNorm2d(64)
        last = len(BLOCKS)
        for number, block in enumerate(BLOCKS, start=1):
            built = Block(*block, first=number == 1, grow_last=number == last)
            self.add_module(f"block{number}", built)
        self.conv3 = SeparableConvolution(1024, 1536)
        self.bn3 = nn.BatchNorm2d(1536)
        self.conv4 = SeparableConvolution(1536, CHANNELS)
        self.bn4 = nn.BatchNorm2d(CHANNELS)
        self.last_linear = nn.Linear(CHANNELS, classes) if classes else None

    def features(self, picture: Tensor) -> Tensor:
        """The map before its last ReLU, as the published code calls it."""
        # Channels last in memory: a fifth less time on a processor, the same numbers.
        picture = picture.contiguous(memory_format=torch.channels_last)
        x = torch.relu(self.bn1(self.conv1(picture)))
        x = torch.relu(self.bn2(self.conv2(x)))
        for number in range(1, len(BLOCKS) + 1):
            x = self.get_submodule(f"block{number}")(x)
        x = torch.relu(self.bn3(self.conv3(x)))
        out: Tensor = self.bn4(self.conv4(x))
        return out

    def forward(self, picture: Tensor) -> Tensor:
        """The map after its last ReLU."""
        return torch.relu(self.features(picture))

    @property
    def head(self) -> nn.Module:
        """The classifier of what was pooled: (N, 2048) -> (N, classes)."""
        assert self.last_linear is not None, "made without its classifier"  # noqa: S101
        return self.last_linear

    def classify(self, features: Tensor) -> Tensor:
        """(N, 2048, h, w) -> (N, classes)."""
        logits: Tensor = self.head(features.mean(dim=(2, 3)))
        return logits
