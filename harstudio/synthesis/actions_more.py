"""Scripts for two actors, and for gestures of UTD-MHAD."""

from __future__ import annotations

import numpy as np

from harstudio.synthesis.kinematics import OUTWARD
from harstudio.synthesis.pose import CHEST, HANG, MIDDLE, WORLD, Reach, hold
from harstudio.synthesis.subject import HEAD, SPINE_SHOULDER
from harstudio.synthesis.take import Take, Vector, rest_hands, stand_straight


def punch(take: Take, start: float) -> float:
    """The first actor punches at the second, who recoils."""
    m, side = take.motions[0], take.side()
    out = OUTWARD[side]
    victim = take.motions[1]
    guard = start + take.lasts(0.5)
    for hand in "lr":
        m.hand(hand, start, guard, Reach(CHEST, -0.18, -0.12, 0.42))
        m.grips[hand].move(start, guard, (95,))
        hold(m, hand, start, guard, (0.0, 0.55, 0.35))
    m.hips_turn.move(start, guard, (0, 18 * out, 0))
    time = guard
    for blow in range(int(take.rng.integers(1, 3))):
        hit = time + take.lasts(0.26)
        face = victim.skeleton(hit).joints[HEAD if blow == 0 else SPINE_SHOULDER]
        own = m.skeleton(time).joints[SPINE_SHOULDER]
        way = face - own
        way /= np.linalg.norm(way)
        spot = face - way * 0.36
        m.hand(side, time, hit, Reach(WORLD, *(float(v) for v in spot)))
        hold(m, side, time, hit, (0.0, 0.05, 0.75))
        m.back.move(time, hit, (10, -26 * out, 0))
        m.hips_turn.move(time, hit, (0, -12 * out, 0))
        _recoil(take, hit - 0.08, hit + take.lasts(0.4), blow)
        back = hit + take.lasts(0.34)
        m.hand(side, hit, back, Reach(CHEST, -0.18, -0.12, 0.42))
        m.back.move(hit, back, (m.subject.posture, 8 * out, 0))
        m.hips_turn.move(hit, back, (0, 12 * out, 0))
        take.heard(hit, "thud", 0.8)
        time = back + 0.1
    end = time + take.lasts(0.65)
    rest_hands(take, 0, time, end)
    stand_straight(take, 0, time, end)
    rest_hands(take, 1, time, end)
    stand_straight(take, 1, time, end)
    return end


def _recoil(take: Take, start: float, end: float, blow: int) -> None:
    victim = take.motions[1]
    victim.back.move(start, start + 0.22, (-13, float(take.rng.uniform(-12, 12)), 0))
    victim.head.move(start, start + 0.2, (-20, 12 - 24 * blow, 0))
    for hand in "lr":
        victim.hand(hand, start, start + 0.3, Reach(CHEST, 0.12, -0.2, 0.45))
    victim.back.move(start + 0.25, end, (4, 0, 0))
    victim.head.move(start + 0.25, end, (0, 0, 0))


def shake_hands(take: Take, start: float) -> float:
    """Two actors who face each other shake right hands."""
    one, two = take.motions[0], take.motions[1]
    a, b = one.pelvis.last, two.pelvis.last
    middle = np.array(((a[0] + b[0]) / 2, 0.0, (a[2] + b[2]) / 2))
    middle[1] = 0.545 * (one.subject.height + two.subject.height) / 2 + 0.05
    way = np.array((b[0] - a[0], 0.0, b[2] - a[2]))
    way /= np.linalg.norm(way)
    met = start + take.lasts(0.75)
    pace, times = take.lasts(0.3), int(take.rng.integers(2, 5))
    lift = 0.04 * take.amount(0.2)
    parted = met + pace * times
    for number, (motion, sign) in enumerate(((one, -1.0), (two, 1.0))):
        wrist = middle + sign * way * 0.085
        # Left of the walking line as the actor sees it: palms meet, not fingertips.
        aside = np.cross((0.0, 1.0, 0.0), -sign * way) * -0.012

        def reach(up: float, at: Vector = wrist + aside) -> Reach:
            return Reach(WORLD, float(at[0]), float(at[1] + up), float(at[2]))

        delay = 0.12 * number
        motion.hand("r", start + delay, met, reach(0))
        hold(motion, "r", start + delay, met, (-0.15, 0.0, 0.75))
        motion.grips["r"].move(met - 0.15, met, (38,))
        motion.back.move(start + delay, met, (9, 8, 0))
        motion.head.move(start + delay, met, (2, 0, 0))
        for shake in range(times):
            time = met + shake * pace
            motion.hand("r", time, time + pace / 2, reach(lift))
            motion.hand("r", time + pace / 2, time + pace, reach(-lift))
        end = parted + take.lasts(0.7)
        rest_hands(take, number, parted, end, "r")
        stand_straight(take, number, parted, end)
    take.heard(met, "clap", 0.3)
    take.heard(met + 0.1, "voice", 0.7)
    return end


