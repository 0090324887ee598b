"""What is known of clips besides what can be written: times, who said it, what others say."""

from __future__ import annotations

from collections.abc import Sequence

from harstudio.labels.comparing import is_model
from harstudio.labels.editing.proposals import proposed
from harstudio.labels.model import Clip, Document
from harstudio.studio.labelling.labelling import Labelling
from harstudio.studio.timecode import clock_text
from harstudio.studio.timeline.menu import ORIGINS

Fact = tuple[str, str, str]  # name, value, tone: a colour of the theme, "" for plain


def facts(labelling: Labelling, document: Document, clips: Sequence[Clip], own: bool) -> list[Fact]:
    """For one clip its times, origin and what others say; of several how long they are together.

    own: label, person and the rest stand in fields; of clips of others they are told here.
    """
    first = clips[0]
    if len(clips) > 1:
        together = sum(clip.duration_ns for clip in clips) / 1e9
        return [("together", f"{together:.3f} s", ""), ("annotator", document.annotator, "")]
    start = first.start_ns - labelling.session.transport.start_ns
    grid = labelling.grid
    frames = "" if grid is None else f" · {grid.count(first.start_ns, first.end_ns)} f"
    length = "a moment" if first.is_point else f"{first.duration_ns / 1e9:.3f} s{frames}"
    told: list[Fact] = [(clock_text(start), length, "")]
    if own and labelling.proposals.is_open(first.id):
        told += _what_is_proposed(first)
    else:
        told.append((document.annotator, ORIGINS[first.origin], ""))
    if not own:
        told = [("label", first.label, ""), *told, *_what_others_wrote(first)]
    return told + _opinions(labelling, document, first)


def _what_is_proposed(clip: Clip) -> list[Fact]:
    """Who proposes it, how surely, and what else it may be."""
    about = proposed(clip)
    told = [("proposed by", about.source, "")]
    if clip.confidence is not None:
        told.append(("confidence", f"{100 * clip.confidence:.0f} %", ""))
    if about.second:
        chance = about.second_confidence
        share = "" if chance is None else f" {100 * chance:.0f} %"
        told.append(("else", f"{about.second}{share}", ""))
    return told


def _what_others_wrote(clip: Clip) -> list[Fact]:
    told = []
    if clip.confidence is not None:
        told.append(("confidence", f"{clip.confidence:.2f}", ""))
    if clip.person:
        told.append(("person", clip.person, ""))
    told += [(name, f"{value}", "") for name, value in clip.attributes.items()]
    if clip.unsure:
        told.append(("doubt", "unsure, asks", "warn"))
    return told


def _opinions(labelling: Labelling, document: Document, clip: Clip) -> list[Fact]:
    told = []
    for other, said in labelling.others.opinions(clip):
        if other is document:
            continue
        name = "model" if is_model(other) else other.annotator
        if said is None:
            told.append((name, "nothing here", "quiet"))
            continue
        agrees = said.label == clip.label
        text = "agrees" if agrees else said.label
        sure = "" if said.confidence is None else f"{said.confidence:.2f}"
        text = ", ".join(part for part in (text, sure) if part)
        told.append((name, text, "accent" if agrees else "warn"))
    return told
