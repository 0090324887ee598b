"""Numbers and pictures that lie on no recording: a small picture in the panel, large on a click."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QDialog, QSizePolicy, QVBoxLayout, QWidget

from harstudio.recordings.overlay.heat_colors import inferno
from harstudio.results import Box, Matrix, Picture
from harstudio.runs.recognised.patches import Frame, nearest_frame
from harstudio.runs.recognised.words import figure
from harstudio.studio import theme
from harstudio.studio.panes.heat import table_image

TEXT_PX, BAR_PX, GAP = 17, 7, 4
TALLEST, LOWEST = 180, 44
BINS = 32
LARGE = QSize(880, 680)


class Fitted(QWidget):
    """Paints ``draw`` fitted into itself; Enter or a click opens it large."""

    met = Signal()  # something else is shown

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme.theme_events.changed.connect(self.update)

    def tall(self, wide: int) -> int:
        """The height that suits a width."""
        raise NotImplementedError

    def draw(self, painter: QPainter, area: QRectF) -> None:
        """Everything, into an area."""
        raise NotImplementedError

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(160, self.tall(max(160, self.width())))

    def resizeEvent(self, event: object) -> None:  # noqa: N802
        self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.draw(painter, QRectF(self.rect()))
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.current().accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            self.enlarge()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.enlarge()
        else:
            super().keyPressEvent(event)

    def enlarge(self) -> QDialog:
        """Show it in a window of its own; Esc closes that."""
        large = Large(self)
        large.show()
        return large


class Large(QDialog):
    """What a panel shows small. It follows: with the playhead it shows other numbers too."""

    def __init__(self, shown: Fitted) -> None:
        super().__init__(shown.window())
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(shown.accessibleName())
        self.resize(LARGE)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.addWidget(_Canvas(shown))
        shown.destroyed.connect(self.close)


class _Canvas(QWidget):
    def __init__(self, shown: Fitted) -> None:
        super().__init__()
        self._shown: Fitted | None = shown
        shown.met.connect(self.update)
        shown.destroyed.connect(self._forget)
        self.setAccessibleName(shown.accessibleName())

    def _forget(self) -> None:
        self._shown = None

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        if self._shown is not None:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._shown.draw(painter, QRectF(self.rect()))


class MatrixView(Fitted):
    """A matrix in colours with a bar for them; a single row as a histogram of its numbers."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._one: Matrix | None = None
        self._image = QImage()

    def show_one(self, one: Matrix) -> None:
        """Another moment's."""
        self._one = one
        self._image = QImage() if self.is_row else colored(one.values)
        rows, columns = one.values.shape
        size = f"{columns} numbers" if rows == 1 else f"{rows} × {columns}"
        self.setToolTip(f"{one.meaning}\n{size}; click or Enter enlarges it")
        self.setAccessibleDescription(self.words())
        self.updateGeometry()
        self.update()
        self.met.emit()

    @property
    def is_row(self) -> bool:
        """Whether it is one row of numbers."""
        return self._one is not None and len(self._one.values) == 1

    def words(self) -> str:
        """What it is, in words."""
        one = self._one
        if one is None:
            return ""
        if self.is_row:
            count = f"{one.values.size} {plural(one.columns)}"
            return f"{one.rows}\nmean {figure(float(one.values.mean()))} over {count}"
        return f"down: {one.rows}\nacross: {one.columns}"

    def tall(self, wide: int) -> int:
        if self._one is None or self.is_row:
            return 3 * TEXT_PX + LOWEST
        rows, columns = self._one.values.shape
        return 3 * TEXT_PX + GAP + min(TALLEST, max(LOWEST, round(wide * rows / columns)))

    def draw(self, painter: QPainter, area: QRectF) -> None:
        if self._one is None:
            return
        painter.setFont(theme.ui_font(theme.QUIET_PX))
        if self.is_row:
            self._draw_row(painter, area, self._one)
        else:
            self._draw_matrix(painter, area, self._one)

    def _draw_matrix(self, painter: QPainter, area: QRectF, one: Matrix) -> None:
        painter.setPen(QColor(theme.current().quiet))
        self._draw_words(painter, area)
        room = area.adjusted(0, 2 * TEXT_PX, 0, -TEXT_PX - GAP)
        place = _stretched(one, room)
        smooth = self._image.width() > place.width() or self._image.height() > place.height()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawImage(place, self._image)
        low, high = ends(float(one.values.min()), float(one.values.max()))
        foot = QRectF(area.left(), area.bottom() - TEXT_PX, area.width(), TEXT_PX)
        left = painter.fontMetrics().horizontalAdvance(low) + GAP
        right = painter.fontMetrics().horizontalAdvance(high) + GAP
        painter.drawText(foot, int(MIDDLE), low)
        bar = QRectF(foot.left() + left, foot.center().y() - BAR_PX / 2, 90, BAR_PX)
        bar.setRight(min(bar.right(), foot.right() - right))
        painter.drawImage(bar, table_image(_table(), 1))
        painter.drawText(QRectF(bar.right() + GAP, foot.top(), right, TEXT_PX), int(MIDDLE), high)

    def _draw_words(self, painter: QPainter, area: QRectF) -> None:
        for number, words in enumerate(self.words().splitlines()):
            place = QRectF(area.left(), area.top() + number * TEXT_PX, area.width(), TEXT_PX)
            _write(painter, place, words)

    def _draw_row(self, painter: QPainter, area: QRectF, one: Matrix) -> None:
        tokens, values = theme.current(), one.values[0]
        painter.setPen(QColor(tokens.quiet))
        self._draw_words(painter, area)
        room = area.adjusted(0, 2 * TEXT_PX, 0, -TEXT_PX)
        painter.fillRect(room, QColor(tokens.raised))
        low, high = float(values.min()), float(values.max())
        if high - low < 1e-6 * max(1.0, abs(high)):
            low, high = low - 0.5, high + 0.5
        counts, _ = np.histogram(values, bins=BINS, range=(low, high))
        wide = room.width() / BINS
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.accent))
        for number, share in enumerate((counts / counts.max()).tolist()):
            height = share * (room.height() - 2)
            left = room.left() + number * wide
            painter.drawRect(QRectF(left, room.bottom() - height, max(1.0, wide - 1), height))
        mean = room.left() + room.width() * (float(values.mean()) - low) / (high - low)
        painter.setPen(QPen(QColor(tokens.text), 1.5))
        painter.drawLine(QLineF(mean, room.top(), mean, room.bottom()))
        painter.setPen(QColor(tokens.quiet))
        foot = QRectF(area.left(), area.bottom() - TEXT_PX, area.width(), TEXT_PX)
        least, most = ends(low, high)
        painter.drawText(foot, int(MIDDLE), least)
        painter.drawText(foot, int(MIDDLE | Qt.AlignmentFlag.AlignRight), most)


