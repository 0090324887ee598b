"""DSFM: streams split into blocks of channels that compete for attention.

G. Liu, X. Li, Y. Wu, Z. Zheng: Dual-stream fusion action recognition model based on cross-modal
co-sensing (CC-DFARM), section 2.3, equations 9 to 14; the block of L. Su, C. Hu, G. Li, D. Cao:
MSAF: Multimodal Split Attention Fusion, 2020. Parameters keep the names of MSAF's published code.

Choices: W_Z of equation 10 is C' x C (printed as a vector) and followed by batch statistics and
ReLU, as the text says. Equation 12 is a softmax over all blocks of all modalities, in every channel
by itself. Channels that do not fill the last block are zeros at its end.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class ClipNorm(nn.BatchNorm1d):
    """Batch statistics; a single clip has none, and is scaled by those learned before."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C) -> (N, C)."""
        try:
            return super().forward(x)
        except ValueError:  # one clip; but where processes share a batch others may have more
            if len(x) != 1:
                raise
        return functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )


class DSFM(nn.Module):
    """Weighs every block of every modality.

    channels: of each modality, in order. block: channels of a block. lowest: the least weight of a
    block, lambda of equation 13. reduction: by how much Z is smaller than a block.
    """

    def __init__(
        self, channels: Sequence[int], block: int, *, lowest: float = 0.5, reduction: int = 4
    ) -> None:
        super().__init__()
        if not 0 <= lowest <= 1:
            raise ValueError(f"the lowest attention should lie in [0, 1], not {lowest}")
        if not 1 <= reduction <= block:
            raise ValueError(f"the reduction should be 1 to {block}, not {reduction}")
        self.block, self.lowest = block, lowest
        self.counts = tuple(-(-size // block) for size in channels)  # blocks of each modality
        hidden = block // reduction
        self.joint_features = nn.Sequential(nn.Linear(block, hidden), ClipNorm(hidden), nn.ReLU())
        self.dense_group = nn.ModuleList(nn.Linear(hidden, block) for _ in range(sum(self.counts)))

    @property
    def neutral(self) -> float:
        """The weight of every block where all get the same attention."""
        return self.lowest + (1 - self.lowest) / len(self.dense_group)

    def forward(self, maps: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Maps (N, C_m, *), one a modality, each with its own places; modalities at the end may be
        missing, and then take no part -> the recalibrated maps, and what the channels of each were
        multiplied by, (N, C_m) from ``lowest`` to 1."""
        if len(maps) > len(self.counts):
            raise ValueError(f"{len(maps)} modalities, made for {len(self.counts)}")
        counts = self.counts[: len(maps)]
        joint = sum(
            (self._descriptor(x, count) for x, count in zip(maps, counts, strict=True)),
            start=maps[0].new_zeros(()),
        )
        shared = self.joint_features(joint)
        votes = torch.stack([layer(shared) for layer in self.dense_group][: sum(counts)], dim=1)
        attention = torch.split(votes.softmax(dim=1), list(counts), dim=1)
        weights = [
            (self.lowest + (1 - self.lowest) * shares).flatten(1)[:, : x.shape[1]]  # equation 13
            for x, shares in zip(maps, attention, strict=True)
        ]
        weighed = [
            x * weight.view(*weight.shape, *(1,) * (x.dim() - 2))
            for x, weight in zip(maps, weights, strict=True)
        ]
        return weighed, weights

    def _descriptor(self, x: Tensor, count: int) -> Tensor:
        """Equation 9: (N, C_m, *) -> (N, block), the mean over places of the sum of blocks."""
        pooled = x.flatten(2).mean(dim=2) if x.dim() > 2 else x
        pooled = functional.pad(pooled, (0, count * self.block - pooled.shape[1]))
        return pooled.view(-1, count, self.block).sum(dim=1)
