"""Who acts: body measures, clothes and manner, drawn from a seed.

The body is described at a height of ``REFERENCE_HEIGHT`` in a rest pose (standing, arms 45
degrees down, facing +z, left at +x, floor at y = 0) and scaled to the subject's height.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

REFERENCE_HEIGHT = 1.75

(
    SPINE_BASE, SPINE_MID, NECK, HEAD, SHOULDER_L, ELBOW_L, WRIST_L, HAND_L, SHOULDER_R, ELBOW_R,
    WRIST_R, HAND_R, HIP_L, KNEE_L, ANKLE_L, FOOT_L, HIP_R, KNEE_R, ANKLE_R, FOOT_R,
    SPINE_SHOULDER, TIP_L, THUMB_L, TIP_R, THUMB_R,
) = range(25)  # fmt: skip
PARENTS = (
    -1, 0, 20, 2, 20, 4, 5, 6, 20, 8, 9, 10, 0, 12, 13, 14, 0, 16, 17, 18, 1, 7, 7, 11, 11
)  # fmt: skip

SKIN_TONES = ((233, 190, 165), (214, 164, 132), (184, 132, 98), (141, 96, 68), (102, 68, 48))
HAIR_COLORS = ((34, 26, 22), (62, 42, 28), (98, 66, 38), (150, 112, 62), (112, 108, 104))
SHIRT_COLORS = (
    (36, 98, 160), (176, 44, 46), (232, 228, 218), (48, 122, 84), (236, 178, 58),
    (108, 62, 132), (40, 46, 58), (210, 112, 78), (96, 164, 176), (150, 158, 168),
)  # fmt: skip
TROUSER_COLORS = ((38, 52, 88), (44, 44, 48), (136, 116, 88), (82, 92, 106), (70, 60, 52))
SHOE_COLORS = ((235, 235, 232), (34, 34, 36), (110, 62, 38), (150, 40, 44), (60, 80, 110))

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Look:
    """Clothes and colours (sRGB). sleeve: 0.2 none .. 1 elbow .. 2 wrist; leg: 1 = to the ankle."""

    skin: Color
    hair: Color
    shirt: Color
    accent: Color
    trousers: Color
    shoes: Color
    pattern: str  # plain | stripes | block | logo
    sleeve: float
    leg: float
    hair_style: str  # short | long | bun | bald
    glasses: bool
    beard: bool


@dataclass(frozen=True)
class Subject:
    """One actor: number from 1, height in metres, girths and proportions around 1, manner."""

    number: int
    height: float
    girth: float
    shoulders: float
    hips: float
    arms: float
    legs: float
    bust: float
    left_handed: bool
    tempo: float
    vigour: float
    posture: float  # degrees the back leans forward
    look: Look

    @property
    def scale(self) -> float:
        """Metres of this body for one metre of the reference body."""
        return self.height / REFERENCE_HEIGHT


def make_subject(number: int, seed: int) -> Subject:
    """The actor with this number; the same for every action, view and repetition of a seed."""
    rng = np.random.default_rng([seed, 7919, number])
    womanly = bool((number + seed) % 2)
    height = float(rng.normal(1.66, 0.05) if womanly else rng.normal(1.78, 0.06))
    order = np.random.default_rng([seed, 104729]).permutation(len(SHIRT_COLORS))
    shirt = SHIRT_COLORS[order[number % len(order)]]
    accent = SHIRT_COLORS[order[(number + 1 + int(rng.integers(5))) % len(order)]]
    styles = ("long", "bun", "long", "short") if womanly else ("short", "short", "short", "bald")
    look = Look(
        skin=SKIN_TONES[rng.choice(5, p=(0.3, 0.3, 0.2, 0.12, 0.08))],
        hair=HAIR_COLORS[rng.choice(5, p=(0.35, 0.3, 0.2, 0.1, 0.05))],
        shirt=shirt,
        accent=accent,
        trousers=TROUSER_COLORS[rng.integers(5)],
        shoes=SHOE_COLORS[rng.integers(5)],
        pattern=("plain", "stripes", "block", "logo")[rng.integers(4)],
        sleeve=float(rng.choice((0.62, 0.7, 1.9, 1.93))),
        leg=float(rng.choice((1.0, 1.0, 1.0, 0.55))),
        hair_style=styles[rng.integers(4)],
        glasses=bool(rng.random() < 0.25),
        beard=bool(not womanly and rng.random() < 0.3),
    )
    return Subject(
        number=number,
        height=float(np.clip(height, 1.52, 1.95)),
        girth=float(np.clip(rng.normal(0.95 if womanly else 1.02, 0.07), 0.85, 1.22)),
        shoulders=float(rng.normal(0.94 if womanly else 1.03, 0.025)),
        hips=float(rng.normal(1.06 if womanly else 0.98, 0.025)),
        arms=float(rng.normal(1.0, 0.02)),
        legs=float(rng.normal(1.0, 0.02)),
        bust=0.7 if womanly else 0.0,
        left_handed=bool(rng.random() < 0.15),
        tempo=float(np.clip(rng.normal(1.0, 0.12), 0.78, 1.28)),
        vigour=float(np.clip(rng.normal(1.0, 0.1), 0.8, 1.2)),
        posture=float(rng.normal(3.0, 1.5)),
        look=look,
    )


def rest_joints(subject: Subject) -> NDArray[np.float64]:
    """(25, 3) metres: the joints in the rest pose at the reference height."""
    joints = np.zeros((25, 3))
    leg = 0.83 * subject.legs
    hip = 0.08 + leg
    joints[SPINE_BASE] = (0, hip + 0.045, 0)
    top = 1.75 - joints[SPINE_BASE, 1]
    rise = {SPINE_MID: 0.39, SPINE_SHOULDER: 0.632, NECK: 0.71, HEAD: 0.865}
    for joint, share in rise.items():
        joints[joint] = (0, joints[SPINE_BASE, 1] + share * top, 0)
    joints[NECK, 2], joints[HEAD, 2] = 0.005, 0.022
    down = np.array((np.sqrt(0.5), -np.sqrt(0.5), 0.0))
    for side, (s, e, w, h, t, th, hi, k, a, f) in {
        1: (SHOULDER_L, ELBOW_L, WRIST_L, HAND_L, TIP_L, THUMB_L, HIP_L, KNEE_L, ANKLE_L, FOOT_L),
        -1: (SHOULDER_R, ELBOW_R, WRIST_R, HAND_R, TIP_R, THUMB_R, HIP_R, KNEE_R, ANKLE_R, FOOT_R),
    }.items():
        mirror = np.array((side, 1, 1))
        joints[s] = joints[SPINE_SHOULDER] + mirror * (0.178 * subject.shoulders, -0.03, -0.005)
        for joint, length in ((e, 0.285), (w, 0.535), (h, 0.615), (t, 0.7)):
            joints[joint] = joints[s] + mirror * down * length * subject.arms
        joints[th] = joints[h] + mirror * down * -0.005 + np.array((0, 0, 0.062))
        joints[hi] = (side * 0.088 * subject.hips, hip, 0)
        joints[k] = (side * 0.088 * subject.hips, 0.08 + leg * 0.492, 0.008)
        joints[a] = (side * 0.088 * subject.hips, 0.08, -0.01)
        joints[f] = joints[a] + (0, -0.05, 0.135)
    return joints
