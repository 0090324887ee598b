"""Convolutions over time on all joints at once and on their motion.

After T. S. Kim, A. Reiter: Interpretable 3D Human Action Analysis with Temporal Convolutional
Networks, CVPR Workshops 2017: the coordinates of a frame are the channels of a convolution over
time. Motion beside positions is equation 1 of HCN (C. Li, Q. Zhong, D. Xie, S. Pu, IJCAI 2018), and
so is the maximum over persons.

Chosen here: three wide layers instead of ten residual ones, for a few hundred clips; each is a
convolution, batch normalisation, ReLU and dropout. The two strides make a step of the output of
four frames; it sees 25. One scale normalises all joints (``Spread``). Nothing depends on which
joints there are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harstudio.networks.blocks.batch_statistics import batch_statistics
from harstudio.networks.network import FeatureMap, watched
from harstudio.results import Kind

CHANNELS = 256
KERNEL = 5
# (channels out, stride)
LAYERS = ((192, 1), (256, 2), (CHANNELS, 2))
PER_JOINT = 6  # position and motion, x, y and z of each
EPSILON = 1e-8


class Spread(nn.Module):
    """Position and motion of every joint, moved so that their mean is 0, and scaled so that the
    mean variance of all positions is 1, and that of all motion.

    One scale for all joints, unlike batch normalisation's: a joint that hardly moves keeps to
    itself, instead of its noise being made as large as a wave of the hand. Mean and variances are
    those of the bodies of all training batches so far, later ones counting more; in training and
    in testing the same.
    """

    def __init__(self, joints: int, momentum: float = 0.1) -> None:
        super().__init__()
        self.momentum = momentum
        self.mean: Tensor
        self.variance: Tensor
        self.batches: Tensor
        self.register_buffer("mean", torch.zeros(PER_JOINT * joints))
        self.register_buffer("variance", torch.ones(2))
        self.register_buffer("batches", torch.zeros((), dtype=torch.long))

    def forward(self, both: Tensor, there: Tensor) -> Tensor:
        """(B, 6 * V, T), positions first, of B bodies -> the same, normalised. there: (B,), whether
        a body is one; others count for nothing."""
        if self.training:
            self._learn(both.detach()[there])
        scale = (self.variance + EPSILON).rsqrt().repeat_interleave(both.shape[1] // 2)
        return (both - self.mean[:, None]) * scale[:, None]

    def _learn(self, both: Tensor) -> None:
        """Takes the bodies of a batch into account, (B, 6 * V, T)."""
        mean, variance, count = batch_statistics(both)
        if not count:
            return
        self.batches += 1
        share = (1 / self.batches).clamp(min=self.momentum)
        self.mean += share * (mean - self.mean)
        self.variance += share * (variance.view(2, -1).mean(dim=1) - self.variance)


class JointTCN(nn.Module):
    """(N, 3, T, V, M) -> (N, 256, T'), T' = T / 4 rounded up; not negative.

    joints: V. dropout: share of features dropped after each layer in training.
    """

    channels = CHANNELS

    def __init__(self, joints: int, *, dropout: float = 0.2) -> None:
        super().__init__()
        channels = PER_JOINT * joints
        self.spread = Spread(joints)
        blocks = []
        for following, stride in LAYERS:
            convolution = nn.Conv1d(channels, following, KERNEL, stride, KERNEL // 2, bias=False)
            blocks.append(
                nn.Sequential(
                    convolution, nn.BatchNorm1d(following), nn.ReLU(), nn.Dropout(dropout)
                )
            )
            channels = following
        self.layers = nn.Sequential(*blocks)

    def forward(self, skeleton: Tensor) -> Tensor:
        """Joints to features over time."""
        return self._strongest(self._normed(skeleton), skeleton)

    def explained(self, skeleton: Tensor) -> tuple[Tensor, FeatureMap]:
        """The same, and what the joint saliency is made of: derivative times how far position and
        motion of a joint are from what is usual."""
        normed = self._normed(skeleton)
        count, _, frames, joints, bodies = skeleton.shape
        apart = normed.view(count, bodies, PER_JOINT, joints, frames).permute(0, 2, 4, 3, 1)
        apart = watched(apart)
        normed = apart.permute(0, 4, 1, 3, 2).reshape(normed.shape)
        told = FeatureMap(Kind.JOINT_WEIGHTS, "skeleton", apart, elementwise=True)
        return self._strongest(normed, skeleton), told

    def _normed(self, skeleton: Tensor) -> Tensor:
        """(N, 3, T, V, M) -> (N * M, 6 * V, T): positions, then motion from the frame before."""
        motion = torch.diff(skeleton, dim=2, prepend=skeleton[:, :, :1])
        both = torch.cat((skeleton, motion), dim=1).permute(0, 4, 1, 3, 2)  # (N, M, 6, V, T)
        rows = both.reshape(-1, both.shape[2] * both.shape[3], both.shape[4])
        normed: Tensor = self.spread(rows, _there(skeleton).flatten())
        return normed

    def _strongest(self, normed: Tensor, skeleton: Tensor) -> Tensor:
        """The maximum of the maps of all bodies that are there."""
        maps: Tensor = self.layers(normed)
        there = _there(skeleton)
        maps = maps.view(*there.shape, *maps.shape[1:])
        return (maps * there[:, :, None, None]).amax(dim=1)


def _there(skeleton: Tensor) -> Tensor:
    """(N, 3, T, V, M) -> (N, M): whether there is a body."""
    return (skeleton != 0).flatten(1, 3).any(dim=1)
