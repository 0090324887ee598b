"""MMFF: one picture and a skeleton sequence.

X. Zhu, Y. Zhu, H. Wang, H. Wen, Y. Yan, P. Liu: Skeleton Sequence and RGB Frame Based
Multi-Modality Feature Fusion Network for Action Recognition, TOMM 2022. Equations 1 to 3
(``backbones.bi_lstm``), 11 to 15 (``blocks.picture_stream``), 16 and 17
(``blocks.relation_fusion``), and the other fusions of table 6 (``blocks.mmff_fusion``).

The skeleton tells the picture where to look (the square around the joint that moved most), the
picture's own attention adds two maps. ``mmff-gcn`` relates every cell of the picture with every
joint; ``mmff-lstm`` puts the features of both streams side by side. ``mmff-lite`` is the first with
a light picture backbone and 64 frames, for one processor.

Choices. Several frames (table 4) are judged one by one, each with the skeleton, and the mean of the
logits is the answer; the paper says no more than that they are "combined". With weights of its own
a frame has its own picture stream and its own fusion: five frames then are 132.96 M, counted as in
print (with each Xception's unused ImageNet classifier, without the picture's own head), against
134.9 M, 1.4 % less; the 90.1 M printed for three frames are the accuracy of that row.
``mmff-lstm`` has 28.79 M without the heads of single streams and 8.53 G multiply-adds; printed are
27.4 M and 15.3 G. The parameters differ by the Bi-LSTM (5.41 M here, printed 2.0 M, see
``backbones.bi_lstm``) and by the unused classifier counted in print; with 2.0 M and that classifier
it would be 27.43 M. The 6.3 G printed for the Bi-LSTM cannot be: each of its weights is used once a
frame, 0.17 G in all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from harstudio.networks.backbones import bi_lstm, efficientnet_lite, xception
from harstudio.networks.backbones.bi_lstm import BiLSTM
from harstudio.networks.backbones.cells import Windows, windows_of
from harstudio.networks.backbones.graphs import GraphStream, skeleton_stream, told_links
from harstudio.networks.blocks.mmff_fusion import (
    Concatenation,
    CrossAttention,
    DecisionFusion,
    SumFusion,
)
from harstudio.networks.blocks.picture_stream import PictureStream, Seen
from harstudio.networks.mmff_cards import CARDS, adapt
from harstudio.networks.network import SALIENCY, Batch, FeatureMap, Gaze, Network, Output, watched
from harstudio.results import Kind, NetworkCard

__all__ = ["CARDS", "MMFF", "adapt", "create"]

# A light network trains for hundreds of steps, not hundreds of thousands: batch statistics that
# move as slowly as the published 0.01 would still be those of the start.
LITE_MOMENTUM = 0.1


class MMFF(Network):
    """The two streams and their fusion: child modules ``skeleton``, ``picture``, ``fusion``.

    ``picture`` and ``fusion`` are lists where every frame has its own; a fusion of decisions is
    always one, because it takes no more than what the streams answer.
    """

    def __init__(
        self, skeleton: GraphStream | BiLSTM, backbone: Callable[[], nn.Module], channels: int,
        num_classes: int, options: Mapping[str, Any],
    ) -> None:  # fmt: skip
        super().__init__()
        self.skeleton = skeleton
        self.frames: int = options["frames"]
        apart = options["frame_weights"] == "separate"

        def picture() -> PictureStream:
            return PictureStream(
                backbone(), channels, num_classes,
                self_attention=options["self_attention"], told=options["skeleton_attention"],
            )  # fmt: skip

        self.picture = _one_or_each(picture, self.frames, apart)
        features = self.pictures[0].channels

        def fusion() -> CrossAttention | Concatenation | SumFusion:
            if options["fusion"] == "sum":
                return SumFusion(skeleton.channels, features, num_classes)
            if options["fusion"] == "concatenation":
                return Concatenation(skeleton.channels, features, num_classes)
            return CrossAttention(channels, skeleton.channels, num_classes, options["relation"])

        self.heads_apart = options["fusion"] != "decision"
        self.fusion = (
            _one_or_each(fusion, self.frames, apart) if self.heads_apart else DecisionFusion()
        )

    @property
    def pictures(self) -> list[PictureStream]:
        """The picture stream of every frame."""
        return _each(self.picture, self.frames)

    def windows(self, name: str) -> Windows:
        """Those of the backbone that sees the input."""
        return windows_of(self.pictures[0].backbone)

    @property
    def fusions(self) -> list[CrossAttention | Concatenation | SumFusion]:
        """The fusion of every frame, where features are fused."""
        return _each(self.fusion, self.frames)

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        """``skeleton`` or ``picture`` by its own head; a batch without focus is one in which nobody
        was seen, and then the skeleton's mask is 1 everywhere."""
        joints, seen = None, list[Seen]()
        told: dict[str, Gaze] = {}
        maps: dict[str, FeatureMap] = {}
        if stream == "skeleton":
            joints, told, maps = self._read(batch, explain)
        else:
            seen, maps = self._look(batch, explain)
            told = _attention(seen)
        vectors = self._vectors(joints, seen)
        by_stream = self._judge(vectors)
        return Output(
            by_stream[stream],
            by_stream,
            {name: _mean(each) for name, each in vectors.items()},
            explanation=told if explain else None,
            maps=maps,
        )

    def fused(self, batch: Batch, explain: bool) -> Output:
        """Takes ``skeleton``, ``picture`` and ``focus``. Where the fusion does not take what the
        heads of single streams say, no gradient goes back from them into it.

        Of several frames, features are the means over frames, and the relation is the middle one's.
        """
        joints, told, maps = self._read(batch, explain)
        seen, pictured = self._look(batch, explain)
        maps |= pictured
        if explain:
            told |= _attention(seen)
        if isinstance(self.fusion, DecisionFusion):
            vectors = self._vectors(joints, seen)
            by_stream = self._judge(vectors)
            logits = self.fusion(by_stream)
            hidden: dict[str, list[Tensor]] = {}
        else:
            if isinstance(self.fusions[0], CrossAttention):
                # Maps are related; the vectors serve the heads of single streams only.
                related, relation = self._relate(joints, seen)
                told["relation"] = relation
                vectors = self._vectors(joints.detach(), [one.detached() for one in seen])
                by_stream = self._judge(vectors)
            else:
                vectors = self._vectors(joints, seen)
                related = self._join(vectors)
                by_stream = self._judge(
                    {name: [one.detach() for one in each] for name, each in vectors.items()}
                )
            logits = _mean(
                [fusion.classifier(one) for fusion, one in zip(self.fusions, related, strict=True)]
            )
            hidden = {"fusion": related}
        return Output(
            logits,
            by_stream,
            {name: _mean(each) for name, each in (vectors | hidden).items()},
            explanation=told if explain else None,
            maps=maps,
        )

    def _read(
        self, batch: Batch, explain: bool
    ) -> tuple[Tensor, dict[str, Gaze], dict[str, FeatureMap]]:
        """The joints' map, or their vector where layers are recurrent; where that is asked for, the
        links that a graph network learned, and the map for Grad-CAM."""
        skeleton = batch["skeleton"]
        if not explain:
            return self.skeleton(skeleton), {}, {}
        if isinstance(self.skeleton, BiLSTM):
            vector, coordinates = self.skeleton.explained(skeleton)
            return vector, {}, {SALIENCY: coordinates}
        joints, links = self.skeleton.with_links(skeleton)
        joints = watched(joints)
        seen = FeatureMap(Kind.JOINT_WEIGHTS, "skeleton", joints)
        return joints, told_links(links), {SALIENCY: seen}

    def _look(self, batch: Batch, explain: bool) -> tuple[list[Seen], dict[str, FeatureMap]]:
        """Every frame with its attention, and its map for Grad-CAM where that is asked for."""
        picture, focus = batch["picture"], batch.get("focus")
        frames = [picture] if self.frames == 1 else picture.unbind(2)
        squares: Sequence[Tensor | None] = [focus] * self.frames
        if focus is not None and self.frames > 1:
            squares = focus.unbind(1)
        streams = self.pictures
        maps = [stream.backbone(frame) for stream, frame in zip(streams, frames, strict=True)]
        seen_by: dict[str, FeatureMap] = {}
        if explain:
            together = watched(torch.stack(maps, dim=2))
            maps = list(together.unbind(2))
            seen_by["Grad-CAM picture"] = FeatureMap(Kind.HEAT_MAP, "picture", together)
        seen = [
            stream.attend(features, square)
            for stream, features, square in zip(streams, maps, squares, strict=True)
        ]
        return seen, seen_by

    def _vectors(self, joints: Tensor | None, seen: Sequence[Seen]) -> dict[str, list[Tensor]]:
        """(N, D) of every stream that was evaluated, of the picture one a frame."""
        vectors: dict[str, list[Tensor]] = {}
        if joints is not None:
            vectors["skeleton"] = [self.skeleton.pool(joints)]
        if seen:
            vectors["picture"] = [
                stream.embed(one) for stream, one in zip(self.pictures, seen, strict=True)
            ]
        return vectors

    def _judge(self, vectors: Mapping[str, Sequence[Tensor]]) -> dict[str, Tensor]:
        """(N, K) of every stream by its own head, of several frames the mean."""
        by_stream = {}
        if "skeleton" in vectors:
            by_stream["skeleton"] = self.skeleton.classify(vectors["skeleton"][0])
        if "picture" in vectors:
            frames = zip(self.pictures, vectors["picture"], strict=True)
            by_stream["picture"] = _mean([stream.classifier(one) for stream, one in frames])
        return by_stream

    def _relate(self, joints: Tensor, seen: Sequence[Seen]) -> tuple[list[Tensor], Gaze]:
        """(N, 512) of every frame, and how the middle frame and the joints are related."""
        related = [
            fusion(stream.cells(one), joints)
            for fusion, stream, one in zip(self.fusions, self.pictures, seen, strict=True)
        ]
        middle = len(seen) // 2
        height, width = seen[middle].features.shape[2:]
        relation = Gaze(Kind.RELATION, "picture", related[middle][1], grid=(height, width))
        return [features for features, _ in related], relation

    def _join(self, vectors: Mapping[str, Sequence[Tensor]]) -> list[Tensor]:
        """(N, 512) of every frame with the skeleton."""
        return [
            fusion({"skeleton": vectors["skeleton"][0], "picture": one})
            for fusion, one in zip(self.fusions, vectors["picture"], strict=True)
        ]


