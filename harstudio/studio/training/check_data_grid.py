"""Sixteen samples side by side: arrows move, Enter or a click opens the clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QToolTip, QWidget

from harstudio.skeletons.topology import Topology
from harstudio.studio import theme
from harstudio.studio.training.check_data_sample import Film, Seen

COLUMNS = 4
GAP, TEXT_PX = 8, 36
FRAME_MS = 40
SLOWER = 3  # a clip shows a few of its frames only
STEPS = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Up: -COLUMNS,
    Qt.Key.Key_Down: COLUMNS,
}


class SampleGrid(QWidget):
    """The sample in hand, or under the mouse, moves; the others show their movement at once."""

    opened = Signal(object)  # Seen

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        still: bool = False,
        shown: Callable[[str], str] = str,
    ) -> None:
        """shown: the name of a recording as it may be seen."""
        super().__init__(parent)
        self._shown = shown
        self.setObjectName("samples")
        self.setAccessibleName("Samples")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(480, 360)
        self.samples: list[Seen] = []
        self._topology: Topology | None = None
        self._hover: int | None = None
        self.current: int | None = None
        self._frame = 0
        self._clock = QTimer(self, interval=FRAME_MS)
        self._clock.timeout.connect(self._tick)
        self._still = still
        theme.theme_events.changed.connect(self.update)

    def set_samples(self, samples: Sequence[Seen], topology: Topology | None) -> None:
        self.samples, self._topology = list(samples), topology
        self._hover = None
        self.current = 0 if samples else None
        self._describe()
        self._run()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(900, 560)

    # ---- places

    @property
    def _rows(self) -> int:
        return max(1, -(-len(self.samples) // COLUMNS))

    def tile(self, number: int) -> QRect:
        """Where a sample stands."""
        width = (self.width() - (COLUMNS - 1) * GAP) // COLUMNS
        height = (self.height() - (self._rows - 1) * GAP) // self._rows
        row, column = divmod(number, COLUMNS)
        return QRect(column * (width + GAP), row * (height + GAP), width, height)

    def at(self, place: QPoint) -> int | None:
        """The sample under a point."""
        return next((k for k in range(len(self.samples)) if self.tile(k).contains(place)), None)

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, seen in enumerate(self.samples):
            if event.rect().intersects(self.tile(number)):
                self._paint(painter, number, seen)

    def _paint(self, painter: QPainter, number: int, seen: Seen) -> None:
        tokens, tile = theme.current(), self.tile(number)
        in_hand = number == self.current and self.hasFocus()
        painter.setPen(QPen(QColor(tokens.accent if in_hand else tokens.line), 1))
        painter.setBrush(QColor(tokens.canvas))
        painter.drawRoundedRect(QRectF(tile).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        inside = tile.adjusted(6, 6, -6, -TEXT_PX)
        boxes = self._boxes(QRectF(inside), seen)
        moving = number == (self._hover if self._hover is not None else self.current)
        for box, look in zip(boxes, seen.looks.values(), strict=True):
            frame = self._frame if moving and self._clock.isActive() else None
            if frame is not None and isinstance(look, Film):
                frame //= SLOWER
            look.draw(painter, box, self._topology, frame)
        text = QRect(tile.left() + 8, tile.bottom() - TEXT_PX + 3, tile.width() - 16, 15)
        subject = "" if seen.subject is None else f"person {seen.subject} · "
        self._write(painter, text, seen.name, theme.ui_font(theme.QUIET_PX, bold=True), tokens.text)
        below = text.translated(0, 15)
        self._write(
            painter, below, subject + self._shown(seen.recording), theme.ui_font(11), tokens.quiet
        )

    @staticmethod
    def _write(painter: QPainter, place: QRect, words: str, font: QFont, color: str) -> None:
        painter.setFont(font)
        painter.setPen(QColor(color))
        elided = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided)

    @staticmethod
    def _boxes(inside: QRectF, seen: Seen) -> list[QRectF]:
        """Squares for what the sample has, as large as they can be, in as many columns as that
        takes."""
        count = len(seen.looks)
        best, side = 1, 0.0
        for columns in range(1, count + 1):
            rows = -(-count // columns)
            fits = min(
                (inside.width() - (columns - 1) * GAP) / columns,
                (inside.height() - (rows - 1) * GAP) / rows,
            )
            if fits > side:
                best, side = columns, fits
        rows, step = -(-count // best), side + GAP
        left = inside.left() + (inside.width() - best * step + GAP) / 2
        top = inside.top() + (inside.height() - rows * step + GAP) / 2
        return [
            QRectF(left + k % best * step, top + k // best * step, side, side) for k in range(count)
        ]

    # ---- movement

    def _run(self) -> None:
        moves = any(seen.moves for seen in self.samples) and not self._still
        if moves and self.isVisible():
            self._clock.start()
        else:
            self._clock.stop()

    def _tick(self) -> None:
        self._frame += 1
        shown = self._hover if self._hover is not None else self.current
        if shown is not None:
            self.update(self.tile(shown))

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        super().hideEvent(event)
        self._clock.stop()

    def showEvent(self, event: QEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self._run()

    # ---- hands

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            found = self.at(event.pos())
            if found is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), self._sentence(self.samples[found]), self)
            return True
        return super().event(event)

    def _sentence(self, seen: Seen) -> str:
        parts = [f"{seen.name} · {self._shown(seen.recording)}"]
        parts += [f"{name}: {look.words()}" for name, look in seen.looks.items()]
        return "\n".join([*parts, "Click or Enter opens the clip"])

    def _describe(self) -> None:
        known = self.current is not None and self.current < len(self.samples)
        text = self._sentence(self.samples[self.current or 0]) if known else ""
        self.setAccessibleDescription(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        key = Qt.Key(event.key())
        if not self.samples or self.current is None:
            event.ignore()
        elif key in STEPS:
            self.current = min(max(0, self.current + STEPS[key]), len(self.samples) - 1)
            self._frame = 0
            self._describe()
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(self.samples[self.current])
        else:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        found = self.at(event.position().toPoint())
        if found != self._hover:
            self._hover, self._frame = found, 0
            self.setCursor(
                Qt.CursorShape.ArrowCursor if found is None else Qt.CursorShape.PointingHandCursor
            )
            self.update()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self._hover = None
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        found = self.at(event.position().toPoint())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self.current = found
            self.opened.emit(self.samples[found])
