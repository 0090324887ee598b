"""The curves of a run while it grows: loss above, accuracy below, stages as bands."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGraphicsItem, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from harstudio.studio import theme
from harstudio.studio.plots import plain
from harstudio.studio.training.growth import Band, Epoch, Growth

LEFT_AXIS_PX = 44
BAND_SHARE = 0.055  # of the text colour in the ground; opaque, which is painted faster
STEP_ALPHA = 110
GRID_ALPHA = {"dark": 0.65, "light": 0.65}
DOTS_UP_TO = 40  # epochs; more would be a string of beads
# Okabe-Ito blue and orange, darker where they stand on white.
TRAIN = {"dark": "#56B4E9", "light": "#0B66A8"}
VALIDATION = {"dark": "#E69F00", "light": "#A34E00"}


class EpochAxis(pg.AxisItem):
    """Whole numbers only: there is no half epoch."""

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:  # noqa: N802
        levels = super().tickSpacing(low, high, size)
        return [level for level in levels if level[0] >= 1] or [(1.0, 0.0)]


class RunCurves(QWidget):
    """Two plots on one axis of epochs, and a line of text that tells what the mouse is at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("run_curves")
        self._growth = Growth()
        self._end = self._highest = 0.0  # of the axes
        self.area = pg.GraphicsLayoutWidget(self)
        self.area.ci.setContentsMargins(4, 0, 12, 4)
        self.area.ci.setSpacing(6)
        self._bands: list[pg.LinearRegionItem] = []
        self._names: list[pg.TextItem] = []
        self.loss = self._add_plot(0, "loss")
        self.accuracy = self._add_plot(1, "accuracy")
        self.accuracy.setYRange(0, 1, padding=0.02)
        self.loss.setXLink(self.accuracy)
        self._steps = self.loss.plot([], [])
        self._curves = {
            (part, what): plot.plot([], [])
            for part in ("train", "validation")
            for what, plot in (("loss", self.loss), ("accuracy", self.accuracy))
        }
        for curve in self._curves.values():
            curve.setData([], [], antialias=True)
        self._best = pg.ScatterPlotItem(size=10, symbol="o")
        self._best.setZValue(5)
        self._best_part = "validation"
        self.accuracy.addItem(self._best)
        self._rulers = [pg.InfiniteLine(angle=90, movable=False) for _ in range(2)]
        for ruler, plot in zip(self._rulers, (self.loss, self.accuracy), strict=True):
            ruler.hide()
            plot.addItem(ruler, ignoreBounds=True)
        self.legend, self.told = QLabel(), QLabel()
        for label in (self.legend, self.told):
            label.setFont(theme.time_font(theme.QUIET_PX))
            label.setTextFormat(Qt.TextFormat.RichText)
        self.told.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.told.setObjectName("curve_values")
        head = QHBoxLayout()
        head.setContentsMargins(LEFT_AXIS_PX + 8, 4, 16, 2)
        head.addWidget(self.legend)
        head.addWidget(self.told, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.area, 1)
        self.empty = QLabel("The curves begin with the first step.", self)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setProperty("quiet", True)
        column.addWidget(self.empty, 1)
        self.area.scene().sigMouseMoved.connect(self._hover)
        theme.theme_events.changed.connect(self.recolor)
        self.recolor()
        self.show_growth(self._growth)

    def _add_plot(self, row: int, name: str) -> pg.PlotItem:
        plot = self.area.addPlot(row=row, col=0, axisItems={"bottom": EpochAxis("bottom")})
        plain(plot, self)
        plot.setMouseEnabled(x=False, y=False)
        plot.setClipToView(True)
        left = plot.getAxis("left")
        left.setWidth(LEFT_AXIS_PX)
        left.enableAutoSIPrefix(False)
        for side in ("left", "bottom"):  # painting the grid anew takes 10 ms
            plot.getAxis(side).setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        plot.setLabel("left", name)
        bottom = plot.getAxis("bottom")
        bottom.enableAutoSIPrefix(False)
        if row == 0:
            bottom.setStyle(showValues=False)
        else:
            plot.setLabel("bottom", "epoch")
        return plot

    # ---- showing

    def show_growth(self, growth: Growth) -> None:
        """Draw all of a run; called again whenever it grew."""
        self._growth = growth
        there = bool(growth.bands)
        self.empty.setVisible(not there)
        for widget in (self.area, self.legend):
            widget.setVisible(there)
        starts = [band.start for band in growth.bands[1:]]
        self._steps.setData(*with_gaps(growth.step_at, growth.step_loss, starts), connect="finite")
        ends = [float(epoch.end) for epoch in growth.epochs]
        dots = "o" if len(ends) <= DOTS_UP_TO else None
        for (part, what), curve in self._curves.items():
            values = [getattr(epoch, f"{part}_{what}") for epoch in growth.epochs]
            known = any(map(math.isfinite, values))  # pyqtgraph warns of curves of NaN only
            points = with_gaps(ends, values, starts) if known else ([], [])
            curve.setData(*points, symbol=dots, connect="finite")
        best = growth.best()
        self._best.setData(*(([best[1]], [best[0]]) if best else ([], [])))
        self._best_part = best[2] if best else "validation"
        self._tint_best()
        self.legend.setText(self._legend())
        self._fit(growth)
        self._show_bands(growth.bands)
        self._leave()

    def _fit(self, growth: Growth) -> None:
        end = room_for(growth.end)
        if end != self._end:  # axes are painted anew only when there is no room left
            self._end = end
            self.accuracy.setXRange(0, end, padding=0.02)
        losses = [e.train_loss for e in growth.epochs] + [e.validation_loss for e in growth.epochs]
        losses = (
            [loss for loss in losses if math.isfinite(loss)]
            + sorted(growth.step_loss)[
                : max(
                    1, round(0.98 * len(growth.step_loss))
                )  # one wild step must not flatten all
            ]
        )
        highest = max([*losses, 1e-3])
        if not 0.8 * self._highest <= highest <= self._highest:
            self._highest = 1.05 * highest
            self.loss.setYRange(0, self._highest, padding=0.03)

    def _show_bands(self, bands: Sequence[Band]) -> None:
        shown = bands if len(bands) > 1 else ()
        if [(b.name, b.start, b.end) for b in shown] == self._band_places():
            return
        for plot in (self.loss, self.accuracy):
            for item in [*self._bands, *self._names]:
                if item.getViewBox() is plot.getViewBox():
                    plot.removeItem(item)
        self._bands, self._names = [], []
        for number, band in enumerate(shown):
            for plot in (self.loss, self.accuracy):
                region = pg.LinearRegionItem((band.start, band.end), movable=False)
                region.setZValue(-10)
                region.setVisible(number % 2 == 0)
                plot.addItem(region, ignoreBounds=True)
                self._bands.append(region)
            name = pg.TextItem(band.name, anchor=(0, 0))
            self.loss.addItem(name, ignoreBounds=True)
            self._names.append(name)
        self._places = [(b.name, b.start, b.end) for b in shown]
        self._tint_bands()
        self._place_names()

    def _band_places(self) -> list[tuple[str, float, float]]:
        return getattr(self, "_places", [])

    def _place_names(self) -> None:
        top = self.loss.viewRange()[1][1]
        for name, (_, start, _end) in zip(self._names, self._band_places(), strict=True):
            name.setPos(start, top)

    # ---- hovering

    def _hover(self, where: QPointF) -> None:
        for plot in (self.loss, self.accuracy):
            box = plot.getViewBox()
            if box.sceneBoundingRect().contains(where):
                epoch = self._growth.nearest(box.mapSceneToView(where).x())
                if epoch is not None:
                    self.tell(epoch)
                    return
        self._leave()

    def tell(self, epoch: Epoch) -> None:
        """What was measured in an epoch, above the curves; a line through both plots."""
        for ruler in self._rulers:
            ruler.setValue(epoch.end)
            ruler.show()
        self.told.setText(epoch_text(epoch, self._color("train"), self._color("validation")))

    def leaveEvent(self, event: object) -> None:  # noqa: N802
        self._leave()
        super().leaveEvent(event)

    def _leave(self) -> None:
        for ruler in self._rulers:
            ruler.hide()
        self.told.setText("")

    # ---- colours

    @staticmethod
    def _color(part: str) -> str:
        return {"train": TRAIN, "validation": VALIDATION}[part][theme.current().name]

    @staticmethod
    def _ground() -> str:
        tokens = theme.current()
        return tokens.canvas if tokens.name == "dark" else tokens.surface

    def recolor(self) -> None:
        tokens = theme.current()
        ground = self._ground()
        self.area.setBackground(ground)
        self.empty.setStyleSheet(f"background: {ground};")
        font = theme.time_font(theme.TIME_PX)
        for plot in (self.loss, self.accuracy):
            for side in ("left", "bottom"):
                axis = plot.getAxis(side)
                axis.setPen(tokens.line)
                axis.setTextPen(tokens.quiet)
                axis.setStyle(tickFont=font, tickLength=-4, maxTickLevel=0)
                axis.label.setFont(font)
                axis.labelStyle = {"color": tokens.quiet, "font-size": f"{theme.TIME_PX}px"}
                axis.setLabel(axis.labelText)
            plot.showGrid(x=False, y=True, alpha=GRID_ALPHA[tokens.name])
        faint = QColor(self._color("train"))
        faint.setAlpha(STEP_ALPHA)
        self._steps.setPen(pg.mkPen(faint, width=1))
        for (part, _), curve in self._curves.items():
            color = self._color(part)
            curve.setPen(pg.mkPen(color, width=2))
            curve.setSymbolBrush(color)
            curve.setSymbolPen(None)
            curve.setSymbolSize(5)
        self._tint_best()
        for ruler in self._rulers:
            ruler.setPen(pg.mkPen(tokens.quiet, width=1))
        self.legend.setText(self._legend())
        self._tint_bands()
        self._leave()

    def _tint_best(self) -> None:
        self._best.setPen(pg.mkPen(theme.current().text, width=1.5))
        self._best.setBrush(pg.mkBrush(self._color(self._best_part)))

    def _legend(self) -> str:
        """The names of what is drawn, in its colours."""
        validated = any(math.isfinite(e.validation_loss) for e in self._growth.epochs)
        names = {"train": "training", "validation": "validation"}
        if not validated:
            del names["validation"]
        told = [
            f'<span style="color:{self._color(part)}">●</span> {name}'
            for part, name in names.items()
        ]
        told.append("faint: each step")
        quiet = theme.current().quiet
        return f'<span style="color:{quiet}">{"&nbsp;&nbsp; ".join(told)}</span>'

    def _tint_bands(self) -> None:
        tokens = theme.current()
        ground = QColor(theme.mixed(self._ground(), tokens.text, BAND_SHARE))
        for region in self._bands:
            region.setBrush(ground)
            for line in region.lines:
                line.setPen(pg.mkPen(None))
        for name in self._names:
            name.setColor(tokens.quiet)
            name.setFont(theme.ui_font(theme.TIME_PX))


