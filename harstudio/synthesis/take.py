"""A take: actors, props, sounds and labels of one performance, filled in by scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harstudio.synthesis.kinematics import ARMS, OUTWARD, Skeleton, turn
from harstudio.synthesis.pose import HANGING, KNEE, Motion, Reach
from harstudio.synthesis.room import CHAIR_AT, SEAT
from harstudio.synthesis.stage import Placed
from harstudio.synthesis.subject import Subject

Vector = NDArray[np.float64]
Placement = Callable[[float, Sequence[Skeleton]], tuple[Vector, Vector]]

GRAVITY = 9.81


@dataclass(frozen=True)
class Performed:
    """That an actor did an action between two times in seconds."""

    start: float
    end: float
    action: str
    actor: int


@dataclass(frozen=True)
class Sound:
    """Something heard: clap, step, thud, knock, whoosh, ring or voice; loudness 0..1."""

    time: float
    kind: str
    loudness: float = 0.6


class Prop:
    """A thing that lies, is held or flies, one after the other."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._stages: list[tuple[float, Placement]] = []

    def from_time(self, start: float, placement: Placement) -> None:
        """Be placed like this from ``start`` seconds on."""
        self._stages.append((start, placement))

    def at(self, time: float, skeletons: Sequence[Skeleton]) -> Placed | None:
        """Where it is, None before it appears."""
        current = [placement for start, placement in self._stages if start <= time]
        if not current:
            return None
        position, rotation = current[-1](time, skeletons)
        return Placed(self.kind, position, rotation)


@dataclass
class Take:
    """One performance under construction; ``style`` values differ for every repetition."""

    motions: list[Motion]
    rng: np.random.Generator
    tempo: float = 1.0
    props: list[Prop] = field(default_factory=list)
    sounds: list[Sound] = field(default_factory=list)
    performed: list[Performed] = field(default_factory=list)
    end: float = 0.0

    def lasts(self, seconds: float) -> float:
        """A duration in this actor's tempo, never twice the same."""
        return seconds / self.tempo * float(self.rng.uniform(0.92, 1.1))

    def amount(self, spread: float = 0.12) -> float:
        """A factor around 1 for how far a movement goes."""
        return float(np.clip(self.rng.normal(1, spread), 0.75, 1.3))

    def side(self, actor: int = 0) -> str:
        """The hand an actor prefers."""
        return "l" if self.motions[actor].subject.left_handed else "r"

    def skeletons(self, time: float) -> list[Skeleton]:
        """Every actor at a time in seconds."""
        return [motion.skeleton(time) for motion in self.motions]

    def placed(self, time: float, skeletons: Sequence[Skeleton]) -> list[Placed]:
        """Every prop at a time in seconds."""
        found = (prop.at(time, skeletons) for prop in self.props)
        return [prop for prop in found if prop is not None]

    def heard(self, time: float, kind: str, loudness: float = 0.6) -> None:
        self.sounds.append(Sound(time, kind, loudness))


def make_take(
    subjects: Sequence[Subject], places: Sequence[tuple[float, float, float]], seed: Sequence[int]
) -> Take:
    """Actors standing at places (x, z, heading in degrees)."""
    rng = np.random.default_rng(list(seed))
    motions = [Motion(who, rng, place) for who, place in zip(subjects, places, strict=True)]
    tempo = subjects[0].tempo * float(rng.uniform(0.92, 1.08))
    return Take(motions, rng, tempo)


def in_hand(
    actor: int, side: str, off: float, rotation: Callable[[float, Skeleton], Vector]
) -> Placement:
    """Held ``off`` metres from the hand joint on the palm's side."""
    hand, first = ARMS[side][3], ARMS[side][6]
    palm = np.array((-OUTWARD[side], -1.0, 0.0)) * np.sqrt(0.5)

    def placement(time: float, skeletons: Sequence[Skeleton]) -> tuple[Vector, Vector]:
        body = skeletons[actor]
        normal = body.rotations[first + 2] @ palm
        return body.joints[hand] + normal * off, rotation(time, body)

    return placement


def lying(position: Vector, rotation: Vector) -> Placement:
    """At rest somewhere."""
    return lambda time, skeletons: (position, rotation)


def flying(start: float, position: Vector, velocity: Vector, floor: float = 0.06) -> Placement:
    """Thrown at ``start``, bouncing a little off the floor."""

    def placement(time: float, skeletons: Sequence[Skeleton]) -> tuple[Vector, Vector]:
        t = time - start
        height, speed = float(position[1]), float(velocity[1])
        while True:
            landing = (speed + np.sqrt(speed**2 + 2 * GRAVITY * max(height - floor, 0))) / GRAVITY
            if t <= landing or landing < 0.05:
                break
            t -= landing
            height, speed = floor, 0.55 * (GRAVITY * landing - speed)
        y = max(floor, height + speed * t - GRAVITY / 2 * t * t)
        flown = time - start
        spot = np.array((position[0] + velocity[0] * flown, y, position[2] + velocity[2] * flown))
        return spot, turn(300 * flown, 0, 0)

    return placement


def rest_hands(take: Take, actor: int, start: float, end: float, sides: str = "lr") -> None:
    """Let hands hang down again."""
    motion = take.motions[actor]
    for side in sides:
        motion.hand(side, start, end, HANGING)
        motion.aims[side].move(start, end, (0, 0, 0))
        motion.rolls[side].move(start, end, (0,))
        motion.elbows[side].move(start, end, (0,))
        motion.grips[side].move(start, end, (18,))


