"""The 3D view on OpenGL, by vispy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget
from vispy import app as vispy_app

vispy_app.use_app("pyside6")  # before any canvas is made

from vispy import scene as vispy_scene  # noqa: E402
from vispy import visuals as vispy_visuals  # noqa: E402
from vispy.gloo import VertexBuffer  # noqa: E402
from vispy.gloo.context import forget_canvas  # noqa: E402

from harstudio.recordings.overlay.heat_colors import joint_growth  # noqa: E402
from harstudio.skeletons.topology import Topology  # noqa: E402
from harstudio.studio import theme  # noqa: E402
from harstudio.studio.panes.heat import joint_color  # noqa: E402
from harstudio.studio.panes.orbit import FOV_DEG, Orbit, focal_px  # noqa: E402
from harstudio.studio.panes.overlays import INFERRED, LOST, RIM, TRACKED, side_colors  # noqa: E402
from harstudio.studio.panes.scene import Scene, grid_lines  # noqa: E402

POINT_PX = (1.5, 6.0)
BONE_PX = 3.0
JOINT_PX = 7.0
FULL_SIZE_PX = 480  # height of the view from which on weighed joints have their full size
DASHES = 4  # a dashed bone is cut into this many strokes
NOWHERE = np.full((2, 3), np.nan, dtype=np.float32)

_VERTEX = """
attribute vec3 a_position;
attribute vec3 a_color;
uniform float u_size;
varying vec3 v_color;
void main() {
    v_color = a_color;
    gl_Position = $transform(vec4(a_position, 1.0));
    gl_PointSize = u_size;
}
"""
_FRAGMENT = """
varying vec3 v_color;
void main() { gl_FragColor = vec4(v_color, 1.0); }
"""


class PointsVisual(vispy_visuals.Visual):
    """Square points of one size: vispy's own markers take five times as long on software GL."""

    def __init__(self) -> None:
        super().__init__(vcode=_VERTEX, fcode=_FRAGMENT)
        self._draw_mode = "points"
        self.set_gl_state("translucent", depth_test=True, blend=False)
        self._count = 0
        self.set_size(POINT_PX[0])
        self.set_points(np.zeros((1, 3), np.float32), np.zeros((1, 3), np.float32))

    def set_size(self, pixels: float) -> None:
        """Edge of the squares."""
        self.shared_program["u_size"] = pixels
        self.update()

    def set_points(self, points: NDArray[np.float32], colors: NDArray[np.float32]) -> None:
        """(N, 3) float32 positions and colours in [0, 1]."""
        self._count = len(points)
        if self._count:
            self.shared_program["a_position"] = VertexBuffer(np.ascontiguousarray(points))
            self.shared_program["a_color"] = VertexBuffer(np.ascontiguousarray(colors))
        self.update()

    def _prepare_transforms(self, view: Any) -> None:
        view.view_program.vert["transform"] = view.get_transform()

    def _prepare_draw(self, view: Any) -> bool:
        return self._count > 0


Points = vispy_scene.visuals.create_visual_node(PointsVisual)


def to_vispy(points: NDArray[Any]) -> NDArray[np.float32]:
    """Depth camera's frame (y up, z away) -> vispy's (z up, y away)."""
    return np.ascontiguousarray(np.asarray(points, dtype=np.float32)[..., (0, 2, 1)])


