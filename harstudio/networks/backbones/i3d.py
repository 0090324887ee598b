"""I3D: Inception with convolutions over a clip.

J. Carreira, A. Zisserman: Quo Vadis, Action Recognition? A New Model and the Kinetics Dataset,
CVPR 2017; figure 3. Parameters keep the names of the published port (pytorch-i3d), so that its
weights load. Sizes are padded as TensorFlow pads them: of an odd number of added places one more
comes after the last frame, row or column.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from harstudio.networks.backbones.cells import Window

CHANNELS = 1024
MIXED_5B = 832  # channels of the map before the last Inception module

# Channels of an Inception module: 1x1x1; 1x1x1 then 3x3x3; the same again; pooling then 1x1x1.
Widths = tuple[int, int, int, int, int, int]
MODULES: dict[str, tuple[int, Widths]] = {
    "Mixed_3b": (192, (64, 96, 128, 16, 32, 32)),
    "Mixed_3c": (256, (128, 128, 192, 32, 96, 64)),
    "Mixed_4b": (480, (192, 96, 208, 16, 48, 64)),
    "Mixed_4c": (512, (160, 112, 224, 24, 64, 64)),
    "Mixed_4d": (512, (128, 128, 256, 24, 64, 64)),
    "Mixed_4e": (512, (112, 144, 288, 32, 64, 64)),
    "Mixed_4f": (528, (256, 160, 320, 32, 128, 128)),
    "Mixed_5b": (832, (256, 160, 320, 32, 128, 128)),
    "Mixed_5c": (832, (384, 192, 384, 48, 128, 128)),
}
Triple = tuple[int, int, int]


def _padded(x: Tensor, kernel: Triple, stride: Triple) -> Tensor:
    """Zeros around a clip so that a window of this stride gives size / stride, rounded up."""
    around: list[int] = []
    for size, wide, step in reversed(list(zip(x.shape[2:], kernel, stride, strict=True))):
        total = max(wide - (size % step or step), 0)
        around += [total // 2, total - total // 2]
    return functional.pad(x, around)


class Unit(nn.Module):
    """A convolution, batch statistics, ReLU."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int = 1, stride: int = 1
    ) -> None:
        super().__init__()
        # Padding of a stride of one is the same on both sides.
        padding = kernel // 2 if stride == 1 else 0
        self.conv3d = nn.Conv3d(channels_in, channels_out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm3d(channels_out, eps=1e-3, momentum=0.01)
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, H, W) -> (N, C', T / stride, H / stride, W / stride)."""
        if self.stride != 1:
            x = _padded(x, (self.kernel,) * 3, (self.stride,) * 3)
        return torch.relu(self.bn(self.conv3d(x)))


class Pool(nn.Module):
    """The maximum over windows; what it takes is not negative, so that zeros around it are free."""

    def __init__(self, kernel: Triple, stride: Triple) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, H, W) -> (N, C, T / stride, H / stride, W / stride)."""
        return functional.max_pool3d(_padded(x, self.kernel, self.stride), self.kernel, self.stride)


class Inception(nn.Module):
    """Four ways side by side, their channels in one map."""

    def __init__(self, channels_in: int, widths: Widths) -> None:
        super().__init__()
        self.b0 = Unit(channels_in, widths[0])
        self.b1a = Unit(channels_in, widths[1])
        self.b1b = Unit(widths[1], widths[2], 3)
        self.b2a = Unit(channels_in, widths[3])
        self.b2b = Unit(widths[3], widths[4], 3)
        self.b3a = Pool((3, 3, 3), (1, 1, 1))
        self.b3b = Unit(channels_in, widths[5])

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, H, W) -> (N, C', T, H, W)."""
        ways = (
            self.b0(x),
            self.b1b(self.b1a(x)),
            self.b2b(self.b2a(x)),
            self.b3b(self.b3a(x)),
        )
        return torch.cat(ways, dim=1)


class Logits(nn.Module):
    """The published classifier: one 1x1x1 convolution with bias."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(CHANNELS, classes, 1)

    def forward(self, pooled: Tensor) -> Tensor:
        """(N, 1024) -> (N, K)."""
        return cast("Tensor", self.conv3d(pooled[..., None, None, None])).flatten(1)


class I3D(nn.Module):
    """Clip to map: (N, 3, T, H, W) -> (N, 1024, T / 8, H / 32, W / 32), rounded up; 32 frames of
    224x224 give (4, 7, 7).

    classes: outputs of the published classifier ``logits``; 0 leaves it out.
    """

    channels = CHANNELS
    windows = (Window(7, 2), *(Window(3, 2),) * 3, Window(2, 2))

    def __init__(self, classes: int = 0) -> None:
        super().__init__()
        self.Conv3d_1a_7x7 = Unit(3, 64, 7, 2)
        self.MaxPool3d_2a_3x3 = Pool((1, 3, 3), (1, 2, 2))
        self.Conv3d_2b_1x1 = Unit(64, 64)
        self.Conv3d_2c_3x3 = Unit(64, 192, 3)
        self.MaxPool3d_3a_3x3 = Pool((1, 3, 3), (1, 2, 2))
        self.MaxPool3d_4a_3x3 = Pool((3, 3, 3), (2, 2, 2))
        self.MaxPool3d_5a_2x2 = Pool((2, 2, 2), (2, 2, 2))
        for name, (channels_in, widths) in MODULES.items():
            self.add_module(name, Inception(channels_in, widths))
        self.logits = Logits(classes) if classes else None

    def mixed_5b(self, clip: Tensor) -> Tensor:
        """(N, 3, T, H, W) -> (N, 832, t, h, w): the map before the last Inception module."""
        x = self.MaxPool3d_2a_3x3(self.Conv3d_1a_7x7(clip))
        x = self.MaxPool3d_3a_3x3(self.Conv3d_2c_3x3(self.Conv3d_2b_1x1(x)))
        for name in MODULES:
            if name == "Mixed_4b":
                x = self.MaxPool3d_4a_3x3(x)
            elif name == "Mixed_5b":
                x = self.MaxPool3d_5a_2x2(x)
            elif name == "Mixed_5c":
                break
            x = self.get_submodule(name)(x)
        return cast("Tensor", x)

    def mixed_5c(self, features: Tensor) -> Tensor:
        """(N, 832, t, h, w) -> (N, 1024, t, h, w): the last Inception module."""
        return cast("Tensor", self.get_submodule("Mixed_5c")(features))

    def forward(self, clip: Tensor) -> Tensor:
        """The map of the last Inception module, not negative."""
        return self.mixed_5c(self.mixed_5b(clip))

    def pool(self, features: Tensor) -> Tensor:
        """(N, 1024, t, h, w) -> (N, 1024): the mean over space, then over all pairs of neighbouring
        moments, as the published code pools; one moment alone is its own mean."""
        moments = features.mean(dim=(3, 4))
        if moments.shape[2] > 1:
            moments = (moments[..., 1:] + moments[..., :-1]) / 2
        return moments.mean(dim=2)

    def classify(self, features: Tensor) -> Tensor:
        """(N, 1024, t, h, w) -> (N, classes)."""
        return cast("Tensor", self.head(self.pool(features)))

    @property
    def head(self) -> nn.Module:
        """The classifier of what was pooled: (N, 1024) -> (N, classes)."""
        return cast("nn.Module", self.logits)