def stand_straight(take: Take, actor: int, start: float, end: float) -> None:
    """Bring back and head to the actor's own posture."""
    motion = take.motions[actor]
    posture = motion.subject.posture
    motion.back.move(start, end, (posture, 0, 0))
    motion.head.move(start, end, (-0.5 * posture, 0, 0))
    motion.hips_turn.move(start, end, (0, 0, 0))


def sit(take: Take, actor: int, start: float, end: float) -> None:
    """From standing before the chair to sitting on it, hands on the knees."""
    m = take.motions[actor]
    x = float(m.pelvis.last[0])
    standing = float(m.bones.rest[0, 1]) * 0.992
    seat = (x, SEAT + 0.095 * m.subject.girth - standing, CHAIR_AT + 0.03)
    middle = start + 0.5 * (end - start)
    m.back.move(start, middle, (36, 0, 0))
    m.head.move(start, middle, (-16, 0, 0))
    m.pelvis.move(start + 0.04, end - 0.05, seat)
    m.back.move(middle, end, (4 + m.subject.posture, 0, 0))
    m.head.move(middle, end, (-3, 0, 0))
    m.hips_turn.move(start, end, (-8, 0, 0))
    for side in "lr":
        reach = Reach(KNEE, 0.015, 0.085, -0.15 + 0.04 * float(take.rng.uniform(-1, 1)))
        m.hand(side, start + 0.25 * (end - start), end, reach)
        m.grips[side].move(start, end, (25,))


def stand_up(take: Take, actor: int, start: float, end: float) -> None:
    """From sitting to standing, leaning forward first."""
    m = take.motions[actor]
    x, _, _ = m.pelvis.last
    middle = start + 0.42 * (end - start)
    feet = [m.feet[side].last for side in "lr"]
    ahead = float(np.mean([f[2] for f in feet]))
    m.back.move(start, middle, (42 * take.amount(0.08), 0, 0))
    m.head.move(start, middle, (-22, 0, 0))
    m.hips_turn.move(start, middle, (0, 0, 0))
    m.pelvis.move(start + 0.25 * (end - start), end, (x, 0.0, ahead))
    stand_straight(take, actor, middle, end)
    rest_hands(take, actor, start + 0.4 * (end - start), end)


def walk(take: Take, actor: int, start: float, to: tuple[float, float], heading: float) -> float:
    """Walk to a world spot and turn to ``heading`` there; returns when standing."""
    m = take.motions[actor]
    x, _, z = m.pelvis.last
    way = np.array(to) - (x, z)
    far = float(np.linalg.norm(way))
    course = float(np.degrees(np.arctan2(way[0], way[1])))
    steps = max(2, round(far / 0.62))
    pace = take.lasts(0.52)
    m.heading.move(start, start + pace, (_nearest_turn(float(m.heading.last[0]), course),))
    course = float(m.heading.last[0])
    spots = [np.array((x, z)) + way * (k + 1) / steps for k in range(steps)]
    time = start
    for number, spot in enumerate(spots):
        side = "lr"[number % 2]
        last = number == steps - 1
        reach = spot + way / far * (0.0 if last else 0.16)
        _stride(take, actor, side, time, time + pace, reach, course)
        m.pelvis.move(time, time + pace, (spot[0], -0.015, spot[1]))
        time += pace
    m.pelvis.move(time, time + pace, (to[0], 0.0, to[1]))
    rest_hands(take, actor, time, time + pace)
    m.back.move(time, time + pace, (m.subject.posture, 0, 0))
    return turn_to(take, actor, time, heading, "lr" if steps % 2 == 0 else "rl")


def turn_to(take: Take, actor: int, start: float, heading: float, order: str = "lr") -> float:
    """Turn on the spot, foot after foot; returns when standing."""
    m = take.motions[actor]
    pace = take.lasts(0.5)
    turned = _nearest_turn(float(m.heading.last[0]), heading)
    m.heading.move(start, start + 1.6 * pace, (turned,))
    for number, side in enumerate(order):
        begin = start + number * 0.75 * pace
        spot = np.array(m.local(OUTWARD[side] * 0.105, 0.0))
        _stride(take, actor, side, begin, begin + 0.75 * pace, spot, turned, home=True)
    return start + 1.65 * pace


def _nearest_turn(now: float, wanted: float) -> float:
    return now + (wanted - now + 180) % 360 - 180


def _stride(
    take: Take, actor: int, side: str, start: float, end: float, spot: Vector, heading: float,
    home: bool = False,
) -> None:  # fmt: skip
    """One step: heel up, through the air, down; arms swing against it."""
    m = take.motions[actor]
    angle = np.radians(heading)
    aside = OUTWARD[side] * (0.0 if home else 0.09)
    goal = (float(spot[0] + aside * np.cos(angle)), float(spot[1] - aside * np.sin(angle)))
    old = m.feet[side].last
    middle = 0.5 * (start + end)
    half = ((old[0] + goal[0]) / 2, (old[2] + goal[1]) / 2)
    toe = heading + OUTWARD[side] * 7
    m.foot(side, start, middle, half, 0.09, toe, -22)
    m.foot(side, middle, end, goal, 0.0, toe, 0)
    take.heard(end, "step", 0.35)
    if home:
        return
    m.hand(side, start, end, Reach("hang", 0.14, -0.93, -0.2))
    other = "r" if side == "l" else "l"
    m.hand(other, start, end, Reach("hang", 0.1, -0.9, 0.33))
    m.back.move(start, end, (m.subject.posture + 3, 5 * OUTWARD[side], 0))
