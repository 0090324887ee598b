"""What the 3D view shows at one moment, as plain arrays: people, points, a floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import Body, PictureStream
from harstudio.skeletons.topology import Topology
from harstudio.studio.panes.depth import depth_colors

MAX_POINTS = 25_000
GRID_M = 0.5
GRID_LINES = 6


@dataclass(frozen=True, slots=True, eq=False)
class Cloud:
    """points: (N, 3) float32 metres; colors: (N, 3) uint8 RGB.

    spacing: distance between neighbours, in parts of their distance from the camera. there: (h, w)
    where the depth picture, of which every ``stride``-th row and column is taken, has a point.
    photo: the colours are those of a picture, not of the distance.
    """

    points: NDArray[np.float32]
    colors: NDArray[np.uint8]
    spacing: float
    there: NDArray[np.bool_]
    stride: int = 1
    photo: bool = False

    def pixels(self) -> NDArray[np.float32]:
        """(N, 2) pixel (x, y) of the depth picture that each point comes from."""
        rows, columns = np.nonzero(self.there)
        pixels = np.stack([columns, rows], axis=1).astype(np.float32)
        return pixels * np.float32(self.stride)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """people: (person number, body) each; floor_m: y of the floor grid around center.

    weights: (V,) float32 in [0, 1] by body id, size and colour of the joints of those people.
    links: by body id, lines (from, to, weight) between joints.
    """

    people: tuple[tuple[int, Body], ...] = ()
    topology: Topology | None = None
    cloud: Cloud | None = None
    floor_m: float | None = None
    center: tuple[float, float, float] = (0.0, 0.0, 3.0)
    weights: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    links: Mapping[str, Sequence[tuple[int, int, float]]] = field(default_factory=dict)


def grid_lines(scene: Scene) -> NDArray[np.float32]:
    """(L, 2, 3) float32 metres: the floor's lines; empty without a floor."""
    if scene.floor_m is None:
        return np.empty((0, 2, 3), dtype=np.float32)
    steps = np.arange(-GRID_LINES, GRID_LINES + 1) * GRID_M
    middle_x = round(scene.center[0] / GRID_M) * GRID_M
    middle_z = round(scene.center[2] / GRID_M) * GRID_M
    low, high = steps[0], steps[-1]
    y = scene.floor_m
    along = [[(middle_x + s, y, middle_z + low), (middle_x + s, y, middle_z + high)] for s in steps]
    across = [
        [(middle_x + low, y, middle_z + s), (middle_x + high, y, middle_z + s)] for s in steps
    ]
    return np.array(along + across, dtype=np.float32)


class CloudMaker:
    """Turns depth pictures of one recording into coloured points."""

    def __init__(
        self,
        recording: Recording,
        depth: PictureStream,
        color: PictureStream | None,
        range_mm: tuple[int, int],
    ) -> None:
        camera = recording.cameras[depth.name]
        self.stride = max(1, int(np.ceil(np.sqrt(depth.width * depth.height / MAX_POINTS))))
        self._spacing = self.stride / camera.fx
        rows = np.arange(0, depth.height, self.stride)
        columns = np.arange(0, depth.width, self.stride)
        v, u = np.meshgrid(rows, columns, indexing="ij")
        x, y = (u - camera.cx) / camera.fx, (camera.cy - v) / camera.fy
        rays = np.stack([x, y, np.ones_like(x)], axis=-1).astype(np.float32) / 1000
        turn = camera.rotation.astype(np.float32)  # from the frame of the world to this camera
        self._rays = rays.reshape(-1, 3) @ turn
        self._shift = (-camera.translation @ camera.rotation).astype(np.float32)
        self._color_camera = None if color is None else recording.cameras.get(color.name)
        self._turbo = depth_colors(*range_mm)

    def make(self, depth_mm: NDArray[np.uint16], picture: NDArray[np.uint8] | None) -> Cloud:
        """(H, W) depth and the (H, W, 3) colour picture of that moment, if there is one."""
        taken = depth_mm[:: self.stride, :: self.stride]
        mm, seen = taken.reshape(-1), taken > 0
        there = seen.reshape(-1)
        found = mm[there]
        points = self._rays[there] * found[:, None].astype(np.float32) + self._shift
        colors = self._colors(points, found, picture)
        photo = picture is not None and self._color_camera is not None
        return Cloud(points, colors, self._spacing, seen, self.stride, photo)

    def _colors(
        self,
        points: NDArray[np.float32],
        mm: NDArray[np.uint16],
        picture: NDArray[np.uint8] | None,
    ) -> NDArray[np.uint8]:
        packed = self._turbo[mm]
        colors = np.stack([packed >> 16, packed >> 8, packed], axis=1).astype(np.uint8)
        if picture is None or self._color_camera is None:
            return colors
        pixels = self._color_camera.project(points)
        height, width = picture.shape[:2]
        with np.errstate(invalid="ignore"):
            x, y = np.rint(pixels).T
            inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        seen = picture[y[inside].astype(np.intp), x[inside].astype(np.intp)]
        colors[:] = 96  # what the colour camera does not see is grey, not turbo
        colors[inside] = seen[:, :3]
        return colors
