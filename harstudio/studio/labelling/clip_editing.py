"""What can be done to clips that are there: relabel, move, split, merge, delete."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from harstudio.errors import HarstudioError
from harstudio.labels.editing import bulk_edits, clip_edits
from harstudio.labels.editing import proposals as proposal_edits
from harstudio.labels.editing.edge_moves import (
    Move,
    Side,
    as_edit,
    closed_gap,
    moved_clip,
    moved_edge,
    neighbours,
    told_mended,
)
from harstudio.labels.editing.edits import Edit, EditError, Group
from harstudio.labels.model import Clip, Tier

if TYPE_CHECKING:
    from harstudio.studio.labelling.labelling import Labelling

SELECT_FIRST = "Select your clip first: while proposals are open, Backspace is for them."
NOTHING_THERE = "Select a clip first: click it, or go there with Up and Down."


class ClipEditing(QObject):
    """Changes to the annotator's own clips; each is one step of undo.

    What is not said to work on the selected clip works on it or, with nothing selected, on the
    clip under the playhead; what makes sense for several clips works on all that are selected.
    Where two clips touch, the edge they share moves for both. Every
    refusal is one sentence in ``session.message``.
    """

    def __init__(self, labelling: Labelling) -> None:
        super().__init__(labelling)
        self._labelling = labelling
        self.session = labelling.session
        self.ghosts: tuple[Move, ...] = ()  # clips as they will be when the drag ends
        self._ghost_tier = ""

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
        return self.session.held

    def document_open(self) -> bool:
        return self.session.document is not None

    def has_target(self) -> bool:
        """Whether there is an own clip to work on."""
        document, selection = self.session.document, self.session.selection
        if document is None:
            return False
        if selection is not None:
            return document.find(selection) is not None
        return self.under_playhead(self.tier()) is not None

    def can_delete(self) -> bool:
        """Whether there is an own clip, or a proposal to be rejected."""
        return self.has_target() or self._labelling.proposals.current() is not None

    def foreign_selected(self) -> bool:
        """Whether a clip of another annotator or a network is selected."""
        return self._labelling.others.find(self.session.selection) is not None

    def any_target(self) -> bool:
        """Whether there is a clip to copy."""
        return self.foreign_selected() or self.has_target()

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
        except EditError as error:
            self._say("warn", str(error))
            return False
        except (HarstudioError, OSError) as error:
            self._say("bad", f"Nothing was changed. {error}")
            return False
        return True

    def attempt(self, make: Callable[[], Edit | None]) -> bool:
        """Do the edit that is made; False when there is none or it is refused, said why."""
        if self.why_not():
            return self.do()
        try:
            edit = make()
        except EditError as error:
            self._say("warn", str(error))
            return False
        several, done = len(self.session.selected) > 1, self.do(edit)
        if done and several and edit is not None:
            self._say("info", f"{edit.title}.")
        return done

    def _say(self, level: str, sentence: str) -> None:
        self.session.message.emit(level, sentence)

    def place(self, tier: str, clip: Clip) -> bool:
        """Put a clip into a tier, which is made when it is not there; it covers what lies there."""
        document = self.session.document
        if document is None or self.why_not():
            return self.do()
        return self.do(clip_edits.place(document, tier, clip, self.shortest_ns))

    @property
    def shortest_ns(self) -> int:
        """What is shorter than that is nothing left of a clip: frames may come unevenly."""
        return self._labelling.grid.period_ns // 2

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
        clip = self.under_playhead(tier)
        if tier is None or clip is None:
            self._say("info", NOTHING_THERE)
            return None
        return tier, clip

    def targets(self) -> tuple[str, ...]:
        """Identities of the selected own clips, else of the one under the playhead; () with a
        message."""
        found, selected = self.target(), self.session.selected
        if found is None:
            return ()
        find = self.session.document.find
        return tuple(one for one in selected if find(one) is not None) or (found[1].id,)

    def under_playhead(self, tier: Tier | None) -> Clip | None:
        """The clip of a tier there; of points the one in the frame."""
        grid, now = self._labelling.grid, self.session.transport.position_ns
        if tier is None or grid is None:
            return None
        if not tier.rules.points:
            return tier.at(now)
        frame = grid.index(now)
        at = bisect_left(tier.clips, grid.start_of(frame), key=lambda c: c.start_ns)
        here = [c for c in tier.clips[at : at + 1] if c.start_ns < grid.end_of(frame)]
        return here[0] if here else None

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

    # ---- changing one clip or several

    def relabel(self, label: str) -> None:
        """The clips get another label; proposals are accepted with it."""
        offered, own = self._by_kind()
        if not offered:
            own = own or self.targets()
            if own:
                self.attempt(lambda: bulk_edits.relabel(self.session.document, own, label))
        elif not own:
            self._labelling.proposals.accept(label)
        else:
            self.attempt(
                lambda: _both(
                    bulk_edits.relabel(self.session.document, own, label),
                    self._labelling.proposals.accepting.edit(offered, label),
                )
            )

    def comment(self, clip_id: str, text: str) -> None:
        """Write a comment to a clip."""
        found = self._own(clip_id)
        if found is not None and found[1].comment != text:
            self.do(clip_edits.change(self.session.document, clip_id, comment=text))

    def delete(self) -> None:
        """The clips go; undo brings them back. Proposals are rejected, and while some are open
        only a selected clip is deleted: the key was meant for one of them."""
        proposals, document = self._labelling.proposals, self.session.document
        offered, own = self._by_kind()
        if not own and (offered or proposals.current() is not None):
            proposals.reject()
            return
        if self.session.selection is None and proposals.open() and self.has_target():
            self._say("info", SELECT_FIRST)
            return
        ids = own or self.targets()
        if not ids:
            return
        found = document.find(ids[0])
        what = f"“{found[1].label}”" if found and len(ids) == 1 else f"{len(ids)} clips"
        gone = clip_edits.delete(document, *ids)
        edit = _both(gone, proposal_edits.reject(document, offered)) if offered else gone
        if self.attempt(lambda: edit):
            also = f" and {len(offered)} proposals rejected" if len(offered) > 1 else ""
            also = " and a proposal rejected" if len(offered) == 1 else also
            self._say("info", f"Deleted {what}{also}. Ctrl+Z brings it back.")

    def _by_kind(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Identities of the selected open proposals, and of the selected own clips."""
        document, selected = self.session.document, self.session.selected
        offered = tuple(one for one in selected if self._labelling.proposals.is_open(one))
        there = (one for one in selected if document is not None and document.find(one))
        return offered, tuple(one for one in there if one not in offered)

    def move(self, frames: int) -> None:
        """All by whole frames, as far as the others let them; the playhead goes with them."""
        ids, grid = self.targets(), self._labelling.grid
        if not ids:
            return
        before = self.session.document.find(ids[0])
        moved = self.attempt(lambda: bulk_edits.move(self.session.document, ids, frames, grid))
        after = self.session.document.find(ids[0])
        if moved and before and after and not self.session.transport.playing:
            by = after[1].start_ns - before[1].start_ns
            self.session.transport.seek(self.session.transport.position_ns + by)

    # ---- changing the edges of one clip

    def nudge(self, edge: str, frames: int) -> None:
        """Move the "start" or "end" of the clip by whole frames; the picture follows."""
        found, grid = self.target(), self._labelling.grid
        if found is None:
            return
        tier, clip = found
        if edge == "start":
            to = grid.start_of(grid.first_of(clip.start_ns) + frames)
        elif clip.is_point:
            to = grid.start_of(grid.index(clip.start_ns) + frames)
        else:
            to = grid.end_of(grid.last_of(clip.end_ns) + frames)
        self._move_edge(tier, clip, edge, to)
        now = tier.find(clip.id)
        if now is not None and not self.session.transport.playing:
            first = edge == "start" or now.is_point
            shown = now.start_ns if first else grid.start_of(grid.last_of(now.end_ns))
            self.session.transport.seek(shown)

    def trim(self, edge: str) -> None:
        """Put the "start" or "end" of the clip at the playhead: its first or last frame."""
        found, grid = self.target(), self._labelling.grid
        if found is None:
            return
        frame = self._labelling.frame()
        first = edge == "start" or found[1].is_point
        self._move_edge(*found, edge, grid.start_of(frame) if first else grid.end_of(frame))

    def close_gap(self, side: Side) -> None:
        """Draw the clip out to its previous or next one. With the playhead in a gap and nothing
        selected it is the clip on the far side that fills the gap."""
        tier = self.tier()
        found = None
        if tier is not None and self.session.selection is None and not self.has_target():
            found = self._across(tier, side)
        found = found or self.target()
        if found is not None:
            tier, clip = found
            if not self._is_proposal(tier, "drawn out to its neighbour"):
                self.attempt(lambda: as_edit(tier.name, closed_gap(tier, clip, side)))

    def _is_proposal(self, tier: Tier, done: str) -> bool:
        """Whether the tier is one of proposals; says that these cannot be ``done``."""
        if tier.rules.proposals:
            self._say("info", f"A proposal is not {done}; Enter accepts it first.")
        return tier.rules.proposals

    def _across(self, tier: Tier, side: Side) -> tuple[Tier, Clip] | None:
        now = self.session.transport.position_ns
        at = bisect_right(tier.clips, now, key=lambda c: c.start_ns) - (side == "next")
        return (tier, tier.clips[at]) if 0 <= at < len(tier.clips) else None

    def _move_edge(self, tier: Tier, clip: Clip, edge: str, to_ns: int) -> None:
        self._do_moves(tier.name, moved_edge(tier, clip, edge, to_ns, self._labelling.grid))

    def _do_moves(self, tier: str, moves: Sequence[Move]) -> bool:
        own = self.session.document.tier(tier) if self.document_open() else None
        edit = as_edit(tier, moves if own is None else told_mended(own, moves))
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
        if self._is_proposal(found[0], "split"):
            return
        clip, at = found[1], grid.start_of(self._labelling.frame())
        if not clip.is_point and not clip.start_ns < at < clip.end_ns:
            self._say("info", "Put the playhead inside the clip; it is split before that frame.")
            return
        self.attempt(lambda: clip_edits.split(self.session.document, clip.id, at))

    def merge(self) -> None:
        """The clip takes in the next one of its tier and what lies between; its label stays."""
        found = self.target()
        if found is None:
            return
        tier, clip = found
        if self._is_proposal(tier, "merged"):
            return
        if neighbours(tier, clip)[1] is None:
            self._say("info", "There is no clip after this one to merge with.")
            return
        self.attempt(lambda: clip_edits.merge_with(self.session.document, clip.id, "next"))


def _both(own: Edit | None, offered: Edit) -> Edit:
    """What is done to clips and to proposals, as one step of undo."""
    return offered if own is None else Group(f"{own.title}; {offered.title}", (own, offered))
