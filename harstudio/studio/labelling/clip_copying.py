"""Clips once more: copy and paste in any recording, to another tier, from other annotators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from harstudio.labels.editing import bulk_edits
from harstudio.labels.editing.proposed import as_said
from harstudio.labels.model import Clip, Origin

if TYPE_CHECKING:
    from harstudio.studio.labelling.labelling import Labelling


@dataclass(frozen=True, slots=True)
class Copied:
    """A clip to be pasted: ``offset`` frames after the first one. tier: "" for the current."""

    clip: Clip
    offset: int
    frames: int
    tier: str


class ClipCopying(QObject):
    """All that are selected, or the clip under the playhead; what lies where a copy goes makes
    room. Each is one step of undo."""

    def __init__(self, labelling: Labelling) -> None:
        super().__init__(labelling)
        self._labelling = labelling
        self._clips = labelling.clips
        self.session = labelling.session
        self._copied: tuple[Copied, ...] = ()

    def _say(self, level: str, sentence: str) -> None:
        self.session.message.emit(level, sentence)

    # ---- to another tier

    def copy_to(self, tier: str, *, moving: bool = False) -> bool:
        """Copies in another tier, over what lies there; moving: they leave the one they are in."""
        ids = self._clips.targets()
        return bool(ids) and self._clips.attempt(
            lambda: bulk_edits.copy_to_tier(
                self.session.document, ids, tier, self._clips.shortest_ns, moving=moving
            )
        )

    def carry(self, step: int, *, moving: bool) -> None:
        """Copy or move the clips to the tier below (1) or above (-1) that of the selected one;
        proposals are accepted."""
        found = self._clips.target()
        if found is None:
            return
        if found[0].rules.proposals:
            self._labelling.proposals.accept()
            return
        names = self._labelling.tiers.names()
        at = names.index(found[0].name) + step
        if not 0 <= at < len(names):
            where = "below" if step > 0 else "above"
            self._say("info", f"There is no tier {where} “{found[0].name}”. Ctrl+T adds one.")
        elif self.copy_to(names[at], moving=moving) and moving:
            self.session.tier_name = names[at]

    # ---- to anywhere

    def copy(self) -> None:
        """Remember the selected clips, or the one under the playhead, for any recording."""
        other = self._labelling.others.find(self.session.selection)
        if other is not None:
            found = [(self.session.tier_name, other[1])]
        else:
            ids, document = self._clips.targets(), self.session.document
            there = [document.find(one) for one in ids]
            found = [(one[0].name, one[1]) for one in there if one is not None]
        if not found:
            return
        found.sort(key=lambda one: one[1].start_ns)
        grid = self._labelling.grid
        zero = grid.index(found[0][1].start_ns)
        self._copied = tuple(
            Copied(
                clip,
                grid.index(clip.start_ns) - zero,
                max(1, grid.count(clip.start_ns, clip.end_ns)),
                tier if len({name for name, _ in found}) > 1 else "",
            )
            for tier, clip in found
        )
        what = f"“{found[0][1].label}”" if len(found) == 1 else f"{len(found)} clips"
        self._say("info", f"Copied {what}.")

    def cut(self) -> None:
        """Remember the clips and take them away."""
        if self._clips.has_target():
            self.copy()
            self._clips.delete()

    def can_paste(self) -> bool:
        return bool(self._copied) and self._clips.document_open()

    def paste(self) -> None:
        """The remembered clips, from the playhead on, with as many frames; those that were in
        several tiers go to tiers of the same names, else to the current one."""
        if not self._copied or self._clips.why_not():
            self._clips.do()
            return
        grid, here = self._labelling.grid, self._labelling.frame()
        made = []
        for one in self._copied:
            first = here + one.offset
            if first < len(grid):
                start, end = grid.start_of(first), grid.end_of(first + one.frames - 1)
                end = start if one.clip.is_point else end
                made.append((one.tier or self.session.tier_name, _anew(one.clip, start, end)))
        self._place_copies(made, "Paste {}")

    def duplicate(self) -> None:
        """The clip once more, right behind itself."""
        found, grid = self._clips.target(), self._labelling.grid
        if found is None:
            return
        tier, clip = found
        first = grid.last_of(clip.end_ns) + 1
        if clip.is_point:
            first = grid.index(clip.start_ns) + 1
        if first >= len(grid):
            self._say("info", "There is no room behind the last frame.")
            return
        frames = max(1, grid.count(clip.start_ns, clip.end_ns))
        start, end = grid.start_of(first), grid.end_of(first + frames - 1)
        end = start if clip.is_point else end
        made = [(tier.name, _anew(clip, start, end))]
        if self._place_copies(made, "Duplicate {}") and not self.session.transport.playing:
            self.session.transport.seek(start)

    def take_over(self) -> None:
        """Copy the selected clip of another annotator or a network into the current tier."""
        found = self._labelling.others.find(self.session.selection)
        if found is None or self._clips.why_not():
            self._clips.do()
            return
        clip = found[1]
        made = [(self.session.tier_name, _anew(clip, clip.start_ns, clip.end_ns))]
        self._place_copies(made, "Take over {}")

    def _place_copies(self, made: Sequence[tuple[str, Clip]], title: str) -> bool:
        document = self.session.document
        done = self._clips.attempt(
            lambda: bulk_edits.place_all(document, made, self._clips.shortest_ns, title)
        )
        if done:
            self.session.select(*(clip.id for _, clip in made))
        return done


def _anew(clip: Clip, start_ns: int, end_ns: int) -> Clip:
    """What another clip says, said by the annotator of another stretch; of the same stretch it
    is what a network proposed."""
    modelled = clip.origin is Origin.MODEL
    said = as_said(clip) if modelled else clip
    origin = Origin.ACCEPTED if modelled and start_ns == clip.start_ns else Origin.HUMAN
    return Clip(
        start_ns, end_ns, clip.label, clip.person, origin=origin, attributes=said.attributes
    )  # fmt: skip
