"""The non-local mean: every position becomes a weighted mean of all.

X. Wang, R. Girshick, A. Gupta, K. He: Non-local Neural Networks, CVPR 2018; equations 1 and 4, the
embedded Gaussian. As published there is no scale in the exponent.
"""

from __future__ import annotations

import torch
from torch import Tensor


def non_local(theta: Tensor, phi: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
    """What is asked (N, D, L), what is offered (N, D, L) and what is told (N, C, L) at L positions
    -> y (N, C, L) and its weights (N, L, L).

    weights[n, i, j] = exp(theta_i . phi_j) / sum over j; y_i = sum over j of weights_ij g_j.
    """
    weights = torch.softmax(theta.mT @ phi, dim=-1)
    return g @ weights.mT, weights
