"""Proposals in the open document: put there, gone through, accepted, changed, rejected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from harstudio.labels.editing import proposals as edits
from harstudio.labels.editing.edits import AddClip, ChangeClip, Edit, EditError
from harstudio.labels.editing.proposals import open_proposals
from harstudio.labels.model import Clip, Tier
from harstudio.runs.suggestions import Suggestion
from harstudio.studio.proposals.accepting import Accepting
from harstudio.studio.proposals.fitting import fitted, left_out
from harstudio.studio.proposals.orders import (
    ORDERS,
    Order,
    dispute_of_people,
    dispute_of_streams,
    in_order,
)

if TYPE_CHECKING:
    from harstudio.studio.labelling.labelling import Labelling

NONE_OPEN = "There are no open proposals in this recording."


class Proposals(QObject):
    """The open proposals of the annotator's document, and the one that is decided now.

    That is the selected one or, with nothing selected, the one under the playhead where no own
    clip and no open clip is. Enter accepts it, a label key accepts it with that label, Backspace
    rejects it; then the next one in the order is shown: selected, and played again and again
    where the settings say so. With several proposals selected the keys are for all of them. Each
    is one step of undo. Every refusal is one sentence in ``session.message``.
    """

    changed = Signal()  # which are open, which is decided, or the order

    def __init__(self, labelling: Labelling) -> None:
        super().__init__(labelling)
        self._labelling = labelling
        self.session = labelling.session
        self.accepting = Accepting(labelling)
        self.order: Order = "time"
        self._known: tuple[object, list[Clip]] = (None, [])  # of which document; the open ones
        self._shown: Tier | None = None
        self._under: str | None = None  # under the playhead, with nothing selected
        self._loop: tuple[int, int] | None = None  # what is played again and again for one
        self.session.document_changed.connect(self._meet_edit)
        self.session.history_changed.connect(self._meet_history)
        self.session.selection_changed.connect(self._meet_selection)
        self.session.recognition_changed.connect(self._tell)
        self.session.transport.moved.connect(self._follow)

    # ---- what there is

    def open(self) -> list[Clip]:
        """The open ones by time; not to be changed."""
        document = self.session.document
        if document is None:
            return []
        known = (id(document), document.revision)
        if self._known[0] != known:
            self._known = (known, open_proposals(document))
        return self._known[1]

    def shown(self) -> Tier | None:
        """The open ones as a tier, to be drawn; the same object as long as they are the same."""
        document = self.session.document
        real = None if document is None else edits.proposals_tier(document)
        waiting = self.open()
        if real is None or not waiting:
            self._shown = None
        elif self._shown is None or self._shown.clips != waiting or self._shown.name != real.name:
            self._shown = Tier(real.name, list(waiting), real.rules)
        return self._shown

    def is_open(self, clip_id: str | None) -> bool:
        """Whether it is one of them."""
        return self.find(clip_id) is not None

    def find(self, clip_id: str | None) -> Clip | None:
        """The open proposal of that identity."""
        if clip_id is None:
            return None
        return next((clip for clip in self.open() if clip.id == clip_id), None)

    def current(self, at_ns: int | None = None) -> Clip | None:
        """The one that is decided now. at_ns: the playhead counts as being there."""
        labelling = self._labelling
        if labelling.open_clip is not None or labelling.mark_in_ns is not None:
            return None  # keys are for these
        if self.session.selection is not None:
            return self.find(self.session.selection)
        tier = labelling.clips.tier()
        if not self.open():
            return None
        if tier is not None and (tier.rules.points or labelling.clips.under_playhead(tier)):
            return None
        now = self.session.transport.position_ns if at_ns is None else at_ns
        here = [clip for clip in self.open() if clip.start_ns <= now < clip.end_ns]
        return max(here, key=lambda clip: clip.confidence or 0.0, default=None)

    def in_order(self) -> list[Clip]:
        """The open ones in the chosen order."""
        document = self.session.document
        counts: Counter[str] = Counter()
        if document is not None and self.order == "rarity":
            counts.update(clip.label for tier in document.said for clip in tier.clips)
        return in_order(self.open(), self.order, counts=counts, dispute=self._dispute)

    def _dispute(self, clip: Clip) -> float:
        people = dispute_of_people(clip, self._labelling.others.opinions(clip))
        return max(people, dispute_of_streams(clip, self.session.recognition))

    # ---- putting

    def why_not(self) -> str:
        """Why nothing can be proposed now, "" when it can."""
        if self.session.settles:
            return "Agreed labels are made of what people say; go back to your own labels first."
        return self._labelling.clips.why_not() or self.session.team.why_hidden_now()

    def put(self, clips: Iterable[Clip | Suggestion], source: str) -> bool:
        """Propose these in the place of the open ones; False, said why, where none was put.

        source: the run that says so. Edges go to frames. Left out is what the annotator has
        labelled by half or rejected before; how many these are is told.
        """
        document, reason = self.session.document, self.why_not()
        if reason or document is None:
            self._say("warn", reason or "Open a recording first.")
            return False
        label_set, grid = self._labelling.label_set, self._labelling.grid
        wanted = [fitted(one, label_set, grid) for one in clips]
        told = edits.admitted(document, wanted)
        if not told.clips:
            self._say("info", f"{source} proposes nothing new here.{left_out(told)}")
            return False
        edit = edits.propose(document, told.clips, source)
        if edit is not None and not self._labelling.clips.do(edit):
            return False
        go = "" if self.current() is not None else " F12 goes to the first."
        what = _many(len(told.clips))
        self._say("info", f"{source}: {what}.{left_out(told)}{self._lacking_words()}{go}")
        return True

    def lacking(self) -> list[str]:
        """Labels of open proposals that the label set does not have."""
        return self.accepting.lacking(self.open())

    def _lacking_words(self) -> str:
        lacking = self.lacking()
        if not lacking:
            return ""
        names = ", ".join(lacking[:3]) + (", …" if len(lacking) > 3 else "")
        return f" Not in the label set: {names}; “Add labels of the proposals” puts them there."

    def add_lacking(self) -> None:
        """The label set gets the labels that it lacks."""
        lacking = self.lacking()
        for name in lacking:
            self._labelling.label_sets.add(name)
        if lacking:
            self._say("info", f"Added to the label set: {', '.join(lacking)}.")
        self.changed.emit()

    def clear(self) -> None:
        """The open ones go; what was rejected stays so."""
        document = self.session.document
        if document is not None:
            self._labelling.clips.do(edits.clear(document))

    # ---- deciding

    def accept(self, label: str = "", at_ns: int | None = None) -> bool:
        """The one that is decided now becomes a clip of the annotator; label: another one than
        is proposed. False where there is none or, said why, it cannot be."""
        ids, before = self._decided(at_ns), self.in_order()
        document = self.session.document
        if not ids or document is None:
            return False
        clips = [clip for clip in before if clip.id in ids]
        if not self._labelling.clips.attempt(lambda: self.accepting.edit(ids, label)):
            return False
        if label:
            self._labelling.naming.used(label)
        self._go_on(before, ids)
        self.accepting.tell_shortened(clips)
        return True

    def settle(self, label: str, at_ns: int | None = None) -> None:
        """What a label key does: accept with that label; own clips that are selected too get it."""
        if len(self.session.selected) > 1:
            self._labelling.clips.relabel(label)
        else:
            self.accept(label, at_ns)

    def accept_moved(self, clip: Clip, moved: Clip, tier: str) -> bool:
        """One becomes a clip of that tier, where ``moved`` lies; False, said why, if it cannot."""
        done = self._labelling.clips.attempt(lambda: self.accepting.edit_moved(clip, moved, tier))
        if done:
            self.accepting.tell_shortened([moved])
        return done

    def reject(self) -> bool:
        """The one that is decided now is not proposed again. False as of ``accept``."""
        ids, before = self._decided(), self.in_order()
        document = self.session.document
        if not ids or document is None:
            return False
        done = self._labelling.clips.attempt(lambda: edits.reject(document, ids))
        if done:
            self._go_on(before, ids)
        return done

    def above(self, confidence: float) -> list[Clip]:
        """Open ones of at least that confidence."""
        return [c for c in self.open() if c.confidence is not None and c.confidence >= confidence]

    def accept_above(self, confidence: float) -> bool:
        """All of at least that confidence become clips, as one step of undo; the surest first
        where they overlap. Those whose label the label set lacks stay open."""
        sure = self.above(confidence)
        lacking = self.accepting.lacking(sure)
        known = [clip.id for clip in sure if clip.label not in lacking]
        document, ids = self.session.document, known or [clip.id for clip in sure]
        if document is None or not ids:
            self._say(
                "info", f"No open proposal has a confidence of {100 * confidence:.0f} % or more."
            )
            return False
        before = self.in_order()
        try:
            edit = self.accepting.edit(ids)
        except EditError as error:
            self._say("warn", str(error))
            return False
        made = sum(isinstance(step, AddClip) for step in edit.steps())
        if not self._labelling.clips.do(edit):
            return False
        if self.session.selection in ids:
            self._go_on(before, tuple(ids))
        left = f"{len(self.open())} still open.{self._lacking_words()}"
        self._say("info", f"{_many(made)} accepted, {left}")
        return True

    def accept_sure(self) -> bool:
        """All that are as sure as the settings say."""
        return self.accept_above(self.session.settings.sure_proposals)

    def _decided(self, at_ns: int | None = None) -> tuple[str, ...]:
        """Identities of those that a key is for."""
        current = self.current(at_ns)
        if current is None:
            return ()
        return tuple(one for one in self.session.selected if self.is_open(one)) or (current.id,)

    # ---- going from one to the next

    def set_order(self, order: Order) -> None:
        """The order in which they come."""
        if order != self.order:
            self.order = order
            self._tell()
            self._say("info", f"Proposals {ORDERS[order]}.")

    def next(self, order: Order | None = None, direction: int = 1) -> bool:
        """Go to the next (1) or previous (-1) one and select it; after the last comes the first.

        order: changes the order too. False, said why, where none is open."""
        if order is not None:
            self.set_order(order)
        waiting = self.in_order()
        if not waiting:
            self._say("info", NONE_OPEN)
            return False
        if self._labelling.open_clip is not None:
            self._say("info", "End or drop the open clip first: its key ends it, Esc drops it.")
            return False
        chosen = self.session.selection
        at = next((k for k, clip in enumerate(waiting) if clip.id == chosen), None)
        if at is not None:
            self.go_to(waiting[(at + direction) % len(waiting)])
        elif self.order == "time":
            self.go_to(_nearest(waiting, self.session.transport.position_ns, direction))
        else:
            self.go_to(waiting[0 if direction > 0 else -1])
        return True

    def go_to(self, clip: Clip) -> None:
        """Select it; it plays again and again where the settings say so. In and out points go:
        keys are for the proposal now."""
        transport = self.session.transport
        if self._labelling.mark_in_ns is not None or self._labelling.mark_out_ns is not None:
            self._labelling.set_marks(None, None)
        self.session.select(clip.id)  # first: who leaves a clip while it plays lets go of it
        transport.seek(clip.start_ns)
        if self.session.settings.play_proposals:
            self._loop = (clip.start_ns, clip.end_ns)
            transport.set_loop(self._loop)
            transport.set_rate(abs(transport.rate))
            transport.play()

    def _go_on(self, before: Sequence[Clip], decided: Sequence[str]) -> None:
        """To the next one in the order as it was; nowhere while it plays with nothing selected."""
        left = {clip.id for clip in self.open()}
        if self.session.selection is None and self.session.transport.playing:
            return
        if not left:
            self.session.select(None)
            self._leave_clips()
            self._say("info", "All proposals are settled. Ctrl+G goes to what is unlabelled.")
            return
        places = [k for k, clip in enumerate(before) if clip.id in decided]
        after = [*before[max(places, default=-1) + 1 :], *before]
        self.go_to(next(clip for clip in after if clip.id in left))

    def _leave_clips(self) -> None:
        """To where no own clip is, so that the next key is for none that is there already."""
        clips, transport = self._labelling.clips, self.session.transport
        while (clip := clips.under_playhead(clips.tier())) is not None and not clip.is_point:
            before = transport.position_ns
            transport.seek(clip.end_ns)
            if transport.position_ns <= before:
                return  # the recording is over

    def go_back(self, edit: Edit) -> None:
        """A decision was undone: what it was about is selected again."""
        tier_name = {tier.name for tier in (self.shown(),) if tier is not None}
        settled = set()
        for step in edit.steps():
            match step:
                case AddClip(tier, clip) if tier not in tier_name:
                    settled.add(clip.id)
                case ChangeClip(_, _, after) if after.rejected:
                    settled.add(after.id)
        found = next((clip for clip in self.in_order() if clip.id in settled), None)
        watching = self.session.selection is None and self.session.transport.playing
        if found is not None and not watching and self._labelling.open_clip is None:
            self.go_to(found)

    # ---- what happens elsewhere

    def _follow(self, _position_ns: int) -> None:
        if self.session.selection is None and (self._under is not None or self.open()):
            clip = self.current()
            under = None if clip is None else clip.id
            if under != self._under:
                self._under = under
                self._tell()

    def _meet_edit(self) -> None:
        clip = self.find(self.session.selection)
        looped = self._loop is not None and self.session.transport.loop == self._loop
        if clip is not None and looped and self._loop != (clip.start_ns, clip.end_ns):
            self._loop = (clip.start_ns, clip.end_ns)  # its edges were moved
            self.session.transport.set_loop(self._loop)
        self._tell()

    def _meet_history(self, *_: object) -> None:
        self._known = (None, [])
        self._tell()

    def _meet_selection(self, *_: object) -> None:
        """Whoever leaves a proposal leaves its loop."""
        transport, loop, self._loop = self.session.transport, self._loop, None
        if loop is not None and transport.loop == loop:
            transport.set_loop(None)
            transport.pause()
        self._tell()

    def _tell(self, *_: object) -> None:
        self.changed.emit()

    def _say(self, level: str, sentence: str) -> None:
        self.session.message.emit(level, sentence)


def _nearest(clips: Sequence[Clip], now_ns: int, direction: int) -> Clip:
    """Of clips by time the first one that is not over, or the last one that has begun."""
    if direction > 0:
        return next((clip for clip in clips if clip.end_ns > now_ns), clips[0])
    return next((clip for clip in reversed(clips) if clip.start_ns < now_ns), clips[-1])


def _many(count: int) -> str:
    return f"{count} proposal" if count == 1 else f"{count} proposals"
