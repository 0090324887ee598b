"""Actions of UTD-MHAD that HARStudio's sample data lacks, acted for the stick figures only.

Most are rows of poses: seconds, where each wrist goes (arm lengths from its shoulder: outward, up,
ahead) and how the back is bent (degrees: forward, turned to the left, aside).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from harstudio.synthesis.actions import throw
from harstudio.synthesis.actions_body import pick_up
from harstudio.synthesis.pose import CHEST, Reach
from harstudio.synthesis.scripts import Script
from harstudio.synthesis.take import Take, rest_hands, stand_straight

Spot = tuple[float, float, float]
Pose = tuple[float, Spot | None, Spot | None, Spot | None]  # seconds, right, left, back

POSES: dict[str, tuple[Pose, ...]] = {
    "cross arms in the chest": (
        (0.8, (-0.42, -0.12, 0.34), (-0.42, -0.2, 0.3), None),
        (0.9, None, None, None),
    ),
    "right hand draw x": (
        (0.7, (-0.35, 0.42, 0.72), None, None),
        (0.6, (0.42, -0.32, 0.72), None, None),
        (0.5, (0.42, 0.42, 0.72), None, None),
        (0.6, (-0.35, -0.32, 0.72), None, None),
    ),
    "draw triangle": (
        (0.7, (0.05, 0.45, 0.74), None, None),
        (0.6, (0.45, -0.28, 0.72), None, None),
        (0.6, (-0.38, -0.28, 0.72), None, None),
        (0.6, (0.05, 0.45, 0.74), None, None),
    ),
    "basketball shoot": (
        (0.6, (-0.12, -0.3, 0.4), (-0.12, -0.34, 0.38), (12, 0, 0)),
        (0.5, (-0.14, 0.25, 0.45), (-0.12, 0.2, 0.42), (0, 0, 0)),
        (0.4, (-0.1, 0.85, 0.45), (0.0, 0.6, 0.4), (-3, 0, 0)),
        (0.5, None, None, None),
    ),
    "bowling (right hand)": (
        (0.7, (0.12, -0.8, -0.55), (0.3, -0.7, 0.3), (24, -14, 0)),
        (0.5, (0.05, -0.75, 0.55), None, (32, 8, 0)),
        (0.4, (-0.05, 0.0, 0.9), None, (16, 10, 0)),
        (0.4, None, None, None),
    ),
    "baseball swing from right": (
        (0.8, (0.1, 0.1, 0.2), (-0.6, 0.0, 0.45), (6, -38, 0)),
        (0.35, (-0.35, -0.1, 0.75), (-0.1, -0.15, 0.8), (8, 10, 0)),
        (0.4, (-0.75, 0.25, 0.4), (0.15, 0.2, 0.25), (2, 44, 0)),
        (0.4, None, None, None),
    ),
    "tennis right hand forehand swing": (
        (0.8, (0.8, -0.1, -0.25), (0.1, -0.2, 0.6), (4, -36, 0)),
        (0.4, (0.35, -0.1, 0.8), (0.3, -0.5, 0.3), (8, 4, 0)),
        (0.4, (-0.55, 0.35, 0.45), None, (2, 34, 0)),
        (0.4, None, None, None),
    ),
    "tennis serve": (
        (0.8, (0.45, 0.2, -0.35), (0.05, 0.9, 0.35), (-10, -24, 0)),
        (0.35, (0.1, 0.98, 0.15), (0.1, 0.2, 0.5), (-4, 0, 0)),
        (0.45, (-0.4, -0.5, 0.6), (0.1, -0.4, 0.3), (24, 22, 0)),
        (0.4, None, None, None),
    ),
    "two hand push": (
        (0.6, (0.0, -0.1, 0.36), (0.0, -0.1, 0.36), (-3, 0, 0)),
        (0.5, (0.02, 0.0, 0.95), (0.02, 0.0, 0.95), (10, 0, 0)),
        (0.6, None, None, None),
    ),
    "right hand catch an object": (
        (0.6, (0.1, 0.3, 0.82), None, (2, 8, 0)),
        (0.5, (-0.15, -0.2, 0.4), None, (4, -4, 0)),
        (0.5, None, None, None),
    ),
}


def posed(poses: tuple[Pose, ...], take: Take, start: float) -> float:
    """From pose to pose, then back to standing."""
    m, time = take.motions[0], start
    for seconds, right, left, back in poses:
        until = time + take.lasts(seconds)
        for side, spot in (("r", right), ("l", left)):
            if spot is not None:
                m.hand(side, time, until, Reach(CHEST, *spot))
        if back is not None:
            m.back.move(time, until, back)
        time = until
    end = time + take.lasts(0.8)
    rest_hands(take, 0, time, end)
    stand_straight(take, 0, time, end)
    return end


def other_circle(take: Take, start: float) -> float:
    """Counter clockwise for the actor."""
    m, radius, steps = take.motions[0], 0.26, 8
    time = start + take.lasts(0.6)
    m.hand("r", start, time, Reach(CHEST, 0.05, 0.05 + radius, 0.75))
    pace = take.lasts(1.5) / steps
    for step in range(1, steps + 1):
        angle = -2 * np.pi * step / steps
        spot = (0.05 + radius * float(np.sin(angle)), 0.05 + radius * float(np.cos(angle)), 0.75)
        m.hand("r", time, time + pace, Reach(CHEST, *spot))
        time += pace
    end = time + take.lasts(0.7)
    rest_hands(take, 0, time, end, "r")
    return end


def in_place(pace: float, lift: float, reach: float, take: Take, start: float) -> float:
    """Feet in turn, arms against them; pace: seconds a step, lift and reach: how far they go."""
    m, time = take.motions[0], start
    for step in range(8):
        side = "rl"[step % 2]
        other = "lr"[step % 2]
        x, _, z = (float(value) for value in m.feet[side].last[:3])
        m.foot(side, time, time + pace / 2, (x, z), lift)
        m.foot(side, time + pace / 2, time + pace, (x, z))
        m.hand(other, time, time + pace, Reach(CHEST, 0.05, -0.62 + 0.4 * reach, reach))
        m.hand(side, time, time + pace, Reach(CHEST, 0.12, -0.85 + 0.3 * reach, -0.5 * reach))
        time += pace
    end = time + take.lasts(0.5)
    rest_hands(take, 0, time, end)
    return end


def lunge(take: Take, start: float) -> float:
    """The left foot goes ahead, and back."""
    m = take.motions[0]
    x, _, z = (float(value) for value in m.feet["l"].last[:3])
    ahead = m.local(0.1, 0.62)
    down = start + take.lasts(0.9)
    m.foot("l", start, down, ahead, 0.0)
    m.lower(start, down, 0.24 * m.subject.scale, 0.3)
    up = down + take.lasts(0.5)
    end = up + take.lasts(0.9)
    m.foot("l", up, end, (x, z))
    m.lower(up, end, 0.0, -0.3)
    return end


def picked_and_thrown(take: Take, start: float) -> float:
    return throw(take, pick_up(take, start))


ACTS: dict[str, Callable[[Take, float], float]] = {
    **{name: partial(posed, poses) for name, poses in POSES.items()},
    "right hand draw circle (counter clockwise)": other_circle,
    "right hand pick up and throw": picked_and_thrown,
    "jogging in place": partial(in_place, 0.36, 0.3, 0.5),
    "walking in place": partial(in_place, 0.6, 0.16, 0.28),
    "forward lunge (left foot forward)": lunge,
}


def gestures() -> dict[str, Script]:
    """By name, as scripts of the actors are by key."""
    return {name: Script(name, name, 0, 0, act) for name, act in ACTS.items()}
