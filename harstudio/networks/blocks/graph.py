"""The joints of a body as a graph, in the spatial partition of ST-GCN (section 3.3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harstudio.skeletons.topology import Topology, topology

# Edges that ST-GCN's published graph has where they differ from our bones.
PUBLISHED = {"kinect_v2_25": "stgcn_agcn_ctrgcn_inward"}


def edges_of(skeleton: Topology) -> tuple[tuple[int, int], ...]:
    """Undirected edges between joints, as the published graph of the topology has them."""
    return skeleton.edge_variants.get(PUBLISHED.get(skeleton.name, ""), skeleton.bones)


def center_of(skeleton: Topology) -> int:
    """The joint that distances are counted from.

    The topology's own centre where it names one (the spine between the shoulders of Kinect); else
    the joint whose farthest other joint is nearest.
    """
    if skeleton.center is not None:
        return skeleton.center
    return int(np.argmin(hop_distances(skeleton).max(axis=1)))


def hop_distances(skeleton: Topology) -> NDArray[np.float64]:
    """(V, V) edges between any two joints; V (more than any path) where none leads there."""
    count = len(skeleton.joints)
    hops = np.full((count, count), float(count))
    np.fill_diagonal(hops, 0)
    for a, b in edges_of(skeleton):
        hops[a, b] = hops[b, a] = 1
    for k in range(count):  # Floyd and Warshall
        hops = np.minimum(hops, hops[:, k : k + 1] + hops[k : k + 1, :])
    return hops


def inward_edges(skeleton: Topology) -> tuple[tuple[int, int], ...]:
    """Every edge as (child, parent), the parent nearer to the centre.

    Of two joints that are equally far away (in a loop) the parent is the one that a search from the
    centre, breadth first and lowest index first, finds earlier. For Kinect these are the published
    inward edges. Joints that no path joins with the centre hang from the lowest index among them.
    """
    edges = edges_of(skeleton)
    order: list[int] = []
    waiting = [center_of(skeleton), *range(len(skeleton.joints))]
    for start in waiting:
        level = [start] if start not in order else []
        while level:
            order += level
            near = {b for a, b in (*edges, *((b, a) for a, b in edges)) if a in level}
            level = sorted(near.difference(order))
    rank = {joint: place for place, joint in enumerate(order)}
    return tuple((a, b) if rank[a] > rank[b] else (b, a) for a, b in edges)


def parents_of(skeleton: Topology) -> tuple[int, ...]:
    """For every joint the one that its bone comes from, nearest to the centre; itself at a root."""
    hops = hop_distances(skeleton)[center_of(skeleton)]
    parents = list(range(len(skeleton.joints)))
    for child, parent in inward_edges(skeleton):
        if parents[child] == child or (hops[parent], parent) < (
            hops[parents[child]],
            parents[child],
        ):
            parents[child] = parent
    return tuple(parents)


def inward_outward(name: str) -> NDArray[np.float32]:
    """(3, V, V) float32 as 2s-AGCN and CTR-GCN have it: self links; ``inward``, 1 at [parent,
    child]; ``outward``, 1 at [child, parent]. Each subset is normalised by itself, A D^-1 with D
    the sum over rows; a column without links stays 0. 2s-AGCN reads it as [source, target], CTR-GCN
    as [target, source].
    """
    skeleton = topology(name)
    inward = np.zeros((len(skeleton.joints),) * 2)
    for child, parent in inward_edges(skeleton):
        inward[parent, child] = 1
    inward, outward = (one / np.maximum(one.sum(axis=0), 1) for one in (inward, inward.T))
    return np.stack([np.eye(len(inward)), inward, outward]).astype(np.float32)


def spatial_partition(name: str) -> NDArray[np.float32]:
    """(3, V, V) float32 for [subset, source, target]: self links; neighbours as far from the centre
    or farther; neighbours nearer to the centre. All three are cut from one A D^-1, A with self
    links.

    The published code measures distances of one hop only: joints that are not linked to the centre
    are all equally far away. We do as it does.
    """
    skeleton = topology(name)
    hops = hop_distances(skeleton)
    linked = hops <= 1
    normalised = linked / linked.sum(axis=0, keepdims=True)
    away = np.minimum(hops[center_of(skeleton)], 2)
    same = np.eye(len(away), dtype=bool)
    nearer = away[:, None] < away[None, :]
    subsets = (same, ~same & ~nearer, ~same & nearer)
    return np.stack([normalised * subset for subset in subsets]).astype(np.float32)
