"""An exponential mean of the weights, kept beside them.

B. Polyak, A. Juditsky: Acceleration of Stochastic Approximation by Averaging, SIAM J. Control and
Optimization 1992, for the idea; the exponential form with a short memory at the beginning is that
of ``tf.train.ExponentialMovingAverage`` with ``num_updates``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

UPDATES = "mean.updates"  # its name among the counters of a state


class Mean:
    """The mean of all weights and buffers of a network, on the network's device.

    After its n-th update (from 0) it keeps the share min(decay, (1 + n) / (10 + n)) of itself and
    takes the rest from the network: what it began with is soon forgotten. Whole numbers, such as
    how many batches a normalisation saw, are the network's own.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.updates = 0
        self._decay = decay
        self._network = network
        self._values = {name: value.detach().clone() for name, value in self._own().items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take the network's weights into account."""
        share = min(self._decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        means: list[Tensor] = []
        news: list[Tensor] = []
        for name, value in self._own().items():
            if value.is_floating_point():
                means.append(self._values[name])
                news.append(value)
            else:
                self._values[name].copy_(value)
        blend = get_ema_multi_avg_fn(share)  # type: ignore[no-untyped-call]
        blend(means, news, self.updates)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within, the network has the mean for its weights; afterwards its own again."""
        own = {name: value.detach().clone() for name, value in self._own().items()}
        self._put(self._values)
        try:
            yield
        finally:
            self._put(own)

    def settle(self) -> None:
        """The network goes on from the mean."""
        self._put(self._values)

    def saved(self) -> dict[str, Tensor]:
        """Copies on the CPU, by name."""
        return {
            name: value.to("cpu", copy=True).contiguous() for name, value in self._values.items()
        }

    def restore(self, saved: Mapping[str, Tensor], updates: int) -> None:
        """What ``saved`` gave. KeyError, RuntimeError or ValueError where it is of another
        network."""
        if saved.keys() != self._values.keys():
            raise ValueError("its mean is of another network")
        for name, value in self._values.items():
            if saved[name].shape != value.shape:
                raise ValueError(f"the mean of {name} has another shape")
            value.copy_(saved[name])
        self.updates = updates

    def _own(self) -> dict[str, Tensor]:
        own: dict[str, Tensor] = self._network.state_dict()
        return own

    @torch.no_grad()
    def _put(self, values: Mapping[str, Tensor]) -> None:
        for name, value in self._own().items():
            value.copy_(values[name])
