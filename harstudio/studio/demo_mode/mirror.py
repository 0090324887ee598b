"""The picture that visitors see themselves in, with their skeleton and what the network saw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QRadialGradient
from PySide6.QtWidgets import QWidget

from harstudio.recordings.overlay.heat_colors import heat_table
from harstudio.runs.recognised.explained import THRESHOLD
from harstudio.skeletons.topology import topology
from harstudio.studio import theme
from harstudio.studio.demo_mode.shown import Figure, Mirror, Scene, Shown
from harstudio.studio.demo_mode.sizes import Sizes, pill, wrapped
from harstudio.studio.panes.canvas import PictureCanvas, View
from harstudio.studio.panes.heat import HeatPicture
from harstudio.studio.panes.overlays import draw_figure, side_colors
from harstudio.studio.timecode import clock_text

OPACITY = 0.65  # of what the network saw: faces stay visible
BONES = 2.6  # times as wide as in a pane: seen from five metres
FULL_SIZE = 0.45  # of the height; a smaller figure gets thinner bones
ROAM, PACE = 0.25, 0.08  # of the picture that is seen: so far a visitor goes before it follows
GLOWING, GLOWS_FROM = 3, 0.4  # joints that glow, from that weight on
GLOW = 0.17  # radius, in heights of the figure
GLOW_COLORS = {  # as inferno goes
    0.0: (252, 240, 150, 235),
    0.3: (250, 165, 30, 200),
    0.6: (200, 70, 70, 110),
    1.0: (110, 30, 110, 0),
}
PILL_PX, MOVE_PX, SENTENCE_PX = 23.0, 66.0, 27.0
NOT_RECORDING, RECORDED = "not recording", "recorded earlier"
ARROWS = {"left": "←", "right": "→", "back": "↓", "nearer": "↑"}  # by a word of what is asked


class MirrorCanvas(PictureCanvas):
    """Fills its place with the picture; what does not fit is cut off at the sides, and the part
    that is seen follows the visitor slowly. Nothing is flipped here: pictures come mirrored."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(False)
        self.squares_from = float("inf")  # small pictures of depth cameras: blurred, not in squares
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.sizes = Sizes(1, 1)
        self._mirror: Mirror | None = None
        self._shown = Shown()
        self._middle_x = 0.5  # of the picture, in the middle of its place
        self._heat = HeatPicture()
        self.layers += [self._paint_heat, self._paint_figures]

    def show_mirror(self, mirror: Mirror | None) -> None:
        self._mirror = mirror
        if mirror is not None:
            self._follow(mirror)
        self.set_picture(None if mirror is None else mirror.picture)

    def show_words(self, shown: Shown) -> None:
        """The words over the picture; those beside it are another's."""
        if shown != self._shown:
            self._shown = shown
            self.update()

    # ---- the part that is seen

    def view(self) -> View:
        if self._mirror is None:
            return View(1.0, 0.0, 0.0, 1.0)
        height, width = self._mirror.picture.shape[:2]
        scale = max(self.width() / width, self.height() / height)
        half = self.width() / scale / width / 2
        middle = min(max(self._middle_x, half), 1 - half)
        return View(scale, self.width() / 2 - middle * width * scale,
                    (self.height() - height * scale) / 2, 1.0)  # fmt: skip

    def _follow(self, mirror: Mirror) -> None:
        first = next((one for one in mirror.figures if one.person == 0), None)
        if first is None or not np.isfinite(first.points[:, 0]).any():
            return
        height, width = mirror.picture.shape[:2]
        scale = max(self.width() / width, self.height() / height)
        seen = self.width() / scale / width
        at = float(np.nanmedian(first.points[:, 0])) / width
        off = at - self._middle_x
        if abs(off) > ROAM * seen:
            wanted = at - np.sign(off) * ROAM * seen
            moved = self._middle_x + PACE * (wanted - self._middle_x)
            self._middle_x = min(max(float(moved), seen / 2), 1 - seen / 2)

    # ---- layers

    def paintEvent(self, event: object) -> None:  # noqa: N802
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_state(painter)
        if self._shown.move and self._shown.scene is Scene.DOING:
            self._paint_move(painter, self._shown.move)
        elif self._shown.sentence:
            self._paint_sentence(painter, self._shown.sentence)

    def _paint_heat(self, painter: QPainter, view: View) -> None:
        patch = None if self._mirror is None else self._mirror.patch
        if patch is None:
            return
        made = self._heat.at(
            patch.values, patch.box, heat_table(THRESHOLD, OPACITY), view,
            QRectF(self.rect()), self.devicePixelRatioF(),
        )  # fmt: skip
        if made is not None:
            painter.drawImage(made[1].topLeft(), made[0])

    def _paint_figures(self, painter: QPainter, view: View) -> None:
        figures: tuple[Figure, ...] = () if self._mirror is None else self._mirror.figures
        for figure in reversed(figures):  # the first person in front
            points = view.to_widget(figure.points)
            if not np.isfinite(points).any():
                continue
            long = float(np.max(np.nanmax(points, axis=0) - np.nanmin(points, axis=0)))
            share = min(max(long / (FULL_SIZE * self.height()), 0.35), 1.0)
            if figure.weights is not None:
                _paint_glow(painter, points, figure.weights, long)
            draw_figure(
                painter, points, figure.body.tracking, topology(figure.topology),
                side_colors(figure.person, on_picture=True), BONES * self.sizes.unit * share,
            )  # fmt: skip

    # ---- words over the picture

    def _paint_state(self, painter: QPainter) -> None:
        """Whether it is recorded, and whether it is now."""
        px, shown, tokens = self.sizes.px, self._shown, theme.DARK
        ground = QColor(tokens.canvas)
        ground.setAlpha(215)
        at = (px(36), px(34))
        if shown.recording_s is None:
            words, dot = NOT_RECORDING, QColor("#C9D3E2")
        else:
            words = f"recording {clock_text(round(shown.recording_s * 1e9))[:-4]}"
            dot = QColor(tokens.bad)
        box = pill(painter, self.sizes, words, at, PILL_PX, ground, QColor("#C9D3E2"), dot)
        if shown.recorded:
            pill(painter, self.sizes, RECORDED, (box.right() + px(14), at[1]), PILL_PX,
                 QColor(tokens.warn), QColor("#241A05"))  # fmt: skip
        elif shown.watching:
            words = f"watching for {shown.watching}"
            pill(painter, self.sizes, words, (box.right() + px(14), at[1]), PILL_PX, ground,
                 QColor("#C9D3E2"), QColor(tokens.accent))  # fmt: skip

    def _paint_move(self, painter: QPainter, move: str) -> None:
        """What the visitor is asked to do: large, at the bottom."""
        px = self.sizes.px
        font = self.sizes.font(MOVE_PX, QFont.Weight.DemiBold)
        metrics = QFontMetricsF(font)
        sign = next((one for word, one in ARROWS.items() if word in move), "")
        arrow = px(MOVE_PX * 1.9) if sign else 0.0
        rows = wrapped(move.rstrip("."), font, self.width() - arrow - px(190))
        wide = max(metrics.horizontalAdvance(row) for row in rows)
        tall = max(metrics.height() * len(rows), arrow)
        box = QRectF(0, 0, wide + arrow + px(110), tall + px(44))
        box.moveCenter(self.rect().toRectF().center())
        box.moveBottom(self.height() - px(48))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.DARK.accent))
        painter.drawRoundedRect(box, px(28), px(28))
        disc = QRectF(box.left() + px(34), box.center().y() - arrow / 2, arrow, arrow)
        if sign:
            painter.setBrush(QColor(theme.DARK.on_accent))
            painter.drawEllipse(disc)
            painter.setPen(QColor(theme.DARK.accent))
            painter.setFont(self.sizes.font(MOVE_PX * 1.15, QFont.Weight.Bold))
            painter.drawText(disc, int(Qt.AlignmentFlag.AlignCenter), sign)
        painter.setFont(font)
        painter.setPen(QColor(theme.DARK.on_accent))
        top = box.center().y() - metrics.height() * len(rows) / 2
        for number, row in enumerate(rows):
            place = QRectF(disc.right() + px(36), top + number * metrics.height(), wide + 4,
                           metrics.height())  # fmt: skip
            painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter), row)

    def _paint_sentence(self, painter: QPainter, sentence: str) -> None:
        """Something is wrong: told at the edge, calmly."""
        px = self.sizes.px
        painter.setFont(self.sizes.font(SENTENCE_PX))
        flags = int(Qt.AlignmentFlag.AlignLeft) | int(Qt.TextFlag.TextWordWrap)
        room = QRectF(0, 0, self.width() - px(150), self.height())
        words = painter.boundingRect(room, flags, sentence)
        box = QRectF(px(36), 0, words.width() + px(78), words.height() + px(34))
        box.moveBottom(self.height() - px(36))
        ground = QColor(theme.DARK.canvas)
        ground.setAlpha(225)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(box, px(18), px(18))
        painter.setBrush(QColor(theme.DARK.warn))
        painter.drawRoundedRect(QRectF(box.left() + px(22), box.top() + px(18), px(6),
                                       box.height() - px(36)), px(3), px(3))  # fmt: skip
        painter.setPen(QColor(theme.DARK.text))
        words.moveTopLeft(box.topLeft())
        painter.drawText(words.translated(px(50), px(17)), flags, sentence)


def _paint_glow(
    painter: QPainter, points: NDArray[np.float64], weights: NDArray[np.float32], long: float
) -> None:
    """Light around the joints that counted most; the joints keep the colours of their sides."""
    order = np.argsort(-weights, kind="stable")[:GLOWING]
    painter.setPen(Qt.PenStyle.NoPen)
    for joint in order[::-1]:
        weight = float(weights[joint])
        if weight < GLOWS_FROM or not np.isfinite(points[joint]).all():
            continue
        center = QPointF(*points[joint].tolist())
        radius = GLOW * long * (0.6 + 0.4 * weight)
        light = QRadialGradient(center, radius)
        for at, (red, green, blue, alpha) in GLOW_COLORS.items():
            light.setColorAt(at, QColor(red, green, blue, round(alpha * weight)))
        painter.setBrush(light)
        painter.drawEllipse(center, radius, radius)
