"""Actors and props in the room, turned into pixels for one camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.skeletons.cameras import Camera
from harstudio.synthesis.clothes import paint
from harstudio.synthesis.kinematics import Skeleton
from harstudio.synthesis.props import COLORS, SHINE, prop_mesh
from harstudio.synthesis.raster import Fragments, mix, rasterise
from harstudio.synthesis.room import AMBIENT, LIGHT, Background, Room, linear
from harstudio.synthesis.surface import BodyMesh
from harstudio.synthesis.viewpoint import Viewpoint

Floats = NDArray[np.float32]

SHADOW_CELL = 0.02
SHADOW_HALF = 2.6
SHADOW_SIZE = round(2 * SHADOW_HALF / SHADOW_CELL)
CONTACT_CELL = 0.025


@dataclass(frozen=True, eq=False)
class Placed:
    """A prop at one moment: what it is, where (3,) metres, how it is turned (3, 3)."""

    kind: str
    position: NDArray[np.float64]
    rotation: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything that moves, at one moment, as one set of triangles in the world.

    owners (F,) body number from 0, or -1 - k for prop k. unit vectors in normals; looks (V, 6):
    rest x y z, limb, openness, sunlight.
    """

    vertices: Floats
    normals: Floats
    triangles: NDArray[np.int32]
    owners: NDArray[np.int32]
    looks: Floats
    kinds: tuple[str, ...]
    shadow: Shadow


@dataclass(frozen=True, eq=False)
class Shadow:
    """What the lamp sees: height along the light (S, S) of the nearest body, -9 where none;
    cover (S, S) the same as a soft mask; contact (C, C) nearness of bodies to the floor."""

    height: Floats
    cover: Floats
    contact: Floats


def _light_axes() -> Floats:
    across = np.cross((0.0, 1.0, 0.0), LIGHT)
    across /= np.linalg.norm(across)
    return np.stack((across, np.cross(LIGHT, across), LIGHT)).astype(np.float32)


LIGHT_AXES = _light_axes()


def _light_map(points: Floats) -> tuple[Floats, Floats, Floats]:
    """Where points lie in the shadow map (column, row) and how high along the light."""
    a, b, c = (points @ axis for axis in LIGHT_AXES)
    return (a + SHADOW_HALF) / SHADOW_CELL, (b + SHADOW_HALF) / SHADOW_CELL, c


def gather(
    bodies: Sequence[tuple[BodyMesh, Skeleton]], props: Sequence[Placed]
) -> Scene:  # fmt: skip
    """Pose every body and prop."""
    vertices, normals, triangles, owners, looks = [], [], [], [], []
    start = 0
    for number, (mesh, skeleton) in enumerate(bodies):
        points, facing = mesh.posed(skeleton)
        vertices.append(points)
        normals.append(facing)
        triangles.append(mesh.triangles + start)
        owners.append(np.full(len(mesh.triangles), number, dtype=np.int32))
        looks.append(np.column_stack((mesh.rest, mesh.limb, mesh.openness)))
        start += len(points)
    for number, prop in enumerate(props):
        solid = prop_mesh(prop.kind)
        rotation = prop.rotation.T.astype(np.float32)
        vertices.append(solid.vertices @ rotation + prop.position.astype(np.float32))
        normals.append(solid.normals @ rotation)
        triangles.append(solid.triangles + start)
        owners.append(np.full(len(solid.triangles), -1 - number, dtype=np.int32))
        looks.append(np.column_stack((solid.vertices, np.zeros(len(solid.vertices)),
                                      np.ones(len(solid.vertices)))))  # fmt: skip
        start += len(solid.vertices)
    points = np.concatenate(vertices)
    faces = np.concatenate(triangles)
    shadow = _cast(points, faces)
    facing = np.concatenate(normals)
    sun = _sunlight(points, facing, shadow)
    return Scene(
        points, facing, faces, np.concatenate(owners),
        np.column_stack((np.concatenate(looks), sun)).astype(np.float32),
        tuple(p.kind for p in props), shadow,
    )  # fmt: skip


def _cast(points: Floats, triangles: NDArray[np.int32]) -> Shadow:
    u, v, height = _light_map(points)
    found = rasterise(u, v, 20 - height, triangles, SHADOW_SIZE, SHADOW_SIZE)
    nearest = np.full(SHADOW_SIZE * SHADOW_SIZE, -9, dtype=np.float32)
    nearest[found.pixels] = 20 - found.depth
    square = nearest.reshape(SHADOW_SIZE, SHADOW_SIZE)
    cover = cv2.GaussianBlur((square > -9).astype(np.float32), (0, 0), 2.2)
    size = round(2 * SHADOW_HALF / CONTACT_CELL)
    low = points[points[:, 1] < 0.45]
    cells = np.clip((low[:, (0, 2)] + SHADOW_HALF) / CONTACT_CELL, 0, size - 1).astype(np.intp)
    weight = (1 - low[:, 1] / 0.45) ** 3
    near = np.bincount(cells[:, 1] * size + cells[:, 0], weight, size * size)
    contact = np.minimum(near.reshape(size, size).astype(np.float32) / 6, 1)
    return Shadow(
        np.asarray(cv2.dilate(square, np.ones((5, 5), np.uint8)), dtype=np.float32),
        np.asarray(cover, dtype=np.float32),
        np.asarray(cv2.GaussianBlur(contact, (0, 0), 2.4), dtype=np.float32),
    )


