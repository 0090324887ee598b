"""AGCN's backbone: adaptive graph convolution over joints and convolution over time.

L. Shi, Y. Zhang, J. Cheng, H. Lu: Two-Stream Adaptive Graph Convolutional Networks for
Skeleton-Based Action Recognition, CVPR 2019; equations 3 to 5. Parameters keep the names of the
published code, and their first values are its: B_k 1e-6 (the paper says 0; gradients are the
same), the batch norm after the graph 1e-6, so that a block starts as its residual link.

Choices. The published code has ten blocks where the paper draws nine and says ten; ten here, and
``blocks`` says others. The paper drops half of the features between the two convolutions, the
published code none: ``dropout`` is 0 unless told. The first batch norm is of two bodies as
published; see ``BodyNorm`` for one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from harstudio.networks.blocks.graph import inward_outward
from harstudio.networks.blocks.graph_layers import (
    BodyNorm,
    Pointwise,
    convolved,
    folded,
    gathered,
    pointwise,
)

# (channels in, channels out, stride in time)
BLOCKS = (
    (3, 64, 1), (64, 64, 1), (64, 64, 1), (64, 64, 1),
    (64, 128, 2), (128, 128, 1), (128, 128, 1),
    (128, 256, 2), (256, 256, 1), (256, 256, 1),
)  # fmt: skip
KERNEL = 9
EMBEDDED = 4  # channels out over those in which joints are compared
STILL = 1e-6


class AdaptiveConvolution(nn.Module):
    """Equation 3: sum over subsets k of W_k x (A_k + B_k + C_k); A_k is given, B_k (``PA``) is
    learned, C_k is what the joints of this clip say of each other."""

    A: Tensor

    def __init__(self, channels_in: int, channels_out: int, adjacency: Tensor) -> None:
        super().__init__()
        subsets = len(adjacency)
        self.register_buffer("A", adjacency, persistent=False)
        self.PA = nn.Parameter(torch.full_like(adjacency, STILL))
        embedded = channels_out // EMBEDDED
        self.conv_a = _convolutions(subsets, channels_in, embedded)
        self.conv_b = _convolutions(subsets, channels_in, embedded)
        self.conv_d = _convolutions(subsets, channels_in, channels_out)
        self.down: nn.Module = nn.Identity()
        if channels_in != channels_out:
            self.down = nn.Sequential(
                Pointwise(channels_in, channels_out), nn.BatchNorm2d(channels_out)
            )
        self.bn = nn.BatchNorm2d(channels_out)
        for layer in (*self.conv_a, *self.conv_b, *self.down.children()):
            start(layer)
        for layer in self.conv_d:
            spread = math.sqrt(2 / (channels_in * channels_out * subsets))
            nn.init.normal_(cast("Tensor", layer.weight), 0, spread)
            nn.init.zeros_(_bias(layer))
        nn.init.constant_(self.bn.weight, STILL)

    def links(self, x: Tensor) -> Tensor:
        """(B, C, T, V) -> A_k + B_k + C_k, (B, K, V, W): what joint w takes from joint v."""
        return self.A + self.learned(x)

    def learned(self, x: Tensor) -> Tensor:
        """(B, C, T, V) -> what of the links is not given, B_k + C_k, (B, K, V, W).

        Equation 4: C_k = softmax over v of theta_k(x)^T phi_k(x), divided by channels and frames
        as in the published code.
        """
        count, _, frames, joints = x.shape
        embedded = pointwise(x, *joined((*self.conv_a, *self.conv_b), dim=0))
        embedded = embedded.view(count, 2, len(self.A), -1, frames, joints)
        theta, phi = embedded.permute(1, 0, 2, 5, 4, 3).flatten(-2)  # (B, K, V, T * C') each
        likeness = theta @ phi.transpose(-1, -2) / theta.shape[-1]
        return self.PA + torch.softmax(likeness, dim=-2)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, V) -> (B, C', T, V)."""
        weight, _ = joined(self.conv_d, dim=1)
        bias = torch.stack([_bias(layer) for layer in self.conv_d]).sum(dim=0)
        if not self.bn.training:
            weight, bias = folded(weight, bias, self.bn)
        out = pointwise(gathered(x, self.links(x)), weight, bias)
        if self.bn.training:
            out = self.bn(out)
        if isinstance(self.down, nn.Sequential):
            link, norm = self.down
            out += convolved(cast("nn.Conv2d", link), cast("nn.BatchNorm2d", norm), x)
        else:
            out += x
        return torch.relu_(out)


class TemporalConvolution(nn.Module):
    """Convolution over time, each joint by itself, and batch norm."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int = KERNEL, stride: int = 1,
        dilation: int = 1,
    ) -> None:  # fmt: skip
        super().__init__()
        self.conv = nn.Conv2d(
            channels_in, channels_out, (kernel, 1), (stride, 1), (dilation * (kernel // 2), 0),
            (dilation, 1),
        )  # fmt: skip
        self.bn = nn.BatchNorm2d(channels_out)
        start(self.conv)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, V) -> (B, C', T / stride, V)."""
        return convolved(self.conv, self.bn, x)


