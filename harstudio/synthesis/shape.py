"""The body as rounded volumes that melt into each other: distance to the skin, bone weights.

Everything here is in the rest pose at the reference height (see ``subject``).
"""

# ruff: noqa: RUF005 - here + moves points, it joins no sequences
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harstudio.synthesis import subject as s
from harstudio.synthesis.kinematics import ARMS, LEGS, OUTWARD, SEGMENTS
from harstudio.synthesis.subject import Subject, rest_joints

MELT = 0.008  # metres over which volumes flow together
WEIGHT_MELT = 0.02  # metres over which the skin follows two bones

Points = NDArray[np.float32]


@dataclass(frozen=True)
class Limb:
    """A tapered capsule from ``a`` to ``b``; ``flat`` stretches distances along x, y, z."""

    segment: int
    a: NDArray[np.float64]
    b: NDArray[np.float64]
    radius_a: float
    radius_b: float
    flat: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def distance(self, points: Points) -> Points:
        """(..., 3) -> (...) metres, negative inside; near the skin it is a true distance."""
        flat = np.asarray(self.flat, dtype=np.float32)
        p = (points - self.a.astype(np.float32)) * flat
        way = ((self.b - self.a) * self.flat).astype(np.float32)
        square = float(way @ way)
        along = np.clip(p @ way / square, 0, 1) if square > 0 else np.zeros(p.shape[:-1])
        along = along.astype(np.float32)
        gap = p - along[..., None] * way
        radius = np.float32(self.radius_a) + along * np.float32(self.radius_b - self.radius_a)
        return np.asarray(np.sqrt(np.einsum("...i,...i", gap, gap)) - radius, dtype=np.float32)


