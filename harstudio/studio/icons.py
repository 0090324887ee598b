"""The outline icons, tinted with the text colour of the theme."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from harstudio.resources import resource
from harstudio.studio import theme

SCALES = (1, 2, 3)


def icon(name: str, size: int = 20, color: str = "") -> QIcon:
    """The icon in the text colour (or another "#RRGGBB"), faded where its widget is disabled.

    Icons keep their colour: set them again when the theme changes. KeyError for a name that is
    not drawn.
    """
    tokens = theme.current()
    faded = theme.mixed(tokens.quiet, tokens.surface, 0.45)
    made = QIcon()
    for scale in SCALES:
        made.addPixmap(pixmap(name, size * scale, color or tokens.text))
        made.addPixmap(pixmap(name, size * scale, faded), QIcon.Mode.Disabled)
    return made


def pixmap(name: str, pixels: int, color: str) -> QPixmap:
    """The icon as a square picture of ``pixels`` in one colour."""
    renderer = _renderer(name, color)
    made = QPixmap(pixels, pixels)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    renderer.render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    return made


@lru_cache(maxsize=512)
def _source(name: str) -> str:
    file = resource("icons", f"{name}.svg")
    if not file.is_file():
        raise KeyError(f"no icon {name}")
    return file.read_text(encoding="utf-8")


def _renderer(name: str, color: str) -> QSvgRenderer:
    text = _source(name).replace("currentColor", color)
    return QSvgRenderer(QByteArray(text.encode()))
