"""The learning curve: how many clips are named right while held out, against labelled clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from harstudio.runs.suggestions import Learned
from harstudio.studio import theme
from harstudio.studio.helping.words import measured, point_text, worth
from harstudio.studio.plots import plain

HEIGHT_PX, COMPACT_PX = 104, 66
AXIS_PX = 28
NEAR_PX = 40.0  # so far the mouse may be from a point that it tells of
TICKS = [[(0, "0"), (50, "50"), (100, "100")]]


class LearningCurve(QWidget):
    """A point with its 95 % interval for every training; hovering tells when and what. Trainings
    of other runs than the one that looks now are hollow."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Learning curve")
        self.points: list[Learned] = []
        self._run = self._said = ""
        self.area = pg.PlotWidget()
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setFixedHeight(HEIGHT_PX)
        self.plot = self.area.getPlotItem()
        plain(self.plot, self)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.getAxis("left").setWidth(AXIS_PX)
        self.plot.getAxis("left").setTicks(TICKS)
        self.plot.getAxis("bottom").enableAutoSIPrefix(False)
        none = np.empty(0)
        self._bars = pg.ErrorBarItem(x=none, y=none, top=none, bottom=none)
        self._line = self.plot.plot([], [], antialias=True)
        self._dots, self._others = pg.ScatterPlotItem(size=7), pg.ScatterPlotItem(size=6)
        self._marked = pg.ScatterPlotItem(size=12)
        for item in (self._bars, self._others, self._dots, self._marked):
            self.plot.addItem(item)
        self._unit = pg.LabelItem("")
        self._unit.setParentItem(self.plot.getViewBox())
        self._unit.anchor((1, 1), (1, 1), offset=(0, -4))
        self.told = QLabel()
        self.told.setProperty("quiet", True)
        self.told.setFont(theme.ui_font(theme.QUIET_PX))
        self.told.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.area)
        column.addWidget(self.told)
        self.area.scene().sigMouseMoved.connect(self._hover)
        theme.theme_events.changed.connect(self._recolor)
        self._recolor()

    def set_compact(self, compact: bool) -> None:
        """Whether there is little room."""
        self.area.setFixedHeight(COMPACT_PX if compact else HEIGHT_PX)
        self._unit.setVisible(not compact)

    def show_curve(self, curve: Sequence[Learned], run: str) -> None:
        """Draw these trainings, by the number of clips that they learned from. run: the folder of
        the run that looks now."""
        self._run = run
        self.points = sorted(measured(curve), key=lambda one: (one.clips, one.at))
        mine = [one for one in self.points if one.run == run]
        others = [one for one in self.points if one.run != run]
        x, y = _places(mine)
        bars = {
            "x": x,
            "y": y,
            "top": [100 * (one.high - one.accuracy) for one in mine],
            "bottom": [100 * (one.accuracy - one.low) for one in mine],
        }
        self._bars.setData(**{key: np.asarray(told, dtype=float) for key, told in bars.items()})
        self._line.setData(x, y)
        self._dots.setData(x, y)
        self._others.setData(*_places(others))
        far = max((one.clips for one in self.points), default=10)
        self.plot.setXRange(0, 1.06 * far, padding=0)
        self.plot.setYRange(0, 100, padding=0.14)
        self.area.setVisible(bool(self.points))
        self._said = worth([one for one in curve if one.run == run])
        self._rest()

    # ---- telling

    def _rest(self) -> None:
        """Say what the curve means."""
        self._marked.setData([], [])
        self.told.setText(self._said)
        self.told.setVisible(bool(self._said))
        self.setAccessibleDescription(self._said)

    def tell(self, place: int) -> None:
        """Mark one training and tell of it."""
        one = self.points[place]
        self._marked.setData([float(one.clips)], [100 * one.accuracy])
        other = "" if one.run == self._run else f" · {Path(one.run).name}"
        self.told.setText(f"{point_text(one)}{other}")
        self.told.show()

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
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(tokens.line)
            axis.setTextPen(tokens.quiet)
            axis.setStyle(tickFont=theme.time_font(theme.TIME_PX), tickLength=-4, maxTickLevel=0)
        self._unit.setText(
            "% right, by labelled clips", color=tokens.quiet, size=f"{theme.TIME_PX}px"
        )
        self.plot.showGrid(x=False, y=True, alpha=0.65)
        faint = QColor(tokens.accent)
        faint.setAlpha(150)
        self._bars.setOpts(pen=pg.mkPen(faint, width=1), beam=0)
        self._line.setPen(pg.mkPen(tokens.accent, width=1.5))
        self._dots.setBrush(tokens.accent)
        self._dots.setPen(None)
        self._others.setBrush(None)
        self._others.setPen(pg.mkPen(tokens.quiet, width=1.2))
        self._marked.setBrush(None)
        self._marked.setPen(pg.mkPen(tokens.text, width=1.5))


def _places(points: Sequence[Learned]) -> tuple[list[float], list[float]]:
    return [float(one.clips) for one in points], [100 * one.accuracy for one in points]
