"""A network that makes one vector of a sequence of joints: joints in, opinion and saliency out."""

from __future__ import annotations

from harstudio.networks.backbones.bi_lstm import BiLSTM
from harstudio.networks.backbones.hcn import HCN
from harstudio.networks.network import SALIENCY, Batch, FeatureMap, OneStream, Output


class SkeletonNetwork(OneStream):
    """The backbone with its own classifier: child module ``skeleton``."""

    def __init__(self, skeleton: HCN | BiLSTM) -> None:
        super().__init__()
        self.skeleton = skeleton

    def fused(self, batch: Batch, explain: bool) -> Output:
        """Takes ``skeleton``."""
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
