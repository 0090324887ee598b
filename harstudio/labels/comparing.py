"""Two documents side by side: whose they are, the same stretch, the same label."""

from __future__ import annotations

import re

from harstudio.labels.model import Clip, Document


def is_model(document: Document) -> bool:
    """Whether a network made it."""
    return document.by_network


def most_covering(document: Document, clip: Clip) -> Clip | None:
    """The clip of another document that covers most of a clip, more than half; None of a point."""
    best, most = None, clip.duration_ns // 2  # less than half is no opinion on this clip
    for tier in document.said:
        for other in tier.clips:
            common = min(other.end_ns, clip.end_ns) - max(other.start_ns, clip.start_ns)
            if common > most:
                best, most = other, common
    return best


def same_stretch(document: Document, clip: Clip) -> Clip | None:
    """The clip of another document that covers most of a clip, more than half; of a point the
    first one that it lies in."""
    if not clip.is_point:
        return most_covering(document, clip)
    found = (
        other
        for tier in document.said
        for other in tier.clips
        if other.start_ns <= clip.start_ns <= other.end_ns
    )
    return next(found, None)


def same_label(one: str, other: str) -> bool:
    """Whether two names mean the same, however they are spelt: "Sit_down" is "sit down"."""
    return plain_name(one) == plain_name(other)


def plain_name(name: str) -> str:
    """A label's name without what spelling adds."""
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()
