"""The learning curve: how many clips are named right while held out, against labelled clips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from harstudio.runs.suggestions import Learned
from harstudio.studio import theme
from harstudio.studio.helping.words import measured, point_text
from harstudio.studio.plots import plain

HEIGHT_PX = 118
AXIS_PX = 30
NEAR_PX = 40.0  # so far the mouse may be from a point that it tells of


class LearningCurve(QWidget):
    """A point with its 95 % interval for every training; hovering tells when and what."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Learning curve")
        self.points: list[Learned] = []
        self.area = pg.PlotWidget()
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setFixedHeight(HEIGHT_PX)
        self.plot = self.area.getPlotItem()
        plain(self.plot, self)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.getAxis("left").setWidth(AXIS_PX)
        for side in ("left", "bottom"):
            self.plot.getAxis(side).enableAutoSIPrefix(False)
        none = np.empty(0)
        self._bars = pg.ErrorBarItem(x=none, y=none, top=none, bottom=none)
        self._line = self.plot.plot([], [], antialias=True)
        self._dots = pg.ScatterPlotItem(size=7)
        self._marked = pg.ScatterPlotItem(size=11)
        for item in (self._bars, self._dots, self._marked):
            self.plot.addItem(item)
        self.told = QLabel()
        self.told.setProperty("quiet", True)
        self.told.setFont(theme.time_font(theme.QUIET_PX))
        self.told.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.area)
        column.addWidget(self.told)
        self.area.scene().sigMouseMoved.connect(self._hover)
        theme.theme_events.changed.connect(self._recolor)
        self._recolor()

    def show_curve(self, curve: Sequence[Learned]) -> None:
        """Draw these trainings, by the number of clips that they learned from."""
        self.points = sorted(measured(curve), key=lambda one: (one.clips, one.at))
        x = [float(one.clips) for one in self.points]
        y = [100 * one.accuracy for one in self.points]
        bars = {
            "x": x,
            "y": y,
            "top": [100 * (one.high - one.accuracy) for one in self.points],
            "bottom": [100 * (one.accuracy - one.low) for one in self.points],
        }
        self._bars.setData(**{key: np.asarray(told, dtype=float) for key, told in bars.items()})
        self._line.setData(x, y)
        self._dots.setData(x, y)
        far = max(x, default=1.0)
        room = max(0.06 * (far - min(x, default=0.0)), 2.0)
        self.plot.setXRange(min(x, default=0.0) - room, far + room, padding=0)
        self.plot.setYRange(0, 100, padding=0.04)
        self._rest()

    # ---- telling

    def _rest(self) -> None:
        """Tell of the newest training."""
        if self.points:
            self.tell(max(range(len(self.points)), key=lambda place: self.points[place].at))
        else:
            self.told.setText("")

    def tell(self, place: int) -> None:
        """Mark one training and tell of it."""
        one = self.points[place]
        self._marked.setData([float(one.clips)], [100 * one.accuracy])
        self.told.setText(point_text(one))
        self.setAccessibleDescription(point_text(one))

    def _hover(self, where: QPointF) -> None:
        box = self.plot.getViewBox()
        near = [
            (abs(box.mapViewToScene(QPointF(one.clips, 100 * one.accuracy)).x() - where.x()), place)
            for place, one in enumerate(self.points)
        ]
        if near and min(near)[0] <= NEAR_PX and box.sceneBoundingRect().contains(where):
            self.tell(min(near)[1])
        else:
            self._rest()

    def leaveEvent(self, event: object) -> None:  # noqa: N802
        self._rest()
        super().leaveEvent(event)

    # ---- colours

    def _recolor(self) -> None:
        tokens = theme.current()
        self.area.setBackground(tokens.surface)
        for side, name in (("left", "%"), ("bottom", "labelled clips")):
            axis = self.plot.getAxis(side)
            axis.setPen(tokens.line)
            axis.setTextPen(tokens.quiet)
            axis.setStyle(tickFont=theme.time_font(theme.TIME_PX), tickLength=-4, maxTickLevel=0)
            axis.label.setFont(theme.time_font(theme.TIME_PX))
            axis.labelStyle = {"color": tokens.quiet, "font-size": f"{theme.TIME_PX}px"}
            axis.setLabel(name if side == "bottom" else None)
        self.plot.showGrid(x=False, y=True, alpha=0.65)
        faint = QColor(tokens.accent)
        faint.setAlpha(150)
        self._bars.setOpts(pen=pg.mkPen(faint, width=1), beam=0)
        self._line.setPen(pg.mkPen(tokens.accent, width=1.5))
        self._dots.setBrush(tokens.accent)
        self._dots.setPen(None)
        self._marked.setBrush(None)
        self._marked.setPen(pg.mkPen(tokens.text, width=1.5))