class PictureView(Fitted):
    """A picture as the network was given it."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self.image = QImage()
        self._one: Picture | None = None
        self._now: Frame | None = None

    def show_one(self, one: Picture) -> None:
        """Another moment's."""
        self._one, self._now = one, None
        height, width, _ = one.pixels.shape
        pixels = np.ascontiguousarray(one.pixels)
        form = QImage.Format.Format_RGB888
        self.image = QImage(pixels.data, width, height, 3 * width, form).copy()
        self.setToolTip(f"{one.meaning}\n{width} × {height}; click or Enter enlarges it")
        self.setAccessibleDescription(one.meaning)
        self.updateGeometry()
        self.update()
        self.met.emit()

    def tall(self, wide: int) -> int:
        if self.image.isNull():
            return LOWEST
        return min(TALLEST, round(wide * self.image.height() / self.image.width()))

    def set_now(self, now_ns: int) -> None:
        """Mark the pieces that come from the frame nearest to the playhead."""
        now = None if self._one is None else nearest_frame(self._one, now_ns)
        if now is not None and all(_is_whole(cut.part) for cut in now.cuts):
            now = None
        if now != self._now:
            self._now = now
            self.update()
            self.met.emit()

    def draw(self, painter: QPainter, area: QRectF) -> None:
        if self.image.isNull():
            return
        scale = min(area.width() / self.image.width(), area.height() / self.image.height())
        wide, tall = self.image.width() * scale, self.image.height() * scale
        left = area.left() + (area.width() - wide) / 2
        top = area.top() + (area.height() - tall) / 2
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(left, top, wide, tall), self.image)
        if self._now is None:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        parts = [cut.part for cut in self._now.cuts]
        for tone, thick in ((QColor(theme.DARK.canvas), 3.0), (QColor(theme.DARK.text), 1.5)):
            painter.setPen(QPen(tone, thick))
            for part in parts:
                across, down = part.right - part.left, part.bottom - part.top
                piece = QRectF(left + part.left * wide, top + part.top * tall,
                               across * wide, down * tall)  # fmt: skip
                painter.drawRect(piece.adjusted(1, 1, -1, -1))


def _is_whole(part: Box) -> bool:
    return part.right - part.left >= 1 and part.bottom - part.top >= 1


MIDDLE = Qt.AlignmentFlag.AlignVCenter


def colored(values: NDArray[np.float32]) -> QImage:
    """Every number as one pixel, from the least, dark, to the largest."""
    low, high = float(values.min()), float(values.max())
    shares = (values - low) / max(high - low, 1e-12)
    pixels = np.ascontiguousarray(inferno()[np.rint(shares * 255).astype(np.intp)])
    height, width, _ = pixels.shape
    form = QImage.Format.Format_RGB888
    return QImage(pixels.data, width, height, 3 * width, form).copy()


def ends(low: float, high: float) -> tuple[str, str]:
    """Both ends of a scale, with as many figures as it takes to tell them apart."""
    if figure(low) != figure(high):
        return figure(low), figure(high)
    for figures in range(3, 9):
        shown = f"{low:.{figures}g}", f"{high:.{figures}g}"
        if shown[0] != shown[1]:
            return shown
    return figure(low), figure(high)


def plural(words: str) -> str:
    """ "feature" is "features"; what comes after the first word stays."""
    first, _, rest = words.partition(" ")
    return " ".join(filter(None, (first if first.endswith("s") else f"{first}s", rest)))


def _table() -> NDArray[np.uint8]:
    return np.column_stack([inferno()[:, ::-1], np.full(256, 255, np.uint8)])


def _stretched(one: Matrix, room: QRectF) -> QRectF:
    """Where a matrix is painted: square cells where there is room, else flatter or narrower."""
    rows, columns = one.values.shape
    cell = min(room.width() / columns, room.height() / rows)
    wide, tall = columns * cell, rows * cell
    if wide < room.width() / 3:
        wide = room.width() / 3
    if tall < LOWEST:
        tall = min(float(LOWEST), room.height())
    return QRectF(room.left(), room.top(), wide, tall)


def _write(painter: QPainter, place: QRectF, words: str) -> None:
    elide = Qt.TextElideMode.ElideRight
    fitting = painter.fontMetrics().elidedText(words, elide, int(place.width()))
    painter.drawText(place, int(MIDDLE), fitting)
