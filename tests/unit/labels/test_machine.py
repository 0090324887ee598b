"""Random do, undo, redo, save, crash and reopen always equal a plain model."""

from __future__ import annotations

import copy
import shutil
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from harstudio.errors import UsageError
from harstudio.labels.editing import bulk_edits, clip_edits
from harstudio.labels.editing.edge_moves import as_edit, moved_clip, moved_edge
from harstudio.labels.editing.edits import Edit, EditError
from harstudio.labels.keeping.history import History
from harstudio.labels.keeping.recovery import load, snapshot
from harstudio.labels.keeping.saving import PendingSave
from harstudio.labels.model import Clip, Document
from harstudio.recordings.frame_grid import FrameGrid

GRID = FrameGrid(np.arange(70, dtype=np.int64), 1)
State = tuple[object, ...]


class Histories(RuleBasedStateMachine):
    """The model: a list of states and a place in it. Closing forgets it, a crash does not."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="harstudio-test-"))
        self.path = self.folder / "r" / "a.json"
        self.history = self.open()
        self.states: list[State] = [snapshot(self.history.document)]
        self.now = 0
        self.saved: State = self.states[0]
        self.pending: PendingSave | None = None
        self.saving: State = self.states[0]
        self.by_revision: dict[int, State] = {}

    def open(self) -> History:
        return History(self.path, "r", "a")

    def clip_ids(self) -> list[str]:
        return [clip.id for tier in self.history.document.tiers for clip in tier.clips]

    def do(self, edit: Edit | None) -> None:
        if edit is None:
            return
        expected = copy.deepcopy(self.history.document)
        edit.apply(expected)
        self.history.do(edit)
        del self.states[self.now + 1 :]
        self.states.append(snapshot(expected))
        self.now += 1

    @rule(
        tier=st.sampled_from("xy"),
        label=st.sampled_from("abc"),
        a=st.integers(0, 50),
        b=st.integers(0, 50),
    )
    def place(self, tier: str, label: str, a: int, b: int) -> None:
        clip = Clip(min(a, b), max(a, b) + 1, label)
        self.do(clip_edits.place(self.history.document, tier, clip, 2))

    @precondition(lambda self: self.clip_ids())
    @rule(data=st.data(), what=st.integers(0, 5), value=st.integers(0, 60))
    def change(self, data: st.DataObject, what: int, value: int) -> None:
        document, clip_id = self.history.document, data.draw(st.sampled_from(self.clip_ids()))
        edit: Edit | None = None
        try:
            if what == 0:
                tier, clip = document.find(clip_id)
                edit = as_edit(tier.name, moved_clip(tier, clip, value - 30, GRID))
            elif what == 1:
                tier, clip = document.find(clip_id)
                moves = moved_edge(tier, clip, "end", value, GRID, both=value % 2 == 0)
                edit = as_edit(tier.name, moves)
            elif what == 2:
                edit = clip_edits.split(document, clip_id, value, 2)
            elif what == 3:
                edit = clip_edits.merge_with(document, clip_id, "next")
            elif what == 4:
                edit = bulk_edits.relabel(document, [clip_id], "abc"[value % 3])
            else:
                edit = clip_edits.delete(document, clip_id)
        except EditError:
            return
        self.do(edit)

    @precondition(lambda self: self.clip_ids())
    @rule(data=st.data(), ends=st.lists(st.integers(0, 60), min_size=1, max_size=6))
    def drag(self, data: st.DataObject, ends: list[int]) -> None:
        """Many edits, one undo step; none when it ends where it began."""
        clip_id = data.draw(st.sampled_from(self.clip_ids()))
        before, began = snapshot(self.history.document), False
        for end in ends:
            tier, clip = self.history.document.find(clip_id)
            edit = as_edit(tier.name, moved_edge(tier, clip, "end", end, GRID, both=False))
            if edit is not None:
                self.history.do(edit, merge=began)
                began = True
        after = snapshot(self.history.document)
        if began:
            del self.states[self.now + 1 :]
        if after != before:
            self.states.append(after)
            self.now += 1

    @rule()
    def undo(self) -> None:
        assert (self.history.undo() is not None) == (self.now > 0)
        self.now = max(self.now - 1, 0)

    @rule()
    def redo(self) -> None:
        last = len(self.states) - 1
        assert (self.history.redo() is not None) == (self.now < last)
        self.now = min(self.now + 1, last)

    @rule()
    def save(self) -> None:
        self.history.save()
        self.pending, self.saved = None, self.states[self.now]

    @rule()
    def reopen(self) -> None:
        self.history.close()
        self.history = self.open()
        self.states = [self.states[self.now]]
        self.now, self.saved, self.pending = 0, self.states[0], None

    @rule()
    def begin_save(self) -> None:
        """What is taken here is written later, or never where a crash comes first."""
        pending = self.history.begin_save()
        if pending is not None:
            self.pending, self.saving = pending, self.states[self.now]

    @precondition(lambda self: self.pending)
    @rule()
    def end_save(self) -> None:
        self.pending.write()
        self.history.end_save(self.pending)
        self.pending, self.saved = None, self.saving

    @rule(written=st.booleans())
    def crash(self, written: bool) -> None:
        """All is back, and so is undo, to where the document was opened in order."""
        if self.pending and written:
            self.pending.write()
            self.saved = self.saving
        self.pending = None
        self.history._journal.close()
        assert self.history._lock is not None
        self.history._lock.release()
        self.history = self.open()

    @precondition(lambda self: self.history.versions())
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        revision = data.draw(st.sampled_from([v.revision for v in self.history.versions()]))
        try:
            self.history.restore(revision)
        except UsageError:
            assert self.by_revision[revision] == self.states[self.now]
            return
        del self.states[self.now + 1 :]
        self.states.append(self.by_revision[revision])
        self.now += 1

    @invariant()
    def equals_the_model(self) -> None:
        history = self.history
        self.by_revision[history.document.revision] = self.states[self.now]
        assert snapshot(history.document) == self.states[self.now]
        assert history.can_undo == (self.now > 0)
        assert history.can_redo == (self.now < len(self.states) - 1)
        assert history.unsaved == (self.states[self.now] != self.saved)
        assert history.problems == ()
        on_disk: Document = load(self.path, "r", "a").document
        assert snapshot(on_disk) == self.states[self.now]

    def teardown(self) -> None:
        self.history.close()
        shutil.rmtree(self.folder)


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
