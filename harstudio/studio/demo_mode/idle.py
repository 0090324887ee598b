"""The screen while nobody is there: what can be tried, shown by little figures."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QRadialGradient,
)
from PySide6.QtWidgets import QWidget

from harstudio.skeletons.topology import topology
from harstudio.studio import theme
from harstudio.studio.demo_mode.acted import TOPOLOGY, Acted
from harstudio.studio.demo_mode.doing import LEAVE
from harstudio.studio.demo_mode.mirror import NOT_RECORDING, PILL_PX
from harstudio.studio.demo_mode.shown import Mirror, Shown
from harstudio.studio.demo_mode.sizes import PANEL, SPACED, Sizes, fitted, pill, wrapped
from harstudio.studio.panes.overlays import TRACKED, draw_figure, side_colors

STEP_IN, TRY = "Step in front of the camera", "and try one of these"
MARGIN, FOOT_PX, NAME_PX, TRY_PX, MORE_PX = 64.0, 22.0, 36.0, 44.0, 26.0
AT_ONCE, PAGE_S, PAUSE_S, TICK_MS = 4, 9.0, 0.8, 40
INSET, WORDS_PX = (372.0, 279.0), 300.0
TALL_M, HEAD_M = 2.02, 0.105  # a person with raised arms; radius of a head
HEAD = 3
BONES = 3.0


class Idle(QWidget):
    """Turns its pages by itself while it is seen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.sizes = Sizes(1, 1)
        self.way_out = LEAVE  # "" while the keyboard is elsewhere
        self.still = False  # no movement: the person wishes so
        self._shown = Shown()
        self._acted: tuple[Acted, ...] = ()
        self._mirror: Mirror | None = None
        self._began = time.monotonic()
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self._move)

    def show_words(self, shown: Shown) -> None:
        if shown != self._shown:
            self._shown = shown
            self.update()

    def show_acted(self, acted: tuple[Acted, ...]) -> None:
        """The figures; they take turns where there are many."""
        self._acted = acted
        self._began = time.monotonic()
        self.update()

    def show_mirror(self, mirror: Mirror | None) -> None:
        """The picture, small: who passes by sees that it is live."""
        self._mirror = mirror
        if self.isVisible():
            self.update(self._inset().toAlignedRect())

    @property
    def page(self) -> tuple[Acted, ...]:
        """The figures that are on screen now."""
        if len(self._acted) <= AT_ONCE:
            return self._acted
        pages = -(-len(self._acted) // AT_ONCE)
        number = int((time.monotonic() - self._began) // PAGE_S) % pages
        first = min(number * AT_ONCE, len(self._acted) - AT_ONCE)  # the last page is full, too
        return self._acted[first : first + AT_ONCE]

    def _move(self) -> None:
        self.update(self._stage().toAlignedRect())

    def showEvent(self, event: object) -> None:  # noqa: N802
        super().showEvent(event)
        self._began = time.monotonic()
        self._tick.start(1000 if self.still else TICK_MS)

    def hideEvent(self, event: object) -> None:  # noqa: N802
        super().hideEvent(event)
        self._tick.stop()

    # ---- places

    def _inset(self) -> QRectF:
        """Where the small picture stands: at the right, on upright screens below the words."""
        px = self.sizes.px
        if self.sizes.upright:
            wide = self.width() - 2 * px(MARGIN)
            return QRectF(px(MARGIN), px(MARGIN + WORDS_PX), wide, wide * 0.5)
        wide, tall = px(INSET[0]), px(INSET[1])
        return QRectF(self.width() - px(MARGIN) - wide, px(MARGIN), wide, tall)

    def _stage(self) -> QRectF:
        """Where the figures stand, with their names."""
        px = self.sizes.px
        top = self._inset().bottom() + px(12)
        return QRectF(0, top, self.width(), self.height() - top - px(128))

    # ---- painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(event.rect(), PANEL)
        self._paint_figures(painter)
        seen = QRectF(event.rect())
        if seen.top() < self._stage().top():
            self._paint_words(painter)
            self._paint_inset(painter)
        if seen.bottom() > self._stage().bottom():
            self._paint_foot(painter)

    def _paint_words(self, painter: QPainter) -> None:
        px = self.sizes.px
        left = px(MARGIN)
        right = self.width() - left if self.sizes.upright else self._inset().left() - px(50)
        wide = right - left
        font, rows = fitted(STEP_IN, self.sizes, wide, 116, 84, 2)
        painter.setFont(font)
        painter.setPen(QColor(theme.DARK.text))
        metrics = QFontMetricsF(font)
        base = px(MARGIN) + metrics.capHeight() + px(4)
        for row in rows:
            painter.drawText(QPointF(left - px(5), base), row)
            base += font.pixelSize() * SPACED
        if self._shown.classes:
            painter.setFont(self.sizes.font(TRY_PX))
            painter.setPen(QColor(theme.DARK.quiet))
            painter.drawText(QPointF(left, base - font.pixelSize() * SPACED + px(76)), TRY)

    def _paint_inset(self, painter: QPainter) -> None:
        box, px = self._inset(), self.sizes.px
        shape = QPainterPath()
        shape.addRoundedRect(box, px(20), px(20))
        painter.save()
        painter.setClipPath(shape)
        painter.fillRect(box, QColor(theme.DARK.surface))
        if self._mirror is not None:
            image = _image_of(self._mirror, box, self.devicePixelRatioF())
            painter.drawImage(box, image)
        painter.restore()
        recording = self._shown.recording_s is not None
        ground = QColor(theme.DARK.canvas)
        ground.setAlpha(215)
        ink = QColor("#C9D3E2")
        dot = QColor(theme.DARK.bad) if recording else ink
        words = "recording" if recording else NOT_RECORDING
        pill(painter, self.sizes, words, (box.left() + px(16), box.top() + px(16)),
             PILL_PX * 0.85, ground, ink, dot)  # fmt: skip

    def _paint_figures(self, painter: QPainter) -> None:
        stage, page, px = self._stage(), self.page, self.sizes.px
        if not page:
            self._paint_names(painter, stage)
            return
        seconds = 0.0 if self.still else time.monotonic() - self._began
        across = 2 if self.sizes.upright else max(len(page), 3)
        down = -(-len(page) // across)
        names, tall = px(NAME_PX * 3.1), stage.height() / down
        room = (stage.width() - 2 * px(MARGIN)) / across
        left = (stage.width() - room * min(across, len(page))) / 2
        scale = min((tall - names) / TALL_M, room / 1.6)
        for number, one in enumerate(page):
            middle = left + room * (number % across + 0.5)
            floor = stage.top() + tall * (number // across + 1) - names
            self._paint_figure(painter, one, seconds, QPointF(middle, floor), scale)
            place = QRectF(middle - room / 2 + px(12), floor + px(20), room - px(24), names)
            self._paint_name(painter, one.name, place)

    def _paint_names(self, painter: QPainter, stage: QRectF) -> None:
        """What can be tried, where none of it can be acted."""
        px = self.sizes.px
        painter.setFont(self.sizes.font(TRY_PX, QFont.Weight.DemiBold))
        painter.setPen(QColor(theme.DARK.text))
        words = "   ·   ".join(self._shown.classes)
        flags = int(Qt.AlignmentFlag.AlignLeft) | int(Qt.TextFlag.TextWordWrap)
        painter.drawText(stage.adjusted(px(MARGIN), px(40), -px(MARGIN), 0), flags, words)

    def _paint_figure(
        self, painter: QPainter, one: Acted, seconds: float, foot: QPointF, scale: float
    ) -> None:
        glow = QRadialGradient(QPointF(0, 0), 1.0)
        glow.setColorAt(0.0, QColor(theme.DARK.line))
        glow.setColorAt(1.0, QColor(0, 0, 0, 0))
        painter.save()
        painter.translate(foot.x(), foot.y() + self.sizes.px(6))
        painter.scale(scale * 0.62, scale * 0.1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(glow)
        painter.drawEllipse(QPointF(0, 0), 1.0, 1.0)
        painter.restore()
        metres = one.at(seconds, PAUSE_S) if not self.still else one.points[len(one.points) // 2]
        points = metres * (scale, -scale) + (foot.x(), foot.y())
        colors = side_colors(0, on_picture=True)
        tracking = np.full(len(points), TRACKED, np.uint8)
        unit = BONES * scale / 250
        draw_figure(painter, points, tracking, topology(TOPOLOGY), colors, unit, rim=False)
        painter.setBrush(colors["trunk"])
        painter.drawEllipse(QPointF(*points[HEAD].tolist()), HEAD_M * scale, HEAD_M * scale)

    def _paint_name(self, painter: QPainter, name: str, place: QRectF) -> None:
        font = self.sizes.font(NAME_PX, QFont.Weight.DemiBold)
        metrics = QFontMetricsF(font)
        rows = wrapped(name, font, place.width())
        if len(rows) > 2:
            rows = [rows[0], metrics.elidedText(" ".join(rows[1:]), Qt.TextElideMode.ElideRight,
                                                place.width())]  # fmt: skip
        painter.setFont(font)
        painter.setPen(QColor(theme.DARK.text))
        for number, row in enumerate(rows):
            line = QRectF(place.left(), place.top() + number * metrics.height(), place.width(),
                          metrics.height())  # fmt: skip
            painter.drawText(line, int(Qt.AlignmentFlag.AlignHCenter), row)

    def _paint_foot(self, painter: QPainter) -> None:
        px, left = self.sizes.px, self.sizes.px(MARGIN)
        wide = self.width() - 2 * left
        drawn = {one.name for one in self._acted}
        others = [name for name in self._shown.classes if name not in drawn]
        if others and drawn:
            painter.setFont(self.sizes.font(MORE_PX))
            painter.setPen(QColor(theme.DARK.quiet))
            words = f"also known: {' · '.join(others)}"
            metrics = QFontMetricsF(painter.font())
            row = QRectF(left, self.height() - px(116), wide, metrics.height())
            shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, wide)
            painter.drawText(row, int(Qt.AlignmentFlag.AlignLeft), shown)
        painter.setFont(self.sizes.font(FOOT_PX))
        painter.setPen(QColor(theme.DARK.quiet))
        metrics = QFontMetricsF(painter.font())
        row = QRectF(left, self.height() - px(44) - metrics.height(), wide, metrics.height())
        painter.drawText(row, int(Qt.AlignmentFlag.AlignRight), self.way_out)
        room = wide - metrics.horizontalAdvance(self.way_out) - px(40)
        if self._shown.sentence:
            painter.setPen(QColor(theme.DARK.warn))
        told = metrics.elidedText(self._shown.sentence or self._shown.source,
                                  Qt.TextElideMode.ElideRight, room)  # fmt: skip
        painter.drawText(row, int(Qt.AlignmentFlag.AlignLeft), told)


def _image_of(mirror: Mirror, box: QRectF, ratio: float) -> QImage:
    """The middle of the picture that fills the box."""
    import cv2

    picture = mirror.picture
    if picture.dtype == np.uint32:
        picture = picture.view(np.uint8).reshape(*picture.shape, 4)[..., 2::-1]
    height, width = picture.shape[:2]
    wanted = box.width() / box.height()
    if width / height > wanted:
        cut = round((width - height * wanted) / 2)
        picture = picture[:, cut : width - cut]
    else:
        cut = round((height - width / wanted) / 2)
        picture = picture[cut : height - cut]
    size = (max(1, round(box.width() * ratio)), max(1, round(box.height() * ratio)))
    pixels = cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA)
    image = QImage(pixels.data, size[0], size[1], pixels.strides[0], QImage.Format.Format_RGB888)
    return image.copy()
