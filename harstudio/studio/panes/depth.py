"""The depth picture: turbo from near to far, black where nothing was measured. Below a map of what
was looked at it is grey: two scales of colour at once cannot be read."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QWidget

from harstudio.recordings.overlay.ground import GRAYS
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import StreamKind
from harstudio.studio import theme
from harstudio.studio.looks import DEFAULT_DEPTH_MM
from harstudio.studio.panes.canvas import View
from harstudio.studio.panes.picture import PicturePane
from harstudio.studio.viewing import Viewing

BAR_PX = 8
BAR_MARGIN = 12
BAR_HEIGHT = 120
BAR_WORDS_PX = 56
BLACK = 0xFF000000


@lru_cache(maxsize=1)
def turbo() -> NDArray[np.uint32]:
    """(256,) uint32 0xffRRGGBB."""
    import cv2

    ramp = np.arange(256, dtype=np.uint8)[:, None]
    blue, green, red = (
        c.astype(np.uint32)[:, 0] for c in cv2.split(cv2.applyColorMap(ramp, cv2.COLORMAP_TURBO))
    )
    return BLACK | (red << 16) | (green << 8) | blue


@lru_cache(maxsize=8)
def depth_colors(near_mm: int, far_mm: int) -> NDArray[np.uint32]:
    """(65536,) uint32 0xffRRGGBB for every depth in mm; 0 is black."""
    return _for_depths(turbo(), near_mm, far_mm)


@lru_cache(maxsize=1)
def grays() -> NDArray[np.uint32]:
    """(256,) uint32 0xffRRGGBB, from near to far."""
    level = np.linspace(*GRAYS, 256).round().astype(np.uint32)
    return BLACK | (level << 16) | (level << 8) | level


@lru_cache(maxsize=8)
def depth_grays(near_mm: int, far_mm: int) -> NDArray[np.uint32]:
    """As ``depth_colors``, in greys."""
    return _for_depths(grays(), near_mm, far_mm)


def _for_depths(table: NDArray[np.uint32], near_mm: int, far_mm: int) -> NDArray[np.uint32]:
    steps = (np.arange(65536) - near_mm) * (255 / max(1, far_mm - near_mm))
    colors = table[np.clip(np.rint(steps), 0, 255).astype(np.intp)]
    colors[0] = BLACK
    return colors


@lru_cache(maxsize=4)
def _bar(height: int, gray: bool) -> QImage:
    column = (grays() if gray else turbo())[np.linspace(0, 255, height).astype(np.intp)]
    pixels = np.repeat(column[:, None], BAR_PX, axis=1)
    return QImage(pixels.data, BAR_PX, height, 4 * BAR_PX, QImage.Format.Format_RGB32).copy()


class DepthPane(PicturePane):
    """Depth in millimetres, coloured."""

    pane_id = "depth"
    title = "Depth"
    kind = StreamKind.DEPTH
    words = "depth"

    def __init__(self, session: Viewing, parent: QWidget | None = None) -> None:
        self.range_mm = DEFAULT_DEPTH_MM
        self._gray = False  # a map lies on it
        super().__init__(session, parent)
        self.canvas.smooth = False  # mixing depths would paint surfaces that are not there
        self.canvas.layers.append(self._paint_bar)
        self.legend.kept_free = BAR_PX + BAR_MARGIN + BAR_WORDS_PX

    def show_recording(self, recording: Recording | None) -> None:
        super().show_recording(recording)
        if self.stream is not None:
            self.range_mm = self.session.looks.ranges.get(self.stream.name, DEFAULT_DEPTH_MM)

    def picture(self, data: NDArray[Any]) -> NDArray[Any]:
        table = depth_grays if self._gray else depth_colors
        return np.take(table(*self.range_mm), data)

    def _explain(self) -> None:
        super()._explain()
        gray = self.attention is not None and self.attention.patch is not None
        if gray != self._gray:
            self._gray = gray
            if self._data is not None:
                self.canvas.set_picture(self.picture(self._data))

    def value_text(self, data: NDArray[Any], x: int, y: int) -> str:
        depth = int(data[y, x])
        return f"{depth} mm under cursor" if depth else "no depth under cursor"

    def _paint_bar(self, painter: QPainter, view: View) -> None:
        height = min(BAR_HEIGHT, self.canvas.height() - 48)
        if height < 40:
            return
        right = self.canvas.width() - BAR_MARGIN
        top = self.canvas.height() - height - BAR_MARGIN - 6
        bar = QRectF(right - BAR_PX, top, BAR_PX, height)
        painter.drawImage(bar.topLeft(), _bar(height, self._gray))
        painter.setFont(theme.time_font(theme.TIME_PX))
        for mm, y in zip(self.range_mm, (bar.top(), bar.bottom()), strict=True):
            self._paint_metres(painter, f"{mm / 1000:.2f} m", bar.left() - 6, y)

    def _paint_metres(self, painter: QPainter, words: str, right: float, middle: float) -> None:
        tokens = theme.current()
        width = painter.fontMetrics().horizontalAdvance(words) + 8
        box = QRectF(right - width, middle - 8, width, 16)
        back = QColor(tokens.canvas)
        back.setAlpha(235)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(back)
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(QColor(tokens.text))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), words)
