"""A single proposal: a clip that a network made up, and what it says besides label and time."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harstudio.labels.model import AttributeValue, Clip, Origin

SOURCE, SECOND, SECOND_CONFIDENCE = "proposed by", "else", "else confidence"  # attributes
DIGITS = 3  # of a confidence
MENDED = "mended"  # attribute of one whose edges the annotator moved
OF_PROPOSALS = (SOURCE, SECOND, SECOND_CONFIDENCE, MENDED)


def proposal(
    start_ns: int,
    end_ns: int,
    label: str,
    confidence: float | None = None,
    *,
    person: str = "",
    second: str = "",
    second_confidence: float | None = None,
) -> Clip:
    """A clip to be proposed. second: the label that is next likely, with its confidence."""
    also: dict[str, AttributeValue] = {}
    if second:
        also[SECOND] = second
        if second_confidence is not None:
            also[SECOND_CONFIDENCE] = round(float(second_confidence), DIGITS)
    confidence = None if confidence is None else round(float(confidence), DIGITS)
    return Clip(start_ns, end_ns, label, person, confidence, Origin.MODEL, attributes=also)


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a proposal says besides label, time and confidence. source: the run; second: the next
    likely label, "" where none was told, and its confidence."""

    source: str
    second: str
    second_confidence: float | None


def proposed(clip: Clip) -> Proposed:
    """Who proposed it, and what else it may be."""
    told, confidence = clip.attributes, clip.attributes.get(SECOND_CONFIDENCE)
    return Proposed(
        str(told.get(SOURCE, "")),
        str(told.get(SECOND, "")),
        None if confidence is None or isinstance(confidence, str) else float(confidence),
    )


def as_mended(clip: Clip) -> Clip:
    """A proposal whose edges the annotator moved: new ones do not take its place."""
    return replace(clip, attributes={**clip.attributes, MENDED: "edges"})


def as_said(clip: Clip) -> Clip:
    """What a network proposed, said by a person: nothing of the network stays but its origin."""
    own = {key: said for key, said in clip.attributes.items() if key not in OF_PROPOSALS}
    return replace(clip, origin=Origin.ACCEPTED, confidence=None, attributes=own, rejected=False)


def relabelled(clip: Clip, names: dict[str, str]) -> Clip:
    """The clip with labels of new names, the next likely one of a proposal too; itself where it
    has none of them."""
    label, second = clip.label, clip.attributes.get(SECOND)
    if isinstance(second, str) and second in names and clip.origin is Origin.MODEL:
        clip = replace(clip, attributes={**clip.attributes, SECOND: names[second]})
    return replace(clip, label=names[label]) if label in names else clip
