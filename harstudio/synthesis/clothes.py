"""Colours of a body: skin, face, hair, clothes and shoes, by where a point lies at rest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from harstudio.synthesis import subject as s
from harstudio.synthesis.room import linear
from harstudio.synthesis.subject import Subject, rest_joints

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Vector = NDArray[np.float64]
Put = Callable[[Mask, tuple[float, ...], float], None]


def paint(subject: Subject, rest: Floats, limb: Floats) -> tuple[Floats, Floats, Mask]:
    """Linear colour (P, 3), infrared albedo (P,) and whether it is cloth (P,).

    rest (P, 3) metres in the rest pose at the reference height; limb (P,) see ``BodyMesh``.
    """
    look, joints = subject.look, rest_joints(subject)
    x, y, z = rest.T
    color = np.empty_like(rest)
    infrared = np.empty(len(rest), dtype=np.float32)

    def put(mask: Mask, paint_: tuple[float, ...], shine: float) -> None:
        color[mask] = linear(paint_)
        infrared[mask] = shine

    put(np.ones(len(rest), dtype=bool), look.skin, 0.72)
    cloth = _clothes(subject, joints, rest, limb, put)
    head = y > joints[s.NECK, 1] - 0.02
    ragged = 0.004 * np.sin(90 * x + 40 * z)
    long_hair = look.hair_style == "long"
    back = long_hair & (z < -0.045) & (limb == 0) & (y > joints[s.SPINE_SHOULDER, 1] - 0.05)
    rows = np.flatnonzero(head | back)
    _face(subject, rest[rows] - joints[s.HEAD].astype(np.float32), rows, put, color, ragged[rows])
    return color, infrared, cloth


def _clothes(
    subject: Subject, joints: Vector, rest: Floats, limb: Floats, put: Put
) -> Mask:  # fmt: skip
    """Shirt, trousers and shoes; returns where there is cloth."""
    look = subject.look
    x, y, z = rest.T
    hem = joints[s.SPINE_BASE, 1] - 0.075 + 0.006 * np.sin(25 * x)
    neckline = joints[s.SPINE_SHOULDER, 1] + 0.028 - 0.5 * np.clip(z, 0, 0.12) + 0.03 * (z < 0)
    neckline = neckline + 0.35 * np.abs(x)
    arm = limb > 0
    ankle = joints[s.ANKLE_L, 1]
    cuff = ankle + (joints[s.HIP_L, 1] - ankle) * (1 - look.leg) - 0.02
    shirt = (y > hem) & ((y < neckline) | arm) & (limb < look.sleeve)
    trousers = (y <= hem) & (y > cuff) & ~arm
    put(trousers, look.trousers, 0.5)
    put(trousers & (np.abs(x) < 0.006) & (z > 0.02) & (y > joints[s.HIP_L, 1] - 0.05),
        tuple(0.7 * c for c in look.trousers), 0.45)  # fmt: skip
    put(trousers & (y < cuff + 0.012), tuple(0.8 * c for c in look.trousers), 0.45)
    put(shirt, look.shirt, 0.62)
    _pattern(subject, joints, shirt, rest, limb, put)
    edge = shirt & ((y < hem + 0.012) | (np.abs(limb - look.sleeve) < 0.035))
    edge |= shirt & ~arm & (y > neckline - 0.014)
    put(edge, tuple(0.72 * c for c in look.shirt), 0.58)
    low = (y < ankle + 0.03) & ~arm
    if look.leg < 0.9:
        put(~arm & (y < ankle + 0.1) & ~low, (225, 224, 220), 0.8)
    put(low & ~trousers, look.shoes, 0.55)
    put((y < 0.02) & ~arm, (236, 234, 230), 0.6)
    return np.asarray(shirt | trousers)


def _pattern(
    subject: Subject, joints: Vector, shirt: Mask, rest: Floats, limb: Floats, put: Put
) -> None:
    """The shirt's stripes, block or ring in its second colour."""
    look = subject.look
    x, y, z = rest.T
    if look.pattern == "stripes":
        along = np.where(limb > 0, limb * 0.28, y)
        put(shirt & (np.mod(along, 0.075) < 0.026), look.accent, 0.55)
    elif look.pattern == "block":
        chest = joints[s.SPINE_MID, 1] + 0.09
        put(shirt & (y > chest) & (limb < 0.9), look.accent, 0.55)
    elif look.pattern == "logo":
        center = joints[s.SPINE_MID, 1] + 0.1
        ring = np.hypot(x, y - center)
        put(shirt & (z > 0.03) & (limb == 0) & (ring < 0.06), look.accent, 0.55)
        put(shirt & (z > 0.03) & (limb == 0) & (ring < 0.034), look.shirt, 0.62)


