"""The timeline: ruler, tiers of clips, motion, and the playhead over all of it."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import (
    QContextMenuEvent,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from harstudio.labels.editing.edits import Edit
from harstudio.labels.keeping.history import History
from harstudio.studio import theme
from harstudio.studio.labelling.labelling import Labelling
from harstudio.studio.session import Session
from harstudio.studio.timeline.live import draw_live, playhead_strip
from harstudio.studio.timeline.menu import context_menu, hover_text
from harstudio.studio.timeline.mouse import Mouse
from harstudio.studio.timeline.painting import Scene, draw_row, draw_still
from harstudio.studio.timeline.rows import (
    NAMES_PX,
    ROW_PX,
    RULER_PX,
    Hit,
    Kind,
    Row,
    hit,
    row_at,
    rows_height,
)
from harstudio.studio.timeline.scale import TimeScale
from harstudio.studio.timeline.scores import Scores
from harstudio.studio.timeline.stage import Stage
from harstudio.studio.timeline.tier_asking import TierAsking
from harstudio.studio.timeline.tracks import Tracks

MAX_BAR = 2**30


class Timeline(QAbstractScrollArea):
    """Wheel (with Ctrl or without) zooms around the mouse, Shift+wheel pans, Alt+wheel and the
    wheel over the names scroll the rows.

    A drag on the ruler scrubs, with Shift or the middle button it pans; a drag on an empty
    stretch sets in and out points; clips and their edges can be pulled (Alt leaves a touching
    neighbour alone, Ctrl leaves the playhead and other clips' edges alone), a clip also into
    another tier. Ctrl+click adds a clip to the selected ones or takes it out, Shift+click adds all
    up to it, a drag with either takes what its frame touches. A double click on a clip zooms to
    it and loops it. Esc backs out of a drag.
    """

    def __init__(
        self, session: Session, labelling: Labelling, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.session = session
        self.labelling = labelling
        self.scale = TimeScale()
        self._still: QPixmap | None = None
        self._stale: set[tuple[Kind, str]] = set()  # rows that it shows as they were
        self._mouse = Mouse(self)
        self._shown_ns = 0
        self._shown_hint = ""
        self._steering = False
        self.tracks = Tracks(session, self)
        self.stage = Stage(session, labelling, self.tracks)
        self._history: History | None = None
        self.asking = TierAsking(self)
        self._set_up()
        self._connect()
        self._meet_recording()

    def _set_up(self) -> None:
        self.setObjectName("timeline")
        self.setAccessibleName("Timeline")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setMinimumHeight(RULER_PX + 2 * ROW_PX)
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.horizontalScrollBar().valueChanged.connect(self._scroll_to)
        self.verticalScrollBar().valueChanged.connect(self._redraw)

    def _connect(self) -> None:
        session, labelling, transport = self.session, self.labelling, self.session.transport
        session.recording_changed.connect(self._meet_recording)
        session.recognition_changed.connect(self._meet_recognition)
        session.segments_changed.connect(self._take_scores)
        session.history_changed.connect(self._meet_history)
        session.tier_changed.connect(self._meet_tier)
        session.selection_changed.connect(self._meet_selection)
        labelling.changed.connect(self._meet_labelling)
        labelling.proposals.changed.connect(self._refresh)
        labelling.labels_changed.connect(self._meet_labels)
        labelling.others.changed.connect(self._meet_documents)
        labelling.tracks_wanted.connect(self.tracks.refresh)
        labelling.zoom_wanted.connect(self.zoom)
        transport.moved.connect(self._follow)
        transport.loop_changed.connect(self._refresh)
        transport.range_changed.connect(self._meet_range)
        theme.theme_events.changed.connect(self._meet_documents)
        self.tracks.rows_changed.connect(self._rebuild)
        self.tracks.drawn_anew.connect(self._redraw_track)

    # ---- what is shown

    @property
    def rows(self) -> list[Row]:
        """The rows from top to bottom."""
        return self.stage.rows

    @property
    def scores(self) -> Scores | None:
        """What a run says of the recording."""
        return self.stage.scores

    def scene(self) -> Scene:
        """What there is to draw now."""
        viewport = self.viewport()
        return self.stage.scene(
            self.scale,
            self.verticalScrollBar().value(),
            (viewport.width(), viewport.height()),
            self.devicePixelRatioF(),
        )

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self.viewport())
        scene = self.scene()
        if self._still is None:
            self._shown_hint = scene.hint
            self._still = self._drawn(scene)
        elif self._stale:
            self._draw_again(self._still, scene)
        self._stale.clear()
        painter.drawPixmap(0, 0, self._still)
        if self.session.recording is not None:
            draw_live(painter, scene, self.stage.live(self.scale))
        painter.end()

    def _drawn(self, scene: Scene) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.viewport().size() * ratio)
        picture.setDevicePixelRatio(ratio)
        painter = QPainter(picture)
        draw_still(painter, scene)
        painter.end()
        return picture

    def _draw_again(self, still: QPixmap, scene: Scene) -> None:
        """Only the rows whose clips or pictures are others now."""
        painter = QPainter(still)
        for row in self.rows:
            if (row.kind, row.title) in self._stale:
                draw_row(painter, scene, row)
        painter.end()

    def _redraw(self, *_: object) -> None:
        self._still = None
        self.viewport().update()

    def _redraw_track(self, kind: Kind) -> None:
        self._stale.add((kind, kind.value))
        self.viewport().update()

    def _refresh(self, *_: object) -> None:
        self.viewport().update()

    def _rebuild(self, *_: object) -> None:
        self.stage.build()
        self._fit_bars()
        self._redraw()

    # ---- what happens elsewhere

    def _meet_recording(self, *_: object) -> None:
        self._mouse.abandon()
        self.stage.book.forget()
        self._meet_range()
        self.tracks.set_recording(self.session.recording)
        if self.session.recording is not None and self.isVisible():
            self.setFocus(Qt.FocusReason.OtherFocusReason)  # so that label keys are no search text

    def _meet_range(self, *_: object) -> None:
        transport = self.session.transport
        stop = max(transport.stop_ns, transport.start_ns + 1)
        self._show(replace(self.scale, start_ns=transport.start_ns, stop_ns=stop).fit())

    def _take_scores(self, *_: object) -> None:
        self.stage.take_scores()
        self._redraw()

    def _meet_recognition(self, *_: object) -> None:
        self._take_scores()
        self._rebuild()
        row = next((row for row in self.rows if row.kind is Kind.SCORES), None)
        if row is not None:
            self._reveal_row(row)

    def _meet_labels(self) -> None:
        self.stage.take_scores()
        self._meet_documents()

    def _meet_history(self, history: History | None) -> None:
        if self._history is not None:
            self._history.changed.disconnect(self._take_edit, missing_ok=True)
        self._history = history
        if history is not None:
            history.changed.connect(self._take_edit)
        self._meet_documents()

    def _take_edit(self, edit: Edit) -> None:
        document, before = self.session.document, [row.place for row in self.rows]
        self.stage.book.take(edit, () if document is None else document.tiers)
        self.stage.build()
        self._fit_bars()
        if [row.place for row in self.rows] != before or self.stage.hint() != self._shown_hint:
            self._redraw()
            return
        self._stale |= {(Kind.OWN, getattr(step, "tier", "")) for step in edit.steps()}
        self._stale |= {(row.kind, row.title) for row in self.rows if row.kind is Kind.PROPOSED}
        self._refresh()

    def _meet_documents(self, *_: object) -> None:
        self.stage.book.forget()
        self._rebuild()

    def _meet_tier(self, *_: object) -> None:
        self._rebuild()
        row = next((r for r in self.rows if r.title == self.session.tier_name), None)
        if row is not None:
            self._reveal_row(row)

    def _reveal_row(self, row: Row) -> None:
        bar, room = self.verticalScrollBar(), self.viewport().height() - RULER_PX
        bar.setValue(min(max(bar.value(), row.top + row.height - room), row.top))

    def _meet_selection(self, *_: object) -> None:
        self.stage.choose()
        if self.stage.chosen and not self._mouse.busy:
            self._reveal_row(self.stage.chosen[0][0])
        self._refresh()

    def _meet_labelling(self) -> None:
        if self.stage.hint() == self._shown_hint:
            self._refresh()
        else:
            self._redraw()

    def _follow(self, position_ns: int) -> None:
        scale, transport = self.scale, self.session.transport
        was_in_sight = scale.origin_ns <= self._shown_ns < scale.end_ns
        old, self._shown_ns = self._shown_ns, position_ns
        if not self._mouse.busy and (was_in_sight or not transport.playing):
            self._show(scale.revealing(position_ns))
        if self.labelling.open_clip is not None:
            self._refresh()
            return
        scene = self.scene()
        self.viewport().update(playhead_strip(scene, old))
        self.viewport().update(playhead_strip(scene, position_ns))

    # ---- zooming and scrolling

    def zoom(self, factor: float, x: float | None = None) -> None:
        """Magnify around pixel ``x`` of the tracks, else around the playhead; by 0, show all."""
        if factor == 0:
            self.fit()
            return
        if x is None:
            x = self.scale.x(self.session.transport.position_ns)
            x = x if 0 <= x <= self.scale.width else self.scale.width / 2
        self._show(self.scale.zoomed(factor, x))

    def pan(self, pixels: float) -> None:
        self._show(self.scale.panned(pixels))

    def fit(self) -> None:
        """Show the whole recording."""
        self._show(self.scale.fit())

    def show_span(self, start_ns: int, end_ns: int) -> None:
        """Zoom so that a stretch stands in the middle."""
        self._show(self.scale.showing(start_ns, end_ns))

    def _show(self, scale: TimeScale) -> None:
        if scale == self.scale:
            return
        self.scale = scale
        self._fit_bars()
        self._redraw()

    @property
    def lacking_px(self) -> int:
        """By how much it is too low for all rows."""
        return max(0, rows_height(self.rows) + RULER_PX - self.viewport().height())

    def _fit_bars(self) -> None:
        scale, viewport = self.scale, self.viewport()
        self._steering = True
        wide = (scale.stop_ns - scale.start_ns) / scale.ns_per_px - scale.width
        bar = self.horizontalScrollBar()
        bar.setRange(0, min(max(0, round(wide)), MAX_BAR))
        bar.setPageStep(scale.width)
        bar.setSingleStep(max(1, scale.width // 20))
        bar.setValue(round((scale.origin_ns - scale.start_ns) / scale.ns_per_px))
        room = viewport.height() - RULER_PX
        rows = self.verticalScrollBar()
        rows.setRange(0, max(0, rows_height(self.rows) - room))
        rows.setPageStep(max(1, room))
        rows.setSingleStep(ROW_PX)
        self._steering = False

    def _scroll_to(self, value: int) -> None:
        if not self._steering:
            origin = self.scale.start_ns + value * self.scale.ns_per_px
            self._show(replace(self.scale, origin_ns=origin).held())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self.scale = self.scale.resized(self.viewport().width() - NAMES_PX)
        self._fit_bars()
        self._redraw()

    # ---- mouse

    def time_at(self, x: float) -> int:
        """The time at a place of the viewport."""
        return self.scale.time(x - NAMES_PX)

    def row_at(self, y: float) -> Row | None:
        """The row at a height of the viewport."""
        return row_at(self.rows, int(y) - RULER_PX + self.verticalScrollBar().value())

    def hit_at(self, place: QPointF) -> Hit:
        """What lies at a place of the viewport."""
        scrolled, selection = self.verticalScrollBar().value(), self.session.selection
        return hit(place.x(), place.y(), self.rows, self.scale, scrolled, selection)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._mouse.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._mouse.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._mouse.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._mouse.double_click(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        self._mouse.wheel(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        found = self.hit_at(QPointF(event.pos()))
        menu = context_menu(self, found)
        if menu is not None:
            menu.exec(event.globalPos())
            menu.deleteLater()

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            found = self.hit_at(QPointF(event.pos()))
            text = hover_text(self.session, self.labelling, found, self.scores)
            QToolTip.showText(event.globalPos(), text, self.viewport())
            return True
        return super().viewportEvent(event)
