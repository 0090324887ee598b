"""ST-GCN's backbone: ten blocks of graph convolution over joints and convolution over time.

S. Yan, Y. Xiong, D. Lin: Spatial Temporal Graph Convolutional Networks for Skeleton-Based Action
Recognition, AAAI 2018; equations 6 to 10. Parameters keep the names of the published code.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from harstudio.networks.blocks.graph import spatial_partition
from harstudio.networks.blocks.graph_layers import convolved, folded, gathered, pointwise

# (channels in, channels out, stride in time); the first stands in for the coordinates.
BLOCKS = (
    (0, 64, 1), (64, 64, 1), (64, 64, 1), (64, 64, 1),
    (64, 128, 2), (128, 128, 1), (128, 128, 1),
    (128, 256, 2), (256, 256, 1), (256, 256, 1),
)  # fmt: skip
KERNEL = 9
CHANNELS = 256


class GraphConvolution(nn.Module):
    """Equation 10: one 1x1 convolution a subset, summed over neighbours.

    Both are linear and their order is free: first all subsets' sums over neighbours in one product,
    then all subsets' convolutions in one, which is quicker and holds less.
    """

    def __init__(self, channels_in: int, channels_out: int, subsets: int) -> None:
        super().__init__()
        self.subsets = subsets
        self.conv = nn.Conv2d(channels_in, channels_out * subsets, 1)

    def forward(self, x: Tensor, adjacency: Tensor, norm: nn.BatchNorm2d) -> Tensor:
        """x (B, C, T, V), adjacency (K, V, W) -> (B, C', T, W), normalised."""
        weight = self.conv.weight.view(self.subsets, -1, x.shape[1]).transpose(0, 1).flatten(1)
        bias = self.conv.get_parameter("bias").view(self.subsets, -1)
        heard = bias.T @ adjacency.sum(dim=1)  # (C', W): a joint hears each neighbour's bias
        if not norm.training:
            weight, heard = folded(weight, heard, norm)
        out = pointwise(gathered(x, adjacency), weight)
        out += heard[:, None]
        return norm(out) if norm.training else out


class Block(nn.Module):
    """Graph convolution, then convolution over time, with a residual link."""

    def __init__(
        self, channels_in: int, channels_out: int, subsets: int, stride: int, dropout: float,
        *, residual: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.gcn = GraphConvolution(channels_in, channels_out, subsets)
        self.tcn = nn.Sequential(
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels_out, channels_out, (KERNEL, 1), (stride, 1), (KERNEL // 2, 0)),
            nn.BatchNorm2d(channels_out),
            nn.Dropout(dropout),
        )
        self.residual: nn.Module | None = None
        if residual and channels_in == channels_out and stride == 1:
            self.residual = nn.Identity()
        elif residual:
            self.residual = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, (stride, 1)), nn.BatchNorm2d(channels_out)
            )

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        """(B, C, T, V) -> (B, C', T / stride, V)."""
        first, _, convolution, second, dropout = self.tcn
        heard = torch.relu_(self.gcn(x, adjacency, cast("nn.BatchNorm2d", first)))
        out: Tensor = dropout(
            convolved(cast("nn.Conv2d", convolution), cast("nn.BatchNorm2d", second), heard)
        )
        if isinstance(self.residual, nn.Sequential):
            link, norm = self.residual
            out += convolved(cast("nn.Conv2d", link), cast("nn.BatchNorm2d", norm), x)
        elif self.residual is not None:
            out += x
        return torch.relu_(out)


class STGCN(nn.Module):
    """Joints over time to a map of features: (N, 3, T, V, M) -> (N, 256, T / 4, V, M)."""

    A: Tensor

    def __init__(
        self, topology: str, *, dropout: float = 0.5, edge_importance: bool = True
    ) -> None:
        super().__init__()
        self.channels = BLOCKS[-1][1]
        self.register_buffer("A", torch.from_numpy(spatial_partition(topology)))
        subsets, joints = self.A.shape[0], self.A.shape[1]
        self.data_bn = nn.BatchNorm1d(3 * joints)
        # The published code drops nothing out in the first block.
        self.st_gcn_networks = nn.ModuleList(
            Block(c_in or 3, c_out, subsets, stride, dropout if c_in else 0.0, residual=c_in > 0)
            for c_in, c_out, stride in BLOCKS
        )
        weights = [torch.ones_like(self.A) for _ in BLOCKS]
        self.edge_importance: nn.ParameterList | None = (
            nn.ParameterList(nn.Parameter(weight) for weight in weights)
            if edge_importance
            else None
        )

    def forward(self, skeleton: Tensor) -> Tensor:
        """The feature map of every person."""
        n, c, t, v, m = skeleton.shape
        x = skeleton.permute(0, 4, 3, 1, 2).reshape(n * m, v * c, t)
        x = self.data_bn(x)
        x = x.view(n * m, v, c, t).permute(0, 2, 3, 1)
        x = x.contiguous(memory_format=torch.channels_last)
        for index, block in enumerate(self.st_gcn_networks):
            scale = None if self.edge_importance is None else self.edge_importance[index]
            x = block(x, self.A if scale is None else self.A * scale)
        per_person: Tensor = x.view(n, m, *x.shape[1:])
        return per_person.permute(0, 2, 3, 4, 1)
