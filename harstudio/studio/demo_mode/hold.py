"""The way out: a key that is held, so that no visitor leaves by chance."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from harstudio.studio import theme
from harstudio.studio.demo_mode.sizes import Sizes

HOLD_S, HINT_S, TICK_MS = 1.2, 2.5, 16
HOLD_ON, HINT = "Keep holding to leave", "Hold Esc to leave"


class HeldKey(QObject):
    """Counts how long a key is down; ``done`` when it was long enough."""

    changed = Signal()
    done = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._since: float | None = None
        self._hint_until = 0.0
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self._look)

    @property
    def share(self) -> float:
        """In [0, 1], how much of the time it was held."""
        if self._since is None:
            return 0.0
        return min((time.monotonic() - self._since) / HOLD_S, 1.0)

    @property
    def hints(self) -> bool:
        """Whether to say that the key must be held."""
        return self._since is None and time.monotonic() < self._hint_until

    def press(self) -> None:
        if self._since is None:
            self._since = time.monotonic()
            self._tick.start()
            self.changed.emit()

    def release(self) -> None:
        """Too short: only a hint."""
        if self._since is not None:
            self._since = None
            self._hint_until = time.monotonic() + HINT_S
            self.changed.emit()

    def forget(self) -> None:
        """The keyboard is another's now: nothing is held."""
        self._since, self._hint_until = None, 0.0
        self._tick.stop()
        self.changed.emit()

    def _look(self) -> None:
        if self._since is not None and self.share >= 1.0:
            self.forget()
            self.done.emit()
            return
        if self._since is None and not self.hints:
            self._tick.stop()
        self.changed.emit()


class HoldRing(QWidget):
    """A ring that closes while the key is held, in the middle of the screen."""

    def __init__(self, held: HeldKey, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.sizes = Sizes(1, 1)
        self._held = held
        held.changed.connect(self._follow)
        self.hide()

    def _follow(self) -> None:
        self.setVisible(self._held.share > 0 or self._held.hints)
        self.update()

    def place(self) -> None:
        """In the middle of the parent."""
        px = self.sizes.px
        wide, tall = round(px(620)), round(px(400))
        area = self.parentWidget().rect()
        self.setGeometry((area.width() - wide) // 2, (area.height() - tall) // 2, wide, tall)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        px, tokens, share = self.sizes.px, theme.DARK, self._held.share
        held = share > 0
        font = self.sizes.font(40, QFont.Weight.DemiBold)
        words = HOLD_ON if held else HINT
        wide = QFontMetricsF(font).horizontalAdvance(words)
        tall = px(330) if held else px(120)
        box = QRectF(0, 0, wide + px(100), tall)
        box.moveCenter(self.rect().toRectF().center())
        ground = QColor(tokens.canvas)
        ground.setAlpha(235)
        painter.setPen(QPen(QColor(tokens.line), px(2)))
        painter.setBrush(ground)
        painter.drawRoundedRect(box.adjusted(2, 2, -2, -2), px(30), px(30))
        painter.setFont(font)
        painter.setPen(QColor(tokens.text))
        if not held:
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), words)
            return
        line = QRectF(box.left(), box.bottom() - px(96), box.width(), px(60))
        painter.drawText(line, int(Qt.AlignmentFlag.AlignCenter), words)
        ring = QRectF(0, 0, px(150), px(150))
        ring.moveCenter(QPointF(box.center().x(), box.top() + px(120)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, part in ((tokens.line, 1.0), (tokens.accent, share)):
            pen = QPen(QColor(color), px(16))
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawArc(ring, 90 * 16, -round(360 * 16 * part))
        painter.setPen(QColor(tokens.text))
        painter.setFont(self.sizes.font(36, QFont.Weight.DemiBold))
        painter.drawText(ring, int(Qt.AlignmentFlag.AlignCenter), "Esc")
