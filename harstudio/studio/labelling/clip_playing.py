"""One clip played from its first frame to its last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from harstudio.labels.model import Clip

if TYPE_CHECKING:
    from harstudio.studio.labelling.labelling import Labelling


class ClipPlaying(QObject):
    """Stops at the end of the clip; anybody who moves the playhead elsewhere takes over."""

    def __init__(self, labelling: Labelling) -> None:
        super().__init__(labelling)
        self._labelling = labelling
        self.session = labelling.session
        self._clip: Clip | None = None
        self.session.transport.moved.connect(self._follow)
        self.session.transport.playing_changed.connect(self._let_go)

    def play(self) -> None:
        """The selected clip, whosoever it is, else the one under the playhead, once."""
        clips, transport = self._labelling.clips, self.session.transport
        clip = clips.selected_anywhere() or clips.under_playhead(clips.tier())
        if clip is None:
            self.session.message.emit("info", "Select a clip first: Up and Down go there.")
            return
        transport.pause()
        transport.set_loop(None)
        transport.set_rate(abs(transport.rate))
        transport.seek(clip.start_ns)
        transport.play()
        self._clip = clip

    def _follow(self, position_ns: int) -> None:
        clip, grid = self._clip, self._labelling.grid
        if clip is None or grid is None:
            return
        last = grid.start_of(grid.last_of(clip.end_ns))
        if position_ns < clip.start_ns:
            self._clip = None
        elif position_ns >= max(last, clip.end_ns - grid.period_ns // 2):
            self._clip = None
            self.session.transport.pause()
            self.session.transport.seek(max(last, clip.start_ns))
            self.session.select(clip.id, *self.session.selected)

    def _let_go(self, playing: bool) -> None:
        if not playing:
            self._clip = None