def _sunlight(points: Floats, normals: Floats, shadow: Shadow) -> Floats:
    """(V,) light of the lamp on the bodies themselves, softly shadowed by themselves."""
    u, v, height = _light_map(points + normals * np.float32(0.02))
    lit = np.zeros(len(points), dtype=np.float32)
    for du, dv in ((-2, -1), (1, -2), (2, 1), (-1, 2), (0, 0)):
        column = np.clip(u + du, 0, SHADOW_SIZE - 1).astype(np.intp)
        row = np.clip(v + dv, 0, SHADOW_SIZE - 1).astype(np.intp)
        lit += height > shadow.height[row, column] - 0.06
    facing = np.clip((normals @ LIGHT_AXES[2] + 0.25) / 1.25, 0, 1)
    return np.asarray(facing * lit / 5, dtype=np.float32)


class CameraView:
    """One camera of one viewpoint in one room: the empty picture, and scenes drawn into it."""

    def __init__(self, camera: Camera, view: Viewpoint, room: Room) -> None:
        self.camera = camera
        self.view = view
        self.empty: Background = room.seen(camera, view)
        u, v, height = _light_map(self.empty.points)
        self._light_uv = (u.astype(np.float32), v.astype(np.float32))
        self._light_height = height
        on_floor = self.empty.floor
        flat = (self.empty.points[..., (0, 2)] + SHADOW_HALF) / CONTACT_CELL
        flat[~on_floor] = -9
        self._floor_uv = (np.ascontiguousarray(flat[..., 0]), np.ascontiguousarray(flat[..., 1]))

    def fragments(self, scene: Scene) -> tuple[Fragments, Floats]:
        """Visible fragments of the scene and the depth picture (H, W) metres with them in it."""
        camera = self.camera
        seen = self.view.to_sensor(scene.vertices) + camera.translation.astype(np.float32)
        z = np.maximum(seen[:, 2], 1e-3)
        u = (camera.cx + camera.fx * seen[:, 0] / z).astype(np.float32)
        v = (camera.cy - camera.fy * seen[:, 1] / z).astype(np.float32)
        z = np.where(seen[:, 2] > 0, seen[:, 2], 0).astype(np.float32)
        found = rasterise(u, v, z, scene.triangles, camera.width, camera.height)
        behind = self.empty.depth.reshape(-1)[found.pixels] < found.depth - 0.004
        keep = np.flatnonzero(~behind)
        found = Fragments(
            found.pixels[keep], found.faces[keep], found.shares[keep], found.depth[keep]
        )
        depth = self.empty.depth.copy()
        depth.reshape(-1)[found.pixels] = found.depth
        return found, depth

    def surface(
        self, scene: Scene, found: Fragments, bodies: Sequence[BodyMesh]
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Linear albedo (P, 3), infrared albedo (P,), unit normals (P, 3), sun and openness."""
        values = np.column_stack((scene.looks, scene.normals))
        mixed = mix(values, scene.triangles, found)
        albedo = np.empty((len(found.pixels), 3), dtype=np.float32)
        infrared = np.empty(len(found.pixels), dtype=np.float32)
        normal = mixed[:, 6:9]
        owners = scene.owners[found.faces]
        for number, mesh in enumerate(bodies):
            mine = np.flatnonzero(owners == number)
            rest = mixed[mine, :3]
            albedo[mine], infrared[mine], cloth = paint(mesh.subject, rest, mixed[mine, 3])
            folds = mine[cloth]
            normal[folds] += _folds(rest[cloth])
        for number, kind in enumerate(scene.kinds):
            mine = owners == -1 - number
            albedo[mine] = linear(COLORS[kind])
            infrared[mine] = SHINE[kind]
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
        return albedo, infrared, normal, mixed[:, 4:6]

    def picture(self, scene: Scene, bodies: Sequence[BodyMesh]) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB."""
        light = self.empty.light * self._shade(scene.shadow)[..., None]
        found, _ = self.fragments(scene)
        albedo, _, normal, extra = self.surface(scene, found, bodies)
        openness, sun = extra[:, 0], extra[:, 1]
        sky = AMBIENT * (0.8 + 0.2 * normal[:, 1]) * (0.35 + 0.65 * openness)
        toward = (self.view.position - (0, 0.9, 0)).astype(np.float32)
        fill = np.clip(normal @ (toward / np.linalg.norm(toward)), 0, 1) * 0.1
        bright = sky + fill + 0.66 * sun * (0.5 + 0.5 * openness)
        light.reshape(-1, 3)[found.pixels] = albedo * bright[:, None]
        soft = cv2.GaussianBlur(light, (3, 3), 0.55 * max(1.0, self.camera.width / 960))
        return np.asarray(np.sqrt(np.clip(soft, 0, 1)) * 255 + 0.5, dtype=np.uint8)

    def _shade(self, shadow: Shadow) -> Floats:
        """(H, W) share of light left on the room by the shadows of those who act."""
        border = cv2.BORDER_CONSTANT
        cover = cv2.remap(shadow.cover, *self._light_uv, cv2.INTER_LINEAR, None, border, 0)
        height = cv2.remap(shadow.height, *self._light_uv, cv2.INTER_NEAREST, None, border, -9)
        near = cv2.remap(shadow.contact, *self._floor_uv, cv2.INTER_LINEAR, None, border, 0)
        cover[(height > -8) & (self._light_height > height)] = 0
        return np.asarray((1 - 0.5 * cover) * (1 - 0.55 * near), dtype=np.float32)


def _folds(rest: Floats) -> Floats:
    """(P, 3) how wrinkles of cloth bend its normals."""
    x, y, z = rest.T
    one = np.sin(38 * y + 6 * np.sin(17 * x + 5 * z) + 4 * z)
    two = np.sin(55 * x + 21 * y + 4 * np.sin(23 * y))
    return np.column_stack((0.07 * two, 0.11 * one, 0.05 * one * two)).astype(np.float32)
