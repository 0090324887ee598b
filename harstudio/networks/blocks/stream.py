"""A backbone with a classifier of its own: what sees one input and can answer alone."""

from __future__ import annotations

from torch import Tensor, nn

from harstudio.networks.backbones.graphs import GraphStream, told_links
from harstudio.networks.backbones.joint_tcn import JointTCN
from harstudio.networks.backbones.temporal_cnn import TemporalCNN
from harstudio.networks.network import SALIENCY, FeatureMap, Gaze, watched
from harstudio.results import Kind

IMPORTANCE = "{} importance"  # of an input, over time


def shown_of(name: str) -> tuple[str, Kind]:
    """What Grad-CAM shows of the last map of an input, and of what kind that is."""
    if name == "skeleton":
        return SALIENCY, Kind.JOINT_WEIGHTS
    return f"Grad-CAM {name}", Kind.HEAT_MAP


class Stream(nn.Module):
    """A backbone, the mean over its map, and its own classifier.

    features: of what is classified; the backbone's channels stay where they are as many, else they
    go through a linear layer and a ReLU.
    """

    def __init__(self, backbone: nn.Module, channels: int, features: int, num_classes: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.embed: nn.Sequential | None = None
        if channels != features:
            self.embed = nn.Sequential(nn.Linear(channels, features), nn.ReLU())
        self.classifier = nn.Linear(features, num_classes)

    def forward(self, given: Tensor) -> Tensor:
        """The backbone's map, (N, C, ...)."""
        features: Tensor = self.backbone(given)
        return features

    def explained(
        self, name: str, given: Tensor
    ) -> tuple[Tensor, dict[str, Gaze], dict[str, FeatureMap]]:
        """The map of the input of that name; what the stream tells of itself, and what Grad-CAM
        shows."""
        told: dict[str, Gaze] = {}
        if isinstance(self.backbone, JointTCN):
            features, shown = self.backbone.explained(given)
            maps = {SALIENCY: shown}
        elif isinstance(self.backbone, TemporalCNN):
            features, maps = self(given), {}
        else:
            if isinstance(self.backbone, GraphStream):
                features, links = self.backbone.with_links(given)
                told = told_links(links)
            else:
                features = self(given)
            features = watched(features)
            title, kind = shown_of(name)
            maps = {title: FeatureMap(kind, name, features)}
        if self._tells_time:
            told[IMPORTANCE.format(name)] = self.importance(name, features)
        return features, told, maps

    @property
    def _tells_time(self) -> bool:
        """Whether all between its map over time and its logits is linear."""
        return isinstance(self.backbone, JointTCN | TemporalCNN) and self.embed is None

    def importance(self, name: str, features: Tensor) -> Gaze:
        """(N, C, T') -> how much each step spoke for each class: the mean over steps is the logits
        of this stream."""
        evidence: Tensor = self.classifier(features.transpose(1, 2)).transpose(1, 2)
        return Gaze(Kind.IMPORTANCE, name, evidence, per_class=True)

    def pool(self, features: Tensor) -> Tensor:
        """(N, C, ...) -> (N, features)."""
        pooled: Tensor = features.flatten(2).mean(dim=2)
        if self.embed is not None:
            pooled = self.embed(pooled)
        return pooled
