"""What a clip says besides times and label, as named values for formats with free attributes."""

from __future__ import annotations

import math
from collections.abc import Mapping

from harstudio.labels.model import AttributeValue, Clip, Origin

# Names that are ours; an attribute of that name gets OTHER before it.
RESERVED = ("annotator", "tier", "person", "confidence", "origin", "comment", "unsure", "point")
OTHER = "attribute "


def values_of(clip: Clip) -> dict[str, AttributeValue]:
    """What of a clip is not its default: fields by name, then attributes."""
    values: dict[str, AttributeValue] = {}
    if clip.person:
        values["person"] = clip.person
    if clip.confidence is not None:
        values["confidence"] = clip.confidence
    if clip.origin is not Origin.HUMAN:
        values["origin"] = clip.origin.value
    if clip.comment:
        values["comment"] = clip.comment
    if clip.unsure:
        values["unsure"] = "yes"
    if clip.is_point:
        values["point"] = "yes"
    for name, value in clip.attributes.items():
        values[other(name)] = value
    return values


def clip_with(
    times: tuple[int, int],
    label: str,
    values: Mapping[str, AttributeValue],
    origin: Origin = Origin.IMPORTED,
) -> Clip:
    """The reverse of ``values_of``; what is no value of a field is an attribute.

    origin: where the values do not tell. A point lies where its stretch begins.
    """
    left = {name: value for name, value in values.items() if name not in ("annotator", "tier")}
    confidence = _share(left.get("confidence"))
    if confidence is not None:
        del left["confidence"]
    said = str(left.get("origin", ""))
    if said in set(Origin):
        origin = Origin(said)
        del left["origin"]
    point = _yes(left.pop("point", ""))
    unsure = _yes(left.pop("unsure", ""))
    person, comment = str(left.pop("person", "")), str(left.pop("comment", ""))
    return Clip(
        times[0],
        times[0] if point else times[1],
        label,
        person=person,
        confidence=confidence,
        origin=origin,
        comment=comment,
        attributes={_own(name): value for name, value in left.items() if finite(value)},
        unsure=unsure,
    )


def finite(value: object) -> bool:
    """Whether it can be the value of an attribute."""
    if isinstance(value, str):
        return True
    try:
        return isinstance(value, (int, float)) and math.isfinite(value)
    except OverflowError:
        return False


def number_in(text: str) -> AttributeValue:
    """A text that is meant as a number, as one; the text itself where it is none."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) else text


def _share(value: object) -> float | None:
    """A number in [0, 1], or its text; None where it is something else."""
    try:
        share = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return share if 0 <= share <= 1 else None


def _yes(value: object) -> bool:
    return str(value).strip().lower() in ("yes", "true", "1")


def other(name: str) -> str:
    """What an attribute is called beside our own fields."""
    return OTHER + name if name in RESERVED or name.startswith(OTHER) else name


def _own(name: str) -> str:
    return name.removeprefix(OTHER)
