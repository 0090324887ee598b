"""Sizes for eyes five metres away: all follow the size of the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from harstudio.studio import theme

TALL, WIDE = 1080.0, 1720.0  # the screen that the numbers below are meant for
COLUMN = 0.39  # of the width: the words beside the picture
LOW_COLUMN = 0.5  # of the height, where the screen stands upright
LABEL_PX, LABEL_MOST_PX = 96.0, 132.0
LABEL_ROWS = 4
SPACED = 0.96  # rows of large words lie close together
PANEL = QColor(theme.DARK.canvas)
CHIP = QColor(theme.DARK.raised)
TROUGH = QColor(theme.DARK.raised)
SECOND = QColor("#5A6573")  # bars of what it is probably not


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of one screen, in pixels of Qt."""

    width: int
    height: int

    @property
    def unit(self) -> float:
        """Pixels for one pixel of a screen 1080 tall; never so that a narrow screen overflows."""
        if self.upright:
            return min(self.height / (TALL * 1.6), self.width / (TALL * 0.8))
        return min(self.height / TALL, self.width / WIDE)

    @property
    def upright(self) -> bool:
        return self.height > self.width * 1.15

    def px(self, at_1080: float) -> float:
        return at_1080 * self.unit

    def mirror(self) -> QRect:
        """Where the picture stands."""
        if self.upright:
            return QRect(0, 0, self.width, round(self.height * (1 - LOW_COLUMN)))
        return QRect(0, 0, round(self.width * (1 - COLUMN)), self.height)

    def column(self) -> QRect:
        """Where the words stand."""
        mirror = self.mirror()
        if self.upright:
            return QRect(0, mirror.height(), self.width, self.height - mirror.height())
        return QRect(mirror.width(), 0, self.width - mirror.width(), self.height)

    def font(self, at_1080: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
        """The system's own font."""
        font = theme.ui_font(max(1, round(self.px(at_1080))))
        font.setWeight(weight)
        return font


def figures(font: QFont) -> QFont:
    """The font with figures that all have one width, so that nothing trembles."""
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def wrapped(words: str, font: QFont, width: float) -> list[str]:
    """The words in rows that are no wider, unless a single word is."""
    metrics = QFontMetricsF(font)
    rows: list[str] = []
    for word in words.split():
        longer = f"{rows[-1]} {word}" if rows else word
        if rows and metrics.horizontalAdvance(longer) <= width:
            rows[-1] = longer
        else:
            rows.append(word)
    return rows


def fitted(
    words: str, sizes: Sizes, width: float, most: float, least: float, rows: int
) -> tuple[QFont, list[str]]:
    """The words in as few rows as a bold font of at least ``least`` (at 1080) allows, and of these
    the largest font up to ``most``; below ``least`` only where even ``rows`` rows are too few."""
    for allowed in range(1, rows + 1):
        made = _largest(words, sizes, width, (most, least), allowed)
        if made is not None:
            return made
    smallest = _largest(words, sizes, width, (least, least / 3), rows)
    font = _bold(sizes, least / 3)
    return smallest or (font, wrapped(words, font, width)[:rows])


def _largest(
    words: str, sizes: Sizes, width: float, limits: tuple[float, float], rows: int
) -> tuple[QFont, list[str]] | None:
    size, least = limits
    while size >= least:
        font = _bold(sizes, size)
        made = wrapped(words, font, width)
        metrics = QFontMetricsF(font)
        if len(made) <= rows and all(metrics.horizontalAdvance(row) <= width for row in made):
            return font, made
        size -= 2
    return None


def _bold(sizes: Sizes, at_1080: float) -> QFont:
    font = sizes.font(at_1080, QFont.Weight.Bold)
    font.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 98)
    return font


def pill(
    painter: QPainter, sizes: Sizes, words: str, at: tuple[float, float], text_at_1080: float,
    ground: QColor, ink: QColor, dot: QColor | None = None,
) -> QRectF:  # fmt: skip
    """Words on a round ground, its corner at ``at``; the place it took."""
    painter.setFont(figures(sizes.font(text_at_1080)))
    metrics = QFontMetricsF(painter.font())
    pad = sizes.px(text_at_1080 * 0.85)
    room = sizes.px(text_at_1080 * 0.95) if dot is not None else 0.0
    wide = metrics.horizontalAdvance(words) + 2 * pad + room
    box = QRectF(at[0], at[1], wide, sizes.px(text_at_1080 * 2.0))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
    if dot is not None:
        radius = sizes.px(text_at_1080 * 0.3)
        painter.setBrush(dot)
        painter.drawEllipse(box.left() + pad, box.center().y() - radius, 2 * radius, 2 * radius)
    painter.setPen(ink)
    flags = int(Qt.AlignmentFlag.AlignVCenter) | int(Qt.AlignmentFlag.AlignLeft)
    painter.drawText(box.adjusted(pad + room, 0, 0, 0), flags, words)
    return box


def bar(
    painter: QPainter, box: QRectF, parts: Sequence[tuple[float, QColor]], trough: QColor
) -> None:
    """A round bar filled from the left by (share, colour)."""
    radius = box.height() / 2
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(trough)
    painter.drawRoundedRect(box, radius, radius)
    at = box.left()
    for number, (share, color) in enumerate(parts):
        wide = box.width() * min(max(share, 0.0), 1.0)
        if wide <= 0:
            continue
        last = number == len(parts) - 1
        painter.setBrush(color)
        part = QRectF(at, box.top(), max(wide, box.height()) if len(parts) == 1 else wide,
                      box.height())  # fmt: skip
        painter.setClipRect(part)
        from_left = QRectF(part)
        if number:
            from_left.setLeft(part.left() - box.height())
        if not last:
            from_left.setRight(part.right() + box.height())
        painter.drawRoundedRect(from_left, radius, radius)
        at += wide
    painter.restore()
