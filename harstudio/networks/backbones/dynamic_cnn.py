"""A small convolutional network on dynamic images of a few parts of a clip, side by side.

Dynamic images are those of H. Bilen, B. Fernando, E. Gavves, A. Vedaldi: Action Recognition with
Dynamic Image Networks, TPAMI 2018 (``inputs.dynamic``). Chosen here, for a few hundred clips and
one processor: the images of all parts are channels of the first convolution, so that the network
sees what moved where and when; four layers, each a convolution with stride 2, batch normalisation
and ReLU. A dynamic image says nothing about where its zero is, since its least value is black and
its largest white: its median, which is what stood still, is taken away, and all images of a clip
are divided by their common standard deviation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harstudio.networks.backbones.cells import Window

CHANNELS = 256
# (channels out, kernel)
LAYERS = ((32, 5), (64, 3), (128, 3), (CHANNELS, 3))
EPSILON = 1e-3  # of values that spread about 1


class DynamicCNN(nn.Module):
    """(N, 3, S, H, W), of one part (N, 3, H, W) -> (N, 256, h, w), sides a 16th, rounded up.

    parts: S. Colours are averaged: what it knows of a picture is where something moved.
    """

    channels = CHANNELS
    windows = tuple(Window(kernel, 2, kernel // 2) for _, kernel in LAYERS)

    def __init__(self, parts: int) -> None:
        super().__init__()
        blocks = []
        channels = parts
        for following, kernel in LAYERS:
            convolution = nn.Conv2d(channels, following, kernel, 2, kernel // 2, bias=False)
            blocks.append(nn.Sequential(convolution, nn.BatchNorm2d(following), nn.ReLU()))
            channels = following
        self.layers = nn.Sequential(*blocks)

    def forward(self, dynamic: Tensor) -> Tensor:
        """Dynamic images to the map of what moved."""
        gray = dynamic.mean(dim=1)
        features: Tensor = self.layers(stilled(gray if gray.dim() == 4 else gray[:, None]))
        return features


def stilled(images: Tensor) -> Tensor:
    """(N, S, H, W) -> the same with what stood still at 0 and a standard deviation near 1."""
    apart = images - _median(images.flatten(2))[:, :, None, None]
    spread = torch.std(apart, dim=(1, 2, 3), keepdim=True)
    return apart / (spread + EPSILON)


def _median(values: Tensor) -> Tensor:
    """(N, S, P) -> (N, S), of two in the middle the lower one; ONNX has no median, but the largest
    of the lower half."""
    if torch.compiler.is_exporting():
        half = values.topk((values.shape[2] + 1) // 2, dim=2, largest=False, sorted=True)
        return half.values[..., -1]
    return values.median(dim=2).values
