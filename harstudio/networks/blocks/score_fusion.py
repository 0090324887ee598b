"""Probabilities of several streams put together by a rule.

J. Kittler, M. Hatef, R. P. W. Duin, J. Matas: On Combining Classifiers, TPAMI 1998, with equal
priors: the sum rule (here the mean), the product rule, the maximum rule; and a weighted mean, whose
weights are learned.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

RULES = ("mean", "product", "max", "weighted")


class ScoreFusion(nn.Module):
    """A rule of ``RULES``; of ``weighted`` the ``balance`` is learned, whose softmax are the
    weights, equal at first. The other rules have nothing to learn."""

    def __init__(self, rule: str, streams: int) -> None:
        super().__init__()
        self.rule = rule
        self.balance = nn.Parameter(torch.zeros(streams)) if rule == "weighted" else None

    def forward(self, logits: Sequence[Tensor]) -> Tensor:
        """(N, K) of every stream -> (N, K), the logarithm of what the rule makes of probabilities;
        a product and a maximum of them need not sum to 1."""
        opinions = torch.stack([torch.log_softmax(one, dim=1) for one in logits])
        if self.rule == "product":
            return opinions.sum(dim=0)
        if self.rule == "max":
            return opinions.amax(dim=0)
        if self.balance is None:
            return torch.logsumexp(opinions, dim=0) - math.log(len(logits))
        weights = torch.log_softmax(self.balance, dim=0)
        return torch.logsumexp(opinions + weights[:, None, None], dim=0)

    def weights(self) -> Tensor | None:
        """(streams,), they sum to 1; None where the rule has none."""
        return None if self.balance is None else torch.softmax(self.balance, dim=0)
