"""What the mouse can pull on the timeline. Each drag shows a ghost and changes labels once."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QPointF, Qt

from harstudio.studio.labelling import Labelling
from harstudio.studio.session import Session
from harstudio.studio.timeline.rows import Hit

THRESHOLD_PX = 4


class Drag(Protocol):
    """One pull, from the press of the button to its release or to Esc."""

    cursor: Qt.CursorShape

    def move(self, time_ns: int, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """The mouse is here now."""
        ...

    def release(self) -> None:
        """Make it so."""
        ...

    def cancel(self) -> None:
        """As if it had never begun."""
        ...


class Scrub:
    """The playhead follows the mouse; Esc brings it back."""

    cursor = Qt.CursorShape.ArrowCursor

    def __init__(self, session: Session, time_ns: int) -> None:
        self._transport = session.transport
        self._before_ns = self._transport.position_ns
        self._transport.seek(time_ns)

    def move(self, time_ns: int, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self._transport.seek(time_ns)

    def release(self) -> None:
        """The playhead stays where it is."""

    def cancel(self) -> None:
        self._transport.seek(self._before_ns)


class EdgePull:
    """One edge of a clip, with that of a clip that touches it; Alt leaves the other alone.

    While nothing plays, the pictures show the frame at the edge; Esc brings the playhead back.
    """

    cursor = Qt.CursorShape.SizeHorCursor

    def __init__(self, labelling: Labelling, hit: Hit) -> None:
        assert hit.clip is not None  # noqa: S101 - an edge belongs to a clip
        self._labelling = labelling
        self._transport = labelling.session.transport
        self._before_ns = self._transport.position_ns
        self._clip, self._edge = hit.clip, hit.part
        at = hit.clip.start_ns if hit.part == "start" else hit.clip.end_ns
        self._grip_ns = at - hit.time_ns

    def move(self, time_ns: int, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        both = not modifiers & Qt.KeyboardModifier.AltModifier
        clips, grid = self._labelling.clips, self._labelling.grid
        clips.drag_edge(self._clip.id, self._edge, time_ns + self._grip_ns, both=both)
        if not clips.ghosts or grid is None or self._transport.playing:
            return
        now = clips.ghosts[0].after
        shown = now.start_ns
        if self._edge == "end":
            shown = grid.start_of(grid.last_of(now.end_ns))
        self._transport.seek(shown)

    def release(self) -> None:
        self._labelling.clips.release_drag()

    def cancel(self) -> None:
        self._labelling.clips.cancel_drag()
        if not self._transport.playing:
            self._transport.seek(self._before_ns)


class ClipPull:
    """A whole clip, between its neighbours."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def __init__(self, labelling: Labelling, hit: Hit) -> None:
        assert hit.clip is not None  # noqa: S101 - said by the caller
        self._clips = labelling.clips
        self._clip_id = hit.clip.id
        self._from_ns = hit.time_ns

    def move(self, time_ns: int, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self._clips.drag_clip(self._clip_id, time_ns - self._from_ns)

    def release(self) -> None:
        self._clips.release_drag()

    def cancel(self) -> None:
        self._clips.cancel_drag()


class RangePull:
    """In and out points, from where the button went down."""

    cursor = Qt.CursorShape.IBeamCursor

    def __init__(self, labelling: Labelling, time_ns: int) -> None:
        self._labelling = labelling
        self._before = (labelling.mark_in_ns, labelling.mark_out_ns)
        self._from_ns = time_ns

    def move(self, time_ns: int, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self._labelling.mark_range(self._from_ns, time_ns)

    def release(self) -> None:
        """The points stay."""

    def cancel(self) -> None:
        self._labelling.set_marks(*self._before)
