"""Triangles to pixels with a z-buffer, vectorised over all candidate pixels at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEAR = 0.15

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Fragments:
    """What is nearest at every covered pixel.

    pixels (P,) flat picture index; faces (P,); shares (P, 3) perspective-correct weights of the
    face's three vertices; depth (P,) metres.
    """

    pixels: NDArray[np.intp]
    faces: NDArray[np.intp]
    shares: Floats
    depth: Floats


def rasterise(
    u: Floats, v: Floats, z: Floats, triangles: NDArray[np.int32], width: int, height: int
) -> Fragments:
    """Fragments of triangles seen from outside.

    u, v (V,) pixel positions (pixel centres at whole numbers, v down), z (V,) metres. A sensor's
    picture is mirrored (see ``camera``), so that triangles which run counter-clockwise from
    outside do so here in pixels with v down.
    """
    inverse = (1.0 / np.maximum(z, NEAR)).astype(np.float32)
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    area = (u[b] - u[a]) * (v[c] - v[a]) - (v[b] - v[a]) * (u[c] - u[a])
    keep = (area > 0) & (z[a] > NEAR) & (z[b] > NEAR) & (z[c] > NEAR)
    faces = np.flatnonzero(keep)
    corners = triangles[faces]
    us, vs = u[corners], v[corners]
    left, right = _whole_range(us, width)
    top, bottom = _whole_range(vs, height)
    columns, rows = right - left + 1, bottom - top + 1
    seen = (columns > 0) & (rows > 0)
    faces, us, vs = faces[seen], us[seen], vs[seen]
    left, top, columns, rows = left[seen], top[seen], columns[seen], rows[seen]
    count = columns * rows
    owner = np.repeat(np.arange(len(faces), dtype=np.int32), count)
    within = np.arange(len(owner), dtype=np.int32) - np.repeat(np.cumsum(count) - count, count)
    row = within // columns[owner]
    x = left[owner] + within - row * columns[owner]
    y = top[owner] + row
    scale = (1.0 / area[faces]).astype(np.float32)
    du = x - us[owner, 2]  # from the third corner, so that float32 is exact enough
    dv = y - vs[owner, 2]
    per_u_a, per_v_a = (vs[:, 1] - vs[:, 2]) * scale, (us[:, 2] - us[:, 1]) * scale
    per_u_b, per_v_b = (vs[:, 2] - vs[:, 0]) * scale, (us[:, 0] - us[:, 2]) * scale
    share_a = per_u_a[owner] * du + per_v_a[owner] * dv
    share_b = per_u_b[owner] * du + per_v_b[owner] * dv
    share_c = 1.0 - share_a - share_b
    hit = np.flatnonzero((share_a >= -1e-3) & (share_b >= -1e-3) & (share_c >= -1e-3))
    owner, x, y = owner[hit], x[hit], y[hit]
    shares = np.stack((share_a[hit], share_b[hit], share_c[hit]), axis=1)
    shares *= inverse[triangles[faces[owner]]]
    near = shares[:, 0] + shares[:, 1] + shares[:, 2]
    pixel = y.astype(np.intp) * width + x
    order = np.argsort(near, kind="stable")
    winner = np.full(width * height, -1, dtype=np.intp)
    winner[pixel[order]] = order  # the last written is the nearest
    pixels = np.flatnonzero(winner >= 0)
    best = winner[pixels]
    return Fragments(
        pixels,
        faces[owner[best]],
        (shares[best] / near[best, None]).astype(np.float32),
        (1.0 / near[best]).astype(np.float32),
    )


def _whole_range(values: Floats, size: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """(F, 3) corners -> first and last whole number between them within the picture."""
    a, b, c = values.T
    low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
    first = np.maximum(np.ceil(low), 0).astype(np.int32)
    return first, np.minimum(np.floor(high), size - 1).astype(np.int32)


def mix(values: Floats, triangles: NDArray[np.int32], found: Fragments) -> Floats:
    """(V, C) vertex values -> (P, C) at the fragments."""
    corners = triangles[found.faces]
    mixed = values[corners[:, 0]] * found.shares[:, :1]
    mixed += values[corners[:, 1]] * found.shares[:, 1:2]
    mixed += values[corners[:, 2]] * found.shares[:, 2:]
    return np.asarray(mixed, dtype=np.float32)
