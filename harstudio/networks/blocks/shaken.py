"""An inertial signal as another sensor, worn a little otherwise, would have given it.

T. T. Um and others: Data Augmentation of Wearable Sensor Data for Parkinson's Disease Monitoring
using Convolutional Neural Networks, ICMI 2017: rotation and jitter. In training only.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

STRAIGHT = 180.0  # degrees


class Shaken(nn.Module):
    """Turns acceleration and rotation of every clip alike, and adds noise; nothing in testing.

    turn_deg: the largest angle about each axis of the sensor, to either side. noise: the standard
    deviation of what is added to every sample, in g and rad/s. ValueError where one is negative.
    """

    def __init__(self, turn_deg: float = 0.0, noise: float = 0.0) -> None:
        super().__init__()
        if not 0 <= turn_deg <= STRAIGHT or noise < 0:
            raise ValueError(f"turn_deg {turn_deg} or noise {noise} is out of its range")
        self.turn = math.radians(turn_deg)
        self.noise = noise

    def forward(self, inertial: Tensor) -> Tensor:
        """(N, 6, T), the same shape."""
        if not self.training:
            return inertial
        if self.turn:
            angles = (2 * torch.rand(len(inertial), 3, device=inertial.device) - 1) * self.turn
            turns = turns_of(angles.to(inertial.dtype))
            sensors = inertial.view(len(inertial), 2, 3, -1)
            inertial = torch.einsum("nij,nsjt->nsit", turns, sensors).reshape(inertial.shape)
        if self.noise:
            inertial = inertial + self.noise * torch.randn_like(inertial)
        return inertial


def turns_of(angles: Tensor) -> Tensor:
    """(N, 3) radians about x, y and z -> (N, 3, 3), R = Rx Ry Rz."""
    whole = torch.eye(3, dtype=angles.dtype, device=angles.device).repeat(len(angles), 1, 1)
    for axis, (i, j) in enumerate(((1, 2), (2, 0), (0, 1))):
        cosine, sine = angles[:, axis].cos(), angles[:, axis].sin()
        turn = torch.eye(3, dtype=angles.dtype, device=angles.device).repeat(len(angles), 1, 1)
        turn[:, i, i], turn[:, j, j] = cosine, cosine
        turn[:, i, j], turn[:, j, i] = -sine, sine
        whole = whole @ turn
    return whole