def _face(
    subject: Subject, q: Floats, rows: NDArray[np.intp], put: Put, color: Floats, ragged: Floats
) -> None:
    """Hair, brows, eyes, mouth, beard and glasses around the head's centre."""
    look = subject.look
    x, y, z = q.T
    side = np.abs(x)

    def on(mask: Mask, paint_: tuple[float, ...], shine: float) -> None:
        whole = np.zeros(len(color), dtype=bool)
        whole[rows[mask]] = True
        put(whole, paint_, shine)

    front = z > 0.035
    shade = tuple(0.82 * c for c in look.skin)
    on(front & (np.hypot((side - 0.032) / 1.5, y - 0.017) < 0.0125), shade, 0.68)
    on(front & (side < 0.011) & (y < -0.026) & (y > -0.034), shade, 0.68)
    if look.beard:
        jaw = (y < -0.036) & (z > 0.0) & (y > -0.125) & (side < 0.075)
        jaw &= ~((side < 0.024) & (np.abs(y + 0.058) < 0.009))
        on(jaw, tuple(0.55 * a + 0.45 * b for a, b in zip(look.hair, look.skin, strict=True)), 0.45)
    lips = tuple(0.62 * a + 0.38 * b for a, b in zip(look.skin, (170, 52, 58), strict=True))
    mouth = np.abs(y + 0.0595 - 7 * side**2)
    on(front & (side < 0.026 - 0.9 * mouth) & (mouth < 0.007), lips, 0.6)
    on(front & (side < 0.022) & (mouth < 0.0014), tuple(0.6 * c for c in lips), 0.5)
    on(front & (np.hypot((side - 0.032) / 1.7, y - 0.015) < 0.0062), (238, 236, 232), 0.7)
    on(front & (np.hypot(side - 0.032, y - 0.015) < 0.0062), (46, 34, 28), 0.3)
    brow = front & (side > 0.014) & (side < 0.05)
    on(brow & (np.abs(y - 0.039 + 5 * (side - 0.029) ** 2) < 0.004), look.hair, 0.35)
    if look.hair_style != "bald":
        slope = {"long": 1.5, "bun": 1.3, "short": 1.05}[look.hair_style]
        line = 0.074 - slope * np.clip(0.082 - z, 0, 1) + ragged
        if look.hair_style == "long":
            line = np.where(z < 0.012, -1.0, line)
        else:
            line = np.maximum(line, -0.085)
        ear = (side > 0.074) & (z > -0.035) & (z < 0.012) & (np.abs(y - 0.008) < 0.03)
        hair = (y > line) & ~(ear & (look.hair_style != "long"))
        on(hair, look.hair, 0.28)
        strands = 1 + 0.22 * np.sin(130 * x + 60 * z + 20 * y) * np.sin(70 * z - 45 * x)
        color[rows[hair]] *= strands[hair, None]
    if look.glasses:
        rim = np.hypot((side - 0.033) / 1.25, y - 0.014)
        on(front & (np.abs(rim - 0.0185) < 0.0026), (30, 30, 34), 0.2)
        on(front & (side < 0.012) & (np.abs(y - 0.018) < 0.002), (30, 30, 34), 0.2)
