"""What is made small: the cross-entropy of the answer, and of the streams' heads beside it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from harstudio.networks.network import Output


def balanced_weights(labels: Iterable[int], classes: int) -> Tensor:
    """(K,) float32: n / (K' n_k) of n clips, n_k of them of the class, K' classes with clips; their
    mean over the clips is 1. 0 for classes without clips."""
    counts = np.bincount(np.fromiter(labels, np.int64), minlength=classes)
    there = np.count_nonzero(counts)
    weights = np.divide(counts.sum(), there * counts, where=counts > 0, out=np.zeros(classes))
    return torch.from_numpy(weights.astype(np.float32))


class Losses:
    """Sums over the clips of a batch, float32.

    smoothing: share of the target that is spread over all classes. class_weights: (K,), how much a
    clip of each class counts; None for all alike.
    """

    def __init__(self, smoothing: float, class_weights: Tensor | None = None) -> None:
        self._smoothing = smoothing
        self._weights = class_weights

    def fused(self, output: Output, expected: Tensor) -> Tensor:
        """Of the answer, with the network's own terms."""
        loss = cross_entropy(
            output.logits.float(),
            expected,
            self._weights,
            reduction="sum",
            label_smoothing=self._smoothing,
        )
        for further in output.losses.values():
            loss = loss + further * len(expected)
        return loss

    def heads(self, output: Output, expected: Tensor) -> Tensor:
        """Of the streams' opinions, so that they keep up while they change under their heads; not a
        part of the loss that is told."""
        total = torch.zeros((), device=expected.device)
        for logits in output.logits_by_stream.values():
            if logits.requires_grad:
                total = total + cross_entropy(
                    logits.float(), expected, self._weights, reduction="sum"
                )
        return total
