"""Where and how the streams of CC-DFARM and MSAF meet, and what that tells; see ``cc_dfarm``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from harstudio.errors import UsageError
from harstudio.networks.backbones import hcn, i3d
from harstudio.networks.blocks.dsfm import DSFM
from harstudio.networks.blocks.mffm import MFFM
from harstudio.networks.blocks.mmtm import MMTM
from harstudio.networks.network import Gaze
from harstudio.results import Kind

PERSONS = 2  # that are apart where the streams first meet
FUSED = 512  # channels of MFFM


class Place(NamedTuple):
    """Where streams meet: channels of the clip's map, of each skeleton's and of a block."""

    clip: int
    skeleton: int
    block: int
    skeletons: int


PLACES = {
    "first": Place(i3d.MIXED_5B, hcn.BODY_CHANNELS, 64, PERSONS),
    "second": Place(i3d.CHANNELS, hcn.CHANNELS, 256, 1),
}


class Meeting(nn.Module):
    """One place where the streams recalibrate each other."""

    def __init__(self, place: Place, options: Mapping[str, Any]) -> None:
        super().__init__()
        self.block: DSFM | MMTM
        if options["baseline_fusion"] == "mmtm":
            self.block = MMTM(place.clip, place.skeleton)
        else:
            self.block = DSFM(
                (place.clip, *(place.skeleton,) * place.skeletons), place.block,
                lowest=options["lowest_attention"], reduction=options["reduction"],
            )  # fmt: skip

    def forward(self, clip: Tensor, persons: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """clip (N, C, t, h, w), persons (N, M, C', *) -> both recalibrated, and what the channels
        were multiplied by: (N, C) of the clip, then (N, C') of each skeleton; one for all under
        MMTM, where persons share a gate."""
        if isinstance(self.block, MMTM):
            clip, joined, own, other = self.block(clip, persons.transpose(1, 2))
            return clip, joined.transpose(1, 2), [own, other]
        if persons.shape[1] >= len(self.block.counts):
            raise UsageError(
                f"There are {persons.shape[1]} bodies, and the fusion knows {PERSONS}.",
                remedy=f"Set preprocessing.skeleton.bodies to {PERSONS} or 1.",
            )
        (clip, *apart), weights = self.block([clip, *persons.unbind(dim=1)])
        return clip, torch.stack(apart, dim=1), weights


class Fusion(nn.Module):
    """The places where streams meet, then MFFM with its classifier, or the mean of a classifier for
    each stream. joints: V, for what is told."""

    def __init__(self, num_classes: int, joints: int, options: Mapping[str, Any]) -> None:
        super().__init__()
        self.joints = joints
        self.places = nn.ModuleDict(
            {
                name: Meeting(place, options)
                for name, place in PLACES.items()
                if options["dsfm"] in ("both", name)
            }
        )
        self.dropout = nn.Dropout(options["dropout"])
        self.mffm: MFFM | None = None
        if options["mffm"]:
            self.mffm = MFFM(i3d.CHANNELS, hcn.CHANNELS, FUSED)
            self.classifier = nn.Linear(FUSED, num_classes)
        else:
            self.clip = nn.Linear(i3d.CHANNELS, num_classes)
            self.skeleton = nn.Linear(hcn.CHANNELS, num_classes)

    def neutral(self, place: str) -> float:
        """The weight that channels get where nothing is preferred; 1 where streams do not meet."""
        if place not in self.places:
            return 1.0
        return cast("Meeting", self.places[place]).block.neutral

    def meet(
        self, place: str, clip: Tensor, persons: Tensor, gaze: dict[str, Gaze] | None
    ) -> tuple[Tensor, Tensor]:
        """clip (N, C, t, h, w), persons (N, M, C', *) -> both recalibrated, if they meet here;
        what it tells is added to ``gaze``."""
        if place not in self.places:
            return clip, persons
        clip, persons, weights = self.places[place](clip, persons)
        if gaze is not None:
            gaze[share_name(place)] = share(weights[0], torch.cat(weights[1:], dim=1))
            meeting = cast("Meeting", self.places[place])
            if place == "first" and isinstance(meeting.block, DSFM):
                gaze["person share"] = person_share(weights[1:], self.joints)
        return clip, persons

    def decide(
        self, clip: Tensor, pooled: Tensor, skeleton: Tensor, gaze: dict[str, Gaze] | None
    ) -> tuple[Tensor, Tensor]:
        """clip (N, 1024, t, h, w), the same pooled (N, 1024), skeleton (N, 512) -> logits (N, K),
        features (N, D)."""
        if self.mffm is None:
            logits = self.clip(self.dropout(pooled)) + self.skeleton(skeleton)
            return logits / 2, torch.cat((pooled, skeleton), dim=1)
        selection = self.mffm(clip, skeleton)
        if gaze is not None:
            own, other = selection.channels.chunk(2, dim=1)
            gaze["channel share"] = share(own, other)
            gaze["spatial mask"] = Gaze(Kind.HEAT_MAP, "clip", selection.places[:, 0])
        features = selection.fused.mean(dim=(2, 3, 4))
        return self.classifier(self.dropout(features)), features


def share_name(place: str) -> str:
    """What the shares at a place are called: by its number."""
    return f"modality share {1 + list(PLACES).index(place)}"


def share(clip: Tensor, skeleton: Tensor) -> Gaze:
    """What the channels of both were multiplied by, (N, C) and (N, C'): the means as shares of
    their sum, one half where nothing is preferred, however many channels each has."""
    means = torch.stack([clip.mean(dim=1), skeleton.mean(dim=1)], dim=1)
    means = means / means.sum(dim=1, keepdim=True)
    return Gaze(Kind.MODALITY_SHARE, "clip", means[:, None])


def person_share(persons: Sequence[Tensor], joints: int) -> Gaze:
    """What the channels of every person were multiplied by, (N, C): the means as shares of their
    sum, the same for all joints at one moment."""
    means = torch.stack([weights.mean(dim=1) for weights in persons], dim=1)
    shares = means / means.sum(dim=1, keepdim=True)
    return Gaze(Kind.JOINT_WEIGHTS, "skeleton", shares[:, None, None].expand(-1, -1, joints, -1))


def explains(options: Mapping[str, Any]) -> dict[str, Kind]:
    """What ``Fusion`` with these options tells."""
    told: dict[str, Kind] = {}
    for name in PLACES:
        if options["dsfm"] in ("both", name):
            told[share_name(name)] = Kind.MODALITY_SHARE
    if options["dsfm"] in ("both", "first") and options["baseline_fusion"] == "none":
        told["person share"] = Kind.JOINT_WEIGHTS
    if options["mffm"]:
        told["channel share"] = Kind.MODALITY_SHARE
        told["spatial mask"] = Kind.HEAT_MAP
    return told
