"""Vectors of features of several streams put together by a gate that looks at all of them.

J. Arevalo, T. Solorio, M. Montes-y-Gomez, F. A. Gonzalez: Gated Multimodal Units for Information
Fusion, ICLR Workshops 2017, equation 1: h_i = tanh(W_i x_i), z = sigma(W_z [x_1, x_2]),
h = z * h_1 + (1 - z) * h_2. For more than two streams z is a softmax over them; for two it is the
same.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

RULE = "gated"


class GatedFusion(nn.Module):
    """(N, C) of every stream -> (N, C); ``classifier`` is one linear layer."""

    def __init__(self, size: int, num_classes: int, streams: int) -> None:
        super().__init__()
        self.values = nn.ModuleList(nn.Linear(size, size) for _ in range(streams))
        self.gate = nn.Linear(streams * size, streams * size)
        self.classifier = nn.Linear(size, num_classes)

    def forward(self, *vectors: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The fused features, and ``gate``, (N, streams): the mean over features of how much of
        each stream is taken, rows sum to 1."""
        opened = self.gate(torch.cat(vectors, dim=1)).unflatten(1, (len(vectors), -1))
        shares = torch.softmax(opened, dim=1)
        values = [torch.tanh(one(v)) for one, v in zip(self.values, vectors, strict=True)]
        fused = (shares * torch.stack(values, dim=1)).sum(dim=1)
        return fused, {"gate": shares.mean(dim=2)}
