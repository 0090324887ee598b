"""MMNet: how strongly a graph network answers at each joint weighs the picture's regions.

B. X. B. Yu, Y. Liu, X. Zhang, S. Zhong, K. C. C. Chan: MMNet: A Model-Based Multimodal Network for
Human Action Recognition in RGB-D Videos, TPAMI 2022; the figures are those of the published code,
which spreads answers from 0 to 255 and divides the joints' by 127, so that a region is multiplied
by 0 to 2. It also cuts off what follows the point; we do not (less than 1 / 127 of difference).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

STRONGEST = 15  # moments that a joint's strength is the mean of
GAIN = 255 / 127


class Strength(NamedTuple):
    """joints: (N, V) in [0, 1], of one body; body: (N,), which it is."""

    joints: Tensor
    body: Tensor


def intensity(features: Tensor, scale: str) -> Tensor:
    """A graph network's last map (N, C, T', V, M) -> (N, T', V, M) in [0, 1].

    The length of every feature vector, from the least to the greatest of the clip (scale
    "sample") or, as published, of the whole batch ("batch").
    """
    length: Tensor = torch.linalg.vector_norm(features, dim=1)
    over = (0, 1, 2, 3) if scale == "batch" else (1, 2, 3)
    low, high = length.amin(over, keepdim=True), length.amax(over, keepdim=True)
    return (length - low) / (high - low).clamp(min=torch.finfo(length.dtype).tiny)


def joint_strength(intensities: Tensor) -> Strength:
    """(N, T', V, M) -> the mean of each joint's 15 greatest values over time, of the body whose
    values are greater on the whole."""
    body = intensities.mean(dim=(1, 2)).argmax(dim=1)
    chosen = intensities.movedim(3, 1)[torch.arange(len(body), device=body.device), body]
    strongest = chosen.topk(min(STRONGEST, chosen.shape[1]), dim=1).values
    return Strength(strongest.mean(dim=1), body)


def weigh_regions(mosaic: Tensor, strength: Tensor) -> Tensor:
    """Multiply each of the R bands of rows of a mosaic (N, 3, H, W) by its own joint's strength
    (N, R) in [0, 1], times 255 / 127."""
    height, bands = mosaic.shape[2], strength.shape[1]
    band = torch.arange(height, device=mosaic.device) * bands // height
    return mosaic * (strength * GAIN)[:, band][:, None, :, None]


def on_joints(strength: Strength, joints: tuple[int, ...], bodies: int) -> Tensor:
    """The strength of some joints at their places, 0 elsewhere: (N, 1, V, M)."""
    count, all_joints = strength.joints.shape
    places = strength.joints.new_zeros(count, 1, all_joints, bodies)
    rows = torch.arange(count, device=places.device)[:, None]
    chosen = torch.tensor(joints, device=places.device)
    places[rows, 0, chosen, strength.body[:, None]] = strength.joints[:, chosen]
    return places
