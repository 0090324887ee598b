"""HCN: joints become channels, so that one convolution sees them all.

C. Li, Q. Zhong, D. Xie, S. Pu: Co-occurrence Feature Learning from Skeleton Data for Action
Recognition and Detection with Hierarchical Aggregation, IJCAI 2018; figure 3 and section 3.2.
Positions and their differences over time (equation 1) go side by side up to the fourth convolution;
persons meet by their maximum after the sixth. Parameters keep the names of the published code; its
size is fixed to a number of frames, here 32 or 64, and other sequences are resized linearly in
time.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from harstudio.networks.network import SALIENCY, FeatureMap, watched
from harstudio.results import Kind

BODY_CHANNELS = 128  # of the map of each person, after conv5
PAIR_CHANNELS = 256  # of the map of all persons, after conv6
CHANNELS = 512  # features after fc7
LOCAL_CHANNELS = 64


class HCN(nn.Module):
    """Skeleton to features: (N, 3, T, V, M) -> (N, 512).

    joints: V. frames: what a sequence is resized to; a multiple of 16. classes: outputs of the
    classifier ``fc8``, 0 leaves it out. dropout: share of maps or features dropped in training.
    """

    channels = CHANNELS

    def __init__(
        self, joints: int, classes: int = 0, *, frames: int = 32, dropout: float = 0.4
    ) -> None:
        super().__init__()
        if frames < 16 or frames % 16:
            raise ValueError(f"frames should be a multiple of 16, not {frames}")
        self.frames = frames
        for kind in ("", "m"):  # of positions, of motion
            self.add_module(f"conv1{kind}", _convolution(3, LOCAL_CHANNELS, 1, nn.ReLU()))
            self.add_module(
                f"conv2{kind}", nn.Conv2d(LOCAL_CHANNELS, frames, (3, 1), padding=(1, 0))
            )
            self.add_module(f"conv3{kind}", _convolution(joints, 32, 3, nn.MaxPool2d(2)))
            self.add_module(
                f"conv4{kind}", _convolution(32, 64, 3, nn.Dropout2d(dropout), nn.MaxPool2d(2))
            )
        self.conv5 = _convolution(
            BODY_CHANNELS, BODY_CHANNELS, 3, nn.ReLU(), nn.Dropout2d(dropout), nn.MaxPool2d(2)
        )
        self.conv6 = _convolution(
            BODY_CHANNELS, PAIR_CHANNELS, 3, nn.ReLU(), nn.Dropout2d(dropout), nn.MaxPool2d(2)
        )
        places = (frames // 16) ** 2
        self.fc7 = nn.Sequential(
            nn.Linear(PAIR_CHANNELS * places, CHANNELS), nn.ReLU(), nn.Dropout(dropout)
        )
        self.fc8 = nn.Linear(CHANNELS, classes) if classes else None

    def joint_maps(
        self, skeleton: Tensor, told: dict[str, FeatureMap] | None = None
    ) -> tuple[Tensor, Tensor]:
        """(N, 3, T, V, M) -> positions and motion, each (N * M, frames, frames, V): features of
        every joint by itself at every moment, ``frames`` of them. They are the last that belong to
        one joint; the map of the joint saliency is put into ``told`` where that is given."""
        position = resized(skeleton, self.frames)
        motion = resized(position[:, :, 1:] - position[:, :, :-1], self.frames)
        maps = []
        for kind, x in (("", position), ("m", motion)):
            x = x.permute(0, 4, 1, 2, 3).flatten(0, 1)
            x = self.get_submodule(f"conv1{kind}")(x)
            maps.append(self.get_submodule(f"conv2{kind}")(x))
        if told is None:
            return maps[0], maps[1]
        both = torch.cat(maps, dim=1)
        both = both.view(len(skeleton), -1, *both.shape[1:]).permute(0, 2, 3, 4, 1)
        both = watched(both)
        told[SALIENCY] = FeatureMap(Kind.JOINT_WEIGHTS, "skeleton", both, elementwise=True)
        # No derivative reaches an absent body, whose features are those of the layers' biases.
        there = (skeleton != 0).flatten(1, 3).any(dim=1)[:, None, None, None]
        both = torch.where(there, both, both.detach())
        position, motion = both.permute(0, 4, 1, 2, 3).flatten(0, 1).chunk(2, dim=1)
        return position, motion

    def body_map(self, position: Tensor, motion: Tensor) -> Tensor:
        """Both with joints as channels, (B, V, frames, frames) -> (B, 128, frames / 8, frames / 8):
        what joints do together."""
        maps = [
            self.get_submodule(f"conv4{kind}")(self.get_submodule(f"conv3{kind}")(x))
            for kind, x in (("", position), ("m", motion))
        ]
        return cast("Tensor", self.conv5(torch.cat(maps, dim=1)))

    def bodies(self, skeleton: Tensor, told: dict[str, FeatureMap] | None = None) -> Tensor:
        """(N, 3, T, V, M) -> (N, M, 128, h, w): a map of every person. told: see ``joint_maps``."""
        position, motion = self.joint_maps(skeleton, told)
        maps = self.body_map(position.transpose(1, 3), motion.transpose(1, 3))
        return maps.view(len(skeleton), -1, *maps.shape[1:])

    def strongest(self, bodies: Tensor) -> Tensor:
        """(N, M, 128, h, w) -> (N, 256, h / 2, w / 2): the maximum over persons."""
        maps: Tensor = self.conv6(bodies.flatten(0, 1))
        return maps.view(*bodies.shape[:2], *maps.shape[1:]).amax(dim=1)

    def embed(self, strongest: Tensor) -> Tensor:
        """(N, 256, frames / 16, frames / 16) -> (N, 512)."""
        return cast("Tensor", self.fc7(strongest.flatten(1)))

    def forward(self, skeleton: Tensor) -> Tensor:
        """The features before the classifier, not negative."""
        return self.embed(self.strongest(self.bodies(skeleton)))

    def explained(self, skeleton: Tensor) -> tuple[Tensor, FeatureMap]:
        """The same, and the map of the joint saliency."""
        told: dict[str, FeatureMap] = {}
        return self.embed(self.strongest(self.bodies(skeleton, told))), told[SALIENCY]

    def classify(self, features: Tensor) -> Tensor:
        """(N, 512) -> (N, classes)."""
        return cast("Tensor", cast("nn.Module", self.fc8)(features))


def resized(skeleton: Tensor, frames: int) -> Tensor:
    """(N, C, T, V, M) -> (N, C, frames, V, M), linear in time between the middles of frames."""
    if skeleton.shape[2] == frames:
        return skeleton
    if skeleton.shape[2] == 0:  # the motion of a single frame
        return skeleton.new_zeros(*skeleton.shape[:2], frames, *skeleton.shape[3:])
    n, c, t, v, m = skeleton.shape
    rows = skeleton.permute(0, 1, 3, 4, 2).reshape(n, c * v * m, t)
    rows = functional.interpolate(rows, size=frames, mode="linear", align_corners=False)
    return rows.view(n, c, v, m, frames).permute(0, 1, 4, 2, 3)


def _convolution(
    channels_in: int, channels_out: int, kernel: int, *after: nn.Module
) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2), *after)
