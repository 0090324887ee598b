"""The words beside the picture: what you are doing, and what speaks for it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from harstudio.runs.recognised.words import spoken
from harstudio.studio import theme
from harstudio.studio.demo_mode.shown import MOST_JUST_NOW, MOST_RANKED, Scene, Shown
from harstudio.studio.demo_mode.sizes import (
    CHIP,
    LABEL_MOST_PX,
    LABEL_PX,
    LABEL_ROWS,
    PANEL,
    SECOND,
    SPACED,
    TROUGH,
    Sizes,
    bar,
    figures,
    fitted,
    pill,
)

MARGIN, CAPTION_PX, NAME_PX, BAR_PX, CHIP_PX, FOOT_PX = 42.0, 26.0, 32.0, 13.0, 25.0, 20.0
RANK_PITCH = 76.0
MODALITY_COLORS = {
    "skeleton": "#E69F00",
    "color": "#56B4E9",
    "depth": "#3DB88F",
    "infrared": "#E8826B",
    "inertial": "#CC79A7",
    "audio": "#D9CF5B",
}
MODALITY_WORDS = {"color": "picture"}  # what visitors call it
STARTING = "Getting ready"
NOTHING_YET = "Ready when you are"
NOTHING_KNOWN = "nothing known"
LEAVE = "hold Esc to leave"


def modality_word(name: str) -> str:
    return MODALITY_WORDS.get(name, spoken(name))


class Doing(QWidget):
    """Paints itself when what is shown is another."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._shown = Shown()
        self.sizes = Sizes(1, 1)
        self.way_out = LEAVE  # "" while the keyboard is elsewhere
        self.label_px = 0.0  # height of the font of the label as it was painted last

    def show_words(self, shown: Shown) -> None:
        if shown != self._shown:
            self._shown = shown
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), PANEL)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        px = self.sizes.px
        left, wide = px(MARGIN), self.width() - 2 * px(MARGIN)
        low = self._foot(painter, left, wide)
        top = self._label(painter, left, wide)
        self._middle(painter, left, wide, top, low)

    # ---- from the top

    def _headline(self) -> tuple[str, str, str]:
        """Caption, large words, and their colour."""
        shown, tokens = self._shown, theme.DARK
        if shown.scene is Scene.STARTING:
            return "Opening the camera", STARTING, tokens.quiet
        if not shown.ready:
            return "Loading the network", STARTING, tokens.quiet
        if not shown.label:
            return "", NOTHING_YET, tokens.quiet
        caption = "They were doing" if shown.recorded else "You are doing"
        if shown.past:
            caption = "That was"
        return caption, shown.label, tokens.text if shown.known else tokens.quiet

    def _label(self, painter: QPainter, left: float, wide: float) -> float:
        caption, words, color = self._headline()
        px = self.sizes.px
        top = px(64)
        self._caption(painter, caption, left, top)
        top += px(CAPTION_PX + 14)
        font, rows = fitted(words, self.sizes, wide, LABEL_MOST_PX, LABEL_PX, LABEL_ROWS)
        self.label_px = font.pixelSize()
        painter.setFont(font)
        painter.setPen(QColor(color))
        metrics = QFontMetricsF(font)
        pitch = font.pixelSize() * SPACED
        base = top + metrics.capHeight() + px(10)
        for row in rows:
            painter.drawText(QRectF(left - px(4), base - metrics.ascent(), wide * 1.1,
                                    metrics.height()), 0, row)  # fmt: skip
            base += pitch
        return base - pitch + metrics.descent() + px(30)

    def _caption(self, painter: QPainter, words: str, left: float, top: float) -> None:
        painter.setFont(self.sizes.font(CAPTION_PX))
        painter.setPen(QColor(theme.DARK.quiet))
        painter.drawText(QRectF(left, top, self.width(), self.sizes.px(CAPTION_PX * 1.4)), 0, words)

    def _middle(self, painter: QPainter, left: float, wide: float, top: float, low: float) -> None:
        """Bars of the likeliest, then who decided, as far as there is room above ``low``."""
        px, shown = self.sizes.px, self._shown
        decided = px(CAPTION_PX + NAME_PX + BAR_PX + 50) if len(shown.shares) > 1 else 0.0
        for number, (name, share) in enumerate(shown.ranked[:MOST_RANKED]):
            if top + px(RANK_PITCH) + decided > low:
                break
            first = number == 0 and shown.known
            self._ranked(painter, QRectF(left, top, wide, px(RANK_PITCH)), name, share, first)
            top += px(RANK_PITCH)
        if decided and top + decided <= low:
            spare = min(px(34), low - top - decided)
            self._decided(painter, left, wide, top + spare)

    def _ranked(self, painter: QPainter, box: QRectF, name: str, share: float, first: bool) -> None:
        px, tokens = self.sizes.px, theme.DARK
        painter.setFont(figures(self.sizes.font(NAME_PX)))
        painter.setPen(QColor(tokens.text if first else tokens.quiet))
        metrics = QFontMetricsF(painter.font())
        row = QRectF(box.left(), box.top(), box.width(), metrics.height())
        value = f"{100 * share:.0f}"
        room = row.width() - metrics.horizontalAdvance(value) - px(20)
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(row, int(Qt.AlignmentFlag.AlignLeft), shown)
        painter.drawText(row, int(Qt.AlignmentFlag.AlignRight), value)
        line = QRectF(row.left(), row.bottom() + px(5), row.width(), px(BAR_PX))
        bar(painter, line, [(share, QColor(tokens.accent) if first else SECOND)], TROUGH)

    def _decided(self, painter: QPainter, left: float, wide: float, top: float) -> None:
        px = self.sizes.px
        self._caption(painter, "Decided by", left, top)
        top += px(CAPTION_PX * 1.4 + 12)
        painter.setFont(figures(self.sizes.font(CAPTION_PX)))
        metrics = QFontMetricsF(painter.font())
        parts = [
            (name, share, QColor(MODALITY_COLORS.get(name, theme.DARK.quiet)))
            for name, share in self._shown.shares
        ]
        texts = [f"{modality_word(name)} {100 * share:.0f}" for name, share, _ in parts]
        widths = [metrics.horizontalAdvance(text) for text in texts]
        gap = (wide - sum(widths)) / max(len(parts) - 1, 1)
        at = left
        for text, width, (_, _, color) in zip(texts, widths, parts, strict=True):
            painter.setPen(color)
            painter.drawText(QRectF(at, top, width + 2, metrics.height()), 0, text)
            at += width + gap
        line = QRectF(left, top + metrics.height() + px(8), wide, px(BAR_PX))
        bar(painter, line, [(share, color) for _, share, color in parts], TROUGH)

    # ---- from the bottom

    def _foot(self, painter: QPainter, left: float, wide: float) -> float:
        """Source, rate and the way out; above them what was just now. Where it begins."""
        px, shown = self.sizes.px, self._shown
        painter.setFont(figures(self.sizes.font(FOOT_PX)))
        painter.setPen(QColor(theme.DARK.quiet))
        metrics = QFontMetricsF(painter.font())
        row = QRectF(left, self.height() - px(44) - metrics.height(), wide, metrics.height())
        rate = [] if shown.fps is None else [f"{shown.fps:.0f} fps"]
        rate += [] if shown.latency_ms is None else [f"{shown.latency_ms:.0f} ms"]
        right = "    ".join(filter(None, [" · ".join(rate), self.way_out]))
        room = wide - metrics.horizontalAdvance(right) - px(24)
        source = metrics.elidedText(shown.source, Qt.TextElideMode.ElideRight, room)
        painter.drawText(row, int(Qt.AlignmentFlag.AlignLeft), source)
        painter.drawText(row, int(Qt.AlignmentFlag.AlignRight), right)
        chips = row.top() - px(46) - px(2 * CHIP_PX)
        if not shown.just_now:
            return row.top() - px(30)
        self._chips(painter, left, wide, chips)
        caption = chips - px(14) - px(CAPTION_PX * 1.4)
        self._caption(painter, "Just now", left, caption)
        return caption - px(24)

    def _chips(self, painter: QPainter, left: float, wide: float, top: float) -> None:
        metrics = QFontMetricsF(self.sizes.font(CHIP_PX))
        at, end = left, left + wide
        for name in self._shown.just_now[:MOST_JUST_NOW]:
            width = metrics.horizontalAdvance(name) + self.sizes.px(2 * 0.85 * CHIP_PX)
            if at + width > end:
                if at > left:
                    break
                name = metrics.elidedText(
                    name, Qt.TextElideMode.ElideRight, wide - self.sizes.px(2 * CHIP_PX)
                )
            ink = theme.DARK.quiet if name == NOTHING_KNOWN else theme.DARK.text
            box = pill(painter, self.sizes, name, (at, top), CHIP_PX, CHIP, QColor(ink))
            at = box.right() + self.sizes.px(11)
