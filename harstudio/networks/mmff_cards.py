"""MMFF's cards: what may be chosen, what goes in, how it is trained and what it tells.

The paper and the choices stand in ``mmff``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harstudio.errors import UsageError
from harstudio.networks.backbones import bi_lstm
from harstudio.networks.backbones.graphs import GRAPHS, LINK_NAMES, LINKED
from harstudio.networks.network import SALIENCY
from harstudio.results import Kind, NetworkCard, Option, Recipe, Stage

PICTURE_OPTIONS = {
    "self_attention": Option(True, "The picture says itself where to look.", (True, False)),
    "skeleton_attention": Option(
        True, "The joint that moved most says where to look.", (True, False)
    ),
    "frame_position": Option(
        0.5,
        "Where one frame is looked at: which of the clip, from 0 to 1; figure 7 tries 0.1 to 0.9.",
        title="Place of the picture",
    ),
    "frames": Option(
        1, "Table 4: how many frames are looked at.", (1, 2, 3, 4, 5), title="Pictures of a clip"
    ),
    "frame_weights": Option(
        "separate",
        "Of several frames each has a picture stream and a fusion of its own, or all share one.",
        ("separate", "shared"),
        title="Weights of pictures",
    ),
}

GRAPH_OPTIONS = {
    "fusion": Option(
        "cross-attention",
        "How the streams meet: cells related with joints, a weighted sum of decisions, or a sum "
        "of features.",
        ("cross-attention", "decision", "sum"),
    ),
    **PICTURE_OPTIONS,
    "relation": Option(
        "softmax",
        "Equation 17: every position becomes a weighted mean of all, or is weighed by one mask.",
        ("softmax", "mask"),
    ),
    "skeleton_backbone": Option("st-gcn", "The graph network that reads the joints.", GRAPHS),
    "dropout": Option(
        0.5,
        "Share of skeleton features dropped in training; AGCN and CTR-GCN are published with 0.",
    ),
    "edge_importance": Option(True, "ST-GCN learns how much each link between joints counts."),
}

LSTM_OPTIONS = {
    "fusion": Option(
        "concatenation",
        "How the streams meet: features side by side, a weighted sum of decisions, or a sum of "
        "features.",
        ("concatenation", "decision", "sum"),
    ),
    **PICTURE_OPTIONS,
    **bi_lstm.OPTIONS,
}

RECIPE = Recipe(
    stages=(
        Stage("skeleton", ("skeleton",), "skeleton", decay_at=(10, 20)),
        Stage("picture", ("picture",), "picture", decay_at=(10, 20)),
        Stage("fusion", ("fusion",), decay_at=(10, 20)),
        Stage("fine-tune", ("skeleton", "picture", "fusion"), decay_at=(10, 20)),
    )
)


def _skeleton(frames: int, fit: str) -> dict[str, Any]:
    return {
        "frames": frames,
        "fit": fit,
        "bodies": 2,
        "center": "clip",
        "rotate_deg": 30.0,
        "scale": (1.0, 1.2),
    }


GRAPH_SKELETON = _skeleton(300, "repeat")
LITE_SKELETON = _skeleton(64, "repeat")
LSTM_SKELETON = _skeleton(32, "resize")


def _picture(size: int, mean: float, std: float) -> dict[str, Any]:
    return {
        "size": size,
        "mean": (mean, mean, mean),
        "std": (std, std, std),
        "frame_position": 0.5,
        "crop": "joints",
    }


PICTURE = _picture(299, 0.5, 0.5)
LITE_PICTURE = _picture(224, 127 / 255, 128 / 255)  # a pixel is (x - 127) / 128, x in 0..255


def _card(
    name: str, title: str, skeleton: dict[str, Any], picture: dict[str, Any],
    options: dict[str, Option],
) -> NetworkCard:  # fmt: skip
    card = NetworkCard(
        name=name,
        title=title,
        paper="Skeleton Sequence and RGB Frame Based Multi-Modality Feature Fusion Network for "
        "Action Recognition",
        authors="X. Zhu, Y. Zhu, H. Wang, H. Wen, Y. Yan, P. Liu",
        year=2022,
        branches={"skeleton": ("skeleton",), "picture": ("color", "depth", "infrared")},
        streams={"skeleton": ("skeleton",), "picture": ("picture",)},
        preprocessing={"skeleton": skeleton, "picture": picture},
        recipe=RECIPE,
        options=options,
    )
    return adapt(card, {key: option.default for key, option in options.items()})


def adapt(card: NetworkCard, options: Mapping[str, Any]) -> NetworkCard:
    """Frames as asked for, and told what these options leave to tell.

    UsageError where a frame lies outside the clip.
    """
    position = options["frame_position"]
    if not 0 <= position <= 1:
        raise UsageError(
            f"frame_position of {card.name} is {position}.",
            remedy="0 is the clip's first frame, 1 its last.",
        )
    picture = {**card.preprocessing["picture"], "frame_position": position}
    if options["frames"] > 1:
        picture["frames"] = options["frames"]
    explains: dict[str, Kind] = {}
    if options["self_attention"]:
        explains |= {"self-attention 1": Kind.HEAT_MAP, "self-attention 2": Kind.HEAT_MAP}
    if options["skeleton_attention"]:
        explains["skeleton attention"] = Kind.HEAT_MAP
    if options["fusion"] == "cross-attention":
        explains["relation"] = Kind.RELATION
    explains[SALIENCY] = Kind.JOINT_WEIGHTS
    if options.get("skeleton_backbone") in LINKED:
        explains |= dict.fromkeys(LINK_NAMES, Kind.RELATION)
    explains["Grad-CAM picture"] = Kind.HEAT_MAP
    return replace(
        card, preprocessing={**card.preprocessing, "picture": picture}, explains=explains
    )


CARDS = (
    _card("mmff-gcn", "MMFF (ST-GCN)", GRAPH_SKELETON, PICTURE, GRAPH_OPTIONS),
    _card(
        "mmff-lite", "MMFF, light", LITE_SKELETON, LITE_PICTURE,
        {
            **GRAPH_OPTIONS,
            "pretrained": Option(
                "imagenet", "What the picture backbone knows before.", ("imagenet", "none")
            ),
        },
    ),
    _card("mmff-lstm", "MMFF (Bi-LSTM)", LSTM_SKELETON, PICTURE, LSTM_OPTIONS),
)  # fmt: skip
