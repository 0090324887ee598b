"""EfficientNet-Lite0: inverted bottlenecks without squeeze and excitation, ReLU6 throughout.

M. Tan, Q. V. Le: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks,
ICML 2019; the Lite form is of the TensorFlow authors (2020). Parameters keep the names of the
published PyTorch port, so that its ImageNet weights load. Convolutions pad as TensorFlow's "same":
with stride 2 on an even size the odd pixel is added right and below. A pixel is (x - 127) / 128.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from harstudio.networks.backbones.cells import Window

CHANNELS = 1280
EPSILON = 1e-3
MOMENTUM = 0.01  # TensorFlow's 0.99

# (kernel, stride of the first block, expansion, channels out, blocks)
STAGES = (
    (3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3), (5, 2, 6, 192, 4), (3, 1, 6, 320, 1),
)  # fmt: skip


class SameConvolution(nn.Conv2d):
    """A convolution without bias whose output has ceil(size / stride) positions."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(channels_in, channels_out, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', ceil(H / stride), ceil(W / stride))."""
        height, width = (
            max((-(-size // step) - 1) * step + kernel - size, 0)
            for size, step, kernel in zip(x.shape[2:], self.stride, self.kernel_size, strict=True)
        )
        if height or width:
            x = functional.pad(
                x, (width // 2, width - width // 2, height // 2, height - height // 2)
            )
        return super().forward(x)


class Block(nn.Module):
    """Widen, convolve every channel apart, narrow; a link where nothing changes shape."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, stride: int, expansion: int,
        momentum: float,
    ) -> None:  # fmt: skip
        super().__init__()
        wide = channels_in * expansion
        self._expand_conv: nn.Module | None = None
        if expansion != 1:
            self._expand_conv = SameConvolution(channels_in, wide, 1)
            self._bn0 = nn.BatchNorm2d(wide, EPSILON, momentum)
        self._depthwise_conv = SameConvolution(wide, wide, kernel, stride, wide)
        self._bn1 = nn.BatchNorm2d(wide, EPSILON, momentum)
        self._project_conv = SameConvolution(wide, channels_out, 1)
        self._bn2 = nn.BatchNorm2d(channels_out, EPSILON, momentum)
        self.linked = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', ceil(H / stride), ceil(W / stride))."""
        out = x
        if self._expand_conv is not None:
            out = functional.relu6(self._bn0(self._expand_conv(out)))
        out = functional.relu6(self._bn1(self._depthwise_conv(out)))
        out = self._bn2(self._project_conv(out))
        linked: Tensor = x + out if self.linked else out
        return linked


class EfficientNetLite0(nn.Module):
    """Picture to map: (N, 3, H, W) -> (N, 1280, ceil(H / 32), ceil(W / 32)); 224x224 gives 7x7.

    classes: outputs of the published classifier ``_fc``; 0 leaves it out. momentum: of the batch
    statistics. The published training also dropped out whole blocks and a fifth of the features
    before the classifier; neither is here.
    """

    windows = (Window(3, 2), *(Window(kernel, stride) for kernel, stride, *_ in STAGES))

    def __init__(self, classes: int = 0, *, momentum: float = MOMENTUM) -> None:
        super().__init__()
        self._conv_stem = SameConvolution(3, 32, 3, 2)
        self._bn0 = nn.BatchNorm2d(32, EPSILON, momentum)
        channels = [32] + [out for *_, out, _ in STAGES]
        self._blocks = nn.ModuleList(
            Block(
                narrow if index == 0 else out, out, kernel, stride if index == 0 else 1, expansion,
                momentum,
            )
            for (narrow, out), (kernel, stride, expansion, _, count) in zip(
                pairwise(channels), STAGES, strict=True
            )
            for index in range(count)
        )  # fmt: skip
        self._conv_head = SameConvolution(channels[-1], CHANNELS, 1)
        self._bn1 = nn.BatchNorm2d(CHANNELS, EPSILON, momentum)
        self._fc = nn.Linear(CHANNELS, classes) if classes else None

    def forward(self, picture: Tensor) -> Tensor:
        """The map after its last ReLU6."""
        # Channels last in memory: nearly a third less time on a processor, the same numbers.
        picture = picture.contiguous(memory_format=torch.channels_last)
        x = functional.relu6(self._bn0(self._conv_stem(picture)))
        for block in self._blocks:
            x = block(x)
        return functional.relu6(self._bn1(self._conv_head(x)))

    def classify(self, features: Tensor) -> Tensor:
        """(N, 1280, h, w) -> (N, classes)."""
        assert self._fc is not None, "made without its classifier"  # noqa: S101
        logits: Tensor = self._fc(features.mean(dim=(2, 3)))
        return logits
