"""Joints in the 3D view: a click hides one, and hidden ones bear a cross."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from harstudio.recordings.streams import Body, SkeletonStream, StreamKind
from harstudio.studio.panes.canvas import CLICK_PX
from harstudio.studio.panes.skeleton3d import Skeleton3DPane
from harstudio.studio.what_if.drawing import paint_hidden
from harstudio.studio.what_if.what_if import Tool, WhatIf

REACH_PX = 12.0


class InScene(QObject):
    """Over the 3D pane. A click without a drag is on a joint; a drag turns the scene as ever."""

    def __init__(self, pane: Skeleton3DPane, what_if: WhatIf) -> None:
        super().__init__(pane)
        self._pane, self._what_if = pane, what_if
        self._press: QPointF | None = None
        self._marks: _Marks | None = None
        what_if.changed.connect(self._refresh)

    def _refresh(self) -> None:
        mouse = self._mouse()
        if mouse is None:
            return
        if self._marks is None:
            self._marks = _Marks(self._pane, self._what_if, mouse)
            mouse.installEventFilter(self)
        if self._what_if.tool is Tool.JOINTS:
            mouse.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            mouse.unsetCursor()
        self._marks.setVisible(bool(self._what_if.changes.joints))
        self._marks.setGeometry(mouse.rect())
        self._marks.update()

    def _mouse(self) -> QWidget | None:
        """Where the mouse is felt; None until the view was first seen."""
        view: Any = self._pane.view
        return None if view is None else view.mouse_widget

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize and self._marks is not None:
            self._marks.setGeometry(self._marks.parentWidget().rect())
        if self._what_if.tool is not Tool.JOINTS or not isinstance(event, QMouseEvent):
            return False
        if event.type() == QEvent.Type.MouseButtonPress:
            self._press = event.position()
        elif event.type() == QEvent.Type.MouseButtonRelease and self._press is not None:
            away = (event.position() - self._press).manhattanLength()
            self._press = None
            if away <= CLICK_PX:
                self._click(event.position())
        return False

    def _click(self, at: QPointF) -> None:
        mouse, what_if = self._mouse(), self._what_if
        if mouse is None:
            return
        best, found = REACH_PX, -1
        for body in bodies_now(what_if):
            points = self._pane.orbit.project(body.joints, mouse.width(), mouse.height())
            away = np.hypot(points[:, 0] - at.x(), points[:, 1] - at.y())
            if np.isfinite(away).any() and np.nanmin(away) < best:
                best, found = float(np.nanmin(away)), int(np.nanargmin(away))
        if found >= 0:
            what_if.toggle_joint(what_if.joints[found])


class _Marks(QWidget):
    """Lies over the scene and lets the mouse through."""

    def __init__(self, pane: Skeleton3DPane, what_if: WhatIf, over: QWidget) -> None:
        super().__init__(over)
        self._pane, self._what_if = pane, what_if
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        hidden = self._what_if.hidden_joints()
        for body in bodies_now(self._what_if):
            joints = body.joints[hidden]
            paint_hidden(painter, self._pane.orbit.project(joints, self.width(), self.height()))


def bodies_now(what_if: WhatIf) -> Sequence[Body]:
    """The people at the playhead."""
    session = what_if.session
    recording = session.recording
    stream = None if recording is None else recording.of_kind(StreamKind.SKELETON)
    if recording is None or not isinstance(stream, SkeletonStream):
        return ()
    index = stream.nearest(session.transport.position_ns, recording.tolerance_ns(stream))
    return () if index is None else stream.frame(index).bodies
