"""Weights laid over a part of a picture, coloured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage

from harstudio.recordings.overlay.heat_colors import finer, joint_table
from harstudio.results import Box
from harstudio.studio.panes.canvas import View


def joint_color(weight: float) -> QColor:
    """Colour of a joint for a weight from 0 to 1."""
    blue, green, red, _ = joint_table()[round(min(max(weight, 0.0), 1.0) * 255)]
    return QColor(int(red), int(green), int(blue))


def table_image(table: NDArray[np.uint8], height: int) -> QImage:
    """The table from left to right as a bar, ``height`` pixels tall."""
    pixels = np.ascontiguousarray(np.repeat(table[None], height, axis=0))
    form = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.data, len(table), height, 4 * len(table), form).copy()


class HeatPicture:
    """Weights over ``box`` as one picture that lies ready at the size it has on screen.

    Made anew when weights, colours or view change; else painting is a plain copy.
    """

    def __init__(self) -> None:
        self._key: object = None
        self._held: object = None
        self._steps_key: object = None
        self._steps: NDArray[np.uint8] | None = None
        self._made: tuple[QImage, QRectF, NDArray[np.uint8]] | None = None

    def at(
        self,
        values: NDArray[np.float32],
        box: Box,
        table: NDArray[np.uint8],
        view: View,
        visible: QRectF,
        ratio: float,
    ) -> tuple[QImage, QRectF] | None:
        """Picture and place in the widget; visible: the part of the widget to cover; ratio:
        device pixels a widget pixel. None when the box is out of sight."""
        key = (id(values), box, id(table), view, visible.getRect(), ratio)
        if key != self._key:
            self._key = key
            self._held = (values, table)  # so that no other array gets their identity
            self._made = self._make(values, box, table, view, visible, ratio)
        return None if self._made is None else self._made[:2]

    def _make(
        self,
        values: NDArray[np.float32],
        box: Box,
        table: NDArray[np.uint8],
        view: View,
        visible: QRectF,
        ratio: float,
    ) -> tuple[QImage, QRectF, NDArray[np.uint8]] | None:
        import cv2

        left, top = view.x + box.left * view.scale, view.y + box.top * view.scale
        whole = QRectF(left, top, (box.right - box.left) * view.scale,
                       (box.bottom - box.top) * view.scale)  # fmt: skip
        seen = whole.intersected(visible)
        width, height = int(seen.width() * ratio), int(seen.height() * ratio)
        if width < 1 or height < 1 or whole.width() <= 0 or whole.height() <= 0:
            return None
        steps = self._colored(values, table)
        across = steps.shape[1] / (whole.width() * ratio)
        down = steps.shape[0] / (whole.height() * ratio)
        shift_x = (seen.left() - left) * ratio * across + (across - 1) / 2
        shift_y = (seen.top() - top) * ratio * down + (down - 1) / 2
        matrix = np.array([[across, 0, shift_x], [0, down, shift_y]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        pixels = cv2.warpAffine(
            steps, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        form = QImage.Format.Format_ARGB32_Premultiplied
        image = QImage(pixels.data, width, height, pixels.strides[0], form)
        image.setDevicePixelRatio(ratio)
        return image, QRectF(seen.left(), seen.top(), width / ratio, height / ratio), pixels

    def _colored(self, values: NDArray[np.float32], table: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The cells, interpolated and coloured; kept while only the view changes."""
        if self._steps is None or self._steps_key != (id(values), id(table)):
            self._steps_key = (id(values), id(table))
            self._steps = np.take(table, finer(values), axis=0)
        return self._steps
