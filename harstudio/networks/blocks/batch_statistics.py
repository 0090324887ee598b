"""Statistics of a batch that layers of our own keep, beside those of torch's batch norms."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function_unary


def batch_statistics(values: Tensor) -> tuple[Tensor, Tensor, int]:
    """Mean and biased variance (C,) of values (N, C, *), and N; of no values zeros.

    Like the functions of torch it can be taken over by a ``TorchFunctionMode``: processes that
    share a batch answer for all of it.
    """
    if has_torch_function_unary(values):
        told: tuple[Tensor, Tensor, int] = handle_torch_function(
            batch_statistics, (values,), values
        )
        return told
    if not values.numel():
        return values.new_zeros(values.shape[1]), values.new_zeros(values.shape[1]), 0
    axes = [axis for axis in range(values.dim()) if axis != 1]
    variance, mean = torch.var_mean(values, axes, correction=0)
    return mean, variance, len(values)
