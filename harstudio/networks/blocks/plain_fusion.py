"""Vectors of features of several streams put together by a rule, then classified.

The schemes that X. Zhao et al. (AMFI-Net, JVCIR 2025) compare theirs with: table 3 and section
4.3.2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

RULES = ("mean", "sum", "product", "max", "concat")


class PlainFusion(nn.Module):
    """A rule of ``RULES`` and one linear layer, ``classifier``."""

    def __init__(self, size: int, num_classes: int, rule: str, streams: int = 2) -> None:
        super().__init__()
        self.rule = rule
        self.classifier = nn.Linear(streams * size if rule == "concat" else size, num_classes)

    def forward(self, *vectors: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """(N, C) of every stream -> (N, C), of ``concat`` (N, streams * C); nothing to tell."""
        if self.rule == "concat":
            return torch.cat(vectors, dim=1), {}
        together = torch.stack(vectors)
        if self.rule == "product":
            return together.prod(dim=0), {}
        if self.rule == "max":
            return together.amax(dim=0), {}
        return together.mean(dim=0) if self.rule == "mean" else together.sum(dim=0), {}
