"""The mouse over the pictures: rectangles that are drawn, moved and taken away, joints clicked."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QPainter

from harstudio.studio.panes.canvas import View
from harstudio.studio.panes.picture import PicturePane
from harstudio.studio.what_if.changes import Area
from harstudio.studio.what_if.drawing import badge, paint_area, paint_hidden
from harstudio.studio.what_if.what_if import Tool, WhatIf

LEAST_PX = 3.0  # side of a rectangle, in pixels of the picture


class OnPicture(QObject):
    """Over one pane of pictures."""

    def __init__(self, pane: PicturePane, what_if: WhatIf) -> None:
        super().__init__(pane)
        self._pane, self._what_if = pane, what_if
        self._canvas = pane.canvas
        self._from: tuple[float, float] | None = None  # where a rectangle began
        self._moved: tuple[Area, tuple[float, float]] | None = None  # what is carried, from where
        self._clicked = False
        self._canvas.layers.append(self._paint)
        self._canvas.installEventFilter(self)
        what_if.changed.connect(self._refresh)

    # ---- showing

    def _refresh(self) -> None:
        tool, stream = self._what_if.tool, self._pane.stream
        if tool is Tool.MASK and stream is not None:
            self._canvas.setCursor(Qt.CursorShape.CrossCursor)
        elif tool is Tool.JOINTS:
            self._canvas.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            self._canvas.unsetCursor()
        if self._what_if.draft is None:
            self._moved = None
        self._canvas.update()

    def _areas(self) -> list[tuple[int, Area]]:
        """Those of this picture with their numbers, the last drawn first."""
        stream = self._pane.stream
        masked = list(enumerate(self._what_if.changes.masked))
        return [
            (n, a) for n, a in reversed(masked) if stream is not None and a.stream == stream.name
        ]

    def _paint(self, painter: QPainter, view: View) -> None:
        what_if, stream = self._what_if, self._pane.stream
        if not what_if.on or stream is None:
            return
        for _, area in reversed(self._areas()):
            paint_area(painter, area, view, crossed=True)
        draft = what_if.draft
        if draft is not None and draft.stream == stream.name:
            paint_area(painter, draft, view, crossed=False)
        overlay = self._pane.overlay
        if what_if.changes.joints and overlay is not None and overlay.seen():
            for _, _, points in overlay.figures:
                paint_hidden(painter, view.to_widget(points[what_if.hidden_joints()]))

    # ---- the mouse

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if not self._what_if.on or self._pane.stream is None:
            return False
        if not isinstance(event, QMouseEvent):
            return False
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress:
            return event.button() == Qt.MouseButton.LeftButton and self._pressed(event.position())
        if kind == QEvent.Type.MouseMove:
            return self._dragged(event.position())
        if kind == QEvent.Type.MouseButtonRelease and event.button() == Qt.MouseButton.LeftButton:
            return self._released()
        if kind == QEvent.Type.MouseButtonDblClick:
            return self._what_if.tool is not Tool.NONE  # the second click of two on joints
        return False

    def _pressed(self, at: QPointF) -> bool:
        what_if, view = self._what_if, self._canvas.view()
        for number, area in self._areas():
            if badge(area, view).contains(at):
                what_if.change(what_if.changes.without_area(number))
                self._clicked = True
                return True
        if what_if.tool is Tool.JOINTS:
            self._clicked = True
            self._click_joint(*view.to_picture(at))
            return True
        if what_if.tool is not Tool.MASK or not self._may_mask():
            return what_if.tool is Tool.MASK
        x, y = view.to_picture(at)
        for number, area in self._areas():
            if area.has(x, y):
                self._moved = area, (x, y)
                what_if.carry(number)
                return True
        self._from = x, y
        return True

    def _may_mask(self) -> bool:
        if self._what_if.sees(self._pane.stream.name):
            return True
        words = f"The run does not look at the {self._pane.words}: nothing would change."
        self._what_if.session.message.emit("info", words)
        return False

    def _dragged(self, at: QPointF) -> bool:
        x, y = self._canvas.view().to_picture(at)
        if self._moved is not None:
            area, (from_x, from_y) = self._moved
            self._what_if.draw(self._inside(area.moved(round(x - from_x), round(y - from_y))))
        elif self._from is not None:
            self._what_if.draw(self._between(self._from, (x, y)))
        return self._moved is not None or self._from is not None

    def _released(self) -> bool:
        what_if, began = self._what_if, self._from or self._moved
        self._from = self._moved = None
        if began is not None and what_if.draft is not None:
            what_if.keep_draft()
        mine = began is not None or self._clicked
        self._clicked = False
        return mine

    def _between(self, one: tuple[float, float], other: tuple[float, float]) -> Area | None:
        """The rectangle between two points on whole pixels; None where it is hardly one."""
        stream = self._pane.stream
        (left, right), (top, bottom) = (sorted((a, b)) for a, b in zip(one, other, strict=True))
        area = Area(
            stream.name,
            max(round(left), 0),
            max(round(top), 0),
            min(round(right), stream.width),
            min(round(bottom), stream.height),
        )
        return area if min(area.width, area.height) >= LEAST_PX else None

    def _inside(self, area: Area) -> Area:
        """The area moved back so far that it lies in the picture."""
        stream = self._pane.stream
        x = min(max(area.left, 0), max(stream.width - area.width, 0)) - area.left
        y = min(max(area.top, 0), max(stream.height - area.height, 0)) - area.top
        return area.moved(x, y)

    def _click_joint(self, x: float, y: float) -> None:
        overlay, what_if = self._pane.overlay, self._what_if
        found = None if overlay is None else overlay.find_joint(x, y, self._canvas.view())
        if found is not None:
            what_if.toggle_joint(what_if.joints[found[1]])
