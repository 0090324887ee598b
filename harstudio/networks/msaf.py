"""MSAF: a clip and a skeleton whose channels compete for attention.

L. Su, C. Hu, G. Li, D. Cao: MSAF: Multimodal Split Attention Fusion, 2020; its network for
NTU RGB+D: I3D and HCN, blocks of 64 channels after Mixed_5b and conv5, of 256 after Mixed_5c and
fc7, the mean of both streams' logits. It is CC-DFARM (``cc_dfarm``, which says more) without TIAM
and MFFM.

Choices: the published code begins with streams that are trained; here they are trained first, I3D
as the fusion is, HCN for longer and faster, as it begins from nothing. That code steps two Adams by
turns, I3D's and HCN's, each with its own stream's cross-entropy, for 70 epochs of batches of 4; the
loss of the mean, which answers, is never used. Here one step goes down the loss of the mean, for 30
epochs of batches of 32. What a stream says alone has a head of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harstudio.networks import cc_dfarm
from harstudio.networks.hcn import PREPROCESSING as SKELETON_TABLE
from harstudio.networks.network import Network
from harstudio.results import NetworkCard, Recipe, Stage

FIXED = {
    "dsfm": "both", "tiam": False, "tiam_layout": "post", "mffm": False, "baseline_fusion": "none"
}  # fmt: skip
# Rates, decay and weight decay of "all" are the published code's; the rest is ours.
STAGES = (
    Stage("clip", ("clip", "heads.clip"), "clip", decay_at=(5, 20)),
    Stage(
        "skeleton", ("skeleton", "heads.skeleton"), "skeleton", epochs=100, learning_rate=1e-3,
        decay_at=(60, 80),
    ),
    Stage("all", ("clip", "skeleton", "fusion"), decay_at=(5, 20)),
)  # fmt: skip

CARDS = (
    NetworkCard(
        name="msaf",
        title="MSAF",
        paper="MSAF: Multimodal Split Attention Fusion",
        authors="L. Su, C. Hu, G. Li, D. Cao",
        year=2020,
        branches=cc_dfarm.BRANCHES,
        streams=cc_dfarm.STREAMS,
        preprocessing={"clip": cc_dfarm.CLIP_TABLE, "skeleton": SKELETON_TABLE},
        recipe=Recipe(stages=STAGES, weight_decay=1e-4),
        options=cc_dfarm.DSFM_OPTIONS,
    ),
)


def adapt(card: NetworkCard, options: Mapping[str, Any]) -> NetworkCard:
    """What it tells."""
    return cc_dfarm.adapt(card, {**options, **FIXED})


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh MSAF."""
    return cc_dfarm.CCDFARM(num_classes, topology, {**options, **FIXED})
