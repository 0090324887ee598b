"""What somebody suggests as clips that fit the open recording and its label set."""

from __future__ import annotations

from dataclasses import replace

from harstudio.labels.editing.proposals import Admitted, proposal
from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.model import Clip
from harstudio.recordings.frame_grid import FrameGrid
from harstudio.runs.suggestions import Suggestion


def as_clip(one: Clip | Suggestion) -> Clip:
    """A suggestion as a clip to be proposed."""
    if isinstance(one, Clip):
        return one
    return proposal(
        one.start_ns,
        one.end_ns,
        one.label,
        one.confidence,
        person=one.person,
        second=one.second,
        second_confidence=one.second_confidence if one.second else None,
    )


def fitted(one: Clip | Suggestion, label_set: LabelSet, grid: FrameGrid | None) -> Clip:
    """With the name that the label set has for its label, and edges on frames."""
    clip = as_clip(one)
    label = label_set.meant(clip.label)
    if label is not None:
        clip = replace(clip, label=label.name)
    if grid is None or clip.is_point:
        return clip
    start_ns = grid.snap_start(clip.start_ns)
    least_ns = grid.end_of(grid.index(start_ns))
    return replace(clip, start_ns=start_ns, end_ns=max(grid.snap_end(clip.end_ns), least_ns))


def left_out(told: Admitted) -> str:
    """A sentence about what may not be proposed, "" where all may."""
    parts = []
    if told.covered:
        parts.append(f"{told.covered} where you have labelled already")
    if told.rejected:
        parts.append(f"{told.rejected} that you rejected before")
    return f" Left out: {', '.join(parts)}." if parts else ""
