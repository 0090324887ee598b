"""Late fusion: streams that meet in their scores, or in their features.

``late-score``: J. Kittler, M. Hatef, R. P. W. Duin, J. Matas: On Combining Classifiers, TPAMI 1998.
Every stream answers by its own head; the probabilities are put together (``blocks.score_fusion``).
``late-feature``: the plain schemes of table 3 of X. Zhao et al.: Attention mechanism based
multimodal feature fusion network for human action recognition, JVCIR 2025 (AMFI-Net). Every stream
gives 512 features; they are put together and classified (``blocks.plain_fusion``), or a gate takes
a share of each, another one in every clip (``blocks.gated_fusion``).

Choices. Streams are those of AMFI-Net where it has them, with its inputs and rates: 3D ResNet-18 of
a clip and a graph network of the skeleton, or ``joint-tcn`` in that one's place, which sees what it
sees alone; an inertial sensor comes through the network over time of ``imu-tcn``. What may take the
place of the clip, so that a laptop can train it: with ``picture_backbone="efficientnet-lite0"`` one
picture, seen as ``mmff-lite`` sees it; with ``"dynamic-cnn"`` a dynamic image of each of some parts
of the clip, for a small network that begins at random. Where a clip of colour, of depth and of
infrared are seen at once, each has a stream, called by what it shows. For features of one size,
those of other sizes go through a linear layer and a ReLU. Streams are trained one by one; what is
learned of the fusion is learned on frozen streams: the classifier of ``late-feature`` as AMFI-Net
trains its fusion, the weights of ``late-score`` where its rule has any.

What is told: Grad-CAM of the fused answer on the clip and on the joints; of the inertial sensor the
class activation map of its own head, which is exact; of ``joint-tcn`` what that tells; of a
weighted mean the weights; of a gate its shares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from harstudio.networks.amfi_net import CARD as AMFI_NET
from harstudio.networks.backbones import efficientnet_lite
from harstudio.networks.backbones.cells import Windows, windows_of
from harstudio.networks.backbones.dynamic_cnn import DynamicCNN
from harstudio.networks.backbones.efficientnet_lite import EfficientNetLite0
from harstudio.networks.backbones.graphs import GRAPHS, LINK_NAMES, LINKED, skeleton_stream
from harstudio.networks.backbones.joint_tcn import JointTCN
from harstudio.networks.backbones.resnet3d import ResNet3D
from harstudio.networks.backbones.temporal_cnn import TemporalCNN
from harstudio.networks.blocks import gated_fusion, plain_fusion, score_fusion
from harstudio.networks.blocks.gated_fusion import GatedFusion
from harstudio.networks.blocks.plain_fusion import PlainFusion
from harstudio.networks.blocks.score_fusion import ScoreFusion
from harstudio.networks.blocks.stream import IMPORTANCE, Stream, shown_of
from harstudio.networks.clip_networks import SEEN
from harstudio.networks.joint_tcn import PREPROCESSING as JOINT_TABLE
from harstudio.networks.mmff import LITE_MOMENTUM
from harstudio.networks.mmff_cards import LITE_PICTURE
from harstudio.networks.network import Batch, FeatureMap, Gaze, Network, Output
from harstudio.networks.shown import shown as as_pictures
from harstudio.results import Kind, NetworkCard, Option, Stage
from harstudio.skeletons.topology import topology as skeleton_topology

FEATURES = 512  # of each stream that is fused by features
CLIP, PICTURE, DYNAMIC = "clip", "picture", "dynamic"
SKELETON, INERTIAL = "skeleton", "inertial"
LIGHT, PARTS = "efficientnet-lite0", "dynamic-cnn"
INSTEAD = {LIGHT: PICTURE, PARTS: DYNAMIC}  # what is seen in place of the clip
EACH = ("color", "depth", "infrared")  # a clip of that alone
JOINTS = "joint-tcn"
SHARE = "modality share"

BRANCHES = {
    CLIP: SEEN,
    PICTURE: SEEN,
    DYNAMIC: SEEN,
    SKELETON: (SKELETON,),
    INERTIAL: (INERTIAL,),
    **{name: (name,) for name in EACH},
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    **AMFI_NET.preprocessing,
    PICTURE: LITE_PICTURE,
    DYNAMIC: {
        "kind": DYNAMIC,
        "size": 72,
        "segments": 8,
        "resize": 82,
        "train_scales": (0.95, 0.88, 0.81),
    },
    INERTIAL: {"frames": 128},
}
RATES = {CLIP: 0.1, PICTURE: 0.01, DYNAMIC: 0.1, SKELETON: 0.1, INERTIAL: 0.1}

OPTIONS = {
    "modalities": Option(
        "clip+skeleton",
        "What the network sees.",
        (
            "clip+skeleton",
            "skeleton+inertial",
            "clip+inertial",
            "clip+skeleton+inertial",
            "color+depth+infrared+skeleton",
            "color+depth+skeleton",
        ),
    ),
    "picture_backbone": Option(
        "resnet3d-18",
        "What sees the clip; EfficientNet-Lite0 sees one picture of it, the small network dynamic "
        "images of its parts.",
        ("resnet3d-18", LIGHT, PARTS),
    ),
    "parts": Option(8, "Parts of the clip with a dynamic image each.", (8, 4, 1)),
    "skeleton_backbone": Option("agcn", "The network of the skeleton.", (*GRAPHS, JOINTS)),
    "pretrained": Option("none", "What EfficientNet-Lite0 knows before.", ("none", "imagenet")),
    "turn_deg": Option(0.0, "Largest turn of the sensor about each axis in training."),
    "noise": Option(0.0, "Noise on the sensor in training, in g and rad/s."),
}

TRUST = Option(
    "equal",
    "How much each stream counts in a mean or a product, in their order, as 0.5+1+1.",
)


def adapt(card: NetworkCard, options: Mapping[str, Any]) -> NetworkCard:
    """Inputs, streams, stages and explanations of the modalities that were chosen."""
    seen = inputs_of(options)
    by_joints = SKELETON in seen and options["skeleton_backbone"] == JOINTS
    tables = {**TABLES, DYNAMIC: {**TABLES[DYNAMIC], "segments": options["parts"]}}
    if by_joints:
        tables[SKELETON] = JOINT_TABLE
    for name in EACH:
        tables[name] = {**tables[_clip(options)], "kind": _clip(options)}
    stages = [
        Stage(
            name, (name,), name, epochs=50, learning_rate=RATES[_kind(name, options)],
            decay_at=(30, 40),
        )
        for name in seen
    ]  # fmt: skip
    explains = dict(shown_of(name) for name in seen if name != INERTIAL)
    if _clip(options) == DYNAMIC:
        explains |= {
            _images(name): Kind.PICTURE for name in seen if _kind(name, options) == DYNAMIC
        }
    if SKELETON in seen and options["skeleton_backbone"] in LINKED:
        explains |= dict.fromkeys(LINK_NAMES, Kind.RELATION)
    if INERTIAL in seen:
        explains[IMPORTANCE.format(INERTIAL)] = Kind.IMPORTANCE
    if by_joints and card.name == "late-score":
        explains[IMPORTANCE.format(SKELETON)] = Kind.IMPORTANCE
    if card.name == "late-feature":
        stages.append(Stage("fusion", ("fusion",), epochs=6, learning_rate=0.01, decay_at=(3,)))
        if options["rule"] == gated_fusion.RULE:
            explains[SHARE] = Kind.MODALITY_SHARE
    elif options["rule"] == "weighted":
        stages.append(Stage("weights", ("fusion",), epochs=6, learning_rate=0.1, decay_at=(3,)))
        explains[SHARE] = Kind.MODALITY_SHARE
    return replace(
        card,
        branches={name: BRANCHES[name] for name in seen},
        streams={name: (name,) for name in seen},
        preprocessing={name: tables[name] for name in seen},
        recipe=replace(card.recipe, stages=tuple(stages)),
        explains=explains,
    )


def inputs_of(options: Mapping[str, Any]) -> tuple[str, ...]:
    """The inputs, which are the streams too."""
    names = options["modalities"].split("+")
    return tuple(_clip(options) if name == CLIP else name for name in names)


def _clip(options: Mapping[str, Any]) -> str:
    """What is seen of a clip."""
    return INSTEAD.get(options["picture_backbone"], CLIP)


def _images(name: str) -> str:
    """What the dynamic images of an input are called."""
    return "dynamic images" if name == DYNAMIC else f"{name} dynamic images"


def _kind(name: str, options: Mapping[str, Any]) -> str:
    """What kind of input it is."""
    return _clip(options) if name in EACH else name


def _card(name: str, title: str, source: tuple[str, str, int], rule: Option) -> NetworkCard:
    paper, authors, year = source
    options = {"rule": rule, **OPTIONS}
    if name == "late-score":
        options["trust"] = TRUST
    card = NetworkCard(
        name=name,
        title=title,
        paper=paper,
        authors=authors,
        year=year,
        branches={},
        streams={},
        preprocessing={},
        recipe=replace(AMFI_NET.recipe, stages=()),
        options=options,
    )
    return adapt(card, {key: option.default for key, option in options.items()})


KITTLER = ("On Combining Classifiers", "J. Kittler, M. Hatef, R. P. W. Duin, J. Matas", 1998)
ZHAO = (
    "Attention mechanism based multimodal feature fusion network for human action recognition",
    "X. Zhao, C. Tang, H. Hu, W. Wang, S. Qiao, A. Tong",
    2025,
)
CARDS = (
    _card(
        "late-feature", "Late fusion of features", ZHAO,
        Option("concat", "How features meet.", (*plain_fusion.RULES, gated_fusion.RULE)),
    ),
    _card(
        "late-score", "Late fusion of scores", KITTLER,
        Option(
            "mean",
            "How probabilities meet; of a weighted mean the weights are learned.",
            score_fusion.RULES,
        ),
    ),
)  # fmt: skip


Fusion = ScoreFusion | PlainFusion | GatedFusion


class LateFusion(Network):
    """A child module a stream, by the name of its input, and ``fusion``."""

    def __init__(self, streams: Mapping[str, Stream], fusion: Fusion) -> None:
        super().__init__()
        self.names = tuple(streams)
        for name, stream in streams.items():
            self.add_module(name, stream)
        self.fusion = fusion
        self.heads_apart = not isinstance(fusion, ScoreFusion)

    def windows(self, name: str) -> Windows:
        """Those of the backbone that sees the input."""
        return windows_of(self._stream(name).backbone)

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        """A stream by its own head."""
        part = self._stream(stream)
        features, told, shown = self._map(stream, batch, explain)
        pooled = part.pool(features)
        logits = part.classifier(pooled)
        return Output(
            logits, {stream: logits}, {stream: pooled},
            explanation=told if explain else None, maps=shown,
        )  # fmt: skip

    def fused(self, batch: Batch, explain: bool) -> Output:
        """Takes the inputs that were chosen. Where features are fused, no gradient goes back from
        the streams' own heads."""
        features, by_stream = {}, {}
        told: dict[str, Gaze] = {}
        shown: dict[str, FeatureMap] = {}
        for name in self.names:
            values, gaze, one = self._map(name, batch, explain)
            told |= gaze
            shown |= one
            part = self._stream(name)
            features[name] = vector = part.pool(values)
            by_stream[name] = part.classifier(vector.detach() if self.heads_apart else vector)
        if not isinstance(self.fusion, ScoreFusion):
            features["fusion"], seen = self.fusion(*features.values())
            logits = self.fusion.classifier(features["fusion"])
            if "gate" in seen:
                told[SHARE] = Gaze(Kind.MODALITY_SHARE, self.names[0], seen["gate"][:, None])
        else:
            logits = self.fusion(tuple(by_stream.values()))
            weights = self.fusion.weights() if explain else None
            if weights is not None:
                share = weights.expand(len(logits), 1, -1)
                told[SHARE] = Gaze(Kind.MODALITY_SHARE, self.names[0], share)
        return Output(
            logits, by_stream, features, explanation=told if explain else None, maps=shown
        )

    def _stream(self, name: str) -> Stream:
        part = self.get_submodule(name)
        assert isinstance(part, Stream)  # noqa: S101
        return part

    def _map(
        self, name: str, batch: Batch, explain: bool
    ) -> tuple[Tensor, dict[str, Gaze], dict[str, FeatureMap]]:
        """The map of a stream; where that is asked for, what it tells and what Grad-CAM shows."""
        part = self._stream(name)
        if not explain:
            return part(batch[name]), {}, {}
        features, told, maps = part.explained(name, batch[name])
        table = self.card.preprocessing[name]
        if table.get("kind", name) == DYNAMIC:
            told[_images(name)] = as_pictures(name, batch[name], table)
        return features, told, maps


