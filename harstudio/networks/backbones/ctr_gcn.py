"""CTR-GCN's backbone: a topology for every channel, and convolutions over time at several scales.

Y. Chen, Z. Zhang, C. Yuan, B. Li, Y. Deng, W. Hu: Channel-wise Topology Refinement Graph
Convolution for Skeleton-Based Action Recognition, ICCV 2021; equations 5 to 8 and section 3.4.
Parameters keep the names of the published code, and values that the paper leaves open are its:
joints are compared in an eighth of the channels (8 of the coordinates), convolutions over time have
5 taps, at distances 1 and 2. The strength alpha of the refinement starts at 1e-6, not at 0: then
what it refines is learned from the first step on.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from harstudio.networks.backbones.agcn import (
    BLOCKS,
    STILL,
    TemporalConvolution,
    by_person,
    joined,
    mean_links,
    start,
    told_layers,
)
from harstudio.networks.blocks.graph import inward_outward
from harstudio.networks.blocks.graph_layers import BodyNorm, Pointwise, pointwise

COMPARED = 8
KERNEL = 5
DILATIONS = (1, 2)


class Refinement(nn.Module):
    """What one subset of CTR-GC learns: the topology of every channel, and the features' transform
    ``conv3``."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        compared = COMPARED if channels_in <= 9 else channels_in // COMPARED
        self.conv1 = nn.Conv2d(channels_in, compared, 1)
        self.conv2 = nn.Conv2d(channels_in, compared, 1)
        self.conv3 = nn.Conv2d(channels_in, channels_out, 1)
        self.conv4 = nn.Conv2d(compared, channels_out, 1)
        for layer in self.children():
            start(layer)

    def forward(self, mean: Tensor) -> Tensor:
        """Equation 6: features' mean over time (B, C, 1, V) -> Q (B, C', V, W)."""
        to = self.conv1(mean).transpose(2, 3)  # (B, C, V, 1)
        of = self.conv2(mean)  # (B, C, 1, W)
        refined: Tensor = self.conv4(torch.tanh(to - of))
        return refined


