"""Topologies: which joints a skeleton has, how bones join them and which are left and right.

The facts lie in ``resources/skeletons/joints.json`` with their sources. "Left" is always the
person's own left. Kinect pictures (NTU RGB+D, UTD-MHAD) are mirror images: a person who faces
the camera has the left hand on the left of the picture. Joints and pictures of one recording
agree, so nothing is swapped when they are drawn; only when such a picture meets a pose estimator
that believes in unmirrored pictures must left and right be swapped (``maps.mirrored``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from harstudio.errors import UsageError
from harstudio.resources import resource


@dataclass(frozen=True, slots=True)
class Topology:
    """One way to put joints on a body; all indices are 0-based.

    bones: (child, parent) joint indices. left_right: pairs (left, right). sides: "left", "right"
    or "trunk" for every joint. root: the joint the tree hangs from; None where bones are no tree.
    edge_variants: other sets of bones that published code uses, by name.
    """

    name: str
    title: str
    joints: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]
    left_right: tuple[tuple[int, int], ...]
    sides: tuple[str, ...]
    root: int | None
    center: int | None
    units: str
    edge_variants: dict[str, tuple[tuple[int, int], ...]]

    @property
    def mirror(self) -> tuple[int, ...]:
        """For every joint the joint on the other side (itself on the trunk)."""
        swapped = list(range(len(self.joints)))
        for left, right in self.left_right:
            swapped[left], swapped[right] = right, left
        return tuple(swapped)

    def index(self, joint: str) -> int:
        """Index of a joint by its name."""
        return self.joints.index(joint)


@lru_cache(maxsize=1)
def _facts() -> dict[str, dict[str, Any]]:
    text = resource("skeletons", "joints.json").read_text(encoding="utf-8")
    topologies: dict[str, dict[str, Any]] = json.loads(text)["topologies"]
    return topologies


def topology_names() -> tuple[str, ...]:
    """The names of all topologies."""
    return tuple(_facts())


@cache
def topology(name: str) -> Topology:
    """The topology of that name; UsageError names the known ones."""
    facts = _facts().get(name)
    if facts is None:
        raise UsageError(
            f"There is no skeleton topology named {name}.",
            remedy=f"Known are {', '.join(topology_names())}.",
        )
    sides = ["trunk"] * int(facts["count"])
    for left, right in facts["left_right"]:
        sides[left], sides[right] = "left", "right"
    return Topology(
        name=name,
        title=facts["title"],
        joints=tuple(facts["names"]),
        bones=_pairs(facts["bones"]),
        left_right=_pairs(facts["left_right"]),
        sides=tuple(sides),
        root=facts["root"],
        center=facts.get("gcn_center"),
        units=facts["units"],
        edge_variants={
            variant: _pairs(edges) for variant, edges in facts.get("edges_variants", {}).items()
        },
    )


def _pairs(edges: list[list[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((int(a), int(b)) for a, b in edges)
