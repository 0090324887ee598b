"""Bundles of labels, made by hypothesis or at hand, for tests of foreign formats."""

from __future__ import annotations

from hypothesis import strategies as st

from harstudio.labels.interchange.base import Bundle, Labelled, Media
from harstudio.labels.interchange.rows import Rows
from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.model import Clip, Origin, TierRules
from harstudio.recordings.frame_grid import FrameGrid
from harstudio.recordings.streams import evenly

LABELS = ("drink water", "sit down", "Füße heben", 'wave, "both" hands', "a < b & c")
ANNOTATORS = ("alice", "Bob Ö")
FRAMES, RATE = 300, 30.0


def grid() -> FrameGrid:
    """Ten seconds at 30 frames a second, from 0."""
    return FrameGrid(evenly(FRAMES, RATE), round(1e9 / RATE))


def media() -> Media:
    return Media(
        "color", "S001C001P001R001A001_rgb.avi", grid=grid(), fps=RATE, width=1920, height=1080
    )


texts = st.sampled_from(["", "why?", "two\nlines", 'quotes "and" commas, too', "ä → 漢"])
confidences = st.one_of(st.none(), st.sampled_from([0.0, 0.25, 0.875, 1.0]))


@st.composite
def clips(draw, *, overlap: bool, points: bool, person: str = ""):
    """Up to six clips on the frames, apart from each other unless they may overlap."""
    found, at = [], 0
    for _ in range(draw(st.integers(0, 6))):
        first = draw(st.integers(0, FRAMES - 2)) if overlap else at + draw(st.integers(0, 20))
        if first >= FRAMES - 1:
            break
        stop = min(first + draw(st.integers(1, 40)), FRAMES)
        at = stop
        start_ns, end_ns = grid().start_of(first), grid().end_of(stop - 1)
        found.append(
            Clip(
                start_ns,
                start_ns if points else end_ns,
                draw(st.sampled_from(LABELS)),
                person=person or draw(st.sampled_from(["", "P1"])),
                confidence=draw(confidences),
                origin=draw(st.sampled_from(list(Origin))),
                comment=draw(texts),
                attributes=draw(st.sampled_from([{}, {"side": "left"}, {"effort": 3}])),
                unsure=draw(st.booleans()),
            )
        )
    return found


@st.composite
def bundles(draw):
    """A recording with one or two annotators, tiers of clips, of overlapping ones and points."""
    rows = Rows("S001C001P001R001A001")
    for annotator in ANNOTATORS[: draw(st.integers(1, 2))]:
        for name in draw(st.sampled_from([["action"], ["P1", "all"], ["P1", "sounds", "free"]])):
            overlap, points = name == "free", name == "sounds"
            person = "P1" if name == "P1" else ""
            rows.rule(annotator, name, TierRules(person, points, overlap))
            rows.add(annotator, name, *draw(clips(overlap=overlap, points=points, person=person)))
        if draw(st.booleans()):
            rows.done.add(annotator)
    labelled = Labelled(rows.recording, rows.documents(), 10_000_000_000, (media(),), "training")
    return Bundle((labelled,), LabelSet.of("test", LABELS))


def all_clips(bundle: Bundle) -> list[tuple[str, str, str, Clip]]:
    """Every clip with its recording, annotator and tier."""
    return [
        (one.recording, document.annotator, tier.name, clip)
        for one in bundle.recordings
        for document in one.documents
        for tier in document.tiers
        for clip in tier.clips
    ]
