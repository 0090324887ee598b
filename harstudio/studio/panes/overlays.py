"""Skeletons drawn over pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from harstudio.recordings.overlay.heat_colors import joint_growth
from harstudio.recordings.projection import project_joints
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import Body, SkeletonStream, StreamKind
from harstudio.runs.recognised.words import joint_title
from harstudio.skeletons.topology import Topology, topology
from harstudio.studio import theme
from harstudio.studio.panes.canvas import View
from harstudio.studio.panes.heat import joint_color

TRACKED, INFERRED, LOST = 2, 1, 0
BONE_PX, JOINT_PX, AT_HEIGHT = 3.0, 6.0, 1080.0
Lines = Sequence[tuple[int, int, float]]
RIM = QColor(12, 14, 18)
DASHES = [2.0, 1.6]
REACH_PX = 10.0
LINK_PX = 2.0
WEIGHED_FROM_PX = 260.0  # a figure of that height has room for joints at their full size


def side_colors(person: int, *, on_picture: bool) -> dict[str, QColor]:
    """Colour by side for the first person; one colour each for the others.

    The light theme's dark trunk is for its light canvas; on pictures the trunk is always light.
    """
    tokens = theme.current()
    trunk = theme.DARK.skeleton_trunk if on_picture else tokens.skeleton_trunk
    if person == 0:
        sides = (tokens.skeleton_left, tokens.skeleton_right, trunk)
    else:
        sides = ((tokens.person_2, tokens.person_3)[(person - 1) % 2],) * 3
    return dict(zip(("left", "right", "trunk"), map(QColor, sides), strict=True))


class SkeletonOverlay:
    """The people of one moment over one picture stream; a layer of a PictureCanvas."""

    def __init__(self, recording: Recording, stream: str, person_of: Callable[[str], int]) -> None:
        found = recording.of_kind(StreamKind.SKELETON)
        self.skeleton = found if isinstance(found, SkeletonStream) and len(found) else None
        self.topology: Topology | None = topology(found.topology) if self.skeleton else None
        self.shown = True
        self._recording = recording
        self._stream = stream
        self._person_of = person_of
        self._tolerance_ns = 0 if self.skeleton is None else recording.tolerance_ns(found)
        self._index: int | None = None
        self.weights_of: Callable[[Body], NDArray[np.float32] | None] | None = None
        self.links_of: Callable[[Body], Lines] | None = None
        self.figures: list[tuple[int, Body, NDArray[np.float64]]] = []

    @property
    def topology_name(self) -> str:
        return "" if self.topology is None else self.topology.name

    def set_time(self, time_ns: int) -> bool:
        """Take the people nearest to the picture's own time; True when they are others."""
        if self.skeleton is None:
            return False
        index = self.skeleton.nearest(time_ns, self._tolerance_ns)
        if index == self._index:
            return False
        self._index = index
        self.figures = []
        if index is not None:
            for body in self.skeleton.frame(index).bodies:
                points = project_joints(self._recording, self._stream, body)
                if points is not None:
                    person = self._person_of(body.id)
                    self.figures.append((person, body, np.asarray(points, dtype=np.float64)))
        return True

    def paint(self, painter: QPainter, view: View) -> None:
        """Draw everybody; called by the canvas."""
        if not self.shown or self.topology is None:
            return
        height = self._recording.streams[self._stream].height * view.scale
        unit = max(height / AT_HEIGHT, 1.0)
        for person, body, points in self.figures:
            colors = side_colors(person, on_picture=True)
            placed = view.to_widget(points)
            weights = None if self.weights_of is None else self.weights_of(body)
            links = () if self.links_of is None else self.links_of(body)
            draw_figure(
                painter, placed, body.tracking, self.topology, colors, unit,
                weights=weights, links=links,
            )  # fmt: skip

    def seen(self) -> bool:
        """Whether anybody is drawn."""
        return self.shown and bool(self.figures)

    def joint_at(self, x: float, y: float, view: View) -> str:
        """Name of the joint under a picture position with its weight, "" when none is near."""
        found = self.find_joint(x, y, view)
        if found is None or self.topology is None:
            return ""
        body, joint = found
        name = joint_title(self.topology.joints[joint])
        weights = None if self.weights_of is None else self.weights_of(body)
        return name if weights is None else f"{name} {weights[joint]:.2f}"

    def find_joint(self, x: float, y: float, view: View) -> tuple[Body, int] | None:
        """The joint nearest to a picture position, None when none is near."""
        if not self.shown or self.topology is None:
            return None
        best, found = REACH_PX / view.scale, None
        for _, body, points in self.figures:
            away = np.hypot(points[:, 0] + 0.5 - x, points[:, 1] + 0.5 - y)
            if not np.all(np.isnan(away)):
                joint = int(np.nanargmin(away))
                if away[joint] < best:
                    best, found = float(away[joint]), (body, joint)
        return found


