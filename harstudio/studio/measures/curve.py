"""One joint angle over the clip, with its repetitions and the playhead."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from harstudio.measures.clips import ClipMeasures
from harstudio.recordings.streams import SECOND_NS
from harstudio.studio import theme
from harstudio.studio.recognition.over_time import TEXT_PX, OverTime

PAD = 3


class AngleCurve(OverTime):
    """Degrees over time; a mark stands at each repetition that was counted on this angle."""

    plot_px = 72

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Joint angle over the clip", parent)
        self._measures: ClipMeasures | None = None
        self._name = ""
        self._counted = False

    def show_angle(self, measures: ClipMeasures, name: str, *, counted: bool) -> None:
        """name: of one of its angles. counted: its repetitions say something."""
        self._measures, self._name, self._counted = measures, name, counted
        self.span = measures.start_ns, measures.end_ns
        self.met()

    @property
    def times_ns(self) -> NDArray[np.int64]:
        if self._measures is None:
            return np.empty(0, dtype=np.int64)
        since = (self._measures.times_s * SECOND_NS).astype(np.int64)
        return np.asarray(self._measures.start_ns + since, dtype=np.int64)

    def words(self) -> str:
        if self._measures is None or not self._known():
            return ""
        now = self._measures.angles[self._name][self.at()]
        return f"{self._name.capitalize()}: {now:.0f}° now"

    def _known(self) -> bool:
        return self._measures is not None and bool(
            np.isfinite(self._measures.angles[self._name]).all()
        )

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        if self._measures is None or not self._known():
            return
        painter, tokens, plot = QPainter(self), theme.current(), self.plot()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.time_font(theme.QUIET_PX))
        painter.setPen(QColor(tokens.quiet))
        painter.drawText(QRectF(0, 0, self.width(), TEXT_PX), self.words())
        painter.fillRect(plot, QColor(tokens.raised))
        angle = self._measures.angles[self._name]
        low, high = float(angle.min()), float(angle.max())
        scale = (plot.height() - 2 * PAD) / max(high - low, 1.0)
        repetitions = self._measures.repetitions
        if self._counted and repetitions.angle == self._name:
            painter.setPen(QPen(QColor(tokens.warn), 1))
            for second in repetitions.times_s:
                mark = self._x(self._measures.start_ns + second * SECOND_NS)
                painter.drawLine(QLineF(mark, plot.top(), mark, plot.bottom()))
        painter.setPen(QPen(QColor(tokens.accent), 1.5))
        x, places = self.corners()
        y = plot.bottom() - PAD - (angle[places] - low) * scale
        points = [QPointF(*one) for one in zip(x.tolist(), y.tolist(), strict=True)]
        painter.drawPolyline(QPolygonF(points))
        self.paint_cursor(painter)
