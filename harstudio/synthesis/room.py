"""The room that actors act in: floor, walls and boxes, ray-cast once for each camera."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.skeletons.cameras import Camera
from harstudio.synthesis.viewpoint import Viewpoint

Floats = NDArray[np.float32]
Box = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

LAMP = np.array((-1.0, 2.75, 1.9))
LIGHT = (LAMP - (0, 0.8, 0)) / np.linalg.norm(LAMP - (0, 0.8, 0))
BACK, SIDE, FRONT = -1.55, 2.9, 4.6  # metres of the walls
SEAT = 0.45
CHAIR_AT = -0.52  # z of the middle of the seat
TABLE_TOP = 0.74
AMBIENT = 0.5


@dataclass(frozen=True, eq=False)
class Background:
    """What a camera sees of the empty room.

    light (H, W, 3) linear colour; points (H, W, 3) world metres; depth (H, W) metres along the
    camera's axis; shine (H, W) infrared brightness at 1 m; floor (H, W) whether it is floor.
    """

    light: Floats
    points: Floats
    depth: Floats
    shine: Floats
    floor: NDArray[np.bool_]


def linear(color: tuple[float, ...]) -> tuple[float, ...]:
    """sRGB 0..255 -> linear 0..1 (gamma 2, so that a square root brings it back)."""
    return tuple((c / 255.0) ** 2 for c in color)


class Room:
    """Walls, floor and furniture of one setup; ``furniture`` names chair and table."""

    def __init__(self, seed: int, furniture: frozenset[str], table_side: float = -1.0) -> None:
        rng = np.random.default_rng([seed, 53])
        walls = ((222, 214, 200), (198, 208, 214), (214, 220, 206), (226, 222, 216))
        self._wall = np.array(linear(walls[rng.integers(4)]), dtype=np.float32)
        floors = ((164, 120, 80), (124, 92, 66), (150, 148, 146), (108, 114, 122))
        floor = rng.integers(4)
        self._floor = np.array(linear(floors[floor]), dtype=np.float32)
        self._planks = bool(floor < 2)
        self.boxes = _fittings(rng)
        if "chair" in furniture:
            self.boxes += _chair(floors[(floor + 1) % 4])
        if "table" in furniture:
            self.boxes += _table(table_side)
        self._solid = [box for box in self.boxes if _casts_shadow(box)]

    def seen(self, camera: Camera, view: Viewpoint) -> Background:
        """Cast one ray through every pixel."""
        rays = _rays(camera, view)
        eye = view.position - camera.translation @ view.rotation
        origin = np.asarray(eye, dtype=np.float32)
        far, normal = _walls(rays, origin)
        owner = np.full(far.shape, -1, dtype=np.int32)
        for number, box in enumerate(self.boxes):
            _hit_box(box, number, rays, origin, far, normal, owner, camera, view)
        points = origin + rays * far[..., None]
        albedo = self._albedo(points, normal, owner)
        facing = np.clip(normal @ LIGHT.astype(np.float32), 0, 1)
        sun = self._sunlit(points + normal * np.float32(0.004)) * facing
        light = albedo * (AMBIENT * self._ambient(points, normal) + 0.62 * sun)[..., None]
        toward = np.abs(np.einsum("hwi,hwi->hw", normal, rays))
        shine = albedo.mean(axis=-1) ** 0.5 * toward / np.linalg.norm(rays, axis=-1)
        floor = (points[..., 1] < 0.004) & (owner < 0)
        return Background(
            light.astype(np.float32), points.astype(np.float32), far, shine.astype(np.float32),
            floor,
        )  # fmt: skip

    def _albedo(self, points: Floats, normal: Floats, owner: NDArray[np.int32]) -> Floats:
        x, y, z = points[..., 0], points[..., 1], points[..., 2]
        albedo = np.empty_like(points)
        blotch = 1 + 0.03 * np.sin(2.1 * x + 1.3 * y) * np.sin(1.7 * y - 2.3 * z + 0.6)
        albedo[:] = self._wall * (blotch + 0.012 * _grain(37 * (x + z), 41 * y))[..., None]
        floor = normal[..., 1] > 0.5
        albedo[floor] = self._floor_color(x[floor], z[floor])
        colors = np.array([linear(box[2]) for box in self.boxes], dtype=np.float32)
        boxed = owner >= 0
        tone = 1 + 0.05 * _grain(11 * points[boxed].sum(axis=-1), 90 * y[boxed])
        albedo[boxed] = colors[owner[boxed]] * tone[:, None]
        return albedo

    def _floor_color(self, x: Floats, z: Floats) -> Floats:
        if not self._planks:
            return np.asarray(self._floor * (1 + 0.08 * _grain(210 * x, 190 * z))[:, None])
        row = np.floor(z / 0.14)
        start = np.floor(x / 1.1 + _hash(row) * 7)
        tone = 0.84 + 0.28 * _hash(row * 17 + start * 131)
        tone *= 1 + 0.06 * np.sin(9 * x + 130 * z + 5 * np.sin(3 * x + row))
        gap = (np.abs(z / 0.14 - row) < 0.03) | (np.abs(x / 1.1 + _hash(row) * 7 - start) < 0.004)
        return np.asarray(self._floor * np.where(gap, 0.5, tone)[:, None], dtype=np.float32)

    def _ambient(self, points: Floats, normal: Floats) -> Floats:
        """Darker in corners, under and beside furniture, lit from above."""
        y = points[..., 1]
        shade = np.ones(y.shape, dtype=np.float32)
        gaps = (points[..., 2] - BACK, SIDE - points[..., 0], points[..., 0] + SIDE, y)
        for axis, gap in zip((2, 0, 0, 1), gaps, strict=True):
            away = np.abs(normal[..., axis]) < 0.5
            shade -= np.where(away, 0.28 * np.exp(-np.maximum(gap, 0) / 0.22), 0).astype(np.float32)
        for low, high, _ in self._solid:
            gap = _gap(points, low, high)
            shade *= 1 - 0.3 * np.exp(-gap / 0.09) * (gap > 0.003)
        return np.asarray(shade * (0.86 + 0.14 * normal[..., 1]), dtype=np.float32)

    def _sunlit(self, points: Floats) -> Floats:
        """(H, W) share of the lamp that is not hidden by furniture."""
        height, width = points.shape[:2]
        size = (max(2, width // 3), max(2, height // 3))
        nearest = cv2.resize(points, size, interpolation=cv2.INTER_NEAREST)
        small = np.asarray(nearest, dtype=np.float32)
        lit = np.zeros(small.shape[:2], dtype=np.float32)
        spread = np.random.default_rng(5).uniform(-0.4, 0.4, (8, 3)) * (1, 0.2, 1)
        for shift in spread:
            way = (LAMP + shift - small).astype(np.float32)
            hidden = np.zeros(lit.shape, dtype=bool)
            for low, high, _ in self._solid:
                first, last, _ = _slabs(low, high, way, small)
                hidden |= (first < last) & (first > 1e-3) & (first < 1)
            lit += ~hidden
        blurred = cv2.GaussianBlur(lit / len(spread), (5, 5), 0)
        return np.asarray(cv2.resize(blurred, (width, height)), dtype=np.float32)


def _casts_shadow(box: Box) -> bool:
    """Furniture does; books, pictures and skirting boards hardly do."""
    low, high, _ = box
    size = np.subtract(high, low)
    return bool(size.max() > 0.35 and high[1] > 0.1 and low[1] < 0.9)


def _rays(camera: Camera, view: Viewpoint) -> Floats:
    """(H, W, 3) world directions that advance one metre along the camera's axis."""
    u = (np.arange(camera.width) - camera.cx) / camera.fx
    v = (camera.cy - np.arange(camera.height)) / camera.fy
    grid = np.stack(np.broadcast_arrays(u[None, :], v[:, None], 1.0), axis=-1)
    return np.asarray(grid @ view.rotation, dtype=np.float32)


