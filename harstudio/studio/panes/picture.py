"""A pane that shows one picture stream with the skeleton over it."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QWidget

from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import Body, PictureStream, StreamKind
from harstudio.runs.recognised.patches import moved_joint
from harstudio.studio.panes.attention import AttentionLayer
from harstudio.studio.panes.canvas import PictureCanvas
from harstudio.studio.panes.joint_legend import joint_meaning
from harstudio.studio.panes.legend import Legend
from harstudio.studio.panes.overlays import Lines, SkeletonOverlay
from harstudio.studio.panes.pane import Pane
from harstudio.studio.timecode import clock_text
from harstudio.studio.viewing import Viewing


class PicturePane(Pane):
    """Follows one stream. Frames come from the cache only: nothing is decoded here.

    While the wanted frame is being read, the nearest one that has arrived stays on screen; a
    picture that comes too late is dropped.
    """

    kind: ClassVar[StreamKind]
    words: ClassVar[str]  # what the modality is called in a sentence

    def __init__(self, session: Viewing, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.canvas = PictureCanvas(self)
        self.canvas.setObjectName(f"{self.pane_id}-canvas")
        self.canvas.after_paint = self._painted
        self.canvas.hovered.connect(self._hovered)
        self.set_body(self.canvas)
        self.stream: PictureStream | None = None
        self.overlay: SkeletonOverlay | None = None
        self.attention: AttentionLayer | None = None
        self.legend = Legend(self.canvas)
        self._tolerance_ns = 0
        self._wanted: int | None = None
        self._shown: int | None = None
        self._data: NDArray[Any] | None = None
        self._hover: tuple[float, float] | None = None
        self.add_button(
            "skeleton", "Skeleton", "Skeleton over the picture", self._toggle_skeleton, checked=True
        )
        self.canvas.layers.append(self._paint_overlay)
        self.canvas.clicked.connect(self._clicked)
        session.explaining.changed.connect(self._explain)
        session.privacy.changed.connect(self._show_again)
        self.show_recording(session.recording)

    # ---- what the modality adds

    def picture(self, data: NDArray[Any]) -> NDArray[Any]:
        """A decoded frame as a picture that the canvas takes."""
        return data

    def value_text(self, data: NDArray[Any], x: int, y: int) -> str:
        """What is under the cursor, "" for nothing to tell."""
        return ""

    # ---- following

    @property
    def shown_index(self) -> int | None:
        """Index of the frame on screen."""
        return self._shown

    def show_recording(self, recording: Recording | None) -> None:
        found = None if recording is None else recording.of_kind(self.kind)
        self.session.meter.leave(self.pane_id)
        self.stream = found if isinstance(found, PictureStream) and len(found) else None
        self._wanted = self._shown = self._data = self.overlay = self._hover = None
        self.attention = None
        if recording is None:
            self.canvas.set_empty("Open a recording, or drop one here.")
        elif self.stream is None:
            self.canvas.set_empty(f"This recording has no {self.words}.")
        else:
            self.canvas.set_empty("")
            self._tolerance_ns = recording.tolerance_ns(self.stream)
            looks = self.session.looks
            self.overlay = SkeletonOverlay(recording, self.stream.name, looks.person)
            self.overlay.shown = self.toggle("skeleton").isChecked()
            self.overlay.weights_of = self._weights_of
            self.overlay.links_of = self._links_of
            self.attention = AttentionLayer(
                self.session.explaining, recording, self.stream, self.go_to
            )
            self.attention.kept_free = self.legend.kept_free
            self._join()
        has_people = self.overlay is not None and self.overlay.skeleton is not None
        self.toggle("skeleton").setVisible(has_people)
        self.canvas.set_picture(None)
        self._tell()
        self._explain()

    def show_time(self, position_ns: int) -> None:
        stream = self.stream
        if stream is None:
            return
        self._wanted = stream.nearest(position_ns, self._tolerance_ns)
        if self._wanted is None:
            self.canvas.set_stale()
        elif self._wanted != self._shown or self.canvas.stale:
            self._try_show(self._wanted)

    def show_arrival(self, stream: str, index: int) -> None:
        if self.stream is None or stream != self.stream.name or self._wanted is None:
            return
        wanted, shown = self._wanted, self._shown
        if shown is None or abs(index - wanted) < abs(shown - wanted) or self.canvas.stale:
            self._try_show(index)

    def _try_show(self, index: int) -> None:
        data = self.session.cache.get(self.stream, index)
        if data is None:
            return
        privacy = self.session.privacy
        data = privacy.shown(self.stream, index, data)
        self._shown, self._data = index, data
        self.canvas.set_caption(privacy.why_coarse(self.stream, index))
        if self.overlay is not None:
            self.overlay.set_time(int(self.stream.times_ns[index]))
        self.canvas.set_picture(self.picture(data))
        self._tell()
        self._explain()

    def _show_again(self) -> None:
        """What may be seen is another: nothing of before stays on screen."""
        self._shown = self._data = None
        self.canvas.set_picture(None)
        self.canvas.set_caption("")
        self.show_time(self.session.transport.position_ns)

    def _painted(self) -> None:
        if self._shown is not None:
            self.session.meter.painted(self.pane_id, self._shown)

    def _join(self) -> None:
        if self.stream is not None and self.isVisible():
            self.session.meter.join(self.pane_id, self.stream)

    def showEvent(self, event: Any) -> None:  # noqa: N802
        super().showEvent(event)
        self._join()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        super().hideEvent(event)
        self.session.meter.leave(self.pane_id)

    # ---- overlay and words

    def _paint_overlay(self, painter: Any, view: Any) -> None:
        if self.attention is not None:
            self.attention.paint(painter, view)
        if self.overlay is not None:
            self.overlay.paint(painter, view)
        if self.attention is not None:
            self.attention.paint_marks(painter, view)

    def _explain(self) -> None:
        """What is explained at the frame on screen is another, or is shown in another way."""
        if self.attention is None:
            self.legend.tell(())
            return
        time_ns = self._frame_time_ns()
        self.attention.set_time(time_ns)
        meanings = [self.attention.meaning()]
        if time_ns is not None and self.overlay is not None and self.overlay.seen():
            meanings.append(joint_meaning(self.session.explaining, time_ns))
        self.legend.tell([one for one in meanings if one is not None])
        self.canvas.update()

    def _frame_time_ns(self) -> int | None:
        shown = self.stream is not None and self._shown is not None
        return int(self.stream.times_ns[self._shown]) if shown else None

    def _weights_of(self, body: Body) -> NDArray[np.float32] | None:
        time_ns = self._frame_time_ns()
        if time_ns is None:
            return None
        on = self.overlay.topology_name if self.overlay is not None else ""
        return self.session.explaining.weights_of(time_ns, body.id, on)

    def _links_of(self, body: Body) -> Lines:
        time_ns = self._frame_time_ns()
        if time_ns is None or self.overlay is None:
            return ()
        on = self.overlay.topology_name
        return self.session.explaining.links_of(time_ns, body.id, on)

    def _joint_under(self, x: float, y: float) -> int | None:
        view = self.canvas.view()
        found = None if self.overlay is None else self.overlay.find_joint(x, y, view)
        relation = self.session.explaining.relation(self.session.transport.position_ns)
        if found is None or relation is None:
            return None
        return moved_joint(found[1], self.overlay.topology_name, relation.topology)

    def _clicked(self, x: float, y: float) -> None:
        """A click on a joint asks what it attends to; once more lets go of it."""
        joint, explaining = self._joint_under(x, y), self.session.explaining
        if joint is not None:
            explaining.choose_joint(None if explaining.joint == joint else joint)

    def _toggle_skeleton(self, shown: bool) -> None:
        if self.overlay is not None:
            self.overlay.shown = shown
        self.canvas.update()

    def _hovered(self, at: tuple[float, float] | None) -> None:
        self._hover = at
        self.session.explaining.preview_joint(None if at is None else self._joint_under(*at))
        self._tell()

    def _tell(self) -> None:
        stream = self.stream
        if stream is None:
            self.set_detail("")
        elif self._hover is None or self._data is None or self._shown is None:
            self.set_detail(f"{stream.width} × {stream.height}")
        else:
            self.set_detail(" · ".join(self._hover_words()))

    def _hover_words(self) -> list[str]:
        x, y = (int(v) for v in np.floor(self._hover))
        words = []
        if self.overlay is not None:
            words.append(self.overlay.joint_at(*self._hover, self.canvas.view()))
        if self.attention is not None:
            words.append(self.attention.value_text(*self._hover))
        height, width = self._data.shape[:2]
        if 0 <= x < width and 0 <= y < height:
            words.append(self.value_text(self._data, x, y))
        words.append(f"x {x}, y {y}")
        time_ns = int(self.stream.times_ns[self._shown])
        words += [f"frame {self._shown}", clock_text(time_ns)]
        return [word for word in words if word]
