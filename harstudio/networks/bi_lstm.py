"""Bi-LSTM: recurrent layers over the joints of every frame, and a linear layer.

A. Graves, J. Schmidhuber: Framewise Phoneme Classification with Bidirectional LSTM and Other Neural
Network Architectures, Neural Networks 2005, stacked three high; the skeleton baseline of MMFF
(X. Zhu et al., TOMM 2022, table 7, whose nine rows are ``cell``, ``depth`` and ``bidirectional``).
The equations, and what the paper's figures leave open, stand in ``backbones.bi_lstm``.

It trains and sees what the skeleton stream of ``mmff-lstm`` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harstudio.networks.backbones.bi_lstm import OPTIONS, BiLSTM
from harstudio.networks.mmff_cards import LSTM_SKELETON
from harstudio.networks.network import SALIENCY, Network
from harstudio.networks.skeleton_network import SkeletonNetwork
from harstudio.results import Kind, NetworkCard, Recipe, Stage

CARDS = (
    NetworkCard(
        name="bi-lstm",
        title="Bi-LSTM",
        paper="Framewise Phoneme Classification with Bidirectional LSTM and Other Neural Network "
        "Architectures",
        authors="A. Graves, J. Schmidhuber",
        year=2005,
        branches={"skeleton": ("skeleton",)},
        streams={"skeleton": ("skeleton",)},
        preprocessing={"skeleton": LSTM_SKELETON},
        recipe=Recipe(stages=(Stage("skeleton", ("skeleton",), "skeleton", decay_at=(10, 20)),)),
        options=OPTIONS,
        explains={SALIENCY: Kind.JOINT_WEIGHTS},
    ),
)


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh Bi-LSTM."""
    return SkeletonNetwork(BiLSTM(num_classes, topology, **options))