def draw_figure(
    painter: QPainter,
    points: NDArray[Any],
    tracking: NDArray[np.uint8],
    skeleton: Topology,
    colors: dict[str, QColor],
    unit: float,
    *,
    rim: bool = True,
    weights: NDArray[np.float32] | None = None,
    links: Lines = (),
) -> None:
    """One person: bones, then joints.

    points: (V, 2) widget pixels, NaN = none. unit: 1.0 draws bones of 3 px and joints of 5 px.
    weights: (V,) in [0, 1], size and colour of the joints instead of those of their side.
    links: lines between joints above the bones, (from, to, weight in [0, 1]), the weakest first.
    Tracked is solid, inferred dashed, lost hollow without its bones.
    """
    there = np.isfinite(points).all(axis=1)
    seen = there & (tracking > LOST)
    solid: dict[str, list[QLineF]] = {}
    dashed: dict[str, list[QLineF]] = {}
    for child, parent in skeleton.bones:
        if seen[child] and seen[parent]:
            sure = tracking[child] == TRACKED and tracking[parent] == TRACKED
            line = QLineF(*points[child].tolist(), *points[parent].tolist())
            (solid if sure else dashed).setdefault(skeleton.sides[child], []).append(line)
    width, edge = BONE_PX * unit, max(unit, 1.0)
    for group, dashes in ((solid, None), (dashed, DASHES)):
        if rim:
            _draw_lines(
                painter, [q for lines in group.values() for q in lines], RIM, width + 1.5 * edge
            )
        for side, lines in group.items():
            _draw_lines(painter, lines, colors[side], width, dashes)
    for one, other, weight in links:
        if there[one] and there[other]:
            line = QLineF(*points[one].tolist(), *points[other].tolist())
            wide = (LINK_PX * (0.4 + weight)) * unit
            _draw_lines(painter, [line], RIM, wide + 1.5 * edge)
            _draw_lines(painter, [line], joint_color(weight), wide)
    radius = JOINT_PX * unit / 2
    joints = np.flatnonzero(there)
    if weights is not None and joints.size:
        joints = joints[np.argsort(weights[joints], kind="stable")]  # the heaviest in front
        tall = float(np.ptp(points[joints, 1]))
        radius *= min(max(tall / WEIGHED_FROM_PX, 0.5), 1.0)  # small figures: no heap of discs
    for joint in joints:
        color, size = colors[skeleton.sides[joint]], radius
        if weights is not None:
            weight = float(weights[joint])
            color, size = joint_color(weight), radius * joint_growth(weight)
        _draw_joint(painter, points[joint], int(tracking[joint]), color, size, edge)


def _draw_lines(
    painter: QPainter,
    lines: list[QLineF],
    color: QColor,
    width: float,
    dashes: list[float] | None = None,
) -> None:
    if not lines:
        return
    pen = QPen(color, width)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)  # round ones take five times as long to stroke
    if dashes:
        pen.setDashPattern(dashes)
    painter.setPen(pen)
    painter.drawLines(lines)


def _draw_joint(
    painter: QPainter, at: NDArray[Any], tracking: int, color: QColor, radius: float, edge: float
) -> None:
    center = QPointF(float(at[0]), float(at[1]))
    if tracking == LOST:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(RIM, 3.0 * edge))
        painter.drawEllipse(center, radius, radius)
        painter.setPen(QPen(color, 1.25 * edge))
    else:
        painter.setPen(QPen(RIM, edge))
        painter.setBrush(color)
        radius += 0.5 * edge  # the rim lies outside the dot
    painter.drawEllipse(center, radius, radius)
