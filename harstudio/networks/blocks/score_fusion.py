"""Probabilities of several streams put together by a rule.

J. Kittler, M. Hatef, R. P. W. Duin, J. Matas: On Combining Classifiers, TPAMI 1998, with equal
priors: the sum rule (here the mean), the product rule, the maximum rule; and a weighted mean, whose
weights are learned. Of the mean and the product streams may count differently by fixed weights: the
linear and the logarithmic opinion pool (C. Genest, J. V. Zidek: Combining Probability
Distributions, Statistical Science 1986). They are to be chosen on people who did not train; on
those who did, every stream is right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

RULES = ("mean", "product", "max", "weighted")
TRUSTING = ("mean", "product")


class ScoreFusion(nn.Module):
    """A rule of ``RULES``; of ``weighted`` the ``balance`` is learned, whose softmax are the
    weights, equal at first. The other rules have nothing to learn.

    trust: of ``mean`` the weights, of ``product`` the powers of the streams; none = all alike.
    ValueError where they do not fit.
    """

    def __init__(self, rule: str, streams: int, trust: Sequence[float] = ()) -> None:
        super().__init__()
        if trust and (len(trust) != streams or min(trust) < 0 or not sum(trust)):
            raise ValueError(f"trust is {list(trust)}, and there are {streams} streams")
        if trust and rule not in TRUSTING:
            raise ValueError(f"the rule {rule} does not count streams by trust")
        self.rule = rule
        self.trust = tuple(trust) or (1.0,) * streams
        self.balance = nn.Parameter(torch.zeros(streams)) if rule == "weighted" else None

    def forward(self, logits: Sequence[Tensor]) -> Tensor:
        """(N, K) of every stream -> (N, K), the logarithm of what the rule makes of probabilities;
        a product and a maximum of them need not sum to 1."""
        opinions = torch.stack([torch.log_softmax(one, dim=1) for one in logits])
        trust = opinions.new_tensor(self.trust)[:, None, None]
        if self.rule == "product":
            return (trust * opinions).sum(dim=0)
        if self.rule == "max":
            return opinions.amax(dim=0)
        if self.balance is None:
            return torch.logsumexp(opinions + trust.log(), dim=0) - math.log(sum(self.trust))
        weights = torch.log_softmax(self.balance, dim=0)
        return torch.logsumexp(opinions + weights[:, None, None], dim=0)

    def weights(self) -> Tensor | None:
        """(streams,), they sum to 1; None where the rule has none."""
        return None if self.balance is None else torch.softmax(self.balance, dim=0)
