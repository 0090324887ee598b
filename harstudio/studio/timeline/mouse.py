"""What the mouse does on the timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent

from harstudio.studio.timeline.drags import (
    THRESHOLD_PX,
    Band,
    ClipPull,
    Drag,
    EdgePull,
    RangePull,
    Scrub,
)
from harstudio.studio.timeline.rows import NAMES_PX, ROW_PX, Hit, Kind
from harstudio.studio.timeline.selection import up_to, with_or_without

if TYPE_CHECKING:
    from harstudio.studio.timeline.view import Timeline

ZOOM_STEP = 1.25
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
NOTCH = 120  # eighths of a degree, one click of a wheel


class Mouse:
    """Tells clicks from drags. The drag itself stands in ``labelling.drag``: Esc may end it."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._session, self._labelling = timeline.session, timeline.labelling
        self._pressed: tuple[QPoint, Hit, Qt.KeyboardModifier] | None = None
        self._panning_x: int | None = None

    @property
    def busy(self) -> bool:
        """Whether a button is held and pulls something."""
        return self._labelling.drag is not None or self._panning_x is not None

    def abandon(self) -> None:
        """Forget everything that is under way."""
        self._labelling.drag = self._pressed = self._panning_x = None
        self._timeline.viewport().unsetCursor()

    # ---- press

    def press(self, event: QMouseEvent) -> None:
        if self._session.recording is None or self.busy:
            return
        place = event.position()
        found = self._timeline.hit_at(place)
        left = event.button() == Qt.MouseButton.LeftButton
        shifted = bool(event.modifiers() & SHIFT)
        if event.button() == Qt.MouseButton.MiddleButton or (
            left and shifted and found.part == "ruler"
        ):
            self._panning_x = place.toPoint().x()
            self._timeline.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        elif left and found.part == "ruler":
            self._labelling.drag = Scrub(self._session, found.time_ns)
        elif left:
            self._pressed = (place.toPoint(), found, event.modifiers())
            self._choose(found, event.modifiers())

    def _choose(self, found: Hit, modifiers: Qt.KeyboardModifier) -> None:
        row, clip, session = found.row, found.clip, self._session
        own = row is not None and row.editable
        if row is not None and row.kind is Kind.OWN and (clip or found.part == "names"):
            session.tier_name = row.title
        if row is not None and row.kind is Kind.SEGMENTS:
            session.choose_person(row.person)
        if clip is None or row is None:
            return
        if own and modifiers & CTRL and self._own_selected():
            session.select(*with_or_without(session.selected, clip.id) or (None,))
        elif own and modifiers & SHIFT:
            primary = session.selected_clip()
            session.select(*up_to(row, None if primary is None else primary[1], clip))
        else:
            session.select(clip.id)

    def _own_selected(self) -> bool:
        """Whether what is selected can be joined: nothing, or own clips."""
        return self._session.selection is None or self._session.selected_clip() is not None

    # ---- move

    def move(self, event: QMouseEvent) -> None:
        place = event.position()
        if self._panning_x is not None:
            x = place.toPoint().x()
            self._timeline.pan(self._panning_x - x)
            self._panning_x = x
            return
        if self._pressed is not None:
            way = (place.toPoint() - self._pressed[0]).manhattanLength()
            if way >= THRESHOLD_PX:
                pressed, self._pressed = self._pressed, None
                self._begin(*pressed)
        drag = self._labelling.drag
        if drag is None:
            self._show_cursor(place)
            return
        self._pan_at_edges(place.x())
        drag.move(self._timeline.time_at(place.x()), place, event.modifiers())

    def _begin(self, start: QPoint, found: Hit, modifiers: Qt.KeyboardModifier) -> None:
        drag: Drag | None = None
        if modifiers & (CTRL | SHIFT):
            drag = Band(self._timeline, start, more=bool(modifiers & CTRL))
        elif found.part == "row":
            self._session.select(None)
            drag = RangePull(self._labelling, found.time_ns)
        elif found.clip is not None and found.row is not None and not found.row.editable:
            refusal = self._labelling.others.refusal(found.clip.id)
            self._session.message.emit("warn", refusal)
        elif found.clip is not None and self._labelling.writable():
            kind = ClipPull if found.part == "clip" else EdgePull
            drag = kind(self._timeline, found)
        self._labelling.drag = drag
        if drag is not None:
            self._timeline.viewport().setCursor(drag.cursor)

    def _pan_at_edges(self, x: float) -> None:
        width = self._timeline.viewport().width()
        beyond = min(0.0, x - NAMES_PX) + max(0.0, x - width)
        if beyond:
            self._timeline.pan(beyond / 4)

    def _show_cursor(self, place: QPointF) -> None:
        edge = self._timeline.hit_at(place).part in ("start", "end")
        shape = Qt.CursorShape.SizeHorCursor if edge else Qt.CursorShape.ArrowCursor
        self._timeline.viewport().setCursor(shape)

    # ---- release

    def release(self, event: QMouseEvent) -> None:
        drag, pressed = self._labelling.drag, self._pressed
        self.abandon()
        if drag is not None:
            drag.release()
        elif pressed is not None and pressed[1].part in ("row", "") and not pressed[2] & CTRL:
            self._session.select(None)
            self._session.transport.seek(pressed[1].time_ns)

    def double_click(self, event: QMouseEvent) -> None:
        """On a clip: zoom to it and loop it; elsewhere: show everything."""
        found = self._timeline.hit_at(event.position())
        if found.clip is not None:
            span = (found.clip.start_ns, found.clip.end_ns)
            self._timeline.show_span(*span)
            self._session.transport.set_loop(span)
            self._session.transport.seek(span[0])
        elif found.part == "row":
            self._timeline.fit()

    def wheel(self, event: QWheelEvent) -> None:
        """Zoom around the mouse; with Shift pan; with Alt or over the names scroll the rows."""
        turn, modifiers = event.angleDelta(), event.modifiers()
        x = event.position().x()
        sideways = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        if modifiers & Qt.KeyboardModifier.AltModifier or x < NAMES_PX:
            bar = self._timeline.verticalScrollBar()
            # With Alt some systems turn the wheel sideways.
            bar.setValue(bar.value() - round((turn.y() or turn.x()) / NOTCH * ROW_PX))
        elif sideways or abs(turn.x()) > abs(turn.y()):
            notches = (turn.x() or turn.y()) / NOTCH
            self._timeline.pan(-notches * self._timeline.scale.width / 10)
        elif turn.y():
            self._timeline.zoom(ZOOM_STEP ** (turn.y() / NOTCH), x - NAMES_PX)
        event.accept()
