"""Point events by label key, in a tier of points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from harstudio.labels.model import Clip
from harstudio.studio.timecode import clock_text

if TYPE_CHECKING:
    from harstudio.studio.labelling.labelling import Labelling


class PointPlacing(QObject):
    """A point stands where its frame begins; one label has one point in a frame."""

    def __init__(self, labelling: Labelling) -> None:
        super().__init__(labelling)
        self._labelling = labelling
        self.session = labelling.session

    def wanted(self, frame: int) -> bool:
        """Whether a label is for a new point: not for one that is selected and stands there."""
        tier, selected = self._labelling.clips.tier(), self.session.selected_clip()
        if tier is None or not tier.rules.points or len(self.session.selected) > 1:
            return False
        if selected is None or selected[0] != tier.name:
            return True
        return self._labelling.grid.index(selected[1].start_ns) != frame

    def place(self, label: str, frame: int) -> None:
        """A point at a frame of the current tier; selected unless it plays."""
        at, tier = self._labelling.grid.start_of(frame), self._labelling.clips.tier()
        if tier is not None and any(c.label == label and c.start_ns == at for c in tier.clips):
            self.session.message.emit("info", f"There is a “{label}” at this frame already.")
            return
        point = Clip(at, at, label)
        if self._labelling.clips.place(self.session.tier_name, point):
            since = clock_text(at - self.session.transport.start_ns)
            self.session.message.emit("info", f"{label} at {since}")
            if not self.session.transport.playing:
                self.session.select(point.id)