def _walls(rays: Floats, origin: Floats) -> tuple[Floats, Floats]:
    """Distance along the rays to floor, ceiling or wall, and its normal."""
    far = np.full(rays.shape[:2], 1e3, dtype=np.float32)
    normal = np.zeros_like(rays)
    planes = ((1, 0.0, 1), (1, 2.9, -1), (2, BACK, 1), (2, FRONT, -1), (0, -SIDE, 1), (0, SIDE, -1))
    for axis, offset, sign in planes:
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = (np.float32(offset) - origin[axis]) / rays[..., axis]
        hit = (reach > 0) & (reach < far)
        far[hit] = reach[hit]
        normal[hit] = 0
        normal[hit, axis] = sign
    return far, normal


def _slabs(
    low: tuple[float, ...], high: tuple[float, ...], rays: Floats, origin: Floats
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Where rays enter and leave a box, and through which axis they enter."""
    first = np.full(rays.shape[:-1], -np.inf, dtype=np.float32)
    last = np.full(rays.shape[:-1], np.inf, dtype=np.float32)
    through = np.zeros(rays.shape[:-1], dtype=np.intp)
    for axis in range(3):
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = 1 / rays[..., axis]
            one = (np.float32(low[axis]) - origin[..., axis]) * slope
            two = (np.float32(high[axis]) - origin[..., axis]) * slope
        enter = np.minimum(one, two)
        through[enter > first] = axis
        np.maximum(first, enter, out=first)
        np.minimum(last, np.maximum(one, two), out=last)
    return first, last, through


def _hit_box(
    box: Box, number: int, rays: Floats, origin: Floats, far: Floats, normal: Floats,
    owner: NDArray[np.int32], camera: Camera, view: Viewpoint,
) -> None:  # fmt: skip
    """Let one box cover what lies behind it, in the part of the picture where it stands."""
    low, high, _ = box
    ends = np.array([(low, high)[i][k] for i in (0, 1) for k in range(3)]).reshape(2, 3)
    corners = np.array([[ends[(n >> k) & 1, k] for k in range(3)] for n in range(8)])
    pixels = camera.project(view.to_sensor(corners))
    if np.isnan(pixels).all():
        return
    if np.isnan(pixels).any():
        left, top, right, bottom = 0, 0, camera.width, camera.height
    else:
        left, top = np.maximum(np.floor(pixels.min(axis=0)).astype(int) - 1, 0)
        right, bottom = np.ceil(pixels.max(axis=0)).astype(int) + 2
    part = (slice(top, max(bottom, 0)), slice(left, max(right, 0)))
    first, last, axis = _slabs(low, high, rays[part], origin)
    hit = (first < last) & (first > 0.05) & (first < far[part])
    far[part][hit] = first[hit]
    owner[part][hit] = number
    facing = np.zeros((*hit.shape, 3), dtype=np.float32)
    sign = -np.sign(np.take_along_axis(rays[part], axis[..., None], axis=-1))
    np.put_along_axis(facing, axis[..., None], sign, axis=-1)
    normal[part][hit] = facing[hit]


def _gap(points: Floats, low: tuple[float, ...], high: tuple[float, ...]) -> Floats:
    """Distance from points to a box."""
    out = np.zeros(points.shape[:-1], dtype=np.float32)
    for axis in range(3):
        p = points[..., axis]
        beyond = np.maximum(np.maximum(np.float32(low[axis]) - p, p - np.float32(high[axis])), 0)
        out += beyond * beyond
    return np.asarray(np.sqrt(out))


def _grain(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.sin(a + 1.7 * np.sin(b)) * np.sin(1.31 * b + 2.3 * np.sin(0.7 * a)))


def _hash(value: Floats) -> Floats:
    return np.asarray(np.mod(np.sin(value * 12.9898) * 43758.547, 1.0))


def _fittings(rng: np.random.Generator) -> list[Box]:
    """Skirting boards, pictures, a shelf with books or a cupboard, a door."""
    board = (236, 234, 228)
    boxes: list[Box] = [
        ((-SIDE, 0.0, BACK), (SIDE, 0.09, BACK + 0.015), board),
        ((-SIDE, 0.0, BACK), (-SIDE + 0.015, 0.09, FRONT), board),
        ((SIDE - 0.015, 0.0, BACK), (SIDE, 0.09, FRONT), board),
    ]
    paints = ((52, 94, 128), (186, 92, 60), (222, 186, 92), (86, 128, 96), (140, 66, 84))
    spots = [(-2.0, BACK), (1.2, BACK)]
    for x, z in spots:
        wide, tall = rng.uniform(0.3, 0.45), rng.uniform(0.3, 0.45)
        y = rng.uniform(1.55, 1.7)
        boxes.append(((x - wide, y - tall, z), (x + wide, y + tall, z + 0.02), (48, 42, 38)))
        boxes.append(
            ((x - wide + 0.04, y - tall + 0.04, z), (x + wide - 0.04, y + tall - 0.04, z + 0.025),
             (238, 234, 224)))  # fmt: skip
        for _ in range(4):
            px, py = rng.uniform(-0.6, 0.3) * wide, rng.uniform(-0.6, 0.3) * tall
            boxes.append(
                ((x + px, y + py, z), (x + px + 0.4 * wide, y + py + 0.35 * tall, z + 0.028),
                 paints[rng.integers(5)]))  # fmt: skip
    sides = ((SIDE - 0.34, SIDE - 0.02), (-SIDE + 0.02, -SIDE + 0.34))
    for low, high in sides:
        boxes += _shelf(rng, low, high, paints)
    return boxes


def _shelf(
    rng: np.random.Generator, low: float, high: float,
    paints: tuple[tuple[int, int, int], ...],
) -> list[Box]:  # fmt: skip
    """A low bookcase along a side wall."""
    wood = (150, 116, 84)
    near, away = -0.9, 0.3
    boxes: list[Box] = [((low, y, near), (high, y + 0.03, away), wood) for y in (0.05, 0.42, 0.8)]
    boxes += [((low, 0.0, z), (high, 0.83, z + 0.03), wood) for z in (near, away - 0.03)]
    for y in (0.08, 0.45):
        z = near + 0.06
        while z < away - 0.15:
            thick = float(rng.uniform(0.03, 0.07))
            tall = float(rng.uniform(0.2, 0.29))
            if rng.random() < 0.85:
                color = paints[rng.integers(5)]
                boxes.append(((low + 0.05, y, z), (high - 0.05, y + tall, z + thick), color))
            z += thick + 0.005
    return boxes


def _chair(color: tuple[int, int, int]) -> list[Box]:
    """A chair behind the actor, its back to the wall."""
    z, half, leg = CHAIR_AT, 0.22, 0.025
    frame = (70, 66, 64)
    boxes: list[Box] = [
        ((-half, SEAT - 0.05, z - half), (half, SEAT, z + half), color),
        ((-half, 0.58, z - half - 0.03), (half, 0.92, z - half), color),
    ]
    for x in (-half + leg, half - leg):
        for at, top in ((z - half, 0.92), (z + half - 2 * leg, SEAT - 0.05)):
            boxes.append(((x - leg, 0.0, at - 0.01), (x + leg, top, at + 0.03), frame))
    return boxes


def table_center(side: float) -> tuple[float, float]:
    """World (x, z) of the middle of the table; side +1 stands at the actor's left."""
    return side * 0.64, 0.2


def _table(side: float) -> list[Box]:
    """A small table beside the actor."""
    x, z = table_center(side)
    wood, half, deep = (176, 138, 98), 0.27, 0.3
    boxes: list[Box] = [
        ((x - half, TABLE_TOP - 0.035, z - deep), (x + half, TABLE_TOP, z + deep), wood)
    ]
    for dx in (-half + 0.03, half - 0.07):
        for dz in (-deep + 0.03, deep - 0.07):
            boxes.append(
                ((x + dx, 0.0, z + dz), (x + dx + 0.04, TABLE_TOP - 0.03, z + dz + 0.04), wood)
            )
    return boxes