class Block(nn.Module):
    """Adaptive graph convolution, then convolution over time, with a residual link."""

    def __init__(
        self, channels_in: int, channels_out: int, stride: int, adjacency: Tensor,
        *, dropout: float = 0.0, residual: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.gcn1 = AdaptiveConvolution(channels_in, channels_out, adjacency)
        self.dropout = nn.Dropout(dropout)
        self.tcn1 = TemporalConvolution(channels_out, channels_out, stride=stride)
        self.residual: nn.Module | None = None
        if residual and channels_in == channels_out and stride == 1:
            self.residual = nn.Identity()
        elif residual:
            self.residual = TemporalConvolution(channels_in, channels_out, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, V) -> (B, C', T / stride, V)."""
        out: Tensor = self.tcn1(self.dropout(self.gcn1(x)))
        if self.residual is not None:
            out += self.residual(x)
        return torch.relu_(out)


class AGCN(nn.Module):
    """Joints over time to a map of features: (N, 3, T, V, M) -> (N, C, T', V, M).

    bodies: the most that an input may have. blocks: (channels in, channels out, stride in time) of
    each, ``l1``, ``l2`` and so on; none: the published ten. channels: C.
    """

    def __init__(
        self, topology: str, bodies: int = 2, blocks: Sequence[tuple[int, int, int]] = (),
        *, dropout: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__()
        adjacency = torch.from_numpy(inward_outward(topology))
        blocks = blocks or BLOCKS
        self.channels = blocks[-1][1]
        self.data_bn = BodyNorm(bodies, adjacency.shape[-1])
        self.names = tuple(f"l{number}" for number, _ in enumerate(blocks, start=1))
        for index, (c_in, c_out, stride) in enumerate(blocks):
            block = Block(c_in, c_out, stride, adjacency, dropout=dropout, residual=index > 0)
            self.add_module(self.names[index], block)

    def forward(self, skeleton: Tensor) -> Tensor:
        """The feature map of every person."""
        x = self.data_bn(skeleton)
        for name in self.names:
            x = self.get_submodule(name)(x)
        return by_person(x, skeleton.shape[4])

    def with_links(self, skeleton: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
        """The feature map, and what blocks learned of the links, by the numbers of
        ``told_layers``: (N, W, V), how much joint w takes from joint v beside the skeleton that is
        given; the mean of |B_k + C_k| over subsets and the persons that are there, rows sum to 1.
        """
        x = self.data_bn(skeleton)
        learned: dict[int, Tensor] = {}
        for number, name in enumerate(self.names, start=1):
            block = cast("Block", self.get_submodule(name))
            if number in told_layers(len(self.names)):
                links = block.gcn1.learned(x).abs().mean(dim=1).transpose(-1, -2)
                learned[number] = mean_links(skeleton, links)
            x = block(x)
        return by_person(x, skeleton.shape[4]), learned


def by_person(x: Tensor, persons: int) -> Tensor:
    """(N * M, C, T, V) -> (N, C, T, V, M)."""
    return x.view(-1, persons, *x.shape[1:]).permute(0, 2, 3, 4, 1)


def told_layers(count: int) -> tuple[int, ...]:
    """The blocks, counted from 1, that tell their links: the first, a middle one and the last. All
    of ten would bury what else is told."""
    return tuple(sorted({1, (count + 1) // 2, count}))


def mean_links(skeleton: Tensor, links: Tensor) -> Tensor:
    """Links (N * M, W, V) of every person -> (N, W, V) of those that are there (joints not all 0;
    everybody where nobody is), rows sum to 1; equal parts where a row is 0."""
    present = (skeleton != 0).any(dim=3).any(dim=2).any(dim=1)  # (N, M)
    present = present | ~present.any(dim=1, keepdim=True)
    by_person = links.view(*present.shape, *links.shape[1:])
    summed = (by_person * present[..., None, None]).sum(dim=1)
    rows = summed.sum(dim=-1, keepdim=True)
    return torch.where(rows > 0, summed / rows, 1 / summed.shape[-1])


def start(layer: nn.Module) -> None:
    """The first values of a convolution in the published code; batch norm has its own already."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, mode="fan_out")
        nn.init.zeros_(_bias(layer))


def _convolutions(count: int, channels_in: int, channels_out: int) -> nn.ModuleList:
    return nn.ModuleList(Pointwise(channels_in, channels_out) for _ in range(count))


def _bias(layer: nn.Module) -> Tensor:
    return cast("Tensor", layer.bias)


def joined(layers: Iterable[nn.Module], dim: int) -> tuple[Tensor, Tensor]:
    """Weights (C', C) of 1x1 convolutions side by side, and their biases."""
    layers = tuple(layers)
    weights = [cast("Tensor", layer.weight)[..., 0, 0] for layer in layers]
    return torch.cat(weights, dim=dim), torch.cat([_bias(layer) for layer in layers])
