"""What the actors can do: scripts for single actions, in order of their NTU codes.

A script writes into a take from a start time in seconds and returns when it is over; it begins
and ends in a neutral stance, except where sitting or lying is the point of it.
"""

from __future__ import annotations

import numpy as np

from harstudio.synthesis.kinematics import OUTWARD, Skeleton, turn
from harstudio.synthesis.pose import CHEST, FACE, HANG, MIDDLE, WORLD, Reach, hold
from harstudio.synthesis.room import TABLE_TOP, table_center
from harstudio.synthesis.take import (
    Prop,
    Take,
    Vector,
    flying,
    in_hand,
    lying,
    rest_hands,
    sit,
    stand_straight,
    stand_up,
)


def other(side: str) -> str:
    """The opposite side."""
    return "r" if side == "l" else "l"


def drink(take: Take, start: float) -> float:
    """Take a cup from the table, drink, put it back."""
    m, side = take.motions[0], take.side()
    out = OUTWARD[side]
    x, z = table_center(out)
    spot = Reach(WORLD, x - out * 0.27, TABLE_TOP + 0.1, z - 0.1)
    grasp = start + take.lasts(0.85)
    m.back.move(start, grasp, (13, 0, 7 * -out))
    m.head.move(start, grasp, (14, 22 * out, 0))
    m.hand(side, start, grasp, spot)
    hold(m, side, start, grasp, (0.62, -0.25, 0.3))
    m.rolls[side].move(start, grasp, (-20,))
    m.grips[side].move(start, grasp, (22,))
    m.grips[side].move(grasp, grasp + 0.12, (62,))
    lifted = grasp + 0.12
    mouth = lifted + take.lasts(0.95)
    m.hand(side, lifted, mouth, Reach(FACE, 0.125, -0.15, 0.15))
    hold(m, side, lifted, mouth, (-0.72, 0.42, 0.05))
    m.elbows[side].move(lifted, mouth, (-12,))
    m.rolls[side].move(lifted, mouth, (10,))
    stand_straight(take, 0, lifted, mouth)
    sip = mouth + take.lasts(0.25)
    m.head.move(mouth, sip, (-17, 0, 0))
    away = sip + take.lasts(0.9)
    lowered = away + take.lasts(0.85)
    m.hand(side, away, lowered, spot)
    hold(m, side, away, lowered, (0.62, -0.25, 0.3))
    m.elbows[side].move(away, lowered, (0,))
    m.rolls[side].move(away, lowered, (-20,))
    m.back.move(away, lowered, (13, 0, 7 * -out))
    m.head.move(away, lowered, (14, 22 * out, 0))
    m.grips[side].move(lowered, lowered + 0.12, (22,))
    end = lowered + take.lasts(0.75)
    rest_hands(take, 0, lowered + 0.1, end, side)
    stand_straight(take, 0, lowered + 0.1, end)
    _cup(take, side, grasp + 0.06, lowered + 0.06, (mouth, sip, away))
    for time in (grasp, lowered):
        take.heard(time, "knock", 0.3)
    return end


def _cup(
    take: Take, side: str, grasp: float, release: float, tilts: tuple[float, float, float]
) -> None:
    mouth, sip, away = tilts

    def upright(time: float, body: Skeleton) -> Vector:
        share = np.interp(time, (mouth, sip, away, away + 0.35), (12, 68, 68, 0))
        heading = float(take.motions[0].heading.at(time)[0])
        return turn(0, heading, 0) @ turn(-float(share), 0, 0)

    held = in_hand(0, side, 0.05, upright)
    cup = Prop("cup")
    take.props.append(cup)
    for start, now in ((0.0, grasp), (release, release)):
        spot, _ = held(now, take.skeletons(now))
        cup.from_time(start, lying(np.array((spot[0], TABLE_TOP + 0.045, spot[2])), np.eye(3)))
        if now == grasp:
            cup.from_time(grasp, held)


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


