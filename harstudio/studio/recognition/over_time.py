"""What counted when: shares of the modalities, and the importance of moments, with a cursor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from harstudio.results import Importance, ModalityShare
from harstudio.runs.recognised.words import figure, spoken
from harstudio.studio import theme
from harstudio.studio.recognition.ranking import percent

TEXT_PX, BAR_PX, PLOT_PX, GAP = 17, 6, 44, 4
COLORS = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#0072B2")
Span = tuple[int, int]


class OverTime(QWidget):
    """Words for the moment under the playhead above a plot of ``[start, end)`` in ns."""

    plot_px = PLOT_PX

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.span: Span = (0, 1)
        self.now_ns = 0
        theme.theme_events.changed.connect(self.update)

    @property
    def times_ns(self) -> NDArray[np.int64]:
        """When each of what is shown was."""
        raise NotImplementedError

    def words(self) -> str:
        """What holds now, for screen readers too."""
        raise NotImplementedError

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(160, TEXT_PX * self.lines() + self.plot_px + GAP)

    def lines(self) -> int:
        """Of words."""
        return 1

    def set_now(self, now_ns: int) -> None:
        """The playhead is here; painted again only where that can be seen."""
        before = self._x(self.now_ns)
        self.now_ns = now_ns
        if abs(self._x(now_ns) - before) >= 0.5:
            self.setAccessibleDescription(self.words())
            self.update()

    def met(self) -> None:
        """Something else is shown."""
        self.setAccessibleDescription(self.words())
        self.updateGeometry()
        self.update()

    def at(self) -> int:
        """The position that holds at the playhead: the last one not after it."""
        found = int(np.searchsorted(self.times_ns, self.now_ns, side="right")) - 1
        return min(max(0, found), len(self.times_ns) - 1)

    def plot(self) -> QRectF:
        """Where the plot stands."""
        return QRectF(0, TEXT_PX * self.lines(), self.width(), self.plot_px)

    def _x(self, time_ns: float) -> float:
        start, end = self.span
        return self.width() * (time_ns - start) / max(1, end - start)

    def corners(self) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Pixels across of the curve's corners and the position that each shows: from one edge of
        the window to the other."""
        x = np.array([self._x(float(time)) for time in self.times_ns])
        places = np.arange(len(x))
        x, places = np.append(np.insert(x, 0, 0.0), self.width()), np.pad(places, 1, mode="edge")
        return np.clip(x, 0, self.width()), places.astype(np.intp)

    def paint_cursor(self, painter: QPainter) -> None:
        """A line at the playhead."""
        x, plot = self._x(self.now_ns), self.plot()
        if 0 <= x <= self.width():
            painter.setPen(QPen(QColor(theme.current().text), 1))
            painter.drawLine(QLineF(x, plot.top(), x, plot.bottom()))


class ImportanceCurve(OverTime):
    """How much each moment counted, as a filled curve."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._one: Importance | None = None

    def show_one(self, one: Importance, span: Span) -> None:
        """span: the window that it is of."""
        self._one, self.span = one, span
        self.setToolTip(f"{one.meaning}\nhow much each moment counted, from 0 to 1")
        self.met()

    @property
    def times_ns(self) -> NDArray[np.int64]:
        return np.empty(0, dtype=np.int64) if self._one is None else self._one.times_ns

    def words(self) -> str:
        if self._one is None or not len(self.times_ns):
            return ""
        return f"{figure(float(self._one.values[self.at()]))} now"

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        if self._one is None or not len(self.times_ns):
            return
        painter, tokens = QPainter(self), theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.time_font(theme.QUIET_PX))
        painter.setPen(QColor(tokens.quiet))
        painter.drawText(QRectF(0, 0, self.width(), TEXT_PX), self.words())
        plot = self.plot()
        painter.fillRect(plot, QColor(tokens.raised))
        x, places = self.corners()
        heights = np.clip(self._one.values[places], 0, 1) * (plot.height() - 2)
        points = [QPointF(a, plot.bottom() - b) for a, b in zip(x, heights.tolist(), strict=True)]
        fill = QColor(tokens.accent)
        fill.setAlpha(80)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        ends = [QPointF(x[-1], plot.bottom()), QPointF(x[0], plot.bottom())]
        painter.drawPolygon(QPolygonF([*points, *ends]))
        painter.setPen(QPen(QColor(tokens.accent), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(points))
        self.paint_cursor(painter)


class ShareView(OverTime):
    """How much each modality counted: one bar, or areas on top of each other over time."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._one: ModalityShare | None = None

    def show_one(self, one: ModalityShare, span: Span) -> None:
        """span: the window that it is of."""
        self._one, self.span = one, span
        self.plot_px = PLOT_PX if len(one.times_ns) > 1 else BAR_PX
        self.setToolTip("\n".join([one.meaning, *self._parts()]))
        self.met()

    @property
    def times_ns(self) -> NDArray[np.int64]:
        return np.empty(0, dtype=np.int64) if self._one is None else self._one.times_ns

    def _parts(self) -> list[str]:
        if self._one is None or not len(self.times_ns):
            return []
        row = self._one.values[self.at()]
        return [
            f"{spoken(name)} {percent(float(share))} %"
            for name, share in zip(self._one.modalities, row, strict=True)
        ]

    def words(self) -> str:
        return ", ".join(self._parts())

    def lines(self) -> int:
        """Two modalities share a line."""
        return max(1, (len(self._parts()) + 1) // 2)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        parts = self._parts()
        if self._one is None or not parts:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.time_font(theme.QUIET_PX))
        self._paint_words(painter, parts)
        painter.setPen(Qt.PenStyle.NoPen)
        if len(self.times_ns) > 1:
            self._paint_areas(painter, self._one.values)
            self.paint_cursor(painter)
        else:
            self._paint_bar(painter, self._one.values[0].tolist())

    def _paint_words(self, painter: QPainter, parts: Sequence[str]) -> None:
        half = self.width() / 2
        for number, words in enumerate(parts):
            row, column = divmod(number, 2)
            place = QRectF(column * half, row * TEXT_PX, half, TEXT_PX)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.color(number))
            painter.drawRect(QRectF(place.left(), place.top() + 5, 7, 7))
            painter.setPen(QColor(theme.current().quiet))
            elide = Qt.TextElideMode.ElideRight
            fitting = painter.fontMetrics().elidedText(words, elide, int(half - 16))
            painter.drawText(place.adjusted(12, 0, 0, 0), fitting)

    def _paint_bar(self, painter: QPainter, shares: Sequence[float]) -> None:
        left, plot = 0.0, self.plot()
        for number, share in enumerate(shares):
            wide = self.width() * share
            painter.setBrush(self.color(number))
            painter.drawRect(QRectF(left, plot.top(), max(0.0, wide - 1), plot.height()))
            left += wide

    def _paint_areas(self, painter: QPainter, values: NDArray[np.float32]) -> None:
        plot = self.plot()
        x, places = self.corners()
        tops = np.cumsum(np.insert(values[places], 0, 0, axis=1), axis=1)
        y = plot.top() + np.clip(tops, 0, 1) * plot.height()
        for number in range(values.shape[1]):
            upper = [QPointF(*one) for one in zip(x, y[:, number].tolist(), strict=True)]
            lower = [QPointF(*one) for one in zip(x, y[:, number + 1].tolist(), strict=True)]
            painter.setBrush(self.color(number))
            painter.drawPolygon(QPolygonF([*upper, *reversed(lower)]))

    @staticmethod
    def color(number: int) -> QColor:
        """Of a modality by its place."""
        return QColor(COLORS[number % len(COLORS)])
