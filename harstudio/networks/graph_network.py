"""One graph network alone, whichever it is: joints in, opinion and joint saliency out."""

from __future__ import annotations

from harstudio.networks.backbones.graphs import GraphStream
from harstudio.networks.network import Batch, OneStream, Output


class GraphNetwork(OneStream):
    """One stream, ``skeleton``."""

    def __init__(self, skeleton: GraphStream) -> None:
        super().__init__()
        self.skeleton = skeleton

    def fused(self, batch: Batch, explain: bool) -> Output:
        """Takes ``skeleton``; its own opinion."""
        told = None
        if explain:
            features, told = self.skeleton.explained(batch["skeleton"])
        else:
            features = self.skeleton(batch["skeleton"])
        pooled = self.skeleton.pool(features)
        logits = self.skeleton.classify(pooled)
        return Output(logits, {"skeleton": logits}, {"skeleton": pooled}, explanation=told)
