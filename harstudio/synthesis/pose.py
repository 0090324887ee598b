"""A moving body: tracks of intentions, solved into a skeleton at any time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from harstudio.synthesis import subject as s
from harstudio.synthesis.kinematics import (
    ARMS,
    LEGS,
    OUTWARD,
    SEGMENTS,
    Bones,
    Skeleton,
    Vector,
    bend,
    swing,
    turn,
)
from harstudio.synthesis.subject import Subject
from harstudio.synthesis.tracks import Drift, Keys, Track

CHEST, HANG, MIDDLE, FACE, KNEE, WORLD = "chest", "hang", "middle", "face", "knee", "world"


@dataclass(frozen=True)
class Reach:
    """Where a wrist wants to be, in a space that moves with the body.

    chest / hang: arm lengths from the own shoulder, turning with the chest / staying upright;
    middle: arm lengths from between the shoulders; face: metres (at the reference height) from
    the head's centre; knee: the same from the own knee; world: metres. x points outward except
    in world.
    """

    space: str
    x: float
    y: float
    z: float


HANGING = Reach(HANG, 0.13, -0.965, 0.07)


class Motion:
    """What one actor intends over time; scripts write it, ``skeleton`` reads it.

    Positions are metres in the world; a script moves relative to where the actor stands.
    """

    def __init__(
        self, subject: Subject, rng: np.random.Generator, place: tuple[float, float, float]
    ) -> None:
        x, z, heading = place
        self.subject = subject
        self.bones = Bones(subject)
        self.pelvis = Track((x, 0.0, z))
        self.heading = Track((heading,))
        self.hips_turn = Track((0.0, 0.0, 0.0))
        self.back = Track((subject.posture, 0.0, 0.0))
        self.head = Track((-0.5 * subject.posture, 0.0, 0.0))
        self.hands = {side: Keys(HANGING) for side in "lr"}
        self.elbows = {side: Track((0.0,)) for side in "lr"}
        self.aims = {side: Track((0.0, 0.0, 0.0)) for side in "lr"}
        self.rolls = {side: Track((0.0,)) for side in "lr"}
        self.grips = {side: Track((18.0,)) for side in "lr"}
        stance = float(rng.uniform(0.085, 0.125))
        self.feet: dict[str, Track] = {}
        self._stance = stance
        for side in "lr":
            fx, fz = self.local(OUTWARD[side] * stance, float(rng.uniform(-0.02, 0.02)))
            toe = heading + OUTWARD[side] * float(rng.uniform(4, 12))
            self.feet[side] = Track((fx, 0.0, fz, toe, 0.0))
        self._drift = Drift(rng, 12)
        self._breath = float(rng.uniform(0.22, 0.3)), float(rng.uniform(0, 6.28))

    def local(self, left: float, ahead: float) -> tuple[float, float]:
        """World (x, z) of a spot beside and before where the actor stands after the last key."""
        x, _, z = self.pelvis.last
        angle = np.radians(self.heading.last[0])
        return (
            float(x + left * np.cos(angle) + ahead * np.sin(angle)),
            float(z - left * np.sin(angle) + ahead * np.cos(angle)),
        )

    def hand(self, side: str, start: float, end: float, reach: Reach) -> None:
        """Bring a wrist somewhere."""
        self.hands[side].step(start, end, reach)

    def lower(self, start: float, end: float, down: float, ahead: float = 0.0) -> None:
        """Lower the pelvis by ``down`` metres and move it ``ahead``."""
        x, z = self.local(0.0, ahead)
        self.pelvis.move(start, end, (x, -down, z))

    def foot(
        self, side: str, start: float, end: float, spot: tuple[float, float], lift: float = 0.0,
        toe: float | None = None, pitch: float = 0.0,
    ) -> None:  # fmt: skip
        """Move a foot to a world spot; lift in metres; toe in degrees, pitch toes up."""
        turned = self.feet[side].last[3] if toe is None else toe
        self.feet[side].move(start, end, (spot[0], lift, spot[1], turned, pitch))

    def skeleton(self, time: float) -> Skeleton:
        """The body at a time in seconds."""
        return _Solver(self, time).solve()


class _Solver:
    """One pose, limb by limb."""

    def __init__(self, motion: Motion, time: float) -> None:
        self.m = motion
        self.t = time
        self.bones = motion.bones
        self.joints = np.zeros((25, 3))
        self.rotations = np.zeros((len(SEGMENTS), 3, 3))
        self.origins = np.zeros((len(SEGMENTS), 3))
        self.drift = motion._drift.at(time)
        rate, phase = motion._breath
        self.breath = float(np.sin(2 * np.pi * rate * time + phase))
        self.upright = turn(0, float(motion.heading.at(time)[0]), 0)

    def solve(self) -> Skeleton:
        self._pelvis()
        self._trunk()
        for side in "lr":
            self._leg(side)
        for side in "lr":
            self._arm(side)
        return Skeleton(self.joints, self.rotations, self.origins)

    def _place(self, segment: str, rotation: Vector, origin: Vector) -> None:
        index = SEGMENTS.index(segment)
        self.rotations[index] = rotation
        self.origins[index] = origin

    def _pelvis(self) -> None:
        """Pelvis, lowered as far as the planted feet ask for."""
        m, bones = self.m, self.bones
        x, down, z = m.pelvis.at(self.t)
        sway = np.array((0.007, 0.0, 0.006)) * self.drift[:3]
        pitch, yaw, roll = m.hips_turn.at(self.t) + np.array((0.5, 1.2, 0.5)) * self.drift[3:6]
        rotation = self.upright @ turn(pitch, yaw, roll)
        base = float(bones.rest[s.SPINE_BASE, 1]) * 0.992 + down
        root = np.array((x, base, z)) + sway
        reach = sum(bones.leg) * 0.998
        for side, (hip, _, _, _, _) in LEGS.items():
            foot = m.feet[side].at(self.t)
            if foot[1] > 0.03:
                continue
            ankle = self._ankle(foot)
            at = root + rotation @ bones.offset(hip, s.SPINE_BASE)
            flat = np.hypot(at[0] - ankle[0], at[2] - ankle[2])
            highest = ankle[1] + np.sqrt(max(reach**2 - flat**2, 0.01))
            root[1] -= max(0.0, at[1] - highest)
        self.joints[s.SPINE_BASE] = root
        self.pelvis_rotation = rotation
        self._place("pelvis", rotation, root)

    def _trunk(self) -> None:
        m, bones = self.m, self.bones
        pitch, yaw, roll = m.back.at(self.t) + np.array((0.7, 1.4, 0.6)) * self.drift[6:9]
        whole = Rotation.from_matrix(turn(pitch + 0.5 * self.breath, yaw, roll)).as_rotvec()
        low = self.pelvis_rotation @ Rotation.from_rotvec(0.42 * whole).as_matrix()
        chest = self.pelvis_rotation @ Rotation.from_rotvec(whole).as_matrix()
        nod = turn(*(m.head.at(self.t) + np.array((1.5, 2.5, 1.0)) * self.drift[9:12]))
        half = Rotation.from_rotvec(0.4 * Rotation.from_matrix(nod).as_rotvec()).as_matrix()
        j = self.joints
        j[s.SPINE_MID] = j[s.SPINE_BASE] + low @ bones.offset(s.SPINE_MID, s.SPINE_BASE)
        j[s.SPINE_SHOULDER] = j[s.SPINE_MID] + chest @ bones.offset(s.SPINE_SHOULDER, s.SPINE_MID)
        j[s.NECK] = j[s.SPINE_SHOULDER] + chest @ half @ bones.offset(s.NECK, s.SPINE_SHOULDER)
        j[s.HEAD] = j[s.NECK] + chest @ nod @ bones.offset(s.HEAD, s.NECK)
        self.chest, self.face = chest, chest @ nod
        self._place("abdomen", low, j[s.SPINE_BASE])
        self._place("chest", chest, j[s.SPINE_MID])
        self._place("neck", chest @ half, j[s.SPINE_SHOULDER])
        self._place("head", self.face, j[s.NECK])

    def _ankle(self, foot: Vector) -> Vector:
        """Ankle over a foot that touches the floor with its heel or its ball."""
        x, lift, z, toe, pitch = foot
        height = self.bones.ankle_height + lift
        tip = np.radians(pitch)
        if pitch < 0:  # heel up: turn about the ball of the foot
            ahead = 0.135 * self.bones.scale
            height += ahead * np.sin(-tip)
        angle = np.radians(toe)
        back = -0.01 * self.bones.scale
        return np.array((x + back * np.sin(angle), height, z + back * np.cos(angle)))

    def _leg(self, side: str) -> None:
        hip, knee, ankle, toes, first = LEGS[side]
        j, bones = self.joints, self.bones
        foot = self.m.feet[side].at(self.t)
        j[hip] = j[s.SPINE_BASE] + self.pelvis_rotation @ bones.offset(hip, s.SPINE_BASE)
        turned = turn(0, foot[3], 0)
        pole = self.pelvis_rotation @ np.array((0.12 * OUTWARD[side], 0.0, 1.0))
        pole = pole + 0.5 * turned[:, 2]
        j[knee], j[ankle] = bend(j[hip], self._ankle(foot), *bones.leg, pole)
        thigh = self._swung(self.pelvis_rotation, knee, hip)
        shank = self._swung(thigh, ankle, knee)
        flat = turned @ turn(-foot[4], 0, 0)
        j[toes] = j[ankle] + flat @ bones.offset(toes, ankle)
        names = SEGMENTS[first : first + 3]
        for name, rotation, joint in zip(
            names, (thigh, shank, flat), (hip, knee, ankle), strict=True
        ):
            self._place(name, rotation, j[joint])

    def _swung(self, parent: Vector, end: int, start: int) -> Vector:
        """The parent's rotation, turned as little as possible so that the bone points right."""
        rest = parent @ self.bones.offset(end, start)
        return swing(rest, self.joints[end] - self.joints[start]) @ parent

    def _wanted(self, side: str, reach: Reach) -> Vector:
        """World position of a reach."""
        j, out = self.joints, OUTWARD[side]
        if reach.space == WORLD:
            return np.array((reach.x, reach.y, reach.z))
        local = np.array((out * reach.x, reach.y, reach.z))
        shoulder = j[ARMS[side][0]]
        arm = sum(self.bones.arm)
        if reach.space == CHEST:
            return np.asarray(shoulder + self.chest @ local * arm)
        if reach.space == HANG:
            return np.asarray(shoulder + self.upright @ local * arm)
        if reach.space == MIDDLE:
            return np.asarray(j[s.SPINE_SHOULDER] + self.chest @ local * arm)
        if reach.space == FACE:
            return np.asarray(j[s.HEAD] + self.face @ local * self.bones.scale)
        return np.asarray(j[LEGS[side][1]] + self.upright @ local * self.bones.scale)

    def _arm(self, side: str) -> None:
        shoulder, elbow, wrist, hand, tip, thumb, first = ARMS[side]
        m, j, bones, out = self.m, self.joints, self.bones, OUTWARD[side]
        j[shoulder] = j[s.SPINE_SHOULDER] + self.chest @ bones.offset(shoulder, s.SPINE_SHOULDER)
        before, after, share = m.hands[side].around(self.t)
        start, end = self._wanted(side, before), self._wanted(side, after)
        target = start + (end - start) * share
        far = float(np.linalg.norm(end - start))
        target = target + self.chest[:, 2] * (0.22 * far * 4 * share * (1 - share))
        target[1] = max(target[1], 0.06)
        way = target - j[shoulder]
        axis = way / max(float(np.linalg.norm(way)), 1e-9)
        pole = self.chest @ np.array((0.55 * out, -0.7, -0.45))
        near_floor = max(0.0, 0.5 - float(j[shoulder][1]))
        pole = pole + np.array((0.0, 6.0 * near_floor, 0.0))  # who lies keeps elbows off the floor
        lift = np.radians(float(m.elbows[side].at(self.t)[0]) * out)
        pole = Rotation.from_rotvec(axis * lift).apply(pole)
        j[elbow], j[wrist] = bend(j[shoulder], target, *bones.arm, pole)
        upper = self._swung(self.chest, elbow, shoulder)
        fore = self._swung(upper, wrist, elbow)
        along = j[wrist] - j[elbow]
        aim = m.aims[side].at(self.t) * np.array((out, 1, 1))
        along = along / np.linalg.norm(along) * (1 - min(1.0, float(np.linalg.norm(aim))))
        along = along + self.chest @ aim
        along = _above_floor(along, float(j[wrist][1]))
        palm = swing(fore @ bones.offset(hand, wrist), along) @ fore
        roll = np.radians(float(m.rolls[side].at(self.t)[0]) * out)
        along = along / np.linalg.norm(along)
        palm = Rotation.from_rotvec(along * roll).as_matrix() @ palm
        fore = Rotation.from_rotvec(self._unit(elbow, wrist) * roll * 0.45).as_matrix() @ fore
        j[hand] = j[wrist] + palm @ bones.offset(hand, wrist)
        curl = np.radians(float(m.grips[side].at(self.t)[0]))
        hinge = palm[:, 2] * out
        fingers = Rotation.from_rotvec(-hinge * curl).as_matrix() @ palm
        j[tip] = j[hand] + fingers @ bones.offset(tip, hand)
        j[thumb] = j[hand] + palm @ bones.offset(thumb, hand)
        names = SEGMENTS[first : first + 4]
        for name, rotation, joint in zip(
            names, (upper, fore, palm, fingers), (shoulder, elbow, wrist, hand), strict=True
        ):
            self._place(name, rotation, j[joint])

    def _unit(self, start: int, end: int) -> Vector:
        way = self.joints[end] - self.joints[start]
        return np.asarray(way / np.linalg.norm(way))


def _above_floor(along: Vector, height: float) -> Vector:
    """A hand's direction that does not reach into the floor from a wrist at this height."""
    unit = along / np.linalg.norm(along)
    lowest = -min(1.0, max(0.0, (height - 0.04) / 0.19))
    return np.asarray(unit + np.array((0.0, max(0.0, lowest - unit[1]), 0.0)))


def hold(motion: Motion, side: str, start: float, end: float, values: Sequence[float]) -> None:
    """Point a hand (its aim in the chest's frame, x outward) between two times."""
    motion.aims[side].move(start, end, values)