class Shape:
    """All volumes of one subject."""

    def __init__(self, subject: Subject) -> None:
        self.joints = rest_joints(subject)
        self.limbs: list[Limb] = []
        self._subject = subject
        self._trunk()
        self._head()
        for side in "lr":
            self._arm(side)
            self._leg(side)
        low = np.min([np.minimum(x.a, x.b) - x.radius_a - 0.05 for x in self.limbs], axis=0)
        high = np.max([np.maximum(x.a, x.b) + x.radius_a + 0.05 for x in self.limbs], axis=0)
        self.low, self.high = low, high

    def distance(self, points: Points) -> Points:
        """(..., 3) -> (...) metres to the skin, negative inside."""
        total = np.zeros(points.shape[:-1], dtype=np.float32)
        for limb in self.limbs:
            total += np.exp(np.clip(-limb.distance(points) / MELT, -60, 60))
        with np.errstate(divide="ignore"):
            return np.asarray(-MELT * np.log(total), dtype=np.float32)

    def weights(self, points: Points) -> NDArray[np.float32]:
        """(N, 3) points near the skin -> (N, S) share of each segment in their movement."""
        distances = np.full((len(points), len(SEGMENTS)), 9.0, dtype=np.float32)
        for limb in self.limbs:
            column = distances[:, limb.segment]
            np.minimum(column, limb.distance(points), out=column)
        nearest = distances.min(axis=1, keepdims=True)
        weights = np.exp(-(distances - nearest) / WEIGHT_MELT)
        weights[weights < 0.02] = 0
        return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)

    def _add(
        self, segment: str, a: object, b: object, radius_a: float, radius_b: float,
        flat: tuple[float, float, float] = (1.0, 1.0, 1.0),
    ) -> None:  # fmt: skip
        first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
        self.limbs.append(Limb(SEGMENTS.index(segment), first, second, radius_a, radius_b, flat))

    def _trunk(self) -> None:
        j, who = self.joints, self._subject
        g, hips, wide = who.girth, who.hips, who.shoulders
        base, mid, top = j[s.SPINE_BASE], j[s.SPINE_MID], j[s.SPINE_SHOULDER]
        oval = (1.0, 1.0, 1.42)  # wider than deep
        self._add("pelvis", base - (0, 0.045, 0.012), base + (0, 0.07, 0.0),
                  0.164 * hips * g, 0.142 * g, oval)  # fmt: skip
        for out in (-1, 1):
            cheek = base + (out * 0.068 * hips, -0.06, -0.042)
            self._add("pelvis", cheek, cheek, 0.082 * g, 0.082 * g)
        self._add("abdomen", base + (0, 0.06, 0.0), mid + (0, 0.01, 0),
                  0.14 * g, 0.138 * g, oval)  # fmt: skip
        self._add("abdomen", base + (0, 0.1, 0.03), base + (0, 0.2, 0.025),
                  0.082 * g**1.5, 0.07 * g**1.5)  # fmt: skip
        chest = mid + 0.3 * (top - mid) + (0, 0, 0.005)
        self._add("chest", mid, top - (0, 0.1, 0.004), 0.142 * g, 0.152 * wide, oval)
        front = np.array((0.058 * wide, 0, 0))
        bust = chest + (0, 0.025, 0.048 + 0.012 * who.bust)
        self._add("chest", bust - front, bust + front, 0.064 + 0.012 * who.bust,
                  0.064 + 0.012 * who.bust, (1, 0.85, 1.1))  # fmt: skip
        for out in (-1, 1):
            neck = top + (out * 0.025, 0.025, -0.015)
            shoulder = j[s.SHOULDER_L if out > 0 else s.SHOULDER_R]
            self._add("chest", neck, shoulder + (0, 0.002, 0), 0.05, 0.053 * wide)
        self._add("neck", top + (0, 0.0, -0.008), j[s.NECK] + (0, 0.05, 0.008), 0.058, 0.054)

    def _head(self) -> None:
        head = self.joints[s.HEAD]
        self._add("head", head + (0, 0.03, -0.012), head + (0, 0.03, -0.012), 0.098, 0.098,
                  (1.22, 0.98, 1.0))  # fmt: skip
        self._add("head", head + (0, -0.02, 0.028), head + (0, -0.075, 0.04), 0.064, 0.044)
        self._add("head", head + (0, 0.005, 0.09), head + (0, -0.022, 0.106), 0.008, 0.014)
        for out in (-1, 1):
            ear = head + (out * 0.078, 0.0, -0.01)
            self._add("head", ear, ear + (0, 0.022, -0.006), 0.013, 0.017, (1.6, 1, 1))
        self._hair(head)

    def _hair(self, head: NDArray[np.float64]) -> None:
        style = self._subject.look.hair_style
        if style == "bald":
            return
        crown = head + (0, 0.05, -0.028)
        self._add("head", crown, crown, 0.1, 0.1, (1.16, 1.0, 1.0))
        if style == "bun":
            self._add("head", head + (0, 0.09, -0.125), head + (0, 0.09, -0.13), 0.042, 0.042)
        if style == "long":
            self._add("head", head + (0, 0.0, -0.045), head + (0, -0.09, -0.055),
                      0.098, 0.085, (1.06, 1, 1.3))  # fmt: skip
            self._add("chest", head + (0, -0.12, -0.065), head + (0, -0.2, -0.075),
                      0.082, 0.05, (1, 1, 1.7))  # fmt: skip

    def _arm(self, side: str) -> None:
        j, g, look = self.joints, self._subject.girth, self._subject.look
        shoulder, elbow, wrist, hand, tip, thumb, _ = ARMS[side]
        cloth = 0.006 if look.sleeve < 1 else 0.008
        a, b, c = j[shoulder], j[elbow], j[wrist]
        self._add(f"arm_{side}", a, a + 0.5 * (b - a), 0.056 * g + cloth, 0.047 * g + cloth)
        self._add(f"arm_{side}", a + 0.4 * (b - a), b, 0.046 * g, 0.039 * g)
        sleeved = cloth if look.sleeve > 1 else 0.0
        self._add(f"forearm_{side}", b, b + 0.35 * (c - b), 0.039 * g + sleeved,
                  0.042 * g + sleeved)  # fmt: skip
        self._add(f"forearm_{side}", b + 0.3 * (c - b), c, 0.041 * g + sleeved, 0.026 + sleeved)
        palm = np.array((OUTWARD[side], 1, 0)) * np.sqrt(0.5)  # from the palm to the back
        flat = _flatten(palm)
        self._add(f"hand_{side}", c + 0.15 * (j[hand] - c), j[hand], 0.03, 0.041, flat)
        for across in (-0.026, -0.009, 0.009, 0.026):
            start = j[hand] + (0, 0, across)
            end = j[tip] + (0, 0, across * 0.9) - (j[tip] - j[hand]) * (0.28 * (across < -0.02))
            self._add(f"fingers_{side}", start, end, 0.0125, 0.0095)
        root = c + 0.35 * (j[hand] - c) + (0, 0, 0.018)
        self._add(f"hand_{side}", root, j[thumb] + 0.25 * (j[tip] - j[hand]), 0.015, 0.0105)

    def _leg(self, side: str) -> None:
        j, g, look = self.joints, self._subject.girth, self._subject.look
        hip, knee, ankle, _, _ = LEGS[side]
        out = OUTWARD[side]
        a, b, c = j[hip], j[knee], j[ankle]
        cloth = 0.007 if look.leg > 0.9 else 0.0
        inner = a + (0.002 * out, -0.03, 0)
        self._add(f"thigh_{side}", inner, b, 0.094 * g, 0.057 * g + cloth)
        calf = b + 0.32 * (c - b) + (0, 0, -0.014)
        self._add(f"shank_{side}", b, c, 0.05 * g + cloth, 0.037 + cloth)
        self._add(f"shank_{side}", b + (0, -0.03, -0.008), calf, 0.044 * g, 0.05 * g + 0.6 * cloth)
        self._add(f"shank_{side}", calf, c, 0.049 * g + 0.6 * cloth, 0.036 + cloth)
        foot = f"foot_{side}"
        self._add(foot, c + (0, -0.042, -0.03), c + (0, -0.046, 0.02), 0.037, 0.036)
        self._add(foot, c + (0, -0.01, 0.0), c + (0, -0.046, 0.1), 0.042, 0.03, (1, 1.0, 1))
        self._add(foot, c + (0, -0.05, 0.03), c + (0.006 * out, -0.053, 0.16), 0.038, 0.034,
                  (0.86, 1.35, 1))  # fmt: skip


def _flatten(normal: NDArray[np.float64]) -> tuple[float, float, float]:
    """Stretch of the axes that makes a hand thin; the hand lies 45 degrees in x and y.

    Stretching both by the same amount thins the palm's normal and, a little, its length.
    """
    share = 1.0 + 0.55 * float(abs(normal[0]) > 0)
    return (share, share, 1.0)
