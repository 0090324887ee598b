"""How large the inputs of a network are, by the tables of its card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from harstudio.errors import UsageError
from harstudio.results import NetworkCard
from harstudio.skeletons.topology import topology

INERTIAL_CHANNELS = 6  # acceleration and rotation


def input_shapes(
    card: NetworkCard,
    joints: str = "",
    tables: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, tuple[int, ...]]:
    """The shape of every input without the axis of the batch.

    joints: a topology, "" for the card's own. tables: other values for the card's preprocessing, by
    input. UsageError where an input is of no known kind.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for name in card.branches:
        table = {**card.preprocessing[name], **(tables or {}).get(name, {})}
        kind = card.kind_of(name)
        if kind == "skeleton":
            count = len(topology(joints or card.topology).joints)
            shapes[name] = (3, table["frames"], count, table["bodies"])
        elif kind in ("picture", "dynamic"):
            several = table.get("frames" if kind == "picture" else "segments", 1)
            frames = (several,) if several > 1 else ()
            shapes[name] = (3, *frames, table["size"], table["size"])
            if name == "picture":
                shapes["focus"] = (*frames, 4)
        elif kind == "clip":
            shapes[name] = (3, table["frames"], table["size"], table["size"])
        elif kind == "regions":
            shapes[name] = (3, table["size"], table["size"])
        elif kind == "inertial":
            shapes[name] = (INERTIAL_CHANNELS, table["frames"])
        else:
            raise UsageError(f"It is not known how large the input {name} of {card.name} is.")
    return shapes


def example_inputs(
    card: NetworkCard,
    batch: int = 1,
    device: str = "cpu",
    joints: str = "",
    tables: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Tensor]:
    """Zeros in the shapes that the card's preprocessing makes."""
    shapes = input_shapes(card, joints, tables)
    return {name: torch.zeros(batch, *shape, device=device) for name, shape in shapes.items()}
