"""MMTM: two streams weigh each other's channels.

H. R. V. Joze, A. Shaban, M. L. Iuzzolino, K. Koishida: MMTM: Multimodal Transfer Module for CNN
Fusion, CVPR 2020; equations 1 to 6 (3 to 8 of the paper of CC-DFARM). As in the published code, the
joint representation Z passes a ReLU and has 2 (C + C') / ratio entries. Gates are 2 * sigmoid(E) as
printed; ``gain=1`` is the published code's sigmoid(E), for its weights. Parameters keep its names.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MMTM(nn.Module):
    """Recalibrates the channels of a visual map and of a skeleton's."""

    def __init__(
        self, visual: int, skeleton: int, *, ratio: float = 4.0, gain: float = 2.0
    ) -> None:
        super().__init__()
        joint = int(2 * (visual + skeleton) / ratio)
        if joint < 1:
            raise ValueError(f"ratio {ratio} leaves nothing of {visual + skeleton} channels")
        self.gain = gain
        self.fc_squeeze = nn.Linear(visual + skeleton, joint)
        self.fc_visual = nn.Linear(joint, visual)
        self.fc_skeleton = nn.Linear(joint, skeleton)

    @property
    def neutral(self) -> float:
        """The gate that neither strengthens nor weakens: E = 0."""
        return self.gain / 2

    def forward(self, visual: Tensor, skeleton: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(N, C, *), (N, C', *) with any number of axes of places each -> both recalibrated, and
        the gates (N, C) and (N, C') from 0 to ``gain``."""
        squeezed = torch.cat([_squeeze(visual), _squeeze(skeleton)], dim=1)
        joint = torch.relu(self.fc_squeeze(squeezed))
        gates = [
            self.gain * torch.sigmoid(layer(joint)) for layer in (self.fc_visual, self.fc_skeleton)
        ]
        return _weighed(visual, gates[0]), _weighed(skeleton, gates[1]), gates[0], gates[1]


def _squeeze(x: Tensor) -> Tensor:
    """(N, C, *) -> (N, C): the mean over all places."""
    return x.flatten(2).mean(dim=2) if x.dim() > 2 else x


def _weighed(x: Tensor, gate: Tensor) -> Tensor:
    return x * gate.view(*gate.shape, *(1,) * (x.dim() - 2))
