"""What the colours over a picture mean: a bar with words, in a corner of its pane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from harstudio.studio import theme
from harstudio.studio.panes.heat import table_image

PAD, LINE_PX, BAR_PX, BAR_WIDE, GAP = 8, 17, 7, 84, 6
MARGIN = 10
LESS, MORE = "little", "much"


@dataclass(frozen=True, slots=True, eq=False)
class Meaning:
    """One bar. words: what the colours are ("self-attention, MMFF, 10x10"); table: (256, 4)
    uint8 premultiplied BGRA from little to much; link: words that can be clicked, "" for none."""

    words: str
    table: NDArray[np.uint8]
    link: str = ""
    tip: str = ""
    run: Callable[[], None] | None = None
    note: str = ""
    ends: tuple[str, str] = (LESS, MORE)

    def same(self, other: Meaning) -> bool:
        """Whether it looks the same."""
        mine = (self.words, id(self.table), self.link, self.note, self.ends)
        return mine == (other.words, id(other.table), other.link, other.note, other.ends)


class Legend(QWidget):
    """Stands at the lower left of its parent, as large as its words; away when there are none."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("legend")
        self.setMouseTracking(True)
        self._meanings: tuple[Meaning, ...] = ()
        self._images: dict[int, QImage] = {}
        self._links: list[tuple[QRectF, Meaning]] = []
        parent.installEventFilter(self)
        self.hide()

    @property
    def meanings(self) -> tuple[Meaning, ...]:
        return self._meanings

    def words(self) -> str:
        """Everything it says, for screen readers and tests."""
        parts = [part for m in self._meanings for part in (m.words, m.note, m.link) if part]
        return "\n".join(parts)

    def tell(self, meanings: Sequence[Meaning]) -> None:
        """Say these; nothing hides it."""
        now = tuple(meanings)
        same = len(now) == len(self._meanings) and all(
            a.same(b) for a, b in zip(now, self._meanings, strict=True)
        )
        self._meanings = now
        if same:
            return
        self.setAccessibleName(self.words())
        self._place()
        self.setVisible(bool(now))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        metrics = QFontMetrics(theme.ui_font(theme.TIME_PX))
        wide, lines = 0.0, 0
        for one in self._meanings:
            ends = sum(metrics.horizontalAdvance(end) for end in one.ends)
            wide = max(wide, BAR_WIDE + ends + 2 * GAP)
            texts = [text for text in (one.words, one.note, one.link) if text]
            wide = max(wide, *(metrics.horizontalAdvance(text) for text in texts))
            lines += len(texts) + 1
        tall = lines * LINE_PX + 2 * PAD + (len(self._meanings) - 1) * GAP
        return QSize(int(wide) + 2 * PAD + 2, tall)

    def _place(self) -> None:
        room, hint = self.parentWidget().size(), self.sizeHint()
        wide = min(hint.width(), max(60, room.width() - 2 * MARGIN))
        tall = min(hint.height(), max(20, room.height() - 2 * MARGIN))
        self.setGeometry(MARGIN, room.height() - MARGIN - tall, wide, tall)
        self.raise_()

    def eventFilter(self, watched: object, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize and self._meanings:
            self._place()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        tokens = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        back = QColor(tokens.canvas)
        back.setAlpha(225)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(back)
        painter.drawRoundedRect(QRectF(self.rect()), theme.CORNER, theme.CORNER)
        painter.setFont(theme.ui_font(theme.TIME_PX))
        self._links = []
        y = float(PAD)
        for one in self._meanings:
            y = self._paint_one(painter, one, y) + GAP

    def _paint_one(self, painter: QPainter, one: Meaning, y: float) -> float:
        tokens = theme.current()
        y = self._write(painter, one.words, tokens.text, y)
        metrics = painter.fontMetrics()
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(tokens.quiet))
        less, more = (metrics.horizontalAdvance(end) for end in one.ends)
        painter.drawText(QRectF(PAD, y, less + 1, LINE_PX), middle, one.ends[0])
        bar = QRectF(PAD + less + GAP, y + (LINE_PX - BAR_PX) / 2, BAR_WIDE, BAR_PX)
        bar.setRight(min(bar.right(), self.width() - PAD - more - GAP))
        painter.fillRect(bar, QColor(theme.mixed(tokens.line, tokens.canvas, 0.2)))
        image = self._images.setdefault(id(one.table), table_image(one.table, 1))
        if len(self._images) > 8:
            self._images.clear()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(bar, image)
        painter.drawText(QRectF(bar.right() + GAP, y, more + 1, LINE_PX), middle, one.ends[1])
        y += LINE_PX
        y = self._write(painter, one.note, tokens.quiet, y)
        if one.link:
            wide = min(metrics.horizontalAdvance(one.link), self.width() - 2 * PAD)
            self._links.append((QRectF(PAD, y, wide, LINE_PX), one))
            y = self._write(painter, one.link, tokens.accent, y)
        return y

    def _write(self, painter: QPainter, text: str, color: str, y: float) -> float:
        if not text:
            return y
        room = self.width() - 2 * PAD
        fitting = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
        painter.setPen(QColor(color))
        painter.drawText(QRectF(PAD, y, room + 1, LINE_PX), Qt.AlignmentFlag.AlignVCenter, fitting)
        return y + LINE_PX

    # ---- mouse

    def link_at(self, place: QPointF) -> Meaning | None:
        """What a click there would follow."""
        return next((one for area, one in self._links if area.contains(place)), None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        found = self.link_at(event.position())
        self.setToolTip("" if found is None else found.tip)
        if found is None:
            self.unsetCursor()
        else:
            self.setCursor(Qt.CursorShape.PointingHandCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        found = self.link_at(event.position())
        if found is not None and found.run is not None:
            found.run()
        event.accept()