def throw(take: Take, start: float) -> float:
    """Swing a ball back and throw it overarm."""
    m, side = take.motions[0], take.side()
    out, big, far = OUTWARD[side], take.amount(), take.amount()
    back = start + take.lasts(0.75)
    m.hand(side, start, back, Reach(CHEST, 0.42 * big, 0.48, -0.42 * big))
    m.elbows[side].move(start, back, (35,))
    m.grips[side].move(start, back, (55,))
    hold(m, side, start, back, (0.0, 0.6, -0.3))
    m.back.move(start, back, (-9 * big, 32 * out, 0))
    m.hips_turn.move(start, back, (0, 16 * out, 0))
    m.hand(other(side), start, back, Reach(CHEST, 0.15, -0.15, 0.75))
    step = other(side)
    foot = m.feet[step].last
    spot = m.local(OUTWARD[step] * 0.1, 0.27)
    m.foot(step, start + 0.2, back - 0.05, (0.5 * (foot[0] + spot[0]), 0.5 * (foot[2] + spot[1])),
           0.07)  # fmt: skip
    m.foot(step, back - 0.05, back + 0.15, spot)
    gone = back + take.lasts(0.34)
    m.lower(start + 0.25, gone, 0.03, 0.17)
    m.hand(side, back, gone, Reach(CHEST, -0.1, 0.3, 0.86))
    hold(m, side, back, gone, (0, -0.1, 0.7))
    m.elbows[side].move(back, gone, (0,))
    m.back.move(back, gone, (20 * big, -24 * out, 0))
    m.hips_turn.move(back, gone, (3, -12 * out, 0))
    through = gone + take.lasts(0.36)
    m.hand(side, gone, through, Reach(CHEST, -0.38, -0.55, 0.52))
    m.hand(other(side), back, through, Reach(HANG, 0.2, -0.85, -0.15))
    end = through + take.lasts(0.85)
    rest_hands(take, 0, through, end)
    stand_straight(take, 0, through, end)
    _step_back(take, step, through, end)
    release = back + 0.62 * (gone - back)
    _thrown(take, side, release, far)
    take.heard(release, "whoosh", 0.5)
    take.heard(back + 0.15, "step", 0.4)
    return end


def _step_back(take: Take, side: str, start: float, end: float) -> None:
    m = take.motions[0]
    other_foot = m.feet[other(side)].last
    x, _, z = m.pelvis.last
    heading = np.radians(m.heading.last[0])
    home = (float(x), float(z))
    ahead = float((home[0] - other_foot[0]) * np.sin(heading))
    ahead += float((home[1] - other_foot[2]) * np.cos(heading))
    m.lower(start, end, 0.0, -ahead)
    spot = m.local(OUTWARD[side] * 0.105, 0.0)
    middle = 0.5 * (start + end)
    foot = m.feet[side].last
    m.foot(side, start + 0.1, middle, (0.5 * (foot[0] + spot[0]), 0.5 * (foot[2] + spot[1])), 0.06)
    m.foot(side, middle, end, spot)


def _thrown(take: Take, side: str, release: float, far: float) -> None:
    ball = Prop("ball")
    held = in_hand(0, side, 0.075, lambda time, body: np.eye(3))
    spot, _ = held(release, take.skeletons(release))
    heading = np.radians(float(take.motions[0].heading.at(release)[0]))
    aside = float(take.rng.uniform(-0.9, 0.9))
    speed = 4.6 * far
    way = np.array((speed * np.sin(heading) + aside, 2.0, speed * np.cos(heading)))
    ball.from_time(0.0, held)
    ball.from_time(release, flying(release, spot, way))
    take.props.append(ball)


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


def clap(take: Take, start: float) -> float:
    """Clap a few times before the chest."""
    m = take.motions[0]
    high, wide = 0.02 * take.rng.normal(), take.amount(0.2)
    ready = start + take.lasts(0.6)
    apart = Reach(MIDDLE, 0.27 * wide, -0.33 + high, 0.55)
    together = Reach(MIDDLE, 0.072, -0.3 + high, 0.58)
    for side in "lr":
        m.hand(side, start, ready, apart)
        hold(m, side, start, ready, (-0.22, 0.35, 0.6))
        m.grips[side].move(start, ready, (4,))
        m.elbows[side].move(start, ready, (12,))
        m.rolls[side].move(start, ready, (8,))
    time, pace = ready, take.lasts(0.36)
    for _ in range(int(take.rng.integers(4, 7))):
        for side in "lr":
            m.hand(side, time, time + 0.45 * pace, together)
            m.hand(side, time + 0.45 * pace, time + pace, apart)
        take.heard(time + 0.45 * pace, "clap", 0.8)
        time += pace
    end = time + take.lasts(0.65)
    rest_hands(take, 0, time, end)
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


def wave(take: Take, start: float) -> float:
    """Raise a hand and wave it."""
    m, side = take.motions[0], take.side()
    big = take.amount(0.2)
    ready = start + take.lasts(0.7)
    low = float(take.rng.uniform(-0.08, 0.12))
    m.hand(side, start, ready, Reach(CHEST, 0.4, 0.44 + low, 0.2))
    hold(m, side, start, ready, (0.05, 0.75, 0.1))
    m.rolls[side].move(start, ready, (-78,))
    m.grips[side].move(start, ready, (3,))
    m.head.move(start, ready, (-3, 0, 4 * OUTWARD[side]))
    time, pace = ready, take.lasts(0.33)
    for number in range(2 * int(take.rng.integers(2, 5))):
        swing = big * (1 if number % 2 == 0 else -1)
        m.hand(side, time, time + pace, Reach(CHEST, 0.4 + 0.17 * swing, 0.44 + low, 0.2))
        hold(m, side, time, time + pace, (0.05 + 0.3 * swing, 0.7, 0.1))
        time += pace
    end = time + take.lasts(0.7)
    rest_hands(take, 0, time, end, side)
    stand_straight(take, 0, time, end)
    take.heard(ready, "voice", 0.6)
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


