"""What people say is done at a moment, and whether a run agrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harstudio.labels.model import Document, Origin
from harstudio.recordings.recording import Recording


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """label, and who says so: an annotator, or "" for the recording's own name."""

    label: str
    who: str = ""

    @property
    def source(self) -> str:
        return f"{self.who} says" if self.who else "recorded as"


def ground_truth_at(
    time_ns: int,
    document: Document | None,
    others: Sequence[Document],
    recording: Recording | None,
    tier_name: str = "",
) -> GroundTruth | None:
    """The clip under the playhead: one's own first (the current tier before the others), then of
    other people, never of a network; else the action that the recording's name tells."""
    for one in (document, *others):
        if one is None:
            continue
        for tier in sorted(one.said, key=lambda t: t.name != tier_name):
            clip = tier.at(time_ns)
            if clip is not None and clip.origin is not Origin.MODEL:
                return GroundTruth(clip.label, one.annotator)
    if recording is not None and recording.action is not None:
        return GroundTruth(recording.action.name)
    return None
