"""A small convolutional network over time, for inertial sensors.

After Z. Wang, W. Yan, T. Oates: Time Series Classification from Scratch with Deep Neural Networks:
A Strong Baseline, IJCNN 2017, the fully convolutional network: convolutions over time, each with
batch normalisation and ReLU. Chosen here: four layers and more channels, so that what comes out is
as wide as a ResNet-18's features, and strides, so that a step of the output stands for eight
samples (and sees 49).
"""

from __future__ import annotations

from torch import Tensor, nn

from harstudio.networks.blocks.shaken import Shaken

SENSED = 6  # acceleration and rotation
CHANNELS = 512
# (channels out, kernel, stride)
LAYERS = ((64, 9, 2), (128, 5, 2), (256, 5, 2), (CHANNELS, 3, 1))


class TemporalCNN(nn.Module):
    """(N, 6, T) -> (N, 512, T'), T' = T / 8 rounded up. turn_deg, noise: see ``Shaken``."""

    channels = CHANNELS

    def __init__(self, *, turn_deg: float = 0.0, noise: float = 0.0) -> None:
        super().__init__()
        self.shaken = Shaken(turn_deg, noise)
        blocks = []
        channels = SENSED
        for following, kernel, stride in LAYERS:
            convolution = nn.Conv1d(channels, following, kernel, stride, kernel // 2, bias=False)
            nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
            blocks.append(nn.Sequential(convolution, nn.BatchNorm1d(following), nn.ReLU()))
            channels = following
        self.layers = nn.Sequential(*blocks)

    def forward(self, inertial: Tensor) -> Tensor:
        """Acceleration and rotation to features over time."""
        features: Tensor = self.layers(self.shaken(inertial))
        return features
