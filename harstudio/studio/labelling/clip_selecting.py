"""Several clips selected at once, so that one command changes them all."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from harstudio.labels.model import Clip

if TYPE_CHECKING:
    from harstudio.studio.labelling.labelling import Labelling


class ClipSelecting(QObject):
    """The clip chosen last is the primary one: it is what one clip's commands work on."""

    def __init__(self, labelling: Labelling) -> None:
        super().__init__(labelling)
        self._labelling = labelling
        self._clips = labelling.clips
        self.session = labelling.session

    def extend(self, step: int) -> None:
        """The selection grows to the next (1) or previous (-1) clip of the tier, or shrinks."""
        tier, selected = self._clips.tier(), self.session.selected
        first = None if tier is None or not selected else tier.find(selected[-1])
        last = None if tier is None or not selected else tier.find(selected[0])
        if tier is None or first is None or last is None:
            self._labelling.jumps.select_here()
            return
        at = _place(tier.clips, last) + step
        if 0 <= at < len(tier.clips):
            self._range(tier.clips, first, tier.clips[at])
            if not self.session.transport.playing:
                self.session.transport.seek(tier.clips[at].start_ns)

    def _range(self, clips: Sequence[Clip], first: Clip, last: Clip) -> None:
        a, b = _place(clips, first), _place(clips, last)
        ids = [clip.id for clip in clips[min(a, b) : max(a, b) + 1]]
        self.session.select(*(reversed(ids) if a <= b else ids))

    def all_in_tier(self) -> None:
        """Every clip of the current tier."""
        tier = self._clips.tier()
        self._take([] if tier is None else tier.clips, "This tier holds no clips.")

    def same_label(self) -> None:
        """Every own clip with the label of the selected one, in all tiers."""
        found, document = self._clips.target(), self.session.document
        if found is not None and document is not None:
            label = found[1].label
            clips = [c for tier in document.said for c in tier.clips if c.label == label]
            self._take(clips, "")

    def between_points(self) -> None:
        """Every clip of the current tier that lies wholly between in and out point."""
        tier = self._clips.tier()
        low, high = self._labelling.mark_in_ns, self._labelling.mark_out_ns
        if low is None or high is None:
            self._say("Set the in and the out point first: I and O.")
            return
        clips = [] if tier is None else tier.clips
        inside = [c for c in clips if low <= c.start_ns and c.end_ns <= high]
        self._take(inside, "No clip of this tier lies wholly between the points.")
        if inside:
            self._labelling.set_marks(None, None)

    def _take(self, clips: Sequence[Clip], nothing: str) -> None:
        """Select them; the one that is selected already stays the primary one."""
        if not clips:
            self._say(nothing)
            return
        ids, primary = [clip.id for clip in clips], self.session.selection
        self.session.select(*([primary, *ids] if primary in ids else ids))
        self._say(f"{len(ids)} clip{'' if len(ids) == 1 else 's'} selected.")

    def _say(self, sentence: str) -> None:
        self.session.message.emit("info", sentence)


def _place(clips: Sequence[Clip], clip: Clip) -> int:
    at = bisect_left(clips, clip.start_ns, key=lambda c: c.start_ns)
    while clips[at].id != clip.id:
        at += 1
    return at
