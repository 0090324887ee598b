"""What the actors can do with the whole body: scripts as in ``actions``."""

from __future__ import annotations

import numpy as np

from harstudio.synthesis.actions import other
from harstudio.synthesis.kinematics import OUTWARD
from harstudio.synthesis.pose import CHEST, HANG, WORLD, Reach, hold
from harstudio.synthesis.take import (
    Prop,
    Take,
    in_hand,
    lying,
    rest_hands,
    sit,
    stand_straight,
    stand_up,
)


def pick_up(take: Take, start: float) -> float:
    """Bend down and pick a ball up from the floor."""
    m, side = take.motions[0], take.side()
    out = OUTWARD[side]
    down = start + take.lasts(1.1)
    x, z = m.local(out * 0.2, 0.42)
    m.lower(start, down, 0.34 * m.subject.scale, -0.16)
    m.hips_turn.move(start, down, (38, 0, 0))
    m.back.move(start, down, (46, 10 * -out, 0))
    m.head.move(start, down, (-14, 0, 0))
    m.hand(side, start, down, Reach(WORLD, x, 0.2, z - 0.02))
    m.hand(other(side), start, down, Reach(HANG, 0.16, -0.62, 0.5))
    hold(m, side, start, down, (0.0, -0.5, 0.4))
    up = down + 0.2
    end = up + take.lasts(1.1)
    m.lower(up, end, 0.0, 0.16)
    stand_straight(take, 0, up, end)
    rest_hands(take, 0, up, end, other(side))
    m.hand(side, up, end, Reach(CHEST, -0.05, -0.6, 0.55))
    hold(m, side, up, end, (-0.1, 0.1, 0.5))
    m.grips[side].move(down, up, (45,))
    ball = Prop("ball")
    held = in_hand(0, side, 0.075, lambda time, body: np.eye(3))
    spot, _ = held(down + 0.1, take.skeletons(down + 0.1))
    ball.from_time(0.0, lying(np.array((spot[0], 0.06, spot[2])), np.eye(3)))
    ball.from_time(down + 0.1, held)
    take.props.append(ball)
    return end


def sit_down(take: Take, start: float) -> float:
    """Sit down on the chair behind."""
    end = start + take.lasts(1.5)
    sit(take, 0, start, end)
    take.heard(end - 0.15, "thud", 0.35)
    return end


def get_up(take: Take, start: float) -> float:
    """Stand up from the chair (the take has begun seated)."""
    end = start + take.lasts(1.45)
    stand_up(take, 0, start, end)
    return end


def cheer(take: Take, start: float) -> float:
    """Throw both arms up, twice."""
    m = take.motions[0]
    time = start
    for _ in range(2):
        up = time + take.lasts(0.5)
        for side in "lr":
            m.hand(side, time, up, Reach(CHEST, 0.3 * take.amount(), 0.86, 0.15))
            m.grips[side].move(time, up, (70,))
        m.back.move(time, up, (-7, 0, 0))
        m.head.move(time, up, (-16, 0, 0))
        down = up + take.lasts(0.4)
        for side in "lr":
            m.hand(side, up + 0.1, down, Reach(CHEST, 0.35, 0.1, 0.35))
        take.heard(up, "voice", 0.7)
        time = down
    end = time + take.lasts(0.6)
    rest_hands(take, 0, time, end)
    stand_straight(take, 0, time, end)
    return end


def kick(take: Take, start: float) -> float:
    """Kick something before the feet."""
    m = take.motions[0]
    side = take.side()
    out, big = OUTWARD[side], take.amount()
    stand = other(side)
    away = start + take.lasts(0.6)
    home = m.feet[side].last
    x, _, z = m.pelvis.last
    shift = m.local(-out * 0.075, 0.02)
    m.pelvis.move(start, away - 0.1, (shift[0], -0.02, shift[1]))
    m.foot(side, start + 0.1, away, m.local(out * 0.15, -0.36), 0.2 * big, pitch=-38)
    m.back.move(start, away, (12, 10 * out, 0))
    m.hand(stand, start, away, Reach(HANG, 0.42, -0.72, 0.4))
    m.hand(side, start, away, Reach(HANG, 0.38, -0.82, -0.2))
    hit = away + take.lasts(0.32)
    m.foot(side, away, hit, m.local(out * 0.1, 0.72), 0.42 * big, pitch=-12)
    m.hips_turn.move(away, hit, (-12, -8 * out, 0))
    m.back.move(away, hit, (-2, -12 * out, 0))
    m.hand(stand, away, hit, Reach(HANG, 0.45, -0.75, -0.28))
    m.hand(side, away, hit, Reach(HANG, 0.4, -0.7, 0.35))
    down = hit + take.lasts(0.7)
    m.foot(side, hit + 0.08, down, (float(home[0]), float(home[2])), 0.0)
    m.pelvis.move(hit + 0.1, down + 0.15, (float(x), 0.0, float(z)))
    end = down + 0.3
    rest_hands(take, 0, hit + 0.1, end)
    stand_straight(take, 0, hit + 0.1, end)
    take.heard(hit - 0.05, "thud", 0.8)
    take.heard(down, "step", 0.4)
    return end


