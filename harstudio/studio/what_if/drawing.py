"""How what is taken away looks over the pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from harstudio.studio.panes.canvas import View
from harstudio.studio.what_if.changes import Area

CROSS_PX = 16.0  # of the badge that takes an area away
MARK_PX = 4.0  # half a side of the cross on a hidden joint
EDGE = QColor(255, 255, 255)
RIM = QColor(12, 14, 18)
SHADE = QColor(12, 14, 18, 110)
HATCH = QColor(255, 255, 255, 120)


def placed(area: Area, view: View) -> QRectF:
    """Where an area lies in the widget."""
    left, top = area.left * view.scale + view.x, area.top * view.scale + view.y
    return QRectF(left, top, area.width * view.scale, area.height * view.scale)


def badge(area: Area, view: View) -> QRectF:
    """Where the cross of an area lies: in its upper right corner, outside where that is small."""
    box = placed(area, view)
    small = min(box.width(), box.height()) < 2 * CROSS_PX
    inset = 3.0 if small else CROSS_PX + 3
    top = box.top() - CROSS_PX - 3 if small else box.top() + 3
    return QRectF(box.right() - inset, top, CROSS_PX, CROSS_PX)


def paint_area(painter: QPainter, area: Area, view: View, *, crossed: bool) -> None:
    """A hatched box: nothing is seen in it. crossed: with the badge that takes it away."""
    box = placed(area, view)
    painter.fillRect(box, SHADE)
    hatch = QBrush(HATCH, Qt.BrushStyle.BDiagPattern)
    painter.fillRect(box, hatch)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for color, width in ((RIM, 3.0), (EDGE, 1.5)):
        painter.setPen(QPen(color, width))
        painter.drawRect(box)
    if crossed:
        _paint_badge(painter, badge(area, view))


def _paint_badge(painter: QPainter, at: QRectF) -> None:
    painter.setPen(QPen(EDGE, 1.0))
    painter.setBrush(RIM)
    painter.drawEllipse(at)
    _paint_cross(painter, at.center(), CROSS_PX / 4, ((EDGE, 1.75),))


def paint_hidden(painter: QPainter, points: NDArray[np.float64]) -> None:
    """Crosses over joints that are not seen; points: (n, 2) widget pixels, NaN = none."""
    for x, y in points[np.isfinite(points).all(axis=1)].tolist():
        _paint_cross(painter, QPointF(x, y), MARK_PX, ((RIM, 3.5), (EDGE, 1.5)))


def _paint_cross(
    painter: QPainter, middle: QPointF, half: float, pens: tuple[tuple[QColor, float], ...]
) -> None:
    for color, width in pens:
        painter.setPen(QPen(color, width))
        for way in (1, -1):
            arm = QPointF(half, way * half)
            painter.drawLine(QLineF(middle - arm, middle + arm))
