"""The surface a picture is painted on: plain QImage and QPainter, with zoom and pan.

Never OpenGL: on software GL a 1080p picture takes 40 to 150 ms that way, and 1 to 2 ms this way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from harstudio.studio import theme

MAX_ZOOM = 40.0
ZOOM_STEP = 1.2
HALVE_BELOW = 0.75
PIXELS_VISIBLE_AT = 4.0  # device pixels a picture pixel: from here on squares, not blur
CLICK_PX = 3  # so far the mouse may slip in a click
NO_FRAME = "no frame"
CAPTION_PX = 8  # around the sentence at the bottom


@dataclass(frozen=True, slots=True)
class View:
    """Where the picture lies in the widget: ``widget = origin + scale * pixel``."""

    scale: float
    x: float
    y: float
    zoom: float

    def to_widget(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """(..., 2) picture pixels -> widget pixels; the middle of pixel (0, 0) is (0, 0)."""
        return (np.asarray(points, dtype=np.float64) + 0.5) * self.scale + (self.x, self.y)

    def to_picture(self, point: QPointF) -> tuple[float, float]:
        """Widget position -> picture position; pixel k covers [k, k + 1)."""
        return (point.x() - self.x) / self.scale, (point.y() - self.y) / self.scale


class PictureCanvas(QWidget):
    """Shows one picture, keeps its aspect; the wheel zooms, dragging pans, double click fits.

    A picture is (H, W, 3) uint8 RGB, (H, W) uint8 grey or (H, W) uint32 0xffRRGGBB.
    """

    hovered = Signal(object)  # (x, y) picture position as floats, None when outside
    clicked = Signal(float, float)  # picture position; pressed and let go without a drag

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.layers: list[Callable[[QPainter, View], None]] = []
        self.after_paint: Callable[[], None] | None = None
        self.smooth = True
        self.squares_from = PIXELS_VISIBLE_AT
        self._picture: NDArray[Any] | None = None
        self._size = (0, 0)
        self._empty = ""
        self._caption = ""
        self._stale = False
        self._zoom = 1.0
        self._center = (0.5, 0.5)  # part of the picture in the middle of the widget
        self._drag: QPointF | None = None
        self._pressed: QPointF | None = None
        self._scaled: tuple[QImage, QRectF, NDArray[Any]] | None = None

    # ---- content

    def set_picture(self, picture: NDArray[Any] | None) -> None:
        """Show another picture; None shows nothing. The array must not change afterwards."""
        self._picture = picture
        self._scaled = None
        self._stale = False
        if picture is not None and picture.shape[:2] != self._size[::-1]:
            self._size = (picture.shape[1], picture.shape[0])
            self.fit()
        self.update()

    @property
    def stale(self) -> bool:
        """Whether the picture is an old one, greyed, because there is no frame now."""
        return self._stale

    def set_stale(self) -> None:
        """There is no frame now: grey the last picture and say so."""
        if not self._stale:
            self._stale = True
            self._scaled = None
            self.update()

    def set_empty(self, sentence: str) -> None:
        """What to say while there is no picture at all."""
        self._empty = sentence
        self.update()

    def set_caption(self, sentence: str) -> None:
        """A sentence at the bottom, over the picture; "" takes it away."""
        if sentence != self._caption:
            self._caption = sentence
            self.update()

    # ---- view

    def fit(self) -> None:
        """The whole picture, as large as it goes."""
        self._zoom, self._center = 1.0, (0.5, 0.5)
        self._view_changed()

    def _view_changed(self) -> None:
        self._scaled = None
        self.update()

    def view(self) -> View:
        """Where the picture lies now."""
        width, height = self._size
        if not width or not height:
            return View(1.0, 0.0, 0.0, 1.0)
        scale = min(self.width() / width, self.height() / height) * self._zoom
        x = self.width() / 2 - self._center[0] * width * scale
        y = self.height() / 2 - self._center[1] * height * scale
        return View(scale, x, y, self._zoom)

    def zoom_at(self, point: QPointF, factor: float) -> None:
        """Zoom; what lies under the point stays there."""
        before = self.view().to_picture(point)
        self._zoom = min(max(self._zoom * factor, 1.0), MAX_ZOOM)
        view = self.view()
        self._shift(
            (before[0] - (point.x() - view.x) / view.scale),
            (before[1] - (point.y() - view.y) / view.scale),
        )

    def _shift(self, dx: float, dy: float) -> None:
        """Move the middle by picture pixels, keeping the picture in sight."""
        width, height = self._size
        view = self.view()
        middle = []
        for at, by, length, room in zip(
            self._center, (dx, dy), (width, height), (self.width(), self.height()), strict=True
        ):
            half = min(0.5, room / (2 * view.scale * length))
            middle.append(min(max(at + by / length, half), 1 - half))
        self._center = (middle[0], middle[1])
        self._view_changed()

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        tokens = theme.current()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens.canvas))
        if self._picture is None:
            self._paint_words(painter, self._empty)
            return
        if self._scaled is None:
            self._scaled = self._scale()
        if self._scaled is not None:
            painter.setOpacity(0.4 if self._stale else 1.0)
            painter.drawImage(self._scaled[1], self._scaled[0])
            painter.setOpacity(1.0)
        if self._stale:
            self._paint_badge(painter, NO_FRAME)
        else:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            view = self.view()
            for layer in self.layers:
                layer(painter, view)
            if self._caption:
                self._paint_caption(painter)
            if self.after_paint is not None:
                self.after_paint()

    def _scale(self) -> tuple[QImage, QRectF, NDArray[Any]] | None:
        """The visible part at the size it has on screen, so that painting is a plain copy."""
        picture, view, ratio = self._picture, self.view(), self.devicePixelRatioF()
        width, height = self._size
        left = max(0, int(-view.x / view.scale))
        top = max(0, int(-view.y / view.scale))
        right = min(width, int((self.width() - view.x) / view.scale) + 1)
        bottom = min(height, int((self.height() - view.y) / view.scale) + 1)
        if right <= left or bottom <= top:
            return None
        crop = picture[top:bottom, left:right]
        x, y = (round(v * ratio) for v in (view.x + left * view.scale, view.y + top * view.scale))
        scale = view.scale * ratio
        size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
        target = QRectF(x / ratio, y / ratio, size[0] / ratio, size[1] / ratio)
        pixels = _resized(crop, size, scale, self.smooth and scale < self.squares_from)
        image = _image(pixels)
        if self._stale:
            image = image.convertToFormat(QImage.Format.Format_Grayscale8)
        return image, target, pixels

    def _paint_words(self, painter: QPainter, words: str) -> None:
        painter.setPen(QColor(theme.current().quiet))
        painter.setFont(theme.ui_font(theme.TEXT_PX))
        flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        painter.drawText(self.rect().adjusted(16, 16, -16, -16), flags, words)

    def _paint_badge(self, painter: QPainter, words: str) -> None:
        tokens = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.ui_font(theme.TEXT_PX))
        width = painter.fontMetrics().horizontalAdvance(words) + 24
        badge = QRectF((self.width() - width) / 2, self.height() / 2 - 14, width, 28)
        painter.setPen(QColor(tokens.line))
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(badge, theme.CORNER, theme.CORNER)
        painter.setPen(QColor(tokens.text))
        painter.drawText(badge, int(Qt.AlignmentFlag.AlignCenter), words)

    def _paint_caption(self, painter: QPainter) -> None:
        tokens = theme.current()
        painter.setFont(theme.ui_font(theme.QUIET_PX))
        flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        room = QRectF(self.rect()).adjusted(16, 16, -16, -16)
        words = painter.boundingRect(room, flags, self._caption)
        words.moveBottom(room.bottom())
        painter.setPen(QColor(tokens.line))
        painter.setBrush(QColor(tokens.raised))
        grown = words.adjusted(-CAPTION_PX, -CAPTION_PX / 2, CAPTION_PX, CAPTION_PX / 2)
        painter.drawRoundedRect(grown, theme.CORNER, theme.CORNER)
        painter.setPen(QColor(tokens.text))
        painter.drawText(words, flags, self._caption)

    # ---- mouse

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        steps = event.angleDelta().y() / 120
        if steps and self._picture is not None:
            self.zoom_at(event.position(), ZOOM_STEP**steps)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._drag = event.position()
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self._drag is not None and self._zoom > 1.0:
            delta = self._drag - event.position()
            self._drag = event.position()
            scale = self.view().scale
            self._shift(delta.x() / scale, delta.y() / scale)
        x, y = self.view().to_picture(event.position())
        inside = self._picture is not None and 0 <= x < self._size[0] and 0 <= y < self._size[1]
        self.hovered.emit((x, y) if inside else None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._drag = None
        pressed, self._pressed = self._pressed, None
        if pressed is None or event.button() != Qt.MouseButton.LeftButton:
            return
        if (event.position() - pressed).manhattanLength() <= CLICK_PX:
            self.clicked.emit(*self.view().to_picture(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self.fit()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self.hovered.emit(None)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        self._view_changed()


def _resized(crop: NDArray[Any], size: tuple[int, int], scale: float, smooth: bool) -> NDArray[Any]:
    """The crop at that size (width, height); scale: device pixels a picture pixel; smooth: not in
    squares.

    Shrinking halves by exact 2 x 2 means first: as good as area averaging at a tenth of its time.
    """
    import cv2

    pixels = np.ascontiguousarray(crop)
    if pixels.dtype == np.uint32:
        pixels = pixels.view(np.uint8).reshape(*crop.shape, 4)
    if smooth:
        while scale < HALVE_BELOW and min(pixels.shape[:2]) >= 4:
            height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
            even = pixels[: height * 2, : width * 2]
            pixels = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
            scale *= 2
    if size == (pixels.shape[1], pixels.shape[0]):
        return pixels
    return cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST)


def _image(pixels: NDArray[Any]) -> QImage:
    """A QImage that looks into the array, which must outlive it."""
    height, width = pixels.shape[:2]
    if pixels.dtype == np.uint32 or (pixels.ndim == 3 and pixels.shape[2] == 4):
        form = QImage.Format.Format_RGB32
    elif pixels.ndim == 3:
        form = QImage.Format.Format_RGB888
    else:
        form = QImage.Format.Format_Grayscale8
    return QImage(pixels.data, width, height, pixels.strides[0], form)
