"""Modality dropout: in training some clips lack one of several inputs, as some recordings do.

As ModDrop (N. Neverova, C. Wolf, G. Taylor, F. Nebout: ModDrop: Adaptive Multi-modal Gesture
Recognition, TPAMI 2016), with at most one missing at a time. What a network says without an input
is told in ``networks.network``: the streams that are there answer. A batch goes through it in
parts, one for each input that is missing, so batch normalisation sees the parts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from torch import Tensor

from harstudio.networks.network import streams_with
from harstudio.results import NetworkCard

ALL = ""  # the part that lacks nothing
OF_IT = {"picture": ("focus",)}  # what comes with an input, and goes with it
DRAWN = 0x6D6F64  # what is drawn here is not what augmentation draws for the same clip


def dispensable(card: NetworkCard) -> tuple[str, ...]:
    """The inputs without which some stream of the network can answer still."""
    return tuple(
        name
        for name in card.branches
        if streams_with(card, {other: None for other in card.branches if other != name})
    )


def draw(
    chance: float, names: Sequence[str], seed: int, epoch: int, places: Sequence[int]
) -> list[str]:
    """What each sample of ``places`` lacks in an epoch, ``ALL`` for nothing: the same whenever it
    is asked, whatever else is in the batch."""
    told = []
    for place in places:
        rng = np.random.default_rng([DRAWN, seed, epoch, place])
        lacks = bool(rng.random() < chance)
        told.append(names[int(rng.integers(len(names)))] if lacks else ALL)
    return told


def parts(lacks: Sequence[str], needed: Collection[str] = ()) -> dict[str, list[int]]:
    """Rows of a batch by what they lack, first those that lack nothing.

    needed: inputs that nobody may lack. A row that would be alone joins the largest part, for batch
    statistics need two.
    """
    found: dict[str, list[int]] = {}
    for row, name in enumerate(lacks):
        found.setdefault(ALL if name in needed else name, []).append(row)
    largest = max(found, key=lambda name: (len(found[name]), name == ALL, name))
    for name in [name for name, rows in found.items() if len(rows) == 1 and name != largest]:
        found[largest] += found.pop(name)
    return {name: sorted(found[name]) for name in sorted(found)}


def without(inputs: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """The inputs of a batch but one and what comes with it."""
    gone = {name, *OF_IT.get(name, ())} if name else set()
    return {key: value for key, value in inputs.items() if key not in gone}
