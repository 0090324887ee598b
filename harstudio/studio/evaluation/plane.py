"""Clips as points: near each other where the network finds them alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QLabel, QWidget

from harstudio.studio import theme
from harstudio.studio.evaluation.findings import Verdict
from harstudio.studio.evaluation.marks import class_marks, ground
from harstudio.studio.evaluation.spread import step_from
from harstudio.studio.plots import plain

POINT_PX, MARKED_PX, NEAR_PX = 9, 16, 10
BESIDE_PX = 16  # of the mouse
FAINT = 40  # alpha of classes that are not looked at
STEPS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
OPENING = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
KEYS = (*STEPS, *OPENING, Qt.Key.Key_Home, Qt.Key.Key_Escape)


class Plane(pg.PlotWidget):
    """Arrows go to the next point, Enter opens its clip; the wheel zooms, a drag moves, Home shows
    all points, Esc all classes. Clips that the network got wrong have a ring."""

    selected = Signal(int)  # place of a point
    opened = Signal(int)
    cleared = Signal()  # all classes count the same again

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("feature_plane")
        self.setAccessibleName("Features in a plane")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        plot = self.getPlotItem()
        plain(plot, self)
        plot.setAspectLocked(True)
        plot.hideAxis("left")
        plot.hideAxis("bottom")  # distances along an axis of t-SNE mean nothing
        self._scatter = pg.ScatterPlotItem(size=POINT_PX, pxMode=True)
        self._marked = pg.ScatterPlotItem(size=MARKED_PX, symbol="o", brush=None)
        self._marked.setZValue(5)
        self.addItem(self._scatter)
        self.addItem(self._marked)
        self.about = QLabel(self)  # what the mouse is at
        self.about.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.about.setObjectName("plane_about")
        self.about.hide()
        self._points: NDArray[np.float64] = np.zeros((0, 2))
        self._verdicts: Sequence[Verdict] = ()
        self._classes: Sequence[str] = ()
        self.place: int | None = None
        self.only: int | None = None  # the class that is looked at
        self.scene().sigMouseMoved.connect(self._hover)
        self.scene().sigMouseClicked.connect(self._click)
        theme.theme_events.changed.connect(self._draw)
        self._draw()

    def show_points(
        self, points: NDArray[np.float64], verdicts: Sequence[Verdict], classes: Sequence[str]
    ) -> None:
        """points: (N, 2), one for each clip. The point in hand stays in hand."""
        self._points, self._verdicts, self._classes = points, verdicts, classes
        if self.place is not None and self.place >= len(points):
            self.place = None
        self._draw()
        self.show_all()

    def show_all(self) -> None:
        """All points, and no more."""
        if len(self._points):
            (left, low), (right, high) = self._points.min(axis=0), self._points.max(axis=0)
            self.setRange(xRange=(left, right), yRange=(low, high), padding=0.06)

    def look_at(self, number: int | None) -> None:
        """Only the points of a class stand out; None: all."""
        if number != self.only:
            self.only = number
            self._draw()

    def select(self, place: int, *, tell: bool = True) -> None:
        """Take a point in hand."""
        self.place = place
        self._mark()
        self.setAccessibleDescription(self.sentence(place).replace("\n", ", "))
        if tell:
            self.selected.emit(place)

    def sentence(self, place: int) -> str:
        """Clip, what it shows and what was said."""
        verdict = self._verdicts[place]
        true, said = (self._classes[k] for k in (verdict.label, verdict.predicted))
        sure = f"{100 * verdict.confidence:.0f} % sure"
        right = verdict.label == verdict.predicted
        told = f"recognised as “{said}”, {sure}" if right else f"shows “{true}”"
        wrong = "" if right else f"\nsaid to be “{said}”, {sure}"
        return f"{verdict.recording}\n{told}{wrong}"

    # ---- drawing

    def _draw(self) -> None:
        tokens = theme.current()
        self.setBackground(ground())
        self.about.setStyleSheet(
            f"#plane_about {{ background: {tokens.raised}; color: {tokens.text};"
            f" border: 1px solid {tokens.line}; padding: 4px 6px; }}"
        )
        marks = class_marks(self._classes)
        ring, none = pg.mkPen(tokens.text, width=1.4), pg.mkPen(None)
        faint = QColor(tokens.quiet)
        faint.setAlpha(FAINT)
        spots = []
        for (x, y), verdict in zip(self._points, self._verdicts, strict=True):
            color, shape = marks[verdict.label]
            seen = self.only in (None, verdict.label)
            wrong = seen and verdict.label != verdict.predicted
            brush = pg.mkBrush(color if seen else faint)
            spot = {"pos": (x, y), "symbol": shape, "brush": brush, "pen": ring if wrong else none}
            spots.append(spot)
        self._scatter.setData(spots)
        self._mark()

    def _mark(self) -> None:
        self._marked.setPen(pg.mkPen(theme.current().accent, width=2.5))
        place = -1 if self.place is None else self.place
        self._marked.setData(
            pos=self._points[place : place + 1] if place >= 0 else np.zeros((0, 2))
        )

    # ---- hands

    def place_at(self, where: QPointF) -> int | None:
        """The point near a place of the scene; the nearest of those that are looked at."""
        if not len(self._points):
            return None
        box = self.getPlotItem().getViewBox()
        at = box.mapSceneToView(where)
        width, height = box.viewPixelSize()
        away = (self._points - (at.x(), at.y())) / (width, height)
        far = np.hypot(away[:, 0], away[:, 1])
        if self.only is not None:
            others = [one.label != self.only for one in self._verdicts]
            far = np.where(others, far + NEAR_PX / 2, far)
        nearest = int(far.argmin())
        return nearest if far[nearest] <= NEAR_PX else None

    def _hover(self, where: QPointF) -> None:
        place = self.place_at(where)
        self.about.setVisible(place is not None)
        if place is not None:
            self.about.setText(self.sentence(place))
            self.about.adjustSize()
            at = self.mapFromScene(where)
            x = at.x() + BESIDE_PX
            if x + self.about.width() > self.width():
                x = at.x() - BESIDE_PX - self.about.width()
            self.about.move(x, min(at.y(), self.height() - self.about.height()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self.about.hide()
        super().leaveEvent(event)

    def _click(self, event: object) -> None:
        if event.button() != Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            return
        place = self.place_at(event.scenePos())  # type: ignore[attr-defined]
        self.setFocus()
        if place is None:
            self._let_go()
            return
        self.select(place)
        if event.double():  # type: ignore[attr-defined]
            self.opened.emit(place)

    def _let_go(self) -> None:
        """All classes again."""
        if self.only is not None:
            self.look_at(None)
            self.cleared.emit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and self._ours(event):
            event.accept()
            return True
        return bool(super().event(event))

    def _ours(self, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent):
            return False
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        escape = event.key() == Qt.Key.Key_Escape
        ours = event.key() in KEYS and (not escape or self.only is not None)
        return held == Qt.KeyboardModifier.NoModifier and ours

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if not self._ours(event) or not len(self._points):
            event.ignore()
            return
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Home:
            self.show_all()
        elif key == Qt.Key.Key_Escape:
            self._let_go()
        elif key in OPENING:
            if self.place is not None:
                self.opened.emit(self.place)
        elif self.place is None:
            self.select(
                int(np.square(self._points - self._points.mean(axis=0)).sum(axis=1).argmin())
            )
        else:
            self.select(step_from(self._points, self.place, *STEPS[key]))
