"""A scripted annotator in a process of its own, to be killed at any moment.

``python editing_child.py DOCUMENT SEED``: edits without end. After each edit one line on stdout
tells the state it led to: "<revision> <digest of all clips>". By then it must be on the disk.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from pathlib import Path

import numpy as np

from harstudio.labels import bulk_edits, clip_edits
from harstudio.labels.edge_moves import as_edit, moved_clip, moved_edge
from harstudio.labels.edits import Edit, EditError
from harstudio.labels.history import History
from harstudio.labels.model import Clip, Document
from harstudio.recordings.frame_grid import FrameGrid

FRAME_NS = 33_333_333
GRID = FrameGrid(np.arange(400, dtype=np.int64) * FRAME_NS, FRAME_NS)
LABELS = ("drink water", "wave", "übung", "坐下")


def state_of(document: Document) -> str:
    """All that the tiers hold, digested."""
    tiers = [(tier.name, [clip.to_dict() for clip in tier.clips]) for tier in document.tiers]
    return hashlib.sha256(json.dumps(tiers).encode()).hexdigest()


def one_edit(history: History, chance: random.Random) -> bool:
    """Do something that an annotator does; False when it did not fit."""
    document = history.document
    clips = [clip for tier in document.tiers for clip in tier.clips]
    what = chance.random()
    if what < 0.1:
        return history.undo() is not None
    if what < 0.15:
        return history.redo() is not None
    if what < 0.6 or not clips:
        start = chance.randrange(300) * FRAME_NS
        end = start + chance.randrange(1, 60) * FRAME_NS
        clip = Clip(start, end, chance.choice(LABELS))
        edit = clip_edits.place(document, "alice", clip, FRAME_NS)
        history.do(edit)
        return True
    clip = chance.choice(clips)
    try:
        other = one_change(document, clip.id, chance)
    except EditError:
        return False
    if other is not None:
        history.do(other, merge=chance.random() < 0.5)
    return other is not None


def one_change(document: Document, clip_id: str, chance: random.Random) -> Edit | None:
    """A change of a clip that is there."""
    what, delta_ns = chance.randrange(5), chance.randrange(-20, 20) * FRAME_NS
    if what == 0:
        tier, clip = document.find(clip_id)
        return as_edit(tier.name, moved_edge(tier, clip, "end", clip.end_ns + delta_ns, GRID))
    if what == 1:
        tier, clip = document.find(clip_id)
        return as_edit(tier.name, moved_clip(tier, clip, delta_ns, GRID))
    if what == 2:
        return bulk_edits.relabel(document, [clip_id], chance.choice(LABELS))
    if what == 3:
        return clip_edits.delete(document, clip_id)
    return clip_edits.merge_with(document, clip_id, "next")


def main() -> None:
    chance = random.Random(int(sys.argv[2]))
    history = History(Path(sys.argv[1]), "r", "alice")
    print("open", history.document.revision, state_of(history.document), flush=True)
    while True:
        if one_edit(history, chance):
            print("edit", history.document.revision, state_of(history.document), flush=True)
        if chance.random() < 0.1:
            history.save()
        if chance.random() < 0.03:
            history.close()
            history = History(Path(sys.argv[1]), "r", "alice")
            print("open", history.document.revision, state_of(history.document), flush=True)


if __name__ == "__main__":
    main()
