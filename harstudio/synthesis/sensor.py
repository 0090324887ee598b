"""What a virtual Kinect makes of a scene: depth, infrared and tracked bodies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.streams import Body, SkeletonFrame
from harstudio.skeletons.cameras import Camera
from harstudio.synthesis import subject as s
from harstudio.synthesis.kinematics import Skeleton
from harstudio.synthesis.orientation import orientations
from harstudio.synthesis.room import Room
from harstudio.synthesis.stage import CameraView, Scene
from harstudio.synthesis.surface import BodyMesh
from harstudio.synthesis.viewpoint import Viewpoint

NEAREST, FARTHEST = 0.5, 8.0  # metres of depth
TRACKED_TO = 4.5  # metres to where bodies are followed
PROJECTOR_BASELINE = 0.075  # metres from the depth camera to its illuminators
FIRST_BODY_ID = 72057594037931101
LOST_AFTER = 20  # frames that a joint is hidden before the sensor gives it up
HIDDEN_BEHIND = 0.35

Floats = NDArray[np.float32]

# How far behind the visible surface a joint may lie and still count as seen, metres.
DEPTH_OF_JOINT = np.full(25, 0.105)
DEPTH_OF_JOINT[[s.SPINE_BASE, s.SPINE_MID, s.SPINE_SHOULDER, s.HIP_L, s.HIP_R]] = 0.2
DEPTH_OF_JOINT[[s.NECK, s.HEAD, s.SHOULDER_L, s.SHOULDER_R]] = 0.16
DEPTH_OF_JOINT[[s.KNEE_L, s.KNEE_R]] = 0.125


@dataclass(frozen=True, eq=False)
class DepthShot:
    """depth (H, W) uint16 mm, 0 = none; infrared (H, W) uint16; mask (H, W) bool where a body
    or a held thing is seen; clean (H, W) metres without any error of the sensor."""

    depth: NDArray[np.uint16]
    infrared: NDArray[np.uint16]
    mask: NDArray[np.bool_]
    clean: Floats


class DepthSensor:
    """The depth camera. noise 1 is a Kinect v2's; quantum mm rounds depth (small files)."""

    def __init__(
        self, camera: Camera, view: Viewpoint, room: Room, noise: float = 1.0, quantum: int = 1
    ) -> None:
        self.seen = CameraView(camera, view, room)
        self.camera = camera
        self.noise = noise
        self.quantum = quantum
        u = (np.arange(camera.width, dtype=np.float32) - camera.cx) / camera.fx
        v = (np.arange(camera.height, dtype=np.float32) - camera.cy) / camera.fy
        slant = np.sqrt(1 + u[None, :] ** 2 + v[:, None] ** 2)
        self._slant = slant.astype(np.float32)
        self._lamp = 1 / (1 + 0.9 * (self._slant**2 - 1))
        self._column = np.arange(camera.width, dtype=np.float32)
        rays = np.stack(np.broadcast_arrays(u[None, :], -v[:, None], np.float32(1)), axis=-1)
        self._rays = (rays / self._slant[..., None]).reshape(-1, 3).astype(np.float32)

    def shot(self, scene: Scene, bodies: Sequence[BodyMesh], rng: np.random.Generator) -> DepthShot:
        """One frame of depth and infrared."""
        found, clean = self.seen.fragments(scene)
        _, albedo, normal, _ = self.seen.surface(scene, found, bodies)
        mask = np.zeros(clean.shape, dtype=bool)
        mask.reshape(-1)[found.pixels] = True
        shine = self.seen.empty.shine.copy()
        rays = self._rays[found.pixels] @ self.seen.view.rotation.astype(np.float32)
        toward = np.clip(-np.einsum("pi,pi->p", normal, rays), 0.04, 1)
        shine.reshape(-1)[found.pixels] = albedo * toward
        power = shine * self._lamp / np.maximum(clean * self._slant, 0.3) ** 2
        blind = self._shadowed(clean) | (clean < NEAREST) | (clean > FARTHEST)
        measured = clean * 1000
        infrared = power * 60000
        if self.noise:
            spread = (0.9 + 0.16 * clean**2) / np.sqrt(np.clip(3.0 * power, 0.05, 1))
            error = rng.standard_normal(clean.shape, dtype=np.float32) * spread
            measured += np.float32(0.55 * self.noise) * error
            infrared *= 1 + 0.03 * rng.standard_normal(clean.shape, dtype=np.float32)
            blind |= rng.random(clean.shape, dtype=np.float32) > 120 * power
        blind |= power < 0.004
        if self.quantum > 1:
            step = np.float32(self.quantum)
            measured = np.round(measured / step) * step
        depth = np.clip(np.round(measured), 0, 65535).astype(np.uint16)
        depth[blind] = 0
        bright = np.clip(infrared, 0, 65535).astype(np.uint16)
        return DepthShot(depth, bright, mask, clean)

    def _shadowed(self, clean: Floats) -> NDArray[np.bool_]:
        """Where the illuminators' light is blocked by what stands before."""
        lit = self._column + self.camera.fx * PROJECTOR_BASELINE / clean
        return np.asarray(np.maximum.accumulate(lit, axis=1) > lit + 0.35)


