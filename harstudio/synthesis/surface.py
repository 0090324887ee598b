"""Meshes from distance functions (surface nets), and the body mesh that bones move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harstudio.synthesis.kinematics import ARMS, SEGMENT_JOINT, SEGMENTS, Bones, Skeleton
from harstudio.synthesis.shape import Shape
from harstudio.synthesis.subject import Subject

CELL = 0.0125  # metres between grid points of the body
EDGES = [(0, 1), (2, 3), (4, 5), (6, 7), (0, 2), (1, 3), (4, 6), (5, 7), (0, 4), (1, 5), (2, 6),
         (3, 7)]  # fmt: skip
CORNERS = np.array([(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)])

Floats = NDArray[np.float32]
Distance = Callable[[Floats], Floats]


def surface_nets(
    distance: Distance, low: NDArray[np.float64], high: NDArray[np.float64], cell: float
) -> tuple[Floats, NDArray[np.int32]]:
    """Vertices (V, 3) and triangles (F, 3), counter-clockwise from outside, of distance = 0."""
    axes = [np.arange(a, b + cell, cell, dtype=np.float32) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    values = distance(grid)
    inside = values < 0
    block = np.stack([inside[_corner(inside.shape, c)] for c in CORNERS], axis=-1)
    active = block.any(axis=-1) & ~block.all(axis=-1)
    cells = np.argwhere(active)
    number = np.full(active.shape, -1, dtype=np.int32)
    number[active] = np.arange(len(cells), dtype=np.int32)
    corner = np.stack([values[tuple((cells + c).T)] for c in CORNERS], axis=-1)
    total = np.zeros((len(cells), 3), dtype=np.float32)
    count = np.zeros(len(cells), dtype=np.float32)
    for a, b in EDGES:
        crossed = (corner[:, a] < 0) != (corner[:, b] < 0)
        share = corner[:, a] / np.where(crossed, corner[:, a] - corner[:, b], 1)
        spot = CORNERS[a] + share[:, None] * (CORNERS[b] - CORNERS[a])
        total += np.where(crossed[:, None], spot, 0).astype(np.float32)
        count += crossed
    origin = np.array([axis[0] for axis in axes], dtype=np.float32)
    vertices = origin + (cells + total / count[:, None]) * np.float32(cell)
    quads = np.concatenate([_quads(inside, number, axis) for axis in range(3)])
    triangles = np.concatenate([quads[:, (0, 1, 2)], quads[:, (0, 2, 3)]])
    return vertices.astype(np.float32), triangles.astype(np.int32)


def _corner(shape: tuple[int, ...], corner: NDArray[np.int64]) -> tuple[slice, ...]:
    return tuple(slice(int(c), n - 1 + int(c)) for c, n in zip(corner, shape, strict=True))


def _quads(inside: NDArray[np.bool_], number: NDArray[np.int32], axis: int) -> NDArray[np.int32]:
    """(Q, 4) cells around every grid edge along ``axis`` that crosses the surface."""
    first = np.take(inside, range(inside.shape[axis] - 1), axis=axis)
    second = np.take(inside, range(1, inside.shape[axis]), axis=axis)
    spots = np.argwhere(first != second)
    one, two = (a for a in range(3) if a != axis)
    spots = spots[(spots[:, one] > 0) & (spots[:, two] > 0)]
    step_one, step_two = np.eye(3, dtype=np.int64)[one], np.eye(3, dtype=np.int64)[two]
    around = [spots - step_one - step_two, spots - step_two, spots, spots - step_one]
    quads = np.stack([number[tuple(cell.T)] for cell in around], axis=-1)
    leaves = first[tuple(spots.T)] == (axis != 1)
    quads[~leaves] = quads[~leaves][:, ::-1]
    return quads


def gradient(distance: Distance, points: Floats, step: float = 0.004) -> Floats:
    """(N, 3) unit normals of the distance at points."""
    parts = []
    for axis in range(3):
        move = np.zeros(3, dtype=np.float32)
        move[axis] = step
        parts.append(distance(points + move) - distance(points - move))
    normals = np.stack(parts, axis=-1)
    return np.asarray(
        normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-9),
        dtype=np.float32,
    )


@dataclass(frozen=True, eq=False)
class BodyMesh:
    """A subject's skin in the rest pose at the reference height, ready to be moved.

    rest (V, 3) and normals (V, 3); triangles (F, 3); limb (V,) 0 on the trunk, 0..1 upper arm,
    1..2 forearm, 2..3 hand; openness (V,) 0 in a fold .. 1 free; bound: per segment the
    vertices that follow it and their weights.
    """

    subject: Subject
    rest: Floats
    normals: Floats
    triangles: NDArray[np.int32]
    limb: Floats
    openness: Floats
    bound: tuple[tuple[NDArray[np.intp], Floats], ...]

    def posed(self, skeleton: Skeleton) -> tuple[Floats, Floats]:
        """Vertices (V, 3) metres in the world and their normals (V, 3)."""
        joints = Bones(self.subject).rest / self.subject.scale
        points = np.zeros_like(self.rest)
        normals = np.zeros_like(self.rest)
        for index, (rows, weights) in enumerate(self.bound):
            joint = SEGMENT_JOINT[index]
            rotation = skeleton.rotations[index].astype(np.float32)
            local = self.rest[rows] - joints[joint].astype(np.float32)
            moved = local @ (rotation.T * np.float32(self.subject.scale))
            moved += skeleton.origins[index].astype(np.float32)
            points[rows] += weights[:, None] * moved
            normals[rows] += weights[:, None] * (self.normals[rows] @ rotation.T)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
        return points, normals


def body_mesh(subject: Subject) -> BodyMesh:
    """Make a subject's mesh; takes a second or two, keep it."""
    shape = Shape(subject)
    vertices, triangles = surface_nets(shape.distance, shape.low, shape.high, CELL)
    for _ in range(2):
        normals = gradient(shape.distance, vertices)
        vertices = vertices - normals * shape.distance(vertices)[:, None]
    vertices[:, 1] = np.maximum(vertices[:, 1], 0.0)
    normals = gradient(shape.distance, vertices)
    openness = np.ones(len(vertices), dtype=np.float32)
    for reach in (0.02, 0.045, 0.09, 0.16):
        free = shape.distance(vertices + normals * np.float32(reach))
        openness -= np.clip((reach - free) / reach, 0, 1) * np.float32(0.22)
    weights = shape.weights(vertices)
    bound = []
    for index in range(len(SEGMENTS)):
        rows = np.flatnonzero(weights[:, index])
        bound.append((rows, weights[rows, index]))
    return BodyMesh(
        subject, vertices, normals, triangles, _limb_coordinate(shape, vertices, weights),
        np.clip(openness, 0.15, 1), tuple(bound),
    )  # fmt: skip


def _limb_coordinate(shape: Shape, vertices: Floats, weights: Floats) -> Floats:
    """(V,) how far out along an arm a vertex lies; 0 on trunk, head and legs."""
    limb = np.zeros(len(vertices), dtype=np.float32)
    for side in "lr":
        shoulder, elbow, wrist, _, tip, _, first = ARMS[side]
        j = shape.joints
        line = j[tip] - j[shoulder]
        full = float(np.linalg.norm(line))
        along = (vertices - j[shoulder].astype(np.float32)) @ (line / full).astype(np.float32)
        knots = [0.0] + [float(np.linalg.norm(j[k] - j[shoulder])) for k in (elbow, wrist, tip)]
        coordinate = np.interp(along, knots, (0.0, 1.0, 2.0, 3.0))
        mine = weights[:, first : first + 4].sum(axis=1)
        limb += np.where(mine > 0.15, np.maximum(coordinate, 0), 0).astype(np.float32)
    return limb
