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
from harstudio.networks.network import SALIENCY, Batch, FeatureMap, Network, Output
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


class SkeletonNetwork(Network):
    """Bi-LSTM alone: child module ``skeleton``."""

    def __init__(self, skeleton: BiLSTM) -> None:
        super().__init__()
        self.skeleton = skeleton

    def fused(self, batch: Batch, explain: bool) -> Output:
        """Takes ``skeleton``; one stream."""
        maps: dict[str, FeatureMap] = {}
        if explain:
            features, maps[SALIENCY] = self.skeleton.explained(batch["skeleton"])
        else:
            features = self.skeleton(batch["skeleton"])
        logits = self.skeleton.classify(features)
        return Output(
            logits,
            {"skeleton": logits},
            {"skeleton": features},
            explanation={} if explain else None,
            maps=maps,
        )

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        """The same: it has one stream."""
        return self.fused(batch, explain)


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh Bi-LSTM."""
    return SkeletonNetwork(BiLSTM(num_classes, topology, **options))
