"""What can be done to clips that are there: relabel, move, split, merge, delete, jump, loop."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from harstudio.errors import HarstudioError
from harstudio.labels import clip_edits
from harstudio.labels.edge_moves import Move, as_edit, moved_clip, moved_edge, neighbours
from harstudio.labels.edits import AddTier, Edit, Group
from harstudio.labels.model import Clip, Tier
from harstudio.recordings.frame_grid import FrameGrid

if TYPE_CHECKING:
    from harstudio.studio.labelling import Labelling

NOTHING_THERE = "Select a clip first: click it, or go there with Up and Down."


class ClipEditing(QObject):
    """Changes to the annotator's own clips; each is one step of undo.

    What is not said to work on the selected clip works on it or, with nothing selected, on the
    clip under the playhead. Where two clips touch, the edge they share moves for both. Every
    refusal is one sentence in ``session.message``.
    """

    def __init__(self, labelling: Labelling) -> None:
        super().__init__(labelling)
        self._labelling = labelling
        self.session = labelling.session
        self.ghosts: tuple[Move, ...] = ()  # clips as they will be when the drag ends
        self._ghost_tier = ""
        self._copied: tuple[Clip, int] | None = None  # and its number of frames

    # ---- doing

    def why_not(self) -> str:
        """Why labels cannot be changed now, "" when they can."""
        if self.session.recording is None:
            return "Open a recording to label it."
        if self._labelling.grid is None:
            return "This recording has no frames to label."
        if self.session.history is None:
            return "The labels of this recording could not be opened, so nothing can be changed."
        if self.session.history.read_only:
            return "The labels of this recording are open read-only, so nothing can be changed."
        return ""

    def document_open(self) -> bool:
        return self.session.document is not None

    def has_target(self) -> bool:
        """Whether there is an own clip to work on."""
        document, selection = self.session.document, self.session.selection
        if document is None:
            return False
        if selection is not None:
            return document.find(selection) is not None
        tier = self.tier()
        return tier is not None and tier.at(self.session.transport.position_ns) is not None

    def foreign_selected(self) -> bool:
        """Whether a clip of another annotator or a network is selected."""
        return self._labelling.others.find(self.session.selection) is not None

    def any_target(self) -> bool:
        """Whether there is a clip to copy."""
        return self.foreign_selected() or self.has_target()

    def several_tiers(self) -> bool:
        document = self.session.document
        return document is not None and len(document.tiers) > 1

    def do(self, edit: Edit | None = None) -> bool:
        """Apply an edit as one step of undo; False when there is none or, said why, it cannot."""
        reason = self.why_not()
        if reason:
            self._say("warn", reason)
            return False
        if edit is None:
            return False
        try:
            self.session.history.do(edit)
        except (HarstudioError, OSError) as error:
            self._say("bad", f"Nothing was changed. {error}")
            return False
        return True

    def _say(self, level: str, sentence: str) -> None:
        self.session.message.emit(level, sentence)

    def place(self, tier: str, clip: Clip) -> bool:
        """Put a clip into a tier, which is made when it is not there; it covers what lies there."""
        document = self.session.document
        if document is None or self.why_not():
            return self.do()
        return self.do(clip_edits.place(document, tier, clip, self._labelling.grid.period_ns // 2))

    # ---- finding

    def target(self) -> tuple[Tier, Clip] | None:
        """The selected own clip, else the clip under the playhead; None, with a message."""
        if self.why_not():
            self.do()
            return None
        document, selection = self.session.document, self.session.selection
        if selection is not None:
            found = document.find(selection)
            if found is None:
                self._say("warn", self._labelling.others.refusal(selection))
            return found
        tier = document.tier(self.session.tier_name)
        clip = None if tier is None else tier.at(self.session.transport.position_ns)
        if tier is None or clip is None:
            self._say("info", NOTHING_THERE)
            return None
        return tier, clip

    def selected_anywhere(self) -> Clip | None:
        """The selected clip, whosoever it is."""
        own = self.session.selected_clip()
        other = self._labelling.others.find(self.session.selection)
        return own[1] if own else other[1] if other else None

    def tier(self) -> Tier | None:
        """The current tier, None while it holds nothing."""
        document = self.session.document
        return None if document is None else document.tier(self.session.tier_name)

    def free_from(self, time_ns: int) -> int:
        """Where the clip before a time ends, else the first frame's time."""
        tier, grid = self.tier(), self._labelling.grid
        clips = [] if tier is None else tier.clips
        at = bisect_right(clips, time_ns, key=lambda c: c.end_ns)
        return clips[at - 1].end_ns if at else grid.start_of(0)

    # ---- changing one clip

    def relabel(self, label: str) -> None:
        """The selected clip gets another label."""
        found = self.target()
        if found is None:
            return
        self.do(clip_edits.relabel(self.session.document, found[1].id, label))

    def comment(self, clip_id: str, text: str) -> None:
        """Write a comment to a clip."""
        found = self._own(clip_id)
        if found is not None and found[1].comment != text:
            self.do(clip_edits.change(self.session.document, clip_id, comment=text))

    def delete(self) -> None:
        """The clip goes; undo brings it back."""
        found = self.target()
        if found is not None:
            self.do(clip_edits.delete(self.session.document, found[1].id))

    def nudge(self, edge: str, frames: int) -> None:
        """Move the "start" or "end" of the clip by whole frames; the picture follows."""
        found, grid = self.target(), self._labelling.grid
        if found is None:
            return
        tier, clip = found
        if edge == "start":
            to = grid.start_of(grid.first_of(clip.start_ns) + frames)
        else:
            to = grid.end_of(grid.last_of(clip.end_ns) + frames)
        self._move_edge(tier, clip, edge, to)
        now = tier.find(clip.id)
        if now is not None and not self.session.transport.playing:
            shown = now.start_ns if edge == "start" else grid.start_of(grid.last_of(now.end_ns))
            self.session.transport.seek(shown)

    def trim(self, edge: str) -> None:
        """Put the "start" or "end" of the clip at the playhead: its first or last frame."""
        found, grid = self.target(), self._labelling.grid
        if found is None:
            return
        frame = self._labelling.frame()
        self._move_edge(
            *found, edge, grid.start_of(frame) if edge == "start" else grid.end_of(frame)
        )

    def _move_edge(self, tier: Tier, clip: Clip, edge: str, to_ns: int) -> None:
        self._do_moves(tier.name, moved_edge(tier, clip, edge, to_ns, self._labelling.grid))

    def _do_moves(self, tier: str, moves: Sequence[Move]) -> bool:
        edit = as_edit(tier, moves)
        return edit is not None and self.do(edit)

    # ---- dragging

    def drag_edge(self, clip_id: str, edge: str, time_ns: int, both: bool = True) -> None:
        """Show where the edge would stand. both: a clip that touches it moves along."""
        found = self._own(clip_id)
        if found is None:
            return
        tier, clip = found
        self._show_ghosts(tier, moved_edge(tier, clip, edge, time_ns, self._labelling.grid, both))

    def drag_clip(self, clip_id: str, by_ns: int) -> None:
        """Show where the clip would stand, between its neighbours."""
        found = self._own(clip_id)
        if found is not None:
            tier, clip = found
            self._show_ghosts(tier, moved_clip(tier, clip, by_ns, self._labelling.grid))

    def _own(self, clip_id: str) -> tuple[Tier, Clip] | None:
        document = self.session.document
        return None if document is None or self.why_not() else document.find(clip_id)

    def _show_ghosts(self, tier: Tier, moves: Sequence[Move]) -> None:
        self._ghost_tier, self.ghosts = tier.name, tuple(moves)
        self._labelling.changed.emit()

    @property
    def ghost_tier(self) -> str:
        return self._ghost_tier

    def release_drag(self) -> None:
        """What the ghosts show becomes so, as one step of undo."""
        moves, self.ghosts = self.ghosts, ()
        if not self._do_moves(self._ghost_tier, moves):
            self._labelling.changed.emit()

    def cancel_drag(self) -> None:
        """The ghosts go and nothing was changed."""
        if self.ghosts:
            self.ghosts = ()
            self._labelling.changed.emit()

    # ---- changing two clips

    def split(self) -> None:
        """Two clips of one: the second begins with the frame under the playhead."""
        found, grid = self.target(), self._labelling.grid
        if found is None:
            return
        clip, at = found[1], grid.start_of(self._labelling.frame())
        if not clip.start_ns < at < clip.end_ns:
            self._say("info", "Put the playhead inside the clip; it is split before that frame.")
            return
        self.do(clip_edits.split(self.session.document, clip.id, at))

    def merge(self) -> None:
        """The clip takes in the next one of its tier and what lies between; its label stays."""
        found = self.target()
        if found is None:
            return
        tier, clip = found
        if neighbours(tier, clip)[1] is None:
            self._say("info", "There is no clip after this one to merge with.")
            return
        self.do(clip_edits.merge_with(self.session.document, clip.id, "next"))

    # ---- copying

    def copy(self) -> None:
        """Remember the selected clip, or the one under the playhead, for any recording."""
        found = self._labelling.others.find(self.session.selection) or self.target()
        if found is not None:
            clip = found[1]
            frames = max(1, self._labelling.grid.count(clip.start_ns, clip.end_ns))
            self._copied = (clip, frames)
            self._say("info", f"Copied “{clip.label}”, {frames} frames.")

    def can_paste(self) -> bool:
        return self._copied is not None and self.document_open()

    def paste(self) -> None:
        """The remembered clip, from the playhead on, with as many frames."""
        if self._copied is None or self.why_not():
            self.do()
            return
        (clip, frames), first = self._copied, self._labelling.frame()
        grid = self._labelling.grid
        start, end = grid.start_of(first), grid.end_of(first + frames - 1)
        self._place_copy(replace(clip, start_ns=start, end_ns=end))

    def take_over(self) -> None:
        """Copy the selected clip of another annotator or a network into the current tier."""
        found = self._labelling.others.find(self.session.selection)
        if found is None or self.why_not():
            self.do()
            return
        self._place_copy(found[1])

    def _place_copy(self, clip: Clip) -> None:
        made = Clip(clip.start_ns, clip.end_ns, clip.label, clip.person)
        if self.place(self.session.tier_name, made):
            self.session.select(made.id)

    # ---- going about

    def select_here(self) -> None:
        """Select the clip under the playhead."""
        tier = self.tier()
        clip = None if tier is None else tier.at(self.session.transport.position_ns)
        self.session.select(None if clip is None else clip.id)
        if clip is None:
            self._say("info", "No clip of this tier is under the playhead.")

    def jump(self, direction: int) -> None:
        """Go to the start of the next (1) or previous (-1) clip of the tier and select it."""
        tier, now = self.tier(), self.session.transport.position_ns
        clips = [] if tier is None else tier.clips
        selected = None if tier is None else tier.find(self.session.selection or "")
        if selected is not None and selected.start_ns <= now < selected.end_ns:
            at = bisect_left(clips, selected.start_ns, key=lambda c: c.start_ns) + direction
        elif direction > 0:
            at = bisect_right(clips, now, key=lambda c: c.start_ns)
        else:
            at = bisect_left(clips, now, key=lambda c: c.start_ns) - 1
        if not 0 <= at < len(clips):
            where = "after" if direction > 0 else "before"
            self._say("info", f"There is no clip {where} this.")
            return
        self.session.transport.seek(clips[at].start_ns)
        self.session.select(clips[at].id)

    def gap(self, direction: int) -> None:
        """Go to the next (1) or previous (-1) stretch of the tier that has no label."""
        tier, grid = self.tier(), self._labelling.grid
        if grid is None:
            return
        now = self.session.transport.position_ns
        starts = [start for start, _ in gaps([] if tier is None else tier.clips, grid)]
        ahead = [s for s in starts if s > now] if direction > 0 else [s for s in starts if s < now]
        if not ahead:
            where = "after" if direction > 0 else "before"
            self._say("info", f"Everything {where} this is labelled.")
            return
        self.session.select(None)
        self.session.transport.seek(ahead[0] if direction > 0 else ahead[-1])

    # ---- tiers

    def tier_names(self) -> list[str]:
        """The own tiers from top to bottom, the current one even while it holds nothing."""
        document = self.session.document
        if document is None:
            return []
        names = [tier.name for tier in document.tiers]
        return names if self.session.tier_name in names else [self.session.tier_name, *names]

    def choose_tier(self, step: int) -> None:
        """The tier below (1) or above (-1) gets new clips."""
        names = self.tier_names()
        if names:
            at = names.index(self.session.tier_name) + step
            self.session.tier_name = names[min(max(at, 0), len(names) - 1)]

    def add_tier(self, name: str) -> bool:
        """A new tier at the bottom of the own ones; new clips go there."""
        name, document = name.strip(), self.session.document
        if document is None:
            return self.do()
        if not name or name in self.tier_names():
            self._say("warn", f"There is a tier “{name}” already." if name else "Give it a name.")
            return False
        missing = [t for t in (*self.tier_names(), name) if document.tier(t) is None]
        made = tuple(AddTier(t, len(document.tiers) + k) for k, t in enumerate(missing))
        added = self.do(Group(f"Add tier “{name}”", made))
        if added:
            self.session.tier_name = name
        return added

    def remove_current_tier(self) -> None:
        """The current tier goes with its clips."""
        self.remove_tier(self.session.tier_name)

    def remove_tier(self, name: str) -> None:
        """The tier goes with its clips; undo brings them back."""
        document = self.session.document
        if document is None or document.tier(name) is None:
            self.do()
            return
        if self.do(clip_edits.remove_tier(document, name)) and self.session.tier_name == name:
            self.session.tier_name = (self.tier_names() or [self.session.annotator])[0]


def gaps(clips: Sequence[Clip], grid: FrameGrid) -> list[tuple[int, int]]:
    """Stretches [start_ns, end_ns) of at least a frame without a clip."""
    ends = [grid.start_of(0), *(c.end_ns for c in clips)]
    starts = [*(c.start_ns for c in clips), grid.end_of(len(grid) - 1)]
    return [(a, b) for a, b in zip(ends, starts, strict=True) if grid.count(a, b) > 0]
