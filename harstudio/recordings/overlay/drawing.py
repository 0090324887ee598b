"""Drawing on pictures: skeletons in colour-blind safe colours, and the time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.overlay.heat_colors import joint_growth, joint_table
from harstudio.recordings.overlay.words import Rgb, tag, text_px
from harstudio.recordings.streams import SECOND_NS, Body, SkeletonStream
from harstudio.skeletons.topology import Topology, topology

SIDES: dict[str, Rgb] = {
    "left": (0x56, 0xB4, 0xE9),
    "right": (0xE6, 0x9F, 0x00),
    "trunk": (0xF0, 0xF0, 0xF0),
}
OTHERS: tuple[Rgb, ...] = ((0xCC, 0x79, 0xA7), (0x00, 0x9E, 0x73))  # the second and third person
DARK: Rgb = (0x12, 0x14, 0x18)
BONE_AT_1080 = 3.0
JOINT_AT_1080 = 5.0
LINK_AT_1080 = 3.0
DASH = 3.0  # in bone widths
SHIFT = 4  # cv2 draws at sixteenths of a pixel
FAR = 16_000.0  # beyond this a joint is outside any picture, and cv2's integers overflow

NOT_TRACKED, INFERRED = 0, 1


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """(H, W, 3) uint8 RGB to draw on, ``scale`` times as large as the stream's picture."""

    pixels: NDArray[np.uint8]
    scale: float = 1.0

    def size(self, at_1080: float) -> float:
        """A length that looks the same at every resolution, in pixels; never too thin to see."""
        height = int(self.pixels.shape[0])
        return max(at_1080 * height / 1080, at_1080 / 2)

    def points(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """(V, 2) positions in the stream's picture -> on the canvas; NaN where far outside."""
        placed = (pixels + 0.5) * self.scale - 0.5
        placed = np.where(np.abs(placed) < FAR, placed, np.nan)
        return np.asarray(placed, dtype=np.float32)


class Weighs(Protocol):
    """What tells which joints of a body counted at a time."""

    def weights_of(self, time_ns: int, body: Body, topology: str) -> NDArray[np.float32] | None:
        """(V,) in [0, 1], None for no weights."""
        ...

    def links_of(self, time_ns: int, body: Body, topology: str) -> Sequence[tuple[int, int, float]]:
        """Lines (from, to, weight) between joints, the weakest first."""
        ...


class SkeletonBrush:
    """Draws the bodies that a skeleton stream has at a time. explained: what gives joints their
    size and colour, and lines between them."""

    def __init__(
        self,
        stream: SkeletonStream,
        place: Callable[[Body], NDArray[np.float32] | None],
        tolerance_ns: int,
        explained: Weighs | None = None,
    ) -> None:
        self._stream = stream
        self._explained = explained
        self._place = place
        self._tolerance_ns = tolerance_ns
        self._topology = topology(stream.topology)
        self._order: dict[str, int] = {}  # persons by who was seen first

    def draw(self, canvas: Canvas, time_ns: int) -> None:
        """Draw whoever is there; nothing where no skeleton frame is near enough in time."""
        found = self._stream.at(time_ns, self._tolerance_ns)
        if found is None:
            return
        for body in found.data.bodies:
            person = self._order.setdefault(body.id, len(self._order))
            pixels = self._place(body)
            if pixels is None:
                continue
            points, explained, name = canvas.points(pixels), self._explained, self._stream.topology
            weights = None if explained is None else explained.weights_of(time_ns, body, name)
            _draw_bones(canvas, self._topology, body, points, person)
            if explained is not None:
                _draw_links(canvas, points, explained.links_of(time_ns, body, name))
            _draw_joints(canvas, self._topology, body, points, person, weights)


def _draw_bones(
    canvas: Canvas, shape: Topology, body: Body, points: NDArray[np.float32], person: int
) -> None:
    sides = [_color(side, person) for side in shape.sides]
    width = canvas.size(BONE_AT_1080)
    seen = np.isfinite(points.sum(axis=1))
    for child, parent in shape.bones:
        state = min(body.tracking[child], body.tracking[parent])
        if seen[child] and seen[parent] and state != NOT_TRACKED:
            ends = points[parent], points[child]
            if state == INFERRED:
                _dashed(canvas, *ends, sides[child], width)
            else:
                draw_line(canvas, *ends, sides[child], width)


def _draw_joints(
    canvas: Canvas,
    shape: Topology,
    body: Body,
    points: NDArray[np.float32],
    person: int,
    weights: NDArray[np.float32] | None,
) -> None:
    """Dots in the colours of their sides; weighed ones by size and colour, the heaviest above."""
    joints = np.flatnonzero(np.isfinite(points.sum(axis=1)))
    if weights is not None:
        joints = joints[np.argsort(weights[joints], kind="stable")]
    for joint in joints.tolist():
        color, size = _color(shape.sides[joint], person), 1.0
        if weights is not None:
            weight = float(weights[joint])
            color, size = weight_color(weight), joint_growth(weight)
        hollow = body.tracking[joint] == NOT_TRACKED
        draw_dot(canvas, points[joint], color, hollow=hollow, size=size)


def _draw_links(
    canvas: Canvas, points: NDArray[np.float32], links: Sequence[tuple[int, int, float]]
) -> None:
    for one, other, weight in links:
        if np.isfinite(points[[one, other]]).all():
            wide = canvas.size(LINK_AT_1080 * (0.4 + weight))
            draw_line(canvas, points[one], points[other], weight_color(weight), wide)


def weight_color(weight: float) -> Rgb:
    """Of joints and lines, for a weight in [0, 1]."""
    blue, green, red, _ = joint_table()[round(min(max(weight, 0.0), 1.0) * 255)].tolist()
    return red, green, blue


def _color(side: str, person: int) -> Rgb:
    return SIDES[side] if person == 0 else OTHERS[(person - 1) % len(OTHERS)]


def _fixed(point: NDArray[np.floating]) -> tuple[int, int]:
    return round(float(point[0]) * (1 << SHIFT)), round(float(point[1]) * (1 << SHIFT))


def draw_line(
    canvas: Canvas, a: NDArray[np.float32], b: NDArray[np.float32], color: Rgb, width: float
) -> None:
    thin = max(1, round(width))
    cv2.line(canvas.pixels, _fixed(a), _fixed(b), DARK, thin + 2, cv2.LINE_AA, SHIFT)
    cv2.line(canvas.pixels, _fixed(a), _fixed(b), color, thin, cv2.LINE_AA, SHIFT)


def _dashed(
    canvas: Canvas, a: NDArray[np.float32], b: NDArray[np.float32], color: Rgb, width: float
) -> None:
    pieces = max(1, int(np.hypot(*(b - a)) / (DASH * width)))
    for k in range(0, pieces, 2):
        draw_line(
            canvas, a + (b - a) * (k / pieces), a + (b - a) * ((k + 1) / pieces), color, width
        )


def draw_box(
    canvas: Canvas, corners: NDArray[np.float32], color: Rgb, *, dashed: bool = False
) -> None:
    """A rectangle from (left, top, right, bottom) on the canvas."""
    left, top, right, bottom = np.clip(corners, -FAR, FAR)
    thin = max(1, round(canvas.size(2.5)))
    if dashed:
        points = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
        for a, b in zip(points, np.roll(points, -1, axis=0), strict=True):
            _dashed(canvas, a, b, color, thin)
        return
    first, last = _fixed(np.array([left, top])), _fixed(np.array([right, bottom]))
    cv2.rectangle(canvas.pixels, first, last, DARK, thin + 2, cv2.LINE_AA, SHIFT)
    cv2.rectangle(canvas.pixels, first, last, color, thin, cv2.LINE_AA, SHIFT)


def draw_dot(
    canvas: Canvas, at: NDArray[np.float32], color: Rgb, *, hollow: bool = False, size: float = 1.0
) -> None:
    """A dot with a dark rim, or a ring. size: of a joint's."""
    radius = size * canvas.size(JOINT_AT_1080) * (1 << SHIFT)
    rim = 1 << SHIFT
    around, ring = round(radius + rim), max(1, round(canvas.size(1.5)))
    if hollow:
        cv2.circle(canvas.pixels, _fixed(at), around, DARK, ring + 2, cv2.LINE_AA, SHIFT)
        cv2.circle(canvas.pixels, _fixed(at), round(radius), color, ring, cv2.LINE_AA, SHIFT)
        return
    cv2.circle(canvas.pixels, _fixed(at), around, DARK, cv2.FILLED, cv2.LINE_AA, SHIFT)
    cv2.circle(canvas.pixels, _fixed(at), round(radius), color, cv2.FILLED, cv2.LINE_AA, SHIFT)


def draw_time(canvas: Canvas, time_ns: int, index: int) -> None:
    """Minutes, seconds and frame number in the corner."""
    minutes, rest_ns = divmod(max(0, time_ns), 60 * SECOND_NS)
    text = f"{minutes:02d}:{rest_ns / SECOND_NS:06.3f}  f {index}"
    tag(canvas.pixels, text, 0, 0, text_px(canvas.pixels.shape[0]))
