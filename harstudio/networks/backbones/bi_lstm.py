"""Recurrent layers over the joints of every frame: the skeleton stream of MMFF's Bi-LSTM form.

A. Graves, J. Schmidhuber: Framewise Phoneme Classification with Bidirectional LSTM and Other Neural
Network Architectures, Neural Networks 2005; as used by X. Zhu et al. (MMFF), TOMM 2022, section
3.2, equations 1 to 3 (the printed h_t - 1 is h_{t-1}).

A frame is (x, y, z) of every joint, body after body. There are always two places for bodies; where
the input has one, the second is 0 as an absent body is, so that weights fit either. The features
are the cell states after the last frame, of the backward direction after the first; a GRU has no
cell state, its hidden state is taken. No map of places leads to them: the joint saliency is of the
input itself, derivative times coordinate (``explaining``).

The paper prints 150 hidden units, 600 features and 2.0 M parameters, which exclude each other:
600 = 2 x 300 is kept because the fusion builds on it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harstudio.errors import UsageError
from harstudio.networks.network import FeatureMap, watched
from harstudio.results import Kind, Option
from harstudio.skeletons.topology import topology as topology_named

BODIES = 2
OPTIONS = {
    "cell": Option(
        "lstm", "Table 7: LSTM, or GRU, which has one gate and one state less.", ("lstm", "gru")
    ),
    "depth": Option(
        3, "Table 7: recurrent layers on top of each other.", (1, 2, 3), title="Layers"
    ),
    "bidirectional": Option(True, "Table 7: read from the last frame too.", (True, False)),
    "hidden": Option(300, "Hidden units of each layer in each direction.", title="Hidden units"),
    "dropout": Option(0.5, "Share of features dropped between the layers in training."),
}


class BiLSTM(nn.Module):
    """Joints over time to one vector and, by the linear layer ``fcn``, to logits.

    channels: size C of the vector, hidden times the number of directions.
    """

    def __init__(
        self, num_classes: int, topology: str, *, cell: str = "lstm", depth: int = 3,
        bidirectional: bool = True, hidden: int = 300, dropout: float = 0.5,
    ) -> None:  # fmt: skip
        super().__init__()
        kind = nn.LSTM if cell == "lstm" else nn.GRU
        self.layers = kind(
            len(topology_named(topology).joints) * 3 * BODIES,
            hidden,
            depth,
            batch_first=True,
            dropout=dropout if depth > 1 else 0.0,  # there is nothing between the layers of one
            bidirectional=bidirectional,
        )
        self.channels = hidden * (1 + bidirectional)
        self.fcn = nn.Linear(self.channels, num_classes)

    def forward(self, skeleton: Tensor) -> Tensor:
        """(N, 3, T, V, M) -> (N, C), forward direction first. UsageError for more than two bodies.

        Layers of one direction share a call, so the states of all lie in (layers x directions, N,
        hidden), the last layer's at the end.
        """
        n, _, frames, _, bodies = skeleton.shape
        if bodies > BODIES:
            raise UsageError(
                f"The recurrent skeleton stream takes {BODIES} bodies, not {bodies}.",
                remedy=f"Set preprocessing.skeleton.bodies to {BODIES}.",
            )
        absent = skeleton.new_zeros(*skeleton.shape[:4], BODIES - bodies)
        read = torch.cat((skeleton, absent), dim=4).permute(0, 2, 4, 3, 1)
        _, state = self.layers(read.reshape(n, frames, -1))
        if isinstance(state, tuple):
            _, state = state
        directions = 1 + self.layers.bidirectional
        last: Tensor = state[-directions:].transpose(0, 1)
        return last.reshape(n, self.channels)

    def explained(self, skeleton: Tensor) -> tuple[Tensor, FeatureMap]:
        """The same, and what the joint saliency is made of. cuDNN would go back in training only,
        and is not used."""
        skeleton = watched(skeleton)
        with torch.backends.cudnn.flags(enabled=False):
            features = self(skeleton)
        return features, FeatureMap(Kind.JOINT_WEIGHTS, "skeleton", skeleton, elementwise=True)

    def pool(self, features: Tensor) -> Tensor:
        """The features are one vector already."""
        return features

    def classify(self, pooled: Tensor) -> Tensor:
        """(N, C) -> logits (N, K)."""
        logits: Tensor = self.fcn(pooled)
        return logits
