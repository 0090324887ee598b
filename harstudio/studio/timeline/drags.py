"""What the mouse can pull on the timeline. Each drag shows a ghost and changes labels once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRect, Qt

from harstudio.labels.editing.clip_edits import place
from harstudio.labels.editing.edits import Group, RemoveClip
from harstudio.labels.model import Clip
from harstudio.studio.labelling.labelling import Labelling
from harstudio.studio.session import Session
from harstudio.studio.timeline.rows import NAMES_PX, RULER_PX, Hit, Kind, Row
from harstudio.studio.timeline.selection import framed
from harstudio.studio.timeline.snapping import snapped

if TYPE_CHECKING:
    from harstudio.studio.timeline.view import Timeline

THRESHOLD_PX = 4


class Drag(ABC):
    """One pull, from the press of the button to its release or to Esc.

    snap_ns: the time to which something has snapped. band: the frame that is drawn, in pixels of
    the viewport. into: where a clip would stand in another tier.
    """

    cursor = Qt.CursorShape.ArrowCursor
    snap_ns: int | None = None
    band: QRect | None = None
    into: tuple[Row, Clip] | None = None

    @abstractmethod
    def move(self, time_ns: int, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """The mouse is here now."""

    @abstractmethod
    def release(self) -> None:
        """Make it so."""

    @abstractmethod
    def cancel(self) -> None:
        """As if it had never begun."""


class Scrub(Drag):
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


class EdgePull(Drag):
    """One edge of a clip, with that of a clip that touches it; Alt leaves the other alone.

    It snaps as the tier's rules say; with Ctrl to frames alone. While nothing plays, the
    pictures show the frame at the edge; Esc brings the playhead back.
    """

    cursor = Qt.CursorShape.SizeHorCursor

    def __init__(self, timeline: Timeline, hit: Hit) -> None:
        assert hit.clip is not None  # noqa: S101 - an edge belongs to a clip
        assert hit.row is not None  # noqa: S101
        self._timeline, self._labelling = timeline, timeline.labelling
        self._transport = timeline.session.transport
        self._before_ns = self._transport.position_ns
        self._clip, self._edge, self._row = hit.clip, hit.part, hit.row
        self._at_ns = hit.clip.start_ns if hit.part == "start" else hit.clip.end_ns
        self._grip_ns = self._at_ns - hit.time_ns

    def move(self, time_ns: int, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        both = not modifiers & Qt.KeyboardModifier.AltModifier
        clips, grid = self._labelling.clips, self._labelling.grid
        to_ns, self.snap_ns = time_ns + self._grip_ns, None
        if not modifiers & Qt.KeyboardModifier.ControlModifier:
            by_ns, self.snap_ns = snap_to(
                self._timeline, self._row, self._clip, (to_ns,), self._before_ns, (self._at_ns,)
            )
            to_ns += by_ns
        clips.drag_edge(self._clip.id, self._edge, to_ns, both=both)
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


class ClipPull(Drag):
    """A whole clip, between its neighbours; into another own tier of its kind, where it covers
    what lies there. A proposal is accepted by that, and takes what is free."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def __init__(self, timeline: Timeline, hit: Hit) -> None:
        assert hit.clip is not None  # noqa: S101 - said by the caller
        assert hit.row is not None  # noqa: S101
        self._timeline, self._labelling = timeline, timeline.labelling
        self._clips = timeline.labelling.clips
        self._clip, self._row = hit.clip, hit.row
        self._from_ns = hit.time_ns

    def move(self, time_ns: int, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        by_ns, self.snap_ns = time_ns - self._from_ns, None
        clip, row = self._clip, self._timeline.row_at(position.y())
        straight = abs(by_ns) < THRESHOLD_PX * self._timeline.scale.ns_per_px
        if straight and row is not None and row.title != self._row.title:
            by_ns = 0  # straight up or down
        elif not modifiers & Qt.KeyboardModifier.ControlModifier:
            edges = (clip.start_ns, clip.end_ns)
            pulled = tuple(edge + by_ns for edge in edges)
            playhead = self._timeline.session.transport.position_ns
            more_ns, self.snap_ns = snap_to(
                self._timeline, self._row, clip, pulled, playhead, edges
            )
            by_ns += more_ns
        other = row is not None and row.kind is Kind.OWN and row.title != self._row.title
        if other and row is not None and row.points is clip.is_point:
            self._clips.cancel_drag()
            self.into = (row, self._shifted(by_ns))
            self._labelling.changed.emit()
        else:
            self.into = None
            self._clips.drag_clip(clip.id, by_ns)

    def _shifted(self, by_ns: int) -> Clip:
        """The clip with as many frames as before."""
        clip, grid = self._clip, self._labelling.grid
        if by_ns == 0:
            return clip
        assert grid is not None  # noqa: S101 - there are clips
        start = grid.snap_start(clip.start_ns + by_ns)
        if clip.is_point:
            return replace(clip, start_ns=start, end_ns=start)
        frames = max(1, grid.count(clip.start_ns, clip.end_ns))
        first = min(grid.index(start), len(grid) - frames)
        end = grid.end_of(first + frames - 1)
        return replace(clip, start_ns=grid.start_of(first), end_ns=end)

    def release(self) -> None:
        if self.into is None:
            self._clips.release_drag()
            return
        (row, after), document = self.into, self._timeline.session.document
        grid = self._labelling.grid
        if document is None or grid is None:
            return
        if self._row.kind is Kind.PROPOSED:
            if self._labelling.proposals.accept_moved(self._clip, after, row.title):
                self._timeline.session.tier_name = row.title
                self._timeline.session.select(after.id)
            return
        there = place(document, row.title, after, grid.period_ns // 2)
        gone = RemoveClip(self._row.title, self._clip)
        title = f"Move “{after.label}” to “{row.title}”"
        if self._clips.do(Group(title, (gone, there))):
            self._timeline.session.tier_name = row.title
            self._timeline.session.select(after.id)

    def cancel(self) -> None:
        self.into = None
        self._clips.cancel_drag()


def snap_to(
    timeline: Timeline,
    row: Row,
    clip: Clip,
    pulled_ns: tuple[int, ...],
    playhead_ns: int,
    still_ns: tuple[int, ...],
) -> tuple[int, int | None]:
    """``snapped`` for a clip of a row of the timeline."""
    assert row.tier is not None  # noqa: S101 - clips lie in tiers
    rules, rows = row.tier.rules, timeline.rows
    return snapped(pulled_ns, clip.id, rules, rows, timeline.scale, playhead_ns, still_ns)


class Band(Drag):
    """A frame over the tiers: own clips that it touches are selected, with Ctrl besides those
    that were selected before."""

    def __init__(self, timeline: Timeline, start: QPoint, more: bool) -> None:
        self._timeline, self._start = timeline, start
        self._before = timeline.session.selected
        self._kept = self._before if more else ()

    def move(self, time_ns: int, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        timeline = self._timeline
        size = timeline.viewport().rect().adjusted(NAMES_PX, RULER_PX, 0, 0)
        self.band = QRect(self._start, position.toPoint()).normalized() & size
        scrolled = timeline.verticalScrollBar().value()
        found = framed(timeline.rows, timeline.scale, scrolled, self.band)
        timeline.session.select(*(*found, *self._kept) or (None,))
        timeline.viewport().update()

    def release(self) -> None:
        """The selection stays."""

    def cancel(self) -> None:
        self._timeline.session.select(*self._before or (None,))


class RangePull(Drag):
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
