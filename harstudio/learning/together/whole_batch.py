"""Batch normalisation by the whole batch, of which each process has a share.

torch's ``SyncBatchNorm`` does this on GPUs only, and takes the place of the layers; this leaves
layers and checkpoints as they are: around a forward pass it takes over every call of
``torch.nn.functional.batch_norm``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from harstudio.networks.blocks.batch_statistics import batch_statistics

Exchange = Callable[[Tensor], Tensor]  # (n,) of this process to (R, n) of all


class WholeBatch(TorchFunctionMode):
    """Statistics of all processes' clips. exchange: gives the rows of all. counts: whether what
    this process shows is of the batch.

    Mean and variance are those that S. Ioffe and C. Szegedy give (Batch Normalization, ICML 2015,
    algorithm 1) over all processes' values, joined from each one's own as in T. Chan, G. Golub and
    R. LeVeque (Updating formulae and a pairwise algorithm, 1979, eq. 2.1), so that a large mean
    costs no digits. One value alone is scaled by the running statistics.
    """

    def __init__(self, exchange: Exchange, counts: bool) -> None:
        super().__init__()
        self._exchange = exchange
        self._counts = counts

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func is functional.batch_norm:
            return self._normalised(*args, **(kwargs or {}))
        if func is batch_statistics:
            return self._statistics(*args)
        return func(*args, **(kwargs or {}))

    def _normalised(
        self,
        x: Tensor,
        running_mean: Tensor | None,
        running_var: Tensor | None,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        training: bool = False,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> Tensor:
        if not training:
            return functional.batch_norm(
                x, running_mean, running_var, weight, bias, False, momentum, eps
            )
        with torch.no_grad():
            mean, var, clips = self._statistics(x)
            count = clips * (x.numel() / max(1, len(x) * x.shape[1]))
            if count <= 1 and running_mean is not None and running_var is not None:
                return functional.batch_norm(x, running_mean, running_var, weight, bias, eps=eps)
            if running_mean is not None and running_var is not None:
                running_mean.lerp_(mean.to(running_mean.dtype), momentum)
                unbiased = var * (count / max(1.0, count - 1))
                running_var.lerp_(unbiased.to(running_var.dtype), momentum)
        if weight is None or bias is None:
            weight, bias = torch.ones_like(mean), torch.zeros_like(mean)
        normalised: Tensor = _Normalised.apply(  # type: ignore[no-untyped-call]
            x, weight, bias, mean, (var + eps).rsqrt(), count, self._exchange, self._counts
        )
        return normalised

    def _statistics(self, x: Tensor) -> tuple[Tensor, Tensor, int]:
        """Mean (C,) and biased variance (C,) of the values (N, C, *) of all processes, whose N may
        differ, and the sum of all N."""
        mean, var, count = batch_statistics(x if x.dtype == torch.float64 else x.float())
        own = torch.cat([mean, var, mean.new_tensor([count * self._counts])])
        rows = self._exchange(own)
        means, variances = rows[:, : len(mean)], rows[:, len(mean) : -1]
        total = rows[:, -1:].sum()
        shares = rows[:, -1:] / total.clamp(min=1)
        mean = (means * shares).sum(0)
        var = ((variances + (means - mean) ** 2) * shares).sum(0)
        return mean, var, int(total)


class _Normalised(torch.autograd.Function):
    """(x - mean) * scale * weight + bias, where mean and scale come of the values of all.

    The gradients of weight and bias are those of this process's clips: they are added up with all
    others.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        scale: Tensor,
        count: float,
        exchange: Exchange,
        counts: bool,
    ) -> Tensor:
        ctx.save_for_backward(x, weight, mean, scale)
        ctx.count, ctx.exchange, ctx.counts = count, exchange, counts
        centred = (x - _wide(mean, x)) * _wide(scale * weight, x)
        return (centred + _wide(bias, x)).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, scale = ctx.saved_tensors
        axes = [axis for axis in range(x.dim()) if axis != 1]
        upper = gradients[0].to(mean.dtype)
        unit = (x - _wide(mean, x)) * _wide(scale, x)
        of_bias, of_weight = upper.sum(axes), (upper * unit).sum(axes)
        of_x: Tensor | None = None
        if ctx.needs_input_grad[0]:
            own = torch.cat([of_bias, of_weight]) * float(ctx.counts)
            means = ctx.exchange(own).sum(0) / ctx.count
            shift, slope = means.split(len(mean))
            inner = upper - _wide(shift, x) - unit * _wide(slope, x)
            of_x = (inner * _wide(scale * weight, x) * float(ctx.counts)).to(x.dtype)
        return of_x, of_weight, of_bias, None, None, None, None, None


def _wide(channels: Tensor, like: Tensor) -> Tensor:
    """(C,) beside (N, C, ...)."""
    return channels.view(1, -1, *[1] * (like.dim() - 2))
