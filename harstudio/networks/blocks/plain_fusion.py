"""Two vectors of features put together by a rule, then classified.

The schemes that X. Zhao et al. (AMFI-Net, JVCIR 2025) compare theirs with: table 3 and section
4.3.2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

RULES = ("mean", "sum", "product", "max", "concat")


class PlainFusion(nn.Module):
    """A rule of ``RULES`` and one linear layer, ``classifier``."""

    def __init__(self, size: int, num_classes: int, rule: str) -> None:
        super().__init__()
        self.rule = rule
        self.classifier = nn.Linear(2 * size if rule == "concat" else size, num_classes)

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """(N, C), (N, C) -> (N, C), of ``concat`` (N, 2 C); it has nothing to tell."""
        if self.rule == "concat":
            fused = torch.cat((first, second), dim=1)
        elif self.rule == "product":
            fused = first * second
        elif self.rule == "max":
            fused = torch.maximum(first, second)
        else:
            fused = first + second
        return (fused / 2 if self.rule == "mean" else fused), {}