def _backbone(name: str, topology: str, options: Mapping[str, Any]) -> tuple[nn.Module, int]:
    """What sees an input, and the channels of its map."""
    graph = options["skeleton_backbone"]
    name = _kind(name, options)
    if name == CLIP:
        return ResNet3D(18), ResNet3D.channels
    if name == PICTURE:
        return EfficientNetLite0(momentum=LITE_MOMENTUM), efficientnet_lite.CHANNELS
    if name == INERTIAL:
        turn_deg, noise = options["turn_deg"], options["noise"]
        return TemporalCNN(turn_deg=turn_deg, noise=noise), TemporalCNN.channels
    if name == DYNAMIC:
        return DynamicCNN(options["parts"]), DynamicCNN.channels
    if graph == JOINTS:
        joints = JointTCN(len(skeleton_topology(topology).joints))
        return joints, joints.channels
    skeleton = skeleton_stream(graph, 1, topology)
    skeleton.add_module(skeleton.classifier, nn.Identity())  # the stream has its own
    return skeleton, skeleton.channels


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh late fusion. ImageNet weights are put in by whoever trains it."""
    by_features = card.name == "late-feature"
    streams = {}
    for name in inputs_of(options):
        backbone, channels = _backbone(name, topology, options)
        features = FEATURES if by_features else channels
        streams[name] = Stream(backbone, channels, features, num_classes)
    if by_features:
        if options["rule"] == gated_fusion.RULE:
            return LateFusion(streams, GatedFusion(FEATURES, num_classes, len(streams)))
        fusion = PlainFusion(FEATURES, num_classes, options["rule"], len(streams))
        return LateFusion(streams, fusion)
    trust = options["trust"]
    shares = [] if trust == TRUST.default else [float(share) for share in trust.split("+")]
    return LateFusion(streams, ScoreFusion(options["rule"], len(streams), shares))
