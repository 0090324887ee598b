"""What the colours over a picture mean: a bar with words, in a corner of its pane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from harstudio.runs.recognised.legends import LITTLE_TO_MUCH
from harstudio.studio import theme
from harstudio.studio.panes.heat import table_image

PAD, LINE_PX, BAR_PX, BAR_WIDE, GAP = 7, 16, 7, 76, 6
SMALL_BAR = 36  # in a small pane, where the bar stands before its words
SMALL_PANE = 360
SMALL_WIDE, SMALL_SHARE = 190, 0.6
MARGIN = 8


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
    ends: tuple[str, str] = LITTLE_TO_MUCH

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
        self.kept_free = 0  # pixels at the right that belong to somebody else
        self._meanings: tuple[Meaning, ...] = ()
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
            first = metrics.horizontalAdvance(self._brief(one))
            if self._small:
                first += SMALL_BAR + GAP
            else:
                ends = sum(metrics.horizontalAdvance(end) for end in one.ends)
                wide = max(wide, BAR_WIDE + ends + 2 * GAP)
            rest = [text for text in (one.note, one.link) if text]
            wide = max(wide, first, *(metrics.horizontalAdvance(text) for text in rest))
            lines += len(rest) + (1 if self._small else 2)
        gaps = (len(self._meanings) - 1) * (0 if self._small else GAP)
        return QSize(int(wide) + 2 * PAD + 2, lines * LINE_PX + 2 * PAD + gaps)

    @property
    def _small(self) -> bool:
        """Whether there is so little room that every bar stands before its words."""
        room = self.parentWidget().size()
        return room.height() < SMALL_PANE or room.width() < 2 * SMALL_PANE

    def _brief(self, one: Meaning) -> str:
        """Its words; in a small pane what is explained and for which class, the rest is in the
        tool tip."""
        what, for_class, rest = one.words.partition(", for ")
        return f"{what} → {rest.partition(', ')[0]}" if self._small and for_class else one.words

    def _place(self) -> None:
        room, hint = self.parentWidget().size(), self.sizeHint()
        most = room.width() - 2 * MARGIN - self.kept_free
        if self._small:  # the middle belongs to the people in the picture
            most = min(most, max(SMALL_WIDE, round(SMALL_SHARE * room.width())))
        wide = min(hint.width(), max(60, most))
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
            y = self._paint_one(painter, one, y) + (0 if self._small else GAP)

    def _paint_one(self, painter: QPainter, one: Meaning, y: float) -> float:
        tokens = theme.current()
        if self._small:
            bar = QRectF(PAD, y + (LINE_PX - BAR_PX) / 2, SMALL_BAR, BAR_PX)
            self._paint_bar(painter, one, bar)
            y = self._write(painter, self._brief(one), tokens.text, y, PAD + SMALL_BAR + GAP)
        else:
            y = self._write(painter, one.words, tokens.text, y)
            y = self._paint_scale(painter, one, y)
        y = self._write(painter, one.note, tokens.quiet, y)
        if one.link:
            wide = painter.fontMetrics().horizontalAdvance(one.link)
            self._links.append((QRectF(PAD, y, wide, LINE_PX), one))
            y = self._write(painter, one.link, tokens.accent, y)
        return y

    def _paint_scale(self, painter: QPainter, one: Meaning, y: float) -> float:
        """The bar between the words for its two ends."""
        metrics = painter.fontMetrics()
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(theme.current().quiet))
        less, more = (metrics.horizontalAdvance(end) for end in one.ends)
        painter.drawText(QRectF(PAD, y, less + 1, LINE_PX), middle, one.ends[0])
        bar = QRectF(PAD + less + GAP, y + (LINE_PX - BAR_PX) / 2, BAR_WIDE, BAR_PX)
        bar.setRight(min(bar.right(), self.width() - PAD - more - GAP))
        self._paint_bar(painter, one, bar)
        painter.drawText(QRectF(bar.right() + GAP, y, more + 1, LINE_PX), middle, one.ends[1])
        return y + LINE_PX

    def _paint_bar(self, painter: QPainter, one: Meaning, bar: QRectF) -> None:
        tokens = theme.current()
        painter.fillRect(bar, QColor(theme.mixed(tokens.line, tokens.canvas, 0.2)))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(bar, table_image(one.table, 1))

    def _write(
        self, painter: QPainter, text: str, color: str, y: float, left: float = PAD
    ) -> float:
        if not text:
            return y
        room = int(self.width() - PAD - left)
        fitting = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
        painter.setPen(QColor(color))
        where = QRectF(left, y, room + 1, LINE_PX)
        painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, fitting)
        return y + LINE_PX

    # ---- mouse

    def link_at(self, place: QPointF) -> Meaning | None:
        """What a click there would follow."""
        return next((one for area, one in self._links if area.contains(place)), None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        found = self.link_at(event.position())
        said = "\n".join(f"{m.words}: {m.ends[0]} to {m.ends[1]}" for m in self._meanings)
        self.setToolTip(said if found is None else found.tip)
        if found is None:
            self.unsetCursor()
        else:
            self.setCursor(Qt.CursorShape.PointingHandCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        found = self.link_at(event.position())
        if found is not None and found.run is not None:
            found.run()
        event.accept()
