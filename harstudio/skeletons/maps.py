"""Joints of one topology made from joints of another, and mirrored bodies.

The maps lie in ``resources/skeletons/joint_maps.json``: a target joint is a weighted mean of
source joints, a copy of one, or missing. Where two topologies have no map of their own, the
shortest way over other topologies is taken. Axes and units are not changed: Kinect's y points
up, that of Azure Kinect, MediaPipe and every picture down.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, UsageError
from harstudio.resources import resource
from harstudio.skeletons.topology import topology


@dataclass(frozen=True, slots=True)
class JointMap:
    """For every target joint the source joints and their weights; an empty row is missing."""

    source: str
    target: str
    rows: tuple[tuple[tuple[int, float], ...], ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the target joints that the source does not have."""
        names = topology(self.target).joints
        return tuple(name for name, row in zip(names, self.rows, strict=True) if not row)


@lru_cache(maxsize=1)
def _direct() -> dict[tuple[str, str], JointMap]:
    facts = json.loads(resource("skeletons", "joint_maps.json").read_text(encoding="utf-8"))
    found: dict[tuple[str, str], JointMap] = {}
    for title, weighted in facts["weighted"].items():
        rows = tuple(
            tuple((int(k), float(w)) for k, w in zip(row["from"], row["w"], strict=True))
            for row in weighted["rows"]
        )
        _add(found, title, rows)
    for title, gather in (facts["gather"] | facts["gather_with_null"]).items():
        rows = tuple(() if k is None else ((int(k), 1.0),) for k in gather)
        _add(found, title, rows)
    return found


def _add(
    found: dict[tuple[str, str], JointMap],
    title: str,
    rows: tuple[tuple[tuple[int, float], ...], ...],
) -> None:
    source, target = title.split("->")
    found[source, target] = JointMap(source, target, rows)


@cache
def joint_map(source: str, target: str) -> JointMap:
    """The map between two topologies, over others where it must; UsageError where none is."""
    count = len(topology(source).joints)
    topology(target)
    known = JointMap(source, source, tuple(((k, 1.0),) for k in range(count)))
    queue, seen = deque([known]), {source}
    while queue:
        known = queue.popleft()
        if known.target == target:
            return known
        for (start, end), step in _direct().items():
            if start == known.target and end not in seen:
                seen.add(end)
                queue.append(_compose(known, step))
    raise UsageError(f"There is no map from {source} joints to {target} joints.")


def require_map(source: str, target: str, path: Path) -> None:
    """DataError where joints of ``source``, as the data at a path have, do not give all joints of
    ``target``; UsageError where no such joints are known."""
    missing = joint_map(source, target).missing
    if missing:
        raise DataError(
            f"The skeletons there are {source} and have no {', '.join(missing)}, which {target} "
            "has.",
            path=path,
            remedy="Use a network that was trained with data.topology = common_16: its joints "
            "are in every skeleton.",
        )


def _compose(first: JointMap, second: JointMap) -> JointMap:
    rows: list[tuple[tuple[int, float], ...]] = []
    for row in second.rows:
        mixed: dict[int, float] = {}
        for middle, weight in row:
            for k, inner in first.rows[middle]:
                mixed[k] = mixed.get(k, 0.0) + weight * inner
        whole = all(first.rows[middle] for middle, _ in row)
        rows.append(tuple(sorted(mixed.items())) if whole else ())
    return JointMap(first.source, second.target, tuple(rows))


def convert_joints(
    joints: NDArray[Any], tracking: NDArray[Any], source: str, target: str
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """(..., V, 3) joints and (..., V) tracking states, from one topology to another.

    A missing joint is NaN with state 0; a mixed one has the lowest state of its sources.
    """
    found = joint_map(source, target)
    points = np.asarray(joints, dtype=np.float32)
    states = np.asarray(tracking, dtype=np.uint8)
    count = len(topology(source).joints)
    if points.shape[-2:] != (count, 3) or states.shape != points.shape[:-1]:
        raise UsageError(
            f"Joints of {source} have the shape (..., {count}, 3), not {points.shape}, "
            f"and their states {points.shape[:-1]}, not {states.shape}."
        )
    out = np.full((*points.shape[:-2], len(found.rows), 3), np.nan, dtype=np.float32)
    out_states = np.zeros(out.shape[:-1], dtype=np.uint8)
    for to, row in enumerate(found.rows):
        if row:
            indices = [k for k, _ in row]
            weights = np.array([w for _, w in row], dtype=np.float32)
            out[..., to, :] = np.einsum("...kc,k->...c", points[..., indices, :], weights)
            out_states[..., to] = states[..., indices].min(axis=-1)
    return out, out_states


def mirrored(
    joints: NDArray[Any], tracking: NDArray[Any], topology_name: str
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """The body as in a mirror: x negated, left and right joints swapped.

    This is what a horizontally flipped picture shows, with every joint named as the person in
    the flipped picture would name it.
    """
    order = list(topology(topology_name).mirror)
    flip = np.array([-1, 1, 1], dtype=np.float32)
    turned = np.asarray(joints, dtype=np.float32)[..., order, :] * flip
    return turned, np.asarray(tracking, dtype=np.uint8)[..., order]