def with_gaps(
    x: Sequence[float], y: Sequence[float], starts: Sequence[float]
) -> tuple[list[float], list[float]]:
    """The points with a NaN where a stage begins: what went before is another quantity."""
    left, right, cut = list(x), list(y), len(x)
    for start in reversed(starts):
        while cut > 0 and left[cut - 1] > start:
            cut -= 1
        left.insert(cut, start)
        right.insert(cut, math.nan)
    return left, right


def room_for(end: float) -> float:
    """How far the axis of epochs goes: to the next epoch, later to the next twentieth."""
    step = max(1, round(end / 20))
    return float(max(1, math.ceil(end / step) * step))


def epoch_text(epoch: Epoch, train: str, validation: str) -> str:
    """One line of rich text; parts in the colours of their curves."""
    stage = f"{epoch.stage}, " if epoch.stage else ""
    told = [f"{stage}epoch {epoch.number}"]
    for color, part in ((train, "train"), (validation, "validation")):
        loss, accuracy = getattr(epoch, f"{part}_loss"), getattr(epoch, f"{part}_accuracy")
        figures = [f"loss {loss:.3f}"] if math.isfinite(loss) else []
        figures += [f"accuracy {accuracy:.3f}"] if math.isfinite(accuracy) else []
        if figures:
            told.append(f'<span style="color:{color}">{" ".join(figures)}</span>')
    return " &nbsp; ".join(told)
