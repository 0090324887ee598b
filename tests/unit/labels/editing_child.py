"""A scripted annotator in a process of its own, to be killed at any moment.

``python editing_child.py PROJECT RECORDING SEED``: edits without end. After each edit one line on
stdout tells the state it led to: "edit <revision> <digest of the document> <steps to undo>". By
then it must be on the disk. "close" is told before the document is put away.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np

from harstudio.errors import UsageError
from harstudio.labels.editing import bulk_edits, clip_edits
from harstudio.labels.editing.edge_moves import as_edit, moved_clip, moved_edge
from harstudio.labels.editing.edits import (
    AddClip,
    AddTier,
    ChangeTier,
    Edit,
    EditError,
    Group,
    Keep,
    MarkDone,
)
from harstudio.labels.keeping.renaming import rename_label
from harstudio.labels.keeping.saving import PendingSave
from harstudio.labels.model import Clip, Document, TierRules
from harstudio.labels.project import Project
from harstudio.recordings.frame_grid import FrameGrid

FRAME_NS = 33_333_333
GRID = FrameGrid(np.arange(400, dtype=np.int64) * FRAME_NS, FRAME_NS)
LABELS = ("drink water", "wave", "übung", "坐下")
RENAMED = {"wave": "wink", "wink": "wave"}


def state_of(document: Document) -> str:
    """All that the document holds, digested."""
    tiers = [
        (tier.name, tier.rules.to_dict(), [clip.to_dict() for clip in tier.clips])
        for tier in document.tiers
    ]
    whole = [tiers, document.done, sorted(document.kept.items())]
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()


class Annotator:
    """Edits one document; saves beside it; sometimes renames a label of the project."""

    def __init__(self, folder: Path, recording: str, seed: int) -> None:
        self.chance = random.Random(seed)
        self.project = Project.open(folder)
        self.recording = recording
        self.thread: threading.Thread | None = None
        self.pending: PendingSave | None = None
        self.open()

    def open(self) -> None:
        self.history = self.project.history(self.recording, "alice")
        self.tell("open")

    def tell(self, kind: str) -> None:
        steps = len(self.history._stack.done)
        document = self.history.document
        print(kind, document.revision, state_of(document), steps, flush=True)

    def close(self) -> None:
        self.tell("close")
        self.history.close()

    def work(self) -> None:
        while True:
            if self.one_edit():
                self.tell("edit")
            what = self.chance.random()
            if what < 0.04:
                self.history.save()
            elif what < 0.07:
                self.close()
                self.open()
            elif what < 0.09:
                self.rename()
            self.save_beside()

    def save_beside(self) -> None:
        """As the window's autosave: a thread writes while the edits go on."""
        if self.thread is not None and not self.thread.is_alive():
            self.history.end_save(self.pending)
            self.thread = None
        if self.thread is None and self.chance.random() < 0.2:
            self.pending = self.history.begin_save()
            if self.pending is not None:
                self.thread = threading.Thread(target=self.pending.write)
                self.thread.start()

    def rename(self) -> None:
        self.close()
        names = {label.name for label in self.project.label_set.labels}
        old = next(name for name in RENAMED if name in names)
        rename_label(self.project, old, RENAMED[old], lambda _: None, lambda: False)
        self.open()

    def a_label(self) -> str:
        return self.chance.choice(self.project.label_set.labels).name

    def one_edit(self) -> bool:
        """Do something that an annotator does; False when it did not fit."""
        chance, history = self.chance, self.history
        document = history.document
        clips = [clip for tier in document.tiers for clip in tier.clips]
        what = chance.random()
        if what < 0.1:
            return history.undo() is not None
        if what < 0.15:
            return history.redo() is not None
        if what < 0.18:
            versions = history.versions()[:30]
            try:
                return bool(versions) and bool(history.restore(chance.choice(versions).revision))
            except UsageError:
                return False  # it is like that already
        if what < 0.55 or not clips:
            start = chance.randrange(300) * FRAME_NS
            end = start + chance.randrange(1, 60) * FRAME_NS
            clip = Clip(start, end, self.a_label())
            history.do(clip_edits.place(document, "alice", clip, FRAME_NS))
            return True
        try:
            if what < 0.65:
                edit = self.change_of_document()
            else:
                edit = self.change_of_clip(chance.choice(clips).id)
            if edit is None:
                return False
            history.do(edit, merge=chance.random() < 0.5)
        except EditError:
            return False
        return True

    def change_of_document(self) -> Edit | None:
        """Tiers, points, what a foreign file held, done."""
        chance, document = self.chance, self.history.document
        what = chance.randrange(5)
        if what == 0:
            return MarkDone(not document.done)
        if what == 1:
            return Keep("elan", document.kept.get("elan", ""), f"<x>{chance.random()}</x>")
        tier = document.tier("steps")
        if tier is None:
            return AddTier("steps", 0, TierRules(points=True))
        if what == 2:
            rules = replace(tier.rules, person=str(chance.randrange(3)))
            return ChangeTier("steps", "steps", tier.rules, rules)
        if what == 3 and chance.random() < 0.3:
            return clip_edits.remove_tier(document, "steps")
        time_ns = chance.randrange(300) * FRAME_NS
        points = [Clip(time_ns, time_ns, self.a_label()) for _ in range(2)]
        return Group("Mark steps", tuple(AddClip("steps", point) for point in points))

    def change_of_clip(self, clip_id: str) -> Edit | None:
        """A change of a clip that is there."""
        chance, document = self.chance, self.history.document
        what, delta_ns = chance.randrange(6), chance.randrange(-20, 20) * FRAME_NS
        tier, clip = document.find(clip_id)
        if what == 0 and not clip.is_point:
            return as_edit(tier.name, moved_edge(tier, clip, "end", clip.end_ns + delta_ns, GRID))
        if what == 1:
            return as_edit(tier.name, moved_clip(tier, clip, delta_ns, GRID))
        if what == 2:
            return bulk_edits.relabel(document, [clip_id], self.a_label())
        if what == 3:
            return clip_edits.delete(document, clip_id)
        if what == 4:
            values = {"effort": chance.randrange(10), "side": chance.choice(("left", "right"))}
            return clip_edits.change(
                document, clip_id, attributes=values, unsure=not clip.unsure, comment="why?"
            )
        return clip_edits.merge_with(document, clip_id, "next")


if __name__ == "__main__":
    Annotator(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])).work()
