"""What graph networks have in common: normalised joints, sums over neighbours, 1x1 convolutions.

Features lie channels last in memory: then the sums over neighbours of all subsets come as the
channels of one convolution, without a copy.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from harstudio.errors import UsageError


class BodyNorm(nn.BatchNorm1d):
    """Batch norm of every coordinate of every joint of every body, as 2s-AGCN and CTR-GCN have it.

    A skeleton of fewer bodies is normalised as the first ones, and in training only their
    statistics move. UsageError where there are more.
    """

    def __init__(self, bodies: int, joints: int) -> None:
        super().__init__(bodies * joints * 3)
        self.bodies = bodies

    def forward(self, skeleton: Tensor) -> Tensor:
        """(N, 3, T, V, M) -> (N * M, 3, T, V)."""
        n, c, t, v, m = skeleton.shape
        if m > self.bodies:
            raise UsageError(f"This network was made for {self.bodies} bodies, there are {m}.")
        x = skeleton.permute(0, 4, 3, 1, 2).reshape(n, m * v * c, t)
        if m == self.bodies:
            x = super().forward(x)
        else:
            kept = slice(m * v * c)
            mean, var = self.running_mean, self.running_var
            x = functional.batch_norm(
                x, None if mean is None else mean[kept], None if var is None else var[kept],
                self.weight[kept], self.bias[kept], self.training, self.momentum or 0.0, self.eps,
            )  # fmt: skip
        x = x.view(n * m, v, c, t).permute(0, 2, 3, 1)
        return x.contiguous(memory_format=torch.channels_last)


def folded(weight: Tensor, bias: Tensor | None, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Weight (C', ...) and bias (C', ...) of a convolution that does what ``norm``, in evaluation
    mode, would do after it: a pass over all features less."""
    mean, var = norm.running_mean, norm.running_var
    assert mean is not None  # noqa: S101
    assert var is not None  # noqa: S101
    scale = norm.weight * (var + norm.eps).rsqrt()
    shift = norm.bias - mean * scale
    if bias is None:
        return weight * scale.view(-1, *[1] * (weight.dim() - 1)), shift
    wide = (-1, *[1] * (bias.dim() - 1))
    return (
        weight * scale.view(-1, *[1] * (weight.dim() - 1)),
        bias * scale.view(wide) + shift.view(wide),
    )


def convolved(convolution: nn.Conv2d, norm: nn.BatchNorm2d, x: Tensor) -> Tensor:
    """A convolution and the batch norm after it; in evaluation mode in one."""
    if norm.training:
        out: Tensor = norm(convolution(x))
        return out
    weight, bias = folded(convolution.weight, convolution.bias, norm)
    if convolution.kernel_size == (1, 1) and convolution.stride == (1, 1):
        return pointwise(x, weight[..., 0, 0], bias)
    return functional.conv2d(
        x, weight, bias, convolution.stride, convolution.padding, convolution.dilation
    )


def gathered(x: Tensor, adjacency: Tensor) -> Tensor:
    """What every joint hears from its neighbours: x (B, C, T, V) and adjacency (K, V, W), or
    (B, K, V, W) of every item's own, give (B, K * C, T, W), channels last in memory.

    One product a moment for all subsets; quickest where x lies channels last.
    """
    count, channels, frames, joints = x.shape
    subsets, _, targets = adjacency.shape[-3:]
    moments = x.permute(0, 2, 3, 1).reshape(count * frames, joints, channels)
    rows = adjacency.movedim(-1, -3).flatten(-3, -2)  # (..., W * K, V)
    if adjacency.dim() == 4:
        rows = rows[:, None].expand(-1, frames, -1, -1).reshape(count * frames, -1, joints)
    else:
        rows = rows.expand(count * frames, -1, -1)
    heard = torch.bmm(rows, moments).view(count, frames, targets, subsets * channels)
    return heard.permute(0, 3, 1, 2)


def pointwise(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A 1x1 convolution: x (B, C, T, V), weight (C', C) -> (B, C', T, V).

    A single tap is not moved by dilation, but with it PyTorch (2.13) hands the work to oneDNN also
    for a few clips on one thread, where its own kernel takes twice as long.
    """
    dilation = 2 if x.device.type == "cpu" else 1
    return functional.conv2d(x, weight[..., None, None], bias, dilation=dilation)


class Pointwise(nn.Conv2d):
    """``pointwise`` with weights of its own, named and shaped as those of a 1x1 Conv2d."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(channels_in, channels_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, V) -> (B, C', T, V)."""
        return pointwise(x, self.weight[..., 0, 0], self.bias)
