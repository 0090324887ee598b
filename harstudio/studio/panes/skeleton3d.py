"""The 3D pane: people and the coloured point cloud, on OpenGL or without."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext
from PySide6.QtWidgets import QLabel, QWidget
from shiboken6 import isValid

from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import Body, StreamKind
from harstudio.skeletons.topology import topology
from harstudio.studio import theme
from harstudio.studio.looks import DEFAULT_DEPTH_MM
from harstudio.studio.panes.cloud_heat import CloudHeat
from harstudio.studio.panes.joint_legend import joint_meaning
from harstudio.studio.panes.legend import Legend, Meaning
from harstudio.studio.panes.map_legend import map_meaning
from harstudio.studio.panes.orbit import DISTANCE_M, Orbit, OrbitMouse
from harstudio.studio.panes.overlays import Lines
from harstudio.studio.panes.pane import Pane
from harstudio.studio.panes.scene import Cloud, CloudMaker, Scene
from harstudio.studio.panes.skeleton3d_soft import SoftView
from harstudio.studio.viewing import Viewing

logger = logging.getLogger(__name__)
NO_GL_PLATFORMS = ("offscreen", "minimal", "minimalegl", "vnc", "linuxfb")
GL_RENDERER = 0x1F01
SOFTWARE_GL = ("llvmpipe", "softpipe", "swrast", "swiftshader", "software", "gdi generic")
AFTER_PICTURES_MS = 4
PRESET_TITLES = {"front": "Front", "side": "Side", "top": "Top"}


def gl_renderer() -> str:
    """What draws OpenGL on this display, "" when nothing does; tried out, not guessed."""
    if QGuiApplication.platformName() in NO_GL_PLATFORMS:
        return ""
    context, surface = QOpenGLContext(), QOffscreenSurface()
    surface.create()
    if not context.create() or not context.makeCurrent(surface):
        return ""
    renderer = context.functions().glGetString(GL_RENDERER) or "unknown"
    context.doneCurrent()
    return str(renderer)


def gl_is_worth_it() -> bool:
    """Whether a graphics card draws OpenGL.

    In software (llvmpipe under Xvfb, remote desktops) a scene of 25,000 points costs the
    processor 35 ms, with QPainter 6 ms, and the pictures need that time.
    """
    renderer = gl_renderer().lower()
    return bool(renderer) and not any(name in renderer for name in SOFTWARE_GL)


def make_view(orbit: Orbit, parent: QWidget, kind: str = "") -> QWidget:
    """The view of a kind, "gl" or "soft"; by default OpenGL where a graphics card draws it.

    $HARSTUDIO_3D sets the default.
    """
    kind = kind or os.environ.get("HARSTUDIO_3D", "")
    if kind == "gl" or (not kind and gl_is_worth_it()):
        try:
            from harstudio.studio.panes.skeleton3d_gl import GlView

            return GlView(orbit, parent)
        except (RuntimeError, OSError, ImportError, ValueError, IndexError, AttributeError):
            if kind:
                raise
            logger.warning("the 3D view goes on without OpenGL", exc_info=True)
    return SoftView(orbit, parent)


class Skeleton3DPane(Pane):
    """People and what the cameras saw of them, from any side."""

    pane_id = "skeleton3d"
    title = "3D"

    def __init__(self, session: Viewing, parent: QWidget | None = None, *, view: str = "") -> None:
        super().__init__(session, parent)
        self.orbit = Orbit()
        self._kind = view
        self.view: QWidget | None = None
        self._making_view = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(AFTER_PICTURES_MS)
        self._soon.timeout.connect(self._catch_up)
        self._maker: CloudMaker | None = None
        self._tolerances: dict[str, int] = {}
        self._cloud: Cloud | None = None
        self._cloud_times: tuple[int | None, int | None] = (None, None)  # of depth and colour
        self._heat: CloudHeat | None = None
        self._shown: tuple[int | None, int | None, int | None] = (None, None, None)
        self.legend: Legend | None = None
        self._empty = QLabel(self)
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.set_body(self._empty)
        for name, title in PRESET_TITLES.items():
            tip = f"Look from the {name}"
            self.add_button(name, title, tip, getattr(self, f"_look_{name}"), checked=None)
        self.add_button(
            "cloud", "Cloud", "Coloured points of the depth picture", self._toggle, checked=True
        )
        session.explaining.changed.connect(self._explain)
        session.privacy.changed.connect(self._show_again)
        self.recolor()
        self.show_recording(session.recording)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(420, 320)

    # ---- the view, made when it is first seen: GL takes a moment

    def _ensure_view(self) -> None:
        if self.view is not None or self._making_view:
            return
        self._making_view = True  # making a GL canvas lets events through, this call among them
        self.view = make_view(self.orbit, self, self._kind)
        self._making_view = False
        self._shown = (None, None, None)  # what those calls took for shown had no view yet
        self.set_body(self.view)
        self.legend = Legend(self.view)
        self._mouse = OrbitMouse(self.orbit, self.view.mouse_widget)
        self._mouse.changed.connect(self._orbit_changed)
        self._mouse.reset.connect(self._reset)
        view = self.view  # not its method: when this is told, Qt may no longer find it as a slot
        self.destroyed.connect(lambda: view.close_view())

    def look(self, preset: str) -> None:
        """Stand at "front", "side", "top" or "free"."""
        self.orbit.look(preset)
        self._orbit_changed()

    def _look_front(self) -> None:
        self.look("front")

    def _look_side(self) -> None:
        self.look("side")

    def _look_top(self) -> None:
        self.look("top")

    def _reset(self) -> None:
        self.orbit.distance = DISTANCE_M
        self.orbit.center = self.session.looks.center
        self.look("free")

    def _orbit_changed(self) -> None:
        if self.view is not None:
            self.view.orbit_changed()
        self._tell()

    def recolor(self) -> None:
        tokens = theme.current()
        self._empty.setStyleSheet(f"color: {tokens.quiet}; background: {tokens.canvas};")
        if self.view is not None and isValid(self.view):
            self.view.recolor()

    # ---- following

    def _moved(self, position_ns: int) -> None:
        """While playing, paint just after the pictures: two short turns of the window, not one
        long one that keys and mouse would have to wait for."""
        if not self.session.transport.playing:
            super()._moved(position_ns)
        elif self.isVisible() and not self._soon.isActive():
            self._soon.start()

    def _catch_up(self) -> None:
        if self.isVisible():
            self.show_time(self.session.transport.position_ns)

    def show_recording(self, recording: Recording | None) -> None:
        kinds = (StreamKind.SKELETON, StreamKind.DEPTH, StreamKind.COLOR)
        found = [None if recording is None else recording.of_kind(kind) for kind in kinds]
        self._streams = [s if s is not None and len(s) else None for s in found]
        self._skeleton, self._depth, self._color = self._streams
        self._topology = topology(self._skeleton.topology) if self._skeleton else None
        self._maker = self._cloud = self._heat = None
        self._shown = (None, None, None)
        if recording is not None:
            there = [s for s in self._streams if s is not None]
            self._tolerances = {s.name: recording.tolerance_ns(s) for s in there}
            if self._depth is not None and self._depth.name in recording.cameras:
                ranges = self.session.looks.ranges
                range_mm = ranges.get(self._depth.name, DEFAULT_DEPTH_MM)
                self._maker = CloudMaker(recording, self._depth, self._color, range_mm)
                self._heat = CloudHeat(recording, self._depth)
        self.toggle("cloud").setVisible(self._maker is not None)
        self.orbit.center, self.orbit.distance = self.session.looks.center, DISTANCE_M
        self._show_emptiness(recording)
        self._show_scene(None)
        self._orbit_changed()

    @property
    def _has_content(self) -> bool:
        return self._skeleton is not None or self._maker is not None

    def _show_emptiness(self, recording: Recording | None) -> None:
        if recording is None:
            self._empty.setText("Open a recording, or drop one here.")
        else:
            self._empty.setText("This recording has no skeleton and no depth camera.")
        self._empty.setVisible(not self._has_content)
        if self.view is not None:
            self.view.setVisible(self._has_content)
        for name in PRESET_TITLES:
            self.toggle(name).setVisible(self._has_content)

    def show_time(self, position_ns: int) -> None:
        if not self._has_content:
            return
        self._ensure_view()
        wanted = tuple(
            None if s is None else s.nearest(position_ns, self._tolerances[s.name])
            for s in self._streams
        )
        if wanted == self._shown:
            return
        people, depth, color = wanted
        if not self._shows_cloud or self._update_cloud(depth, color):
            self._shown = wanted
        self._show_scene(people)

    def _show_again(self) -> None:
        """What may be seen is another: no point keeps the colour of before."""
        self._cloud = None
        self._shown = (None, None, None)
        self._show_scene(None)
        self.show_time(self.session.transport.position_ns)

    def show_arrival(self, stream: str, index: int) -> None:
        names = [s.name for s in (self._depth, self._color) if s is not None]
        if self._shows_cloud and stream in names:
            self.show_time(self.session.transport.position_ns)

    @property
    def _shows_cloud(self) -> bool:
        return self._maker is not None and self.toggle("cloud").isChecked()

    def _update_cloud(self, depth: int | None, color: int | None) -> bool:
        """Make the points of this moment; False while a picture is still being read."""
        if depth is None:
            self._cloud = None
            return True
        data = self.session.cache.get(self._depth, depth)
        picture = None if color is None else self.session.cache.get(self._color, color)
        if data is None or (color is not None and picture is None):
            return False  # the old cloud stays
        if color is not None:
            picture = self.session.privacy.shown(self._color, color, picture)
        self._cloud = self._maker.make(data, picture)
        self._cloud_times = (
            int(self._depth.times_ns[depth]),
            None if color is None else int(self._color.times_ns[color]),
        )
        return True

    def _heated(self) -> tuple[Cloud | None, Meaning | None]:
        """The points with the map that is shown over the pictures, and what its colours mean."""
        if not self._shows_cloud or self._cloud is None or self._heat is None:
            return None, None
        explaining = self.session.explaining
        stream, (time_ns, color_ns) = self._depth, self._cloud_times
        patch = explaining.patch(time_ns)
        if patch is not None and self._color is not None and patch.stream == self._color.name:
            stream, time_ns = self._color, time_ns if color_ns is None else color_ns
            patch = explaining.patch(time_ns)
        if patch is None:
            return self._cloud, None
        strength = patch.strength(time_ns, stream.period_ns)
        start_ns, go = self.session.recording.start_ns, partial(self.go_to, patch.time_ns)
        meaning = map_meaning(explaining, patch, strength == 1, start_ns, go)
        if not self._heat.reaches(patch.stream):
            note = f"not on the points: where {patch.stream} looks from is not known"
            return self._cloud, replace(meaning, note=note, link="")
        return self._heat.on(self._cloud, patch, meaning.table, strength), meaning

    def _show_scene(self, index: int | None) -> None:
        if self.view is None:
            return
        bodies = (
            () if index is None or self._skeleton is None else self._skeleton.frame(index).bodies
        )
        looks = self.session.looks
        weights = {} if index is None else self._weights(index, bodies)
        cloud, heat = self._heated()
        if self.legend is not None:
            joints = None if index is None or not bodies else self._joint_meaning(index)
            self.legend.tell([one for one in (heat, joints) if one is not None])
        self.view.set_scene(
            Scene(
                people=tuple((looks.person(body.id), body) for body in bodies),
                topology=self._topology,
                cloud=cloud,
                floor_m=looks.floor_m,
                center=looks.center,
                weights=weights,
                links={} if index is None else self._links(index, bodies),
            )
        )

    def _links(self, index: int, bodies: Sequence[Body]) -> dict[str, Lines]:
        """Lines between the joints of each person."""
        explaining, time_ns = self.session.explaining, int(self._skeleton.times_ns[index])
        on = self._skeleton.topology
        return {body.id: explaining.links_of(time_ns, body.id, on) for body in bodies}

    def _weights(self, index: int, bodies: Sequence[Body]) -> dict[str, NDArray[np.float32]]:
        """How much the joints of each person counted."""
        explaining, time_ns = self.session.explaining, int(self._skeleton.times_ns[index])
        on = self._skeleton.topology
        found = {b.id: explaining.weights_of(time_ns, b.id, on) for b in bodies}
        return {body: row for body, row in found.items() if row is not None}

    def _joint_meaning(self, index: int) -> Meaning | None:
        return joint_meaning(self.session.explaining, int(self._skeleton.times_ns[index]))

    def _explain(self) -> None:
        """Other maps or weights, or none any more."""
        if not self.isVisible() or self.view is None or not self._has_content:
            return
        now, skeleton = self.session.transport.position_ns, self._skeleton
        near = None
        if skeleton is not None:
            near = skeleton.nearest(now, self._tolerances[skeleton.name])
        self._show_scene(near)

    def _toggle(self, _checked: bool) -> None:
        self._shown = (None, None, None)
        self.show_time(self.session.transport.position_ns)

    def _tell(self) -> None:
        self.set_detail(f"orbit · {self.orbit.name()}" if self._has_content else "")
