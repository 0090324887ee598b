"""The curves of several runs on one plot: a colour a run, validation solid, training dashed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from harstudio.studio import theme
from harstudio.studio.buttons import ToolButton
from harstudio.studio.comparison.reading import Side
from harstudio.studio.evaluation.marks import ground, hues
from harstudio.studio.plots import plain
from harstudio.studio.training.curves import LEFT_AXIS_PX, EpochAxis, with_gaps

WHAT = ("accuracy", "loss")
PARTS = {"validation": Qt.PenStyle.SolidLine, "train": Qt.PenStyle.DashLine}
WORDS, UNVALIDATED = "solid: validation, dashed: training", "of the training part"


class ComparedCurves(QWidget):
    """Accuracy or loss after each epoch."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.what = WHAT[0]
        self._sides: Sequence[Side] = ()
        self._validated = False  # whether any run has a validation part
        self.area = pg.PlotWidget(axisItems={"bottom": EpochAxis("bottom")})
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot = self.area.getPlotItem()
        plain(self.plot, self)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.setLabel("bottom", "epoch")
        for side in ("left", "bottom"):
            self.plot.getAxis(side).enableAutoSIPrefix(False)
        self.plot.getAxis("left").setWidth(LEFT_AXIS_PX)
        self.legend = QLabel(wordWrap=True)
        self.legend.setFont(theme.ui_font(theme.QUIET_PX))
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.buttons = {what: ToolButton(what) for what in WHAT}
        head = QHBoxLayout()
        head.setContentsMargins(LEFT_AXIS_PX + 8, 4, 8, 2)
        head.addWidget(self.legend, 1)
        for what, button in self.buttons.items():
            button.setCheckable(True)
            button.setToolTip(f"Draw the {what}")
            button.clicked.connect(lambda _checked=False, what=what: self.choose(what))
            head.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.area, 1)
        theme.theme_events.changed.connect(self.draw)
        self.draw()

    def show_sides(self, sides: Sequence[Side]) -> None:
        self._sides = sides
        self.draw()

    def choose(self, what: str) -> None:
        """ "accuracy" or "loss"."""
        self.what = what
        self.draw()

    def draw(self) -> None:
        """All anew."""
        tokens = theme.current()
        for what, button in self.buttons.items():
            button.setChecked(what == self.what)
        self.area.setBackground(ground())
        self.plot.clear()
        self.plot.setLabel("left", self.what, color=tokens.quiet)
        self.plot.setLabel("bottom", "epoch", color=tokens.quiet)
        for where in ("left", "bottom"):
            axis = self.plot.getAxis(where)
            axis.setPen(tokens.line)
            axis.setTextPen(tokens.quiet)
            axis.setStyle(tickFont=theme.time_font(theme.TIME_PX), tickLength=-4, maxTickLevel=0)
        self.plot.showGrid(x=False, y=True, alpha=0.65)
        colors = hues(len(self._sides))
        self._validated = any(
            math.isfinite(epoch.validation_loss)
            for side in self._sides
            for epoch in side.growth.epochs
        )
        for side, color in zip(self._sides, colors, strict=True):
            self._draw_side(side, color)
        self._fit()
        self.legend.setText(self._legend(colors))

    def _draw_side(self, side: Side, color: str) -> None:
        starts = [band.start for band in side.growth.bands[1:]]
        ends = [float(epoch.end) for epoch in side.growth.epochs]
        for part, style in PARTS.items():
            values = [getattr(epoch, f"{part}_{self.what}") for epoch in side.growth.epochs]
            if any(map(math.isfinite, values)):
                style = style if self._validated else Qt.PenStyle.SolidLine
                pen = pg.mkPen(color, width=2, style=style)
                points = with_gaps(ends, values, starts)
                self.plot.plot(*points, pen=pen, connect="finite", antialias=True)

    def _fit(self) -> None:
        epochs = [epoch for side in self._sides for epoch in side.growth.epochs]
        self.plot.setXRange(0, max([epoch.end for epoch in epochs], default=1), padding=0.02)
        if self.what == "accuracy":
            self.plot.setYRange(0, 1, padding=0.02)
            return
        losses = [value for e in epochs for value in (e.train_loss, e.validation_loss)]
        highest = max([one for one in losses if math.isfinite(one)], default=1.0)
        self.plot.setYRange(0, highest, padding=0.03)

    def _legend(self, colors: Sequence[str]) -> str:
        told = []
        for side, color in zip(self._sides, colors, strict=True):
            none = "" if side.growth.epochs else " (no epochs)"
            name = side.name.replace("&", "&amp;").replace("<", "&lt;")
            told.append(f'<span style="color:{color}">●</span>&nbsp;{name}{none}')
        words = WORDS if self._validated else UNVALIDATED
        told.append(f'<span style="color:{theme.current().quiet}">{words}</span>')
        return " &nbsp; ".join(told)
