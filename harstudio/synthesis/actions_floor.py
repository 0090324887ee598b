"""What the actors can do on their way to the floor: scripts as in ``actions``.

Falls, and what looks like one for a moment. All of them go by where the actor faces.
"""

from __future__ import annotations

from harstudio.synthesis.kinematics import OUTWARD
from harstudio.synthesis.pose import CHEST, HANG, KNEE, Motion, Reach
from harstudio.synthesis.take import Take, rest_hands, stand_straight


def fall_forward(take: Take, start: float) -> float:
    """Trip, go down forwards onto the hands and stay lying."""
    m, side = take.motions[0], take.side()
    tilt = float(take.rng.uniform(-18, 18))
    trip = start + take.lasts(0.35)
    m.back.move(start, trip, (20, 0, 0))
    m.hips_turn.move(start, trip, (12, 0, 0))
    m.foot(side, start, trip, m.local(OUTWARD[side] * 0.1, 0.16))
    low = trip + take.lasts(0.5)
    for hand in "lr":
        m.hand(hand, start, trip, Reach(CHEST, 0.3, 0.0, 0.6))
        m.hand(hand, trip, low, Reach(CHEST, 0.3, 0.2, 0.72))
    m.lower(trip, low, _standing(m) - 0.52 * m.subject.scale, 0.32)
    m.hips_turn.move(trip, low, (52, tilt * 0.5, 0))
    m.back.move(trip, low, (14, 0, 0))
    m.head.move(trip, low, (-26, 0, 0))
    flat = low + take.lasts(0.45)
    m.lower(low - 0.05, flat, _standing(m) - 0.15 * m.subject.girth, 0.3)
    m.hips_turn.move(low - 0.05, flat, (84, tilt, 0))
    m.back.move(low - 0.05, flat, (-2, 0, 0))
    m.head.move(low - 0.05, flat, (-16, 0, 0))
    for foot in "lr":
        m.hand(foot, low, flat, Reach(CHEST, 0.42, 0.25, 0.2))
        spot = m.local(OUTWARD[foot] * 0.13, -0.92 * m.subject.scale)
        m.foot(foot, low - 0.15, flat - 0.1, spot, 0.0, pitch=-55)
    take.heard(low, "thud", 0.7)
    take.heard(flat - 0.05, "thud", 0.9)
    return flat + take.lasts(0.35)


def fall_aside(take: Take, start: float) -> float:
    """Give way at a knee, go down sideways and stay lying."""
    m, side = take.motions[0], "lr"[int(take.rng.integers(2))]
    out = OUTWARD[side]
    sway = start + take.lasts(0.4)
    m.back.move(start, sway, (4, 0, -14 * out))
    m.lower(start, sway, 0.06)
    low = sway + take.lasts(0.5)
    for hand in "lr":
        m.hand(hand, start, sway, Reach(CHEST, 0.7, 0.0, 0.3))
        m.hand(hand, sway, low, Reach(CHEST, 0.6, -0.2, 0.4))
    _aside(m, sway, low, out * 0.3, _standing(m) - 0.36)
    m.hips_turn.move(sway, low, (8, 0, -48 * out))
    m.back.move(sway, low, (10, 0, -16 * out))
    flat = low + take.lasts(0.45)
    _aside(m, low - 0.05, flat, out * 0.12, _standing(m) - 0.19 * m.subject.girth)
    m.hips_turn.move(low - 0.05, flat, (6, 0, -82 * out))
    m.back.move(low - 0.05, flat, (6, 0, -4 * out))
    m.head.move(low - 0.05, flat, (0, 0, -10 * out))
    m.hand(side, low, flat, Reach(CHEST, 0.35, 0.45, 0.55))
    m.hand("r" if side == "l" else "l", low, flat, Reach(CHEST, -0.1, -0.45, 0.45))
    take.heard(low, "thud", 0.7)
    take.heard(flat - 0.05, "thud", 0.9)
    return flat + take.lasts(0.35)


def lie_down(take: Take, start: float) -> float:
    """Sit down on the floor and lie back, with care."""
    m = take.motions[0]
    tilt = float(take.rng.uniform(-18, 18))
    low = start + take.lasts(2.0)
    m.lower(start, low, _standing(m) - 0.15 * m.subject.girth, -0.34)
    m.hips_turn.move(start, low, (-14, 0, 0))
    m.back.move(start, low, (34, 0, 0))
    for side in "lr":
        m.hand(side, start, low, Reach(HANG, 0.25, -0.72, -0.3))
    begin = low + take.lasts(0.5)
    flat = begin + take.lasts(2.0)
    m.lower(begin, flat, _standing(m) - 0.13 * m.subject.girth, -0.1)
    m.hips_turn.move(begin, flat, (-86, tilt, 0))
    m.back.move(begin, flat, (2, 0, 0))
    m.head.move(begin, flat, (8, 0, 0))
    for side in "lr":
        m.hand(side, begin, flat, Reach(CHEST, 0.3, -0.75, 0.0))
        spot = m.local(OUTWARD[side] * 0.14, 0.7 * m.subject.scale)
        m.foot(side, begin, flat, spot, 0.0, pitch=12, toe=m.heading.last[0] + OUTWARD[side] * 20)
    return flat + take.lasts(0.4)


def crouch(take: Take, start: float) -> float:
    """Crouch as if to tie a shoe, and get up."""
    m = take.motions[0]
    low = start + take.lasts(1.1)
    m.lower(start, low, 0.48 * m.subject.scale * take.amount(0.05), -0.12)
    m.hips_turn.move(start, low, (14, 0, 0))
    m.back.move(start, low, (44, 0, 0))
    m.head.move(start, low, (6, 0, 0))
    for side in "lr":
        m.hand(side, start, low, Reach(KNEE, -0.08, -0.16, 0.14))
    up = low + take.lasts(1.6)
    end = up + take.lasts(1.1)
    m.lower(up, end, 0.0, 0.12)
    stand_straight(take, 0, up, end)
    rest_hands(take, 0, up, end)
    return end


def _standing(motion: Motion) -> float:
    """Metres of the pelvis above the floor in standing."""
    return float(motion.bones.rest[0, 1]) * 0.992


def _aside(motion: Motion, start: float, end: float, left: float, down: float) -> None:
    """Move the pelvis to the actor's left and lower it."""
    x, z = motion.local(left, 0.0)
    motion.pelvis.move(start, end, (x, -down, z))
