"""AMFI-Net's fusion of two vectors: association, weighting, confidence gate.

X. Zhao, C. Tang, H. Hu, W. Wang, S. Qiao, A. Tong: Attention mechanism based multimodal feature
fusion network for human action recognition, JVCIR 2025 (AMFI-Net), section 3.3, equations 7 to 20.

What the print leaves open:

- Equations 8 to 11 relate "positions", and a vector of features has none. With the clips of a batch
  as positions a prediction would depend on other clips, with one position the softmax is always 1.
  Here the 512 embedded entries of the vector are the positions; the layers are as large as printed.
- Equations 12 to 17 are missing. "A fully connected layer and a sigmoid" after squeeze-and-
  excitation: a hidden layer of half the size, as the printed number of parameters demands. The
  weights are for the original features (section 3.3, "weigh the original features").
- Equation 18 has one linear layer; two would not fit the printed number of parameters.
- Equation 20, -log(1 - P), makes the gate let go of the modality that decides, against the text
  ("the decision-making modality's priority") and table 6. ``sign="resolved"`` is -log(P), as in the
  work that the gate comes from (IntegralAction, CVPR 2021); ``"literal"`` is the print.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harstudio.networks.blocks.non_local import non_local

NEARLY_ZERO = 1e-6  # of probabilities before their logarithm, and of a layer that starts as nothing


class Association(nn.Module):
    """Equations 8 to 11: every entry of an embedded vector becomes a weighted mean of all entries,
    and is added to the vector.

    The last layer starts with nearly no effect, as non-local blocks do.
    """

    def __init__(self, size: int, embedded: int) -> None:
        super().__init__()
        self.theta = nn.Linear(size, embedded)
        self.beta = nn.Linear(size, embedded)
        self.g = nn.Linear(size, embedded)
        self.W_z = nn.Linear(embedded, size)
        nn.init.normal_(self.W_z.weight, std=NEARLY_ZERO)
        nn.init.zeros_(self.W_z.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, D) -> (N, D), and the weights (N, E, E) of E embedded entries; rows sum to 1."""
        theta, beta, g = (layer(x)[:, None] for layer in (self.theta, self.beta, self.g))
        y, weights = non_local(theta, beta, g)
        return self.W_z(y[:, 0]) + x, weights


class Weighting(nn.Module):
    """Equations 12 to 17: how much every feature counts, from the associated features."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(size, size // 2)
        self.excite = nn.Linear(size // 2, size)

    def forward(self, z: Tensor) -> Tensor:
        """(N, D) -> (N, D) in [0, 1]."""
        return torch.sigmoid(self.excite(torch.relu(self.squeeze(z))))


class ConfidenceGate(nn.Module):
    """Equations 18 and 19: the deciding modality says of every feature whose it shall be."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.fc = nn.Linear(size, size)

    def forward(self, deciding: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C), (N, C) -> fused (N, C), and the share of the deciding one (N, C) in [0, 1]."""
        share = torch.sigmoid(self.fc(deciding))
        return deciding * share + other * (1 - share), share


class ConfidenceFusion(nn.Module):
    """All of section 3.3 with its classifier, for two vectors of C features, the first of which is
    put first in equation 7. Each of the three modules can be left out: without ``weighting`` the
    associated features go on themselves, without ``gate`` the two are summed."""

    def __init__(
        self, size: int, num_classes: int,
        *, association: bool, weighting: bool, gate: bool, first_decides: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        self.association = Association(2 * size, size) if association else None
        self.weighting = Weighting(2 * size) if weighting else None
        self.gate = ConfidenceGate(size) if gate else None
        self.first_decides = first_decides
        self.classifier = nn.Linear(size, num_classes)

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """(N, C), (N, C) -> fused (N, C), and what the modules did: ``association`` (N, C, C),
        ``weights`` (N, 2 C), ``gate`` (N, C), the share of the one that decides."""
        done: dict[str, Tensor] = {}
        x = torch.cat((first, second), dim=1)
        y = x
        if self.association is not None:
            y, done["association"] = self.association(x)
        if self.weighting is not None:
            done["weights"] = self.weighting(y)
            y = done["weights"] * x
        first, second = y.chunk(2, dim=1)
        if self.gate is None:
            return first + second, done
        pair = (first, second) if self.first_decides else (second, first)
        fused, done["gate"] = self.gate(*pair)
        return fused, done


def gate_loss(share: Tensor, sign: str) -> Tensor:
    """Equation 20, its mean over clips and features: ``"resolved"`` or ``"literal"``, see above."""
    wanted = share if sign == "resolved" else 1 - share
    return -torch.log(wanted.clamp(min=NEARLY_ZERO)).mean()