class GraphConvolution(nn.Module):
    """CTR-GC for three subsets; the given topologies are learned on (``PA``), as alpha is.

    Equation 7: R = A + alpha Q; equation 8: every channel of the transformed features is summed
    over neighbours by its own R, and the subsets are added.
    """

    A: Tensor

    def __init__(self, channels_in: int, channels_out: int, adjacency: Tensor) -> None:
        super().__init__()
        self.register_buffer("A", adjacency, persistent=False)
        self.convs = nn.ModuleList(Refinement(channels_in, channels_out) for _ in adjacency)
        self.PA = nn.Parameter(adjacency.clone())
        self.alpha = nn.Parameter(torch.full((1,), STILL))
        self.bn = nn.BatchNorm2d(channels_out)
        nn.init.constant_(self.bn.weight, STILL)
        self.down: nn.Module = nn.Identity()
        if channels_in != channels_out:
            self.down = nn.Sequential(
                Pointwise(channels_in, channels_out), nn.BatchNorm2d(channels_out)
            )
            start(self.down[0])

    def links(self, x: Tensor) -> Tensor:
        """(B, C, T, V) -> R (B, K, C', V, W): what joint v takes from joint w."""
        return self._refined(x) + self.PA[:, None]

    def learned(self, x: Tensor) -> Tensor:
        """(B, C, T, V) -> how R differs from the topologies that were given, alike in shape."""
        return self._refined(x) + (self.PA - self.A)[:, None]

    def _refined(self, x: Tensor) -> Tensor:
        """alpha Q. The mean over time comes before the convolutions, which are linear."""
        mean = x.mean(dim=2, keepdim=True)
        refined = torch.stack([conv(mean) for conv in self.convs], dim=1)
        return refined * self.alpha

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, V) -> (B, C', T, V)."""
        weight, bias = joined((conv.get_submodule("conv3") for conv in self.convs), dim=0)
        transformed = pointwise(x, weight, bias)
        transformed = transformed.view(len(x), len(self.convs), -1, *x.shape[2:])
        out = torch.einsum("bkcvw,bkctw->bctv", self.links(x), transformed)
        return torch.relu(self.bn(out) + self.down(x))


class MultiScaleConvolution(nn.Module):
    """Section 3.4: a quarter of the channels each from convolutions over time at two distances, the
    maximum over 3 frames, and the frame itself."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        quarter = channels_out // (len(DILATIONS) + 2)
        branches: list[nn.Module] = [
            nn.Sequential(
                *_reduction(channels_in, quarter),
                TemporalConvolution(quarter, quarter, KERNEL, stride, dilation),
            )
            for dilation in DILATIONS
        ]
        branches.append(
            nn.Sequential(
                *_reduction(channels_in, quarter),
                nn.MaxPool2d((3, 1), (stride, 1), (1, 0)),
                nn.BatchNorm2d(quarter),
            )
        )
        branches.append(
            nn.Sequential(nn.Conv2d(channels_in, quarter, 1, (stride, 1)), nn.BatchNorm2d(quarter))
        )
        self.branches = nn.ModuleList(branches)
        for layer in self.modules():
            start(layer)
            if isinstance(layer, nn.BatchNorm2d):
                nn.init.normal_(layer.weight, 1, 0.02)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, V) -> (B, C', T / stride, V)."""
        return torch.cat([branch(x) for branch in self.branches], dim=1)


class Block(nn.Module):
    """Refined graph convolution, convolutions over time, and a residual link."""

    def __init__(
        self, channels_in: int, channels_out: int, stride: int, adjacency: Tensor,
        *, residual: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.gcn1 = GraphConvolution(channels_in, channels_out, adjacency)
        self.tcn1 = MultiScaleConvolution(channels_out, channels_out, stride)
        self.residual: nn.Module | None = None
        if residual and channels_in == channels_out and stride == 1:
            self.residual = nn.Identity()
        elif residual:
            self.residual = TemporalConvolution(channels_in, channels_out, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, V) -> (B, C', T / stride, V)."""
        out: Tensor = self.tcn1(self.gcn1(x))
        if self.residual is not None:
            out = out + self.residual(x)
        return torch.relu(out)


class CTRGCN(nn.Module):
    """Joints over time to a map of features: (N, 3, T, V, M) -> (N, 256, T / 4, V, M).

    bodies: the most that an input may have.
    """

    def __init__(self, topology: str, bodies: int = 2) -> None:
        super().__init__()
        adjacency = torch.from_numpy(inward_outward(topology))
        self.channels = BLOCKS[-1][1]
        self.data_bn = BodyNorm(bodies, adjacency.shape[-1])
        self.names = tuple(f"l{number}" for number, _ in enumerate(BLOCKS, start=1))
        for name, (c_in, c_out, stride) in zip(self.names, BLOCKS, strict=True):
            self.add_module(name, Block(c_in, c_out, stride, adjacency, residual=name != "l1"))

    def forward(self, skeleton: Tensor) -> Tensor:
        """The feature map of every person."""
        x = self.data_bn(skeleton)
        for name in self.names:
            x = self.get_submodule(name)(x)
        return by_person(x, skeleton.shape[4])

    def with_links(self, skeleton: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
        """The feature map, and what blocks learned of the links, by the numbers of
        ``told_layers``: (N, V, W), how much joint v takes from joint w beside the topologies that
        are given; the mean of |R - A| over subsets, channels and the persons that are there, rows
        sum to 1."""
        x = self.data_bn(skeleton)
        learned: dict[int, Tensor] = {}
        for number, name in enumerate(self.names, start=1):
            block = cast("Block", self.get_submodule(name))
            if number in told_layers(len(self.names)):
                links = block.gcn1.learned(x).abs().mean(dim=(1, 2))
                learned[number] = mean_links(skeleton, links)
            x = block(x)
        return by_person(x, skeleton.shape[4]), learned


def _reduction(channels_in: int, channels_out: int) -> tuple[nn.Module, ...]:
    return Pointwise(channels_in, channels_out), nn.BatchNorm2d(channels_out), nn.ReLU()
