"""Signals over time: joint speed, inertial channels, sound; click to go there."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QComboBox, QGraphicsItem, QLabel, QWidget

from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SECOND_NS, SkeletonStream, StreamKind
from harstudio.runs.recognised.words import joint_title
from harstudio.skeletons.topology import topology
from harstudio.studio import theme
from harstudio.studio.background import Task
from harstudio.studio.panes.curves import Curves, make_curves
from harstudio.studio.panes.overlays import side_colors
from harstudio.studio.panes.pane import Pane
from harstudio.studio.session import Session

FASTEST = "fastest joints"
CURVE_COLORS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#0072B2", "#D55E00")
HEAD_EVERY_S = 0.033  # while playing: each move repaints a strip of every plot
CACHED = QGraphicsItem.CacheMode.DeviceCoordinateCache  # so that it costs 1 ms and not 6
NAMES_PX, LEFT_AXIS_PX = 52, 32


class SignalsPane(Pane):
    """Up to four plots on one time axis; the playhead is a line through all of them."""

    pane_id = "signals"
    title = "Signals"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self._task: Task | None = None
        self._curves: Curves | None = None
        self._moved_s = 0.0
        self._joints: tuple[str, ...] = ()
        self._topology_name = ""
        self._plots: list[pg.PlotItem] = []
        self._heads: list[pg.InfiniteLine] = []
        self.choice = QComboBox(self.header)
        self.choice.setObjectName("signals-joint")
        self.choice.setToolTip("Joint whose speed is drawn")
        self.choice.setFixedHeight(22)
        self.choice.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.choice.currentIndexChanged.connect(self._draw)
        self.add_header_widget(self.choice)
        self.area = pg.GraphicsLayoutWidget(self)
        self.area.ci.setContentsMargins(0, 4, 8, 4)
        self.area.ci.setSpacing(2)
        self.area.scene().sigMouseClicked.connect(self._clicked)
        self.empty = QLabel(self)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.set_body(self.area)
        self.set_body(self.empty)
        session.transport.playing_changed.connect(self._catch_up)
        self.recolor()
        self.show_recording(session.recording)

    # ---- following

    def show_recording(self, recording: Recording | None) -> None:
        self.stop()
        self._curves = None
        self._fill_choice(recording)
        self._clear()
        if recording is None:
            self._say("Open a recording, or drop one here.")
            return
        self._say("Reading signals")
        self._task = Task(lambda _progress, cancelled: make_curves(recording, cancelled), self)
        self._task.finished.connect(self._computed)
        self._task.failed.connect(self._failed)
        self._task.start()

    def stop(self) -> None:
        """End the work beside the window."""
        if self._task is not None:
            self._task.cancel(wait_s=2.0)
            self._task.deleteLater()
            self._task = None

    def _fill_choice(self, recording: Recording | None) -> None:
        skeleton = None if recording is None else recording.of_kind(StreamKind.SKELETON)
        names: tuple[str, ...] = ()
        self._topology_name = ""
        if isinstance(skeleton, SkeletonStream) and len(skeleton):
            self._topology_name = skeleton.topology
            names = topology(skeleton.topology).joints
        if names != self._joints:
            self._joints = names
            self.choice.blockSignals(True)
            self.choice.clear()
            self.choice.addItems([FASTEST, *map(joint_title, names)])
            self.choice.blockSignals(False)
        self.choice.setVisible(bool(names))

    def _computed(self, curves: Curves) -> None:
        self._curves = curves
        self._draw()

    def _failed(self, error: Exception) -> None:
        self._say(f"The signals of this recording cannot be drawn: {error}")

    def show_time(self, position_ns: int) -> None:
        now = time.monotonic()
        if self.session.transport.playing and now - self._moved_s < HEAD_EVERY_S:
            return
        self._moved_s = now
        seconds = position_ns / SECOND_NS
        for head in self._heads:
            head.setValue(seconds)

    def _catch_up(self, _playing: bool) -> None:
        if self.isVisible():
            self.show_time(self.session.transport.position_ns)

    # ---- drawing

    def _say(self, sentence: str) -> None:
        self.empty.setText(sentence)
        self.empty.setVisible(bool(sentence))
        self.area.setVisible(not sentence)

    def _clear(self) -> None:
        self.area.clear()
        self._plots, self._heads = [], []
        self.set_detail("")

    def _draw(self, *_: object) -> None:
        curves = self._curves
        if curves is None:
            return
        self._clear()
        if len(curves.speed_s):
            self._draw_speed(curves)
        for columns in self._inertial_groups(curves):
            plot = self._add_plot()
            for number, column in enumerate(columns):
                values = curves.inertial[:, column]
                self._curve(plot, curves.inertial_s, values, CURVE_COLORS[number % 6])
            self._name_curves([curves.channels[column] for column in columns], CURVE_COLORS)
        if len(curves.sound_s):
            self._draw_sound(curves)
        if not self._plots:
            self._say("This recording has no skeleton, no inertial sensor and no sound.")
            return
        self._say("")
        self._plots[-1].getAxis("bottom").setStyle(showValues=True)
        self.show_time(self.session.transport.position_ns)

    def _draw_speed(self, curves: Curves) -> None:
        chosen = self.choice.currentIndex() - 1
        joints = [chosen] if chosen >= 0 else self._fastest(curves)
        plot = self._add_plot()
        names = [joint_title(self._joints[joint]) for joint in joints]
        sides = topology(self._topology_name).sides
        by_side = side_colors(0, on_picture=False)
        colors = [by_side[sides[joint]].name() for joint in joints]
        for joint, color in zip(joints, colors, strict=True):
            self._curve(plot, curves.speed_s, curves.speeds[:, joint], color)
        self._name_curves(["m/s"], (theme.current().quiet,))
        plot.setYRange(0, max(0.5, float(np.nan_to_num(np.nanmax(curves.speeds[:, joints])))))
        self.set_detail(f"{' and '.join(names)} speed, m/s")

    def _draw_sound(self, curves: Curves) -> None:
        plot = self._add_plot()
        self._name_curves(["sound"], (theme.current().quiet,))
        x, y = np.repeat(curves.sound_s, 2), curves.sound.reshape(-1)  # low, high, low, high
        item = plot.plot(x, y, pen=pg.mkPen(theme.current().accent, width=1))
        item.setDownsampling(auto=False)  # it already is the envelope
        item.curve.setCacheMode(CACHED)
        loudest = max(0.05, float(np.abs(curves.sound).max()))
        plot.setYRange(-loudest, loudest)
        plot.getAxis("left").setStyle(showValues=False)

    def _fastest(self, curves: Curves) -> list[int]:
        """The joint that moves most on either side of the body."""
        totals = np.nansum(curves.speeds, axis=0)
        sides = np.array(topology(self._topology_name).sides)
        members = [np.flatnonzero(sides == side) for side in ("left", "right")]
        return [int(m[np.argmax(totals[m])]) for m in members if len(m)] or [int(totals.argmax())]

    @staticmethod
    def _inertial_groups(curves: Curves) -> list[list[int]]:
        """Channels that belong in one plot: those that begin alike (ax ay az, gx gy gz)."""
        groups: dict[str, list[int]] = {}
        for column, channel in enumerate(curves.channels):
            groups.setdefault(channel[:1].lower(), []).append(column)
        return list(groups.values())

    def _add_plot(self) -> pg.PlotItem:
        tokens = theme.current()
        plot = self.area.addPlot(row=len(self._plots), col=1)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(x=True, y=False)
        plot.showGrid(x=False, y=True, alpha=0.15)
        plot.setClipToView(True)
        plot.setDownsampling(auto=True, mode="peak")
        font = theme.time_font(theme.TIME_PX)
        for name in ("left", "bottom"):
            axis = plot.getAxis(name)
            axis.setCacheMode(CACHED)
            axis.setPen(tokens.line)
            axis.setTextPen(tokens.quiet)
            axis.setStyle(tickFont=font, tickLength=-4)
        plot.getAxis("left").enableAutoSIPrefix(False)
        plot.getAxis("left").setWidth(LEFT_AXIS_PX)
        plot.getAxis("bottom").setStyle(showValues=False)
        transport = self.session.transport
        start, stop = transport.start_ns / SECOND_NS, transport.stop_ns / SECOND_NS
        plot.setXRange(start, stop, padding=0)
        plot.setLimits(xMin=start, xMax=stop)
        if self._plots:
            plot.setXLink(self._plots[0])
        head = pg.InfiniteLine(angle=90, movable=False, pen=pg.mkPen(tokens.text, width=1.5))
        head.setZValue(10)
        plot.addItem(head, ignoreBounds=True)
        self._plots.append(plot)
        self._heads.append(head)
        return plot

    @staticmethod
    def _curve(plot: pg.PlotItem, x: Any, y: Any, color: str) -> None:
        item = plot.plot(x, y, pen=pg.mkPen(color, width=1.5), connect="finite")
        item.curve.setCacheMode(CACHED)

    def _name_curves(self, names: Sequence[str], colors: Sequence[str]) -> None:
        """The names left of the latest plot, each in the colour of its curve."""
        spans = [
            f'<span style="color: {color}; font-size: {theme.TIME_PX}px">{name}</span>'
            for name, color in zip(names, itertools.cycle(colors), strict=False)
        ]
        label = self.area.addLabel(" ".join(spans), row=len(self._plots) - 1, col=0)
        label.setFixedWidth(NAMES_PX)
        label.setMinimumHeight(0)

    def recolor(self) -> None:
        tokens = theme.current()
        self.area.setBackground(tokens.canvas)
        self.empty.setStyleSheet(f"color: {tokens.quiet}; background: {tokens.canvas};")
        self.choice.setFont(theme.ui_font(theme.TIME_PX))
        self._draw()

    # ---- mouse

    def _clicked(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._plots:
            self.seek_to(event.scenePos())

    def seek_to(self, scene_position: QPointF) -> None:
        """Move the playhead to where in the plots the position lies."""
        view = self._plots[0].vb
        seconds = view.mapSceneToView(scene_position).x()
        self.session.transport.seek(round(seconds * SECOND_NS))
