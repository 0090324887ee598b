"""imu-tcn: a convolutional network over time on an inertial sensor.

After Z. Wang, W. Yan, T. Oates: Time Series Classification from Scratch with Deep Neural Networks:
A Strong Baseline, IJCNN 2017; the fully convolutional network, its mean over time, one linear
layer, and the class activation map of section II.C: because mean and classifier are linear, the
classifier read at every step says how much it spoke for a class. Widths and strides are ours, see
``backbones.temporal_cnn``; the rate is the paper's (Adam, 0.001), the number of epochs ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from harstudio.networks.backbones.temporal_cnn import CHANNELS, TemporalCNN
from harstudio.networks.network import Batch, Gaze, Network, OneStream, Output
from harstudio.results import Kind, NetworkCard, Option, Recipe, Stage

CARDS = (
    NetworkCard(
        name="imu-tcn",
        title="Temporal CNN (inertial)",
        paper="Time Series Classification from Scratch with Deep Neural Networks: A Strong "
        "Baseline",
        authors="Z. Wang, W. Yan, T. Oates",
        year=2017,
        branches={"inertial": ("inertial",)},
        streams={"inertial": ("inertial",)},
        preprocessing={"inertial": {"frames": 128}},
        recipe=Recipe(
            stages=(
                Stage("inertial", ("inertial",), epochs=60, learning_rate=1e-3, decay_at=(40,)),
            ),
        ),
        options={
            "turn_deg": Option(0.0, "Largest turn of the sensor about each axis in training."),
            "noise": Option(0.0, "Noise on the sensor in training, in g and rad/s."),
        },
        explains={"inertial importance": Kind.IMPORTANCE},
    ),
)


class InertialStream(TemporalCNN):
    """The backbone with its classifier."""

    def __init__(self, num_classes: int, *, turn_deg: float = 0.0, noise: float = 0.0) -> None:
        super().__init__(turn_deg=turn_deg, noise=noise)
        self.classifier = nn.Linear(CHANNELS, num_classes)

    def pool(self, features: Tensor) -> Tensor:
        """(N, 512, T') -> (N, 512): the mean over time."""
        return features.mean(dim=2)

    def classify(self, pooled: Tensor) -> Tensor:
        """(N, 512) -> logits (N, K)."""
        logits: Tensor = self.classifier(pooled)
        return logits

    def importance(self, features: Tensor) -> Gaze:
        """How much each step spoke for each class; the mean over steps is the logits."""
        evidence: Tensor = self.classifier(features.transpose(1, 2))
        return Gaze(Kind.IMPORTANCE, "inertial", evidence.transpose(1, 2), per_class=True)


class InertialNetwork(OneStream):
    """The stream alone."""

    def __init__(self, num_classes: int, **options: float) -> None:
        super().__init__()
        self.inertial = InertialStream(num_classes, **options)

    def fused(self, batch: Batch, explain: bool) -> Output:
        """Takes ``inertial``; one stream."""
        features = self.inertial(batch["inertial"])
        pooled = self.inertial.pool(features)
        logits = self.inertial.classify(pooled)
        told = {"inertial importance": self.inertial.importance(features)} if explain else None
        return Output(logits, {"inertial": logits}, {"inertial": pooled}, explanation=told)


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh imu-tcn."""
    return InertialNetwork(num_classes, **options)
