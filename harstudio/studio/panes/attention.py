"""What a network looked at, over the picture it looked at."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from harstudio.recordings.overlay.heat_colors import heat_table
from harstudio.recordings.overlay.places import joint_point, strongest_cells
from harstudio.recordings.projection import shares_pixels
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import PictureStream, SkeletonStream, StreamKind
from harstudio.results import Box
from harstudio.runs.recognised.patches import Frame, Patch, Pointer, joint_name
from harstudio.runs.recognised.words import figure, joint_title
from harstudio.studio import theme
from harstudio.studio.panes.canvas import View
from harstudio.studio.panes.heat import HeatPicture, joint_color
from harstudio.studio.panes.legend import Meaning
from harstudio.studio.panes.map_legend import map_meaning
from harstudio.studio.panes.overlays import RIM
from harstudio.studio.recognition.explaining import Explaining

LINE_CELLS = 5
TALL_PX = 90  # a square that its words may stand in
INPUT = QColor("#F2F4F8")  # squares of what an input was made from


class AttentionLayer:
    """Heat map, square and lines over one picture stream; follows the frame on screen."""

    def __init__(
        self,
        explaining: Explaining,
        recording: Recording,
        stream: PictureStream,
        seek: Callable[[int], None],
    ) -> None:
        self._explaining = explaining
        self._recording = recording
        self._stream = stream
        skeleton = recording.of_kind(StreamKind.SKELETON)
        self._topology = skeleton.topology if isinstance(skeleton, SkeletonStream) else ""
        self._seek = seek
        self._picture = HeatPicture()
        self._time_ns: int | None = None
        self.patch: Patch | None = None
        self.pointer: Pointer | None = None
        self.inputs: tuple[Frame, ...] = ()
        self.kept_free = 0  # pixels at the right where words would stand on others
        self._source: tuple[Patch, NDArray[np.float64] | None] | None = None

    # ---- what is there

    def set_time(self, time_ns: int | None) -> None:
        """The frame on screen is of this time; None when there is none."""
        self._time_ns = time_ns
        self.patch = self.pointer = None
        self.inputs = ()
        if time_ns is None:
            return
        patch, pointer = self._explaining.patch(time_ns), self._explaining.pointer(time_ns)
        if patch is not None and self._is_here(patch.stream):
            self.patch = patch
        if pointer is not None and self._is_here(pointer.stream):
            self.pointer = pointer
        frames = self._explaining.inputs(time_ns)
        self.inputs = tuple(one for one in frames if self._is_here(one.stream))

    def _is_here(self, stream: str) -> bool:
        return shares_pixels(self._recording, stream, self._stream.name)

    def _away_ns(self, seen_ns: int) -> int:
        """How far the frame on screen lies from the one that was seen; 0 for the same."""
        away = 0 if self._time_ns is None else abs(self._time_ns - seen_ns)
        return 0 if away <= self._stream.period_ns // 2 else away

    @property
    def on_frame(self) -> bool:
        """Whether the map belongs to the frame on screen."""
        return self.patch is not None and self._strength(self.patch) == 1

    def _strength(self, patch: Patch) -> float:
        if self._time_ns is None:
            return 1.0
        return patch.strength(self._time_ns, self._stream.period_ns)

    def meaning(self) -> Meaning | None:
        """What to say in the legend."""
        patch = self.patch
        if patch is None:
            return None
        return map_meaning(
            self._explaining, patch, self.on_frame, self._recording.start_ns, self.go_to_frame
        )

    def go_to_frame(self) -> None:
        """The playhead to the frame that the map belongs to."""
        if self.patch is not None:
            self._seek(self.patch.time_ns)

    def value_text(self, x: float, y: float) -> str:
        """The weight under a picture position, "" outside of the map."""
        patch = self.patch
        if patch is None:
            return ""
        rows, columns = patch.values.shape
        box = patch.box
        column = int(np.floor((x - box.left) / (box.right - box.left) * columns))
        row = int(np.floor((y - box.top) / (box.bottom - box.top) * rows))
        inside = 0 <= row < rows and 0 <= column < columns
        return f"attention {figure(patch.real(patch.values[row, column]))}" if inside else ""

    # ---- painting

    def paint(self, painter: QPainter, view: View) -> None:
        """The map; stands below the skeleton."""
        patch = self.patch
        if patch is None:
            return
        table = heat_table(self._explaining.threshold, self._explaining.opacity)
        device = painter.device()
        visible = QRectF(view.x, view.y, self._stream.width * view.scale,
                         self._stream.height * view.scale)  # fmt: skip
        visible = visible.intersected(QRectF(0, 0, device.width(), device.height()))
        ratio = device.devicePixelRatioF()
        made = self._picture.at(patch.values, patch.box, table, view, visible, ratio)
        if made is None:
            return
        painter.setOpacity(self._strength(patch))
        painter.drawImage(made[1].topLeft(), made[0])
        painter.setOpacity(1.0)

    def paint_marks(self, painter: QPainter, view: View) -> None:
        """Lines from the joint to its cells and the square; stand above the skeleton."""
        for frame in self.inputs:
            self._paint_input(painter, view, frame)
        if self.patch is not None and self.patch.joint is not None:
            self._paint_lines(painter, view, self.patch)
        if self.pointer is not None:
            self._paint_pointer(painter, view, self.pointer)

    def _paint_lines(self, painter: QPainter, view: View, patch: Patch) -> None:
        source = self._joint_point(patch)
        if source is None:
            return
        start = QPointF(*view.to_widget(source).tolist())
        for (x, y), weight in strongest_cells(patch, self._explaining.threshold, LINE_CELLS):
            end = QPointF(view.x + x * view.scale, view.y + y * view.scale)
            for color, wide in ((RIM, 3.5), (joint_color(weight), 1.5 + weight)):
                painter.setPen(QPen(color, wide))
                painter.drawLine(QLineF(start, end))
            painter.setPen(QPen(RIM, 1.0))
            painter.setBrush(joint_color(weight))
            painter.drawEllipse(end, 3.0 + weight, 3.0 + weight)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, wide in ((RIM, 4.0), (QColor("#FFFFFF"), 2.0)):
            painter.setPen(QPen(color, wide))
            painter.drawEllipse(start, 8.0, 8.0)

    def _joint_point(self, patch: Patch) -> NDArray[np.float64] | None:
        """(2,) where the joint was in the picture that was seen."""
        if self._source is None or self._source[0] is not patch:
            self._source = patch, joint_point(self._recording, self._stream, patch)
        return self._source[1]

    def _paint_input(self, painter: QPainter, view: View, frame: Frame) -> None:
        """Squares around what an input shows of its frame; dashed away from that frame."""
        whole = QRectF(view.x, view.y, self._stream.width * view.scale,
                       self._stream.height * view.scale)  # fmt: skip
        for cut in frame.cuts:
            square = _placed(cut.box, view).intersected(whole)
            if not square.isEmpty():
                self._paint_square(painter, square, INPUT, frame.time_ns)
        for cut in frame.cuts:  # words above all squares
            square = _placed(cut.box, view).intersected(whole)
            if not square.isEmpty():
                _paint_tag(painter, frame.title(cut), square, self.kept_free, frame.side(cut))

    def _paint_square(self, painter: QPainter, square: QRectF, color: QColor, seen_ns: int) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        seen_now = self._away_ns(seen_ns) == 0
        style = Qt.PenStyle.SolidLine if seen_now else Qt.PenStyle.DashLine
        for tone, wide in ((RIM, 3.5), (color, 1.75)):
            painter.setPen(QPen(tone, wide, style))
            painter.drawRect(square)

    def _paint_pointer(self, painter: QPainter, view: View, pointer: Pointer) -> None:
        accent = QColor(theme.DARK.accent)  # on pictures the same in both themes
        square = _placed(pointer.box, view)
        self._paint_square(painter, square, accent, pointer.time_ns)
        words = self._pointer_words(pointer)
        if words:
            _paint_tag(painter, words, square, self.kept_free)

    def _pointer_words(self, pointer: Pointer) -> str:
        words = joint_title(joint_name(pointer.joint, pointer.topology or self._topology))
        if pointer.moved_m is not None:
            words = f"{words} moved {pointer.moved_m:.2f} m".strip()
        return words


def _placed(box: Box, view: View) -> QRectF:
    left, top = view.x + box.left * view.scale, view.y + box.top * view.scale
    wide, tall = (box.right - box.left) * view.scale, (box.bottom - box.top) * view.scale
    return QRectF(left, top, wide, tall)


def _paint_tag(
    painter: QPainter, words: str, square: QRectF, kept_free: int, side: int = 0
) -> None:
    """Words on a dark ground just above a square, or left (-1) or right (1) of it, inside of the
    widget."""
    painter.setFont(theme.ui_font(theme.TIME_PX))
    wide = QFontMetricsF(painter.font()).horizontalAdvance(words) + 10
    device = painter.device()
    left, top = square.left(), square.top() - 21
    if side:
        left = square.right() + 3 if side > 0 else square.left() - wide - 3
        top = square.center().y() - 9
    elif top < 2:  # no room above: inside where the square is tall
        tall = square.height() > TALL_PX
        left, top = (left + 4, square.top() + 4) if tall else (left, square.bottom() + 3)
    left = max(min(left, device.width() - kept_free - wide - 2), 2.0)
    box = QRectF(left, min(top, device.height() - 20.0), wide, 18)
    ground = QColor(theme.DARK.canvas)
    ground.setAlpha(215)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(QColor(theme.DARK.text))
    painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), words)
