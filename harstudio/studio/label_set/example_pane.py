"""The example of a label, beside the recording: in a loop, or in sync with the playhead."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from harstudio.skeletons.topology import topology
from harstudio.studio import theme
from harstudio.studio.label_set.example_reader import Film, Shot
from harstudio.studio.panels.thumbnails import placed
from harstudio.studio.panes.overlays import draw_figure, side_colors
from harstudio.studio.panes.pane import Pane
from harstudio.studio.session import Session

TICK_MS = 33
EMPTY_PAD_PX, CAPTION_PAD_PX = 16, 8
FIGURE_SHARE = 0.86  # of the pane, that people fill


class ExamplePane(Pane):
    """Shows a film; the transport is listened to and never moved."""

    pane_id = "example"
    title = "Example"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.view = Screen()
        self.set_body(self.view)
        self.zero_ns = 0  # where the clip that it is compared with begins
        self._film: Film | None = None
        self._began = time.monotonic_ns()
        self.sync = self.add_button(
            "sync", "Sync", "Move with the playhead, from the start of the selected clip",
            self._sync_changed, checked=False,
        )  # fmt: skip
        self._ticks = QTimer(self)
        self._ticks.setInterval(TICK_MS)
        self._ticks.timeout.connect(self._tick)

    # ---- what it shows

    def show_film(self, label: str, film: Film) -> None:
        """An example of a label."""
        self._film, self._began = film, time.monotonic_ns()
        seconds = film.length_ns / 1e9
        cut = " · its beginning" if film.cut else ""
        self.set_detail(f"{seconds:.1f} s{cut}")
        self.view.show_film(film, f"{label}\n{self.session.team.shown(film.example.recording)}")
        self._draw()

    def show_words(self, label: str, sentence: str) -> None:
        """Why there is nothing to see."""
        self._film = None
        self.set_detail("")
        self.view.show_words(sentence)

    @property
    def film(self) -> Film | None:
        return self._film

    def time_ns(self) -> int:
        """How far into the example it is."""
        if self._film is None:
            return 0
        if self.sync.isChecked():
            since = self.session.transport.position_ns - self.zero_ns
        else:
            since = time.monotonic_ns() - self._began
        return since % max(1, self._film.length_ns)

    def _draw(self) -> None:
        if self._film is not None:
            self.view.show_shot(self._film.at(self.time_ns()))

    # ---- time

    def _tick(self) -> None:
        if not self.sync.isChecked():
            self._draw()

    def show_time(self, position_ns: int) -> None:
        if self.sync.isChecked():
            self._draw()

    def _sync_changed(self, _on: bool) -> None:
        self._began = time.monotonic_ns()
        self._draw()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self._ticks.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        super().hideEvent(event)
        self._ticks.stop()

    def recolor(self) -> None:
        self.view.update()


class Screen(QWidget):
    """One frame, whole and centred; people without a picture stand still in their space."""

    def __init__(self) -> None:
        super().__init__()
        self._shot: Shot | None = None
        self._film: Film | None = None
        self._words = self._caption = ""
        self._bounds: NDArray[np.float64] | None = None
        self._people: list[str] = []

    def show_film(self, film: Film, caption: str) -> None:
        self._film, self._words, self._caption = film, "", caption
        bodies = [body for shot in film.shots for body in shot.bodies]
        self._people = list(dict.fromkeys(body.id for body in bodies))
        places = [body.joints[:, :2] for body in bodies]
        joints = np.concatenate(places) if places else np.empty((0, 2))
        joints = joints[np.isfinite(joints).all(axis=1)].astype(np.float64)
        self._bounds = None if len(joints) < 2 else np.stack([joints.min(0), joints.max(0)])

    def show_shot(self, shot: Shot) -> None:
        if shot is not self._shot or self._words:
            self._shot = shot
            self.update()

    def show_words(self, sentence: str) -> None:
        self._shot, self._film, self._words = None, None, sentence
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter, tokens = QPainter(self), theme.current()
        painter.fillRect(self.rect(), QColor(tokens.canvas))
        if self._words:
            painter.setPen(QColor(tokens.quiet))
            pad = EMPTY_PAD_PX
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(pad, pad, -pad, -pad), flags, self._words)
        elif self._shot is not None and self._shot.image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            room = QRectF(self.rect().adjusted(0, 0, 0, -self._caption_px()))
            area = placed(self._shot.image, room)
            painter.drawImage(area, self._shot.image)
        elif self._shot is not None and self._film is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_people(painter, self._shot, self._film)
        if self._shot is not None and not self._words:
            self._paint_caption(painter)

    def _caption_px(self) -> int:
        return 2 * self.fontMetrics().height() + CAPTION_PAD_PX

    def _paint_caption(self, painter: QPainter) -> None:
        """Which label, of which recording, below the picture."""
        painter.setFont(theme.ui_font(theme.QUIET_PX))
        pad, high = CAPTION_PAD_PX, painter.fontMetrics().height()
        area = self.rect().adjusted(pad, 0, -pad, -pad)
        tokens, room = theme.current(), area.width()
        for up, (text, color) in enumerate(
            reversed(list(zip(self._caption.split("\n"), (tokens.text, tokens.quiet), strict=True)))
        ):
            painter.setPen(QColor(color))
            fitting = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
            painter.drawText(area.left(), area.bottom() - up * high - 3, fitting)

    def _paint_people(self, painter: QPainter, shot: Shot, film: Film) -> None:
        if self._bounds is None:
            return
        low, high = self._bounds
        size, tall = np.maximum(high - low, 1e-3), self.height() - self._caption_px()
        scale = FIGURE_SHARE * float(min(self.width() / size[0], tall / size[1]))
        middle, shape = (low + high) / 2, topology(film.topology)
        for body in shot.bodies:
            points = (body.joints[:, :2].astype(np.float64) - middle) * (scale, -scale)
            points += (self.width() / 2, tall / 2)
            colors = side_colors(self._people.index(body.id), on_picture=False)
            draw_figure(painter, points, body.tracking, shape, colors, 1.0, rim=False)