def jump(take: Take, start: float) -> float:
    """Crouch and jump up."""
    m, big = take.motions[0], take.amount()
    low = start + take.lasts(0.5)
    m.lower(start, low, 0.22)
    m.back.move(start, low, (26, 0, 0))
    for side in "lr":
        m.hand(side, start, low, Reach(HANG, 0.15, -0.75, -0.5))
    top = low + 0.36
    rise = 0.26 * big
    x, _, z = m.pelvis.last
    m.pelvis.move(low, top, (x, rise, z))
    m.back.move(low, top, (0, 0, 0))
    land = top + 0.34
    for side in "lr":
        m.hand(side, low, top, Reach(CHEST, 0.25, 0.7, 0.4))
        foot = m.feet[side].last
        spot = (float(foot[0]), float(foot[2]))
        m.foot(side, low + 0.12, top, spot, rise + 0.02, pitch=-30)
        m.foot(side, top, land - 0.04, spot, 0.0)
        m.hand(side, top, land, Reach(HANG, 0.3, -0.75, 0.3))
    m.pelvis.move(top, land, (x, -0.16, z))
    m.back.move(top, land, (18, 0, 0))
    end = land + take.lasts(0.6)
    m.lower(land, end, 0.0)
    rest_hands(take, 0, land, end)
    stand_straight(take, 0, land, end)
    take.heard(land - 0.03, "thud", 0.7)
    return end


def bow(take: Take, start: float) -> float:
    """Bow."""
    m, big = take.motions[0], take.amount()
    down = start + take.lasts(0.9)
    m.hips_turn.move(start, down, (24 * big, 0, 0))
    m.back.move(start, down, (27 * big, 0, 0))
    m.head.move(start, down, (20, 0, 0))
    m.lower(start, down, 0.005, -0.1)
    for side in "lr":
        m.hand(side, start, down, Reach(HANG, 0.06, -0.94, 0.22))
    up = down + take.lasts(0.35)
    end = up + take.lasts(0.9)
    m.lower(up, end, 0.0, 0.1)
    stand_straight(take, 0, up, end)
    rest_hands(take, 0, up, end)
    return end


def fall(take: Take, start: float) -> float:
    """Lose balance, go down backwards and stay lying."""
    m = take.motions[0]
    tilt = float(take.rng.uniform(-22, 22))
    lowered, settled = m.local(0.002 * tilt, -0.42), m.local(0.003 * tilt, -0.5)
    spots = {
        side: m.local(OUTWARD[side] * (0.13 + 0.05 * number), 0.12 + 0.2 * number)
        for number, side in enumerate("lr")
    }
    heading = float(m.heading.last[0])
    ahead = 0.06 * np.array((np.sin(np.radians(heading)), np.cos(np.radians(heading))))
    standing = float(m.bones.rest[0, 1]) * 0.992
    sway = start + take.lasts(0.4)
    m.back.move(start, sway, (-7, 0, 0.3 * tilt))
    m.head.move(start, sway, (14, 0, 0))
    m.hips_turn.move(start, sway, (-6, 0, 0))
    low = sway + take.lasts(0.55)
    for side in "lr":
        m.hand(side, start, sway, Reach(CHEST, 0.75, 0.1, 0.3))
        m.hand(side, sway, low, Reach(CHEST, 0.7, -0.25, -0.5))
        foot = m.feet[side].last
        m.foot(side, sway, low, (float(foot[0] + ahead[0]), float(foot[2] + ahead[1])), 0.0,
               pitch=20)  # fmt: skip
    m.pelvis.move(sway, low, (lowered[0], 0.3 - standing, lowered[1]))
    m.hips_turn.move(sway, low, (-42, tilt * 0.5, 0))
    m.back.move(sway, low, (26, 0, 0))
    m.head.move(sway, low, (30, 0, 0))
    flat = low + take.lasts(0.5)
    m.pelvis.move(low - 0.05, flat, (settled[0], 0.125 * m.subject.girth - standing, settled[1]))
    m.hips_turn.move(low - 0.05, flat, (-86, tilt, 0))
    m.back.move(low - 0.05, flat, (2, 0, 0))
    m.head.move(low - 0.05, flat, (8, 0, 0))
    for side in "lr":
        m.hand(side, low, flat + 0.1, Reach(CHEST, 0.55, -0.6, -0.12))
        toe = heading + OUTWARD[side] * 20
        m.foot(side, low, flat + 0.1, spots[side], 0.0, pitch=12, toe=toe)
    take.heard(low, "thud", 0.7)
    take.heard(flat - 0.05, "thud", 0.9)
    return flat + take.lasts(0.35)