def _attention(seen: Sequence[Seen]) -> dict[str, Gaze]:
    """Where the picture stream looked, frame by frame."""
    gaze: dict[str, Gaze] = {}
    for number, masks in enumerate(zip(*(one.own for one in seen), strict=True), start=1):
        values = torch.cat(masks, dim=1)
        gaze[f"self-attention {number}"] = Gaze(Kind.HEAT_MAP, "picture", values)
    told = [one.told for one in seen if one.told is not None]
    if told:
        gaze["skeleton attention"] = Gaze(Kind.HEAT_MAP, "focus", torch.cat(told, dim=1))
    return gaze


def _one_or_each(make: Callable[[], nn.Module], frames: int, apart: bool) -> nn.Module:
    """One module, or one a frame of several."""
    return nn.ModuleList(make() for _ in range(frames)) if apart and frames > 1 else make()


def _each(module: nn.Module, frames: int) -> list[Any]:
    """The module of every frame."""
    return list(module) if isinstance(module, nn.ModuleList) else [module] * frames


def _mean(each: Sequence[Tensor]) -> Tensor:
    """The mean over frames; of one frame it is that frame's."""
    return each[0] if len(each) == 1 else torch.stack(list(each)).mean(dim=0)


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh MMFF. ImageNet weights of the light form are put in by whoever trains it."""
    skeleton: GraphStream | BiLSTM
    if card.name == "mmff-lstm":
        recurrent = {key: options[key] for key in bi_lstm.OPTIONS}
        skeleton = BiLSTM(num_classes, topology, **recurrent)
    else:
        skeleton = skeleton_stream(
            options["skeleton_backbone"], num_classes, topology,
            dropout=options["dropout"], edge_importance=options["edge_importance"],
        )  # fmt: skip
    if card.name == "mmff-lite":
        return MMFF(skeleton, _light, efficientnet_lite.CHANNELS, num_classes, options)
    return MMFF(skeleton, xception.Xception, xception.CHANNELS, num_classes, options)


def _light() -> nn.Module:
    return efficientnet_lite.EfficientNetLite0(momentum=LITE_MOMENTUM)