def swipe_left(take: Take, start: float) -> float:
    """The right hand sweeps from right to left."""
    return _sweep(take, start, (0.62, 0.0, 0.6), (-0.45, 0.02, 0.72))


def swipe_right(take: Take, start: float) -> float:
    """The right hand sweeps from left to right."""
    return _sweep(take, start, (-0.45, 0.0, 0.7), (0.68, 0.04, 0.58))


def _sweep(
    take: Take, start: float, one: tuple[float, float, float], two: tuple[float, float, float]
) -> float:
    m = take.motions[0]
    ready = start + take.lasts(0.6)
    m.hand("r", start, ready, Reach(CHEST, *one))
    m.grips["r"].move(start, ready, (5,))
    swept = ready + take.lasts(0.55)
    m.hand("r", ready + 0.05, swept, Reach(CHEST, *two))
    end = swept + take.lasts(0.7)
    rest_hands(take, 0, swept, end, "r")
    take.heard(ready, "whoosh", 0.3)
    return end


def draw_circle(take: Take, start: float) -> float:
    """The right hand draws a circle in the air, clockwise for the actor."""
    m, big = take.motions[0], take.amount()
    ready = start + take.lasts(0.6)
    center, radius, steps = np.array((0.05, 0.05, 0.75)), 0.26 * big, 8
    m.hand("r", start, ready, Reach(CHEST, 0.05, 0.05 + radius, 0.75))
    time, pace = ready, take.lasts(1.5) / steps
    for step in range(1, steps + 1):
        angle = 2 * np.pi * step / steps
        spot = center + radius * np.array((np.sin(angle), np.cos(angle), 0))
        m.hand("r", time, time + pace, Reach(CHEST, *(float(v) for v in spot)))
        time += pace
    end = time + take.lasts(0.7)
    rest_hands(take, 0, time, end, "r")
    return end


def boxing(take: Take, start: float) -> float:
    """Punch the air, hands in turn."""
    m = take.motions[0]
    guard = Reach(CHEST, -0.15, -0.08, 0.42)
    time = start + take.lasts(0.5)
    for side in "lr":
        m.hand(side, start, time, guard)
        m.grips[side].move(start, time, (95,))
    for blow in range(4):
        side = "rl"[blow % 2]
        out = OUTWARD[side]
        hit, back = time + take.lasts(0.22), time + take.lasts(0.45)
        m.hand(side, time, hit, Reach(CHEST, -0.12, 0.02, 0.97))
        m.back.move(time, hit, (6, -18 * out, 0))
        m.hand(side, hit, back, guard)
        take.heard(hit, "whoosh", 0.4)
        time = back
    end = time + take.lasts(0.6)
    rest_hands(take, 0, time, end)
    stand_straight(take, 0, time, end)
    return end


def curl(take: Take, start: float) -> float:
    """Bend both arms at the elbow, twice."""
    m = take.motions[0]
    time = start
    for _ in range(2):
        up, down = time + take.lasts(0.6), time + take.lasts(1.2)
        for side in "lr":
            m.hand(side, time, up, Reach(CHEST, 0.06, -0.22, 0.36))
            m.grips[side].move(time, up, (95,))
            m.rolls[side].move(time, up, (60,))
            m.hand(side, up, down, Reach(HANG, 0.12, -0.95, 0.12))
        time = down
    end = time + take.lasts(0.3)
    rest_hands(take, 0, time, end)
    return end


def squat(take: Take, start: float) -> float:
    """Squat with both arms stretched out."""
    m = take.motions[0]
    low = start + take.lasts(1.0)
    m.lower(start, low, 0.42 * m.subject.scale, -0.2)
    m.back.move(start, low, (40, 0, 0))
    m.head.move(start, low, (-28, 0, 0))
    for side in "lr":
        m.hand(side, start, low, Reach(MIDDLE, 0.3, 0.25, 0.92))
        m.grips[side].move(start, low, (5,))
    up = low + take.lasts(0.3)
    end = up + take.lasts(1.0)
    m.lower(up, end, 0.0, 0.2)
    stand_straight(take, 0, up, end)
    rest_hands(take, 0, up, end)
    return end


def knock(take: Take, start: float) -> float:
    """Knock on a door before the actor."""
    m, side = take.motions[0], take.side()
    ready = start + take.lasts(0.65)
    near, there = Reach(CHEST, 0.1, 0.12, 0.58), Reach(CHEST, 0.08, 0.16, 0.76)
    m.hand(side, start, ready, near)
    m.grips[side].move(start, ready, (90,))
    hold(m, side, start, ready, (0, 0.7, 0.1))
    time = ready
    for _ in range(3):
        hit, back = time + 0.14, time + 0.3
        m.hand(side, time, hit, there)
        hold(m, side, time, hit, (0, 0.3, 0.6))
        m.hand(side, hit, back, near)
        hold(m, side, hit, back, (0, 0.7, 0.1))
        take.heard(hit, "knock", 0.8)
        time = back
    end = time + take.lasts(0.65)
    rest_hands(take, 0, time, end, side)
    return end
