"""Things that actors hold: a cup, a ball, a phone, as meshes around their own origin."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from harstudio.synthesis.surface import gradient, surface_nets

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PropMesh:
    """vertices (V, 3) metres, normals (V, 3), triangles (F, 3)."""

    vertices: Floats
    normals: Floats
    triangles: NDArray[np.int32]


def _cup(p: Floats) -> Floats:
    """A mug 9 cm tall, y up, open at the top, with its handle at +x."""
    around = np.hypot(p[..., 0], p[..., 2])
    wall = np.maximum(np.abs(around - 0.033) - 0.006, np.abs(p[..., 1]) - 0.045)
    base = np.maximum(around - 0.036, np.abs(p[..., 1] + 0.04) - 0.006)
    ring = np.hypot(np.hypot(p[..., 0] - 0.038, p[..., 1] / 1.1) - 0.025, p[..., 2]) - 0.006
    handle = np.maximum(ring, 0.036 - p[..., 0])
    return np.asarray(np.minimum(np.minimum(wall, base), handle))


def _ball(p: Floats) -> Floats:
    return np.asarray(np.linalg.norm(p, axis=-1) - 0.06)


def _phone(p: Floats) -> Floats:
    """A phone 15 cm long along y, 7 cm wide along z, thin along x."""
    gap = np.abs(p) - np.array((0.002, 0.068, 0.03), dtype=np.float32)
    outside = np.linalg.norm(np.maximum(gap, 0), axis=-1)
    return np.asarray(outside + np.minimum(gap.max(axis=-1), 0) - 0.005)


_SHAPES = {
    "cup": (_cup, 0.075, 0.006),
    "ball": (_ball, 0.075, 0.012),
    "phone": (_phone, 0.09, 0.006),
}
COLORS = {"cup": (232, 228, 220), "ball": (214, 74, 44), "phone": (30, 32, 36)}
SHINE = {"cup": 0.8, "ball": 0.6, "phone": 0.25}


@cache
def prop_mesh(kind: str) -> PropMesh:
    """The mesh of "cup", "ball" or "phone"."""
    distance, reach, cell = _SHAPES[kind]
    box = np.full(3, reach)
    vertices, triangles = surface_nets(distance, -box, box, cell)
    return PropMesh(vertices, gradient(distance, vertices, 0.003), triangles)
