"""What colours over pictures and on joints mean, in words; screens and videos say the same."""

from __future__ import annotations

from typing import NamedTuple

from harstudio.runs.recognised.explained import Explained
from harstudio.runs.recognised.patches import Links, Patch, joint_name
from harstudio.runs.recognised.words import figure, joint_title, spoken

LITTLE_TO_MUCH = "little", "much"
NOTHING, EVERYWHERE = "nothing speaks for it here", "the same everywhere"
STRONGEST = "the strongest links"


class LegendWords(NamedTuple):
    """words: what the colours are; note: what of it is shown, "" for all; ends: of the bar."""

    words: str
    note: str
    ends: tuple[str, str]


def map_words(patch: Patch) -> LegendWords:
    """Of a map over the picture."""
    low, high = figure(patch.low), figure(patch.high)
    if not patch.values.any():
        return LegendWords(spoken(patch.meaning), EVERYWHERE if patch.low else NOTHING, (low, low))
    note = "" if patch.joint is None else _attends(patch.joint, patch.topology)
    return LegendWords(spoken(patch.meaning), note, (low, high))


def joint_words(explained: Explained, time_ns: int) -> LegendWords | None:
    """Of what lies on the joints at a time, or between them; None where nothing does."""
    linked = explained.links(time_ns)
    if linked is not None:
        links, meaning = linked
        ends = figure(links.low), figure(links.high)
        return LegendWords(spoken(meaning), _links_note(links), ends)
    weighed = explained.joint_weights(time_ns)
    if weighed is None:
        return None
    note = "" if weighed[0].values.any() else NOTHING
    return LegendWords(spoken(weighed[0].meaning), note, LITTLE_TO_MUCH)


def _links_note(links: Links) -> str:
    if not links.links:
        return EVERYWHERE
    return STRONGEST if links.joint is None else _attends(links.joint, links.topology)


def _attends(joint: int, topology: str) -> str:
    return f"where {joint_title(joint_name(joint, topology))} attends"
