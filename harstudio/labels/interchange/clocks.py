"""Whose clock a format's times are on: the recording's, or that of its video file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath

from harstudio.labels.interchange.base import (
    RECORDING_CLOCK,
    Bundle,
    Counted,
    ForeignFormat,
    Labelled,
    Media,
)
from harstudio.labels.interchange.times import MS_NS
from harstudio.labels.model import Clip, Document, Tier
from harstudio.recordings.frame_grid import FrameGrid

BY_FRAMES = ("pku-mmd", "pyskl")  # and always by those of the recording, whose times we know
OWN_CLOCK = ("csv", "cvat", "label-studio", *BY_FRAMES)
IN_FRAMES = ("cvat", "label-studio", "pku-mmd")  # of the video, so nothing lies outside of it
MANY_FILES = ("elan",)  # they say when each file begins


def for_writing(bundle: Bundle, known: ForeignFormat) -> tuple[Bundle, list[str]]:
    """The bundle with times from the first picture of the video, and what to say about it.

    Where each file's beginning can be said, from the first of them, or from that of the recording
    where clips lie before it. What lies outside of the video, where the format has no times, is
    left out or cut, and told.
    """
    if known.NAME in OWN_CLOCK and known.NAME not in IN_FRAMES:
        return bundle, []
    notes: list[str] = []
    recordings = []
    trimming = _Trimming()
    for labelled in bundle.recordings:
        if known.NAME in IN_FRAMES:
            recordings.append(trimming.within(labelled, *_seen(labelled)))
            continue
        offset_ns = labelled.media[0].offset_ns if labelled.media else 0
        if known.NAME in MANY_FILES and labelled.media:
            offset_ns = _first_ns(labelled)
        recordings.append(trimming.within(shifted(labelled, -offset_ns), 0, None))
        if offset_ns and known.NAME not in MANY_FILES:
            notes.append(
                f"{labelled.recording}: times are counted from the beginning of "
                f"{PurePath(labelled.media[0].path).name}."
            )
    notes += trimming.said("recording" if known.NAME in MANY_FILES else "video")
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
        begin_ns = labelled.media[0].offset_ns if labelled.media else 0
        return shifted(labelled, next(delays, ours[0].offset_ns - begin_ns))
    return shifted(labelled, ours[0].offset_ns)


def shifted(labelled: Labelled, by_ns: int) -> Labelled:
    """The same, so much later."""
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
    return replace(clip, start_ns=clip.start_ns + by_ns, end_ns=clip.end_ns + by_ns)


def _first_ns(labelled: Labelled) -> int:
    """When the first file begins, or the recording where clips lie before that."""
    first_ns = min(media.offset_ns for media in labelled.media)
    clips = (c for document in labelled.documents for tier in document.tiers for c in tier.clips)
    early = any(clip.start_ns < first_ns for clip in clips)
    return first_ns if labelled.start_ns is None or not early else min(first_ns, labelled.start_ns)


def _seen(labelled: Labelled) -> tuple[int, int | None]:
    """From when to when there are frames; None where only their rate is known."""
    grid = next((media.grid for media in labelled.media if media.grid is not None), None)
    if grid is None:
        return 0, None
    return grid.start_of(0), grid.end_of(len(grid) - 1)


class _Trimming:
    """Leaves out and cuts what lies outside of a video, and counts."""

    def __init__(self) -> None:
        self._outside = self._cut = 0

    def within(self, labelled: Labelled, start_ns: int, end_ns: int | None) -> Labelled:
        documents = []
        for document in labelled.documents:
            tiers = [
                Tier(tier.name, list(self._clips(tier, start_ns, end_ns)), tier.rules)
                for tier in document.tiers
            ]
            documents.append(replace(document, tiers=tiers))
        return replace(labelled, documents=tuple(documents))

    def _clips(self, tier: Tier, start_ns: int, end_ns: int | None) -> Iterator[Clip]:
        for clip in tier.clips:
            before = clip.start_ns < start_ns if clip.is_point else clip.end_ns <= start_ns
            if before or (end_ns is not None and clip.start_ns >= end_ns):
                self._outside += 1
                continue
            first_ns = max(clip.start_ns, start_ns)
            last_ns = clip.end_ns if end_ns is None else min(clip.end_ns, end_ns)
            gone_ns = first_ns - clip.start_ns, clip.end_ns - last_ns
            self._cut += max(gone_ns) >= MS_NS  # streams begin and end some nanoseconds apart
            yield replace(clip, start_ns=first_ns, end_ns=last_ns) if any(gone_ns) else clip

    def said(self, whole: str) -> Iterator[str]:
        if self._outside:
            many = f"{{n}} clips lie outside of the {whole} and are left out."
            one = f"1 clip lies outside of the {whole} and is left out."
            yield Counted(self._outside, many, one, lost=True)
        if self._cut:
            many = f"{{n}} clips reach out of the {whole} and are cut where it begins or ends."
            one = f"1 clip reaches out of the {whole} and is cut where it begins or ends."
            yield Counted(self._cut, many, one)