class GlView(QWidget):
    """Draws a scene as the orbit's eye sees it."""

    kind = "gl"

    def __init__(self, orbit: Orbit, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._orbit = orbit
        self._scene = Scene()
        self.canvas = vispy_scene.SceneCanvas(
            keys=None, app="pyside6", create_native=True, show=False
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas.native)
        box = self.canvas.central_widget.add_view()
        self._box = box
        box.camera = vispy_scene.TurntableCamera(fov=FOV_DEG, up="+z")
        box.camera.interactive = False
        self._points = Points(parent=box.scene)
        self._grid = vispy_scene.Line(NOWHERE, connect="segments", parent=box.scene)
        self._bones = vispy_scene.Line(
            NOWHERE, connect="segments", width=BONE_PX, parent=box.scene, method="gl"
        )
        self._rims = vispy_scene.Line(
            NOWHERE, connect="segments", width=BONE_PX + 2, parent=box.scene, method="gl"
        )
        self._joints = vispy_scene.Markers(parent=box.scene)
        self._joints.set_data(np.zeros((1, 3), np.float32))
        for order, visual in enumerate(
            (self._grid, self._points, self._rims, self._bones, self._joints)
        ):
            visual.order = order
        for visual in (self._rims, self._bones, self._joints):
            visual.set_gl_state("translucent", depth_test=False)
        for visual in (self._grid, self._points, self._rims, self._bones, self._joints):
            visual.visible = False
        self.recolor()
        self.orbit_changed()

    @property
    def mouse_widget(self) -> QWidget:
        """Where the mouse is felt."""
        return self.canvas.native

    def set_scene(self, scene: Scene) -> None:
        """Show another moment."""
        floor_moved = (scene.floor_m, scene.center) != (self._scene.floor_m, self._scene.center)
        cloud_changed = scene.cloud is not self._scene.cloud
        self._scene = scene
        if floor_moved:
            self._draw_grid()
        if cloud_changed:
            self._points.visible = scene.cloud is not None
            if scene.cloud is not None:
                colors = scene.cloud.colors.astype(np.float32) / 255
                self._points.set_points(to_vispy(scene.cloud.points), colors)
                self._size_points()
        self._draw_people()
        self.canvas.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._size_points()

    def _size_points(self) -> None:
        """Points as large as the gaps between them."""
        if self._scene.cloud is not None:
            gap = focal_px(self.height()) * self._scene.cloud.spacing * self.devicePixelRatioF()
            self._points.set_size(float(np.clip(np.ceil(gap), *POINT_PX)))

    def orbit_changed(self) -> None:
        """The eye moved."""
        camera, orbit = self._box.camera, self._orbit
        x, y, z = orbit.center
        camera.azimuth, camera.elevation = orbit.azimuth, orbit.elevation
        camera.distance = camera.scale_factor = orbit.distance
        camera.center = (x, z, y)
        self.canvas.update()

    def recolor(self) -> None:
        """The theme changed."""
        self.canvas.bgcolor = theme.current().canvas
        self._draw_grid()
        self._draw_people()
        self.canvas.update()

    def close_view(self) -> None:
        """Let vispy forget the canvas; its widget and GL context go with this view.

        Not canvas.close(), which handles waiting events: this is called while the pane is being
        destroyed. Laying out or painting what is left of the pane puts it back into Qt's
        stylesheet cache, which had just dropped it, and the next change of theme crashes on it.
        """
        forget_canvas(self.canvas)

    def _draw_grid(self) -> None:
        lines = to_vispy(grid_lines(self._scene)).reshape(-1, 3)
        self._grid.visible = len(lines) > 0
        if len(lines):
            self._grid.set_data(pos=lines, color=theme.current().line)

    def _draw_people(self) -> None:
        skeleton = self._scene.topology
        ends: list[NDArray[Any]] = []
        end_colors: list[tuple[float, ...]] = []
        joints: list[NDArray[Any]] = []
        faces: list[tuple[float, ...]] = []
        edges: list[tuple[float, ...]] = []
        sizes: list[float] = []
        small = float(np.clip(self.height() / FULL_SIZE_PX, 0.5, 1.0))
        for person, body in self._scene.people if skeleton is not None else ():
            colors = side_colors(person, on_picture=self._scene.cloud is not None)
            for piece, side in bone_pieces(body.joints, body.tracking, skeleton):
                ends.append(piece)
                end_colors += [colors[side].getRgbF()] * 2
            for one, other, weight in self._scene.links.get(body.id, ()):
                if np.isfinite(body.joints[[one, other]]).all():
                    ends.append(body.joints[[one, other]])
                    end_colors += [joint_color(weight).getRgbF()] * 2
            weights = self._scene.weights.get(body.id)
            for joint in np.flatnonzero(np.isfinite(body.joints).all(axis=1)):
                color: QColor = colors[skeleton.sides[joint]]
                size = JOINT_PX
                if weights is not None:
                    color = joint_color(float(weights[joint]))
                    size *= small * joint_growth(float(weights[joint]))
                sizes.append(size)
                lost = body.tracking[joint] == LOST
                joints.append(body.joints[joint])
                faces.append((0, 0, 0, 0) if lost else color.getRgbF())
                edges.append(color.getRgbF() if lost else (0.0, 0.0, 0.0, 0.8))
        self._bones.visible, self._joints.visible = bool(ends), bool(joints)
        self._rims.visible = bool(ends) and self._scene.cloud is not None
        if ends:
            pos = to_vispy(np.concatenate(ends))
            self._rims.set_data(pos=pos, color=RIM.getRgbF())
            self._bones.set_data(pos=pos, color=np.array(end_colors, dtype=np.float32))
        if joints:
            self._joints.set_data(
                to_vispy(np.array(joints)),
                size=np.array(sizes, dtype=np.float32),
                edge_width=1.0,
                face_color=np.array(faces, dtype=np.float32),
                edge_color=np.array(edges, dtype=np.float32),
            )


def bone_pieces(
    joints: NDArray[np.float32], tracking: NDArray[np.uint8], skeleton: Topology
) -> list[tuple[NDArray[np.float32], str]]:
    """Strokes ((2, 3) metres, side): a bone whole when tracked, in dashes when inferred."""
    pieces = []
    for child, parent in skeleton.bones:
        ends = joints[[child, parent]]
        if not np.isfinite(ends).all() or min(tracking[child], tracking[parent]) < INFERRED:
            continue
        side = skeleton.sides[child]
        if tracking[child] == TRACKED and tracking[parent] == TRACKED:
            pieces.append((ends, side))
            continue
        for dash in range(DASHES):
            shares = np.array([[dash], [dash + 0.6]], dtype=np.float32) / (DASHES - 0.4)
            pieces.append((ends[:1] * (1 - shares) + ends[1:] * shares, side))
    return pieces
