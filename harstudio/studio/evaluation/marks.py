"""How classes are told apart in a plane of points: a colour and, where there are many, a shape."""

from __future__ import annotations

from collections.abc import Sequence

from pyqtgraph.graphicsItems.ScatterPlotItem import drawSymbol
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from harstudio.labels.label_sets.label_set import PALETTE
from harstudio.studio import theme

SHAPES = ("o", "t1", "s", "d", "star")
HUES = 10  # told apart at a glance; then the shape changes
NEAR = 0.35  # of the ground's opposite mixed in where a colour is hard to see
LEAST = 2.6  # contrast with the ground

Mark = tuple[str, str]  # colour "#rrggbb", pyqtgraph's name of a shape


def class_marks(classes: Sequence[str]) -> list[Mark]:
    """One of each class, readable on the ground of the theme."""
    colors = hues(len(classes))
    return [(color, SHAPES[k // HUES % len(SHAPES)]) for k, color in enumerate(colors)]


def hues(count: int) -> list[str]:
    """Colours of so many things, readable on the ground; repeated after ten."""
    return [_seen(PALETTE[k % HUES]) for k in range(count)]


def ground() -> str:
    """What points stand on."""
    tokens = theme.current()
    return tokens.canvas if tokens.name == "dark" else tokens.surface


def _seen(color: str) -> str:
    far = "#FFFFFF" if theme.current().name == "dark" else "#000000"
    return color if theme.contrast(color, ground()) >= LEAST else theme.mixed(color, far, NEAR)


def paint_mark(painter: QPainter, box: QRectF, mark: Mark) -> None:
    """One in a list, as in the plane."""
    color, shape = mark
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(box.center())
    drawSymbol(painter, shape, box.width(), QPen(QColor(color), 0), QColor(color))
    painter.restore()
