"""Whose clock a format's times are on: the recording's, or that of its video file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

from harstudio.labels.interchange.base import (
    RECORDING_CLOCK,
    Bundle,
    ForeignFormat,
    Labelled,
    Media,
)
from harstudio.labels.model import Clip, Document, Tier
from harstudio.recordings.frame_grid import FrameGrid

BY_FRAMES = ("pku-mmd", "pyskl")  # and always by those of the recording, whose times we know
OWN_CLOCK = ("csv", "cvat", "label-studio", *BY_FRAMES)
MANY_FILES = ("elan",)  # they say when each file begins


def for_writing(bundle: Bundle, known: ForeignFormat) -> tuple[Bundle, list[str]]:
    """The bundle with times from the first picture of the video, and what to say about it.

    Where each file's beginning can be said, from the file that begins first.
    """
    if known.NAME in OWN_CLOCK:
        return bundle, []
    notes = []
    recordings = []
    for labelled in bundle.recordings:
        offset_ns = labelled.media[0].offset_ns if labelled.media else 0
        if known.NAME in MANY_FILES and labelled.media:
            offset_ns = min(media.offset_ns for media in labelled.media)
        recordings.append(shifted(labelled, -offset_ns))
        if offset_ns and known.NAME not in MANY_FILES:
            notes.append(
                f"{labelled.recording}: times are counted from the beginning of "
                f"{PurePath(labelled.media[0].path).name}."
            )
    return replace(bundle, recordings=tuple(recordings)), notes


def for_reading(labelled: Labelled, known: ForeignFormat, ours: Sequence[Media]) -> Labelled:
    """What a file says, on the clock of a recording with these media."""
    on_ours = any(m.stream == RECORDING_CLOCK or m.grid is not None for m in labelled.media)
    if not ours or on_ours or known.NAME in BY_FRAMES:
        return labelled
    if known.NAME in MANY_FILES:
        by_name = {PurePath(media.path).name: media for media in ours}
        pairs = ((by_name.get(PurePath(media.path).name), media) for media in labelled.media)
        delays = (mine.offset_ns - theirs.offset_ns for mine, theirs in pairs if mine is not None)
        return shifted(labelled, next(delays, 0))
    return shifted(labelled, ours[0].offset_ns)


def shifted(labelled: Labelled, by_ns: int) -> Labelled:
    """The same, so much later; what would begin before 0 begins there."""
    if by_ns == 0:
        return labelled
    documents = tuple(_shifted(document, by_ns) for document in labelled.documents)
    media = tuple(_delayed(one, by_ns) for one in labelled.media)
    return replace(labelled, documents=documents, media=media)


def _delayed(media: Media, by_ns: int) -> Media:
    grid = media.grid
    if grid is not None:
        grid = FrameGrid(grid.times_ns + by_ns, grid.period_ns)
    return replace(media, offset_ns=media.offset_ns + by_ns, grid=grid)


def _shifted(document: Document, by_ns: int) -> Document:
    tiers = [
        Tier(tier.name, [_later(clip, by_ns) for clip in tier.clips], tier.rules)
        for tier in document.tiers
    ]
    return replace(document, tiers=tiers)


def _later(clip: Clip, by_ns: int) -> Clip:
    start_ns, end_ns = max(clip.start_ns + by_ns, 0), max(clip.end_ns + by_ns, 0)
    return replace(clip, start_ns=start_ns, end_ns=end_ns)