def phone(take: Take, start: float) -> float:
    """Bring a phone to the ear, talk, put it away."""
    m, side = take.motions[0], take.side()
    out = OUTWARD[side]
    pocket = start + take.lasts(0.45)
    m.hand(side, start, pocket, Reach(HANG, 0.06, -0.82, 0.16))
    m.grips[side].move(start, pocket, (50,))
    ear = pocket + take.lasts(0.95)
    m.hand(side, pocket, ear, Reach(FACE, 0.135, -0.14, 0.05))
    hold(m, side, pocket, ear, (-0.12, 0.86, -0.08))
    m.elbows[side].move(pocket, ear, (10,))
    m.head.move(pocket, ear, (4, 4 * out, -7 * out))
    time = ear
    for _ in range(int(take.rng.integers(2, 4))):
        nod = take.lasts(0.55)
        turned = float(take.rng.uniform(-9, 9))
        m.head.move(time, time + nod, (float(take.rng.uniform(-2, 9)), turned, -7 * out))
        m.back.move(time, time + nod, (m.subject.posture, 0.6 * turned, 0))
        take.heard(time + 0.1, "voice", 0.6)
        time += nod
    down = time + take.lasts(0.8)
    m.hand(side, time, down, Reach(HANG, 0.06, -0.82, 0.16))
    hold(m, side, time, down, (0, 0, 0))
    end = down + take.lasts(0.45)
    rest_hands(take, 0, down, end, side)
    stand_straight(take, 0, time, end)
    mobile = Prop("phone")
    first = 5 if side == "l" else 9
    lean = turn(0, 0, 45 * out)  # the hand lies 45 degrees in the rest pose

    def along(time: float, body: Skeleton) -> Vector:
        return np.asarray(body.rotations[first + 2] @ lean)

    mobile.from_time(pocket, in_hand(0, side, 0.035, along))
    take.props.append(mobile)
    take.heard(start, "ring", 0.5)
    return end


def point(take: Take, start: float) -> float:
    """Point at something with a finger."""
    m, side = take.motions[0], take.side()
    out = OUTWARD[side]
    there = start + take.lasts(0.8)
    x = float(take.rng.uniform(0.0, 0.5))
    m.hand(side, start, there, Reach(CHEST, x, 0.05, 0.97 - 0.3 * x))
    m.grips[side].move(start, there, (8,))
    m.head.move(start, there, (-3, 14 * out, 0))
    back = there + take.lasts(0.8)
    end = back + take.lasts(0.75)
    rest_hands(take, 0, back, end, side)
    stand_straight(take, 0, back, end)
    take.heard(there, "voice", 0.6)
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


def salute(take: Take, start: float) -> float:
    """Bring a flat hand to the brow."""
    m, side = take.motions[0], take.side()
    up = start + take.lasts(0.55)
    m.hand(side, start, up, Reach(FACE, 0.2, -0.02, 0.1))
    m.elbows[side].move(start, up, (52,))
    hold(m, side, start, up, (-0.72, 0.42, 0.05))
    m.grips[side].move(start, up, (2,))
    m.back.move(start, up, (-2, 0, 0))
    back = up + take.lasts(0.8)
    end = back + take.lasts(0.6)
    rest_hands(take, 0, back, end, side)
    stand_straight(take, 0, back, end)
    return end


def fall(take: Take, start: float) -> float:
    """Lose balance, go down backwards and stay lying."""
    m = take.motions[0]
    tilt = float(take.rng.uniform(-22, 22))
    x, _, z = m.pelvis.last
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
        m.foot(side, sway, low, (float(foot[0]), float(foot[2]) + 0.06), 0.0, pitch=20)
    m.pelvis.move(sway, low, (x + 0.002 * tilt, 0.3 - standing, z - 0.42))
    m.hips_turn.move(sway, low, (-42, tilt * 0.5, 0))
    m.back.move(sway, low, (26, 0, 0))
    m.head.move(sway, low, (30, 0, 0))
    flat = low + take.lasts(0.5)
    m.pelvis.move(low - 0.05, flat, (x + 0.003 * tilt, 0.125 * m.subject.girth - standing, z - 0.5))
    m.hips_turn.move(low - 0.05, flat, (-86, tilt, 0))
    m.back.move(low - 0.05, flat, (2, 0, 0))
    m.head.move(low - 0.05, flat, (8, 0, 0))
    for number, side in enumerate("lr"):
        m.hand(side, low, flat + 0.1, Reach(CHEST, 0.55, -0.6, -0.12))
        out = OUTWARD[side]
        foot = (float(x + out * (0.13 + 0.05 * number)), float(z + 0.12 + 0.2 * number))
        m.foot(side, low, flat + 0.1, foot, 0.0, pitch=12, toe=out * 20)
    take.heard(low, "thud", 0.7)
    take.heard(flat - 0.05, "thud", 0.9)
    return flat + take.lasts(0.35)
