"""What the actors can do with their hands: scripts for single actions.

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
    stand_straight,
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
    ball = next((prop for prop in take.props if prop.kind == "ball"), None)
    held = in_hand(0, side, 0.075, lambda time, body: np.eye(3))
    if ball is None:
        ball = Prop("ball")
        ball.from_time(0.0, held)
        take.props.append(ball)
    spot, _ = held(release, take.skeletons(release))
    heading = np.radians(float(take.motions[0].heading.at(release)[0]))
    aside = float(take.rng.uniform(-0.9, 0.9))
    speed = 4.6 * far
    way = np.array((speed * np.sin(heading) + aside, 2.0, speed * np.cos(heading)))
    ball.from_time(release, flying(release, spot, way))


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