def masked(shot: DepthShot, margin: int = 3) -> NDArray[np.uint16]:
    """Depth with everything but the bodies and their edge set to 0."""
    size = 2 * margin + 1
    near = cv2.dilate(shot.mask.astype(np.uint8), np.ones((size, size), np.uint8))
    return np.where(near > 0, shot.depth, 0).astype(np.uint16)


class BodyTracker:
    """Follows every actor as a sensor does: errors, hidden joints, people who come and go."""

    def __init__(
        self, depth: Camera, color: Camera, view: Viewpoint, actors: int, seed: Sequence[int]
    ) -> None:
        self._depth, self._color, self._view = depth, color, view
        self._rng = np.random.default_rng([*seed, 4099])
        self._next_id = FIRST_BODY_ID + int(self._rng.integers(0, 9000))
        self._ids: list[int | None] = [None] * actors
        self._error = np.zeros((actors, 25, 3))
        self._spread = np.full((actors, 25, 1), 0.004)
        self._hidden = np.zeros((actors, 25), dtype=np.intp)

    def track(self, skeletons: Sequence[Skeleton], clean: Floats) -> SkeletonFrame:
        """Bodies as reported for one frame whose error-free depth is ``clean``."""
        bodies = []
        for actor, skeleton in enumerate(skeletons):
            true = self._view.to_sensor(skeleton.joints)
            state = self._states(actor, true, clean)
            self._wander(actor, state)
            if int((state == 2).sum()) < 7:
                self._ids[actor] = None
                continue
            if self._ids[actor] is None:
                self._ids[actor] = self._next_id
                self._next_id += int(self._rng.integers(1, 7))
            joints = (true + self._error[actor]).astype(np.float32)
            bodies.append(
                Body(
                    id=str(self._ids[actor]),
                    joints=joints,
                    tracking=state,
                    depth_px=self._depth.project(joints).astype(np.float32),
                    color_px=self._color.project(joints).astype(np.float32),
                    orientations=orientations(skeleton, self._view),
                )
            )
        return SkeletonFrame(tuple(bodies))

    def _states(self, actor: int, joints: Floats, clean: Floats) -> NDArray[np.uint8]:
        """(25,) 2 seen, 1 hidden and guessed, 0 outside of the picture or hidden for long."""
        pixels = np.nan_to_num(self._depth.project(joints), nan=-1e6)
        column, row = np.rint(pixels).astype(np.int64).T
        height, width = clean.shape
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        inside &= (joints[:, 2] > NEAREST) & (joints[:, 2] < TRACKED_TO)
        surface = clean[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
        behind = joints[:, 2] - surface
        seen = inside & (behind < DEPTH_OF_JOINT)
        hidden = self._hidden[actor]
        self._hidden[actor] = np.where(behind > HIDDEN_BEHIND, hidden + 1, 0)
        state = np.where(seen, 2, 1)
        state[~inside | (self._hidden[actor] > LOST_AFTER)] = 0
        return state.astype(np.uint8)

    def _wander(self, actor: int, state: NDArray[np.uint8]) -> None:
        """Errors change smoothly; they grow while a joint is hidden and shrink afterwards."""
        wanted = np.array((0.045, 0.022, 0.0035))[state][:, None]
        self._spread[actor] += 0.25 * (wanted - self._spread[actor])
        keep = 0.82
        fresh = self._rng.standard_normal((25, 3)) * np.sqrt(1 - keep**2)
        self._error[actor] = keep * self._error[actor] + fresh * self._spread[actor]
